"""All weights and biases of a network as one flat vector with views per layer.

The vector holds the weights of every layer first and the biases of every layer last.
The weights of a layer lie unit by unit: row ``j`` of ``weights[l]``, of shape
(fan_out, fan_in), holds what unit ``j`` receives. ``coefs[l]`` is its transpose, which
is scikit-learn's layout, and a view as well.
"""

from itertools import pairwise

import numpy as np


class Parameters:
    """Views of the weights and biases in a flat vector.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units per layer, from the inputs to the outputs.
    vector : ndarray of shape (n_parameters(layer_sizes),)
        The memory; no copy is taken.
    """

    def __init__(self, layer_sizes, vector):
        self.layer_sizes = tuple(layer_sizes)
        self.vector = vector
        self.weights = []
        self.biases = []
        start = 0
        for fan_in, fan_out in pairwise(self.layer_sizes):
            stop = start + fan_in * fan_out
            self.weights.append(vector[start:stop].reshape(fan_out, fan_in))
            start = stop
        self.n_weights = start
        for fan_out in self.layer_sizes[1:]:
            self.biases.append(vector[start : start + fan_out])
            start += fan_out
        self.coefs = [weight.T for weight in self.weights]

    @classmethod
    def from_layers(cls, coefs, intercepts):
        """Copy scikit-learn's ``coefs_`` and ``intercepts_`` into a new vector."""
        layer_sizes = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
        vector = np.empty(n_parameters(layer_sizes), coefs[0].dtype)
        parameters = cls(layer_sizes, vector)
        for own, given in zip(parameters.coefs, coefs, strict=True):
            own[...] = given
        for own, given in zip(parameters.biases, intercepts, strict=True):
            own[...] = given
        return parameters

    def as_attributes(self):
        """Return copies of the layers, named as fitted attributes."""
        copy = Parameters(self.layer_sizes, self.vector.copy())
        return {"coefs_": copy.coefs, "intercepts_": copy.biases}


def n_parameters(layer_sizes):
    """Return the length of the flat vector of a network with these layers."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(layer_sizes))
