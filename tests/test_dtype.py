"""Training is in the precision ``dtype``; predictions are float64."""

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import (
    DROPOUT,
    SHORT_FITS,
    SOLVERS,
    assert_same_network,
    assert_same_training,
    by_name,
    network,
    problem,
)

from skreg._inputs.rows import check_features

PRECISIONS = ["float32", "float64"]
EARLY_STOPPING = {"early stopping": {"early_stopping": True}}

pytestmark = SHORT_FITS
every_dtype = pytest.mark.parametrize("dtype", PRECISIONS)
every_kind = pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
dense_and_sparse = pytest.mark.parametrize("make", [np.asarray, sp.csr_array])


def exact_problem(kind="binary"):
    """Return rows of numbers that both precisions hold, and labels."""
    X, y = problem(kind)
    return X.astype(np.float32).astype(np.float64), y


def dtypes(model):
    arrays = [*model.coefs_, *model.intercepts_, model._training["averages"]]
    return {str(array.dtype) for array in arrays}


@every_kind
@dense_and_sparse
@by_name(SOLVERS | EARLY_STOPPING | DROPOUT)
def test_training_is_in_dtype_whatever_the_rows_are(params, make, kind):
    X, y = exact_problem(kind)
    first_losses = []
    for dtype in PRECISIONS:
        params = params | {"dtype": dtype}
        one, two = (network(**params).fit(make(X.astype(x)), y) for x in PRECISIONS)
        assert_same_training(one, two)
        assert dtypes(one) == {dtype}
        first_losses.append(one.loss_curve_[0])
    np.testing.assert_allclose(*first_losses, rtol=1e-4)


SMALL = ["bool", "int8", "uint8", "int16", "uint16"]


@dense_and_sparse
@pytest.mark.parametrize("dtype", [*SMALL, "int32", "uint32"])
def test_what_single_precision_holds_exactly_becomes_it(dtype, make):
    X = make(np.random.default_rng(0).integers(0, 2, (30, 4)).astype(dtype))
    expected = "float32" if dtype in SMALL else "float64"
    assert check_features(network(), X, reset=True).dtype == expected


def test_half_precision_becomes_single_precision():
    X = np.zeros((30, 4), np.float16)  # SciPy has no sparse rows of it
    assert check_features(network(), X, reset=True).dtype == "float32"


@pytest.mark.parametrize("params", [{}, {"dtype": "float64"}, {"solver": "lbfgs"}])
def test_rows_of_a_small_type_train_as_those_of_a_large_one(params):
    rng = np.random.default_rng(0)
    X, X_val = rng.integers(0, 256, (2, 60, 5), dtype=np.uint8)
    y = X[:, 0] > 100
    small, large = network(**params), network(**params)
    with pytest.warns(UserWarning, match="root mean square"):
        small.fit(X, y, X_val=X_val, y_val=y)
    with pytest.warns(UserWarning, match="root mean square"):
        large.fit(X.astype(float), y, X_val=X_val.astype(float), y_val=y)
    assert_same_training(small, large)
    found, expected = small.predict_proba(X_val), large.predict_proba(X_val * 1.0)
    np.testing.assert_array_equal(found, expected)


@every_dtype
def test_a_stream_may_mix_precisions(dtype):
    X, y = exact_problem()
    weights = np.linspace(0.5, 2, len(y))
    alike, mixed = network(dtype=dtype), network(dtype=dtype)
    for given in (X, X.astype("float32"), sp.csr_array(X), sp.csr_array(X, dtype="f4")):
        alike.partial_fit(given.astype("float64"), y, [0, 1], weights)
        mixed.partial_fit(given, y, [0, 1], weights)
    assert_same_training(alike, mixed)
    assert dtypes(mixed) == {dtype}


@every_dtype
@pytest.mark.parametrize("solver", SOLVERS)
def test_training_that_goes_on_keeps_the_precision_of_the_network(solver, dtype):
    X, y = problem()
    other = "float64" if dtype == "float32" else "float32"
    params = SOLVERS[solver] | {"warm_start": True, "early_stopping": True}
    model = network(dtype=dtype, **params).fit(X, y).set_params(dtype=other).fit(X, y)
    assert dtypes(model) == {dtype}
    assert_same_training(model, network(dtype=dtype, **params).fit(X, y).fit(X, y))
    anew = model.set_params(warm_start=False).fit(X, y)
    assert dtypes(anew) == {other}


@every_kind
@every_dtype
@dense_and_sparse
@pytest.mark.parametrize("of_X", [*PRECISIONS, "int64"])
def test_probabilities_are_float64(of_X, make, dtype, kind):
    X, y = exact_problem(kind)
    X = np.rint(3 * X)
    model = network(dtype=dtype, learning_rate_init=0.1, max_iter=30).fit(X, y)
    rows = make(X.astype(of_X))
    probabilities, logs = model.predict_proba(rows), model.predict_log_proba(rows)
    assert probabilities.dtype == logs.dtype == np.float64
    eps, tiny = np.finfo(np.float64).eps, np.finfo(np.float64).tiny
    if kind != "multilabel":
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=0, atol=3 * eps)
    # Both from the same logits, whose error of eps enters relative to their size.
    np.testing.assert_allclose(np.exp(logs), probabilities, rtol=50 * eps, atol=tiny)
    same = model.predict_proba(X)
    np.testing.assert_allclose(probabilities, same, rtol=1e-4, atol=tiny)
    assert (logs[probabilities == 1] == 0).all()
    np.testing.assert_array_equal(model.predict(rows), model.predict(X))


@every_dtype
@dense_and_sparse
def test_a_validation_set_may_have_another_precision(make, dtype):
    X, y = exact_problem()
    seen = []

    def brier(model, X, y):
        p = model.predict_proba(X)
        seen.append(X.dtype)
        return -((p[:, 1] - y) ** 2).mean()

    for scoring in ("loss", "neg_log_loss", "roc_auc", brier):
        params = {"dtype": dtype, "early_stopping": True, "scoring": scoring}
        models = [
            network(**params).fit(X, y, X_val=make(X.astype(x)), y_val=y)
            for x in PRECISIONS
        ]
        assert models[0].validation_loss_curve_ == models[1].validation_loss_curve_
        scores = [model.validation_scores_ for model in models]
        np.testing.assert_allclose(*scores, rtol=1e-5)
    assert {*map(str, seen)} == {*PRECISIONS}


@every_dtype
@pytest.mark.parametrize("dropout_mask", ["sample", "batch"])
def test_dropout_of_features_is_in_dtype(dropout_mask, dtype):
    X, y = exact_problem()
    params = {"input_keep_prob": 0.5, "dropout_mask": dropout_mask, "dtype": dtype}
    for make in (np.asarray, sp.csr_array):
        one, two = (network(**params).fit(make(X.astype(x)), y) for x in PRECISIONS)
        assert_same_network(one, two)
        assert dtypes(one) == {dtype}
