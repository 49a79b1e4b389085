"""All weights and biases of a network as one flat vector with views per layer.

For each layer come its weights, then its biases. What a layer computes on the rows of a
matrix is then one product with its weights, of shape (fan_in, fan_out).
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
    first_by_unit : bool, default=False
        Whether the first layer's weights lie unit by unit and not input by input.

    Attributes
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
        The weights of each layer.
    biases : list of ndarray of shape (fan_out,)
        The biases of each layer.
    weights : list of ndarray of shape (fan_in * fan_out,)
        The weights of each layer as they lie in memory.
    """

    def __init__(self, layer_sizes, vector, first_by_unit=False):
        self.layer_sizes = tuple(layer_sizes)
        self.vector = vector
        self.coefs, self.biases, self.weights = [], [], []
        start = 0
        for fan_in, fan_out in pairwise(self.layer_sizes):
            middle = start + fan_in * fan_out
            weights = vector[start:middle]
            self.weights.append(weights)
            if first_by_unit and not start:
                self.coefs.append(weights.reshape(fan_out, fan_in).T)
            else:
                self.coefs.append(weights.reshape(fan_in, fan_out))
            start = middle + fan_out
            self.biases.append(vector[middle:start])

    @classmethod
    def from_layers(cls, coefs, intercepts):
        """Copy scikit-learn's ``coefs_`` and ``intercepts_`` into a new vector."""
        layer_sizes = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
        vector = np.empty(n_parameters(layer_sizes), coefs[0].dtype)
        parameters = cls(layer_sizes, vector)
        for own, given in zip(
            parameters.coefs + parameters.biases, [*coefs, *intercepts], strict=True
        ):
            own[...] = given
        return parameters

    def as_attributes(self):
        """Return contiguous copies of the layers, named as fitted attributes."""
        return {
            "coefs_": [coef.copy(order="C") for coef in self.coefs],
            "intercepts_": [bias.copy() for bias in self.biases],
        }


def n_parameters(layer_sizes):
    """Return the length of the flat vector of a network with these layers."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(layer_sizes))
