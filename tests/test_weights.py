"""Sample weights and class weights, as equivalences."""

import numpy as np
import pytest
from estimators import (
    SHORT_FITS,
    SOLVERS,
    assert_same_network,
    by_name,
    declared,
    every_kind,
    network,
    problem,
)
from helpers import ENGINES
from sklearn.base import clone
from sklearn.utils.class_weight import compute_class_weight

from skreg._inputs.labels import Labels
from skreg._inputs.weights import row_weights

pytestmark = SHORT_FITS


@every_kind
@by_name(SOLVERS)
def test_weight_k_is_k_copies_and_weight_0_is_absence(kind, params):
    X, y = problem(kind)
    copies = np.random.default_rng(0).integers(0, 4, len(y))
    if params["solver"] != "lbfgs":
        params = params | {"batch_size": 1000}
    params = params | {"feature_scales": True, "activation": "tanh", "alpha": 0.01}
    model = network(kind=kind, max_iter=10, **params)
    weighted = clone(model).fit(X, y, copies)
    repeated = clone(model).fit(X.repeat(copies, axis=0), y.repeat(copies, axis=0))
    assert_same_network(weighted, repeated, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
def test_a_target_without_weight_may_have_any_size(loss, solver, engine):
    X, y = problem("number")
    params = {"kind": "number", "loss": loss, "solver": solver, "engine": engine}
    params |= {"dtype": "float32"}
    weights = (np.arange(len(y)) > 5).astype(float)
    filled = np.where(weights > 0, y, 9.97e36)  # a fill value of netCDF
    given = {"X_val": X, "sample_weight_val": weights}
    model = network(**params).fit(X, filled, weights, y_val=filled, **given)
    expected = network(**params).fit(X, np.where(weights > 0, y, 0), weights)
    assert_same_network(model, expected)
    assert model.loss_curve_ == expected.loss_curve_
    assert np.isfinite(model.validation_loss_curve_).all()


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["0", "1"]),
        np.array(["01", "1"]),
        np.array(["a", "b"], object),
        np.array([-1, 3], np.int8),
        np.array([False, True]),
        np.array([1.0, 2.0], np.float32),
        np.array(["2020-01-01", "2021-01-01"], "M8[D]"),
    ],
    ids=str,
)
def test_a_class_weight_is_found_by_its_label(labels):
    X, y = problem()
    for one in (labels[1], labels[1:].tolist()[0]):
        model = network(class_weight={one: 3.0}).fit(X, labels[y])
        weighted = network().fit(X, labels[y], np.where(y, 3.0, 1.0))
        assert_same_network(model, weighted, rtol=1e-9, atol=1e-12)


def test_a_class_weight_may_have_other_labels_if_it_lacks_none():
    X, y = problem()
    model = network(class_weight={0: 1.0, 1: 2.0, 5: 9.0}).fit(X, y)
    assert_same_network(model, network(class_weight={1: 2.0}).fit(X, y))
    for other in (5, "1"):
        with pytest.raises(ValueError, match=r"class_weight has .*, but the classes"):
            network(class_weight={0: 1.0, other: 2.0}).fit(X, y)


@every_kind
@by_name(SOLVERS)
def test_only_ratios_of_sample_weights_count(params, kind):
    X, y = problem(kind)
    params = params | {"kind": kind}
    weights = np.random.default_rng(0).uniform(0, 1, len(y))
    model = network(**params).fit(X, y, weights)
    assert_same_network(network(**params).fit(X, y, 8 * weights), model)
    for extreme in (np.finfo(float).max, np.finfo(float).tiny):
        scaled = network(**params).fit(X, y, extreme * weights)
        assert_same_network(scaled, model, rtol=1e-9, atol=1e-12)


def test_weights_of_less_precision_count_as_they_are():
    X, y = problem()
    weights = np.random.default_rng(0).uniform(1, 2, len(y)).astype("float32")
    one, other = (network().fit(X, y, w) for w in (weights, weights.astype(float)))
    assert_same_network(one, other)


@every_kind
def test_partial_fit_takes_sample_weights_as_they_are(kind):
    """Plain gradient descent at a weight of two goes twice as far."""
    X, y = problem(kind)
    params = {"solver": "sgd", "momentum": 0, "alpha": 0, "batch_size": 1000}
    params["kind"], first = kind, declared(kind)
    start = network(**params, learning_rate_init=1e-30).partial_fit(X, y, **first)
    moved = {
        weight: network(**params).partial_fit(
            X, y, sample_weight=np.full(len(y), weight), **first
        )
        for weight in (1.0, 2.0)
    }
    steps = {
        weight: model.coefs_[0] - start.coefs_[0] for weight, model in moved.items()
    }
    np.testing.assert_allclose(steps[2.0], 2 * steps[1.0], rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@by_name(SOLVERS)
def test_class_weight_is_a_factor_on_sample_weight(params, weighted):
    X, y = problem("multiclass")
    labels = np.array(["a", "b", "c"])
    sample_weight = np.random.default_rng(0).uniform(1, 2, len(y)) if weighted else None
    by_class = np.array([0.25, 1.0, 4.0])
    balanced = dict(zip(labels, by_class, strict=True))
    product = by_class[y] * (1 if sample_weight is None else sample_weight)
    assert_same_network(
        network(class_weight=balanced, **params).fit(X, labels[y], sample_weight),
        network(**params).fit(X, labels[y], product),
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_gives_every_class_the_same_share(weighted):
    X, y = problem("multiclass")
    X, y = X[y < 2 + (np.arange(len(y)) % 3)], y[y < 2 + (np.arange(len(y)) % 3)]
    sample_weight = np.random.default_rng(0).uniform(1, 2, len(y)) if weighted else None
    weights = np.ones(len(y)) if sample_weight is None else sample_weight.copy()
    for label in range(3):
        weights[y == label] /= weights[y == label].sum()
    assert_same_network(
        network(class_weight="balanced").fit(X, y, sample_weight),
        network().fit(X, y, weights),
        rtol=1e-9,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_gives_zeros_and_ones_of_a_column_the_same_share(weighted):
    X, Y = problem("multilabel")
    Y[:, 2] = 0  # a column without ones
    sample_weight = np.random.default_rng(0).uniform(1, 2, len(Y)) if weighted else None
    weights = np.ones(len(Y)) if sample_weight is None else sample_weight
    products = weights.copy()
    for column in Y.T[:2]:
        for value in (0, 1):
            rows = column == value
            products[rows] *= weights.sum() / (2 * weights[rows].sum())
    assert_same_network(
        network(class_weight="balanced").fit(X, Y, sample_weight),
        network().fit(X, Y, products),
        rtol=1e-9,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_weights_are_those_of_scikit_learn(weighted):
    y = np.repeat([3, 5, 8], [6, 2, 1])
    weights = np.r_[0, 7:15] if weighted else None
    _, by_class = row_weights("balanced", Labels.of(y), y, weights)
    copies = y if weights is None else np.repeat(y, weights)
    expected = compute_class_weight("balanced", classes=np.unique(y), y=copies)
    np.testing.assert_allclose(by_class, expected)


def test_balanced_gives_no_weight_to_a_class_without_any():
    y = np.repeat([3, 5, 8], 2)
    weights = np.r_[1.0, 1, 2, 4, 0, 0]
    _, by_class = row_weights("balanced", Labels.of(y), y, weights)
    np.testing.assert_allclose(by_class, [2, 2 / 3, 0])
    Y = np.array([[0, 0], [0, 1], [0, 1], [0, 1]])
    _, by_class = row_weights("balanced", Labels.of(Y), Y, None)
    np.testing.assert_allclose(by_class, [[1, 0], [2, 2 / 3]])


def test_balanced_takes_weights_whose_sum_overflows():
    X, y = problem("multiclass")
    assert_same_network(
        network(class_weight="balanced").fit(X, y, np.full(len(y), 1e308)),
        network(class_weight="balanced").fit(X, y),
    )


def test_class_weights_of_multilabel_targets_multiply_over_the_columns():
    X, Y = problem("multilabel")
    per_column = [{0: 1, 1: 3}, {0: 0.5, 1: 1}, {0: 1, 1: 1}]
    product = np.prod(
        [[w[k] for k in y] for w, y in zip(per_column, Y.T, strict=True)], axis=0
    )
    assert_same_network(
        network(class_weight=per_column).fit(X, Y), network().fit(X, Y, product)
    )
