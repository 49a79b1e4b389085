"""Validation sets and scoring: what may be passed, and what is recorded."""

import pickle
from functools import cache, partial

import estimators
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from estimators import (
    CLASSES,
    NUMBERS,
    SHORT_FITS,
    assert_same_network,
    committee,
    problem,
    weighted_loss,
)
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    explained_variance_score,
    f1_score,
    get_scorer,
    make_scorer,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = SHORT_FITS

N_EPOCHS = 5
network = partial(estimators.network, learning_rate_init=0.03)
WEIGHTS = np.random.default_rng(0).uniform(0.2, 3, 130)


def split_problem(kind="multiclass"):
    """Return X, y, X_val, y_val."""
    X, y = problem(kind.removeprefix("two "), n=130)
    if kind == "two text":
        y = np.where(y == "left", "left", "middle")
    return X[:80], y[:80], X[80:], y[80:]


@cache
def epochs(kind, solver="adam"):
    """Return the networks at the end of each epoch, each from a fit of its own."""
    X, y, *_ = split_problem(kind)
    params = {"kind": kind, "solver": solver}
    return [network(**params, max_iter=n + 1).fit(X, y) for n in range(N_EPOCHS)]


# What is recorded


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("kind", [*CLASSES, "text", *NUMBERS])
def test_the_loss_after_every_epoch_is_recorded(kind, solver, weighted):
    X, y, X_val, y_val = split_problem(kind)
    weights = WEIGHTS[80:] if weighted else None
    model = network(kind=kind, solver=solver)
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights)
    expected = [
        weighted_loss(epoch, X_val, y_val, weights) for epoch in epochs(kind, solver)
    ]
    np.testing.assert_allclose(model.validation_loss_curve_, expected, rtol=1e-9)
    assert model.validation_scores_ == [-loss for loss in model.validation_loss_curve_]
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_iter_ == 1 + int(np.argmin(expected))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "scoring"),
    [
        ("binary", "accuracy"),
        ("binary", "roc_auc"),
        ("binary", "average_precision"),
        ("binary", "f1"),
        ("multiclass", "neg_log_loss"),
        ("multiclass", "balanced_accuracy"),
        ("multilabel", "accuracy"),
        ("multilabel", "roc_auc"),
        ("text", "f1_macro"),
        ("text", "roc_auc_ovr_weighted"),
        ("text", make_scorer(cohen_kappa_score, weights=None)),
        ("two text", make_scorer(f1_score, pos_label="middle")),
        ("number", "r2"),
        ("number", "neg_mean_absolute_error"),
        ("number", make_scorer(explained_variance_score)),
        ("numbers", "neg_root_mean_squared_error"),
        ("numbers", "r2"),
    ],
    ids=str,
)
def test_any_scorer_is_taken_after_every_epoch(kind, scoring, weighted):
    X, y, X_val, y_val = split_problem(kind)
    weight = {"sample_weight": WEIGHTS[80:]} if weighted else {}
    model = network(scoring=scoring, kind=kind)
    model.fit(
        X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight.get("sample_weight")
    )
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    expected = [scorer(epoch, X_val, y_val, **weight) for epoch in epochs(kind)]
    np.testing.assert_allclose(model.validation_scores_, expected)
    assert len(model.validation_loss_curve_) == N_EPOCHS
    assert all(type(score) is float for score in model.validation_scores_)


def test_a_function_scores_a_copy_of_the_estimator():
    X, y, X_val, y_val = split_problem("text")
    calls = []

    def scoring(estimator, X, y):
        calls.append((estimator, estimator.coefs_[0], X, y))
        return estimator.score(X, y)

    model = network(scoring=scoring).fit(X, y, X_val=X_val, y_val=y_val)
    networks = epochs("text")
    assert model.validation_scores_ == [own.score(X_val, y_val) for own in networks]
    for (estimator, coef, rows, labels), epoch in zip(calls, networks, strict=True):
        assert estimator is not model
        np.testing.assert_array_equal(coef, epoch.coefs_[0])
        np.testing.assert_array_equal(rows, X_val)
        np.testing.assert_array_equal(labels, y_val)


@pytest.mark.parametrize("kind", ["multiclass", "number"])
def test_a_function_gets_a_column_of_targets_as_a_vector(kind):
    """With a column, a metric of NumPy would compare every row with all."""
    X, y, X_val, y_val = split_problem(kind)

    def scoring(estimator, X, y):
        return float(np.mean(estimator.predict(X) < y))

    model = network(scoring=scoring, kind=kind)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    column = clone(model).fit(X, y, X_val=X_val, y_val=y_val[:, np.newaxis])
    assert column.validation_scores_ == model.validation_scores_


def test_sample_weights_are_passed_to_a_function_only_if_there_are_some():
    X, y, X_val, y_val = split_problem()

    def scoring(estimator, X, y, **weight):
        weights.append(weight)
        return 0.0

    weights: list = []
    model = network(scoring=scoring, max_iter=1).fit(X, y, X_val=X_val, y_val=y_val)
    assert weights == [{}]
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=WEIGHTS[80:])
    np.testing.assert_array_equal(weights[1]["sample_weight"], WEIGHTS[80:])


def test_class_weights_count_in_the_validation_loss():
    X, y, X_val, y_val = split_problem()
    class_weight = {0: 1.0, 1: 0.2, 2: 5.0}
    model = network(class_weight=class_weight)
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=WEIGHTS[80:])
    weights = WEIGHTS[80:] * [class_weight[label] for label in y_val]
    for k, loss in enumerate(model.validation_loss_curve_, start=1):
        epoch = network(class_weight=class_weight, max_iter=k).fit(X, y)
        assert loss == pytest.approx(weighted_loss(epoch, X_val, y_val, weights))


def test_a_validation_row_without_weight_is_absent():
    X, y, X_val, y_val = split_problem()
    weights = np.arange(50) % 2
    one = network().fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights)
    other = network().fit(X, y, X_val=X_val[1::2], y_val=y_val[1::2])
    np.testing.assert_allclose(one.validation_loss_curve_, other.validation_loss_curve_)


# What may be passed


FORMS = {
    "lists": lambda X, y: (X.tolist(), y.tolist()),
    "float32": lambda X, y: (X.astype(np.float32).astype(float), y),
    "F-ordered": lambda X, y: (np.asfortranarray(X), y),
    "CSR": lambda X, y: (sp.csr_matrix(X), y),
    "CSC": lambda X, y: (sp.csc_array(X), y),
    "a column of targets": lambda X, y: (X, y.reshape(-1, 1)),
    "targets as objects": lambda X, y: (X, y.astype(object)),
}


@pytest.mark.parametrize(
    ("kind", "scoring"),
    [("text", "loss"), ("text", "f1_macro"), ("number", "loss"), ("number", "r2")],
)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_validation_set_is_the_same(form, sparse, kind, scoring):
    X, y, X_val, y_val = split_problem(kind)
    params = {"kind": kind, "scoring": scoring}
    X_val = X_val.astype(np.float32).astype(float)
    rows = sp.csr_matrix(X) if sparse else X
    expected = network(**params).fit(rows, y, X_val=X_val, y_val=y_val)
    X_val, y_val = FORMS[form](X_val, y_val)
    model = network(**params).fit(rows, y, X_val=X_val, y_val=y_val)
    assert_same_network(model, expected)
    np.testing.assert_allclose(model.validation_scores_, expected.validation_scores_)


@pytest.mark.parametrize("kind", ["text", "multilabel"])
def test_the_validation_set_need_not_have_all_classes(kind):
    X, y, X_val, y_val = split_problem(kind)
    few = y_val != "left" if kind == "text" else y_val[:, 0] == 0
    model = network().fit(X, y, X_val=X_val[few], y_val=y_val[few])
    np.testing.assert_allclose(
        model.validation_loss_curve_[-1],
        weighted_loss(model, X_val[few], y_val[few]),
    )


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [("roc_auc", roc_auc_score), ("average_precision", average_precision_score)],
)
def test_two_columns_of_labels_are_no_two_classes(scoring, metric):
    X, Y, X_val, Y_val = split_problem("multilabel")
    model = network(scoring=scoring)
    model.fit(X, Y[:, 1:], X_val=X_val, y_val=Y_val[:, 1:])
    expected = metric(Y_val[:, 1:], model.predict_proba(X_val))
    assert model.validation_scores_[-1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("model", [network, committee])
@pytest.mark.parametrize(
    ("kind", "scoring", "missing"),
    [
        ("number", "roc_auc", "RegMLPRegressor has none of .*predict_proba"),
        (
            "binary",
            make_scorer(roc_auc_score, response_method="decision_function"),
            "RegMLPClassifier has none of .*decision_function",
        ),
    ],
)
def test_a_scorer_of_predictions_that_there_are_not(model, kind, scoring, missing):
    X, y = problem(kind)
    with pytest.raises(ValueError, match=f"scoring=.* cannot score .*{missing}"):
        model(kind=kind, scoring=scoring).fit(X, y)


class Twice:
    """Scores the labels, after it has looked at the probabilities."""

    _score_func = staticmethod(accuracy_score)

    def __call__(self, estimator, X, y):
        estimator.predict_proba(X)
        return accuracy_score(y, estimator.predict(X))


def test_a_scorer_may_predict_more_than_once():
    X, y, X_val, y_val = split_problem("multilabel")
    twice, once = (
        network(scoring=scoring).fit(X, y, X_val=X_val, y_val=y_val)
        for scoring in (Twice(), "accuracy")
    )
    assert twice.validation_scores_ == once.validation_scores_


def test_a_score_may_be_an_array_of_one_number():
    X, y, X_val, y_val = split_problem("binary")
    model = network(scoring=lambda *arguments: np.array(0.5, np.float32))
    assert model.fit(X, y, X_val=X_val, y_val=y_val).validation_scores_ == [0.5] * 5


@pytest.mark.parametrize(
    "scoring",
    [
        "f1_macro",
        "roc_auc",
        make_scorer(roc_auc_score, response_method="predict_proba"),
    ],
)
def test_sparse_multilabel_targets(scoring):
    X, y, X_val, y_val = split_problem("multilabel")
    params = {"scoring": scoring, "early_stopping": True, "validation_fraction": 0.3}
    dense = network(**params).fit(X, y, X_val=X_val, y_val=y_val)
    model = network(**params)
    model.fit(X, sp.csr_matrix(y), X_val=X_val, y_val=sp.csr_matrix(y_val))
    assert_same_network(model, dense)
    assert model.validation_scores_ == dense.validation_scores_
    held_out = network(**params).fit(X, sp.csr_matrix(y))
    assert_same_network(held_out, network(**params).fit(X, y))


@pytest.mark.parametrize(
    "scoring",
    [
        *("loss", "accuracy", make_scorer(cohen_kappa_score)),
        lambda model, X, y: model.score(X, y),
    ],
)
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_frames_and_text_labels_without_a_warning(library, scoring, early_stopping):
    frames = pytest.importorskip(library)
    X, y, X_val, y_val = split_problem("text")
    names = [f"x{k}" for k in range(5)]
    params = {"scoring": scoring, "early_stopping": early_stopping}
    expected = network(**params).fit(X, y, X_val=X_val, y_val=y_val)

    def frame(X):
        return frames.DataFrame(dict(zip(names, X.T, strict=True)))

    model = network(**params).fit(
        frame(X), frames.Series(y), X_val=frame(X_val), y_val=frames.Series(y_val)
    )
    assert_same_network(model, expected)
    assert model.validation_scores_ == expected.validation_scores_
    assert model.feature_names_in_.tolist() == names
    with pytest.raises(ValueError, match="X_val"):
        model.fit(frame(X), y, X_val=frame(X_val)[names[::-1]], y_val=y_val)
    held_out = network(**params | {"early_stopping": True})
    assert_same_network(
        clone(held_out).fit(frame(X), frames.Series(y)), clone(held_out).fit(X, y)
    )


# Metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def scaled_problem(kind="text"):
    """Return the problem with features that want scaling."""
    X, y, X_val, y_val = split_problem(kind)
    return 100 * X + 7, y, 100 * X_val + 7, y_val


def routed(**params):
    model = network(early_stopping=True, max_iter=20, **params)
    return model.set_fit_request(
        sample_weight=True, X_val=True, y_val=True, sample_weight_val=True
    ).set_score_request(sample_weight=True)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize(
    ("kind", "scoring"),
    [("text", "loss"), ("text", "accuracy"), ("number", "loss"), ("numbers", "r2")],
)
def test_a_pipeline_transforms_the_validation_set(kind, scoring):
    X, y, X_val, y_val = scaled_problem(kind)
    params = {"kind": kind, "scoring": scoring}
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    pipeline = Pipeline(
        [("scale", scaler), ("net", routed(**params))], transform_input=["X_val"]
    )
    weights = {"sample_weight": WEIGHTS[:80], "sample_weight_val": WEIGHTS[80:]}
    pipeline.fit(X, y, X_val=X_val, y_val=y_val, **weights)
    scale = StandardScaler().fit(X).transform
    by_hand = routed(**params)
    by_hand.fit(scale(X), y, X_val=scale(X_val), y_val=y_val, **weights)
    assert_same_network(pipeline[-1], by_hand)
    assert pipeline[-1].validation_scores_ == by_hand.validation_scores_
    assert pipeline.score(X_val, y_val) == by_hand.score(scale(X_val), y_val)


@pytest.mark.usefixtures("routing")
def test_what_is_not_requested_is_not_passed():
    X, y, X_val, y_val = scaled_problem()
    pipeline = make_pipeline(
        StandardScaler(), network().set_fit_request(X_val=False, y_val=False)
    )
    with pytest.raises(TypeError, match="X_val"):
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("scoring", ["loss", "f1_macro"])
def test_a_grid_search_over_a_pipeline_with_everything_routed(scoring):
    X, y, X_val, y_val = scaled_problem()
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    pipeline = Pipeline(
        [("scale", scaler), ("net", routed(scoring=scoring))], transform_input=["X_val"]
    )
    grid = {"net__alpha": [1e-4, 1e2], "net__keep_prob": [0.8]}
    accuracy = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    search = GridSearchCV(pipeline, grid, scoring=accuracy, cv=3, error_score="raise")
    search.fit(X, y, sample_weight=WEIGHTS[:80], X_val=X_val, y_val=y_val)
    assert search.best_params_["net__alpha"] == 1e-4
    by_hand = clone(pipeline).set_params(**search.best_params_)
    by_hand.fit(X, y, sample_weight=WEIGHTS[:80], X_val=X_val, y_val=y_val)
    assert_same_network(search.best_estimator_[-1], by_hand[-1])
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        fold = clone(by_hand).fit(
            X[train], y[train], sample_weight=WEIGHTS[train], X_val=X_val, y_val=y_val
        )
        expected = fold.score(X[test], y[test], sample_weight=WEIGHTS[test])
        score = search.cv_results_[f"split{k}_test_score"][search.best_index_]
        assert score == expected


def test_another_function_begins_with_other_scores():
    X, y = problem()

    def scorers(value):
        return lambda *_: value

    model = network(early_stopping=True, scoring=scorers(0.9), warm_start=True)
    model.fit(X, y).set_params(scoring=scorers(0.1)).fit(X, y)
    assert model.best_validation_score_ == 0.1
    assert np.isnan(model.validation_scores_[:N_EPOCHS]).all()


def test_a_scorer_goes_on_when_it_is_the_same():
    X, y = problem()
    scorer = make_scorer(f1_score)
    model = network(early_stopping=True, scoring=scorer, warm_start=True).fit(X, y)
    model = pickle.loads(pickle.dumps(model)).fit(X, y)
    assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize(
    ("scoring", "labels", "remedy"),
    [
        ("f1", np.repeat(["no", "yes"], 30), r"make_scorer\(f1_score, pos_label"),
        ("roc_auc", np.arange(60) % 3, "roc_auc_ovr"),
        ("precision", np.arange(60) % 3, "precision_macro"),
        ("log_loss", np.arange(60) % 2, "'loss' or 'neg_log_loss'"),
        ("cross_entropy", np.arange(60) % 2, "'loss' or 'neg_log_loss'"),
        ("logloss", np.arange(60) % 2, "'neg_log_loss' or 'loss'"),
        ("acuracy", np.arange(60) % 2, "'accuracy'"),
        ("brier", np.arange(60) % 2, "'neg_brier_score'"),
        ("nope", np.arange(60) % 2, r"Did you mean 'loss'\?"),
    ],
)
def test_an_error_of_a_scorer_names_it_and_says_what_to_write(scoring, labels, remedy):
    model = network(early_stopping=True, scoring=scoring)
    with pytest.raises(ValueError, match=f"scoring='{scoring}'.*{remedy}"):
        model.fit(problem()[0], labels)
    assert not hasattr(model, "coefs_")


def test_an_error_of_a_scorer_without_a_name_comes_out_as_it_is():
    X, y = problem()
    model = network(early_stopping=True, scoring=make_scorer(f1_score))
    with pytest.raises(ValueError, match=r"^pos_label"):
        model.fit(X, np.array(["no", "yes"])[y])


@pytest.mark.parametrize("scoring", ["average_precision", "neg_brier_score"])
def test_no_scorer_is_recommended_that_does_not_exist(scoring):
    X, y = problem()
    labels = np.array(["no", "yes"])[y]
    with pytest.raises(ValueError, match="Use labels 0 and 1") as error:
        network(early_stopping=True, scoring=scoring).fit(X, labels)
    assert "macro" not in str(error.value)


def test_feature_names_that_only_one_of_x_and_x_val_has():
    pd = pytest.importorskip("pandas")
    X, y = problem()
    frame = pd.DataFrame(X, columns=list("abcde"))
    with pytest.warns(UserWarning, match="^X has feature names, but X_val has none"):
        network().fit(frame, y, X_val=X, y_val=y)
    with pytest.warns(UserWarning, match="^X_val has feature names, but X has none"):
        network().fit(X, y, X_val=frame, y_val=y)
    for one, other in ((frame, X[:, :3]), (X, frame[list("abc")])):
        with (
            pytest.warns(UserWarning, match="has none"),
            pytest.raises(ValueError, match=r"X_val.* has 3 features"),
        ):
            network().fit(one, y, X_val=other, y_val=y)
    with pytest.raises(ValueError, match=r"X_val.*feature names should match"):
        network().fit(frame, y, X_val=frame[list("abdce")], y_val=y)
