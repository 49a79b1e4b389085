"""A session is one network being trained: the beginning and the end of an epoch."""

from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from time import perf_counter
from typing import Any

import numpy as np

from skreg._training.interrupts import interrupts_wait
from skreg._training.state import TrainingState
from skreg._training.stopping import Monitor, Status

_RISEN, _EXPLODED = 10, 1000
"""Ratios of a loss to 1 + the lowest one: it has risen much, it has exploded."""


@dataclass
class Session:
    """One network being trained, by any solver."""

    engine: Any
    """The engine that trains, with the calls of `NumpyEngine`."""
    plan: Any
    """The `Plan` of the training."""
    state: TrainingState
    targets: Any
    """The `Targets`; losses and scores are recorded in y's unit."""
    rows: np.ndarray
    """Indices of the training rows."""
    task: Any
    """Reports the epochs, as `FitTask` does, and may end the fit."""
    max_epochs: int
    """How many epochs to run at most."""
    horizon: int
    """The epoch, counted over all calls, at which training is planned to end."""
    scorer: Any = None
    """Takes the validation loss and score, as `Scorer` does, if there are such rows."""
    objective: Any = None
    """The objective for a full-batch solver, see `lbfgs`; otherwise None."""
    constant_loss: float = inf
    """The loss of outputs of zero on the training rows."""
    status: Any = None
    """The `Status` it ended with."""
    in_epoch: bool = False
    """Whether an epoch has begun that is not recorded."""

    def __post_init__(self):
        self._loss_unit = self.targets.loss_unit
        self._score_unit = self.targets.score_unit(self.plan.scoring)
        self._before: Any = self.state.restart
        """Returns the state before the epoch; None in the first of a new training."""
        self._calm: Any = None
        """Returns the state before the loss rose."""
        self._least, history = inf, self.state.history
        if history.n_epochs:  # a new network may begin far above
            least = -history.best_loss.value / self._loss_unit
            self._least = max(self.constant_loss, least)
        self.n_before = history.n_epochs
        """Epochs of earlier sessions."""

    @property
    def n_done(self):
        """Epochs of this session."""
        return self.state.history.n_epochs - self.n_before

    def begin(self):
        """Return the order of the rows, the rate and the generator of an epoch."""
        state = self.state
        if self.n_done:
            before = self.engine.snapshot().copy()
            self._before = lambda: before
        self._rng_before = state.rng.bit_generator.state
        self.in_epoch = True  # last: an interrupt before it finds nothing to undo
        self._started = perf_counter()
        self.task.begin_epoch()
        if not self.n_done and state.best is not None:
            with interrupts_wait():
                self._judge_again()
        rate = self.plan.learning_rate
        clock = state.history.clock(self.horizon)
        self._rate = nan if rate is None else rate.at(clock)
        order = state.rng.permutation(self.rows) if self.plan.shuffle else self.rows
        return order, self._rate, state.rng

    def run(self, order, rate, rng):
        """Train for an epoch; return what `end` takes. Any thread may call it."""
        loss = self.engine.run_epoch(order, rate, rng)
        penalty, validation_loss = self.measure()
        return loss + penalty, penalty, validation_loss

    def measure(self):
        """Return the penalty and the validation loss of the current parameters."""
        penalty = self.engine.snapshot().penalty(self.plan.penalties)
        return penalty, nan if self.scorer is None else self.scorer.evaluate()

    def end(self, loss, penalty, validation_loss):
        """Record an epoch; return whether to continue.

        The loss includes the penalty. If it has exploded, the session ends, in the
        state after the previous epoch, or after the last one whose loss had not risen
        much.
        """
        risen = loss / (1 + self._least)
        if risen > _RISEN and self._calm is None:
            self._calm = self._before
        elif risen <= _RISEN:
            self._calm = None
        if isfinite(loss) and not self._has_exploded(loss):
            self._least = min(loss, self._least)
            self.status = self._record(loss, penalty, validation_loss)
        else:
            self._go_back(self._calm or self._before)
            self.status = Status.DIVERGED
        return self.status is None

    def _has_exploded(self, loss):
        """Return whether the loss of an epoch is far above the lowest one.

        The loss of a call of a stream is mostly that before its few steps, and other
        rows may have another loss. So there the loss after the call counts, too, and it
        is compared with that before the call, of the same rows.
        """
        limit = _EXPLODED * (1 + self._least)
        if not (self.plan.is_stream and self._before):
            return loss > limit
        loss_now = self.engine.evaluate()
        if loss <= limit and loss_now <= limit:
            return False
        now = self.engine.snapshot().copy()
        self.engine.restore(self._before())
        loss_before = self.engine.evaluate()
        self.engine.restore(now)
        return not loss_now <= _EXPLODED * (1 + loss_before)

    def interrupt(self):
        """End in the state after the last epoch; in the first, keep finite weights."""
        if self.status is not None:
            return
        self.status = Status.INTERRUPTED
        if not self.state.history.n_epochs:
            if not np.isfinite(self.engine.snapshot().parameters).all():
                self.status = Status.DIVERGED
        elif self.in_epoch:
            self._go_back(self._before)
            self.state.rng.bit_generator.state = self._rng_before

    def _judge_again(self):
        """Score the best parameters again, if the validation rows or the loss changed.

        Then the validation loss of these parameters is another one.
        """
        history, now = self.state.history, self.engine.snapshot().copy()
        # The averages become nonsense for a moment; a loss does not depend on them.
        self.engine.restore(replace(now, vectors=self.state.best))
        loss = self.scorer.evaluate()
        before = history.validation_loss_curve[history.best_score.epoch - 1]
        if not np.array_equal(self._loss_unit * loss, before, equal_nan=True):
            score = self.scorer.score(loss)
            self.state.monitor = Monitor(self.plan.tol, self.plan.patience)
            self.state.monitor.update(score)
            history.best_score.value = self._score_unit * score
        self.engine.restore(now)

    def _go_back(self, state):
        """Restore the state that a call returns, if there is one."""
        if state is not None:
            self.engine.restore(state())

    def _record(self, loss, penalty, validation_loss):
        state, validation = self.state, None
        if self.scorer is not None:
            score = self.scorer.score(validation_loss)
            validation = self._loss_unit * validation_loss, self._score_unit * score
        losses = self._loss_unit * loss, self._loss_unit * penalty
        rate, converged = self.plan.learning_rate, False
        with interrupts_wait():
            state.history.append(*losses, self._rate, len(self.rows), validation)
            self.in_epoch = False
            state.monitor.update(score if self.plan.early_stopping else -loss)
            is_best = state.history.best_score.epoch == state.history.n_epochs
            if self.plan.early_stopping and is_best:
                state.best = self.engine.snapshot().parameters.copy()
            if state.monitor.stalled:
                converged = rate is None or self._rate <= rate.schedule.floor
                if not converged:
                    state.history.stalls += 1
                    state.monitor.reset_patience()
        seconds = perf_counter() - self._started
        if self.task.end_epoch(state.history, seconds, self.engine.snapshot):
            return Status.STOPPED_BY_CALLBACK
        if converged:
            return Status.CONVERGED
        if self.n_done < self.max_epochs:
            return None
        return Status.COMPLETED if self.plan.ends_by_plan else Status.MAX_ITER
