"""The L2 penalty alpha / 2 · Σ w² on the weights, but not the biases, of a network."""

from skreg.blas import add_scaled, sum_of_squares


def l2_value(parameters, alpha):
    """Return alpha / 2 · Σ w²."""
    return alpha / 2 * sum_of_squares(parameters.weights) if alpha else 0.0


def add_l2_gradient(parameters, alpha, gradient):
    """Add alpha · w to ``gradient``, a `Parameters` of the same layers."""
    add_scaled(gradient.weights, alpha, parameters.weights)
