"""Who takes part: versions of skreg, its rivals, and the products alone.

Each has a thread pool, its kinds of dropout, and ``trainer(work, X, y, dropout,
solver)``, which returns a function that trains a new network for a number of epochs.
"""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.version import Version
from benchmarks.works import (
    ALPHA,
    CLASSICAL_RATES,
    DROPOUTS,
    KEEP_PROB,
    MOMENTUM,
    RATES,
)
from skreg import RegMLPClassifier

NUMBA, NUMPY, BEFORE = "numba engine", "NumPy engine", "before"
LIMIT, SKLEARN = "limit", "MLPClassifier"
PACKAGES = {SKLEARN: "sklearn", "PyTorch": "torch", "JAX": "jax", NUMBA: "numba"}
INSTALLED = [name for name, package in PACKAGES.items() if find_spec(package)]
MODULES = {"PyTorch": "rival_torch", "JAX": "rival_jax", LIMIT: "limit"}


@dataclass(frozen=True)
class Estimator:
    """A rival that is a scikit-learn estimator."""

    cls: type
    pool: str
    dropouts: tuple
    engine: str | None = None
    active: Callable = nullcontext
    """Returns the context in which its code runs."""

    def trainer(self, work, X, y, dropout, solver):
        estimator = self.build(work, solver, dropout)

        def train(n_epochs):
            self.call(estimator.set_params(max_iter=n_epochs).fit, X, y)
            assert estimator.n_iter_ == n_epochs

        return train

    def call(self, method, *arguments):
        """Call a method, without the warning that training could go on."""
        with self.active(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return method(*arguments)

    def build(self, work, solver="adam", dropout="none"):
        """Return an estimator; scikit-learn's alpha is ours times the batch size."""
        parameters = {
            "hidden_layer_sizes": work.layer_sizes[1:-1],
            "solver": solver,
            "batch_size": work.batch_size,
            "learning_rate": "constant",
            "momentum": MOMENTUM,
            "nesterovs_momentum": False,
            "max_iter": work.n_epochs,
            "tol": 0.0,
            "n_iter_no_change": np.inf,
            "early_stopping": False,
            "random_state": 0,
        }
        if self.cls is MLPClassifier:
            parameters["alpha"] = ALPHA * work.batch_size
            parameters["learning_rate_init"] = CLASSICAL_RATES[solver]
        else:
            parameters["alpha"] = ALPHA
            parameters["learning_rate_init"] = RATES[solver]
            parameters["keep_prob"] = 1.0 if dropout == "none" else KEEP_PROB
            parameters["dropout_mask"] = "sample" if dropout == "none" else dropout
        if self.engine:
            parameters |= {"engine": self.engine, "feature_scales": False}
        return self.cls(**parameters)


def load(name, folder=None):
    """Return a rival by name; the version before is in a folder."""
    if name in MODULES:
        return import_module(f"benchmarks.{MODULES[name]}")
    if name == SKLEARN:
        return Estimator(MLPClassifier, "NumPy", ("none",))
    if name in (NUMBA, NUMPY):
        return Estimator(RegMLPClassifier, "SciPy", DROPOUTS, name.split()[0].lower())
    version = Version(folder)
    return Estimator(version.RegMLPClassifier, "SciPy", DROPOUTS, None, version.active)
