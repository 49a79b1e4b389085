"""The rivals that are estimators, and the registry of all that are installed.

A rival makes a trainer: a function that trains a new network for a number of epochs.
"""

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.works import ALPHA, KEEP_PROB, LEARNING_RATES, MOMENTUM
from skreg import RegMLPClassifier


@dataclass
class Trainer:
    """What trains a new network for a number of epochs on prepared data."""

    train: Callable[[int], None]
    compile_seconds: float | None = None
    """What was spent on compilation before, where there is any."""


@dataclass(frozen=True)
class Rival:
    """A program that trains networks."""

    name: str
    package: str
    """The module whose version counts."""
    dropouts: tuple
    """The kinds of dropout that it has."""
    trainer: Callable
    """``trainer(work, X, y, dropout, solver)`` returns a `Trainer`."""


def skreg_classifier(work, solver, dropout="none", **parameters):
    """Return our estimator for a work; it stops after ``max_iter`` epochs only."""
    given = {
        "hidden_layer_sizes": work.layer_sizes[1:-1],
        "solver": solver,
        "alpha": ALPHA,
        "keep_prob": 1.0 if dropout == "none" else KEEP_PROB,
        "dropout_mask": "batch" if dropout == "batch" else "sample",
        "batch_size": work.batch_size,
        "learning_rate_init": LEARNING_RATES[solver],
        "momentum": MOMENTUM,
        "max_iter": work.n_epochs,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return RegMLPClassifier(**given | parameters)


def sklearn_classifier(work, solver, **parameters):
    """Return scikit-learn's estimator for a work, in its own conventions.

    Its alpha is ours times the batch size, its classical rate ours times 1 - momentum.
    """
    rate = LEARNING_RATES[solver]
    given = {
        "hidden_layer_sizes": work.layer_sizes[1:-1],
        "solver": solver,
        "alpha": ALPHA * work.batch_size,
        "batch_size": work.batch_size,
        "learning_rate_init": rate * (1 - MOMENTUM) if solver == "sgd" else rate,
        "momentum": MOMENTUM,
        "nesterovs_momentum": False,
        "max_iter": work.n_epochs,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return MLPClassifier(**given | parameters)


def fit_all_epochs(estimator, X, y):
    """Fit, without the warning that training could go on; check that it went so far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(X, y)
    if estimator.n_iter_ != estimator.max_iter:
        raise RuntimeError(
            f"{estimator} ended after {estimator.n_iter_} epochs, not "
            f"{estimator.max_iter}."
        )
    return estimator


def _estimator_trainer(estimator, X, y):
    return Trainer(lambda n: fit_all_epochs(estimator.set_params(max_iter=n), X, y))


def _skreg_trainer(work, X, y, dropout, solver):
    return _estimator_trainer(skreg_classifier(work, solver, dropout), X, y)


def _sklearn_trainer(work, X, y, dropout, solver):
    return _estimator_trainer(sklearn_classifier(work, solver), X, y)


def _torch_trainer(*arguments):
    from benchmarks.rival_torch import trainer

    return trainer(*arguments)


def _jax_trainer(*arguments):
    from benchmarks.rival_jax import trainer

    return trainer(*arguments)


OURS = "skreg"
RIVALS = {
    rival.name: rival
    for rival in (
        Rival(OURS, "skreg", ("none", "sample", "batch"), _skreg_trainer),
        Rival("MLPClassifier", "sklearn", ("none",), _sklearn_trainer),
        Rival("PyTorch", "torch", ("none", "sample"), _torch_trainer),
        Rival("JAX", "jax", ("none", "sample"), _jax_trainer),
    )
    if importlib.util.find_spec(rival.package) is not None
}
