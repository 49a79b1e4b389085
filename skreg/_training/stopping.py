"""When to stop: how a score develops, and how a fit ended."""

from dataclasses import dataclass
from enum import Enum, auto
from math import inf


class Status(Enum):
    """How a fit ended."""

    MAX_ITER = auto()
    CONVERGED = auto()
    DIVERGED = auto()
    INTERRUPTED = auto()
    STOPPED_BY_CALLBACK = auto()


@dataclass
class Monitor:
    """Follows a score, greater is better, that is taken once per epoch."""

    tol: float
    patience: float
    best_score: float = -inf
    epochs_without_improvement: int = 0

    def update(self, score):
        """Take in the score of an epoch; return whether it is the best so far."""
        if score > self.best_score + self.tol:
            self.epochs_without_improvement = 0
        else:
            self.epochs_without_improvement += 1
        is_best = score > self.best_score
        if is_best:
            self.best_score = score
        return is_best

    @property
    def stalled(self):
        """Whether ``patience`` epochs went by without an improvement above ``tol``."""
        return self.epochs_without_improvement >= self.patience

    def be_patient_again(self):
        """Count the epochs without improvement from zero."""
        self.epochs_without_improvement = 0

    def resume(self, state):
        """Go on from where a monitor was, a dict; if it had stalled, with patience."""
        self.best_score = state["best_score"]
        self.epochs_without_improvement = state["epochs_without_improvement"]
        if self.stalled:
            self.be_patient_again()
