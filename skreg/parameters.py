"""All weights and biases of a network as one flat vector with views per layer.

The weights of all layers come first, then all biases, so that a penalty on the weights
is an operation on the beginning of the vector.
"""

from itertools import pairwise
from math import isfinite

import numpy as np

from skreg.blas import sum_of_squares


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
    weights : ndarray of shape (n_weights,)
        The weights of all layers.
    """

    def __init__(self, layer_sizes, vector, first_by_unit=False):
        self.layer_sizes = tuple(layer_sizes)
        self.vector = vector
        self.coefs: list[np.ndarray] = []
        self.biases: list[np.ndarray] = []
        start = 0
        for fan_in, fan_out in pairwise(self.layer_sizes):
            coef = vector[start : start + fan_in * fan_out]
            start += coef.size
            if first_by_unit and not self.coefs:
                self.coefs.append(coef.reshape(fan_out, fan_in).T)
            else:
                self.coefs.append(coef.reshape(fan_in, fan_out))
        self.weights = vector[:start]
        for fan_out in self.layer_sizes[1:]:
            self.biases.append(vector[start : start + fan_out])
            start += fan_out

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


def all_finite(vector):
    """Return whether no number of a contiguous vector is infinite or nan."""
    # The squares may overflow where the numbers do not, but the two extremes are 5
    # times as much work.
    return isfinite(sum_of_squares(vector)) or (
        isfinite(vector.min()) and isfinite(vector.max())
    )


def flush_tiny(state):
    """Round what is so small that it will soon be subnormal to zero, in place.

    Under L2 the weights of a dead unit and their averages decay without end, and many
    processors take many times as long for a product with a subnormal number: on an
    Intel Xeon a fit of a small network by adam took 4 times as long without this. In
    float32 what is below 8e-31 becomes zero, and nothing changes by more than twice
    that or by two units in its own last place.
    """
    info = np.finfo(state.dtype)
    # A decay by 0.9 takes 170 steps from here to the least normal number.
    tiny = info.tiny * 2**26
    large = 3 * tiny / info.eps  # tiny is half a unit in its last place, up and down
    state += large
    state -= large
