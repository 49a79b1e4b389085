"""Sessions and the loop with an engine that plays a script."""

from dataclasses import asdict, replace
from math import cos, inf, nan, pi
from threading import Barrier, current_thread
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import generator

from skreg._engine.network import Snapshot
from skreg._inputs.targets import Targets
from skreg._training.history import Best, History
from skreg._training.loop import train
from skreg._training.schedules import SCHEDULES, LearningRate
from skreg._training.session import Session
from skreg._training.state import TrainingState
from skreg._training.stopping import Monitor, Status

ROWS = np.arange(10, 15)


class Bare(Snapshot):
    """Of a parameter and no network; each penalty is a multiple of it."""

    def penalty(self, penalties):
        return float(sum(penalties) * self.vectors[0, 0])


class ScriptedEngine:
    """Returns losses in turn; its parameter is the number of epochs that it ran.

    A loss may be a function, which is called for it. ``happens`` is called with the
    name of what the engine, or the task of its session, does.
    """

    def __init__(self, losses, validation=(), releases_gil=False):
        self.losses, self.validation = list(losses), validation
        self.releases_gil = releases_gil
        self.vectors, self.n_steps = np.zeros((1, 1)), 0
        self.calls, self.happens = [], lambda event: None

    @property
    def n_epochs(self):
        return int(self.vectors[0, 0])

    def run_epoch(self, order, learning_rate, rng):
        self.vectors += 1
        self.calls.append((order.copy(), learning_rate, rng.bit_generator.random_raw()))
        self.happens("run_epoch")
        loss = self.losses[self.n_epochs - 1]
        return loss() if callable(loss) else loss

    def evaluate(self, outputs=None):
        self.happens("evaluate")
        return self.validation[self.n_epochs - 1]

    def snapshot(self):
        self.happens("snapshot")
        return Bare(None, self.vectors, self.n_steps)

    def restore(self, snapshot):
        self.vectors[...], self.n_steps = snapshot.vectors, snapshot.n_steps


def make_session(
    engine, *, n_epochs=None, patience=inf, stop_at=None, n_before=0, **options
):
    """Return a session that goes on after ``n_before`` epochs."""
    plan = SimpleNamespace(
        learning_rate=LearningRate(0.5, SCHEDULES["constant"]),
        shuffle=False,
        penalties=(),
        early_stopping=False,
        is_stream=False,
        ends_by_plan=False,
        scoring="loss",
    )
    vars(plan).update(options)

    def end_epoch(history, seconds, snapshot):
        engine.happens("end_epoch")
        return history.n_epochs == stop_at

    task = SimpleNamespace(
        begin_epoch=lambda: engine.happens("begin_epoch"), end_epoch=end_epoch
    )
    monitor = Monitor(0.0, patience)
    start, history = engine.snapshot(), History(loss_curve=[9.0] * n_before)
    state = TrainingState(start, generator(), 0, history, monitor)
    if n_before:
        engine.vectors[...] = n_before
        state.restart = start.copy().copy
    n_epochs = n_epochs or len(engine.losses) - n_before
    scorer = SimpleNamespace(evaluate=engine.evaluate, score=lambda loss: -loss)
    given = task, n_epochs, n_before + n_epochs, scorer if engine.validation else None
    return Session(engine, plan, state, Targets(), ROWS, *given)


def run(*script, loss_unit=1.0, least=None, constant_loss=inf, **options):
    """Train; ``least`` is the lowest loss of the epochs before, in y's unit."""
    engine = ScriptedEngine(*script)
    session = make_session(engine, **options)
    if least is not None:
        session.state.history.best_loss = Best(-least, 1)
    targets = SimpleNamespace(loss_unit=loss_unit, score_unit=lambda _: loss_unit)
    session = replace(session, targets=targets, constant_loss=constant_loss)
    train([session])
    return session, engine, session.state.history


def same_state(one, other):
    return one.bit_generator.random_raw() == other.bit_generator.random_raw()


def interrupt():
    raise KeyboardInterrupt


def test_an_epoch_begins_with_its_rows_and_rate_and_ends_with_its_loss():
    session = make_session(ScriptedEngine([3.0, 2.0]), shuffle=True)
    twin = generator()
    for loss in (3.0, 2.0):
        assert session.status is None
        order, rate, rng = session.begin()
        expected = ROWS.copy()  # whatever the order of the epoch before
        twin.shuffle(expected)
        np.testing.assert_array_equal(order, expected)
        assert (rate, rng) == (0.5, session.state.rng)
        assert session.end(loss, 0.0, nan) is (loss == 3)
    assert session.state.history.loss_curve == [3.0, 2.0]
    assert session.state.history.samples == 10


def test_the_penalty_of_an_epoch_is_that_of_its_last_parameters():
    _, _, history = run([3.0, 2.0], loss_unit=2.0, penalties=(0.25,))
    assert history.penalty_curve == [0.5, 1.0]
    assert history.loss_curve == [6.5, 5.0]


@pytest.mark.parametrize(
    ("losses", "options", "status", "n_epochs"),
    [
        ([3.0, 2, 1], {}, Status.MAX_ITER, 3),
        ([3.0] + [2.0] * 10, {"patience": 1}, Status.CONVERGED, 3),
        ([3.0] + [2.0] * 10, {"patience": 4}, Status.CONVERGED, 6),
        ([3.0, 2, 1], {"stop_at": 2}, Status.STOPPED_BY_CALLBACK, 2),
        ([3.0, 2, nan, 1], {}, Status.DIVERGED, 2),
        ([3.0, 2, -inf, 1], {"n_before": 2}, Status.DIVERGED, 2),
        ([3.0, 2, -inf, 1], {}, Status.DIVERGED, 2),
        ([nan], {}, Status.DIVERGED, 0),
        ([interrupt], {}, Status.INTERRUPTED, 0),
    ],
)
def test_how_a_session_ends(losses, options, status, n_epochs):
    session, engine, history = run(losses, **options)
    assert session.status is status
    assert history.n_epochs == n_epochs
    # There is nothing to go back to from the first epoch, its draws included.
    assert engine.n_epochs == max(1, n_epochs)
    assert not same_state(session.state.rng, generator())


@pytest.mark.parametrize(
    ("loss", "least", "constant_loss", "diverges"),
    [
        (4001.0, 6.0, 1.0, True),
        (3999.0, 6.0, 1.0, False),
        (4001.0, 2.0, 3.0, True),  # whatever is larger counts
        (3999.0, 2.0, 3.0, False),
        (1e9, 2.0, inf, False),
    ],
)
def test_an_explosion_is_seen_in_the_first_epoch_of_a_later_call(
    loss, least, constant_loss, diverges
):
    options = {"n_before": 2, "loss_unit": 2.0, "least": least}
    options["constant_loss"] = constant_loss
    session, engine, history = run([9.0, 9, loss, 1], **options)
    assert session.status is (Status.DIVERGED if diverges else Status.MAX_ITER)
    assert engine.n_epochs == history.n_epochs == (2 if diverges else 4)


def test_a_new_network_may_begin_far_above_a_constant():
    assert run([1e9, 2], constant_loss=1.0)[0].status is Status.MAX_ITER


@pytest.mark.parametrize(
    ("before", "loss", "after", "diverges"),
    [
        (1.0, 2, 3, False),
        (1.0, 2, 4001, True),
        (1.0, 2, nan, True),
        (1.0, nan, 3, True),
        (1.0, inf, 3, True),
        (1.0, 4001, 1, False),  # it has recovered
        (9.0, 9, 9999, False),
        (9.0, 9, 10001, True),
        (1e9, 1e9, 1e9, False),  # a change of level
        (1e9, 1e9, 1e13, True),
    ],
)
def test_a_call_of_a_stream_is_judged_by_its_own_rows(before, loss, after, diverges):
    engine = ScriptedEngine([9.0, 9, loss], [9.0, before, after])
    session = make_session(engine, n_before=2, is_stream=True)
    session.state.history.best_loss = Best(-3.0, 1)
    session = replace(session, constant_loss=1.0, scorer=None)
    train([session])
    assert session.status is (Status.DIVERGED if diverges else Status.MAX_ITER)
    n_epochs = 2 if diverges else 3
    assert engine.n_epochs == session.state.history.n_epochs == n_epochs


def test_a_loss_that_rises_from_the_first_epoch_on_goes_back_to_the_start():
    losses = [9.0, 9, 50, 60, 5000]
    session, engine, _ = run(losses, n_before=2, least=1.0, constant_loss=1.0)
    assert session.status is Status.DIVERGED
    assert engine.n_epochs == 2


@pytest.mark.parametrize(
    ("losses", "kept"),
    [
        # Ten times 1 + the least is 20; a loss above it is no longer calm.
        ([9.0, 9, 19.9, 20.1, 60, 5000], 3),
        ([9.0, 9, 50, 3, 4, 9000], 5),
    ],
)
def test_an_explosion_goes_back_to_the_last_epoch_that_was_calm(losses, kept):
    session, engine, history = run(losses, n_before=2, least=1.0, constant_loss=1.0)
    assert session.status is Status.DIVERGED
    assert (engine.n_epochs, history.n_epochs) == (kept, 5)


def test_an_interrupt_of_going_back_keeps_the_epoch_that_the_curves_end_with():
    class Interrupted(ScriptedEngine):
        def restore(self, snapshot):
            self.restore = super().restore
            interrupt()

    engine = Interrupted([1.0, 100, nan])  # the second is no longer calm
    session = make_session(engine)
    train([session])
    assert session.status is Status.INTERRUPTED
    assert engine.n_epochs == session.state.history.n_epochs == 2


@pytest.mark.parametrize("early_stopping", [True, False])
def test_only_early_stopping_follows_the_validation_score(early_stopping):
    validation, options = [9.0, 7, 8, 8, 8], {"early_stopping": early_stopping}
    session, _, history = run([5.0, 4, 3, 2, 1], validation, patience=2, **options)
    n_epochs, status, best = 5, Status.MAX_ITER, None
    if early_stopping:
        n_epochs, status, best = 4, Status.CONVERGED, [2]
    assert (session.status, session.state.best) == (status, best)
    assert history.validation_loss_curve == validation[:n_epochs]
    assert history.validation_scores == [-loss for loss in validation[:n_epochs]]


def test_a_stall_lowers_an_adaptive_rate_until_its_floor():
    rate = LearningRate(0.5, SCHEDULES["adaptive"])
    session, _, history = run([1.0] * 100, patience=2, learning_rate=rate)
    assert session.status is Status.CONVERGED
    rates = history.learning_rate_curve
    assert rates[:5] == pytest.approx([0.5, 0.5, 0.5, 0.1, 0.1])
    assert rates[-1] <= 1e-6 < rates[-3]
    assert history.stalls == sum(a != b for a, b in zip(rates, rates[1:]))
    at_the_floor = LearningRate(1e-6, SCHEDULES["adaptive"])
    session, *_ = run([1.0] * 9, patience=2, learning_rate=at_the_floor)
    assert (session.state.history.n_epochs, session.state.history.stalls) == (3, 0)


def test_a_planned_rate_counts_the_epochs_of_earlier_calls():
    rate = LearningRate(0.5, SCHEDULES["cosine"])
    _, _, history = run([9.0, 9, 2, 1], n_before=2, learning_rate=rate)
    expected = [0.25 * (1 + cos(pi * share)) for share in (0.5, 0.75)]
    assert history.learning_rate_curve == pytest.approx(expected)


@pytest.mark.parametrize("n_before", [0, 1, 2])
@pytest.mark.parametrize(
    ("n_done", "event"),
    [
        *[(2, "run_epoch"), (2, "evaluate")],  # within epoch 3
        *[(3, "end_epoch"), (3, "snapshot"), (3, "begin_epoch")],  # after it
    ],
)
def test_an_interrupt_anywhere_leaves_what_the_last_epoch_left(n_done, event, n_before):
    engine = ScriptedEngine([5.0] * 5, [5.0] * 5)
    session = make_session(engine, n_before=n_before, shuffle=True)
    history, rng = session.state.history, generator()

    def happens(name):
        if engine.n_epochs == 3 and (history.n_epochs, name) == (n_done, event):
            raise KeyboardInterrupt

    engine.happens = happens
    train([session])
    assert session.status is Status.INTERRUPTED
    assert engine.n_epochs == history.n_epochs == n_done
    for _ in range(n_done - n_before):
        rng.shuffle(ROWS.copy())
        rng.bit_generator.random_raw()
    assert same_state(session.state.rng, rng)


def test_an_interrupted_first_epoch_leaves_only_finite_parameters():
    engine = ScriptedEngine([interrupt])
    engine.vectors = np.zeros((1, 2))

    def spoil(event):
        if event == "run_epoch":
            engine.vectors[0, 1] = nan

    engine.happens = spoil
    session = make_session(engine)
    train([session])
    assert session.status is Status.DIVERGED


def test_a_session_that_never_began_is_interrupted_as_it_was():
    engines = [ScriptedEngine([9.0, interrupt]) for _ in range(2)]
    sessions = [make_session(engine, n_before=1) for engine in engines]
    train(sessions)
    assert [s.status for s in sessions] == [Status.INTERRUPTED] * 2
    assert [engine.n_epochs for engine in engines] == [1, 1]
    assert all(same_state(s.state.rng, generator()) for s in sessions)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_side_by_side_in_any_number_of_threads_is_as_alone(n_threads):
    scripts = [[4.0, 3, 2, 1], [3.0, nan], [2.0], [4.0, 4, 4]]
    engines = [ScriptedEngine(script, releases_gil=True) for script in scripts]
    sessions = [make_session(engine, patience=1) for engine in engines]
    train(sessions, n_threads)
    for script, engine, session in zip(scripts, engines, sessions):
        alone, its_engine, history = run(script, patience=1)
        assert session.status is alone.status
        np.testing.assert_equal(asdict(session.state.history), asdict(history))
        assert engine.n_epochs == history.n_epochs
        np.testing.assert_equal(engine.calls, its_engine.calls)


def run_two(loss, n_threads=2, releases_gil=(True, True)):
    """Train two sessions in which every loss is that of a function."""
    engines = [ScriptedEngine([loss] * 3, releases_gil=gil) for gil in releases_gil]
    train([*map(make_session, engines)], n_threads)
    assert [engine.n_epochs for engine in engines] == [3, 3]


def test_engines_that_release_the_lock_run_at_once():
    barrier = Barrier(2, timeout=60)  # which is there to end a failure
    run_two(lambda: float(barrier.wait()))


@pytest.mark.parametrize("alone", [(1, (True, True)), (2, (True, False))])
def test_otherwise_all_runs_in_the_thread_that_called(alone):
    threads = set()
    run_two(lambda: threads.add(current_thread()) or 1.0, *alone)
    assert threads == {current_thread()}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_other_errors_pass_through(n_threads):
    with pytest.raises(ZeroDivisionError):
        run_two(lambda: 1 / 0, n_threads)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_in_one_ends_all_as_their_last_epochs_left_them(n_threads, place):
    engines = [ScriptedEngine([3.0, 2, 1, 0], releases_gil=True) for _ in range(3)]
    engines[place].losses[2] = interrupt
    sessions = [make_session(engine) for engine in engines]
    train(sessions, n_threads)
    assert [s.status for s in sessions] == [Status.INTERRUPTED] * 3
    n_epochs = [3] * place + [2] * (3 - place)
    assert [engine.n_epochs for engine in engines] == n_epochs
    assert [s.state.history.n_epochs for s in sessions] == n_epochs


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_leaves_sessions_alone_that_ended_in_its_epoch(n_threads):
    engines = [ScriptedEngine([loss], (), True) for loss in (3.0, interrupt)]
    sessions = [*map(make_session, engines)]
    train(sessions, n_threads)
    assert [s.status for s in sessions] == [Status.MAX_ITER, Status.INTERRUPTED]
