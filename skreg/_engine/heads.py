"""What a network ends in: its loss on the outputs, and the predictions they mean.

A head takes the outputs ``z`` of the last layer and the targets ``y``, both of shape
(n_outputs, n_rows). It never leaves the outputs for probabilities on the way to a loss,
so that no output is too large for it, and it takes any target in [0, 1].
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, log_softmax


class Head(NamedTuple):
    """A loss per row with its gradient, and what outputs mean."""

    out_activation: str
    """Name of the function from outputs to predictions, as in ``out_activation_``."""
    values: Callable
    """``values(z, y)`` returns the loss of each row."""
    gradient: Callable
    """``gradient(z, y, out, row)`` writes dloss/dz into ``out``; ``row``, of shape
    (1, n_rows), is scratch."""
    class_logits: Callable
    """``class_logits(z)`` returns a logit for each class, in a new array if not z."""
    probabilities: Callable
    """``probabilities(logits)`` turns logits of classes into these, in place."""
    log_probabilities: Callable
    """``log_probabilities(logits)`` returns their logarithms, finite at any logit."""


def _sigmoid_values(z, y):
    """Σ_k log(1 + exp(z_k)) - y_k z_k."""
    # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)) never overflows, and unlike
    # `logaddexp` runs in vector loops.
    values = np.log1p(np.exp(-np.abs(z)))
    # For targets 0 and 1 this difference is exact: no two large numbers cancel.
    values += np.maximum(z, 0) - y * z
    return values.sum(axis=0)


def _sigmoid_gradient(z, y, out, row):
    """Sigmoid(z) - y."""
    expit(z, out)
    np.subtract(out, y, out)


def _sigmoid(logits):
    """1 / (1 + exp(-z))."""
    expit(logits, out=logits)


def _softmax_values(z, y):
    """Log Σ_k exp(z_k) - Σ_k y_k z_k, with the largest output subtracted first."""
    shifted = z - z.max(axis=0)
    dots = (shifted * y).sum(axis=0)
    return np.log(np.exp(shifted, out=shifted).sum(axis=0)) - dots


def _softmax_into(z, out, row):
    """exp(z_k) / Σ_j exp(z_j)."""
    np.maximum.reduce(z, axis=0, keepdims=True, out=row)
    np.subtract(z, row, out)
    np.exp(out, out)
    np.add.reduce(out, axis=0, keepdims=True, out=row)
    np.divide(out, row, out)


def _softmax_gradient(z, y, out, row):
    """Softmax(z) - y."""
    _softmax_into(z, out, row)
    np.subtract(out, y, out)


def _softmax(logits):
    """exp(z_k) / Σ_j exp(z_j)."""
    _softmax_into(logits, logits, np.empty((1, logits.shape[1]), logits.dtype))


def _both_signs(z):
    """∓z: the logits of two classes that share one output."""
    return np.concatenate([-z, z])


def _as_they_are(z):
    return z


def _log_softmax(logits):
    return log_softmax(logits, axis=0)


HEADS = {
    "binary": Head(
        "logistic",
        _sigmoid_values,
        _sigmoid_gradient,
        _both_signs,
        _sigmoid,
        log_expit,
    ),
    "multiclass": Head(
        "softmax",
        _softmax_values,
        _softmax_gradient,
        _as_they_are,
        _softmax,
        _log_softmax,
    ),
    "multilabel": Head(
        "logistic",
        _sigmoid_values,
        _sigmoid_gradient,
        _as_they_are,
        _sigmoid,
        log_expit,
    ),
}
