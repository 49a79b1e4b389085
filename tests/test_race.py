"""The race: nothing twice, the same in any number of processes, and what ends it."""

import os
import signal
import warnings
from collections import Counter
from functools import partial
from itertools import count
from time import perf_counter

import joblib
import numpy as np
import pytest
from estimators import (
    CONTROLS_BLAS,
    DROPOUT,
    SHORT_FITS,
    STEPPING,
    assert_same_committee,
    assert_same_training,
    at_call,
    blas_threads,
    by_name,
    committee,
    fitted_attributes,
    network,
    press_ctrl_c,
    problem,
    warnings_are_errors,
    watch_engines,
)
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import skreg._race
from skreg._race import Candidate, Member, Race, _may_use_threads, train_members

pytestmark = SHORT_FITS
X, y = problem(n=90)
GRID = {"alpha": [1e-4, 1e-2, 0.1, 1.0], "learning_rate_init": [1e-3, 1e-2, 3e-2]}
PARAMS = {"max_iter": 9}


def race(params=None, distributions=GRID, *callbacks, **options):
    return committee(PARAMS | (params or {}), distributions, *callbacks, **options)


def plain(model):
    """Return the committee with the winner's parameters, trained in one go."""
    best = model.estimator.get_params() | model.best_params_
    return committee(best, cv=model.cv, scoring=model.scoring).fit(X, y)


def rungs(model):
    """Return the candidates and the epochs of each rung."""
    results = model.cv_results_
    return [
        (np.sum(results["iter"] == k), results["n_resources"][results["iter"] == k][0])
        for k in np.unique(results["iter"])
    ]


# Going on is exact


@by_name(STEPPING | DROPOUT | {"adaptive": {"learning_rate": "adaptive"}})
def test_the_winner_is_the_committee_that_was_trained_in_one_go(params):
    assert_trained_in_one_go(race(params).fit(X, y))


def test_so_is_the_winner_by_a_metric():
    assert_trained_in_one_go(race(scoring="accuracy").fit(X, y))


def assert_trained_in_one_go(model):
    assert len(rungs(model)) > 1
    assert model.best_params_.keys() == GRID.keys()
    alone = plain(model)
    assert_same_committee(model, alone)
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))


def test_a_patience_that_spans_rungs_is_not_forgotten():
    params = {"max_iter": 40, "n_iter_no_change": 3, "tol": 1e-3}
    model = race(params | {"learning_rate_init": 0.05}, {"alpha": [1e-4, 1e-3, 1e-2]})
    model.fit(X, y)
    results, n_epochs = model.cv_results_, [m.n_iter_ for m in model.members_]
    won = results["mean_test_score"] == model.best_score_
    assert results["n_resources"][won].max() == max(n_epochs)
    assert min(n_epochs) < max(n_epochs)
    assert_same_committee(model, plain(model))


def test_lbfgs_that_converges_in_the_first_rung_is_not_trained_again():
    """One that doesn't begins each rung without what it knew of the curvature."""
    params = {"solver": "lbfgs", "max_iter": 3000, "alpha": 1.0}
    model = race(params, {"alpha": [0.5, 1.0, 2.0, 4.0]}).fit(X, y)
    assert max(member.n_iter_ for member in model.members_) < 100
    assert_same_committee(model, plain(model))


def test_the_epochs_of_a_rung_follow_each_candidates_own():
    grid = {"max_iter": [2, 9, 18], "alpha": [1e-3, 1e-2, 1e-1]}
    model = race(None, grid, n_jobs=1).fit(X, y)
    results = model.cv_results_
    last = results["iter"] == results["iter"].max()
    limits = [params["max_iter"] for params in results["params"]]
    assert (results["n_resources"] <= limits).all()
    np.testing.assert_array_equal(results["n_resources"][last], np.array(limits)[last])


def test_a_rung_ends_at_the_epoch_nearest_to_its_share():
    """The shares are 1, 4 and 13 of 13."""
    assert rungs(race().fit(X, y)) == [(12, 1), (4, 3), (2, 9)]


@pytest.mark.parametrize("max_iter", [1, 2, 3])
def test_no_network_trains_longer_than_it_may(max_iter):
    model = race({"max_iter": max_iter}, {"alpha": np.geomspace(1e-5, 1, 30)})
    model.fit(X, y)
    assert {member.n_iter_ for member in model.members_} == {max_iter}
    assert_same_committee(model, plain(model))
    assert (model.cv_results_["n_resources"] >= 1).all()


# The results


def test_results_have_only_the_columns_of_a_search_and_ties_share_the_best_rank():
    space = [{"alpha": [1.0] * 3}, {"hidden_layer_sizes": [4, (3, 3)]}]
    results = race(None, space).fit(X, y).cv_results_
    assert {*results} == {
        *("iter", "n_resources", "params", "param_alpha", "param_hidden_layer_sizes"),
        *("mean_test_score", "std_test_score", "rank_test_score"),
        *(f"split{k}_test_score" for k in range(3)),
        *("mean_fit_time", "std_fit_time"),
    }
    scores = results["mean_test_score"]
    assert max(np.unique(scores, return_counts=True)[1]) == 3
    expected = [1 + np.sum(scores > score) for score in scores]
    assert results["rank_test_score"].tolist() == expected
    for name in ("alpha", "hidden_layer_sizes"):
        expected = [params.get(name) for params in results["params"]]
        assert results[f"param_{name}"].tolist() == expected


def test_results_have_the_layout_of_a_search():
    model = race(None, [GRID, {"alpha": [0.5], "momentum": [0.5]}]).fit(X, y)
    results = model.cv_results_
    n = len(results["params"])
    assert all(len(column) == n for column in results.values())
    splits = np.column_stack([results[f"split{k}_test_score"] for k in range(3)])
    np.testing.assert_allclose(results["mean_test_score"], splits.mean(axis=1))
    np.testing.assert_allclose(results["std_test_score"], splits.std(axis=1))
    order = results["rank_test_score"]
    scores = results["mean_test_score"]
    assert [*order] == [1 + np.sum(scores > score) for score in scores]
    for name in ("alpha", "momentum"):
        column = results[f"param_{name}"]
        for value, params in zip(column, results["params"], strict=True):
            assert (value is np.ma.masked) == (name not in params)
            assert value is np.ma.masked or value == params[name]
    assert (results["mean_fit_time"] > 0).all()
    assert results["param_momentum"].dtype == results["param_alpha"].dtype == float
    assert race(None, {"activation": ["relu", "tanh"]}).fit(X, y).cv_results_[
        "param_activation"
    ].dtype == np.dtype(object)
    frames = pytest.importorskip("pandas")
    assert len(frames.DataFrame(results)) == n


def test_a_parameter_that_is_a_list_is_kept_whole():
    grid = {"keep_prob": [[0.5], [0.9]], "hidden_layer_sizes": [(4,), [5]]}
    model = race(None, grid).fit(X, y)
    for name in grid:
        column = model.cv_results_[f"param_{name}"]
        values = [params[name] for params in model.cv_results_["params"]]
        assert [*column] == values


def test_who_goes_on_is_the_best_by_the_mean_score():
    results = race().fit(X, y).cv_results_
    for k in range(results["iter"].max()):
        rung, following = results["iter"] == k, results["iter"] == k + 1
        means = results["mean_test_score"][rung]
        params = np.array(results["params"])[rung]
        best = params[np.argsort(-means, kind="stable")][: following.sum()]
        went_on = np.array(results["params"])[following]
        assert [*best] == [*went_on]
    last = results["iter"] == results["iter"].max()
    model = race().fit(X, y)
    assert model.best_score_ == results["mean_test_score"][last].max()
    assert model.best_score_ == results["mean_test_score"][model.best_index_]
    assert model.best_params_ is model.cv_results_["params"][model.best_index_]
    assert last[model.best_index_]


def test_the_default_runs_to_the_end():
    model = race(None, "auto", n_candidates=20, random_state=1).fit(X, y)
    results, default = model.cv_results_, race(None, None, random_state=1).fit(X, y)
    of_default = np.array([not params for params in results["params"]])
    means = results["mean_test_score"]
    first, last = (results["iter"] == k for k in (0, results["iter"].max()))
    assert sum(means[first] > means[first & of_default]) > sum(last)
    assert means[last & of_default] == default.best_score_ <= model.best_score_


def test_the_fit_time_adds_up():
    started = perf_counter()
    results = race(n_jobs=1).fit(X, y).cv_results_
    elapsed = perf_counter() - started
    totals = dict(zip(map(str, results["params"]), results["mean_fit_time"]))
    assert 3 * sum(totals.values()) < elapsed
    for k, params in enumerate(results["params"]):
        earlier = [j for j in range(k) if results["params"][j] == params]
        for j in earlier:
            assert results["mean_fit_time"][k] > results["mean_fit_time"][j]


# Processes and threads


def trained_by(X, y, weights=None, params=None, distributions=GRID, **options):
    options = {"scoring": "accuracy"} | options
    return race(params, distributions, **options).fit(X, y, weights)


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        ("loky", "binary"),
        ("loky", "text"),
        ("loky", "multilabel"),
        ("loky", "numbers"),
        ("threading", "text"),
        ("multiprocessing", "multilabel"),
    ],
)
def test_the_number_of_jobs_changes_nothing(backend, kind):
    X, y = problem(kind)
    weights = np.linspace(0.5, 2, len(y))
    scoring = "r2" if kind == "numbers" else "accuracy"

    def train():
        params = {"keep_prob": 0.5}
        return trained_by(X, y, weights, params, kind=kind, scoring=scoring)

    expected = train()
    with joblib.parallel_config(backend, n_jobs=2):
        found = train()
    assert_same_committee(found, expected)
    assert found.best_params_ == expected.best_params_
    for name in ("mean_test_score", "iter", "n_resources", "params"):
        np.testing.assert_array_equal(
            found.cv_results_[name], expected.cv_results_[name]
        )


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_compiled_engine_trains_in_processes_if_asked_to(backend):
    pytest.importorskip("numba")
    X, y = problem("binary")
    expected = trained_by(X, y, params={"engine": "numba"})
    with joblib.parallel_config(backend, n_jobs=2):
        found = trained_by(X, y, params={"engine": "numba"})
    assert_same_committee(found, expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([{"engine": "numba"}] * 2, True),
        ([{"engine": "numba"}, {"engine": "numpy"}], False),
        ([{"engine": "numba", "solver": "lbfgs"}], False),
    ],
)
def test_only_compiled_steps_are_taken_in_threads(settings, expected):
    candidates = [Candidate({}, [Member(network(**s), None)]) for s in settings]
    assert _may_use_threads(candidates) is expected
    with joblib.parallel_config("loky"):
        assert not _may_use_threads(candidates)


def where_it_is(estimator, X, y):
    """A score that says in which process it was taken, and how its rows lie there."""
    base = X
    while getattr(base, "base", None) is not None and not isinstance(base, np.memmap):
        base = base.base
    return os.getpid() + 0.5 * isinstance(base, np.memmap)


def test_workers_stay_and_are_used_again():
    model = race(scoring=where_it_is, n_jobs=2).fit(X, y)
    results = model.cv_results_
    pids = {int(pid) for k in range(3) for pid in results[f"split{k}_test_score"]}
    assert os.getpid() not in pids
    assert len(pids) <= 2
    again = race(scoring=where_it_is, n_jobs=2).fit(X, y).cv_results_
    assert {int(pid) for pid in again["split0_test_score"]} <= pids


@CONTROLS_BLAS
def test_a_worker_has_one_blas_thread():
    """Whatever joblib gives to it."""

    def score(estimator, X, y):
        return max(blas_threads())

    model = network(early_stopping=True, scoring=score)
    fold, targets = (np.arange(60), np.arange(60, 90)), model._targets_of(y)
    with threadpool_limits(2):
        (member,) = train_members([Member(model, targets)], [fold], 1.0, 1, X, y, None)
    assert member.score == 1


class Spy:
    """Passes tasks on, and notes what is in them."""

    def __init__(self):
        self.tables = []

    def __call__(self, *arguments):
        self.tables.append(arguments[-3:])
        return train_members(*arguments)


def note_memory(folder, members, *arguments):
    """Train, and note how the rows came to the process."""
    X = arguments[-3]
    name = f"{type(X).__name__}-{X.flags.writeable}-{os.getpid()}-{id(members)}"
    (folder / name).touch()
    return train_members(members, *arguments)


def test_processes_read_the_rows_from_one_file(monkeypatch, tmp_path):
    rows = np.random.default_rng(0).normal(size=(20_000, 10))
    labels = (rows[:, 0] > 0).astype(int)
    monkeypatch.setattr(skreg._race, "train_members", partial(note_memory, tmp_path))
    committee({"max_iter": 1}, {"alpha": [0.1, 1.0]}, n_jobs=2).fit(rows, labels)
    found = [note.name.split("-") for note in tmp_path.iterdir()]
    assert {kind for kind, *_ in found} == {"memmap"}
    assert {writeable for _, writeable, *_ in found} == {"False"}


def test_tasks_share_one_table_and_train_on_no_copy(monkeypatch):
    spy = Spy()
    monkeypatch.setattr(skreg._race, "train_members", spy)
    race(n_jobs=1).fit(X, y)
    assert len({id(table[0]) for table in spy.tables}) == 1
    assert np.shares_memory(spy.tables[0][0], X)


def test_members_are_trained_on_copies():
    """An interrupt in the middle leaves those of the rung before."""
    model = race(distributions=None).fit(X, y)
    targets = model.members_[0]._targets_of(y)
    members = [Member(member, targets) for member in model.members_]
    before = [len(member.loss_curve_) for member in model.members_]
    fold = np.arange(60), np.arange(60, 90)
    for member in members:
        member.network.max_iter = 18
    trained = train_members(members, [fold] * 3, 1.0, 1, X, y, None)
    assert [m.n_epochs for m in trained] == [18] * 3
    assert [len(member.loss_curve_) for member in model.members_] == before
    assert [m.n_epochs for m in members] == before


def test_losers_give_their_memory_back(monkeypatch):
    made = []

    def make_candidate(*arguments):
        made.append(Candidate(*arguments))
        return made[-1]

    monkeypatch.setattr("skreg._committee.Candidate", make_candidate)
    model = race().fit(X, y)
    assert len(made) == 12
    kept = [candidate for candidate in made if candidate.members]
    assert len(kept) == rungs(model)[-1][0]


# What is said


def test_a_line_per_rung(capfd):
    model = race(verbose=True, n_jobs=2).fit(X, y)
    lines = capfd.readouterr().out.splitlines()
    counts = [n for n, _ in rungs(model)]
    assert len(lines) == len(counts)
    for k, (line, n) in enumerate(zip(lines, counts, strict=True), start=1):
        assert line.startswith(
            f"Rung {k} of {len(counts)}, candidates {n}, best score "
        )
    epochs = [member.best_iter_ for member in model.members_]
    assert f"{model.best_score_:.6f} by epochs {epochs}, " in lines[-1]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_silent_by_default(capfd, n_jobs):
    race(n_jobs=n_jobs).fit(X, y)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_warning_of_members_comes_once_to_the_line_that_called(n_jobs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        race({"learning_rate": "constant"}, n_jobs=n_jobs).fit(X, y)
    (warning,) = caught
    assert warning.category is ConvergenceWarning
    assert "Maximum iterations (max_iter=9)" in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize("n_iter_no_change", [3, np.inf])
def test_rungs_before_the_last_are_no_cause_for_a_warning(n_iter_no_change):
    params = {"learning_rate": "cosine", "n_iter_no_change": n_iter_no_change}
    with warnings_are_errors():
        race(params).fit(X, y)


def test_a_line_search_that_ends_a_fit_is_warned_of():
    with pytest.warns(ConvergenceWarning, match=r"max_iter=100, max_fun=3\)"):
        committee({"solver": "lbfgs", "max_iter": 100, "max_fun": 3}).fit(X, y)


@pytest.mark.filterwarnings("ignore:Column")
def test_useless_networks_are_warned_of_once(monkeypatch):
    winners = []
    check = skreg._race.check_winner
    monkeypatch.setattr(
        "skreg._committee.check_winner", lambda w: (winners.append(w), check(w))
    )
    with pytest.warns(ConvergenceWarning) as caught:
        model = race({"n_iter_no_change": 2}).fit(X * [1, 1, 1e6, 1, 1], y)
    told = [str(warning.message) for warning in caught]
    assert sum("The training loss ended" in message for message in told) == 1
    # Each has a warning, also the one whose best epoch is in an earlier rung.
    before_the_last = rungs(model)[-2][1]
    assert min(member.best_iter_ for member in model.members_) <= before_the_last
    for member in winners[0].members:
        curves = member.network.loss_curve_, member.network.penalty_curve_
        loss, penalty = (curve[member.network.best_iter_ - 1] for curve in curves)
        kept = "\n".join(message for message, _ in member.warnings.values())
        assert f"ended at {loss - penalty:.3g}" in kept


@pytest.mark.filterwarnings("ignore:The training loss ended")
def test_columns_that_are_not_scaled_are_warned_of_once():
    with pytest.warns(UserWarning, match="Column 2 of X has values up to") as caught:
        race(distributions=None).fit(X * [1, 1, 1e6, 1, 1], y)
    assert sum("Column 2" in str(w.message) for w in caught) == 1


# Divergence, and scores that are none

DIVERGING = {"solver": "sgd", "activation": "identity", "hidden_layer_sizes": (5, 5)}


def test_a_candidate_that_diverges_at_once_loses():
    rates = [1e-2, 1e200, 1e-1, 1e250]
    model = race(DIVERGING, {"learning_rate_init": rates}).fit(X, y)
    results = model.cv_results_
    first = results["iter"] == 0
    lost = np.isnan(results["mean_test_score"])
    assert [*lost[first]] == [False, True, False, True]
    assert [*results["rank_test_score"][lost]] == [len(lost) - lost.sum() + 1] * 2
    assert not lost[~first].any()
    assert model.best_params_["learning_rate_init"] < 1
    assert_same_committee(model, plain(model))


@pytest.mark.parametrize(
    "distributions", [None, {"learning_rate_init": [1e200, 1e250]}]
)
def test_if_all_diverge_at_once_it_is_an_error(distributions):
    params = DIVERGING | {"learning_rate_init": 1e200}
    model = race(params, distributions)
    with pytest.raises(ValueError, match=r"diverged in epoch 1 on fold 1 of 3.*lower"):
        model.fit(X, y)
    assert fitted_attributes(model) == {}


def test_a_winner_that_diverges_later_keeps_its_best_epoch():
    params = DIVERGING | {"learning_rate_init": 50.0, "n_iter_no_change": 100}
    params |= {"max_iter": 100, "learning_rate": "constant"}
    diverged = pytest.warns(ConvergenceWarning, match="diverged in epoch")
    with diverged, pytest.warns(ConvergenceWarning, match="far above"):
        model = race(params, None, scoring="accuracy").fit(X, y)
    assert all(np.isfinite(m.coefs_[0]).all() for m in model.members_)
    assert np.isfinite(model.best_score_)


class Undefined:
    """An accuracy that is nan for networks or epochs of some kind."""

    def __init__(self, is_undefined):
        self.is_undefined = is_undefined

    def __call__(self, estimator, X, y):
        if self.is_undefined(estimator, y):
            return np.nan
        return estimator.score(X, y)


def test_a_candidate_without_a_score_on_some_fold_loses():
    scoring = Undefined(lambda model, y: model.alpha < 0.5 and len(y) == 29)
    folds = [(np.arange(29, 90), np.arange(29)), (np.arange(60), np.arange(60, 90))]
    model = race(None, {"alpha": [1e-3, 1.0, 1e-2]}, scoring=scoring, cv=folds)
    assert model.fit(X, y).best_params_ == {"alpha": 1.0}
    nan = np.isnan(model.cv_results_["mean_test_score"])
    assert nan.sum() == 2
    np.testing.assert_array_equal(nan, np.isnan(model.cv_results_["split0_test_score"]))


@pytest.mark.parametrize("distributions", [None, {"alpha": [1e-3, 1.0]}])
def test_without_any_candidate_that_has_one_it_is_an_error(distributions):
    scoring = Undefined(lambda model, y: len(y) == 29)
    folds = [(np.arange(29, 90), np.arange(29)), (np.arange(60), np.arange(60, 90))]
    model = race(None, distributions, scoring=scoring, cv=folds)
    with pytest.raises(ValueError, match=r"scoring=.* not finite in any of the"):
        model.fit(X, y)
    assert fitted_attributes(model) == {}


def test_scores_may_be_infinite():
    model = race(distributions=None, scoring=lambda *_: np.inf).fit(X, y)
    assert model.best_score_ == np.inf
    assert np.isnan(model.cv_results_["std_test_score"]).all()


def test_a_score_that_is_none_in_some_epochs_is_warned_of_once():
    calls = count(1)
    scoring = Undefined(lambda model, y: next(calls) <= 6)
    with pytest.warns(UserWarning, match="not finite in some epochs") as caught:
        model = race(PARAMS, None, scoring=scoring).fit(X, y)
    assert sum("not finite" in str(w.message) for w in caught) == 1
    assert all(np.isnan(m.validation_scores_).any() for m in model.members_)


# Interrupts


def n_epochs_of(model):
    """Return how many epochs a fit of a copy runs, of all networks together."""
    counted = Counter()
    with pytest.MonkeyPatch.context() as patch:
        watch_engines(patch, before=lambda *_: counted.update(["epochs"]))
        clone(model).fit(X, y)
    return counted["epochs"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_an_interrupt_before_each_fold_has_a_network_keeps_none(
    monkeypatch, epoch, moment
):
    watch_engines(monkeypatch, **{moment: at_call(epoch, press_ctrl_c)})
    model = race({"learning_rate": "constant"})
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert fitted_attributes(model) == {}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("epoch", [4, 8, 20, 36, 37, 40, 60, "last"])
def test_an_interrupt_keeps_the_best_networks_so_far(monkeypatch, epoch, moment):
    model = race({"learning_rate": "constant"})
    epoch = n_epochs_of(model) if epoch == "last" else epoch
    watch_engines(monkeypatch, **{moment: at_call(epoch, press_ctrl_c)})
    with pytest.warns(UserWarning, match="race was interrupted by user in") as caught:
        model.fit(X, y)
    assert sum("interrupted" in str(w.message) for w in caught) == 1
    monkeypatch.undo()
    results = model.cv_results_
    last = results["iter"] == results["iter"].max()
    assert model.best_score_ == np.nanmax(results["mean_test_score"][last])
    assert model.best_params_ == results["params"][model.best_index_]
    assert last[model.best_index_]
    assert np.isfinite(model.oof_probabilities_).all()
    params = model.best_params_ | {"learning_rate": "constant"}
    shorter = {
        n_epochs: race(params | {"max_iter": n_epochs}, None).fit(X, y)
        for n_epochs in {member.n_iter_ for member in model.members_}
    }
    for k, member in enumerate(model.members_):
        assert_same_training(member, shorter[member.n_iter_].members_[k])


def test_an_interrupt_after_the_race_waits_for_the_out_of_fold_predictions(monkeypatch):
    whole = race(distributions=None).fit(X, y)

    def interrupted(estimator, X):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("skreg._committee.warn_of_scale", interrupted)
    with pytest.warns(UserWarning, match="Interrupted by user after the race"):
        model = race(distributions=None).fit(X, y)
    assert_same_committee(model, whole)


@pytest.mark.parametrize("rung", [0, 1, 2])
def test_an_interrupt_between_two_rungs_ends_the_race(monkeypatch, rung):
    record = Race._record

    def interrupted(self, number, field):
        if number == rung:
            signal.raise_signal(signal.SIGINT)
        record(self, number, field)

    monkeypatch.setattr(Race, "_record", interrupted)
    with pytest.warns(
        UserWarning, match=f"interrupted by user in rung {rung + 1} of 3"
    ) as caught:
        model = race().fit(X, y)
    at_limit = ["Maximum iterations" in str(w.message) for w in caught]
    assert sum(at_limit) == (rung == 2)
    assert len(rungs(model)) == rung + 1
    assert model.score(X, y) > 0.5


def test_folds_that_are_interrupted_are_equally_far(monkeypatch):
    watch_engines(monkeypatch, after=at_call(3 * 4 + 2, press_ctrl_c))
    with pytest.warns(UserWarning, match="in rung 1 of 1"):
        model = race(distributions=None).fit(X, y)
    assert [member.n_iter_ for member in model.members_] == [5, 4, 4]


def test_an_interrupt_of_lbfgs_ends_all_folds(monkeypatch):
    params = {"solver": "lbfgs", "max_iter": 50, "tol": 0.0}
    objective_of, n_calls = skreg._base.Objective, Counter()

    def make_interrupted(*args):
        objective = objective_of(*args)

        def interrupted(vector):
            n_calls.update(["calls"])
            if n_calls["calls"] == 10:
                raise KeyboardInterrupt
            return objective(vector)

        return interrupted

    monkeypatch.setattr("skreg._base.Objective", make_interrupted)
    model = race(params, None)
    with pytest.raises(KeyboardInterrupt):  # the other folds have no network
        model.fit(X, y)
    assert n_calls["calls"] == 10
    assert fitted_attributes(model) == {}


class FakeParallel:
    """joblib with processes: Ctrl-C reaches the one that waits for results."""

    def __init__(self, n_done, *arguments, **options):
        self.n_left = n_done

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        pass

    def __call__(self, calls):
        for function, arguments, options in calls:
            if not self.n_left:
                raise KeyboardInterrupt
            self.n_left -= 1
            yield function.function(*arguments, **options)


@pytest.mark.parametrize("n_done", [0, 2, 3, 10, 36, 37, 40, 47])
def test_an_interrupt_while_processes_work_keeps_what_they_handed_in(
    monkeypatch, n_done
):
    model = race(n_jobs=2)
    monkeypatch.setattr(
        skreg._race, "Parallel", lambda *a, **o: FakeParallel(n_done, *a, **o)
    )
    if n_done < 3:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert fitted_attributes(model) == {}
        return
    with pytest.warns(UserWarning, match="race was interrupted by user") as caught:
        model.fit(X, y)
    assert sum("interrupted" in str(w.message) for w in caught) == 1
    assert len(model.members_) == 3


def test_an_error_in_a_worker_comes_out_as_it_is():
    def failing(estimator, X, y):
        raise RuntimeError("the disk is full")

    for n_jobs in (1, 2):
        model = race(scoring=failing, n_jobs=n_jobs)
        with pytest.raises(RuntimeError, match="the disk is full"):
            model.fit(X, y)
        assert fitted_attributes(model) == {}
