"""What "auto" means, in one table apart from the package, and that it never clashes."""

from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
from estimators import one_in, problem
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skreg import RegMLPClassifier, RegMLPRegressor
from skreg._engine.heads import Binary, SquaredError
from skreg._engine.penalties import L2
from skreg._inputs.plan import make_plan
from skreg._inputs.sample import STREAM_ROWS, Sample
from skreg._training.schedules import SCHEDULES

BATCH_SIZES = {0: 8, 256: 16, 512: 32, 1024: 64, 2048: 128, 4096: 256}
"""By the least number of rows.

With early stopping half as many are enough, and in a stream twice as many are needed.
"""
RATES = {"adam": 8e-3, "sgd": 0.4}
"""Of the schedule "cosine"."""
CONSTANT_RATES = {"adam": 1e-3, "sgd": 0.1}
"""Of the other schedules."""
N_ROWS = [1, 42, 43, *(n - k for n in BATCH_SIZES if n for k in (1, 0)), 10**7]
BINARY = SimpleNamespace(n_outputs=1, head=Binary(), loss_size=1.0)
NUMBER = SimpleNamespace(n_outputs=1, head=SquaredError(), loss_size=1.0)


def batch_size_of(n_rows):
    return max(size for least, size in BATCH_SIZES.items() if least <= n_rows)


def plan_of(n_rows, stream=False, **params):
    sample = Sample(n_rows, 7, STREAM_ROWS if stream else n_rows, is_stream=stream)
    return make_plan(RegMLPClassifier(**params), sample, BINARY)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_classifier_drops_a_fifth_of_many_features(solver):
    def kept(n_features=200, n_rows=100, estimator=RegMLPClassifier, **params):
        stream = n_rows is None
        sample = Sample(n_rows or 100, n_features, n_rows or 100, is_stream=stream)
        targets = NUMBER if estimator is RegMLPRegressor else BINARY
        plan = make_plan(estimator(**{"solver": solver} | params), sample, targets)
        return plan.keep_probs[0]

    assert kept() == kept(3000) == 0.8
    assert kept(199) == kept(n_rows=42) == kept(n_rows=None) == 1
    assert kept(early_stopping=True) == kept(hidden_layer_sizes=()) == 1
    assert kept(solver="lbfgs") == kept(estimator=RegMLPRegressor) == 1
    assert kept(input_keep_prob=1.0) == 1


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("n_rows", N_ROWS)
def test_auto_of_a_fit(n_rows, solver):
    plan = plan_of(n_rows, solver=solver)
    few, size = n_rows <= 42, batch_size_of(n_rows)
    assert plan.batch_size == (n_rows if few else size)
    scaled = solver == "adam" and not few
    strength = 25 if scaled else 50
    assert plan.network.scaled == scaled
    assert plan.penalties == (L2((0.1,) * 3 if few else (strength / n_rows, 0, 0)),)
    assert plan.keep_probs == ([1, 1, 1] if few else [1, 0.8, 0.8])
    assert plan.dtype == ("float64" if few else "float32")
    assert plan.learning_rate.schedule is SCHEDULES["cosine"]
    longer = {"adam": 2, "sgd": 1}
    if not few:
        longer = {"adam": 0.5 if size < 16 else 1, "sgd": min(2, size / 16)}
    assert plan.learning_rate.initial == longer[solver] * RATES[solver]
    assert plan.max_iter == 32
    assert plan.patience == inf


@pytest.mark.parametrize("n_rows", N_ROWS)
def test_auto_of_lbfgs(n_rows):
    plan = plan_of(n_rows, solver="lbfgs")
    assert plan.penalties == (L2((0.1 if n_rows <= 42 else 10 / n_rows,) * 3),)
    sample = Sample(n_rows, 7, n_rows)
    regression = make_plan(RegMLPRegressor(solver="lbfgs"), sample, NUMBER)
    assert regression.penalties == (L2((0.1 if n_rows <= 42 else 4 / n_rows,) * 3),)
    assert plan.keep_probs == [1, 1, 1]
    assert plan.batch_size == n_rows
    assert plan.dtype == "float64"
    assert plan.learning_rate is None
    assert plan.max_iter == 200
    assert plan.patience == inf


@pytest.mark.parametrize("n_rows", N_ROWS)
def test_auto_of_early_stopping(n_rows):
    plan = plan_of(n_rows, early_stopping=True)
    few = n_rows <= 42
    assert plan.penalties == (L2((0.1,) * 3 if few else (8 / n_rows, 0, 0)),)
    assert plan.keep_probs == ([1, 1, 1] if few else [1, 0.9, 0.9])
    assert plan.batch_size == (n_rows if few else batch_size_of(2 * n_rows))
    assert plan.patience == 20


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_regressor_is_penalised_less(early_stopping, solver):
    estimator = RegMLPRegressor(early_stopping=early_stopping, solver=solver)
    plan = make_plan(estimator, Sample(100, 7, 100), NUMBER)
    strength = (2 if early_stopping else 4) * (1 if solver == "adam" else 2)
    assert plan.penalties == (L2((strength / 100, 0, 0)),)
    assert plan.keep_probs == [1, *[1 if early_stopping else 0.9] * 2]


@pytest.mark.parametrize("n_rows", [42, 700])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_of_sgd_in_regression_is_a_quarter_by_any_schedule(schedule, n_rows):
    estimator = RegMLPRegressor(solver="sgd", learning_rate=schedule)
    plan = make_plan(estimator, Sample(n_rows, 7, n_rows), NUMBER)
    assert plan.learning_rate.initial == RATES["sgd"] / 4


@pytest.mark.parametrize(
    "params", [{}, {"early_stopping": True}, {"solver": "sgd"}, {"solver": "lbfgs"}]
)
@pytest.mark.parametrize("n_rows", [42, 100])
def test_logistic_units_are_penalised_a_sixteenth(n_rows, params):
    (one,) = plan_of(n_rows, activation="logistic", **params).penalties
    (other,) = plan_of(n_rows, activation="tanh", **params).penalties
    np.testing.assert_allclose(np.multiply(one.alphas, 16), other.alphas)
    alone = {"hidden_layer_sizes": (), **params}
    one, other = (plan_of(n_rows, activation=a, **alone) for a in ("logistic", "tanh"))
    assert one.penalties == other.penalties


@pytest.mark.parametrize(
    ("n_rows", "early_stopping", "hidden"),
    [
        (40, False, (256, 256)),  # fewer logistic units hardly learn in so few steps
        (100, False, (64, 64)),
        (100, True, (64, 64)),
    ],
)
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_every_activation_learns(activation, solver, n_rows, early_stopping, hidden):
    X = np.random.default_rng(0).normal(size=(n_rows, 4))
    params = {"activation": activation, "solver": solver, "random_state": 0}
    params |= {"early_stopping": early_stopping, "tol": 0.01}
    params["hidden_layer_sizes"] = hidden
    classes, numbers = X[:, 0] > 0, X[:, 0] + X[:, 1]
    assert RegMLPClassifier(**params).fit(X, classes).score(X, classes) > 0.85
    assert RegMLPRegressor(**params).fit(X, numbers).score(X, numbers) > 0.6


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("n_rows", N_ROWS)
def test_auto_of_a_stream(n_rows, solver):
    plan = plan_of(n_rows, stream=True, solver=solver)
    assert plan.batch_size == min(n_rows, batch_size_of(n_rows // 2))
    assert plan.network.scaled == (solver == "adam")
    assert plan.penalties == (L2(((25 if solver == "adam" else 50) / 50_000, 0, 0)),)
    assert plan.keep_probs == [1, 0.8, 0.8]
    assert plan.dtype == "float32"
    assert plan.learning_rate.schedule is SCHEDULES["constant"]
    slower = min(1, plan.batch_size / 16) if solver == "sgd" else 1
    assert plan.learning_rate.initial == slower * CONSTANT_RATES[solver]


@pytest.mark.parametrize("batch_size", [1, 4, 16, 32, 40, 50])
@pytest.mark.parametrize("estimator", [RegMLPClassifier, RegMLPRegressor])
def test_the_rate_of_sgd_is_proportional_to_small_batches(estimator, batch_size):
    targets = NUMBER if estimator is RegMLPRegressor else BINARY
    share, longest = (1, 2) if estimator is RegMLPClassifier else (1 / 4, 1)
    rate = RATES["sgd"] * share
    for n_rows in (40, 200):
        model = estimator(solver="sgd", batch_size=batch_size)
        plan = make_plan(model, Sample(n_rows, 7, n_rows), targets)
        factor = 1 if batch_size >= n_rows else min(longest, batch_size / 16)
        assert plan.learning_rate.initial == rate * factor
    plan = make_plan(model, Sample(8, 7, 8), targets)
    all_rows = batch_size >= 8  # so their gradient has no noise
    assert plan.learning_rate.initial == rate * (1 if all_rows else batch_size / 16)


@pytest.mark.parametrize("estimator", [RegMLPClassifier, RegMLPRegressor])
def test_the_rate_of_sgd_falls_with_the_rows_that_count_in_a_batch(estimator):
    X, y = problem(n=1000)
    fifth = np.arange(1000) % 5 == 0
    network = estimator(solver="sgd", batch_size=16, random_state=0)
    few, all_rows = (clone(network).fit(X, y, w) for w in (fifth, None))
    rates = (n.auto_params_["learning_rate_init"] for n in (few, all_rows))
    assert next(rates) == pytest.approx(next(rates) / 5)
    # At the rate for all rows, the regressor diverges.
    assert few.score(X, y) > 0.8 * all_rows.score(X, y) > 0.5


@pytest.mark.parametrize("batch_size", [8, 40])
def test_only_a_single_batch_of_few_rows_has_longer_steps(batch_size):
    plan = plan_of(40, batch_size=batch_size)
    longer = 2 if batch_size == 40 else 0.5
    assert plan.learning_rate.initial == RATES["adam"] * longer
    assert plan_of(43, batch_size=43).learning_rate.initial == RATES["adam"]


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_sgd_learns_from_batches_of_few_rows(batch_size):
    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    model = RegMLPClassifier(32, solver="sgd", batch_size=batch_size, random_state=0)
    assert log_loss(y, model.fit(X, y).predict_proba(X)) < 0.1
    numbers = RegMLPRegressor(32, solver="sgd", batch_size=batch_size, random_state=0)
    assert numbers.fit(X[:, :-1], X[:, -1]).score(X[:, :-1], X[:, -1]) > 0.6


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_auto_of_other_schedules(schedule, early_stopping):
    plan = plan_of(500, learning_rate=schedule, early_stopping=early_stopping)
    planned = schedule == "cosine"
    assert plan.learning_rate.initial == (RATES if planned else CONSTANT_RATES)["adam"]
    assert plan.max_iter == (32 if planned else 200)
    assert plan.patience == (inf if planned and not early_stopping else 20)


@pytest.mark.parametrize("hidden", [(), (5,), (5, 4, 3)])
def test_auto_fits_any_number_of_layers(hidden):
    plan = plan_of(500, hidden_layer_sizes=hidden)
    assert plan.keep_probs == [1, *[0.8] * len(hidden)]
    strength = {0: 1, 1: 25 / 4}.get(len(hidden), 25)
    alphas = strength / 500, *[0] * len(hidden)
    assert plan.network.scaled == bool(hidden)
    assert plan.penalties == (L2(alphas),)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_auto_without_feature_scales_has_twice_the_penalty(early_stopping):
    params = {"early_stopping": early_stopping}
    with_them, without = (
        plan_of(500, feature_scales=value, **params) for value in ("auto", False)
    )
    assert not without.network.scaled
    (double,), (single,) = without.penalties, with_them.penalties
    assert double.alphas == tuple(2 * alpha for alpha in single.alphas)


@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("hidden", [(), (3,), (3, 3)])
def test_small_features_of_few_rows_are_as_good(hidden, activation):
    X, y = problem(n=40)
    X = 1.4 * MinMaxScaler().fit_transform(X)
    params = {"solver": "lbfgs", "max_iter": 2000, "tol": 1e-10, "random_state": 2}
    network = RegMLPClassifier(hidden, activation=activation, **params).fit(X, y)
    expected, loss = network.predict_proba(X), network.loss_
    # Of an equal network for smaller features, each layer has larger weights.
    factor = 10 ** (1 / len(network.coefs_))
    network.coefs_ = [factor * W for W in network.coefs_]
    heights = factor ** np.arange(1, len(network.coefs_) + 1) / 10
    network.intercepts_ = [*map(np.multiply, heights, network.intercepts_)]
    np.testing.assert_allclose(network.predict_proba(X / 10), expected, rtol=1e-6)
    network.set_params(warm_start=True).fit(X / 10, y)
    np.testing.assert_allclose(network.predict_proba(X / 10), expected, atol=1e-4)
    assert network.loss_ == pytest.approx(loss)


@pytest.mark.parametrize(
    ("params", "power"),
    [
        ({}, 1),
        ({"early_stopping": True}, 1),
        ({"feature_scales": False}, 1),
        ({"solver": "sgd"}, 1),
        ({"solver": "lbfgs"}, 2 / 3),
        ({"solver": "lbfgs", "hidden_layer_sizes": 9}, 2 / 2),
        ({"hidden_layer_sizes": ()}, 0),
    ],
)
def test_small_features_are_penalised_less(params, power):
    X, y = problem(n=100)
    X = X / np.ptp(X, axis=0).max()
    params = {"hidden_layer_sizes": (9, 9), "tol": 1, "random_state": 0} | params
    small, large = (
        np.asarray(RegMLPClassifier(**params).fit(scale * X, y).auto_params_["alpha"])
        for scale in (1, 2)
    )
    np.testing.assert_allclose(small, large / 4**power)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True},
        {"solver": "sgd"},
        {"solver": "lbfgs"},
        {"hidden_layer_sizes": ()},
    ],
)
def test_the_penalty_follows_the_effective_size(params):
    X, y = problem(n=200)
    copies = np.r_[np.full(100, 3.0), np.zeros(100)]
    params = {"hidden_layer_sizes": (4, 4), "tol": 1, "random_state": 0} | params
    network = RegMLPClassifier(**params)
    few, many = (clone(network).fit(X, y, w).auto_params_ for w in (copies, None))
    factor = 2 if params["hidden_layer_sizes"] else 1
    np.testing.assert_allclose(few["alpha"], np.multiply(factor, many["alpha"]))


@pytest.mark.parametrize(
    ("params", "n_rows", "power"),
    [
        ({}, 100, 1),
        ({"solver": "lbfgs"}, 100, 2 / 3),
        ({"solver": "lbfgs", "hidden_layer_sizes": 9}, 100, 1 / 2),
        ({}, 42, 2 / 3),
        ({"hidden_layer_sizes": ()}, 42, 0),
        ({"hidden_layer_sizes": ()}, 100, 0),
    ],
)
def test_small_losses_are_penalised_less(params, n_rows, power):
    small, one = (
        make_plan(
            RegMLPRegressor(**params),
            Sample(n_rows, 7, n_rows),
            SimpleNamespace(n_outputs=1, head=SquaredError(), loss_size=loss_size),
        ).penalties[0]
        for loss_size in (0.2, 1.0)
    )
    np.testing.assert_allclose(small.alphas, np.multiply(0.2**power, one.alphas))


@pytest.mark.parametrize(("n_rows", "factor"), [(42, 1), (43, 1 / 4)])
def test_small_features_of_many_rows_alone_are_penalised_less_for_numbers(
    n_rows, factor
):
    small, standardised = (
        make_plan(RegMLPRegressor(), Sample(n_rows, 7, n_rows, size), NUMBER).penalties
        for size in (0.25, 1.0)
    )
    np.testing.assert_allclose(
        small[0].alphas, np.multiply(factor, standardised[0].alphas)
    )


@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_few_rows_have_a_tenth_of_a_penalty_without_hidden_layers(solver, activation):
    params = {"hidden_layer_sizes": (), "activation": activation}
    assert plan_of(42, solver=solver, **params).penalties == (L2((0.1,)),)


@pytest.mark.parametrize("name", ["early_stopping", "feature_scales"])
@pytest.mark.parametrize("value", [False, True])
def test_booleans_of_numpy_are_those_of_python(name, value):
    one, other = (plan_of(100, **{name: kind(value)}) for kind in (bool, np.bool_))
    assert other.auto_params == one.auto_params
    assert other.penalties == one.penalties
    assert other.keep_probs == one.keep_probs
    assert other.network.scaled == one.network.scaled


def test_class_weights_count_in_the_effective_size():
    X, y = problem(n=200)
    y = np.arange(200) < 20
    network = RegMLPClassifier((4, 4), max_iter=1, random_state=0)
    balanced, weighted, plain = (
        clone(network).set_params(class_weight=by_class).fit(X, y, weights)
        for by_class, weights in [
            ("balanced", None),
            (None, np.where(y, 9.0, 1.0)),
            (None, None),
        ]
    )
    assert balanced.auto_params_ == weighted.auto_params_
    ratio = balanced.auto_params_["alpha"][0] / plain.auto_params_["alpha"][0]
    assert ratio == pytest.approx(200 / 120)  # the geometric mean of 2 * 20 and 2 * 180


def test_a_stream_and_few_numbers_do_not_look_at_the_size_of_features():
    X, y = problem(n=40)
    X = X / np.ptp(X, axis=0).max()
    stream, few = (
        [train(scale * X).auto_params_["alpha"] for scale in (1, 2)]
        for train in (
            lambda X: RegMLPClassifier().partial_fit(X, y, [0, 1]),
            lambda X: RegMLPRegressor().fit(X, y),
        )
    )
    assert stream[0] == stream[1]
    assert few == [0.1, 0.1]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_auto_without_hidden_layers_is_that_of_logistic_regression(solver):
    X, y = problem(n=100)
    network = RegMLPClassifier((), solver="lbfgs", max_iter=1000, tol=1e-8)
    theirs = LogisticRegression(max_iter=1000, tol=1e-8).fit(X, y)
    ours = network.fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0].T, theirs.coef_, rtol=1e-4)
    plan = plan_of(100, solver=solver, hidden_layer_sizes=())
    assert plan.penalties == (L2((1 / 100,)),)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("estimator", [RegMLPClassifier, RegMLPRegressor])
def test_a_single_hidden_layer_is_penalised_a_quarter(
    estimator, solver, early_stopping
):
    params = {"solver": solver, "early_stopping": early_stopping}
    targets = NUMBER if estimator is RegMLPRegressor else BINARY
    one, two, three = (
        make_plan(estimator(hidden, **params), Sample(100, 7, 100), targets)
        for hidden in ((64,), (64, 64), (64, 64, 64))
    )
    (first,), (second,), (third,) = (plan.penalties for plan in (one, two, three))
    assert 4 * first.alphas[0] == second.alphas[0] == third.alphas[0]
    assert not any(first.alphas[1:])
    rates = [plan.learning_rate.initial for plan in (one, two, three)]
    assert rates == [rates[1] * (2 if solver == "adam" else 1), rates[1], rates[1]]


@pytest.mark.parametrize(
    ("hidden", "max_iter", "complete"),
    [((9,), "auto", True), ((9,), 200, False), ((), "auto", False)],
)
def test_the_automatic_iterations_of_lbfgs_are_a_plan_with_hidden_layers(
    hidden, max_iter, complete
):
    plan = plan_of(100, hidden_layer_sizes=hidden, max_iter=max_iter, solver="lbfgs")
    assert plan.max_iter == 200
    assert plan.ends_by_plan == complete


def test_lbfgs_warns_where_it_reaches_a_limit_that_was_given():
    X, y = problem(n=100)
    network = RegMLPClassifier(9, solver="lbfgs", tol=0, random_state=0)
    assert network.fit(X, y).n_iter_ == 200
    for limit in ({"max_iter": 20}, {"max_fun": 20}):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
            clone(network).set_params(**limit).fit(X, y)


@pytest.mark.parametrize(("hidden", "factor"), [((), 5), ((9,), 2), ((9, 9), 1)])
def test_adam_takes_longer_steps_through_fewer_layers(hidden, factor):
    for n_rows, few in ((40, 2), (300, 1)):
        plan = plan_of(n_rows, hidden_layer_sizes=hidden)
        assert plan.learning_rate.initial == RATES["adam"] * factor * few


@pytest.mark.parametrize("n_rows", [40, 400])
def test_adam_comes_near_the_minimum_without_hidden_layers(n_rows):
    X, y = problem(n=n_rows)
    exact = RegMLPClassifier((), solver="lbfgs").fit(X, y)
    assert RegMLPClassifier((), random_state=0).fit(X, y).loss_ < exact.loss_ + 0.01
    numbers = X @ [1, -2, 0.5, 1, 3] + 1
    model = RegMLPRegressor((), random_state=0).fit(X, numbers)
    assert model.score(X, numbers) > 0.97


def test_no_activation_without_hidden_layers():
    X, y = problem(n=100)
    relu, logistic = (
        RegMLPClassifier((), activation=name, random_state=0).fit(X, y)
        for name in ("relu", "logistic")
    )
    np.testing.assert_array_equal(relu.coefs_[0], logistic.coefs_[0])


GIVEN = {
    "alpha": 0.3,
    "keep_prob": 0.9,
    "batch_size": 7,
    "learning_rate": "invscaling",
    "learning_rate_init": 0.5,
    "max_iter": 9,
    "dtype": "float64",
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("n_rows", [40, 500])
@pytest.mark.parametrize("name", GIVEN)
def test_a_given_value_replaces_its_own_auto_alone(name, n_rows, stream):
    plan = plan_of(n_rows, stream, **{name: GIVEN[name]})
    auto = plan_of(n_rows, stream)
    values = {
        "alpha": lambda plan: plan.penalties,
        "keep_prob": lambda plan: plan.keep_probs,
        "batch_size": lambda plan: plan.batch_size,
        "learning_rate": lambda plan: plan.learning_rate.schedule,
        "learning_rate_init": lambda plan: plan.learning_rate.initial,
        "max_iter": lambda plan: plan.max_iter,
        "dtype": lambda plan: plan.dtype,
    }
    follow = {
        "learning_rate": {"learning_rate_init", "max_iter"},
        "batch_size": {"learning_rate_init"},
    }
    for other, value in values.items():
        if other not in {name} | follow.get(name, set()):
            assert value(plan) == value(auto), other
    assert values[name](plan_of(n_rows, stream, **GIVEN)) == values[name](plan)


CHANGED = {
    "hidden_layer_sizes": [(), 5, (5, 4, 3)],
    "activation": ["identity", "logistic", "tanh"],
    "feature_scales": [False, True],
    "alpha": [0, 0.1, [0.1, 0, 0]],
    "keep_prob": [1, 0.5, [0.5, 1]],
    "input_keep_prob": [0.5],
    "dropout_mask": ["batch"],
    "batch_size": [8, 10**6],
    "learning_rate_init": [0.01],
    "power_t": [0.3],
    "learning_rate_decay": [0.1],
    "momentum": [0],
    "nesterovs_momentum": [True],
    "beta_2": [0.9],
    "epsilon": [1e-3],
    "max_iter": [1],
    "max_fun": [1],
    "tol": [0, 1e9],
    "n_iter_no_change": [1, np.inf],
    "early_stopping": [True],
    "validation_fraction": [0.5],
    "scoring": ["accuracy"],
    "class_weight": ["balanced", {0: 2.0}],
    "dtype": ["float32", "float64"],
    "shuffle": [False],
    "warm_start": [True],
    "random_state": [0],
}
REFUSED_BY_LBFGS = {"keep_prob": (1,), "input_keep_prob": (), "batch_size": ()}
"""All but these values."""


@pytest.mark.filterwarnings("ignore:Maximum iter:sklearn.exceptions.ConvergenceWarning")
@one_in(
    3,
    name=CHANGED,
    solver=["adam", "sgd", "lbfgs"],
    schedule=["auto", *SCHEDULES],
    n_rows=[40, 80],
)
def test_no_change_makes_an_error_of_a_default(name, solver, schedule, n_rows):
    X, y = problem(n=n_rows)
    for value in CHANGED[name]:
        if solver == "lbfgs" and value not in REFUSED_BY_LBFGS.get(name, [value]):
            continue
        given = {"hidden_layer_sizes": (4, 4), "max_iter": 2, "random_state": 0}
        given |= {name: value}
        model = RegMLPClassifier(solver=solver, learning_rate=schedule, **given)
        model.fit(X, y).predict_proba(X)
        if solver != "lbfgs" and name not in ("early_stopping", "class_weight"):
            clone(model).partial_fit(X, y, classes=np.unique(y))


def test_the_table_of_changes_is_whole():
    given = {"solver", "learning_rate", "engine", "verbose"}
    assert CHANGED.keys() == RegMLPClassifier().get_params().keys() - given


def test_a_fit_at_the_defaults_carries_out_its_plan_and_warns_of_nothing():
    X, y = problem(n=300)
    model = RegMLPClassifier(tol=1e9, random_state=0).fit(X, y)
    assert model.n_iter_ == 32
    steps = (1 + np.cos(np.pi * np.arange(32) / 32)) / 2
    np.testing.assert_allclose(model.learning_rate_curve_, RATES["adam"] * steps)


def test_a_fit_says_what_auto_is():
    X, y = problem(n=100)
    model = RegMLPClassifier(solver="sgd", keep_prob=0.5).fit(X, y)
    assert model.auto_params_ == {
        "feature_scales": False,
        "alpha": [0.5, 0.0, 0.0],
        "input_keep_prob": 1.0,
        "batch_size": 8,
        "learning_rate": "cosine",
        "learning_rate_init": 0.2,
        "max_iter": 32,
        "dtype": "float32",
    }
    model.set_params(solver="lbfgs", keep_prob="auto", tol=0.1).fit(X, y)
    assert model.auto_params_ == {
        "feature_scales": False,
        "alpha": 0.1,
        "keep_prob": 1.0,
        "input_keep_prob": 1.0,
        "max_iter": 200,
        "dtype": "float64",
    }


def test_without_hidden_layers_no_unit_may_be_dropped():
    X, y = problem(n=100)
    assert "keep_prob" not in RegMLPClassifier(()).fit(X, y).auto_params_


def test_a_stream_at_the_defaults_has_a_constant_rate():
    X, y = problem(n=100)
    model = RegMLPClassifier(random_state=0)
    for _ in range(40):
        model.partial_fit(X, y, [0, 1])
    assert model.learning_rate_curve_ == [CONSTANT_RATES["adam"]] * 40


def test_a_fit_that_goes_on_as_a_stream_keeps_what_it_is():
    X, y = problem(n=40)
    model = RegMLPClassifier(random_state=0).fit(X, y).partial_fit(X, y)
    assert model.coefs_[0].dtype == np.float64
    assert model.learning_rate_curve_[-1] == CONSTANT_RATES["adam"]
