"""All weights and biases of a network as one flat vector with views per layer.

First come the weights of the first layer, of shape (fan_out, fan_in), and its biases.
Every other layer has shape (fan_in + 1, fan_out): a row per unit below, and last the
biases, as the weights of a unit that is always 1. So such a layer is one matrix
product, forward and backward, with nothing to add. (The first is not, because its
inputs would have to be copied to put a one beside them. It has a row per unit, so that
the rows of the units that dropout keeps are copied whole.) ``coefs`` and ``biases`` are
views in scikit-learn's layout.
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
        n_features, n_units, *_ = self.layer_sizes
        n_first = n_features * n_units
        start = n_first + n_units
        self.first_weights = vector[:n_first].reshape(n_units, n_features)
        self.first_biases = vector[n_first:start]
        self.layers = []
        self.weights = [vector[:n_first]]
        """Per layer all weights, without the biases, as one vector."""
        for fan_in, fan_out in pairwise(self.layer_sizes[1:]):
            n_weights = fan_in * fan_out
            layer = vector[start : start + n_weights + fan_out]
            self.layers.append(layer.reshape(fan_in + 1, fan_out))
            self.weights.append(layer[:n_weights])
            start += layer.size

    @property
    def coefs(self):
        """The weights of each layer, of shape (fan_in, fan_out)."""
        return [self.first_weights.T, *(layer[:-1] for layer in self.layers)]

    @property
    def biases(self):
        """The biases of each layer, of shape (fan_out,)."""
        return [self.first_biases, *(layer[-1] for layer in self.layers)]

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
