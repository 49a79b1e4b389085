"""Hidden activations: a function in place, and its derivative.

An activation maps the pre-activations ``z`` of a layer to its outputs ``h``. All of
these have a derivative that can be written in terms of ``h`` alone, so that the
backward pass needs no copy of ``z``, and has it for all hidden layers in one go.

The constants 0 and 1 come as arrays, ``zeros`` and ``ones``, of the shape of the
others: two arrays take NumPy's vector loops, an array and a number may not (for the
maximum that makes a factor of 2 to 5).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit


class Activation(NamedTuple):
    """An activation function and its derivative."""

    apply: Callable
    """``apply(z, zeros)`` turns ``z`` into ``h = f(z)``, in place."""
    derivative: Callable
    """``derivative(h, ones, out)`` writes ``f'(z)`` into ``out``."""


def _identity(z, zeros):
    """f(z) = z."""


def _identity_derivative(h, ones, out):
    """f'(z) = 1."""
    np.copyto(out, ones)


def _logistic(z, zeros):
    """f(z) = 1 / (1 + exp(-z))."""
    expit(z, out=z)


def _logistic_derivative(h, ones, out):
    """f'(z) = h (1 - h)."""
    np.subtract(ones, h, out=out)
    np.multiply(out, h, out=out)


def _tanh(z, zeros):
    """f(z) = tanh(z)."""
    np.tanh(z, out=z)


def _tanh_derivative(h, ones, out):
    """f'(z) = 1 - h²."""
    np.multiply(h, h, out=out)
    np.subtract(ones, out, out=out)


def _relu(z, zeros):
    """f(z) = max(z, 0)."""
    np.maximum(z, zeros, out=z)


def _relu_derivative(h, ones, out):
    """f'(z) = 1 where h > 0, else 0."""
    # In two vector loops; a comparison would give a boolean, to be converted by another
    # loop that is not one.
    np.ceil(h, out=out)
    np.minimum(out, ones, out=out)


ACTIVATIONS = {
    "identity": Activation(_identity, _identity_derivative),
    "logistic": Activation(_logistic, _logistic_derivative),
    "tanh": Activation(_tanh, _tanh_derivative),
    "relu": Activation(_relu, _relu_derivative),
}
