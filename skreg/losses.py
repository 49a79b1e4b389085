"""Cross-entropy on logits, and the probabilities that belong to it.

A loss takes the ``logits`` of the output layer, of shape (n_rows, n_outputs), and the
targets ``y`` of the same shape with entries 0 and 1. It never leaves the logits for
probabilities on the way to a value, so that no logit is too large for it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, log_softmax


class Loss(NamedTuple):
    """A loss per row, its gradient in the logits, and the output activation."""

    values: Callable
    """``values(logits, y, out, scratch)`` writes the loss of each row into ``out``."""
    gradient: Callable
    """``gradient(logits, y, out, row)`` writes dloss/dlogits into ``out``."""
    probabilities: Callable
    """``probabilities(logits)`` turns logits into probabilities, in place."""
    log_probabilities: Callable
    """``log_probabilities(logits)`` returns their logarithms, at any logit finite."""


def _sigmoid_values(logits, y, out, scratch):
    """Σ_k log(1 + exp(-z_k)) where y_k = 1, log(1 + exp(z_k)) where y_k = 0."""
    np.multiply(y, -2, out=scratch)
    scratch += 1
    scratch *= logits
    np.logaddexp(0, scratch, out=scratch)
    np.add.reduce(scratch, axis=1, out=out)


def _sigmoid_gradient(logits, y, out, row):
    """Sigmoid(z) - y."""
    expit(logits, out=out)
    out -= y


def _sigmoid_probabilities(logits):
    expit(logits, out=logits)


def _softmax_values(logits, y, out, scratch):
    """Log Σ_k exp(z_k) - z_y, with the largest logit subtracted from all first."""
    np.subtract(logits, logits.max(axis=1, keepdims=True), out=scratch)
    chosen = np.einsum("ik,ik->i", scratch, y)
    np.exp(scratch, out=scratch)
    np.add.reduce(scratch, axis=1, out=out)
    np.log(out, out=out)
    out -= chosen


def _softmax(logits, out, row):
    """exp(z_k) / Σ_j exp(z_j); ``row`` of shape (n_rows, 1) is scratch."""
    np.maximum.reduce(logits, axis=1, keepdims=True, out=row)
    np.subtract(logits, row, out=out)
    np.exp(out, out=out)
    np.add.reduce(out, axis=1, keepdims=True, out=row)
    out /= row


def _softmax_gradient(logits, y, out, row):
    """Softmax(z) - y."""
    _softmax(logits, out, row)
    out -= y


def _softmax_probabilities(logits):
    _softmax(logits, logits, np.empty((len(logits), 1), logits.dtype))


LOSSES = {
    "logistic": Loss(
        _sigmoid_values, _sigmoid_gradient, _sigmoid_probabilities, log_expit
    ),
    "softmax": Loss(
        _softmax_values,
        _softmax_gradient,
        _softmax_probabilities,
        lambda logits: log_softmax(logits, axis=1),
    ),
}
"""Losses by the name of the output activation, as in ``out_activation_``."""
