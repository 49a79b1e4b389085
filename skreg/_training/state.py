"""The state that survives between the calls of one training, in one place.

Fitted attributes hold most of it. The rest is one dict of arrays and builtins, the
attribute ``_training``, so a pickled or dumped estimator resumes exactly where it was.
Only this module writes and reads it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from skreg._engine.network import Snapshot
from skreg._training.history import Best, History
from skreg._training.stopping import Monitor

_CURVES = [
    "loss_curve_",
    "penalty_curve_",
    "learning_rate_curve_",
    "validation_loss_curve_",
    "validation_scores_",
]


@dataclass
class TrainingState:
    """Everything the next epoch depends on, except the data and the hyperparameters."""

    start: Snapshot
    """The parameters and averages to start from; an engine takes over their memory."""
    rng: np.random.Generator
    split_seed: int
    """Decides which rows are held out."""
    history: History
    monitor: Monitor
    best: np.ndarray | None = None
    """The parameters of the best epoch, with early stopping."""
    restart: Callable[[], Snapshot] | None = None
    """Returns ``start`` as it was; None in a new training."""

    @classmethod
    def new(cls, plan, seed):
        """Start a new training with random parameters."""
        rng = np.random.Generator(np.random.SFC64(seed))
        vectors = np.zeros((1 + plan.n_averages, plan.network.n_parameters), plan.dtype)
        plan.network.initialize(vectors[0], rng)
        split_seed = int(rng.integers(np.iinfo(np.int32).max))
        start = Snapshot(plan.network, vectors, 0)
        monitor = Monitor(plan.tol, plan.patience)
        return cls(start, rng, split_seed, History(), monitor)

    @classmethod
    def of(cls, estimator, plan):
        """Resume the training of a fitted estimator.

        With another score to follow, the monitor and the scores start over; with
        another loss, the lowest loss does. If the estimator's parameters were replaced,
        training starts from those.
        """
        rest = estimator._training
        early_stopping, scoring, head = rest["follows"]
        rng = np.random.Generator(np.random.SFC64())
        rng.bit_generator.state = rest["rng"]
        curves = [getattr(estimator, name) for name in _CURVES]
        history = History(estimator.t_, rest["stalls"], *curves)
        history.best_loss = Best(**rest["best_loss"])
        history.best_score = Best(**rest["best_score"])
        monitor, best = Monitor(plan.tol, plan.patience), None
        # Another object may be the same function, but only a name is surely the same.
        same_scorer = scoring is plan.scoring or (
            isinstance(scoring, str) and scoring == plan.scoring
        )
        same_loss = head == repr(plan.network.head)
        if not same_loss:
            history.best_loss = Best()
        if same_scorer and early_stopping == plan.early_stopping:
            if same_loss or plan.early_stopping:
                monitor.resume(rest["monitor"])
            if plan.early_stopping and history.best_score.epoch:
                best = _parameters_of(estimator, plan.network)
        elif plan.early_stopping:
            history.best_score = Best()
        if not same_scorer:
            history.forget_scores()
        restart = partial(_snapshot_of, estimator, plan)
        split_seed = rest["split_seed"]
        return cls(restart(), rng, split_seed, history, monitor, best, restart)

    def attributes(self, snapshot, plan):
        """Return the fitted attributes after training that ends at a snapshot.

        They share its memory.
        """
        history, network = self.history, snapshot.network
        last, averages = snapshot.parameters, snapshot.vectors[1:]
        fitted = last if self.best is None else self.best
        attributes: dict[str, Any] = network.attributes(network.views(fitted))
        return attributes | {
            **_attributes_of(history, plan.early_stopping),
            "_training": {
                "last": None if self.best is None else last,
                "best": None if self.best is None else self.best.copy(),
                "averages": averages,
                "n_steps": snapshot.n_steps,
                "rng": self.rng.bit_generator.state,
                "split_seed": self.split_seed,
                "stalls": history.stalls,
                "follows": [plan.early_stopping, plan.scoring, repr(network.head)],
                "monitor": asdict(self.monitor),
                **_bests_of(history),
            },
        }


def set_attributes(estimator, attributes):
    """Set attributes of an estimator, given as a dict."""
    for name, value in attributes.items():
        setattr(estimator, name, value)


def reseed(estimator, seed):
    """Give the training of a fitted estimator another generator."""
    state = np.random.SFC64(np.random.SeedSequence(seed)).state
    estimator._training = estimator._training | {"rng": state}


def mix_in(estimator, n_rows, other, n_more, network):
    """Make a fitted estimator the mean of itself and ``other`` after an epoch.

    The weights of the mean are ``n_rows`` and ``n_more``, the rows that they were
    trained on. It covers the parameters, the averages and the last entries of the loss
    curves.
    """
    share = n_more / (n_rows + n_more)

    def mean(p, q):
        return (p + share * (q - p)).astype(p.dtype)

    both = _parameters_of(estimator, network), _parameters_of(other, network)
    set_attributes(estimator, network.attributes(network.views(mean(*both))))
    averages = mean(estimator._training["averages"], other._training["averages"])
    estimator._training = estimator._training | {"averages": averages}
    for name in ("loss_curve_", "penalty_curve_"):
        curve = getattr(estimator, name)
        curve[-1] += share * (getattr(other, name)[-1] - curve[-1])
    estimator.t_ += n_more
    estimator.n_iter_ = min(estimator.n_iter_, other.n_iter_)  # 0 if one diverged


def forget_steps(estimator):
    """Let a fitted estimator keep only its fitted weights, and what is small.

    Further training begins at these weights, with a new optimizer.
    """
    rest = estimator._training
    nothing = rest["averages"][:, :0].copy()
    estimator._training = rest | {"last": None, "best": None, "averages": nothing}


def set_history(estimator, history):
    """Give a fitted estimator the curves and the best values of a history."""
    set_attributes(estimator, _attributes_of(history, estimator.early_stopping))
    estimator._training = estimator._training | _bests_of(history)


def _attributes_of(history, early_stopping):
    """Return the fitted attributes that tell how a training went."""
    validated = history.validation_scores is not None
    best = history.best_score if validated else history.best_loss
    return {
        "t_": history.samples,
        "loss_": history.loss_curve[-1] if history.loss_curve else np.nan,
        "best_loss_": None if early_stopping else -history.best_loss.value,
        **{name: getattr(history, name[:-1]) for name in _CURVES},
        "best_validation_score_": best.value if validated else None,
        "best_iter_": best.epoch,
    }


def _bests_of(history):
    """Return the best values for the rest of the state."""
    return {
        "best_loss": asdict(history.best_loss),
        "best_score": asdict(history.best_score),
    }


def _parameters_of(estimator, network):
    """Return a fitted estimator's parameters as one vector."""
    arrays = network.arrays_of(estimator)
    vector = np.empty(network.n_parameters, arrays[0][0].dtype)
    for blocks, views in zip(arrays, network.views(vector), strict=True):
        for block, view in zip(blocks, views, strict=True):
            view[...] = block
    return vector


def _snapshot_of(estimator, plan):
    """Return a copy of the state of a fitted estimator's training."""
    rest, fitted = estimator._training, _parameters_of(estimator, plan.network)
    keeps_best = plan.early_stopping and rest["last"] is not None
    if keeps_best and np.array_equal(fitted, rest["best"]):
        fitted = rest["last"]
    vectors, n_steps = np.zeros((1 + plan.n_averages, fitted.size), plan.dtype), 0
    vectors[0] = fitted
    if rest["averages"].shape == vectors[1:].shape:
        vectors[1:], n_steps = rest["averages"], rest["n_steps"]
    return Snapshot(plan.network, vectors, n_steps)
