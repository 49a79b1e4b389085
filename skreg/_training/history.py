"""The curves of a training over all its calls, and the best values so far."""

from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

from skreg._training.schedules import Clock


@dataclass
class Best:
    """The best value so far (greater is better) and its epoch, counted from 1."""

    value: float = nan
    epoch: int = 0

    def update(self, value, epoch):
        """Add the value of an epoch; among equal values the first counts."""
        is_first_number = isnan(self.value) and not isnan(value)
        if value > self.value or is_first_number or not self.epoch:
            self.value, self.epoch = value, epoch


@dataclass
class History:
    """Curves that grow by an entry per epoch, in place, and running bests.

    The cost of an epoch does not grow with the number of epochs before.
    """

    samples: int = 0
    """Training rows seen, ``t_``."""
    stalls: int = 0
    """How often a stall lowered the learning rate."""
    loss_curve: list = field(default_factory=list)
    penalty_curve: list = field(default_factory=list)
    """The penalty in each of these losses."""
    learning_rate_curve: list = field(default_factory=list)
    validation_loss_curve: Any = None
    """nan, like the scores, in epochs without a validation set; None if all are."""
    validation_scores: Any = None
    best_loss: Best = field(default_factory=Best)
    """Of the negated losses."""
    best_score: Best = field(default_factory=Best)

    @property
    def n_epochs(self):
        """Epochs done."""
        return len(self.loss_curve)

    def append(self, loss, penalty, learning_rate, n_samples, validation=None):
        """Add an epoch; ``validation`` is the loss and the score, if there is a set.

        nan stands for a rate that does not exist.
        """
        if self.validation_scores is None and validation is not None:
            self.validation_loss_curve = [nan] * self.n_epochs
            self.validation_scores = [nan] * self.n_epochs
        self.loss_curve.append(loss)
        self.penalty_curve.append(penalty)
        if not isnan(learning_rate):
            self.learning_rate_curve.append(learning_rate)
        if self.validation_scores is not None:
            validation_loss, score = validation or (nan, nan)
            self.validation_loss_curve.append(validation_loss)
            self.validation_scores.append(score)
            self.best_score.update(score, self.n_epochs)
        self.best_loss.update(-loss, self.n_epochs)
        self.samples += n_samples

    def forget_scores(self):
        """Replace the scores by nan, since another scorer follows."""
        if self.validation_scores is not None:
            self.validation_scores = [nan] * self.n_epochs
        self.best_score = Best()

    def clock(self, horizon):
        """Return where training stands, if it is planned to end at ``horizon``."""
        return Clock(self.n_epochs, self.samples, horizon, self.stalls)
