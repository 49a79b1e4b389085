"""Optimizers: one step in place on the vector of all parameters.

Before a step, the backward pass accumulates the gradient g as g_in ← ``carry`` · g_in +
``scale`` · g, which its matrix products do without an extra pass. If
``averages_gradient``, g_in is the first of the ``averages`` (of shape (n_averages,
n_parameters), zero before the first step); otherwise it is a vector that the step may
use as scratch. A step adds the gradient of the penalties, and moves the `Parameters`
``w``. ``n_steps`` counts the steps, this one included.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from skreg._engine.blas import add_scaled

_PIECE = 2**16
"""Numbers of a piece: four vectors of it stay in the cache of a core."""


@dataclass(frozen=True)
class Optimizer:
    """The base of all optimizers."""

    penalties: tuple
    momentum: float
    n_averages: ClassVar[int]
    averages_gradient: ClassVar[bool] = False
    planned_rate: ClassVar[float]
    """The initial rate for "auto" if the schedule takes it to zero; otherwise "auto" is
    a quarter of it."""
    is_adaptive: ClassVar[bool] = False
    """Whether steps do not depend on the size of the gradient."""

    @property
    def carry(self):
        """Factor of the former contents of g_in."""
        return self.momentum if self.averages_gradient else 0.0

    @cached_property
    def scale(self):
        """Factor of the gradient."""
        return 1 - self.momentum

    def add_penalties(self, w, g):
        """Add the scaled gradient of the penalties to that of the loss."""
        scale = self.scale
        for penalty in self.penalties:
            penalty.add_gradient(w, scale, g)


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent along the moving average of the gradient.

    v ← β v + (1 - β) g;  w ← w - η v.

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964,
    with a normalised average, so η means the same for every β.
    """

    n_averages = 1
    averages_gradient = True
    planned_rate = 0.4

    def step(self, w, g, averages, n_steps, learning_rate):
        self.add_penalties(w, g)
        (v,) = averages
        add_scaled(w.vector, -learning_rate, v)


@dataclass(frozen=True)
class NesterovSGD(Optimizer):
    """Gradient descent that looks ahead along the same average.

    v ← β v + (1 - β) g;  w ← w - η (β v + (1 - β) g).

    Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013, section 2.
    """

    n_averages = 1
    planned_rate = 0.4

    def step(self, w, g, averages, n_steps, learning_rate):
        self.add_penalties(w, g)
        (v,) = averages
        v *= self.momentum
        v += g.vector
        add_scaled(g.vector, self.momentum, v)
        add_scaled(w.vector, -learning_rate, g.vector)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps scaled by the averages of the gradient and of its square.

    m ← β₁ m + (1 - β₁) g;  s ← β₂ s + (1 - β₂) g²;
    w ← w - η m̂ / (√ŝ + ε),  m̂ = m / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ).

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1;
    β₁ is ``momentum``. As steps do not depend on the size of the gradient, blocks of
    parameters may have larger ones. Steps are bounded if β₂ is above β₁².
    """

    beta_2: float
    epsilon: float
    n_averages = 2
    planned_rate = 8e-3
    is_adaptive = True
    scale = 1.0

    def step(self, w, g, averages, n_steps, learning_rate):
        self.add_penalties(w, g)
        unbias_m = 1 - self.momentum**n_steps
        unbias_s = (1 - self.beta_2**n_steps) ** 0.5
        rate = learning_rate * unbias_s / unbias_m
        # If ε rounded to zero, a weight that had no gradient yet would give 0 / 0.
        epsilon = max(self.epsilon * unbias_s, np.finfo(g.vector.dtype).tiny)
        for start in range(0, len(g.vector), _PIECE):
            piece = slice(start, start + _PIECE)
            m, s = (average[piece] for average in averages)
            self._step_of(w.vector[piece], g.vector[piece], m, s, rate, epsilon)
        for values, part, factor in w.faster:
            add_scaled(values, (1 - factor) * rate, g.vector[part])

    def _step_of(self, w, g, m, s, rate, epsilon):
        """Take the step of some parameters; g becomes m / (√s + epsilon)."""
        _update_average(m, self.momentum, g)
        np.multiply(g, g, g)
        _update_average(s, self.beta_2, g)
        np.sqrt(s, g)
        g += epsilon
        np.divide(m, g, g)
        add_scaled(w, -rate, g)


def _update_average(average, beta, x):
    """Average ← β · average + (1 - β) · x."""
    # BLAS uses all cores, NumPy one: this saves up to 5% of a step of a wide network.
    add_scaled(average, beta - 1, average)
    add_scaled(average, 1 - beta, x)


def _make_sgd(penalties, number):
    kind = NesterovSGD if number("nesterovs_momentum") else SGD
    return kind(penalties, number("momentum"))


def _make_adam(penalties, number):
    return Adam(penalties, *map(number, ["momentum", "beta_2", "epsilon"]))


OPTIMIZERS = {"sgd": _make_sgd, "adam": _make_adam}
"""By ``solver``; ``number(name)`` is the value of a hyperparameter as a float."""
