"""Initial weights: uniform with the variance that keeps signals alive in depth.

Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
networks", AISTATS 2010; biases are drawn like the weights, as scikit-learn does.
"""

import numpy as np

_GAIN = {"logistic": 2.0}


def glorot_uniform(parameters, activation, rng):
    """Fill ``parameters`` with U(-b, b), b = sqrt(gain / (fan_in + fan_out))."""
    for weight, bias in zip(parameters.weights, parameters.biases, strict=True):
        bound = np.sqrt(_GAIN.get(activation, 6.0) / sum(weight.shape))
        weight[...] = rng.uniform(-bound, bound, weight.shape)
        bias[...] = rng.uniform(-bound, bound, bias.shape)
