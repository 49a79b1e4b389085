"""Penalties on the weights of a network, but not on the biases.

A penalty is a frozen dataclass of its strengths, one for each layer. `PENALTIES` maps
the hyperparameter that sets the strengths to the kind of penalty. The objective has the
sum of all penalties.
"""

from dataclasses import dataclass

from skreg._engine.blas import add_scaled, sum_of_squares


@dataclass(frozen=True)
class L2:
    """Σ_l alpha_l / 2 · ‖W_l‖²."""

    alphas: tuple

    def value(self, w):
        """Return the penalty of the `Parameters` ``w``."""
        return sum(
            alpha / 2 * sum_of_squares(part)
            for alpha, part in zip(self.alphas, w.penalised, strict=True)
            if alpha
        )

    def add_gradient(self, w, scale, g):
        """Add scale · alpha_l · W_l to the `Parameters` ``g``."""
        parts = zip(self.alphas, w.penalised, g.penalised, strict=True)
        for alpha, part, out in parts:
            if alpha:
                add_scaled(out, scale * alpha, part)


PENALTIES = {"alpha": L2}


def penalty_value(penalties, w):
    """Return the sum of the penalties of the `Parameters` ``w``."""
    return sum(penalty.value(w) for penalty in penalties)
