"""The committee as an estimator: what its networks are, and what it makes of them."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import (
    CLASSES,
    DROPOUT,
    LABELS,
    SHORT_FITS,
    SOLVERS,
    assert_same_committee,
    assert_same_network,
    assert_same_training,
    by_name,
    committee,
    fitted_attributes,
    network,
    problem,
    weighted_loss,
)
from scipy.stats import entropy, loguniform
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingRandomSearchCV,
    KFold,
    RepeatedKFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import skreg
from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressorCV,
    TabularEncoder,
)
from skreg._inputs.candidates import draw_candidates
from skreg._inputs.labels import Labels
from skreg._inputs.plan import hidden_layer_sizes
from skreg._inputs.rows import Table

pytestmark = SHORT_FITS
CV = KFold(3, shuffle=True, random_state=0)
KINDS = ["binary", "multiclass", "text", "multilabel"]
GRID = {"alpha": [1e-4, 1e-2, 1.0], "learning_rate_init": [1e-3, 1e-2]}


def alone(member, X, y, fold, weights=None, **params):
    """Return the network that a member is, fitted by itself on its fold."""
    own, held_out = fold
    given = {} if weights is None else {"sample_weight_val": weights[held_out]}
    model = network(early_stopping=True, random_state=member.random_state, **params)
    return model.fit(
        X[own],
        y[own],
        None if weights is None else weights[own],
        X_val=X[held_out],
        y_val=y[held_out],
        **given,
    )


# What a member is


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
@pytest.mark.parametrize("kind", CLASSES)
@by_name(SOLVERS | DROPOUT)
def test_a_member_is_the_network_that_stops_by_its_fold(kind, params, scoring):
    X, y = problem(kind)
    model = committee(params, cv=CV, scoring=scoring).fit(X, y)
    assert len({member.random_state for member in model.members_}) == 3
    for member, fold in zip(model.members_, CV.split(X), strict=True):
        expected = alone(member, X, y, fold, scoring=scoring, **params)
        assert_same_training(member, expected)
        np.testing.assert_array_equal(
            member.predict_proba(X), expected.predict_proba(X)
        )
        assert fitted_attributes(member).keys() == fitted_attributes(expected).keys()


@pytest.mark.parametrize("kind", KINDS)
@by_name(SOLVERS)
def test_so_it_is_with_weights_to_rounding(kind, params):
    """Their mean is one over the training rows, by way of the largest of all."""
    X, y = problem(kind)
    weights = np.random.default_rng(0).uniform(0.1, 3, len(y))
    if kind != "multilabel":
        params = params | {"class_weight": dict(zip(np.unique(y), (2, 1, 0.5)))}
    model = committee(params, cv=CV).fit(X, y, weights)
    for member, fold in zip(model.members_, CV.split(X), strict=True):
        expected = alone(member, X, y, fold, weights, **params)
        assert_same_network(member, expected, rtol=1e-7, atol=1e-10)
        assert member.best_validation_score_ == pytest.approx(
            expected.best_validation_score_
        )


def test_balanced_classes_have_the_same_weights_in_all_networks():
    """Those of the whole table."""
    X, y = problem("multiclass")
    counts = np.bincount(y)
    weights = {k: len(y) / (3 * n) for k, n in enumerate(counts)}
    assert_same_committee(
        committee({"class_weight": "balanced"}).fit(X, y),
        committee({"class_weight": weights}).fit(X, y),
    )


def test_a_weight_of_k_is_k_copies():
    X, y = problem()
    weights = np.arange(len(y)) % 3 + 1
    rows = np.repeat(np.arange(len(y)), weights)
    folds = [*CV.split(X)]
    copies = [tuple(np.flatnonzero(np.isin(rows, p)) for p in f) for f in folds]
    params = {"solver": "lbfgs", "alpha": 0.1}
    weighted = committee(params, cv=folds).fit(X, y, weights)
    repeated = committee(params, cv=copies).fit(X[rows], y[rows])
    for one, other in zip(weighted.members_, repeated.members_, strict=True):
        assert_same_network(one, other, rtol=1e-4, atol=1e-6)
    assert weighted.best_score_ == pytest.approx(repeated.best_score_)


# What the committee makes of them


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_the_mean_over_the_members(kind):
    X, y = problem(kind)
    model = committee().fit(X, y)
    probabilities = np.mean([m.predict_proba(X) for m in model.members_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), probabilities, rtol=1e-13)
    np.testing.assert_allclose(
        model.predict_log_proba(X), np.log(probabilities), rtol=1e-9, atol=1e-12
    )
    expected = probabilities > 0.5
    if kind != "multilabel":
        expected = model.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), expected)
    np.testing.assert_array_equal(model.classes_, model.members_[0].classes_)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_rows_far_out_are_predicted_where_numpy_raises(method):
    X, y = problem("multiclass")
    params = {"max_iter": 50, "learning_rate_init": 0.1}
    for model in (network(**params).fit(X, y), committee(params).fit(X, y)):
        predict = getattr(model, method)
        expected = predict(1000 * X)
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(predict(1000 * X), expected)


def test_counts_far_below_one_are_predicted_where_numpy_raises():
    X, y = problem("number")
    model = network(kind="number", loss="poisson", activation="identity")
    model.fit(X, abs(y))
    downward = -1e8 * (model.coefs_[0] @ model.coefs_[1]).T
    with np.errstate(all="raise"):
        assert model.predict(downward) == 0


def test_log_probabilities_are_finite_where_probabilities_vanish():
    X, y = problem()
    model = committee({"max_iter": 100, "alpha": 0.0}).fit(X, y)
    far = 1e5 * X[:5]
    probabilities = model.predict_proba(far)
    assert (probabilities == 0).any()
    log_probabilities = model.predict_log_proba(far)
    assert np.isfinite(log_probabilities).all()
    assert (log_probabilities[probabilities == 1] == 0).all()
    assert log_probabilities.max() <= 0
    own = [member.predict_log_proba(far) for member in model.members_]
    expected = np.logaddexp.reduce(own) - np.log(3)
    np.testing.assert_allclose(log_probabilities, expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_fold_is_predicted_by_who_did_not_train_on_it(kind):
    X, y = problem(kind)
    model = committee(cv=CV).fit(X, y)
    for member, (_, held_out) in zip(model.members_, CV.split(X), strict=True):
        np.testing.assert_array_equal(
            model.oof_probabilities_[held_out], member.predict_proba(X[held_out])
        )


def test_out_of_fold_is_the_mean_over_the_repetitions_and_nan_for_rows_in_all():
    X, y = problem()
    cv = RepeatedKFold(n_splits=2, n_repeats=3, random_state=0)
    folds = [(own[own > 5], out[out > 5]) for own, out in cv.split(X)]
    model = committee(cv=folds).fit(X, y)
    assert np.isnan(model.oof_probabilities_[:6]).all()
    for row in (6, 30, 59):
        own = [
            member.predict_proba(X[row : row + 1])[0]
            for member, (_, out) in zip(model.members_, folds, strict=True)
            if row in out
        ]
        assert len(own) == 3
        np.testing.assert_allclose(model.oof_probabilities_[row], np.mean(own, axis=0))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_best_score_is_the_mean_loss_over_the_folds(kind, weighted):
    X, y = problem(kind)
    weights = np.random.default_rng(0).uniform(0.1, 3, len(y)) if weighted else None
    model = committee(cv=CV).fit(X, y, weights)
    losses = [
        weighted_loss(m, X[out], y[out], None if weights is None else weights[out])
        for m, (_, out) in zip(model.members_, CV.split(X), strict=True)
    ]
    assert -model.best_score_ == pytest.approx(np.mean(losses), rel=1e-9)
    if kind != "multilabel" and not weighted:
        out_of_fold = log_loss(y, model.oof_probabilities_)
        assert -model.best_score_ == pytest.approx(out_of_fold, rel=1e-9)


def test_a_function_scores_the_rows_of_a_fold_however_often_they_occur():
    X, y = problem()
    row_of = {x.tobytes(): label for x, label in zip(X, y, strict=True)}

    def accuracy_of_pairs(model, X, y):
        assert [row_of[x.tobytes()] for x in X] == y.tolist()
        return model.score(X, y)

    half = len(y) // 2
    rows = np.arange(len(y))
    twice = [*rows[half:]] * 2  # as many as there are rows
    assert len(twice) == len(y)
    folds = [(rows[:half], twice), (rows[half:], rows[:half])]
    committee(cv=folds, scoring=accuracy_of_pairs).fit(X, y)


@pytest.mark.parametrize(
    "scoring",
    [
        "accuracy",
        "roc_auc",
        "neg_log_loss",
        make_scorer(log_loss, response_method="predict_proba", greater_is_better=False),
        lambda model, X, y: model.score(X, y),
    ],
    ids=["accuracy", "roc_auc", "neg_log_loss", "scorer", "function"],
)
def test_any_score_is_raced_by(scoring):
    X, y = problem()
    model = committee(None, GRID, cv=CV, scoring=scoring).fit(X, y)
    score = get_scorer(scoring) if isinstance(scoring, str) else scoring
    scores = [
        score(member, X[held_out], y[held_out])
        for member, (_, held_out) in zip(model.members_, CV.split(X), strict=True)
    ]
    assert model.best_score_ == pytest.approx(np.mean(scores))


# Rows, labels and weights


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_float64(kind, dtype):
    X, y = problem(kind)
    X = X.astype(dtype)
    model = committee().fit(X, y)
    for predicted in (model.oof_probabilities_, model.predict_proba(X)):
        assert predicted.dtype == np.float64
        if kind != "multilabel":
            np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-15)
    assert model.predict_log_proba(X).dtype == np.float64


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_sparse_rows_give_what_dense_rows_give(make):
    X, y = problem("multiclass")
    X[np.abs(X) < 1] = 0
    dense, sparse = committee().fit(X, y), committee().fit(make(X), y)
    for one, other in zip(dense.members_, sparse.members_, strict=True):
        assert_same_network(one, other, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        dense.oof_probabilities_, sparse.oof_probabilities_, rtol=1e-9
    )
    np.testing.assert_allclose(dense.predict_proba(X), sparse.predict_proba(make(X)))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_members_know_the_names_of_the_features(library):
    frames = pytest.importorskip(library)
    X, y = problem()
    names = list("abcde")
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    labels = frames.Series(np.array(["no", "yes"])[y])
    model = committee().fit(frame, labels)
    for estimator in (model, *model.members_):
        assert estimator.feature_names_in_.tolist() == names
        estimator.predict(frame)
        with pytest.raises(ValueError, match="feature names"):
            estimator.predict(frame[names[::-1]])
    assert model.classes_.tolist() == ["no", "yes"]
    for one, other in zip(model.members_, committee().fit(X, y).members_, strict=True):
        assert_same_network(one, other)


@by_name(SOLVERS)
def test_a_committee_keeps_little_but_the_weights(params):
    X, y = problem()
    model = committee(params | {"hidden_layer_sizes": (99, 99)}).fit(X, y)
    layers = [weights for member in model.members_ for weights in member.coefs_]
    assert len(pickle.dumps(model)) < 1.2 * sum(weights.nbytes for weights in layers)


def test_training_of_a_member_goes_on_from_its_fitted_weights():
    X, y = problem()
    (member, *_) = committee().fit(X, y).members_
    further = copy.deepcopy(member).set_params(early_stopping=False, warm_start=True)
    further.set_params(learning_rate_init=1e-30, max_iter=1).fit(X, y)
    assert_same_network(further, member)
    assert further.loss_curve_[:-1] == member.loss_curve_


@pytest.mark.parametrize("y", [LABELS, LABELS.astype(object), [-5, 7, 2**40]])
def test_labels_come_back_as_they_were(y):
    X, codes = problem("multiclass")
    y = np.asarray(y)
    predicted = committee().fit(X, y[codes]).predict(X)
    assert predicted.dtype == y.dtype
    order = np.unique(y, return_inverse=True)[1]
    expected = committee().fit(X, order[codes]).predict(X)
    np.testing.assert_array_equal(predicted, np.unique(y)[expected])


# Rare classes

RARE = {
    "one row": np.r_[0, np.arange(59) % 2 + 1],
    "two rows": np.r_[0, 0, np.arange(58) % 2 + 1],
    "many classes of three": np.arange(60) // 3,
    "many classes of one and more": np.minimum(np.arange(60), 20),
}


@pytest.mark.parametrize("y", RARE.values(), ids=RARE)
def test_rare_classes_are_no_obstacle(y):
    X, _ = problem()
    model = committee(cv=5).fit(X, y)
    assert len(model.classes_) == len(np.unique(y))
    assert np.isfinite(model.predict_proba(X)).all()
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(
        np.isnan(model.oof_probabilities_).any(axis=1), counts[codes] == 1
    )
    scores = cross_val_score(committee(cv=5), X, y, cv=KFold(3, shuffle=True))
    assert np.isfinite(scores).all()


# Inside of scikit-learn


def test_parameters_of_the_network_are_those_of_the_committee():
    model = committee({"alpha": 0.1})
    assert model.get_params()["estimator__alpha"] == 0.1
    copy = clone(model).set_params(estimator__alpha=0.2, cv=2)
    assert copy.estimator.alpha == 0.2
    assert model.estimator.alpha == 0.1
    X, y = problem()
    search = GridSearchCV(model, {"estimator__alpha": [1e-3, 10.0]}, cv=2).fit(X, y)
    assert search.best_estimator_.members_[0].alpha in (1e-3, 10.0)
    assert not hasattr(model.estimator, "coefs_")


def test_halving_search_runs_around_it():
    X, y = problem()
    search = HalvingRandomSearchCV(
        make_pipeline(StandardScaler(), committee()),
        {"regmlpclassifiercv__estimator__alpha": [1e-4, 1e-2, 1.0, 10.0]},
        resource="regmlpclassifiercv__estimator__max_iter",
        max_resources=9,
        min_resources=1,
        n_candidates=4,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.best_estimator_[-1].members_[0].n_iter_ <= 9


def test_behind_the_encoder():
    frames = pytest.importorskip("pandas")
    X, y = problem("text")
    table = frames.DataFrame(X, columns=list("abcde"))
    table["f"] = np.where(X[:, 0] > 0, "yes", "no")
    model = make_pipeline(TabularEncoder(), committee()).fit(table, y)
    assert model[-1].oof_probabilities_.shape == (60, 3)
    assert set(model.predict(table)) <= set(LABELS)


def test_groups_stay_together():
    X, y = problem()
    groups = np.arange(60) // 6
    cv = GroupKFold(3)
    model = committee(cv=cv).fit(X, y, groups=groups)
    folds = [*cv.split(X, y, groups)]
    assert_same_committee(model, committee(cv=folds).fit(X, y))


@pytest.mark.parametrize("wrap", [False, True])
def test_weights_and_groups_are_routed(wrap):
    X, y = problem()
    groups, weights = np.arange(60) // 6, np.linspace(0.1, 2, 60)
    with config_context(enable_metadata_routing=True):
        model = committee(cv=GroupKFold(3))
        model.set_fit_request(sample_weight=True, groups=True)
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        if wrap:
            model = make_pipeline(MinMaxScaler(), model)
        metadata = {"sample_weight": weights, "groups": groups}
        outer = [(np.arange(12, 60), np.arange(12)), (np.arange(48), np.arange(48, 60))]
        options = {"cv": outer, "scoring": scorer, "return_estimator": True}
        result = cross_validate(model, X, y, params=metadata, **options)
    for fitted, (own, _) in zip(result["estimator"], outer, strict=True):
        rows = X[own]
        if wrap:
            rows, fitted = fitted[0].transform(rows), fitted[-1]
        expected = committee(cv=GroupKFold(3)).fit(
            rows, y[own], weights[own], groups=groups[own]
        )
        assert_same_committee(fitted, expected)


def test_a_splitter_of_groups_requests_them():
    X, y = problem()
    groups = np.arange(60) // 6
    expected = committee(cv=GroupKFold(3)).fit(X, y, groups=groups)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(committee(cv=GroupKFold(3)))
        assert_same_committee(model.fit(X, y, groups=groups)[-1], expected)
        renamed = GroupKFold(3).set_split_request(groups="patients")
        model = make_pipeline(committee(cv=renamed)).fit(X, y, patients=groups)
        assert_same_committee(model[-1], expected)
        never = committee(cv=GroupKFold(3)).set_fit_request(groups=False)
        for refusing in (never, committee(cv=3), committee(cv=KFold(3))):
            with pytest.raises((TypeError, ValueError), match="groups"):
                make_pipeline(refusing).fit(X, y, groups=groups)


def test_weights_that_were_not_asked_for_are_refused():
    X, y = problem()
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), committee())
        with pytest.raises(ValueError, match="sample_weight"):
            pipeline.fit(X, y, sample_weight=np.ones(60))


# Seeds and defaults


def test_the_seed_decides_everything_and_an_estimators_own_does_not_count():
    X, y = problem()
    model = committee(None, GRID, n_candidates=3).fit(X, y)
    other = committee({"random_state": 7}, GRID, n_candidates=3).fit(X, y)
    assert_same_committee(model, other)
    assert model.cv_results_["params"] == other.cv_results_["params"]
    generator = np.random.RandomState(3)
    first, second = (committee(random_state=generator).fit(X, y) for _ in range(2))
    assert_same_committee(
        first, committee(random_state=np.random.RandomState(3)).fit(X, y)
    )
    assert first.best_score_ != second.best_score_


def test_what_the_committee_decides_is_not_taken_from_the_estimator(capsys):
    X, y = problem()
    ignored = {"early_stopping": False, "scoring": "f1", "warm_start": True}
    model = committee(ignored | {"verbose": True}).fit(X, y)
    assert_same_committee(model, committee().fit(X, y))
    assert capsys.readouterr().out == ""
    again = model.members_
    assert_same_committee(model.fit(X, y), committee().fit(X, y))
    assert again is not model.members_


def test_the_defaults_are_those_of_the_network_but_for_its_layers():
    X, y = make_classification(60, random_state=0)
    model = RegMLPClassifierCV(random_state=0).fit(X, y)
    assert len(model.members_) == 5
    ours = RegMLPClassifier((128, 128, 128))
    assert_same_committee(model, RegMLPClassifierCV(ours, random_state=0).fit(X, y))
    assert "RegMLPClassifierCV" in skreg.__all__


SEARCHED = {"alpha", "keep_prob", "input_keep_prob", "activation"}
SPACES = {
    "adam": ({}, SEARCHED | {"learning_rate_init"}),
    "sgd": ({"solver": "sgd"}, SEARCHED),
    "lbfgs": ({"solver": "lbfgs"}, {"alpha", "activation"}),
    "no hidden layers": (
        {"hidden_layer_sizes": ()},
        {"alpha", "input_keep_prob", "learning_rate_init"},
    ),
}


TABLE = Table(np.zeros((1000, 3)), None, None, SimpleNamespace(loss_size=1.0))


def test_auto_penalises_small_features_less():
    X = np.random.default_rng(0).random((100, 3)) / 2
    model, alphas = RegMLPClassifierCV(param_distributions="auto"), []
    for scale in (1, 2):
        table = TABLE._replace(X=scale * X)
        rng = np.random.RandomState(0)
        drawn = draw_candidates(model, RegMLPClassifier(), table, rng)
        alphas.append([params["alpha"][0] for params in drawn[1:]])
    np.testing.assert_allclose(np.multiply(2, alphas[0]), alphas[1])


@pytest.mark.parametrize("hidden", [(), (3, 3)])
def test_auto_does_not_count_rows_without_weight(hidden):
    model, alphas = RegMLPClassifierCV(param_distributions="auto"), []
    network = RegMLPClassifier(hidden, class_weight={0: 2.0})
    y = np.repeat([0, 1], 500)
    table = TABLE._replace(y=y, targets=Labels.of(y))
    for weights in (None, np.where(y, 8.0, 0.0)):
        rng = np.random.RandomState(0)
        drawn = draw_candidates(
            model, network, table._replace(sample_weight=weights), rng
        )
        alphas.append([params["alpha"][0] for params in drawn[1:]])
    factor = np.exp(entropy([2, 1])) if hidden else 1  # from 500 rows of each to 500
    np.testing.assert_allclose(np.multiply(factor, alphas[0]), alphas[1], rtol=1e-3)


@pytest.mark.parametrize(
    ("kind", "strengths"),
    [
        (RegMLPClassifierCV, [2, 5, 12, 30]),
        (RegMLPRegressorCV, [0.5, 1, 4, 10]),
    ],
)
@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
def test_auto_chooses_among_these_values(hidden, kind, strengths):
    model = kind(param_distributions="auto", n_candidates=10_000)
    network, rng = kind._member_class(hidden), np.random.RandomState(0)
    first, *others = draw_candidates(model, network, TABLE, rng)
    share, faster = {(): (1, 5), (4,): (1 / 4, 2), (4, 3): (1, 1)}[hidden]
    expected = {
        "alpha": [[s * share / 1000, *[0] * len(hidden)] for s in strengths],
        "learning_rate_init": [0.004 * faster, 0.008 * faster, 0.016 * faster],
        "input_keep_prob": [0.95, 1],
    }
    if hidden:
        expected |= {"activation": ["relu", "tanh"], "keep_prob": [0.8, 0.9, 1]}
    assert first == {}
    assert len(others) == np.prod([len(values) for values in expected.values()])
    for name, values in expected.items():
        found = np.unique([own[name] for own in others], axis=0)
        if name == "activation":
            assert found.tolist() == values
        else:
            np.testing.assert_allclose(found, values)


def test_candidates_are_drawn_from_distributions_and_lists():
    space = {"alpha": loguniform(1e-4, 1e-2), "activation": ["relu", "tanh"]}
    model = RegMLPClassifierCV(param_distributions=space, n_candidates=20)
    rng = np.random.RandomState(0)
    drawn = draw_candidates(model, RegMLPClassifier(), TABLE, rng)
    alphas = {own["alpha"] for own in drawn}
    assert len(alphas) == len(drawn) == 20
    assert all(1e-4 <= alpha <= 1e-2 for alpha in alphas)
    assert {own["activation"] for own in drawn} == {"relu", "tanh"}


@by_name(SPACES, "space")
def test_auto_is_thirty_candidates_around_the_defaults(space):
    params, names = space
    model = RegMLPClassifierCV(param_distributions="auto")
    shared, rng = RegMLPClassifier(**params), np.random.RandomState(0)
    first, *others = draw_candidates(model, shared, TABLE, rng)
    assert first == {}
    # There are only 4 strengths times 2 activations, and 4 times 2 times 3.
    assert len(others) == {2: 8, 3: 24}.get(len(names), 29)
    n_layers = 1 + len(hidden_layer_sizes(shared))
    for own in others:
        assert own.keys() == names
        assert len(own["alpha"]) == n_layers


def test_auto_is_around_the_defaults_of_a_single_hidden_layer():
    model, spaces = RegMLPClassifierCV(param_distributions="auto"), []
    for hidden in ((64,), (64, 64)):
        rng = np.random.RandomState(0)
        _, *others = draw_candidates(model, RegMLPClassifier(hidden), TABLE, rng)
        own = [(c["alpha"][0], c["learning_rate_init"]) for c in others]
        spaces.append(np.unique(own, axis=0))
    single, two = (np.unique(space[:, 0]) for space in spaces)
    np.testing.assert_allclose(4 * single, two)
    single, two = (np.unique(space[:, 1]) for space in spaces)
    np.testing.assert_allclose(single, 2 * two)


@pytest.mark.parametrize(
    "params", [{}, {"hidden_layer_sizes": (4, 3, 2)}, {"solver": "lbfgs"}], ids=str
)
def test_auto_is_a_space_for_every_network(params):
    X, y = problem()
    model = committee(params, "auto", n_candidates=4).fit(X, y)
    candidates = model.cv_results_["params"][:4]
    assert candidates[0] == {}
    assert (model.cv_results_["iter"] == 0).sum() == 4
    assert model.best_params_ in candidates
    assert len({str(own) for own in candidates}) == 4


def test_a_splitter_is_used_as_in_a_search():
    X, y = problem("text")
    cv = StratifiedKFold(4, shuffle=True, random_state=1)
    model = committee(cv=cv).fit(X, y)
    assert_same_committee(model, committee(cv=[*cv.split(X, y)]).fit(X, y))


def test_parameters_of_the_networks_can_be_set_without_naming_a_network():
    committee = RegMLPClassifierCV().set_params(estimator__alpha=0.5, cv=3)
    assert (committee.estimator.alpha, committee.cv) == (0.5, 3)
    default = RegMLPClassifierCV()._make_network()
    same = RegMLPClassifierCV().set_params(estimator__random_state=None)
    assert same._make_network().get_params() == default.get_params()
    assert RegMLPClassifierCV().set_params(cv=3).estimator is None


def test_parameters_of_the_networks_are_set_in_the_network_that_is_given():
    given = network()
    model = committee().set_params(estimator=given, estimator__alpha=0.5)
    assert model.estimator is given
    assert model.set_params(estimator__max_iter=3).estimator is given
    assert given.get_params() == network(alpha=0.5, max_iter=3).get_params()


def test_fit_leaves_the_given_network_as_it_was():
    X, y = problem()
    given = network()
    before = dict(vars(given))
    model = RegMLPClassifierCV(given, {"alpha": [0.1, 1.0]}, cv=3, random_state=0)
    model.fit(X, y)
    assert vars(given) == before


def test_a_candidate_has_no_parameter_of_another():
    X, y = problem()
    both, alone = (
        committee(None, space).fit(X, y).cv_results_
        for space in (
            [{"alpha": [10.0]}, {"activation": ["identity"]}],
            [{"activation": ["identity"]}],
        )
    )
    first = np.flatnonzero([p == {"activation": "identity"} for p in both["params"]])
    n_epochs = both["n_resources"][first].tolist()
    assert n_epochs[-1] == alone["n_resources"][-1]
    score = both["mean_test_score"][first[-1]]
    assert score == alone["mean_test_score"][-1]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("n_iter", "Use n_candidates"),
        ("n_estimators", "Use cv"),
        ("early_stopping_rounds", "Use n_iter_no_change"),
        (
            "alpha",
            r"set estimator__alpha, or pass estimator=RegMLPClassifier\(alpha=…\)",
        ),
        ("dropout", "Use keep_prob.* in estimator"),
        ("seed", "Use random_state.$"),
        ("facto", "Did you mean factor?"),
        ("depth", "get_params"),
    ],
)
def test_an_unknown_parameter_is_refused_with_a_hint(name, hint):
    message = f"RegMLPClassifierCV has no parameter '{name}'. .*{hint}"
    with pytest.raises(TypeError, match=message):
        RegMLPClassifierCV(**{name: 1})
    with pytest.raises(ValueError, match=message):
        RegMLPClassifierCV().set_params(**{name: 1})
