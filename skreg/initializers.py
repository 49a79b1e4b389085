"""Initial weights: uniform, with the variance that keeps signals alive in depth.

Half of the signal's variance is lost in a relu, so that it wants twice the variance:

- relu: U(-b, b) with b = sqrt(6 / fan_in). He et al., "Delving Deep into Rectifiers",
  ICCV 2015.
- tanh, identity: b = sqrt(6 / (fan_in + fan_out)), and for the logistic function, as in
  scikit-learn, b = sqrt(2 / (fan_in + fan_out)). Glorot and Bengio, "Understanding the
  difficulty of training deep feedforward neural networks", AISTATS 2010.

Biases are zero, as in both papers.
"""

from math import sqrt


def _he(fan_in, fan_out):
    return sqrt(6 / fan_in)


def _glorot(fan_in, fan_out):
    return sqrt(6 / (fan_in + fan_out))


def _glorot_logistic(fan_in, fan_out):
    return sqrt(2 / (fan_in + fan_out))


BOUNDS = {
    "identity": _glorot,
    "logistic": _glorot_logistic,
    "tanh": _glorot,
    "relu": _he,
}
"""``bound(fan_in, fan_out)`` by the name of the hidden activation."""


def initialize(parameters, activation, rng):
    """Draw the weights, and set the biases to zero."""
    for coef, bias in zip(parameters.coefs, parameters.biases, strict=True):
        bound = BOUNDS[activation](*coef.shape)
        coef[...] = rng.uniform(-bound, bound, coef.shape)
        bias[...] = 0
