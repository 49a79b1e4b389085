"""Small networks, plans and data sets, as the two lower floors take them.

And other processes: new ones of Python, and forks of this one.
"""

import os
import signal
import subprocess
import sys
import traceback
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from skreg import RegMLPClassifier
from skreg._engine import make_engine
from skreg._engine.batches import Dataset, Rows
from skreg._engine.heads import LOSSES, Binary, Multiclass, Multilabel, NumberHead
from skreg._engine.network import Network, Snapshot
from skreg._engine.optimizers import OPTIMIZERS
from skreg._inputs.plan import as_float

FORKS = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin",
    reason="the system does not fork, or its libraries do not work in a fork",
)
NUMBA = pytest.mark.skipif(not find_spec("numba"), reason="numba is not installed")
ENGINES = ["numpy", pytest.param("numba", marks=NUMBA)]
every_engine = pytest.mark.parametrize("engine", ENGINES)
CLASS_HEADS = {"binary": Binary, "multiclass": Multiclass, "multilabel": Multilabel}
HEADS = CLASS_HEADS | LOSSES
N_ROWS = 11
ALL_ROWS = np.arange(N_ROWS)


def generator(seed=0):
    return np.random.Generator(np.random.SFC64(seed))


def make_network(
    head="multiclass",
    hidden=(5, 4),
    activation="tanh",
    n_features=3,
    kind=Network,
    scaled=False,
):
    n_outputs = 1 if head == "binary" else 3
    return kind((n_features, *hidden, n_outputs), activation, HEADS[head](), scaled)


def head_name(network):
    return next(n for n, kind in HEADS.items() if kind is type(network.head))


def random_vector(network, dtype=np.float64):
    # Under masks of a small keep_prob outputs are large, and exponentials overflow.
    scale = 0.2 if network.head.out_activation == "exp" else 1.0
    return np.random.default_rng(1).normal(0, scale, network.n_parameters).astype(dtype)


def random_data(network, weighted=False, dtype=np.float64):
    rng = np.random.default_rng(0)
    n_features, *_, n_outputs = network.sizes
    X = rng.normal(size=(N_ROWS, n_features)).astype(dtype)
    weights = rng.uniform(0.1, 3, N_ROWS).astype(dtype)
    weights /= weights.mean()
    if isinstance(network.head, NumberHead):
        targets = rng.exponential(size=(n_outputs, N_ROWS)).astype(dtype)
    elif n_outputs == 1 or isinstance(network.head, Multiclass):
        targets = rng.integers(0, max(2, n_outputs), N_ROWS)
    else:
        targets = rng.integers(0, 2, (n_outputs, N_ROWS)).astype(dtype)
    return Dataset(X, targets, weights if weighted else None)


def indicators(network, data, rows=ALL_ROWS):
    """Return the targets of ``rows``, of shape (n_rows, n_outputs)."""
    out = np.empty((network.sizes[-1], len(rows)), data.X.dtype)
    data.gather_targets(rows, out)
    return out.T.astype(float)


def make_optimizers(penalties=(), **numbers):
    """Return every kind of optimizer in the registry, by its name."""
    made = {}
    for nesterov in (False, True):
        given = {"momentum": 0.8, "beta_2": 0.99} | numbers
        estimator = RegMLPClassifier(nesterovs_momentum=nesterov, **given)
        for make in OPTIMIZERS.values():
            optimizer = make(penalties, partial(as_float, estimator))
            made[type(optimizer).__name__] = optimizer
    return made


def make_plan(network, optimizer="SGD", penalties=(), dropout_mask="sample", **options):
    keep_probs = options.setdefault("keep_probs", [1.0] * len(network.layers))
    options = {
        "one_mask": dropout_mask == "batch" and min(keep_probs) < 1,
        "batch_size": 4,
        "dtype": np.dtype(float),
        "engine": "numpy",
    } | options
    made = make_optimizers(penalties)[optimizer]
    return SimpleNamespace(
        network=network, optimizer=made, penalties=penalties, **options
    )


def start_engine(network, data, vector=None, n_steps=0, validation=None, **options):
    """Return an engine for all rows, and the vectors that it trains."""
    plan = make_plan(network, **options)
    vector = random_vector(network, data.X.dtype) if vector is None else vector
    vectors = np.zeros((1 + plan.optimizer.n_averages, len(vector)), vector.dtype)
    vectors[0] = vector
    start = Snapshot(network, vectors, n_steps)
    return make_engine(plan, start, Rows(data, ALL_ROWS), validation), vectors


def run_python(*arguments, cwd=None, **environment):
    """Return a Python process that has ended without an error, and what it wrote."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


def in_a_fork(function):
    """Return the exit code of a fork of this process that calls a function."""
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(60)
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
