"""All weights and biases of a network as one flat vector with views per layer.

First come the weights of the first layer, of shape (fan_out, fan_in), and its biases.
Of every other layer row ``j``, of fan_in + 1 entries, holds what unit ``j`` receives: a
weight per unit below, then the bias, as the weight of a unit that is always 1. So such
a layer is one matrix product, forward and backward, with nothing to add. (The first is
not, because its inputs would have to be copied to put a one beside them.) ``coefs`` and
``biases`` are views in scikit-learn's layout.
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
        self.first_weights = vector[:n_first].reshape(n_units, n_features)
        self.first_biases = vector[n_first : n_first + n_units]
        self.layers = []
        start = n_first + n_units
        for fan_in, fan_out in pairwise(self.layer_sizes[1:]):
            stop = start + (fan_in + 1) * fan_out
            self.layers.append(vector[start:stop].reshape(fan_out, fan_in + 1))
            start = stop

    @property
    def coefs(self):
        """The weights of each layer, of shape (fan_in, fan_out)."""
        return [self.first_weights.T, *(layer[:, :-1].T for layer in self.layers)]

    @property
    def biases(self):
        """The biases of each layer, of shape (fan_out,)."""
        return [self.first_biases, *(layer[:, -1] for layer in self.layers)]

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
