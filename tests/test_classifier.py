"""What RegMLPClassifier predicts, and the conventions of scikit-learn that it keeps."""

import numpy as np
import pytest
from estimators import (
    DROPOUT,
    SHORT_FITS,
    SOLVERS,
    STEPPING,
    assert_same_network,
    by_name,
    fitted_attributes,
    network,
    problem,
)
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier

pytestmark = [
    SHORT_FITS,
    pytest.mark.filterwarnings(
        "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
        "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning",
    ),
]

# Labels and outputs


@pytest.mark.parametrize(
    "labels",
    [
        np.array([-7, 40]),
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([False, True]),
        np.array([0.0, 1.0]),
        np.array([1, 2, 5], dtype=np.uint8),
        np.array(["a", "bb", "ccc"]),
    ],
    ids=lambda labels: f"{labels.dtype}-{len(labels)}",
)
def test_labels_of_any_type_train_the_network_of_their_codes(labels):
    X, codes = problem("binary" if len(labels) == 2 else "multiclass")
    coded = network(max_iter=30).fit(X, codes)
    labelled = network(max_iter=30).fit(X, labels[codes])
    assert_same_network(labelled, coded)
    np.testing.assert_array_equal(labelled.classes_, labels)
    predicted = labelled.predict(X)
    np.testing.assert_array_equal(predicted, labels[coded.predict(X)])
    assert predicted.dtype == labels.dtype
    assert labelled.score(X, labels[codes]) == np.mean(predicted == labels[codes])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_probabilities_decide_the_prediction(kind):
    X, y = problem(kind)
    model = network(max_iter=50, learning_rate_init=0.03).fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(
        np.exp(model.predict_log_proba(X)), probabilities, rtol=1e-12
    )
    if kind == "multilabel":
        np.testing.assert_array_equal(model.predict(X), probabilities > 0.5)
    else:
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(model.predict(X), probabilities.argmax(axis=1))
    assert model.score(X, y) > 0.6


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@by_name(SOLVERS)
def test_fitted_attributes_have_the_layout_of_scikit_learn(kind, params):
    X, y = problem(kind)
    ours = network(hidden_layer_sizes=(6, 3), **params).fit(X, y)
    theirs = MLPClassifier((6, 3), solver=params["solver"], max_iter=5).fit(X, y)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    for name in ("coefs_", "intercepts_"):
        shapes = [array.shape for array in getattr(theirs, name)]
        assert [array.shape for array in getattr(ours, name)] == shapes
    assert len(ours.loss_curve_) == ours.n_iter_ == 5
    assert ours.loss_ == ours.loss_curve_[-1]
    assert ours.best_loss_ == min(ours.loss_curve_)
    assert ours.t_ == 5 * len(X)
    assert ours.validation_scores_ is ours.best_validation_score_ is None


@by_name(DROPOUT, "dropout")
@by_name(STEPPING)
def test_the_penalty_is_recorded_as_it_is_after_each_epoch(params, dropout):
    X, y = problem()
    alphas = [0.3, 0.0, 0.02]
    layers = {"hidden_layer_sizes": (6, 3), "alpha": alphas, "feature_scales": True}
    model, expected = network(**params | dropout | layers), []
    for _ in range(4):
        model.partial_fit(X, y, [0, 1])
        sizes = [float((coef**2).sum()) for coef in model.coefs_]
        sizes[0] += float((model.feature_scales_**2).sum())
        expected.append(sum(a / 2 * s for a, s in zip(alphas, sizes)))
    np.testing.assert_allclose(model.penalty_curve_, expected, rtol=1e-12)
    assert {type(value) for value in model.penalty_curve_} == {float}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "number"])
def test_the_objective_without_its_penalty_is_the_loss(kind):
    X, y = problem(kind)
    model = network(kind=kind, solver="lbfgs", alpha=0.1).fit(X, y)
    if kind == "number":
        loss = mean_squared_error(y, model.predict(X)) / 2
    else:
        loss = log_loss(y, model.predict_proba(X))
    assert model.loss_ - model.penalty_curve_[-1] == pytest.approx(loss)
    assert model.penalty_curve_[-1] > 0


def test_one_sigmoid_is_a_softmax_over_two_classes():
    X, y = problem()
    model = network(dtype="float64", feature_scales=False).fit(X, y)
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    logit = hidden @ model.coefs_[1] + model.intercepts_[1]
    expected = log_softmax(np.hstack([np.zeros_like(logit), logit]), axis=1)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=1e-10)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_log_probabilities_are_finite_where_probabilities_underflow(kind):
    X, y = problem(kind)
    model = network().fit(X, y)
    model.coefs_ = [coef * 1e3 for coef in model.coefs_]
    assert model.predict_proba(X).min() == 0
    assert np.isfinite(model.predict_log_proba(X)).all()


# Printing


@pytest.mark.parametrize(
    ("verbose", "epochs"),
    [(False, []), (0, []), (True, [1, 2, 3, 4, 5]), (2, [2, 4]), (10, [])],
)
@by_name(SOLVERS)
def test_verbose_prints_a_line_for_every_nth_epoch(capsys, params, verbose, epochs):
    X, y = problem()
    model = network(verbose=verbose, **params).fit(X, y, X_val=X, y_val=y)
    lines = capsys.readouterr().out.splitlines()
    if verbose:
        assert lines.pop().startswith("Training ended: ")
        epochs = sorted({*epochs, model.n_iter_})
    assert len(lines) == len(epochs)
    for epoch, line in zip(epochs, lines, strict=True):
        assert line.split(",")[0].split() == ["Iteration", str(epoch)]
        assert f"{model.loss_curve_[epoch - 1]:.6f}" in line
        assert f"{model.validation_loss_curve_[epoch - 1]:.6f}" in line


# The conventions of scikit-learn


def test_parameters_survive_fit_and_clone():
    X, y = problem()
    params = {"hidden_layer_sizes": [6], "keep_prob": [0.5], "class_weight": {0: 2}}
    model = network(learning_rate_init="auto", **params)
    before = model.get_params()
    model.fit(X, y)
    after = model.get_params()
    assert before.keys() == after.keys()
    assert all(after[name] is value for name, value in before.items())
    copy = clone(model)
    assert copy.get_params() == before
    assert fitted_attributes(copy) == {}
    assert params == {
        "hidden_layer_sizes": [6],
        "keep_prob": [0.5],
        "class_weight": {0: 2},
    }
    with pytest.raises(ValueError, match="dropout"):
        model.set_params(dropout=0.5)


def test_in_a_pipeline_in_a_grid_search():
    X, y = problem(n=120)
    labels = np.array(["no", "yes"])[y]
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network(max_iter=30, learning_rate_init=0.01)),
        {
            "regmlpclassifier__keep_prob": [1.0, 0.8],
            "regmlpclassifier__alpha": [1e-4, 1e3],
        },
        cv=2,
        error_score="raise",
    ).fit(1000 * X, labels)
    assert search.best_params_["regmlpclassifier__alpha"] == 1e-4
    assert search.score(1000 * X, labels) > 0.7


def test_tags_are_true():
    tags = RegMLPClassifier().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class


def test_html_representation_links_to_the_documentation():
    link = "https://skreg.readthedocs.io/en/stable/api/skreg.RegMLPClassifier.html"
    assert link in RegMLPClassifier()._repr_html_()


# Determinism


@by_name(STEPPING | DROPOUT | {"early stopping": {"early_stopping": True}})
def test_an_int_seed_decides_everything_and_disturbs_nothing(params):
    X, y = problem()
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other = (network(**params).fit(X, y) for _ in range(2))
    assert_same_network(one, other)
    assert one.loss_curve_ == other.loss_curve_
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    changed = network(**params | {"random_state": 1}).fit(X, y)
    assert not np.array_equal(changed.coefs_[0], one.coefs_[0])


def test_without_a_seed_every_fit_is_another():
    X, y = problem()
    one, other = (network(random_state=None).fit(X, y) for _ in range(2))
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_a_random_state_instance_moves_on():
    X, y = problem()
    random_state = np.random.RandomState(0)
    one, other = (network(random_state=random_state).fit(X, y) for _ in range(2))
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_shuffle():
    X, y = problem()
    reversed_rows = slice(None, None, -1)
    ordered = network(shuffle=False).fit(X, y)
    assert not np.array_equal(network().fit(X, y).coefs_[0], ordered.coefs_[0])
    backwards = network(shuffle=False).fit(X[reversed_rows], y[reversed_rows])
    assert not np.array_equal(backwards.coefs_[0], ordered.coefs_[0])


def test_a_fitted_network_keeps_its_activation():
    X, y = problem()
    model = network().fit(X, y)
    before = model.predict_proba(X)
    model.set_params(activation="logistic")
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_a_scorer_sees_the_activation_of_the_present_training():
    X, y = problem()

    def mean_probability(model, X, y):
        return model.predict_proba(X)[np.arange(len(y)), y].mean()

    params = {"early_stopping": True, "scoring": mean_probability}
    model, again = network(**params), network(activation="tanh", **params)
    model.fit(X, y).set_params(activation="tanh").fit(X, y)
    assert model.validation_scores_ == again.fit(X, y).validation_scores_
