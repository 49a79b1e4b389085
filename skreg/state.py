"""Where training stands: drawn anew, or where a fitted estimator left it.

What fitted attributes do not say of it is kept in one dict of arrays and builtins, so
that a pickled or dumped estimator goes on exactly where it was.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from skreg.initializers import initialize
from skreg.parameters import Parameters, n_parameters
from skreg.stopping import Monitor
from skreg.training import History


@dataclass
class TrainingState:
    """All that the next epoch depends on but the data and the hyperparameters."""

    layer_sizes: list
    vectors: np.ndarray
    """The parameters, then the optimizer's averages, as rows."""
    n_steps: int
    """Steps of the optimizer."""
    rng: np.random.Generator
    split_seed: int
    """Decides which rows are held out."""
    history: History
    monitor: Monitor
    validated: bool = False
    """Whether the history has validation scores."""
    best: Any = None
    """A snapshot of the engine at the best epoch."""
    followed_from: int = 0
    """How many epochs there were when the monitor began."""

    @classmethod
    def new(cls, layer_sizes, n_averages, dtype, activation, seed, monitor):
        """Draw weights, and begin."""
        rng = np.random.Generator(np.random.SFC64(seed))
        vectors = np.zeros((1 + n_averages, n_parameters(layer_sizes)), dtype)
        initialize(Parameters(layer_sizes, vectors[0]), activation, rng)
        split_seed = int(rng.integers(np.iinfo(np.int32).max))
        return cls(layer_sizes, vectors, 0, rng, split_seed, History(), monitor)

    @classmethod
    def of(cls, estimator, n_averages, monitor, follows):
        """Go on from where a fitted estimator is.

        ``follows`` says whether the monitor follows the validation score, and its name.
        If that has changed, the monitor begins anew; if the name has, so do the scores.
        Weights that were overwritten since are those to go on from.
        """
        left = estimator._left_off
        fitted = Parameters.from_layers(estimator.coefs_, estimator.intercepts_)
        vectors = np.zeros((1 + n_averages, len(fitted.vector)), fitted.vector.dtype)
        vectors[0] = fitted.vector
        if estimator.early_stopping and left["restored"] == _digest(fitted.vector):
            vectors[0] = left["last_vector"]
        n_steps = 0
        if left["averages"].shape == vectors[1:].shape:
            vectors[1:] = left["averages"]
            n_steps = left["n_steps"]
        rng = np.random.Generator(np.random.SFC64())
        rng.bit_generator.state = left["rng"]
        best, followed_from = None, len(estimator.loss_curve_)
        if left["follows"] == follows:
            followed_from = left["followed_from"]
            monitor.best_score = left["best_score"]
            monitor.epochs_without_improvement = left["epochs_without_improvement"]
            if monitor.stalled:
                monitor.be_patient_again()
            best = vectors.copy(), n_steps
            best[0][0] = fitted.vector
        validated = estimator.validation_scores_ is not None
        same_score = validated and left["follows"][1] == follows[1]
        no_curve = [np.nan] * len(estimator.loss_curve_)
        history = History(
            estimator.t_,
            left["stalls"],
            list(estimator.loss_curve_),
            list(estimator.learning_rate_curve_),
            list(estimator.validation_loss_curve_) if validated else list(no_curve),
            list(estimator.validation_scores_) if same_score else no_curve,
        )
        return cls(
            list(fitted.layer_sizes),
            vectors,
            n_steps,
            rng,
            left["split_seed"],
            history,
            monitor,
            validated,
            best,
            followed_from,
        )

    def left_off(self, engine, follows, restored=None):
        """Return the dict that `of` goes on from, after training with ``engine``.

        ``restored`` has the fitted parameters, if they are those of an earlier epoch.
        """
        earlier = restored is not None
        return {
            "restored": _digest(restored) if earlier else None,
            "last_vector": engine.state[0].copy() if earlier else None,
            "averages": engine.state[1:].copy(),
            "n_steps": engine.n_steps,
            "rng": self.rng.bit_generator.state,
            "split_seed": self.split_seed,
            "stalls": self.history.stalls,
            "follows": follows,
            "followed_from": self.followed_from,
            "best_score": self.monitor.best_score,
            "epochs_without_improvement": self.monitor.epochs_without_improvement,
        }


def _digest(vector):
    """Return what tells one vector from every other."""
    return hashlib.sha256(vector).hexdigest()
