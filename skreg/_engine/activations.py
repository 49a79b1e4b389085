"""Hidden activations: a function, its derivative, and the scale of initial weights.

An activation maps the pre-activations ``z`` of a layer to its outputs ``h``. Where the
derivative can be written in terms of ``h``, the two share their memory, and a layer
keeps no copy of ``z``.

The constants 0 and 1 are passed as arrays, ``zeros`` and ``ones``, of the same shape as
the others: NumPy uses vector loops for two arrays, but not always for an array and a
number (for the maximum, this makes a factor of 2 to 5).

Initial weights are uniform in [-bound, bound], with a variance that keeps the size of
signals through many layers. For relu, which halves the variance, it is that of He et
al., "Delving Deep into Rectifiers", ICCV 2015; otherwise that of Glorot and Bengio,
"Understanding the difficulty of training deep feedforward neural networks", AISTATS
2010. The logistic function flattens signals to a quarter, so its weights are four times
as large.
"""

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import expit


class Activation(NamedTuple):
    """An activation function."""

    apply: Callable
    """``apply(z, zeros, out)`` writes ``f(z)`` into ``out``, which shares the memory of
    ``z`` unless ``derivative_of_z``."""
    derivative: Callable
    """``derivative(h, ones, out)`` writes ``f'(z)`` into ``out``, for all hidden layers
    in one call."""
    bound: Callable
    """``bound(fan_in, fan_out)`` of the initial weights."""
    derivative_of_z: bool = False
    """Whether ``derivative`` is given ``z`` instead of ``h``; it may overwrite it."""
    slope: float = 1.0
    """The steepest slope. ``bound`` is in proportion to 1 / slope, and the automatic
    alpha to its square."""


def _identity(z, zeros, out):
    """f(z) = z."""
    if out is not z:
        np.copyto(out, z)


def _identity_derivative(h, ones, out):
    """f'(z) = 1."""
    np.copyto(out, ones)


def _logistic(z, zeros, out):
    """f(z) = 1 / (1 + exp(-z))."""
    expit(z, out)


def _logistic_derivative(h, ones, out):
    """f'(z) = h (1 - h)."""
    np.subtract(ones, h, out)
    np.multiply(out, h, out)


def _tanh(z, zeros, out):
    """f(z) = tanh(z)."""
    np.tanh(z, out)


def _tanh_derivative(h, ones, out):
    """f'(z) = 1 - h²."""
    np.multiply(h, h, out)
    np.subtract(ones, out, out)


def _relu(z, zeros, out):
    """f(z) = max(z, 0)."""
    np.maximum(z, zeros, out=out)


def _relu_derivative(h, ones, out):
    """f'(z) = 1 where h > 0, else 0."""
    # Two vector loops. A comparison would give booleans, and their conversion to floats
    # is not a vector loop.
    np.ceil(h, out)
    np.minimum(out, ones, out=out)


def _glorot(fan_in, fan_out):
    return sqrt(6 / (fan_in + fan_out))


ACTIVATIONS = {
    "identity": Activation(_identity, _identity_derivative, _glorot),
    "logistic": Activation(
        _logistic, _logistic_derivative, lambda n, m: 4 * _glorot(n, m), slope=0.25
    ),
    "tanh": Activation(_tanh, _tanh_derivative, _glorot),
    "relu": Activation(_relu, _relu_derivative, lambda n, m: sqrt(6 / n)),
}


def activation_of(name):
    """Return the `Activation` of a name."""
    if name not in ACTIVATIONS:
        raise ValueError(
            f"activation={name!r} is not known in this process. Add it to ACTIVATIONS "
            "in a module that the process imports."
        )
    return ACTIVATIONS[name]
