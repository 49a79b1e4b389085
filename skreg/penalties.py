"""The L2 penalty alpha / 2 · Σ w² on the weights, but not the biases, of a network."""

import numpy as np

from skreg.parameters import Parameters


def l2_strengths(layer_sizes, alpha, out):
    """Write the strength for each parameter: alpha for weights, 0 for biases."""
    out[...] = alpha
    for bias in Parameters(layer_sizes, out).biases:
        bias[...] = 0
    return out


def l2_value(strengths, w, scratch):
    """Return ½ Σ strength · w²."""
    return 0.5 * float(np.dot(np.multiply(strengths, w, out=scratch), w))


def add_l2_gradient(strengths, w, gradient, scratch):
    """Add the penalty's gradient, strength · w, to ``gradient``."""
    np.multiply(strengths, w, out=scratch)
    gradient += scratch
