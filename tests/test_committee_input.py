"""What a committee refuses: before it trains, and it stays as it was."""

import re
from functools import partial

import numpy as np
import pytest
from estimators import SHORT_FITS, Hooks, committee, network, problem
from scipy.stats import loguniform
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_bad_input import (
    CASES,
    LABELS,
    NUMBERS,
    ONE_VALUE_EACH,
    N,
    X,
    fit,
    replaced,
    y,
)

import skreg._base
from skreg import RegMLPClassifier, RegMLPClassifierCV

pytestmark = SHORT_FITS

# What the network refuses, too
_NOT_OF_A_COMMITTEE = (
    "_val|partial_fit|classes|hold|held|to train on|early|sizes|scoring"
)


def of_rows(cases):
    return [case for case in cases if not re.search(_NOT_OF_A_COMMITTEE, case[0])]


def rows(labels, numbers=()):
    """Run through the cases of a committee of classifiers and of one of regressors."""
    cases = [
        pytest.param(kind, *case, id=f"{kind}-{name}")
        for kind, own in {"binary": labels, "number": numbers}.items()
        for name, *case in own
    ]
    return pytest.mark.parametrize(("kind", "match", "call", "params"), cases)


DECIDED = {"early_stopping", "scoring", "random_state", "warm_start", "verbose"}
OF_PARAMETERS = [case for case in ONE_VALUE_EACH if not DECIDED & case[-1].keys()]

GRID = {"alpha": [1e-3, 1e-2]}
DRAWN = {"alpha": loguniform(1e-4, 1)}
OF_COMMITTEES = [
    (f"{name}={value!r}", name, fit(X, y), {name: value} | others)
    for name, values, others in [
        ("n_candidates", [0, -1, 2.5, "3", np.nan], {"param_distributions": GRID}),
        ("factor", [1, 0.5, -3, np.nan, "3", None], {"param_distributions": GRID}),
        ("cv", [0, 1, -1, N + 1, 2.5, "5", [], [([0], [1])]], {}),
        ("scoring", ["nope", None, 3], {}),
        ("n_jobs", [0, 1.5, "2"], {}),
        ("random_state", ["a", 1.5], {}),
        ("verbose", [-1, "yes"], {}),
        ("estimator", ["mlp", 3, RandomForestClassifier()], {}),
        ("param_distributions", ["all", 3, [3], {"alpha": 0.1}, [], {"alpha": []}], {}),
    ]
    for value in values
] + [
    (
        "estimator a pipeline",
        "(?s)estimator has to be a RegMLPClassifier.* before the committee",
        fit(X, y),
        {"estimator": make_pipeline(StandardScaler(), RegMLPClassifier())},
    ),
    (
        "estimator a class",
        "estimator has to be a RegMLPClassifier",
        fit(X, y),
        {"estimator": RegMLPClassifier},
    ),
    (
        "estimator a committee",
        "estimator has to be a RegMLPClassifier",
        fit(X, y),
        {"estimator": RegMLPClassifierCV()},
    ),
    *(
        (
            f"param_distributions with {name}",
            f"param_distributions has .*'{name}'.*the committee sets",
            fit(X, y),
            {"param_distributions": {name: [True, False]}},
        )
        for name in sorted(DECIDED)
    ),
    (
        "an unknown parameter",
        "param_distributions: RegMLPClassifier has no parameter 'depth'",
        fit(X, y),
        {"param_distributions": {"depth": [1, 2]}},
    ),
    (
        "a parameter by its name in a search",
        r"param_distributions has \['estimator__alpha'\]\. Leave out 'estimator__'",
        fit(X, y),
        {"param_distributions": {"estimator__alpha": [0.1, 1]}},
    ),
    (
        "an iterator that was used",
        "cv gives 0 fold.*used before",
        fit(X, y),
        {"cv": iter([])},
    ),
    (
        "a parameter by its name elsewhere",
        "param_distributions: .*'dropout'.* keep_prob",
        fit(X, y),
        {"param_distributions": {"dropout": [0.1, 0.2]}},
    ),
    (
        "a value that is refused",
        "'alpha' parameter of RegMLPClassifier .* -1",
        fit(X, y),
        {"param_distributions": {"alpha": [1e-3, -1]}},
    ),
    (
        "values that do not go together",
        "keep_prob has 2 entries",
        fit(X, y),
        {"param_distributions": [GRID, {"keep_prob": [[0.5, 0.5]]}]},
    ),
    (
        "a distribution and nothing to say how often",
        "param_distributions: .*n_candidates",
        fit(X, y),
        {"param_distributions": DRAWN},
    ),
    (
        "lists of nothing",
        "param_distributions: there are no candidates",
        fit(X, y),
        {"param_distributions": []},
    ),
    (
        "candidates of nothing",
        "n_candidates=3 .*param_distributions is None",
        fit(X, y),
        {"n_candidates": 3},
    ),
    (
        "scoring without weights",
        "takes no sample_weight",
        fit(X, y, np.ones(len(y))),
        {"scoring": lambda model, X, y: 0.0},
    ),
    *(
        (
            f"scoring returns {score!r}",
            "scoring",
            fit(X, y),
            {"scoring": lambda model, X, y, score=score: score},
        )
        for score in [None, "high", {"accuracy": 1.0}, np.nan, 10**400]
    ),
    ("groups for a number of folds", "groups", fit(X, y, groups=y), {}),
    ("groups that are missing", "groups", fit(X, y), {"cv": GroupKFold(3)}),
    (
        "groups with a missing one",
        "groups",
        fit(X, y, groups=[np.nan, *y[1:]]),
        {"cv": GroupKFold(2)},
    ),
    (
        "groups with None",
        "groups: some are missing",
        fit(X, y, groups=np.array([None, *y[1:]], object)),
        {"cv": GroupKFold(2)},
    ),
    (
        "groups in two columns",
        "groups",
        fit(X, y, groups=np.column_stack([y, y])),
        {"cv": GroupKFold(2)},
    ),
    (
        "a name that is no text",
        "param_distributions",
        fit(X, y),
        {"param_distributions": {1: [2]}},
    ),
    (
        "groups of another length",
        "groups: ",
        fit(X, y, groups=y[1:]),
        {"cv": GroupKFold(2)},
    ),
    (
        "a fold without weight",
        "sample_weight.* validation rows",
        fit(X, y, np.arange(N) // 20),
        {"cv": [(range(20, N), range(20)), (range(20), range(20, N))]},
    ),
]


@rows(of_rows(CASES + LABELS) + OF_PARAMETERS, of_rows(CASES + NUMBERS))
def test_what_a_network_refuses_is_refused(kind, match, call, params):
    model = committee(params, kind=kind)
    before = vars(model).copy()
    with pytest.raises((ValueError, TypeError), match=match):
        call(model)
    assert vars(model) == before


@rows(OF_COMMITTEES)
def test_a_new_committee_stays_unfitted_and_trains_nothing(
    monkeypatch, kind, match, call, params
):
    if not callable(params.get("scoring")) and "sample_weight" not in match:
        monkeypatch.setattr(
            skreg._base, "make_engine", lambda *_: pytest.fail("trains")
        )
    model = committee(kind=kind).set_params(**params)
    before = vars(model).copy()
    with pytest.raises((ValueError, TypeError), match=match):
        call(model)
    assert vars(model) == before


@rows(OF_COMMITTEES)
def test_a_fitted_committee_stays_as_it_was(kind, match, call, params):
    model = committee(kind=kind).fit(X, y)
    good, before = model.get_params(deep=False), vars(model).copy()
    members = [*model.members_]
    predicted = model.predict_proba(X)
    model.set_params(**params)
    with pytest.raises((ValueError, TypeError), match=match):
        call(model)
    model.set_params(**good)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert model.members_ == members
    np.testing.assert_array_equal(model.predict_proba(X), predicted)


def test_a_refused_call_leaves_a_generator_as_it_was():
    generator = np.random.RandomState(0)
    model = committee({"keep_prob": [0.5, 0.5]}, random_state=generator)
    with pytest.raises(ValueError, match="keep_prob"):
        model.fit(X, y)
    assert generator.randint(1000) == np.random.RandomState(0).randint(1000)


def test_callbacks_belong_to_the_committee():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")
    model = RegMLPClassifierCV(network(Hooks()))
    with pytest.raises(TypeError, match="Set them on the committee"):
        model.fit(X, y)


@pytest.mark.parametrize("name", ["alpha", "hidden_layer_sizes", "max_iter"])
def test_a_parameter_of_the_network_is_none_of_the_committee(name):
    with pytest.raises(TypeError, match=rf"estimator=RegMLPClassifier\({name}=…\)"):
        RegMLPClassifierCV(**{name: 3})
    with pytest.raises(ValueError, match=rf"estimator=RegMLPClassifier\({name}=…\)"):
        committee().set_params(**{name: 3})


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_a_column_of_targets_is_warned_of_once(kind):
    models = [committee(None, GRID, kind=kind) for _ in range(2)]
    with pytest.warns(DataConversionWarning) as caught:
        models[0].fit(X, y.reshape(-1, 1))
    assert [w.category for w in caught].count(DataConversionWarning) == 1
    np.testing.assert_array_equal(models[0].predict(X), models[1].fit(X, y).predict(X))


@pytest.mark.parametrize("estimator", [None, network()])
def test_an_unknown_name_in_the_network_changes_no_parameter(estimator):
    model = RegMLPClassifierCV(estimator)
    with pytest.raises(ValueError, match=r"no parameter 'lr'.*learning_rate_init"):
        model.set_params(cv=7, estimator__lr=1)
    assert model.cv == 5
    assert model.estimator is estimator


def test_a_scorer_that_cannot_be_copied_is_named():
    model = committee(scoring=partial(next_of, (score for score in [0.5])))
    with pytest.raises(TypeError, match=r"^scoring: cannot pickle"):
        model.fit(X, y)


def next_of(scores, estimator, X, y):
    return next(scores)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predicting_before_fit_and_from_what_is_not_X(method):
    predict = getattr(committee(), method)
    with pytest.raises(NotFittedError):
        predict(X)
    predict = getattr(committee().fit(X, y), method)
    for wrong, match in [
        (X[:, :2], "2 features"),
        (replaced(X, np.nan), "X contains NaN"),
        (X[0], "2D array"),
        (X[:0], "0 sample"),
        (np.ma.masked_greater(X, 1), "X has masked entries"),
        (None, "X"),
    ]:
        with pytest.raises(ValueError, match=match):
            predict(wrong)


def test_lists_shorter_than_the_candidates_asked_for_are_all_there_is():
    rows, labels = problem()
    model = committee(None, GRID, n_candidates=10).fit(rows, labels)
    drawn = model.cv_results_["params"][: model.cv_results_["iter"].tolist().count(0)]
    assert sorted(own["alpha"] for own in drawn) == GRID["alpha"]
