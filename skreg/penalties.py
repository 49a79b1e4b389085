"""The L2 penalty, alpha / 2 · Σ w², on the weights of a flat parameter vector."""

import numpy as np


def l2_value(weights, alpha):
    """Return alpha / 2 · ‖w‖²."""
    return 0.5 * alpha * float(np.dot(weights, weights))


def add_l2_gradient(weights, alpha, gradient, scratch):
    """Add the penalty's gradient, alpha · w, to ``gradient``."""
    np.multiply(weights, alpha, out=scratch)
    gradient += scratch
