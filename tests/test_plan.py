"""Hyperparameters: which settings are the same, and what they do to a fit."""

import numpy as np
import pytest
from estimators import SHORT_FITS, assert_same_network, network, problem
from helpers import ENGINES

pytestmark = SHORT_FITS


@pytest.mark.parametrize("sizes", [6, [6], (6,), np.array([6])], ids=repr)
def test_hidden_layer_sizes_may_be_a_number_or_any_sequence(sizes):
    X, y = problem()
    assert_same_network(
        network(hidden_layer_sizes=sizes).fit(X, y), network().fit(X, y)
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"batch_size": 10**12}, {"batch_size": 60}),
        ({"dropout_mask": "batch"}, {"dropout_mask": "sample"}),
        ({"alpha": [0.1, 0.1]}, {"alpha": 0.1}),
        ({"alpha": (0, 0)}, {"alpha": 0.0}),
        ({"alpha": np.array([0.5, 0], np.float32)}, {"alpha": [0.5, 0.0]}),
        ({"keep_prob": [1.0]}, {"keep_prob": 1.0}),
        ({"keep_prob": [0.5]}, {"keep_prob": 0.5}),
        ({"keep_prob": np.array([0.5], np.float32)}, {"keep_prob": 0.5}),
        ({"hidden_layer_sizes": (), "keep_prob": 0.5}, {"hidden_layer_sizes": ()}),
        ({"random_state": np.random.RandomState(0)}, {"random_state": 0}),
    ],
    ids=", ".join,
)
def test_equal_settings(a, b):
    X, y = problem()
    assert_same_network(network(**a).fit(X, y), network(**b).fit(X, y))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", np.float16(0.01)),
        ("alpha", np.float64(0.01)),
        ("batch_size", np.uint8(7)),
        ("beta_2", np.float16(0.9)),
        ("epsilon", np.float16(0.01)),
        ("learning_rate_decay", np.float32(0.1)),
        ("learning_rate_init", np.float16(0.01)),
        ("max_iter", np.uint8(200)),
        ("momentum", np.float16(0.7)),
        ("power_t", np.int64(1)),
        ("power_t", np.uint8(1)),
        ("tol", np.float16(0.001)),
        ("validation_fraction", np.float32(0.3)),
    ],
    ids=repr,
)
def test_numbers_of_numpy_are_taken_as_those_of_python(name, value):
    X, y = problem(n=20)
    params = {
        "learning_rate": "invscaling",
        "early_stopping": name == "validation_fraction",
        "warm_start": True,
    }
    X = X.astype(np.float32)
    one = network(**params | {name: value}).fit(X, y).fit(X, y)
    two = network(**params | {name: value.item()}).fit(X, y).fit(X, y)
    assert_same_network(one, two)
    assert one.loss_curve_ == two.loss_curve_
    assert {type(rate) for rate in one.learning_rate_curve_} == {float}


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["keep_prob", "input_keep_prob"])
def test_batch_dropout_moves_only_weights_between_kept_units(name, solver):
    X, y = problem("multiclass")
    model = network(
        solver=solver,
        alpha=0.1,
        activation="tanh",
        hidden_layer_sizes=(20,),
        batch_size=1000,
        dropout_mask="batch",
        **{name: 0.5},
    )
    model.partial_fit(X, y, classes=[0, 1, 2])
    counts = []
    for _ in range(5):
        before = [*map(np.copy, model.coefs_ + model.intercepts_)]
        model.partial_fit(X, y)
        after = model.coefs_ + model.intercepts_
        first, second, hidden, output = (
            a != b for a, b in zip(after, before, strict=True)
        )
        np.testing.assert_array_equal(first, np.outer(first.any(axis=1), hidden))
        np.testing.assert_array_equal(second, np.outer(hidden, output))
        assert output.all()
        counts.append((first.any(axis=1).sum(), hidden.sum()))
    n_inputs, n_hidden = np.array(counts).T
    if name == "keep_prob":
        assert (n_inputs == 5).all()
        assert 0 < n_hidden.min() < n_hidden.max() < 20
    else:
        assert (n_hidden == 20).all()
        assert n_inputs.min() < 5


SCHEDULES = {
    "constant": lambda t, n: 1.0,
    "invscaling": lambda t, n: (t * n + 1) ** -0.3,
    "cosine": lambda t, n: (1 + np.cos(np.pi * t / 12)) / 2,
    "adaptive": lambda t, n: 0.2 ** (t // 3),
}


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_learning_rate_curve(solver, schedule, decay):
    X, y = problem()
    # A stall every third epoch, for "adaptive"; the others never stall.
    patience = {"tol": 1e9, "n_iter_no_change": 3} if schedule == "adaptive" else {}
    model = network(
        solver=solver,
        learning_rate=schedule,
        learning_rate_init=0.02,
        learning_rate_decay=decay,
        power_t=0.3,
        max_iter=12,
        **{"n_iter_no_change": np.inf} | patience,
    ).fit(X, y)
    expected = [
        0.02 * SCHEDULES[schedule](t, len(X)) * (1 - decay) ** t for t in range(12)
    ]
    # The first epoch is always an improvement: the first stall comes one epoch later.
    if schedule == "adaptive":
        expected = [
            0.02 * 0.2 ** (max(t - 1, 0) // 3) * (1 - decay) ** t for t in range(12)
        ]
    np.testing.assert_allclose(model.learning_rate_curve_, expected)


def test_the_learning_rate_is_used():
    """Plain gradient descent at a rate of nearly zero stands still."""
    X, y = problem()
    params = {"solver": "sgd", "momentum": 0, "learning_rate_decay": 1 - 1e-12}
    one, many = (network(max_iter=n, **params).fit(X, y) for n in (1, 20))
    assert_same_network(many, one, rtol=1e-9)


def test_adaptive_ends_at_a_rate_of_one_millionth():
    X, y = problem()
    model = network(
        solver="sgd",
        learning_rate="adaptive",
        tol=1e9,
        n_iter_no_change=2,
        max_iter=200,
    ).fit(X, y)
    assert model.n_iter_ < 200
    assert 1e-6 / 5 < model.learning_rate_curve_[-1] <= 1e-6


@pytest.mark.parametrize("engine", ENGINES)
def test_a_keep_prob_that_masks_cannot_tell_from_one_is_one(engine):
    X, y = problem()
    params = {"dtype": "float32", "hidden_layer_sizes": (6, 6), "engine": engine}
    model = network(keep_prob=[1 - 1e-9, 0.5], **params).fit(X, y)
    assert_same_network(model, network(keep_prob=[1, 0.5], **params).fit(X, y))
