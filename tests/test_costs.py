"""What calls cost in memory and operations, and what they leave in memory."""

import gc
import pickle
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import (
    NAMED_SCORER,
    SHORT_FITS,
    STEPPING,
    committee,
    network,
    one_in,
    problem,
)

import skreg._base
from skreg import RegMLPClassifier, RegMLPClassifierCV, RegMLPRegressor
from skreg._engine import predictor
from skreg._engine.layers import DensePass
from skreg._inputs.labels import Labels

pytestmark = SHORT_FITS


def peak_bytes(function):
    """Return the most memory that a call holds at once, beyond what was there."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def operations(call):
    """Return how many functions, of Python and of C, a call calls."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


def sparse_rows(*shape, density):
    # Of a seed in place of a generator, SciPy would permute all entries.
    rng = np.random.default_rng(0)
    return sp.random(*shape, density, "csr", random_state=rng)


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
    X = sparse_rows(10_000, 1000, density=0.1)
    y = np.arange(10_000) % 2
    model = RegMLPClassifier((5,), batch_size=16, max_iter=1, dtype=dtype)
    assert peak_bytes(lambda: model.fit(X, y)) < X.data.nbytes / 3


def test_dropout_of_sparse_features_takes_a_mask_per_entry():
    X = sparse_rows(500, 50_000, density=1e-3)
    model = RegMLPClassifier((2,), batch_size=250, max_iter=1, input_keep_prob=0.8)
    with_masks = peak_bytes(lambda: model.fit(X, np.arange(500) % 2))
    model.set_params(input_keep_prob=1.0)
    without = peak_bytes(lambda: model.fit(X, np.arange(500) % 2))
    assert with_masks < without + X.data.nbytes


@pytest.mark.parametrize("distributions", [None, {"alpha": [0.1, 1.0, 10.0]}])
def test_a_committee_takes_no_copy_of_X(distributions):
    X = np.random.default_rng(0).normal(size=(40_000, 100))
    y = (X[:, 0] > 0).astype(int)
    network = RegMLPClassifier((5,), max_iter=1)
    model = RegMLPClassifierCV(network, distributions, random_state=0)
    assert peak_bytes(lambda: model.fit(X, y)) < X.nbytes / 2
    assert peak_bytes(lambda: model.predict(X)) < X.nbytes / 3


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_a_committee_keeps_the_predictions_of_few_networks_at_a_time(method):
    X = np.random.default_rng(0).normal(size=(4000, 3))
    network = RegMLPClassifier((2,), max_iter=1)
    model = RegMLPClassifierCV(network, cv=12, random_state=0).fit(
        X, np.arange(4000) % 50
    )
    predict = getattr(model, method)
    # The total, and some arrays of one network: fewer than the twelve of all.
    assert peak_bytes(lambda: predict(X)) < 7 * predict(X).nbytes


def test_labels_are_encoded_in_two_numbers_per_row():
    y = np.arange(100_000) % 10
    labels = Labels.of(y)
    assert peak_bytes(lambda: labels.encode(y, np.float32)) < 2.1 * y.nbytes


def test_memory_does_not_grow_with_the_square_of_the_classes():
    y = np.arange(4000) % 2000
    X = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32)
    model = RegMLPClassifier((2,), batch_size=10, max_iter=1, random_state=0)
    assert peak_bytes(lambda: model.fit(X, y)) < 2000**2


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"early_stopping": True}])
@pytest.mark.parametrize("kind", [RegMLPClassifier, RegMLPRegressor])
def test_sparse_X_is_never_dense_as_a_whole(kind, params):
    X = sparse_rows(400, 10_000, density=1e-3)
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


@pytest.mark.parametrize("solver", STEPPING.values(), ids=STEPPING)
@pytest.mark.parametrize("dropout_mask", ["sample", "batch"])
def test_nothing_keeps_the_buffers_after_a_fit(solver, dropout_mask):
    """Not even until the garbage is collected: they are as large as the weights."""
    X, y = problem()
    model = network(keep_prob=0.5, dropout_mask=dropout_mask, **solver)

    def passes():
        # isinstance would ask a weak proxy for the class of an object that is gone.
        return [o for o in gc.get_objects() if issubclass(type(o), DensePass)]

    gc.collect()
    gc.disable()
    try:
        of_other_tests = passes()
        model.fit(X, y).predict(X)
        assert len(passes()) == len(of_other_tests)
    finally:
        gc.enable()


@pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
def test_a_call_costs_the_same_after_hundreds_of_calls(way):
    X, y = problem()
    model = network(max_iter=1, warm_start=True, batch_size=60)

    def call():
        if way == "partial_fit":
            model.partial_fit(X[:1], y[:1], classes=[0, 1])
        else:
            model.fit(X, y)

    def cost():
        # Of several calls: now and then a list is moved, or garbage is collected.
        return tuple(min(f(call) for _ in range(5)) for f in (operations, peak_bytes))

    for _ in range(70):
        call()
    calls, memory = cost()
    for _ in range(300):
        call()
    calls_later, memory_later = cost()
    assert calls_later == calls
    assert memory_later < memory + 2000


def test_what_is_stored_per_call_is_a_few_numbers():
    X, y = problem()
    model = network().partial_fit(X[:1], y[:1], classes=[0, 1])
    for _ in range(99):
        model.partial_fit(X[:1], y[:1])
    size = len(pickle.dumps(model))
    for _ in range(300):
        model.partial_fit(X[:1], y[:1])
    assert len(pickle.dumps(model)) - size <= 300 * 4 * 9  # 9 bytes a float


def test_wide_rows_are_predicted_in_blocks_of_64(monkeypatch):
    sizes = []

    class Forward(predictor.Forward):
        def __init__(self, network, arrays, memory, x):
            sizes.append(x.shape[0])
            super().__init__(network, arrays, memory, x)

    wide = np.random.default_rng(0).normal(size=(130, 20_000)).astype(np.float32)
    model = network(max_iter=1).fit(wide, np.arange(130) % 2)
    monkeypatch.setattr(predictor, "Forward", Forward)
    model.predict(wide)
    assert sizes == [64, 64, 2]


@pytest.mark.parametrize("sparse", [False, True])
def test_predicting_a_row_copies_no_weights(sparse):
    row = sp.random(1, 3000, density=0.1, random_state=0).toarray()
    model = network(hidden_layer_sizes=200, max_iter=1)
    model.fit(np.vstack([row, -row] * 2), [0, 1, 0, 1])
    given = sp.csr_array(row) if sparse else row
    assert model.coefs_[0].nbytes == 4_800_000
    assert peak_bytes(lambda: model.predict_proba(given)) < 100_000


def test_a_step_of_a_stream_copies_the_state_once():
    wide = np.random.default_rng(0).normal(size=(10, 3000))
    labels = np.arange(10) % 2
    model = network(hidden_layer_sizes=200).partial_fit(wide, labels, [0, 1])
    weights = model.coefs_[0].nbytes
    state = 3 * weights  # with two averages of adam
    gradient, scaled = weights, 3 * weights  # the last to evaluate the rows
    more = 0.1 * state
    used = peak_bytes(lambda: model.partial_fit(wide, labels))
    assert used < state + gradient + scaled + more
