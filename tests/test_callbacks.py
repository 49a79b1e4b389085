"""scikit-learn's callbacks: what they are told, and what they may do."""

import numpy as np
import pytest
from estimators import (
    NAMED_SCORER,
    SHORT_FITS,
    Hooks,
    assert_same_committee,
    committee,
    network,
    predicted,
    problem,
    warnings_are_errors,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import TabularEncoder
from skreg._engine.optimizers import OPTIMIZERS

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from 1.9 on"
)

pytestmark = SHORT_FITS

N_EPOCHS = 5
SOLVERS = [*OPTIMIZERS, "lbfgs"]
KINDS = ["binary", "number"]
X, y = problem()


class Recorder:
    """Notes every hook that is called, in order."""

    def __init__(self):
        self.calls = []
        self.estimators = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append(("end", context.task_name, context.task_id))
        if fitted_estimator is not None:
            self.estimators.append(fitted_estimator)

    def count(self, *call):
        return sum(c[: len(call)] == call for c in self.calls)


class Propagated(Recorder):
    max_propagation_depth = None


def tasks(n_epochs):
    """Return the hooks of one fit."""
    epochs = [(hook, "epoch", k) for k in range(n_epochs) for hook in ("begin", "end")]
    return ["setup", ("begin", "fit", 0), *epochs, ("end", "fit", 0), "teardown"]


def test_an_encoder_has_one_task():
    recorder = Recorder()
    TabularEncoder().set_callbacks(recorder).fit(X)
    assert recorder.calls == tasks(0)
    (fitted,) = recorder.estimators
    np.testing.assert_array_equal(
        fitted.transform(X), TabularEncoder().fit_transform(X)
    )


def test_an_error_of_a_callback_leaves_an_encoder_as_it_was():
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("in a callback")

    encoder = TabularEncoder().fit(X)
    before = vars(encoder).copy()
    with pytest.raises(RuntimeError, match="in a callback"):
        encoder.set_callbacks(Failing()).fit(X + 1)
    del encoder._skl_callbacks
    assert vars(encoder).keys() == before.keys()
    assert all(vars(encoder)[name] is value for name, value in before.items())


def test_callbacks_of_a_pipeline_reach_the_encoder():
    recorder = Propagated()
    model = make_pipeline(TabularEncoder(), network()).set_callbacks(recorder)
    model.fit(X, y)
    assert recorder.count("begin", "epoch") == N_EPOCHS


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_one_task_per_epoch(solver, early_stopping):
    recorder = Recorder()
    model = network(recorder, solver=solver, early_stopping=early_stopping).fit(X, y)
    assert model.n_iter_ == N_EPOCHS
    assert recorder.calls == tasks(N_EPOCHS)
    del recorder.calls[:]
    model.set_params(tol=1e9, n_iter_no_change=2, max_iter=100).fit(X, y)
    assert recorder.calls == tasks(model.n_iter_)
    assert model.n_iter_ < 5


def test_the_hooks_are_given_the_data():
    weights = np.ones(len(y))
    seen = []

    class Data(Hooks):
        def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
            seen.append((estimator, X, y, metadata["sample_weight"]))

        def on_fit_task_end(self, estimator, context, *, X, y, metadata):
            seen.append((estimator, X, y, metadata["sample_weight"]))

    model = network(Data()).fit(X, y, weights)
    assert len(seen) == 2 * (N_EPOCHS + 1)
    assert all(
        call == expected
        for given in seen
        for call, expected in zip(map(id, given), map(id, (model, X, y, weights)))
    )


def test_the_root_task_knows_how_many_epochs_there_may_be():
    contexts = []

    class Contexts(Hooks):
        def on_fit_task_begin(self, estimator, context):
            contexts.append(context)

    network(Contexts()).fit(X, y)
    root, *epochs = contexts
    assert root.max_subtasks == N_EPOCHS
    assert all(epoch.parent is root and epoch.max_subtasks == 0 for epoch in epochs)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", KINDS)
def test_callbacks_change_nothing(kind, solver, early_stopping):
    X, y = problem(kind)
    params = {"kind": kind, "scoring": NAMED_SCORER[kind]}
    params |= {"solver": solver, "early_stopping": early_stopping}
    plain = network(**params).fit(X, y)
    watched = network(Recorder(), **params).fit(X, y)
    np.testing.assert_array_equal(plain.coefs_[0], watched.coefs_[0])
    assert plain.loss_curve_ == watched.loss_curve_
    assert vars(watched).keys() == vars(plain).keys() | {"_skl_callbacks"}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_epoch_ends_with_an_estimator_of_its_own(kind, solver):
    """As if the fit had stopped there, and it stays so."""
    X, y = problem(kind)
    recorder = Recorder()
    model = network(recorder, kind=kind, solver=solver, activation="tanh").fit(X, y)
    recorder.estimators.clear()
    model.set_params(activation="relu").fit(X, y)
    *epochs, final = recorder.estimators
    assert len(epochs) == N_EPOCHS
    for n, estimator in enumerate(epochs, 1):
        expected = network(kind=kind, solver=solver, max_iter=n).fit(X, y)
        np.testing.assert_array_equal(estimator.coefs_[0], expected.coefs_[0])
        np.testing.assert_array_equal(predicted(estimator, X), predicted(expected, X))
    np.testing.assert_array_equal(predicted(final, X), predicted(model, X))


def test_the_last_estimator_has_the_weights_that_are_kept():
    recorder = Recorder()
    model = network(
        recorder, early_stopping=True, learning_rate_init=0.1, max_iter=50
    ).fit(X, y)
    assert model.best_iter_ < model.n_iter_
    np.testing.assert_array_equal(recorder.estimators[-1].coefs_[0], model.coefs_[0])
    best = recorder.estimators[model.best_iter_ - 1]
    np.testing.assert_array_equal(best.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_that_are_passed_are_copies(solver):
    class Vandal(Hooks):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            for array in fitted_estimator.coefs_ + fitted_estimator.intercepts_:
                array[...] = np.nan

    plain = network(solver=solver).fit(X, y)
    model = network(Vandal(), solver=solver).fit(X, y)
    np.testing.assert_array_equal(plain.coefs_[0], model.coefs_[0])
    np.testing.assert_array_equal(plain.intercepts_[1], model.intercepts_[1])


class StopAfter(Recorder):
    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_fit_task_end(self, estimator, context):
        super().on_fit_task_end(estimator, context)
        return context.task_id + 1 == self.n_epochs


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_may_stop_the_fit(solver, early_stopping):
    stopper = StopAfter(3)
    params = {"solver": solver, "early_stopping": early_stopping}
    with warnings_are_errors():
        model = network(stopper, **params, warm_start=True).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert stopper.calls == tasks(3)
    with pytest.warns(match="Maximum iterations"):
        short = network(max_iter=3, **params).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], short.coefs_[0])


def test_training_goes_on_after_a_stop():
    stopped = network(StopAfter(2), warm_start=True).fit(X, y).set_callbacks()
    stopped.set_params(max_iter=N_EPOCHS - 2).fit(X, y)
    np.testing.assert_array_equal(stopped.coefs_[0], network().fit(X, y).coefs_[0])


@pytest.mark.parametrize("hook", ["on_fit_task_begin", "on_fit_task_end"])
@pytest.mark.parametrize(
    ("task", "number"), [("fit", 0), *(("epoch", k) for k in (0, 3, N_EPOCHS - 1))]
)
@pytest.mark.parametrize("error", [RuntimeError("the disk is full"), SystemExit(3)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_an_error_in_a_callback_changes_nothing_and_is_torn_down(
    solver, error, task, number, hook
):
    class Failing(Recorder):
        active = False

    def fail(self, estimator, context):
        if self.active and (context.task_name, context.task_id) == (task, number):
            raise error

    setattr(Failing, hook, fail)
    failing, recorder = Failing(), Recorder()
    model = network(recorder, failing, solver=solver).fit(X, y)
    before, predicted = vars(model).copy(), model.predict_proba(X)
    failing.active = True
    del recorder.calls[:], failing.calls[:]
    with pytest.raises(type(error)) as caught:
        model.fit(X, y)
    assert caught.value is error
    assert recorder.calls[0] == "setup"
    assert recorder.calls[-1] == failing.calls[-1] == "teardown"
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(model.predict_proba(X), predicted)


@pytest.mark.parametrize("make", [network, lambda own: committee(None, None, own)])
def test_an_error_in_teardown_leaves_a_fitted_estimator(make):
    class Failing(Hooks):
        def teardown(self, estimator, context):
            raise RuntimeError("in teardown")

    model = make(Failing())
    with pytest.raises(RuntimeError, match="in teardown"):
        model.fit(X, y)
    expected = make(Recorder()).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(
    ("X", "params", "match"),
    [
        (X * np.nan, {}, "X contains NaN"),
        (X, {"keep_prob": [0.5, 0.5]}, "hidden layers"),
        (np.abs(X) * 1e306, {"solver": "sgd", "activation": "identity"}, "diverged"),
    ],
)
def test_a_refused_fit_is_torn_down(X, params, match):
    recorder = Recorder()
    model = network(recorder, **params)
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)
    assert recorder.calls.count("setup") == recorder.calls.count("teardown") == 1
    assert vars(model).keys() == model.get_params().keys() | {"_skl_callbacks"}


def test_callbacks_propagate_through_a_pipeline():
    recorder, own = Propagated(), Recorder()
    pipeline = make_pipeline(StandardScaler(), network(own))
    pipeline.set_callbacks(recorder).fit(X, y)
    assert (
        recorder.count("begin", "epoch") == recorder.count("end", "epoch") == N_EPOCHS
    )
    assert own.count("end", "epoch") == N_EPOCHS
    by_hand = network().fit(StandardScaler().fit_transform(X), y)
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], by_hand.coefs_[0])


def test_callbacks_propagate_through_a_grid_search():
    recorder = Propagated()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network()),
        {"regmlpclassifier__alpha": [1e-4, 1e-2]},
        cv=3,
        error_score="raise",
    )
    search.set_callbacks(recorder).fit(X, y)
    n_fits = 2 * 3 + 1
    assert recorder.count("begin", "epoch") == n_fits * N_EPOCHS
    assert recorder.count("end", "epoch") == n_fits * N_EPOCHS
    assert recorder.calls.count("setup") == recorder.calls.count("teardown") == 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", KINDS)
def test_scoring_monitor(kind, solver, weighted):
    X, y = problem(kind)
    params = {"kind": kind, "solver": solver}
    weights = np.random.default_rng(0).uniform(1, 3, len(y)) if weighted else None
    monitor = callback.ScoringMonitor(scoring=NAMED_SCORER[kind])
    network(monitor, **params).fit(X, y, weights)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = [
        network(**params, max_iter=n).fit(X, y, weights).score(X, y, weights)
        for n in range(1, N_EPOCHS + 1)
    ]
    assert [row[NAMED_SCORER[kind]] for row in rows] == pytest.approx(expected)


def test_scoring_monitor_of_a_frame():
    frames = pytest.importorskip("pandas")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    frame = frames.DataFrame(X, columns=list("abcde"))
    labels = frames.Series(np.array(["no", "yes"])[y])
    network(monitor, early_stopping=True, scoring="accuracy").fit(frame, labels)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == N_EPOCHS


@pytest.mark.parametrize("wrap", ["alone", "pipeline", "search"])
def test_progress_bar(wrap, capsys):
    pytest.importorskip("rich", reason="the bar is drawn by rich")
    model = network()
    if wrap != "alone":
        model = make_pipeline(StandardScaler(), model)
    if wrap == "search":
        model = GridSearchCV(model, {"regmlpclassifier__alpha": [1e-4, 1e-2]}, cv=2)
    model.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, y)
    out = capsys.readouterr().out
    assert "RegMLPClassifier - fit" in out
    assert "100%" in out


# A committee

GRID = {"alpha": [1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0]}
RACE = {"max_iter": 9}


def rungs_of(model):
    """Return how many candidates ran each rung."""
    return np.bincount(model.cv_results_["iter"]).tolist()


def race_tasks(counts, n_folds=3):
    """Return the hooks of a race, of so many candidates in each rung."""
    calls = ["setup", ("begin", "fit", 0)]
    for number, n_candidates in enumerate(counts):
        calls.append(("begin", "rung", number))
        for k in range(n_candidates * n_folds):
            calls += [("begin", "fold", k), ("end", "fold", k)]
        calls.append(("end", "rung", number))
    return [*calls, ("end", "fit", 0), "teardown"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("grid", [None, GRID])
def test_a_committee_has_tasks_for_rungs_and_folds(grid, n_jobs, kind):
    recorder = Recorder()
    X, y = problem(kind)
    model = committee(RACE, grid, recorder, n_jobs=n_jobs, kind=kind).fit(X, y)
    assert recorder.calls == race_tasks(rungs_of(model))
    without = committee(RACE, grid, kind=kind).fit(X, y)
    assert_same_committee(model, without)
    assert vars(model).keys() == vars(without).keys() | {"_skl_callbacks"}
    (fitted,) = recorder.estimators
    np.testing.assert_array_equal(predicted(fitted, X), predicted(model, X))
    assert fitted.members_[0] is not model.members_[0]


def test_a_rung_knows_how_many_networks_it_trains():
    contexts = []

    class Contexts(Hooks):
        def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
            contexts.append(context)
            assert metadata == {"sample_weight": None}

    model = committee(RACE, GRID, Contexts()).fit(X, y)
    most = [c.max_subtasks for c in contexts if c.task_name == "rung"]
    assert most == [3 * n for n in rungs_of(model)]
    assert {c.max_subtasks for c in contexts if c.task_name == "fold"} == {0}


class StopAt(Hooks):
    def __init__(self, name, number):
        self.name, self.number = name, number

    def on_fit_task_end(self, estimator, context):
        return (context.task_name, context.task_id) == (self.name, self.number)


@pytest.mark.parametrize("name", ["rung", "fold"])
def test_a_callback_may_end_the_race_with_a_rung(name):
    with warnings_are_errors():
        model = committee(RACE, GRID, StopAt(name, 0)).fit(X, y)
    assert rungs_of(model) == [6]
    assert model.best_score_ == model.cv_results_["mean_test_score"].max()
    n_epochs = model.members_[0].n_iter_
    assert n_epochs < 9
    whole = committee(RACE, GRID).fit(X, y)
    for stopped, member in zip(model.members_, whole.members_, strict=True):
        if stopped.alpha == member.alpha:
            assert stopped.loss_curve_ == member.loss_curve_[:n_epochs]


@pytest.mark.parametrize("hook", ["on_fit_task_begin", "on_fit_task_end"])
@pytest.mark.parametrize(
    ("task", "number"), [("fit", 0), ("rung", 0), ("rung", 1), ("fold", 1)]
)
def test_an_error_in_a_callback_leaves_a_committee_as_it_was(task, number, hook):
    class Failing(Recorder):
        pass

    def fail(self, estimator, context):
        if (context.task_name, context.task_id) == (task, number):
            raise RuntimeError("the disk is full")

    setattr(Failing, hook, fail)
    model = committee(RACE, GRID).fit(X, y)
    failing = Failing()
    model.set_callbacks(failing)
    before = vars(model).copy()
    with pytest.raises(RuntimeError, match="the disk is full"):
        model.fit(X, y)
    assert failing.calls[-1] == "teardown"
    assert vars(model) == before


@pytest.mark.parametrize(
    ("task", "number"), [("rung", 0), ("rung", 1), ("fold", 17), ("fit", 0)]
)
def test_an_interrupt_in_a_callback_keeps_the_best_networks(task, number):
    class Interrupting(Hooks):
        def on_fit_task_end(self, estimator, context):
            if (context.task_name, context.task_id) == (task, number):
                raise KeyboardInterrupt

    model = committee(RACE, GRID, Interrupting())
    with pytest.warns(UserWarning, match=r"[Ii]nterrupted by user") as caught:
        model.fit(X, y)
    assert sum("nterrupted" in str(w.message) for w in caught) == 1
    assert len(model.members_) == 3


def test_a_refused_committee_is_torn_down():
    recorder = Recorder()
    with pytest.raises(ValueError, match="X contains NaN"):
        committee(RACE, GRID, recorder).fit(X * np.nan, y)
    assert recorder.calls == ["setup", ("begin", "fit", 0), "teardown"]


@pytest.mark.parametrize("outer", ["pipeline", "search"])
def test_callbacks_propagate_to_a_committee_and_no_further(outer):
    recorder = Propagated()
    model = make_pipeline(StandardScaler(), committee(RACE))
    if outer == "search":
        grid = {"regmlpclassifiercv__estimator__alpha": [1e-4, 1e-2]}
        model = GridSearchCV(model, grid, cv=2, error_score="raise")
    model.set_callbacks(recorder).fit(X, y)
    n_fits = 1 if outer == "pipeline" else 5
    assert recorder.count("end", "fold") == 3 * n_fits
    assert recorder.count("end", "epoch") == 0
    assert recorder.calls.count("setup") == recorder.calls.count("teardown") == 1


def test_progress_bar_of_a_race(capsys):
    pytest.importorskip("rich", reason="the bar is drawn by rich")
    bar = callback.ProgressBar(max_propagation_depth=None)
    committee(RACE, GRID, bar).fit(X, y)
    out = capsys.readouterr().out
    assert "RegMLPClassifierCV - fit" in out
    assert "RegMLPClassifierCV - rung #1" in out
    assert "100%" in out


def test_scoring_monitor_of_a_committee():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = committee(RACE, None, monitor).fit(X, y)
    (row,) = (row for row in monitor.get_logs().data if row["task_name"] == "fit")
    assert row["accuracy"] == pytest.approx(model.score(X, y))
