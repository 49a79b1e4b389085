"""Cross-entropy on logits, and the probabilities that belong to it.

A loss takes the ``logits`` of the output layer, of shape (n_outputs, n_rows), and the
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
    """``values(logits, y)`` returns the loss of each row."""
    gradient: Callable
    """``gradient(logits, y, out, row)`` writes dloss/dlogits into ``out``; ``row``, of
    shape (1, n_rows), is scratch. It may shift all logits of a row by a constant that
    changes no probability."""
    values_after_gradient: Callable
    """The same as ``values``, for logits that ``gradient`` has been given."""
    probabilities: Callable
    """``probabilities(logits)`` turns logits into probabilities, in place."""
    log_probabilities: Callable
    """``log_probabilities(logits)`` returns their logarithms, finite at any logit."""


def _sigmoid_values(logits, y):
    """Σ_k log(1 + exp(-z_k)) where y_k = 1, log(1 + exp(z_k)) where y_k = 0."""
    wrong = (1 - 2 * y) * logits
    # log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|)) never overflows, and unlike
    # `logaddexp` runs in vector loops.
    values = np.log1p(np.exp(-np.abs(wrong)))
    values += np.maximum(wrong, 0)
    return values.sum(axis=0)


def _sigmoid_gradient(logits, y, out, row):
    """Sigmoid(z) - y."""
    expit(logits, out=out)
    out -= y


def _sigmoid_probabilities(logits):
    """1 / (1 + exp(-z))."""
    expit(logits, out=logits)


def _softmax_values(logits, y):
    """Log Σ_k exp(z_k) - z_y, with the largest logit subtracted from all first."""
    shifted = logits - logits.max(axis=0)
    return np.log(np.exp(shifted).sum(axis=0)) - (shifted * y).sum(axis=0)


def _softmax(logits, out, row):
    """exp(z_k) / Σ_j exp(z_j); leaves the largest logits at 0, the sum in ``row``."""
    np.maximum.reduce(logits, axis=0, keepdims=True, out=row)
    logits -= row
    np.exp(logits, out=out)
    np.add.reduce(out, axis=0, keepdims=True, out=row)
    out /= row


def _softmax_gradient(logits, y, out, row):
    """Softmax(z) - y; leaves the logarithms of the probabilities as logits."""
    _softmax(logits, out, row)
    out -= y
    np.log(row, out=row)
    logits -= row


def _softmax_values_after_gradient(logits, y):
    """-log p_y."""
    return -(logits * y).sum(axis=0)


def _softmax_probabilities(logits):
    """exp(z_k) / Σ_j exp(z_j)."""
    _softmax(logits, logits, np.empty((1, logits.shape[1]), logits.dtype))


LOSSES = {
    "logistic": Loss(
        _sigmoid_values,
        _sigmoid_gradient,
        _sigmoid_values,
        _sigmoid_probabilities,
        log_expit,
    ),
    "softmax": Loss(
        _softmax_values,
        _softmax_gradient,
        _softmax_values_after_gradient,
        _softmax_probabilities,
        lambda logits: log_softmax(logits, axis=0),
    ),
}
"""Losses by the name of the output activation, as in ``out_activation_``."""
