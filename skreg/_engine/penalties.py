"""Penalties on the weights, but not the biases, of a network.

A penalty is a frozen dataclass of its strength. `PENALTIES` names each by the
hyperparameter that sets the strength; the objective has the sum of them.
"""

from dataclasses import dataclass

from skreg._engine.blas import add_scaled, sum_of_squares


@dataclass(frozen=True)
class L2:
    """alpha / 2 · Σ w²."""

    alpha: float

    def value(self, w):
        """Return the penalty of the weights ``w``."""
        return self.alpha / 2 * sum_of_squares(w)

    def add_gradient(self, w, scale, out):
        """Add scale · alpha · w to ``out``."""
        add_scaled(out, scale * self.alpha, w)


PENALTIES = {"alpha": L2}


def penalty_value(penalties, w):
    """Return the sum of the penalties of the weights ``w``."""
    return sum(penalty.value(w) for penalty in penalties)
