"""What a fit and a prediction hold in memory, and what is left of it afterwards."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import NAMED_SCORER, SHORT_FITS, committee, network, one_in, problem

import skreg._base
from skreg import RegMLPClassifier, RegMLPClassifierCV, RegMLPRegressor

pytestmark = SHORT_FITS


def peak_bytes(function):
    """Return the most memory that a call holds at once, beyond what was there."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@one_in(
    2,
    kind=[RegMLPClassifier, RegMLPRegressor],
    order="CF",
    params=[
        {},
        {"keep_prob": 0.5, "input_keep_prob": 0.9},
        {"early_stopping": True},
        {"early_stopping": True, "scoring": "r2"},
    ],
    dtype=["float32", "float64"],
)
def test_no_copy_of_X_is_taken(kind, order, params, dtype):
    """Not even in the precision of training, which would be half of X."""
    X = np.asarray(np.random.default_rng(0).normal(size=(10_000, 100)), order=order)
    y = np.arange(10_000) % 2
    model = kind((5,), max_iter=1, dtype=dtype, random_state=0, **params)
    weights, third = np.ones(len(y)), X.nbytes / 3
    assert peak_bytes(lambda: model.fit(X, y, weights)) < third
    assert peak_bytes(lambda: model.predict(X)) < third
    model.set_params(early_stopping=False)
    assert peak_bytes(lambda: model.partial_fit(X, y)) < third


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_copy_of_sparse_X_is_taken(dtype):
    X = sp.random(10_000, 1000, density=0.1, format="csr", random_state=0)
    y = np.arange(10_000) % 2
    model = RegMLPClassifier((5,), batch_size=16, max_iter=1, dtype=dtype)
    assert peak_bytes(lambda: model.fit(X, y)) < X.data.nbytes / 3


@pytest.mark.parametrize("distributions", [None, {"alpha": [0.1, 1.0, 10.0]}])
def test_a_committee_takes_no_copy_of_X(distributions):
    X = np.random.default_rng(0).normal(size=(40_000, 100))
    y = (X[:, 0] > 0).astype(int)
    network = RegMLPClassifier((5,), max_iter=1)
    model = RegMLPClassifierCV(network, distributions, random_state=0)
    assert peak_bytes(lambda: model.fit(X, y)) < X.nbytes / 2
    assert peak_bytes(lambda: model.predict(X)) < X.nbytes / 3


def test_memory_does_not_grow_with_the_square_of_the_classes():
    y = np.arange(4000) % 2000
    X = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32)
    model = RegMLPClassifier((2,), batch_size=10, max_iter=1, random_state=0)
    assert peak_bytes(lambda: model.fit(X, y)) < 2000**2


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"early_stopping": True}])
@pytest.mark.parametrize("kind", [RegMLPClassifier, RegMLPRegressor])
def test_sparse_X_is_never_dense_as_a_whole(kind, params):
    X = sp.random(400, 10_000, density=1e-3, format="csr", random_state=0)
    y = np.arange(400) % 2
    model = kind((2,), max_iter=1, random_state=0, **params)
    dense = X.shape[0] * X.shape[1] * 8
    assert peak_bytes(lambda: model.fit(X, y)) < dense / 3
    assert peak_bytes(lambda: model.predict(X)) < dense / 3


@pytest.mark.parametrize("scoring", ["loss", "accuracy", lambda model, X, y: 1.0])
@pytest.mark.parametrize("kind", ["binary", "numbers"])
def test_nothing_keeps_the_training_data_after_a_fit(monkeypatch, kind, scoring):
    """Not even until the garbage is collected."""
    X, y = problem(kind)
    if scoring == "accuracy":
        scoring = NAMED_SCORER[kind]
    make, engines = skreg._base.make_engine, []

    def make_engine(*arguments):
        engine = make(*arguments)
        engines.append(weakref.ref(engine))
        return engine

    monkeypatch.setattr("skreg._base.make_engine", make_engine)
    gc.disable()
    try:
        network(kind=kind, early_stopping=True, scoring=scoring).fit(X, y)
        assert engines[0]() is None
        committee(kind=kind, scoring=scoring).fit(X, y)
        assert all(engine() is None for engine in engines)
    finally:
        gc.enable()
