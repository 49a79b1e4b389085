"""What holds for every network, on cases that hypothesis draws.

Numbers come from seeded generators and not from hypothesis, so that no case sits on the
kink of a relu; hypothesis varies everything else.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from estimators import SHORT_FITS, network
from helpers import CLASS_HEADS, HEADS
from threadpoolctl import threadpool_limits

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.batches import MiniBatch
from skreg._engine.heads import AbsoluteError, Quantile
from skreg._engine.network import Network
from skreg._engine.optimizers import OPTIMIZERS
from skreg._engine.passes import Memory, Pass
from skreg._engine.predictor import predict_outputs

hypothesis = pytest.importorskip("hypothesis", reason="extra: properties")
given, settings, st = hypothesis.given, hypothesis.settings, hypothesis.strategies

settings.register_profile(
    "skreg", max_examples=50, deadline=None, derandomize=True, print_blob=True
)
settings.load_profile("skreg")

pytestmark = SHORT_FITS

SEEDS = st.integers(0, 2**32 - 1)
DTYPES = st.sampled_from([np.float32, np.float64])
HIDDEN = st.lists(st.integers(1, 9), max_size=3)
SOLVERS = st.sampled_from([*OPTIMIZERS])
LABELS = st.sampled_from(["int", "str", "bool", "float", "object", "multilabel"])


def make_labels(kind, codes):
    """Return labels of a type for codes 0, 1, 2."""
    if kind == "multilabel":
        return np.column_stack([codes == 0, codes == 1, codes > 0]).astype(int)
    if kind == "bool":
        return codes > 0
    names = {
        "int": [-3, 10**9, 4],
        "str": ["b", "a", "longer"],
        "float": [-1.0, 2.0, 0.0],
        "object": np.array(["x", "y", "z"], dtype=object),
    }
    return np.asarray(names[kind])[codes]


def make_data(seed, n_rows=30, n_features=4, dtype=np.float64):
    """Return features, codes of three classes, all of which occur, and weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)).astype(dtype)
    codes = rng.permutation(np.arange(n_rows) % 3)
    return X, codes, rng.integers(1, 4, n_rows).astype(float)


def full_batch(**params):
    """Return a network whose every step takes all rows, in any number.

    With epsilon=1e-8 adam would make steps of a gradient that is zero but for rounding,
    as that of the biases is where classes are balanced and all units dead.
    """
    own = {"batch_size": 10_000, "tol": 0.0, "epsilon": 1e-2, "feature_scales": True}
    return network(**own | params)


def assert_same_training(one, two, dtype=np.float64):
    """Check that two fits are one, up to the order of sums over a few epochs."""
    tolerance = 1e4 * np.finfo(dtype).eps
    np.testing.assert_allclose(one.loss_curve_, two.loss_curve_, rtol=tolerance)
    for a, b in zip(one.coefs_, two.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@given(
    seed=SEEDS,
    hidden=HIDDEN,
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    head=st.sampled_from(sorted(HEADS)),
    n_outputs=st.integers(1, 4),
    n_features=st.integers(1, 5),
    n_rows=st.integers(1, 8),
    weighted=st.booleans(),
    masked=st.booleans(),
)
def test_gradients_equal_differences(
    seed, hidden, activation, head, n_outputs, n_features, n_rows, weighted, masked
):
    rng = np.random.default_rng(seed)
    sizes = n_features, *hidden, 1 if head == "binary" else n_outputs
    description = Network(sizes, activation, HEADS[head]())
    before, direction = rng.normal(size=(2, description.n_parameters))
    vector, gradient = before.copy(), np.full_like(before, np.nan)
    x = rng.normal(size=(n_rows, n_features))
    y = rng.integers(0, 2, (sizes[-1], n_rows)).astype(float)
    if HEADS[head].out_activation == "softmax":
        y = np.eye(n_outputs)[:, rng.integers(0, n_outputs, n_rows)]
    if isinstance(description.head, AbsoluteError | Quantile):
        y += 100  # far from the kink
    s = rng.uniform(0, 3, n_rows) if weighted else None
    masks = [rng.integers(0, 2, (n_rows, size)) / 0.5 for size in hidden]
    masks = (None, *masks, None) if masked else ()
    passage = Pass(
        description, description.views(vector), description.views(gradient),
        Memory(description, n_rows, vector.dtype), MiniBatch(x, y, s, masks), 1.0, 0.0,
    )  # fmt: skip

    def total(shift):
        vector[...] = before + shift * direction
        values = description.head.losses(passage.run(), y)
        return values.sum() if s is None else values @ s

    step = 1e-6
    difference = (total(step) - total(-step)) / (2 * step)
    total(0)
    slope = gradient @ direction
    # Central differences err by step² times third derivatives and by eps · loss / step.
    scale = 1 + abs(slope) + np.abs(gradient).max()
    assert abs(slope - difference) < 1e-6 * scale


@given(
    seed=SEEDS,
    hidden=HIDDEN,
    solver=SOLVERS,
    dtype=DTYPES,
    kind=LABELS,
    weighted=st.booleans(),
    shuffle=st.booleans(),
)
def test_the_order_of_rows_is_nothing_to_a_full_batch(
    seed, hidden, solver, dtype, kind, weighted, shuffle
):
    X, codes, weights = make_data(seed, dtype=dtype)
    y = make_labels(kind, codes)
    order = np.random.default_rng(seed).permutation(len(X))
    model = full_batch(hidden_layer_sizes=hidden, solver=solver, shuffle=shuffle)
    other = full_batch(hidden_layer_sizes=hidden, solver=solver, shuffle=shuffle)
    model.fit(X, y, weights if weighted else None)
    other.fit(X[order], y[order], weights[order] if weighted else None)
    assert_same_training(model, other, dtype)


@given(seed=SEEDS, hidden=HIDDEN, solver=SOLVERS, dtype=DTYPES, kind=LABELS)
def test_a_weight_of_k_is_k_copies(seed, hidden, solver, dtype, kind):
    X, codes, weights = make_data(seed, dtype=dtype)
    y = make_labels(kind, codes)
    copies = np.repeat(np.arange(len(X)), weights.astype(int))
    model = full_batch(hidden_layer_sizes=hidden, solver=solver)
    other = full_batch(hidden_layer_sizes=hidden, solver=solver)
    model.fit(X, y, weights)
    other.fit(X[copies], y[copies])
    assert_same_training(model, other, dtype)


@given(seed=SEEDS, hidden=HIDDEN, solver=SOLVERS, dtype=DTYPES, kind=LABELS)
def test_a_weight_of_zero_is_absence(seed, hidden, solver, dtype, kind):
    X, codes, weights = make_data(seed, dtype=dtype)
    y = make_labels(kind, codes)
    weights[6::2] = 0  # the first six rows have every class
    codes[:6] = [0, 1, 2, 0, 1, 2]
    y = make_labels(kind, codes)
    kept = weights > 0
    model = full_batch(hidden_layer_sizes=hidden, solver=solver)
    other = full_batch(hidden_layer_sizes=hidden, solver=solver)
    model.fit(X, y, weights)
    other.fit(X[kept], y[kept], weights[kept])
    assert_same_training(model, other, dtype)


@given(
    seed=SEEDS,
    hidden=HIDDEN,
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    dtype=DTYPES,
    kind=LABELS,
    exponent=st.integers(-30, 30),
)
def test_probabilities_are_probabilities(
    seed, hidden, activation, dtype, kind, exponent
):
    X, codes, _ = make_data(seed, dtype=dtype)
    y = make_labels(kind, codes)
    model = full_batch(hidden_layer_sizes=hidden, activation=activation).fit(X, y)
    extreme = X * dtype(10.0) ** dtype(exponent)
    extreme[::3] = X[::3]
    p = model.predict_proba(extreme)
    assert p.dtype == np.float64
    assert np.isfinite(p).all()
    assert ((p >= 0) & (p <= 1)).all()
    assert np.isfinite(model.predict_log_proba(extreme)).all()
    predicted = model.predict(extreme)
    if kind == "multilabel":
        np.testing.assert_array_equal(predicted, p > 0.5)
    else:
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
        np.testing.assert_array_equal(predicted, model.classes_[p.argmax(axis=1)])


@given(
    logits=st.lists(
        st.lists(
            st.sampled_from([0.0, 1.0, -1.0, 88.0, -104.0, 800.0, 1e30, -1e30, 3e38]),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=4,
    ),
    head=st.sampled_from(sorted(CLASS_HEADS)),
    dtype=DTYPES,
)
def test_extreme_logits_give_probabilities(logits, head, dtype):
    p = np.array(logits, dtype).T.copy()
    with np.errstate(over="ignore"):
        HEADS[head]().activate(p)
    assert ((p >= 0) & (p <= 1)).all()
    if HEADS[head].out_activation == "softmax":
        np.testing.assert_allclose(p.sum(axis=0), 1, rtol=1e-6)


@given(
    seed=SEEDS,
    hidden=HIDDEN,
    dtype=DTYPES,
    n_rows=st.integers(1, 300),
    cache_bytes=st.integers(1, 2**14),
)
def test_blocks_and_threads_change_no_prediction(
    seed, hidden, dtype, n_rows, cache_bytes
):
    rng = np.random.default_rng(seed)
    description = Network((3, *hidden, 2), "tanh", HEADS["multilabel"]())
    arrays = description.views(rng.normal(size=description.n_parameters).astype(dtype))
    X = rng.normal(size=(n_rows, 3)).astype(dtype)
    whole = predict_outputs(description, arrays, X)
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr("skreg._engine.batches._CACHE_BYTES", cache_bytes)
        parts = predict_outputs(description, arrays, X)
    tolerance = 100 * np.finfo(dtype).eps  # sums of at most ten in another order
    np.testing.assert_allclose(parts, whole, rtol=tolerance, atol=tolerance)


FIT = """
import numpy as np
from skreg import RegMLPClassifier
found = []
for dtype in ("float32", "float64"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 300)).astype(dtype)
    y = (X[:, :3].sum(axis=1) > 0) + (X[:, 3] > 0.5)
    # Few products, and large: on busy cores, threads of BLAS wait for each other.
    model = RegMLPClassifier(
        (200, 50), solver="sgd", keep_prob=0.8, max_iter=3, batch_size=200,
        dtype=dtype, random_state=1,
    )
    found.append(model.fit(X, y).predict_proba(X).astype("float64"))
"""


def test_a_seed_decides_in_every_process_and_with_any_number_of_threads():
    """Equal to the bit with as many threads; with others, sums have another order.

    A product of 600 rows errs by some ten eps. `adam` would make that larger by some
    orders of magnitude, because it divides by small numbers.
    """

    def probabilities(n_threads):
        names: dict = {}
        with threadpool_limits(n_threads):
            exec(FIT, names)
        return names["found"]

    code = f"{FIT}import os; os.write(1, np.stack(found).tobytes())"
    there = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    )
    one, two = probabilities(1), probabilities(2)
    assert np.stack(one).tobytes() == there.stdout
    np.testing.assert_allclose(one[0], two[0], atol=1e-5)  # of float32
    np.testing.assert_allclose(one[1], two[1], atol=1e-13)  # of float64
