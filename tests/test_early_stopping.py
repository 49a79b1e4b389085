"""When a fit ends, which epoch it keeps, and which rows decide that."""

import numpy as np
import pytest
from estimators import (
    NAMED_SCORER,
    NUMBERS,
    SHORT_FITS,
    assert_same_network,
    network,
    problem,
    weighted_loss,
)
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import get_scorer, roc_auc_score
from sklearn.model_selection import HalvingGridSearchCV, KFold, cross_val_score

from skreg import RegMLPClassifier
from skreg._training.stopping import Monitor

pytestmark = SHORT_FITS


def halves(kind="multiclass"):
    """Return X, y, X_val, y_val."""
    X, y = problem(kind, n=120)
    return X[:60], y[:60], X[60:], y[60:]


def stopping_epoch(scores, tol, patience):
    """Return the first epoch that ends ``patience`` epochs without improvement."""
    bar, count = -np.inf, 0
    for epoch, score in enumerate(scores, 1):
        count += 1
        if score > bar + tol:
            bar, count = score, 0
        if count == patience:
            return epoch
    return None


@pytest.mark.parametrize("patience", [1, 2, 5, 10])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("kind", ["binary", "number"])
def test_n_iter_no_change_is_counted_exactly(kind, early_stopping, patience):
    X, y = problem(kind, n=200)
    model = network(
        kind=kind,
        solver="sgd",
        max_iter=500,
        tol=1e-3,
        n_iter_no_change=patience,
        early_stopping=early_stopping,
    ).fit(X, y)
    assert model.n_iter_ < 500
    scores = (
        model.validation_scores_ if early_stopping else -np.array(model.loss_curve_)
    )
    tol = 1e-3 if kind == "binary" else 1e-3 * model.target_scale_[0] ** 2
    assert stopping_epoch(scores, tol, patience) == model.n_iter_ == len(scores)


def test_infinite_patience_runs_to_the_end():
    X, y = problem()
    model = network(tol=1e9, n_iter_no_change=np.inf, max_iter=30).fit(X, y)
    assert model.n_iter_ == 30


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("kind", "solver"),
    [
        ("binary", "adam"),
        ("multiclass", "sgd"),
        ("multiclass", "lbfgs"),
        ("multilabel", "adam"),
        ("number", "adam"),
        ("number", "lbfgs"),
        ("numbers", "adam"),
    ],
)
def test_early_stopping_restores_the_best_epoch(kind, solver, named):
    """All rows of X are trained on, whatever validation_fraction says."""
    X, y, *validation = halves(kind)
    given = dict(zip(["X_val", "y_val"], validation))
    scoring = NAMED_SCORER[kind] if named else "loss"
    params = {"solver": solver, "scoring": scoring, "learning_rate_init": 0.03}
    params["kind"] = kind
    stopping = {"early_stopping": True, "validation_fraction": 0.9, "tol": 0}
    stopping["n_iter_no_change"] = 4
    model = network(max_iter=300, **params, **stopping).fit(X, y, **given)
    best = 1 + int(np.argmax(model.validation_scores_))
    assert model.best_iter_ == best
    assert model.n_iter_ == best + 4 < 300
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    params["max_iter"] = best
    assert_same_network(model, network(**params).fit(X, y))
    assert_same_network(model, network(**params, **stopping).fit(X, y, **given))
    if named:
        assert model.score(*validation) == model.best_validation_score_
    else:
        loss = weighted_loss(model, *validation)
        np.testing.assert_allclose(-model.best_validation_score_, loss)


@pytest.mark.parametrize("scoring", ["roc_auc", get_scorer("roc_auc")])
def test_two_columns_of_labels_are_not_taken_for_two_classes(scoring):
    X, y = problem("multilabel")
    y = y[:, :2]
    model = network(kind="multilabel", scoring=scoring).fit(X, y, X_val=X, y_val=y)
    area = roc_auc_score(y, model.predict_proba(X))
    assert model.validation_scores_[-1] == area


@pytest.mark.parametrize("kind", ["binary", "multiclass", "number", "numbers"])
def test_held_out_rows_are_stratified_and_never_trained_on(kind):
    """Their labels are seen by the scorer alone: changing them changes no weight."""
    X, y = problem(kind, n=200)
    seen = []

    def scoring(estimator, X, y):
        seen.append((X, y))
        return len(seen)

    params = {"early_stopping": True, "scoring": scoring, "validation_fraction": 0.25}
    params["kind"] = kind
    model = network(**params).fit(X, y)
    assert all(
        np.array_equal(X, seen[0][0]) and np.array_equal(y, seen[0][1]) for X, y in seen
    )
    assert len(seen[0][1]) == 50
    held_out = (X[:, None] == seen[0][0]).all(axis=2).any(axis=1)
    X = np.where(held_out[:, None], X + 5, X)
    if kind in NUMBERS:
        y = np.where(held_out, y.T + 99, y.T).T
    else:
        shares = np.bincount(seen[0][1]) / 50
        np.testing.assert_allclose(shares, np.bincount(y) / 200, atol=0.02)
    assert held_out.sum() == 50
    assert_same_network(network(**params).fit(X, y), model)


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_held_out_rows_keep_their_weights_and_lend_them_to_no_other(kind):
    X, y = problem(kind, n=80)
    weights = 1 + X[:, 0] ** 2
    held_out = []

    def scoring(estimator, X, y, sample_weight):
        held_out.append((X, sample_weight))
        return len(held_out)

    params = {"solver": "sgd", "batch_size": 1000, "kind": kind}
    model = network(scoring=scoring, early_stopping=True, **params)
    model.fit(X, y, weights)
    rows, row_weights = held_out[0]
    assert len(rows) == 8
    np.testing.assert_array_equal(row_weights, 1 + rows[:, 0] ** 2)
    rest = ~np.isin(X[:, 0], rows[:, 0])
    never_there = network(**params).fit(X[rest], y[rest], weights[rest])
    np.testing.assert_allclose(model.coefs_[0], never_there.coefs_[0], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:scoring=")
def test_scores_that_are_not_a_number_are_never_the_best():
    X, y, X_val, y_val = halves()
    scores = iter([np.nan, 0.5, np.nan, 0.25])
    model = network(scoring=lambda *args: next(scores), early_stopping=True, max_iter=4)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.best_validation_score_ == 0.5
    assert model.best_iter_ == 2
    assert_same_network(model, network(max_iter=2).fit(X, y))


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_without_early_stopping_nothing_stops_and_nothing_changes(scoring, solver):
    X, y, X_val, y_val = halves()
    params = {"solver": solver, "scoring": scoring, "max_iter": 30}
    model = network(**params, learning_rate_init=0.1)
    other = clone(model).fit(X, y)
    model.fit(X, y, X_val=X_val, y_val=1 - np.minimum(y_val, 1))
    assert model.n_iter_ == 30 > model.best_iter_
    assert_same_network(model, other)
    assert model.loss_curve_ == other.loss_curve_
    assert model.best_loss_ == other.best_loss_ == min(model.loss_curve_)
    assert other.validation_scores_ is other.validation_loss_curve_ is None


def test_sample_weights_of_the_validation_set_decide():
    """The epoch that is best for the rows that count is the one restored."""
    X, y, X_val, y_val = halves()
    X_val, weights = np.vstack([X_val, X_val]), np.repeat([1.0, 0.0], 60)
    y_val = np.concatenate([y_val, (y_val + 1) % 3])
    params = {"early_stopping": True, "max_iter": 40, "learning_rate_init": 0.01}
    models = [
        network(**params).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=w)
        for w in (weights, 1 - weights)
    ]
    expected = network(**params).fit(X, y, X_val=X_val[:60], y_val=y_val[:60])
    assert models[0].best_iter_ == expected.best_iter_ != models[1].best_iter_
    assert_same_network(models[0], expected)


def overflowing_validation_set():
    """Return rows in several blocks, the first of which overflows, and targets."""
    X = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    y = X[:, 0] > 0
    X_val = X.copy()
    X_val[0] = 3e38
    return {"X": X, "y": y, "X_val": X_val, "y_val": y}


WIDE = {"hidden_layer_sizes": 64, "early_stopping": True, "max_iter": 3}


@pytest.mark.filterwarnings("ignore:X_val")
def test_a_validation_loss_that_is_never_a_number_is_an_error():
    model = RegMLPClassifier(**WIDE, random_state=0)
    with pytest.raises(ValueError, match="not finite in any"):
        model.fit(**overflowing_validation_set())
    assert not hasattr(model, "coefs_")


@pytest.mark.filterwarnings("ignore:y_val")
def test_a_validation_loss_that_is_always_infinite_is_an_error():
    X, y, X_val, y_val = halves("number")
    model = network(kind="number", dtype="float32", early_stopping=True)
    with pytest.raises(ValueError, match="not finite in any"):
        model.fit(X, y, X_val=X_val, y_val=1e30 * y_val)
    assert not hasattr(model, "coefs_")


@pytest.mark.filterwarnings("ignore:X_val")
def test_the_outputs_of_all_rows_are_scored_if_the_loss_is_not_a_number():
    rows = overflowing_validation_set()
    model = RegMLPClassifier(**WIDE, scoring="accuracy", random_state=0).fit(**rows)
    right = model.predict(rows["X_val"][1:]) == rows["y_val"][1:]
    # The row that overflows may count as right: one of 2,000.
    assert model.best_validation_score_ == pytest.approx(right.mean(), abs=1 / 2000)
    assert np.isnan(model.validation_loss_curve_).all()


def test_rows_without_weight_that_overflow_in_a_first_block_are_a_divergence():
    X = np.ones((600, 2), np.float32)
    X[:300] *= np.where(np.arange(300) % 2, 3e38, -3e38)[:, np.newaxis]
    weights = np.repeat([0.0, 1.0], 300)
    model = RegMLPClassifier(64, shuffle=False, batch_size=16, random_state=0)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, np.arange(600) % 2, weights)


def test_gains_below_tol_add_up():
    monitor = Monitor(tol=1.0, patience=3)
    stalls = []
    for score in np.arange(0, 6, 0.5):
        monitor.update(score)
        stalls.append(monitor.stalled)
    assert not any(stalls)
    for _ in range(4):
        monitor.update(5.5)
    assert monitor.stalled


def with_a_class_of_one_row():
    X, y = problem()
    y[7] = 2
    return X, y


def test_a_class_of_one_row_stays_in_training():
    X, labels = with_a_class_of_one_row()
    held_out = []

    def note(estimator, X, y):
        held_out.append(y)
        return 0.0

    model = network(early_stopping=True, scoring=note).fit(X, labels)
    assert list(model.classes_) == [0, 1, 2]
    assert {*held_out[0]} == {0, 1}


def test_more_classes_than_rows_to_hold_out():
    X, _ = problem()
    model = network(early_stopping=True).fit(X, np.arange(60) % 20)
    assert len(model.classes_) == 20


def test_searches_meet_rare_classes():
    X, labels = with_a_class_of_one_row()
    model = network(early_stopping=True, validation_fraction=0.3)
    scores = cross_val_score(model, X, labels, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()
    search = HalvingGridSearchCV(
        model, {"alpha": [0.01, 0.1]}, cv=KFold(2), min_resources=20, factor=2,
        error_score="raise", scoring="accuracy",
    )  # fmt: skip
    search.fit(X, labels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_score_that_is_never_a_number_is_an_error():
    model = network(early_stopping=True, scoring=lambda *_: np.nan)
    with pytest.raises(ValueError, match=r"scoring=.*not finite in any of the 5"):
        model.fit(*problem())
    assert not hasattr(model, "coefs_")


def test_a_score_that_sometimes_is_no_number_is_warned_of():
    scores = iter([np.nan, 0.5, np.nan, 0.4, 0.3])
    model = network(early_stopping=True, scoring=lambda *_: next(scores))
    with pytest.warns(UserWarning, match="scoring=.*not finite in some epochs"):
        model.fit(*problem())
    assert model.best_iter_ == 2


class Cautious(RegMLPClassifier):
    def predict(self, X):
        return (self.predict_proba(X)[:, 1] > 0.8).astype(int)


class Late(RegMLPClassifier):
    def predict(self, X):
        return self.set_after_fit


def test_the_error_of_a_subclass_comes_out_as_it_is():
    X, y = problem(n=100)
    model = Late(5, max_iter=5, scoring="accuracy")
    with pytest.raises(AttributeError, match="set_after_fit"):
        model.fit(X, y, X_val=X, y_val=y)


def test_a_metric_scores_the_predictions_of_a_subclass():
    X, y = problem(n=100)
    model = Cautious(5, max_iter=5, scoring="accuracy", random_state=0)
    model.fit(X, y, X_val=X, y_val=y)
    assert model.validation_scores_[-1] == model.score(X, y) < 0.7
