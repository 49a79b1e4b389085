"""The epoch loop: asks a learning rate, an engine and a monitor, and keeps the history.

An engine is anything with the four calls of `Engine`. It knows nothing of this module,
and this module knows no formula.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, nan
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from skreg.schedules import Clock, LearningRate
from skreg.stopping import Monitor, Status


class Engine(Protocol):
    """What trains: it owns the parameters, the optimizer's averages and the buffers."""

    def run_epoch(
        self, order: np.ndarray, learning_rate: float, rng: np.random.Generator
    ) -> float:
        """Train on the rows in this order; return the objective, nan if it diverged."""

    def evaluate(self, out: np.ndarray | None = None) -> float:
        """Return the loss of the validation set; write its logits into ``out``."""

    def snapshot(self, reuse: Any = None) -> Any:
        """Return a copy of all that an epoch changes, in the memory of ``reuse``."""

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot."""


@dataclass
class History:
    """What happened, over all calls that continued one training."""

    samples: int = 0
    """Training rows seen, ``t_``."""
    stalls: int = 0
    """How often a stall lowered the learning rate."""
    loss_curve: list = field(default_factory=list)
    learning_rate_curve: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    """nan for epochs without a validation set, as are the scores."""
    validation_scores: list = field(default_factory=list)

    @property
    def n_epochs(self):
        """Epochs done."""
        return len(self.loss_curve)

    def clock(self, horizon):
        """Return where training stands, if it is planned to end at ``horizon``."""
        return Clock(self.n_epochs, self.samples, horizon, self.stalls)


@dataclass
class Session:
    """What the end of an epoch means, the same for every solver."""

    engine: Engine
    history: History
    monitor: Monitor
    early_stopping: bool
    """Whether the monitor follows the validation score, not the training loss."""
    validate: Callable[[], tuple[float, float]] | None
    """Returns the validation loss and score, if there is a validation set."""
    begin_epoch: Callable[[], None]
    """Is called before every epoch."""
    report: Callable[[History, float], bool]
    """Is given the epoch's duration in seconds; returns whether to stop the fit."""
    best: Any = None
    """Snapshot of the epoch with the best validation score."""

    def end_epoch(self, loss, learning_rate, n_samples, seconds):
        """Write the history; return the status to stop with, or None to go on.

        ``learning_rate`` is None for a solver that has none.
        """
        history = self.history
        validation_loss, score = self.validate() if self.validate else (nan, nan)
        history.validation_loss_curve.append(validation_loss)
        history.validation_scores.append(score)
        history.samples += n_samples
        history.loss_curve.append(loss)
        if learning_rate is not None:
            history.learning_rate_curve.append(learning_rate)
        if self.early_stopping:
            if self.monitor.update(score):
                self.best = self.engine.snapshot(self.best)
        else:
            self.monitor.update(-loss)
        if self.report(history, seconds):
            return Status.STOPPED_BY_CALLBACK
        return Status.CONVERGED if self.monitor.stalled else None


def train(
    session: Session,
    learning_rate: LearningRate,
    rows: np.ndarray,
    shuffle: bool,
    n_epochs: int,
    horizon: int,
    rng: np.random.Generator,
) -> Status:
    """Run epochs over ``rows`` until ``n_epochs`` are done or something stops them.

    A run that diverges goes back to the end of the last epoch. So does one that the
    user interrupts, generator included, unless no epoch has been completed.
    """
    engine, history, monitor = session.engine, session.history, session.monitor
    order = rows.copy()
    before = None
    for _ in range(n_epochs):
        n_done = history.n_epochs
        rate = learning_rate.at(history.clock(horizon))
        before, rng_before = engine.snapshot(before), rng.bit_generator.state
        start = perf_counter()
        try:
            session.begin_epoch()
            if shuffle:
                np.copyto(order, rows)
                rng.shuffle(order)
            loss = engine.run_epoch(order, rate, rng)
            if not isfinite(loss):
                engine.restore(before)
                return Status.DIVERGED
            status = session.end_epoch(loss, rate, len(rows), perf_counter() - start)
        except KeyboardInterrupt:
            if 0 < history.n_epochs == n_done:
                engine.restore(before)
                rng.bit_generator.state = rng_before
            return Status.INTERRUPTED
        if status is Status.CONVERGED and rate > learning_rate.schedule.floor:
            history.stalls += 1
            monitor.be_patient_again()
        elif status is not None:
            return status
    return Status.MAX_ITER
