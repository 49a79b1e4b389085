"""Who takes part: versions of skreg, its rivals, and the matrix products alone.

A rival is a function of a work, its X and y, a kind of dropout and a solver; it returns
a function that trains a new network for a number of epochs.
"""

import atexit
import re
import shutil
import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from scipy.linalg.blas import sgemm
from sklearn.neural_network import MLPClassifier

from benchmarks import libraries
from benchmarks.works import ALPHA, CLASSICAL_RATES, KEEP_PROB, MOMENTUM, RATES
from skreg import RegMLPClassifier

NUMBA, NUMPY, LIMIT = "numba engine", "NumPy engine", "limit"
SKLEARN, TORCH, JAX = "MLPClassifier", "PyTorch", "JAX"
PACKAGES = {TORCH: "torch", JAX: "jax", NUMBA: "numba"}
INSTALLED = {name: package for name, package in PACKAGES.items() if find_spec(package)}


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
            if hasattr(self._cls(), "feature_scales"):  # older versions have none
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


def limit(work, X, y, dropout, solver):
    """Do the matrix products that a step cannot avoid, with other numbers."""
    matrix = partial(np.ones, dtype=np.float32, order="F")
    product = partial(sgemm, 1.0, beta=0.0, overwrite_c=True)

    def step(n_rows):
        forward, backward, inputs = [], [], matrix((work.layer_sizes[0], n_rows))
        for fan_in, fan_out in pairwise(work.layer_sizes):
            weights, outputs = matrix((fan_out, fan_in)), matrix((fan_out, n_rows))
            gradient, deltas = matrix((fan_out, fan_in)), matrix((fan_in, n_rows))
            forward.append(partial(product, weights, inputs, c=outputs))
            backward.append(partial(product, weights, outputs, c=deltas, trans_a=True))
            backward.append(partial(product, outputs, inputs, c=gradient, trans_b=True))
            inputs = outputs
        backward.pop(0)  # the first layer passes no deltas on
        return forward + backward[::-1]

    n_full, rest = divmod(work.n_rows, work.batch_size)
    epoch = n_full * step(work.batch_size) + (step(rest) if rest else [])

    def train(n_epochs):
        for multiply in n_epochs * epoch:
            multiply()

    return train


def enter(names, against=None):
    """Return those of the rivals that take part; skreg and the limit always do."""
    rivals = {name: RIVALS[name] for name in [*names, NUMPY, LIMIT]}
    return rivals | ({"before": other_version(against)} if against else {})


RIVALS = {
    SKLEARN: Estimator(MLPClassifier),
    TORCH: libraries.torch_loop,
    JAX: libraries.jax_scan,
    NUMBA: Estimator(RegMLPClassifier, engine="numba"),
    NUMPY: Estimator(RegMLPClassifier, engine="numpy"),
    LIMIT: limit,
}
