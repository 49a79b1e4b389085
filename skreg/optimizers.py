"""Optimizers: one step in place on a flat parameter vector.

The gradient g is accumulated where an optimizer wants it, g_in ← ``keep`` · g_in +
``scale`` · g, because a matrix product does that in the pass that writes it. ``g_in``
is the first of the averages ``moments``, of shape (n_moments, n_parameters) and all
zero before the first step, if ``averages_gradient``, and otherwise a vector that the
step may use as scratch.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skreg.blas import add_scaled


@dataclass(frozen=True)
class SGD:
    """Gradient descent along the moving average of the gradient.

    v ← β v + (1 - β) g;  w ← w - η v.

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964,
    with the average normalised, so that η means the same for every β.
    """

    momentum: float
    n_moments: ClassVar[int] = 1
    averages_gradient: ClassVar[bool] = True

    @property
    def keep(self):
        """β."""
        return self.momentum

    @property
    def scale(self):
        """1 - β."""
        return 1 - self.momentum

    def step(self, w, g, moments, n_steps, learning_rate):
        """Take one step; ``n_steps`` counts it."""
        (v,) = moments
        add_scaled(w, -learning_rate, v)


@dataclass(frozen=True)
class NesterovSGD:
    """Gradient descent that looks ahead along the same average.

    v ← β v + (1 - β) g;  w ← w - η (β v + (1 - β) g).

    Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013, section 2.
    """

    momentum: float
    n_moments: ClassVar[int] = 1
    averages_gradient: ClassVar[bool] = False
    keep: ClassVar[float] = 0.0

    @property
    def scale(self):
        """1 - β."""
        return 1 - self.momentum

    def step(self, w, g, moments, n_steps, learning_rate):
        """Take one step; ``n_steps`` counts it."""
        (v,) = moments
        v *= self.momentum
        v += g
        add_scaled(g, self.momentum, v)
        add_scaled(w, -learning_rate, g)


@dataclass(frozen=True)
class Adam:
    """Steps scaled by the averages of the gradient and of its square.

    m ← β₁ m + (1 - β₁) g;  s ← β₂ s + (1 - β₂) g²;
    w ← w - η m̂ / (√ŝ + ε),  m̂ = m / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ).

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1;
    β₁ is ``momentum``.
    """

    momentum: float
    beta_2: float
    epsilon: float
    n_moments: ClassVar[int] = 2
    averages_gradient: ClassVar[bool] = False
    keep: ClassVar[float] = 0.0
    scale: ClassVar[float] = 1.0

    def step(self, w, g, moments, n_steps, learning_rate):
        """Take one step; ``n_steps`` counts it."""
        m, s = moments
        unbias_m = 1 - self.momentum**n_steps
        unbias_s = (1 - self.beta_2**n_steps) ** 0.5
        _update_average(m, self.momentum, g)
        np.multiply(g, g, out=g)
        _update_average(s, self.beta_2, g)
        np.sqrt(s, out=g)
        # Rounded to zero, ε would leave 0 / 0 where there has been no gradient.
        g += max(self.epsilon * unbias_s, np.finfo(g.dtype).tiny)
        np.divide(m, g, out=g)
        add_scaled(w, -learning_rate * unbias_s / unbias_m, g)


def _update_average(average, beta, x):
    """Average ← β · average + (1 - β) · x."""
    # BLAS has all cores at it, NumPy one: up to 5% of a step of a wide network.
    add_scaled(average, beta - 1, average)
    add_scaled(average, 1 - beta, x)
