"""Hidden activations: a function and its derivative, each in place.

An activation maps the pre-activations ``z`` of a layer to its outputs ``h``. All of
these have a derivative that can be written in terms of ``h`` alone, so that the
backward pass needs no copy of ``z``.

The constants 0 and 1 come as arrays, ``zeros`` and ``ones``, of the shape of the
others: two arrays take NumPy's vector loops, an array and a number may not (for the
maximum that makes a factor of 3 to 5).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit


class Activation(NamedTuple):
    """An activation function and the factor that backpropagation needs of it."""

    apply: Callable
    """``apply(z, zeros)`` turns ``z`` into ``h = f(z)``, in place."""
    backpropagate: Callable
    """``backpropagate(h, delta, ones, scratch)`` turns ``delta`` into
    ``delta * f'(z)``."""


def _identity(z, zeros):
    """f(z) = z."""


def _identity_backpropagate(h, delta, ones, scratch):
    """f'(z) = 1."""


def _logistic(z, zeros):
    """f(z) = 1 / (1 + exp(-z))."""
    expit(z, out=z)


def _logistic_backpropagate(h, delta, ones, scratch):
    """f'(z) = h (1 - h)."""
    delta *= h
    np.subtract(ones, h, out=scratch)
    delta *= scratch


def _tanh(z, zeros):
    """f(z) = tanh(z)."""
    np.tanh(z, out=z)


def _tanh_backpropagate(h, delta, ones, scratch):
    """f'(z) = 1 - h²."""
    np.multiply(h, h, out=scratch)
    np.subtract(ones, scratch, out=scratch)
    delta *= scratch


def _relu(z, zeros):
    """f(z) = max(z, 0)."""
    np.maximum(z, zeros, out=z)


def _relu_backpropagate(h, delta, ones, scratch):
    """f'(z) = 1 where h > 0, else 0."""
    # In two vector loops; a comparison would give a boolean, to be converted by another
    # loop that is not one.
    np.ceil(h, out=scratch)
    np.minimum(scratch, ones, out=scratch)
    delta *= scratch


ACTIVATIONS = {
    "identity": Activation(_identity, _identity_backpropagate),
    "logistic": Activation(_logistic, _logistic_backpropagate),
    "tanh": Activation(_tanh, _tanh_backpropagate),
    "relu": Activation(_relu, _relu_backpropagate),
}
