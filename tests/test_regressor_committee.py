"""The committee of regressors: what differs from that of classifiers."""

import numpy as np
import pytest
from estimators import (
    DROPOUT,
    NUMBERS,
    SHORT_FITS,
    SOLVERS,
    STEPPING,
    assert_same_training,
    by_name,
    committee,
    network,
    problem,
)
from scipy.sparse import csr_array
from sklearn.datasets import make_friedman1
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_poisson_deviance, r2_score
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skreg import RegMLPRegressor, RegMLPRegressorCV, TabularEncoder

pytestmark = SHORT_FITS
CV = KFold(3, shuffle=True, random_state=0)
numbers = pytest.mark.parametrize("kind", NUMBERS)


@pytest.mark.parametrize("estimator", [RegMLPRegressor, "network"])
def test_what_is_no_network_is_refused_by_fit_alone(estimator):
    model = RegMLPRegressorCV(estimator)
    assert model._repr_html_()
    with pytest.raises(TypeError, match="estimator has to be a RegMLPRegressor"):
        cross_val_score(model, *problem("number"), error_score="raise")


@numbers
@by_name(SOLVERS | DROPOUT)
def test_a_member_is_the_network_that_stops_by_its_fold(kind, params):
    X, y = problem(kind)
    model = committee(params, kind=kind, cv=CV).fit(X, y)
    for member, (own, held_out) in zip(model.members_, CV.split(X), strict=True):
        seed = member.random_state
        alone = network(kind=kind, early_stopping=True, random_state=seed, **params)
        alone.fit(X[own], y[own], X_val=X[held_out], y_val=y[held_out])
        assert_same_training(member, alone)
        np.testing.assert_allclose(member.target_scale_, y[own].std(axis=0))
        np.testing.assert_array_equal(member.predict(X), alone.predict(X))


def test_a_candidate_has_the_quantile_that_it_names():
    X, y = problem("number")
    params, given = {"loss": "quantile"}, {"kind": "number", "cv": CV}
    given["scoring"] = "neg_mean_absolute_error"
    searched = committee(params, {"quantile": [0.9]}, **given).fit(X, y)
    alone = committee(params | {"quantile": 0.9}, **given).fit(X, y)
    for one, other in zip(searched.members_, alone.members_, strict=True):
        assert_same_training(one, other)


def test_a_committee_has_no_scale_of_its_own():
    model = committee(kind="number").fit(*problem("number"))
    assert not [name for name in vars(model) if name.startswith("target_")]


@numbers
def test_predictions_are_the_mean_over_the_members_in_y_units(kind):
    X, y = problem(kind)
    model = committee(kind=kind).fit(X, y)
    each = [member.predict(X) for member in model.members_]
    assert model.predict(X).shape == y.shape
    np.testing.assert_allclose(model.predict(X), np.mean(each, axis=0))
    np.testing.assert_allclose(model.predict(csr_array(X)), model.predict(X))


@numbers
def test_out_of_fold_is_predicted_by_who_did_not_train_on_it(kind):
    X, y = problem(kind)
    model = committee(kind=kind, cv=CV).fit(X, y)
    assert model.oof_predictions_.shape == y.shape
    for member, (_, held_out) in zip(model.members_, CV.split(X), strict=True):
        expected = member.predict(X[held_out])
        np.testing.assert_array_equal(model.oof_predictions_[held_out], expected)


def test_the_best_score_is_the_mean_loss_in_y_units():
    X, y = problem("number")
    model = committee(kind="number", cv=CV).fit(X, y)
    losses = [
        ((y[held_out] - model.oof_predictions_[held_out]) ** 2).mean() / 2
        for _, held_out in CV.split(X)
    ]
    np.testing.assert_allclose(model.best_score_, -np.mean(losses))


@by_name(STEPPING | DROPOUT)
def test_a_race_is_won_by_the_committee_that_was_fitted_plainly(params):
    X, y = problem("number")
    space = {"alpha": [1e-4, 1e-2, 1.0, 10.0]}
    raced = committee(params, space, kind="number").fit(X, y)
    assert len(raced.cv_results_["params"]) == 6
    plain = committee(params | raced.best_params_, kind="number").fit(X, y)
    for one, other in zip(raced.members_, plain.members_, strict=True):
        assert_same_training(one, other)
    np.testing.assert_array_equal(raced.oof_predictions_, plain.oof_predictions_)


def test_losses_are_raced_by_another_score():
    X, y = problem("number")
    y -= y.min()
    space = {"loss": ["squared_error", "huber", "absolute_error", "poisson"]}
    params = {"learning_rate_init": 0.01}
    raced = committee(params, space, kind="number", scoring="r2", factor=10).fit(X, y)
    results = raced.cv_results_["param_loss"], raced.cv_results_["mean_test_score"]
    scores = dict(zip(*results, strict=True))
    assert len({*scores.values()}) == 4
    for loss, score in scores.items():
        plain = committee(params | {"loss": loss}, kind="number", scoring="r2")
        assert plain.fit(X, y).best_score_ == score
        if loss == raced.best_params_["loss"]:
            np.testing.assert_array_equal(plain.predict(X), raced.predict(X))
            assert plain.out_activation_ == raced.out_activation_


def test_a_race_for_counts_predicts_counts():
    X, y = problem("number")
    counts = np.random.default_rng(0).poisson(np.exp(y / 50))
    space = {"loss": ["poisson"]}
    params = {"learning_rate_init": 0.01}
    raced = committee(params, space, kind="number", scoring="r2").fit(X, counts)
    assert raced.out_activation_ == "exp"
    assert (raced.predict(X) > 0).all()
    with pytest.raises(ValueError, match="negative values"):
        raced.fit(X, -counts)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("number", "loss", "huber"),
        ("number", "quantile", 0.5),
        ("binary", "class_weight", "balanced"),
    ],
)
def test_what_decides_the_loss_cannot_be_raced_by_it(kind, name, value):
    X, y = problem(kind)
    with pytest.raises(ValueError, match=rf"\['{name}'\].* scoring='loss'"):
        committee(None, {name: [value]}, kind=kind).fit(X, y)


def test_counts_are_averaged_on_their_own_scale():
    X, y = problem("number")
    counts = np.random.default_rng(0).poisson(np.exp(y / 50))
    params = {"loss": "poisson", "learning_rate_init": 0.01, "max_iter": 30}
    model = committee(params, kind="number").fit(X, counts)
    each = [member.predict(X) for member in model.members_]
    assert (model.predict(X) > 0).all()
    np.testing.assert_allclose(model.predict(X), np.mean(each, axis=0))
    of_mean = mean_poisson_deviance(counts, np.full(len(X), counts.mean()))
    assert mean_poisson_deviance(counts, model.predict(X)) < of_mean


def test_any_score_is_raced_by():
    X, y = problem("number")
    model = committee(kind="number", cv=CV, scoring="r2").fit(X, y)
    scores = [
        r2_score(y[held_out], model.oof_predictions_[held_out])
        for _, held_out in CV.split(X)
    ]
    np.testing.assert_allclose(model.best_score_, np.mean(scores))


def test_by_default_behind_the_encoder_it_beats_linear_regression_where_that_bends():
    X, y = make_friedman1(600, noise=1.0, random_state=0)
    model = make_pipeline(TabularEncoder(), RegMLPRegressorCV(random_state=0))
    linear = LinearRegression().fit(X[::2], y[::2])
    assert model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > linear.score(
        X[1::2], y[1::2]
    )
