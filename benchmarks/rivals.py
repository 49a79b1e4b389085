"""Who takes part: versions of skreg and its rivals.

A rival is a function of a work, its X and y, a kind of dropout and a solver; it returns
a function that trains a new network for a number of epochs.
"""

import atexit
import re
import shutil
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks import libraries
from benchmarks.works import ALPHA, CLASSICAL_RATES, KEEP_PROB, MOMENTUM, RATES
from skreg import RegMLPClassifier

NUMBA, NUMPY = "numba engine", "NumPy engine"
SKLEARN, TORCH, JAX = "MLPClassifier", "PyTorch", "JAX"
EXTRAS = {TORCH: "torch", JAX: "jax", NUMBA: "numba"}
PACKAGES = {SKLEARN: "scikit-learn"} | {n: p for n, p in EXTRAS.items() if find_spec(p)}


class Estimator:
    """A rival that is a scikit-learn estimator."""

    def __init__(self, cls, **parameters):
        self._cls, self._parameters = cls, parameters

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
        if self._cls is MLPClassifier:
            parameters["alpha"] = ALPHA * work.batch_size
            parameters["learning_rate_init"] = CLASSICAL_RATES[solver]
        else:
            parameters["alpha"] = ALPHA
            parameters["learning_rate_init"] = RATES[solver]
            parameters["keep_prob"] = 1.0 if dropout == "none" else KEEP_PROB
            parameters["input_keep_prob"] = 1.0
            parameters["feature_scales"] = False
        return self._cls(**parameters, **self._parameters)

    def __call__(self, work, X, y, dropout, solver):
        estimator = self.build(work, solver, dropout)

        def train(n_epochs):
            estimator.set_params(max_iter=n_epochs).fit(X, y)
            assert estimator.n_iter_ == n_epochs

        return train


def other_version(folder):
    """Return the skreg of another checkout, imported from a copy with another name."""
    copies = mkdtemp()
    atexit.register(shutil.rmtree, copies)
    package = shutil.copytree(Path(folder) / "skreg", Path(copies) / "skreg_before")
    for file in package.rglob("*.py"):
        text = re.sub(r"\bskreg\b", package.name, file.read_text("utf-8"))
        file.write_text(text, "utf-8")
    sys.path.append(copies)
    return Estimator(import_module(package.name).RegMLPClassifier)


RIVALS = {
    SKLEARN: Estimator(MLPClassifier),
    TORCH: libraries.torch_loop,
    JAX: libraries.jax_scan,
    NUMBA: Estimator(RegMLPClassifier, engine="numba"),
    NUMPY: Estimator(RegMLPClassifier, engine="numpy"),
}
