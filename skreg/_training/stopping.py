"""When to stop: a monitor of the score, and the status at the end of a fit."""

from dataclasses import dataclass
from enum import Enum
from math import inf


class Status(Enum):
    """How a fit ended; the value is the message."""

    MAX_ITER = "it reached the limit of iterations before it converged"
    COMPLETED = "all epochs were run, as planned"
    CONVERGED = "it converged, with no more change above tol"
    STUCK = "its line search found no lower objective"
    DIVERGED = "it diverged"
    INTERRUPTED = "it was interrupted"
    STOPPED_BY_CALLBACK = "a callback stopped it"


@dataclass
class Monitor:
    """Follows a score that is taken once per epoch; greater is better."""

    tol: float
    patience: float
    bar: float = -inf
    """The score at the last improvement above ``tol``: smaller gains add up."""
    epochs_without_improvement: int = 0

    def update(self, score):
        """Add the score of an epoch."""
        self.epochs_without_improvement += 1
        if score > self.bar + self.tol:
            self.bar = score
            self.epochs_without_improvement = 0

    @property
    def stalled(self):
        """Whether ``patience`` epochs went by without an improvement above ``tol``."""
        return self.epochs_without_improvement >= self.patience

    def reset_patience(self):
        """Count the epochs without improvement from zero."""
        self.epochs_without_improvement = 0

    def resume(self, state):
        """Continue from a saved state, a dict; if it had stalled, be patient again."""
        self.bar = state["bar"]
        self.epochs_without_improvement = state["epochs_without_improvement"]
        if self.stalled:
            self.reset_patience()
