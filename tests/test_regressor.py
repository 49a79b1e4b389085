"""What RegMLPRegressor minimises, in which units, and what it predicts."""

import inspect
import re
from types import SimpleNamespace

import numpy as np
import pytest
from estimators import (
    NUMBERS,
    SHORT_FITS,
    SOLVERS,
    assert_same_network,
    by_name,
    network,
    problem,
)
from scipy.stats import norm
from sklearn.datasets import make_regression
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import PoissonRegressor, QuantileRegressor, Ridge
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error
from sklearn.metrics import mean_poisson_deviance as deviance
from sklearn.neural_network import MLPRegressor

from skreg import RegMLPClassifier, RegMLPRegressor
from skreg._endings import warning_far_above
from skreg._engine.batches import Dataset
from skreg._engine.heads import LOSSES
from skreg._inputs.plan import make_plan
from skreg._inputs.sample import Sample

pytestmark = [
    SHORT_FITS,
    pytest.mark.filterwarnings(
        "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"
    ),
]

CONVEX = {"hidden_layer_sizes": (), "solver": "lbfgs", "tol": 1e-9, "max_iter": 2000}


def rows(n_targets=1, n=200):
    """Return X and y far from zero, in units far from one."""
    X, y = make_regression(
        n, 6, n_informative=4, n_targets=n_targets, noise=20, random_state=0
    )
    return X, 300 + 40 * y * (1 if n_targets == 1 else np.logspace(0, 2, n_targets))


def counts(n=200):
    X, _ = rows(n=n)
    mean = np.exp(1 + X[:, 0] / 2 - X[:, 1] / 3)
    return X, np.random.default_rng(0).poisson(mean).astype(float)


def regressor(**params):
    return network(kind="number", **params)


# The minimum of a convex problem


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_without_hidden_layers_it_is_ridge(n_targets, weighted):
    X, y = rows(n_targets)
    weights = np.random.default_rng(1).uniform(0, 2, len(X)) if weighted else None
    ours = regressor(alpha=0.02, **CONVEX).fit(X, y, weights)
    # The mean over rows and targets, where Ridge has the sum; halves are on both sides.
    n = len(X) if weights is None else weights.sum()
    theirs = []
    for column, scale in zip(np.atleast_2d(y.T), ours.target_scale_, strict=True):
        ridge = Ridge(alpha=0.02 * n * n_targets, tol=1e-12)
        theirs.append(ridge.fit(X, column, weights).predict(X))
        coef = ours.coefs_[0][:, len(theirs) - 1]
        np.testing.assert_allclose(coef, ridge.coef_ / scale, rtol=0, atol=1e-6)
    differences = ours.predict(X) - np.squeeze(theirs).T
    assert np.abs(differences / ours.target_scale_).max() < 1e-6


def test_without_hidden_layers_it_is_poisson_regression():
    """A mean μ of y / m has the loss of m μ over m, so that their alpha is m times."""
    X, y = counts()
    ours = regressor(loss="poisson", **CONVEX | {"alpha": 0.05, "tol": 1e-8}).fit(X, y)
    theirs = PoissonRegressor(alpha=0.05 * y.mean(), tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.8])
def test_without_hidden_layers_it_is_quantile_regression(quantile):
    X, y = rows()
    theirs = QuantileRegressor(quantile=quantile, alpha=0).fit(X, y)
    least = mean_pinball_loss(y, theirs.predict(X), alpha=quantile)
    losses = {"loss": "quantile", "quantile": quantile}, {"loss": "absolute_error"}
    for loss in losses if quantile == 0.5 else losses[:1]:
        ours = regressor(
            hidden_layer_sizes=(), alpha=0, learning_rate="cosine", max_iter=1000,
            learning_rate_init=0.02, batch_size=200, n_iter_no_change=np.inf,
            **loss,
        ).fit(X, y)  # fmt: skip
        reached = mean_pinball_loss(y, ours.predict(X), alpha=quantile)
        # The loss has kinks, around which steps go to and fro.
        assert least <= reached < 1.0002 * least


def test_the_objective_is_that_of_mlpregressor_on_standardised_targets():
    X, y = rows()
    theirs = MLPRegressor(
        hidden_layer_sizes=(),
        solver="lbfgs",
        tol=1e-8,
        max_iter=2000,
        alpha=0.02 * len(X),
    ).fit(X, (y - y.mean()) / y.std())
    ours = regressor(alpha=0.02, **CONVEX).fit(X, y)
    np.testing.assert_allclose(ours.loss_ / y.std() ** 2, theirs.loss_, rtol=1e-6)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-4)


# Units


@by_name(SOLVERS)
@pytest.mark.parametrize("stopping", [{}, {"early_stopping": True}])
@pytest.mark.parametrize("loss", LOSSES)
def test_another_unit_of_y_changes_nothing_but_the_unit(loss, stopping, params):
    X, y = counts()
    offset = 0 if loss == "poisson" else 5
    patience = {"max_iter": 60, "n_iter_no_change": 3, "tol": 1e-3}
    if loss in ("absolute_error", "quantile") and params["solver"] == "lbfgs":
        patience = {"max_iter": 8}  # Rounding decides where the kinks lead it.
    options = {"loss": loss, **params, **stopping, **patience}
    one = regressor(**options).fit(X, y)
    other = regressor(**options).fit(X, 1000 * y + offset)
    # Rounding, which some hundred steps amplify.
    assert_same_network(one, other, rtol=1e-6, atol=1e-6)
    expected = 1000 * one.predict(X) + offset
    np.testing.assert_allclose(other.predict(X), expected, rtol=1e-6, atol=1e-2)
    unit = 1000.0 ** LOSSES[loss].degree
    for name in ("loss_curve_", "validation_loss_curve_", "validation_scores_"):
        if getattr(one, name) is not None:
            own = unit * np.array(getattr(one, name))
            np.testing.assert_allclose(getattr(other, name), own, rtol=1e-6)
    assert one.n_iter_ == other.n_iter_
    if stopping:
        assert one.best_iter_ == other.best_iter_


def huber(y, z, delta):
    size = abs(y - z)
    return np.where(size < delta, size**2 / 2, delta * (size - delta / 2)).mean()


ERRORS = {
    "squared_error": lambda y, z, model: mean_squared_error(y, z) / 2,
    "absolute_error": lambda y, z, model: mean_absolute_error(y, z),
    "huber": lambda y, z, model: huber(y, z, 1.345 * model.target_scale_[0]),
    "quantile": lambda y, z, model: mean_pinball_loss(y, z, alpha=0.7),
    "poisson": lambda y, z, model: deviance(y, z) / 2,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_in_the_unit_of_y(loss, capsys):
    X, y = counts()
    y_val = y[::-1]
    model = regressor(loss=loss, quantile=0.7, verbose=True, alpha=0.1)
    model.fit(X, y, X_val=X, y_val=y_val)
    expected = ERRORS[loss](y_val, model.predict(X), model)
    np.testing.assert_allclose(model.validation_loss_curve_[-1], expected, rtol=1e-12)
    assert model.validation_scores_[-1] == -model.validation_loss_curve_[-1]
    line = capsys.readouterr().out.splitlines()[-2]
    assert f"loss {model.loss_:.6f}, validation loss {expected:.6f}" in line
    # After the last step of L-BFGS the objective is known: the loss and the penalty.
    model = regressor(loss=loss, quantile=0.7, solver="lbfgs", alpha=0.1).fit(X, y)
    penalty = 0.05 * sum((coef**2).sum() for coef in model.coefs_)
    unit = model.target_scale_[0] ** LOSSES[loss].degree
    expected = ERRORS[loss](y, model.predict(X), model) + unit * penalty
    np.testing.assert_allclose(model.loss_, expected, rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_several_targets_is_the_mean_in_units_of_their_scales(loss):
    X, y = counts()
    Y = np.column_stack([y, 1000 * y[::-1]])
    model = regressor(loss=loss, quantile=0.7).fit(X, Y, X_val=X, y_val=Y)
    parts = []
    for k, scale in enumerate(model.target_scale_):
        one = RegMLPRegressor()
        one.target_scale_ = [1.0]  # the errors are in units of the scale
        z = model.predict(X)[:, k]
        parts.append(ERRORS[loss](Y[:, k] / scale, z / scale, one))
    np.testing.assert_allclose(model.validation_loss_curve_[-1], np.mean(parts))


# The scale of the targets


@pytest.mark.parametrize("n_targets", [1, 2])
def test_targets_are_standardised_by_the_rows_that_are_trained_on(n_targets):
    X, y = rows(n_targets)
    weights = 1 + (X[:, 0] > 0)
    held_out = []

    def scoring(estimator, X, y, sample_weight):
        held_out.append(X)
        return len(held_out)

    model = regressor(early_stopping=True, scoring=scoring).fit(X, y, weights)
    trained = ~np.isin(X[:, 0], held_out[0][:, 0])
    mean = np.average(y[trained], axis=0, weights=weights[trained])
    variance = np.average((y[trained] - mean) ** 2, axis=0, weights=weights[trained])
    np.testing.assert_allclose(model.target_center_, mean, rtol=1e-12)
    np.testing.assert_allclose(model.target_scale_, np.sqrt(variance), rtol=1e-12)


ROBUST = pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])


@ROBUST
@pytest.mark.parametrize("n_targets", [1, 2])
def test_losses_that_resist_outliers_standardise_by_the_quartiles(loss, n_targets):
    """Rows of an integer weight count as so many copies."""
    X, y = rows(n_targets)
    weights = np.arange(len(X)) % 4
    method = {"axis": 0, "method": "averaged_inverted_cdf"}
    for sample_weight, copies in ((None, 1), (weights, weights)):
        low, median, high = np.quantile(
            np.repeat(y, copies, axis=0), [0.25, 0.5, 0.75], **method
        )
        model = regressor(loss=loss).fit(X, y, sample_weight)
        np.testing.assert_allclose(model.target_center_, median)
        scale = (high - low) / (norm.ppf(0.75) - norm.ppf(0.25))
        np.testing.assert_allclose(model.target_scale_, scale)


@ROBUST
@pytest.mark.parametrize("noise", [0.0, 1e-13])
def test_if_most_of_a_target_is_nearly_equal_its_deviation_counts(loss, noise):
    X, y = rows()
    y[: len(y) * 4 // 5] = -1e3 + noise * X[: len(y) * 4 // 5, 0]
    model = regressor(loss=loss).fit(X, y)
    np.testing.assert_allclose(model.target_center_, -1e3)
    levels = np.quantile(y, [0.05, 0.95], method="averaged_inverted_cdf")
    np.testing.assert_allclose(model.target_scale_, y.clip(*levels).std() / 4)


@ROBUST
def test_if_nearly_all_of_a_target_is_equal_its_deviation_is_the_scale(loss):
    X, y = rows()
    y[: len(y) - 8] = -1e3
    model = regressor(loss=loss).fit(X, y)
    np.testing.assert_allclose(model.target_center_, y.mean())
    np.testing.assert_allclose(model.target_scale_, y.std())


@ROBUST
@pytest.mark.parametrize("wrong", [1e3, 999_999.0, -1e30])
def test_a_wrong_number_in_y_hardly_moves_the_predictions(loss, wrong):
    X, y = rows()
    model = regressor(loss=loss, max_iter=50)
    before = model.fit(X, y).predict(X)
    y[7] = wrong
    moved = model.fit(X, y).predict(X) - before
    assert np.sqrt(np.mean(np.delete(moved, 7) ** 2)) < 0.2 * before.std()


def test_a_weight_in_one_row_leaves_none_to_train_or_none_to_validate_on():
    X, y = rows(n=30)
    for k in range(30):
        weights = (np.arange(30) == k).astype(float)
        model = regressor(early_stopping=True)
        with pytest.raises(ValueError, match=r"sample_weight.*(training|valid)"):
            model.fit(X, y, weights)


def test_counts_are_large_or_refused_whatever_the_type_of_x():
    """The mean is computed in float64, which holds exp(z) up to z = 709."""
    X, y = counts()
    model = regressor(loss="poisson").fit(X, y)
    model.intercepts_[-1][...] = 100
    rows = X.astype(np.float32)
    expected = model.predict(rows.astype(np.float64))
    np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-4)
    assert expected.min() > np.finfo(np.float32).max
    model.intercepts_[-1][...] = 1000
    for rows in (X, X.astype(np.float32)):
        with pytest.raises(ValueError, match="X has values so large"):
            model.predict(rows)


def test_counts_are_divided_by_their_mean():
    X, y = counts()
    model = regressor(loss="poisson").fit(X, y)
    assert model.target_center_ == [0]
    np.testing.assert_allclose(model.target_scale_, y.mean())
    assert model.out_activation_ == "exp"
    assert (model.predict(X) > 0).all()


def test_counts_whose_mean_rounds_to_zero_are_refused_for_their_scale():
    X, _ = rows()
    y = np.nextafter(0, 1) * (np.arange(len(X)) % 2)
    with pytest.raises(ValueError, match=r"^y has a scale of \[0\.0\]"):
        RegMLPRegressor(loss="poisson").fit(X, y)


@pytest.mark.parametrize("hidden", [(), (6,), (6, 6)])
def test_counts_that_vary_little_are_penalised_like_other_numbers(hidden):
    """Near a mean of 1, half the deviance is half the squared error."""
    X, y = rows()
    y = 1e6 * np.exp(0.01 * (y - y.mean()) / y.std())
    params = {"activation": "identity", "solver": "lbfgs", "random_state": 0}
    model = RegMLPRegressor(hidden, max_iter=5000, tol=1e-6, **params)
    theirs = model.fit(X, y).predict(X)
    np.testing.assert_allclose(model.target_variance_, 1)
    ours = model.set_params(loss="poisson").fit(X, y).predict(X)
    np.testing.assert_allclose(model.target_variance_, y.var() / y.mean() ** 2)
    assert (theirs - y.mean()).std() > 0.5 * y.std()
    assert np.abs(ours - theirs).max() < 0.1 * y.std()


def test_a_constant_target_beside_counts_does_not_count():
    X, y = counts()
    model = regressor(loss="poisson").fit(X, np.column_stack([y, np.full(len(y), 5.0)]))
    np.testing.assert_allclose(model.target_variance_, [y.var() / y.mean() ** 2, 0])
    model = regressor(loss="poisson").fit(X, np.full(len(y), 5.0))
    assert model.target_variance_ == [0]
    np.testing.assert_allclose(model.predict(X), 5, rtol=0.05)


@pytest.mark.parametrize(
    ("params", "factor"),
    [
        ({}, 0.2),
        ({"early_stopping": True}, 0.2),
        ({"early_stopping": True, "scoring": "r2"}, 1.0),
        ({"scoring": "r2"}, 0.2),
    ],
)
def test_tol_is_relative_to_the_size_of_losses_alone(params, factor):
    targets = SimpleNamespace(n_outputs=1, head=LOSSES["poisson"](), loss_size=0.2)
    estimator = regressor(loss="poisson", tol=0.5, **params)
    plan = make_plan(estimator, Sample(50, 3, 50), targets)
    assert plan.tol == 0.5 * factor


@pytest.mark.parametrize(("loss_size", "factor"), [(0.2, 1), (2.0, 6)])
def test_the_rate_of_sgd_falls_with_the_variance_of_counts(loss_size, factor):
    targets = SimpleNamespace(
        n_outputs=1, head=LOSSES["poisson"](), loss_size=loss_size
    )
    estimator = RegMLPRegressor(solver="sgd", loss="poisson")
    plan = make_plan(estimator, Sample(1000, 3, 1000), targets)
    assert plan.learning_rate.initial == 0.1 / factor


@pytest.mark.parametrize("mean", [0.1, 3])
def test_sgd_learns_counts(mean):
    """Neither divergence, nor a warning."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(300, 8))
        y = rng.poisson(mean * np.exp(X[:, 0] / 2))
        RegMLPRegressor(solver="sgd", loss="poisson", random_state=seed).fit(X, y)


def test_a_loss_far_above_that_of_counts_which_vary_little_is_warned_of():
    targets = SimpleNamespace(loss_unit=1.0, loss_size=1e-3)
    assert not warning_far_above(5e-4, 3e-3, targets)
    assert warning_far_above(5e-4, 5e-3, targets)


def test_a_stream_of_counts_keeps_the_variance_of_its_first_rows():
    X, y = counts()
    model = regressor(loss="poisson").partial_fit(X[:50], y[:50])
    for part in (slice(50, 51), slice(51, 90)):
        model.partial_fit(X[part], y[part])
    variance = y[:50].var() / y[:50].mean() ** 2
    np.testing.assert_allclose(model.target_variance_, variance)


def test_rare_counts_are_predicted_better_than_by_their_mean():
    """Their loss is large, and with it the penalty."""
    X, _ = rows(n=1000)
    y, fresh = np.random.default_rng(0).poisson(0.1 * np.exp(X[:, 0]), (2, len(X)))
    model = RegMLPRegressor(loss="poisson", random_state=0).fit(X, y)
    mean = np.full(len(y), y.mean())
    assert deviance(fresh, model.predict(X)) < deviance(fresh, mean)


def test_the_variance_of_counts_is_weighted():
    X, y = counts()
    weights = np.arange(len(y)) % 3
    copies = np.repeat(y, weights)
    model = regressor(loss="poisson").fit(X, y, weights)
    expected = copies.var() / copies.mean() ** 2
    np.testing.assert_allclose(model.target_variance_, expected)


@by_name(SOLVERS)
@pytest.mark.parametrize("value", [0.0, 0.1, -1e9, 1e100])
def test_a_constant_target_is_predicted(value, params):
    X, _ = rows()
    rate = {"learning_rate": "cosine", "learning_rate_init": 0.1}
    model = regressor(**params, **rate).set_params(max_iter=100)
    model.fit(X, np.full(len(X), value))
    assert model.target_scale_ == [1]
    np.testing.assert_allclose(model.predict(X), value, rtol=1e-12, atol=0.02)


def test_encoded_targets_are_gathered_without_a_copy_of_all():
    Y = np.arange(12.0).reshape(6, 2)
    own = regressor()._targets_of(Y).scaled_to(Y, None, np.arange(6))
    assert own.encode(Y, np.dtype(np.float32)).flags.c_contiguous


def test_the_loss_of_a_constant_counts_rows_by_their_weights():
    """And is computed in float64, which holds the squares of large errors."""
    y, weights = np.arange(6.0) ** 2, np.array([0, 1, 1, 2, 3, 0])
    own = regressor()._targets_of(y).scaled_to(y, None, np.arange(6))

    def loss(y, weights=None, dtype=np.float64):
        data = Dataset(None, own.encode(y, dtype), weights)
        return own.constant_loss((data, np.arange(len(y))))

    assert loss(y, weights) == pytest.approx(loss(y.repeat(weights)))
    assert loss(y, weights) != pytest.approx(loss(y))
    assert loss(np.append(1e200, y[1:]), weights) == loss(y, weights)
    assert loss(1e25 * y, dtype=np.float32) == pytest.approx(loss(1e25 * y))


def test_targets_are_measured_once():
    y = counts()[1]
    targets = regressor(loss="poisson")._targets_of(y)
    first = targets.measured(y, None)
    assert first.measured(3 * y, None).loss_size == first.loss_size
    assert targets.measured(3 * y, None).loss_size != first.loss_size


@pytest.mark.parametrize("loss", LOSSES)
def test_a_target_that_is_there_twice_leaves_the_size_of_the_loss(loss):
    y = counts()[1]
    sizes = [
        regressor(loss=loss)._targets_of(targets).measured(targets, None).loss_size
        for targets in (y, np.column_stack([y, y]))
    ]
    assert sizes[0] == pytest.approx(sizes[1])


def test_one_target_of_extreme_scale_among_others_is_refused():
    X, y = rows()
    with pytest.raises(ValueError, match=r"^y has a scale of"):
        regressor().fit(X, np.column_stack([y, 1e-200 * y]))


def test_one_row():
    model = regressor().fit([[1.0, 2.0]], [7.0])
    assert model.predict([[1.0, 2.0]]) == 7


def test_a_target_that_hardly_varies_far_from_zero():
    """Predictions are float64, whatever X is."""
    X, y = rows()
    y = 1e9 + (y - y.mean()) / y.std()
    model = regressor(max_iter=100).fit(X.astype(np.float32), y)
    assert model.predict(X.astype(np.float32)).dtype == np.float64
    assert model.score(X.astype(np.float32), y) > 0.8


@pytest.mark.parametrize(
    ("loss", "units"),
    [("squared_error", (1e150, 1e-150)), ("absolute_error", (1e300, 1e-300))],
)
def test_huge_and_tiny_units(loss, units):
    X, y = rows()
    y = (y - y.mean()) / y.std()
    model = regressor(loss=loss)
    expected = model.fit(X, y).predict(X)
    for unit in units:
        np.testing.assert_allclose(
            model.fit(X, unit * y).predict(X), unit * expected, rtol=1e-9
        )


# Streams


def test_the_first_call_of_a_stream_decides_the_scale():
    X, y = rows()
    model = regressor().partial_fit(X[:50], y[:50])
    mean, scale = y[:50].mean(), y[:50].std()
    np.testing.assert_allclose(model.target_center_, mean)
    np.testing.assert_allclose(model.target_scale_, scale)
    before = model.target_center_, model.target_scale_
    for part in (slice(50, 51), slice(51, 90)):
        model.partial_fit(X[part], y[part])
    model.partial_fit(X, np.full(len(X), 3.0))
    assert (model.target_center_, model.target_scale_) == before


def test_a_stream_after_a_fit_keeps_the_scale_of_the_fit():
    X, y = rows()
    model = regressor().fit(X, y)
    model.partial_fit(X[:1], y[:1])
    np.testing.assert_allclose(model.target_center_, y.mean())


@pytest.mark.parametrize("n", [1, 20])
def test_a_first_call_without_a_scale_is_refused(n):
    X, y = rows()
    model = regressor()
    with pytest.raises(ValueError, match=rf"constant in its {n} row"):
        model.partial_fit(X[:n], np.full(n, 3.0))
    assert not hasattr(model, "coefs_")
    weights = np.zeros(len(X))
    weights[0] = 1
    with pytest.raises(ValueError, match="constant"):
        model.partial_fit(X, y, weights)
    counting = regressor(loss="poisson").partial_fit(X[:n], np.full(n, 3.0))
    assert counting.target_scale_ == [3]


def test_a_stream_that_begins_with_a_row_of_zeros_keeps_the_unit_of_y():
    row = np.zeros((1, 4))
    model = RegMLPRegressor((10,), learning_rate_init=0.01, random_state=0)
    with pytest.raises(ValueError, match="first call fit with one row of zeros"):
        model.partial_fit(row + 1, [3.0])
    model.fit(row, [0.0])
    for _ in range(300):
        model.partial_fit(row + 1, [3.0])
    assert (model.target_center_, model.target_scale_) == (0, 1)
    assert model.predict(row + 1) == pytest.approx([3], abs=0.1)


def test_an_epoch_of_a_stream_is_an_epoch_of_a_fit():
    X, y = rows()
    stream, fit = regressor(), regressor(max_iter=1)
    assert_same_network(stream.partial_fit(X, y), fit.fit(X, y))


# Several targets, and going on


def test_targets_share_the_hidden_layers_alone():
    """Without any, each is fitted as if it were alone, under a penalty as large."""
    X, Y = rows(3)
    together = regressor(alpha=0.01, **CONVEX).fit(X, Y)
    for k in range(3):
        alone = regressor(alpha=0.03, **CONVEX).fit(X, Y[:, k])
        differences = together.predict(X)[:, k] - alone.predict(X)
        assert np.abs(differences).max() < 1e-6 * Y[:, k].std()


def test_a_column_is_one_target():
    X, y = rows()
    with pytest.warns(DataConversionWarning, match="column-vector"):
        column = regressor().fit(X, y[:, None])
    assert_same_network(column, regressor().fit(X, y))
    assert column.predict(X).shape == y.shape


@pytest.mark.parametrize("before", ["squared_error", "poisson"])
def test_predictions_stay_whatever_loss_is_set_later(before):
    X, y = counts()
    model = regressor(loss=before).fit(X, y)
    predicted = model.predict(X)
    for loss in ("squared_error", "quantile", "poisson", "unknown"):
        model.set_params(loss=loss, quantile="none")
        np.testing.assert_array_equal(model.predict(X), predicted)


def test_a_loss_with_another_link_does_not_fit_the_network():
    X, y = counts()
    model = regressor().fit(X, y).set_params(loss="poisson", warm_start=True)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"loss needs .*'exp', but .* 'identity'"):
            call(X, y)
    model.set_params(warm_start=False).fit(X, y)
    assert model.out_activation_ == "exp"


def test_training_goes_on_with_another_loss_of_the_same_link():
    X, y = rows()
    model = regressor(warm_start=True).fit(X, y)
    before = model.predict(X)
    model.set_params(loss="quantile", quantile=0.9)
    np.testing.assert_array_equal(model.predict(X), before)
    model.set_params(max_iter=100).fit(X, y)
    assert 0.8 < np.mean(y < model.predict(X)) < 1


# Intervals


def test_quantile_networks_cover_what_they_say():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (6000, 2))
    y = 10 * X[:, 0] + np.exp(1 + X[:, 1]) * rng.gamma(2.0, size=6000)
    low, high = (
        regressor(
            hidden_layer_sizes=(32,), loss="quantile", quantile=q, batch_size=64,
            learning_rate="cosine", learning_rate_init=0.01, max_iter=20,
        ).fit(X[:3000], y[:3000]).predict(X[3000:])
        for q in (0.05, 0.95)
    )  # fmt: skip
    covered = (low < y[3000:]) & (y[3000:] < high)
    assert abs(covered.mean() - 0.9) < 0.02


# Conventions


@pytest.mark.parametrize("kind", NUMBERS)
@by_name(SOLVERS)
def test_fitted_attributes_have_the_layout_of_scikit_learn(kind, params):
    X, y = problem(kind)
    ours = network(kind=kind, hidden_layer_sizes=(6, 3), **params).fit(X, y)
    theirs = MLPRegressor(hidden_layer_sizes=(6, 3), max_iter=5).fit(X, y)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("coefs_", "intercepts_"):
        shapes = [array.shape for array in getattr(theirs, name)]
        assert [array.shape for array in getattr(ours, name)] == shapes
    assert ours.predict(X).shape == y.shape
    assert ours.target_center_.shape == ours.target_scale_.shape == (ours.n_outputs_,)


def test_tags_are_true():
    tags = RegMLPRegressor().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.target_tags.multi_output
    assert not tags.target_tags.positive_only
    assert RegMLPRegressor(loss="poisson").__sklearn_tags__().target_tags.positive_only


def parameters_of(estimator):
    """Return what the docstring says of each parameter."""
    section = inspect.getdoc(estimator).partition("Parameters\n----------\n")[2]
    section = section.partition("Attributes\n")[0]
    return dict(re.findall(r"^(\w+) : (.*?)(?=^\w|\Z)", section, re.M | re.S))


def test_parameters_that_are_shared_are_described_alike():
    own = {"hidden_layer_sizes", "tol", "validation_fraction", "dtype"}
    # Their automatic values differ.
    own |= {"alpha", "keep_prob", "input_keep_prob", "learning_rate_init"}
    ours, theirs = map(parameters_of, (RegMLPRegressor, RegMLPClassifier))
    shared = ours.keys() & theirs.keys() - own
    assert len(shared) > 20
    for name in shared:
        assert ours[name] == theirs[name], name
    defaults = RegMLPRegressor().get_params(), RegMLPClassifier().get_params()
    for name in ours.keys() & theirs.keys():
        assert defaults[0][name] == defaults[1][name], name
