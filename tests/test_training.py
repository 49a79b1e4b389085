"""The epoch loop with a fake engine that returns scripted losses."""

from math import inf, nan

import numpy as np
import pytest

from skreg.schedules import SCHEDULES, LearningRate
from skreg.stopping import Monitor, Status
from skreg.training import History, Session, train

ROWS = np.arange(10, 15)


class ScriptedEngine:
    """Returns the losses of a script; its state is the number of epochs run."""

    def __init__(self, losses, validation_losses=()):
        self.script = list(losses)
        self.validation_script = list(validation_losses)
        self.state = 0
        self.orders, self.rates = [], []

    def run_epoch(self, order, learning_rate, rng):
        self.state += 1
        self.orders.append(order.copy())
        self.rates.append(learning_rate)
        loss = self.script[self.state - 1]
        if isinstance(loss, BaseException):
            raise loss
        return loss

    def evaluate(self):
        return self.validation_script[self.state - 1]

    def snapshot(self, reuse=None):
        return self.state

    def restore(self, snapshot):
        self.state = snapshot


def run(
    engine,
    *,
    patience=inf,
    tol=0.0,
    early_stopping=False,
    schedule="constant",
    n_epochs=None,
    shuffle=False,
    report=lambda history, seconds: False,
):
    def validate():
        loss = engine.evaluate()
        return loss, -loss

    session = Session(
        engine,
        History(),
        Monitor(tol, patience),
        early_stopping,
        validate if engine.validation_script else None,
        lambda: None,
        report,
    )
    n_epochs = len(engine.script) if n_epochs is None else n_epochs
    status = train(
        session,
        LearningRate(0.5, SCHEDULES[schedule]),
        ROWS,
        shuffle,
        n_epochs,
        n_epochs,
        np.random.Generator(np.random.SFC64(0)),
    )
    return status, session


def test_runs_all_epochs_and_keeps_the_history():
    engine = ScriptedEngine([3.0, 2.0, 1.0])
    status, session = run(engine)
    assert status is Status.MAX_ITER
    assert session.history.loss_curve == [3.0, 2.0, 1.0]
    assert session.history.learning_rate_curve == [0.5] * 3
    assert session.history.samples == 15
    np.testing.assert_array_equal(engine.orders, [ROWS] * 3)


def test_shuffling_gives_a_new_permutation_of_the_rows_every_epoch():
    engine = ScriptedEngine([3.0, 2.0, 1.0])
    run(engine, shuffle=True)
    assert {tuple(sorted(order)) for order in engine.orders} == {tuple(ROWS)}
    assert len({tuple(order) for order in engine.orders}) == 3


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_stops_after_exactly_patience_epochs_without_improvement(patience):
    engine = ScriptedEngine([3.0, 2.0] + [2.0] * 10)
    status, _ = run(engine, patience=patience)
    assert status is Status.CONVERGED
    assert engine.state == 2 + patience


def test_early_stopping_follows_the_validation_score_and_keeps_the_best():
    engine = ScriptedEngine([5.0, 4, 3, 2, 1], [9.0, 7, 8, 8, 8])
    status, session = run(engine, patience=2, early_stopping=True)
    assert status is Status.CONVERGED
    assert engine.state == 4
    assert session.best == 2
    assert session.history.validation_loss_curve == [9.0, 7, 8, 8]
    assert session.history.validation_scores == [-9.0, -7, -8, -8]


def test_without_early_stopping_the_validation_curve_only_stands_by():
    engine = ScriptedEngine([5.0, 4, 3, 2, 1], [9.0, 7, 8, 8, 8])
    status, session = run(engine, patience=2)
    assert status is Status.MAX_ITER
    assert session.history.validation_loss_curve == [9.0, 7, 8, 8, 8]
    assert session.best is None


def test_a_stall_lowers_an_adaptive_rate_until_its_floor():
    engine = ScriptedEngine([1.0] * 100)
    status, session = run(engine, patience=2, schedule="adaptive")
    assert status is Status.CONVERGED
    rates = session.history.learning_rate_curve
    assert rates[:5] == pytest.approx([0.5, 0.5, 0.5, 0.1, 0.1])
    assert rates[-1] <= 1e-6 < rates[-3]
    assert session.history.stalls == sum(a != b for a, b in zip(rates, rates[1:]))


def test_divergence_goes_back_to_the_last_epoch():
    engine = ScriptedEngine([3.0, 2.0, nan, 1.0])
    status, session = run(engine)
    assert status is Status.DIVERGED
    assert engine.state == 2
    assert session.history.loss_curve == [3.0, 2.0]


def test_an_interrupt_goes_back_to_the_last_epoch():
    engine = ScriptedEngine([3.0, 2.0, KeyboardInterrupt()])
    status, session = run(engine)
    assert status is Status.INTERRUPTED
    assert engine.state == 2
    assert session.history.n_epochs == 2


def test_an_interrupt_in_the_first_epoch_keeps_what_was_learned():
    engine = ScriptedEngine([KeyboardInterrupt()])
    status, _ = run(engine)
    assert status is Status.INTERRUPTED
    assert engine.state == 1


def test_a_report_can_stop_the_fit():
    engine = ScriptedEngine([3.0, 2.0, 1.0])
    status, session = run(engine, report=lambda history, _: history.n_epochs == 2)
    assert status is Status.STOPPED_BY_CALLBACK
    assert session.history.n_epochs == 2


def test_other_errors_pass_through():
    with pytest.raises(MemoryError):
        run(ScriptedEngine([3.0, MemoryError()]))
