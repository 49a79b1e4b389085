"""k epochs and then m more are k + m epochs, to the bit, however training goes on."""

import copy
import pickle

import estimators
import numpy as np
import pytest
import scipy.sparse as sp
from estimators import (
    NAMED_SCORER,
    NUMBERS,
    SHORT_FITS,
    STEPPING,
    assert_same_network,
    assert_same_training,
    at_call,
    by_name,
    one_in,
    press_ctrl_c,
    problem,
    watch_engines,
)

from skreg._engine.heads import LOSSES

pytestmark = SHORT_FITS

K, M = 4, 5

X, y = problem("multiclass", 80)

DROPOUT = {
    "no dropout": {},
    "masks per row": {"keep_prob": 0.6, "input_keep_prob": 0.8},
    "masks per batch": {
        "keep_prob": 0.6,
        "input_keep_prob": 0.8,
        "dropout_mask": "batch",
    },
}
MORE = {
    "unshuffled": {"shuffle": False},
    "constant rate": {"learning_rate_decay": 0.0},
    "invscaling": {"learning_rate": "invscaling"},
    "adaptive": {"learning_rate": "adaptive", "tol": 1e9, "n_iter_no_change": 3},
    "class weights": {"class_weight": "balanced"},
    "seed of another kind": {"random_state": np.random.RandomState(7)},
}
CONFIGURATIONS = {
    f"{solver}, {dropout}": STEPPING[solver] | DROPOUT[dropout]
    for solver in STEPPING
    for dropout in DROPOUT
} | MORE
STOPPING = {
    "": {},
    ", early stopping": {"early_stopping": True},
    ", early stopping on accuracy": {"early_stopping": True, "scoring": "accuracy"},
}


def network(**params):
    settings = {
        "hidden_layer_sizes": (8, 5),
        "alpha": 0.01,
        "learning_rate_decay": 0.05,
        "n_iter_no_change": 1000,
        "warm_start": True,
        "validation_fraction": 0.25,
    }
    return estimators.network(**settings | copy.deepcopy(params))


WAYS = {
    "warm start": lambda model: model,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deep copy": copy.deepcopy,
}


@one_in(3, name=CONFIGURATIONS, stopping=STOPPING, way=WAYS)
def test_a_fit_in_two_parts_is_one_fit(name, stopping, way):
    params, stopping, way = CONFIGURATIONS[name], STOPPING[stopping], WAYS[way]
    whole = network(max_iter=K + M, **params | stopping).fit(X, y)
    model = network(max_iter=K, **params | stopping).fit(X, y)
    model = way(model).set_params(max_iter=M).fit(X, y)
    assert model.n_iter_ == M
    assert len(model.loss_curve_) == len(model.learning_rate_curve_) == K + M
    assert_same_training(model, whole)
    # What no attribute shows is the same too.
    assert_same_training(
        model.set_params(max_iter=1).fit(X, y), whole.set_params(max_iter=1).fit(X, y)
    )


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (X.astype(np.float32), y),
        (sp.csr_matrix(X), y),
        (X, np.array(["a", "b", "c"])[y]),
        (X, y == 0),
        (X, np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)),
    ],
    ids=["float32", "sparse", "text", "binary", "multilabel"],
)
@by_name(STOPPING, "stopping")
def test_on_any_data(X, y, stopping):
    params = DROPOUT["masks per row"] | stopping
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    whole = network(max_iter=K + M, **params).fit(X, y, weights)
    model = network(max_iter=K, **params).fit(X, y, weights)
    assert_same_training(model.set_params(max_iter=M).fit(X, y, weights), whole)


@one_in(3, kind=NUMBERS, loss=LOSSES, way=WAYS, stopping=STOPPING)
def test_on_numbers(kind, loss, way, stopping):
    """The scale of the targets is that of the first fit."""
    way, stopping = WAYS[way], STOPPING[stopping]
    X, y = problem(kind, 80)
    params = {"kind": kind, "loss": loss}
    params |= STEPPING["adam"] | DROPOUT["masks per row"] | stopping
    if "scoring" in stopping:
        params["scoring"] = NAMED_SCORER[kind]
    y = y - y.min(axis=0)
    whole = network(max_iter=K + M, **params).fit(X, y)
    model = network(max_iter=K, **params).fit(X, y)
    model = way(model).set_params(max_iter=M).fit(X, y)
    assert_same_training(model, whole)
    np.testing.assert_array_equal(model.target_scale_, whole.target_scale_)
    model.set_params(early_stopping=False).partial_fit(X, y)
    whole.set_params(early_stopping=False).partial_fit(X, y)
    assert_same_network(model, whole)


@pytest.mark.parametrize("kind", NUMBERS)
@by_name(STEPPING | DROPOUT)
def test_a_stream_of_numbers_is_one_fit(kind, params):
    X, y = problem(kind, 80)
    whole = network(kind=kind, max_iter=K, **params).fit(X, y)
    stream = network(kind=kind, **params)
    for _ in range(K):
        stream.partial_fit(X, y)
    assert_same_training(stream, whole)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_with_a_validation_set_of_ones_own(scoring, early_stopping):
    validation = {"X_val": X[50:], "y_val": y[50:]}
    params = {"scoring": scoring, "early_stopping": early_stopping}
    whole = network(max_iter=K + M, **params).fit(X[:50], y[:50], **validation)
    model = network(max_iter=K, **params).fit(X[:50], y[:50], **validation)
    model.set_params(max_iter=M).fit(X[:50], y[:50], **validation)
    assert_same_training(model, whole)


class Accuracy:
    """A scorer that is an object of its own, at another address after a copy."""

    def __call__(self, estimator, X, y):
        return estimator.score(X, y)


def test_with_a_scorer_that_is_copied_as_well():
    params = {"early_stopping": True, "scoring": Accuracy()}
    whole = network(max_iter=K + M, **params).fit(X, y)
    model = copy.deepcopy(network(max_iter=K, **params).fit(X, y))
    assert_same_training(model.set_params(max_iter=M).fit(X, y), whole)


@pytest.mark.parametrize("k", [1, 6, 12])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("kind", ["multiclass", "number"])
def test_patience_is_counted_across_calls(kind, early_stopping, k):
    """A fit that stops by itself stops at the same epoch, at the same weights."""
    X, y = problem(kind, 80)
    params = {
        "kind": kind,
        "tol": 0,
        "n_iter_no_change": 3,
        "early_stopping": early_stopping,
    }
    params |= {
        "learning_rate_decay": 0,
        "learning_rate_init": 0.003 if early_stopping else 0.01,
    }
    whole = network(max_iter=200, **params).fit(X, y)
    assert 12 < whole.n_iter_ < 200
    model = network(max_iter=k, **params).fit(X, y)
    model.set_params(max_iter=200).fit(X, y)
    assert model.n_iter_ == whole.n_iter_ - k
    assert_same_training(model, whole)


def test_after_it_has_stopped_it_is_patient_again():
    params = {"tol": 1e9, "n_iter_no_change": 3, "max_iter": 50}
    model = network(**params).fit(X, y)
    model.fit(X, y)
    assert model.n_iter_ == 3


@by_name(CONFIGURATIONS)
def test_partial_fit_is_one_epoch_of_fit(params):
    if params.get("class_weight"):
        params = {"class_weight": {0: 1.0}}
    whole = network(max_iter=K + M, **params).fit(X, y)
    stream = network(**params).partial_fit(X, y, classes=[0, 1, 2])
    for call in range(1, K + M):
        assert len(stream.loss_curve_) == call
        stream.partial_fit(X, y)
    assert_same_training(stream, whole)
    after_fit = network(max_iter=K, **params).fit(X, y)
    for _ in range(M):
        after_fit.partial_fit(X, y)
    assert_same_training(after_fit, whole)
    before_fit = network(max_iter=M, **params).partial_fit(X, y, classes=[0, 1, 2])
    for _ in range(K - 1):
        before_fit.partial_fit(X, y)
    assert_same_training(before_fit.fit(X, y), whole)


def test_a_cosine_ends_at_max_iter_in_partial_fit_as_well():
    params = {"learning_rate": "cosine", "max_iter": K + M}
    whole = network(**params).fit(X, y)
    stream = network(**params)
    for _ in range(K + M):
        stream.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_training(stream, whole)


def test_a_cosine_ends_with_the_fit_that_goes_on():
    params = {"learning_rate": "cosine", "learning_rate_decay": 0, "max_iter": 4}
    model = network(**params, learning_rate_init=0.1).fit(X, y).fit(X, y)
    waves = np.cos(np.pi * np.r_[np.arange(4) / 4, np.arange(4, 8) / 8])
    np.testing.assert_allclose(model.learning_rate_curve_, 0.05 * (1 + waves))


def test_a_cosine_that_was_broken_off_is_completed_by_the_epochs_left(monkeypatch):
    params = {"learning_rate": "cosine", "keep_prob": 0.5}
    whole = network(**params, max_iter=K + M).fit(X, y)
    with monkeypatch.context() as patch:
        watch_engines(patch, before=at_call(K + 1, press_ctrl_c))
        with pytest.warns(UserWarning, match="interrupted"):
            model = network(**params, max_iter=K + M).fit(X, y)
    assert len(model.loss_curve_) == K
    assert_same_training(model.set_params(max_iter=M).fit(X, y), whole)


def test_partial_fit_after_early_stopping_goes_on_from_the_best_epoch():
    model = network(max_iter=60, early_stopping=True, learning_rate_init=0.2).fit(X, y)
    assert model.best_iter_ < model.n_iter_
    model.set_params(
        early_stopping=False, solver="sgd", momentum=0, learning_rate_init=1e-12
    )
    before = copy.deepcopy(model)
    model.partial_fit(X, y)
    assert_same_network(model, before, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_leaves_the_original_as_it_is(copied):
    params = {"max_iter": K, "keep_prob": 0.5}
    model, other = (network(**params).fit(X, y, X_val=X, y_val=y) for _ in range(2))
    copied(model).partial_fit(X, y)
    assert_same_training(model, other)
    assert_same_training(model.partial_fit(X, y), other.partial_fit(X, y))


def test_without_warm_start_fit_begins_anew():
    model = network(max_iter=K, warm_start=False).fit(X, y)
    model.partial_fit(X, y).fit(X, y)
    assert_same_training(model, network(max_iter=K).fit(X, y))


def test_the_same_rows_stay_held_out():
    seen = []

    def scoring(estimator, X, y):
        seen.append(X)
        return estimator.score(X, y)

    model = network(max_iter=2, early_stopping=True, scoring=scoring).fit(X, y)
    copy.deepcopy(model).fit(X, y)
    model.fit(X, y)
    assert len(seen) == 6
    assert all(np.array_equal(rows, seen[0]) for rows in seen)


def test_no_permutation_is_repeated(monkeypatch):
    orders: list = []
    watch_engines(monkeypatch, lambda engine, order: orders.append(order.tolist()))
    model = network(max_iter=5).fit(X, y)
    for _ in range(5):
        model.partial_fit(X, y)
    pickle.loads(pickle.dumps(model)).fit(X, y)
    stream = network(random_state=1)
    for _ in range(5):
        stream.partial_fit(X, y, classes=[0, 1, 2])
    assert len({tuple(order) for order in orders}) == len(orders) == 20
    assert all(sorted(order) == list(range(len(X))) for order in orders)


@pytest.mark.parametrize("mask", ["sample", "batch"])
@pytest.mark.parametrize("name", ["keep_prob", "input_keep_prob"])
def test_no_mask_is_repeated(name, mask):
    """At a rate of zero, nearly, the loss of an epoch depends on its masks alone."""
    params = {"learning_rate_init": 1e-300, "shuffle": False, "alpha": 0}
    params |= {"max_iter": 5, "activation": "tanh"}

    def losses(**dropout):
        model = network(**params, **dropout).fit(X, y)
        for _ in range(5):
            model.partial_fit(X, y)
        return model.fit(X, y).loss_curve_

    assert len(set(losses())) == 1
    assert len(set(losses(dropout_mask=mask, **{name: 0.5}))) == 15


def test_lbfgs_goes_on_downhill():
    params = {"solver": "lbfgs", "batch_size": "auto"}
    model = network(max_iter=K, **params).fit(X, y)
    model.set_params(max_iter=M).fit(X, y)
    assert len(model.loss_curve_) == K + M
    assert model.loss_curve_ == sorted(model.loss_curve_, reverse=True)


@pytest.mark.parametrize("first", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("then", ["sgd", "adam", "lbfgs"])
def test_another_solver_goes_on_from_the_same_weights(first, then):
    """It starts at the first one's weights: a rate of nearly zero leaves them."""
    params = {"max_iter": 3, "batch_size": "auto", "learning_rate_init": 0.01}
    model = network(solver=first, **params).fit(X, y)
    before = copy.deepcopy(model)
    model.set_params(solver=then, learning_rate_init=1e-12, tol=1e9).fit(X, y)
    assert_same_network(model, before, rtol=1e-6, atol=1e-9)


def test_a_change_of_scoring_starts_the_search_for_the_best_anew():
    model = network(max_iter=3, early_stopping=True, scoring="accuracy").fit(X, y)
    model.set_params(scoring="loss", n_iter_no_change=3).fit(X, y)
    assert model.n_iter_ == 3
    assert model.best_validation_score_ == max(model.validation_scores_[3:])
    assert model.best_iter_ > 3


def test_a_validation_set_may_come_later():
    model = network(max_iter=3).fit(X, y)
    model.fit(X, y, X_val=X, y_val=y)
    assert len(model.validation_scores_) == len(model.loss_curve_) == 6
    assert np.isnan(model.validation_scores_[:3]).all()
    assert model.best_iter_ == 1 + int(np.nanargmax(model.validation_scores_))
    model.partial_fit(X, y)
    assert np.isnan(model.validation_scores_[6])
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)


def test_warm_start_goes_on_from_weights_that_were_overwritten():
    """Also after early stopping, which would go on from the last epoch's."""
    settings = {"early_stopping": True, "warm_start": True, "max_iter": 30}
    model = network(**settings, n_iter_no_change=3, learning_rate_init=0.5).fit(X, y)
    assert model.best_iter_ < len(model.loss_curve_)
    other = copy.deepcopy(model)
    other.coefs_[0][...] = 0
    model.set_params(max_iter=1, learning_rate_init=1e-12).fit(X, y)
    other.set_params(max_iter=1, learning_rate_init=1e-12).fit(X, y)
    np.testing.assert_allclose(other._training["last"][:5], 0, atol=1e-9)
    assert np.abs(model._training["last"][:5]).max() > 1e-3


def test_the_best_epoch_is_one_since_early_stopping_was_switched_on():
    model = network(warm_start=True, max_iter=4, learning_rate_init=0.01)
    model.fit(X, y, X_val=X, y_val=y)
    model.set_params(early_stopping=True, max_iter=3, learning_rate_init=1.0)
    model.fit(X, y, X_val=X, y_val=y)
    scores = model.validation_scores_
    assert max(scores[:4]) > max(scores[4:])
    assert model.best_iter_ == 5 + int(np.argmax(scores[4:]))
    assert model.best_validation_score_ == max(scores[4:])


@pytest.mark.parametrize(
    ("kind", "scoring", "change"),
    [
        ("multiclass", "loss", {}),
        ("multiclass", "accuracy", {}),
        ("multiclass", "loss", {"class_weight": {0: 9.0}}),
        ("number", "loss", {}),
        ("number", "r2", {}),
        ("number", "loss", {"loss": "quantile", "quantile": 0.9}),
    ],
    ids=str,
)
def test_other_rows_or_another_loss_start_the_search_for_the_best_anew(
    kind, scoring, change
):
    """The best weights so far are the ones to beat, by their present score."""
    X, y = problem(kind, 80)
    params = {"kind": kind, "scoring": scoring, "early_stopping": True}
    params |= {"max_iter": 2, "learning_rate_init": 0.02}
    model = network(**params).fit(X, y, X_val=X, y_val=y)
    assert model.best_iter_ == 2
    if not change:
        y = (y + 1) % 3 if kind == "multiclass" else y.max() - y
    model.set_params(max_iter=40, n_iter_no_change=5, **change)
    unable = copy.deepcopy(model).set_params(learning_rate_init=1e-300)
    unable.fit(X, y, X_val=X, y_val=y)
    assert_same_network(unable, model)
    assert (unable.n_iter_, unable.best_iter_) == (5, 2)
    score = unable.validation_scores_[-1]
    assert unable.best_validation_score_ == score != model.best_validation_score_
    model.fit(X, y, X_val=X, y_val=y)
    assert model.best_iter_ > 2
    assert model.best_validation_score_ == max(model.validation_scores_[2:]) > score


def test_another_loss_has_another_least_value():
    X, y = problem("number")
    params = {"warm_start": True, "n_iter_no_change": 10, "tol": 0.0}
    model = network(kind="number", loss="absolute_error", **params).fit(X, y)
    model.set_params(loss="squared_error", max_iter=30).fit(X, y)
    assert model.n_iter_ == 30
    assert model.best_loss_ == min(model.loss_curve_[5:]) > max(model.loss_curve_[:5])
    assert model.best_iter_ == 6 + int(np.argmin(model.loss_curve_[5:]))


def test_a_stream_does_not_go_on_at_a_rate_of_zero():
    model = network(learning_rate="cosine", max_iter=3)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="falls to zero in max_iter=3 epochs, and 3"):
        model.partial_fit(X, y)
    assert pickle.dumps(model) == before
    model.set_params(max_iter=5).partial_fit(X, y)
