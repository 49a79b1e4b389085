"""Optimizers: one step in place on a flat parameter vector.

A step is given the parameters ``w``, the gradient times ``gradient_scale`` as ``g`` and
the optimizer's averages ``moments``, of shape (n_moments, n_parameters), all zero
before the first step. It changes ``w`` and ``moments`` and uses ``g`` as scratch. The
scale costs nothing where the gradient is made, and saves a pass over it here.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class SGD:
    """Gradient descent along the moving average of the gradient.

    v ← β v + (1 - β) g;  w ← w - η v.

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964,
    with the average normalised, so that η means the same for every β.
    """

    momentum: float
    n_moments: ClassVar[int] = 1

    @property
    def gradient_scale(self):
        """1 - β."""
        return 1 - self.momentum

    def step(self, w, g, moments, n_steps, learning_rate, scratch):
        """Take one step; ``n_steps`` counts it."""
        (v,) = moments
        v *= self.momentum
        v += g
        np.multiply(v, learning_rate, out=g)
        w -= g


@dataclass(frozen=True)
class NesterovSGD:
    """Gradient descent that looks ahead along the same average.

    v ← β v + (1 - β) g;  w ← w - η (β v + (1 - β) g).

    Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013, section 2.
    """

    momentum: float
    n_moments: ClassVar[int] = 1

    @property
    def gradient_scale(self):
        """1 - β."""
        return 1 - self.momentum

    def step(self, w, g, moments, n_steps, learning_rate, scratch):
        """Take one step; ``n_steps`` counts it."""
        (v,) = moments
        v *= self.momentum
        v += g
        np.multiply(v, self.momentum, out=scratch)
        g += scratch
        g *= learning_rate
        w -= g


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

    @property
    def gradient_scale(self):
        """1 - β₁."""
        return 1 - self.momentum

    def step(self, w, g, moments, n_steps, learning_rate, scratch):
        """Take one step; ``n_steps`` counts it."""
        m, s = moments
        unbias_m = 1 - self.momentum**n_steps
        unbias_s = (1 - self.beta_2**n_steps) ** 0.5
        m *= self.momentum
        m += g
        s *= self.beta_2
        np.multiply(g, g, out=g)
        g *= (1 - self.beta_2) / self.gradient_scale**2
        s += g
        np.sqrt(s, out=g)
        g += self.epsilon * unbias_s
        np.divide(m, g, out=g)
        g *= learning_rate * unbias_s / unbias_m
        w -= g
