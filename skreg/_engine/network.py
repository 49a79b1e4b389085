"""A network: a frozen description that lists its parameters, and views of them."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import NamedTuple

import numpy as np

from skreg._engine.activations import activation_of
from skreg._engine.heads import Head
from skreg._engine.layers import Dense, ParameterBlock, ScaledDense
from skreg._engine.penalties import penalty_value


class Place(NamedTuple):
    """Where a block of parameters lies."""

    block: ParameterBlock
    layer: int
    number: int
    """Which block of the layer it is."""
    part: slice
    """Its part of the vector of all parameters."""


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron."""

    sizes: tuple
    """Units per level, from the inputs to the outputs."""
    activation: str
    """Of the hidden layers, a key of `ACTIVATIONS`."""
    head: Head
    """The loss of its outputs, and the predictions made from them."""
    scaled: bool = False
    """Whether it has a learned factor for each feature."""

    @cached_property
    def layers(self):
        """The layers, from the inputs up."""
        last = len(self.sizes) - 2
        layers: list = []
        for k, fans in enumerate(pairwise(self.sizes)):
            bound = activation_of(self.activation).bound(*fans)
            if k == last and (self.head.starts_at_zero or last == 0):
                bound = 0.0  # without hidden layers no symmetry has to be broken
            kind = ScaledDense if self.scaled and k == 0 else Dense
            layers.append(kind(k, *fans, None if k == last else self.activation, bound))
        return tuple(layers)

    @cached_property
    def blocks(self):
        """The blocks of parameters of each layer."""
        return tuple(layer.blocks for layer in self.layers)

    @cached_property
    def layout(self):
        """Where each block lies in the vector of all parameters, in its order.

        Penalised blocks come first, so a penalty works on one slice of the vector.
        """
        places, start = [], 0
        for penalised in (True, False):
            for layer, blocks in enumerate(self.blocks):
                for k, block in enumerate(blocks):
                    if block.penalised is penalised:
                        end = start + prod(block.shape)
                        places.append(Place(block, layer, k, slice(start, end)))
                        start = end
        return tuple(places)

    @cached_property
    def n_parameters(self):
        """Length of the vector of all parameters."""
        return self.layout[-1].part.stop

    @cached_property
    def penalised_parts(self):
        """The penalised part of the vector, by layer."""
        sizes = [
            sum(prod(block.shape) for block in blocks if block.penalised)
            for blocks in self.blocks
        ]
        return [slice(*part) for part in pairwise(accumulate(sizes, initial=0))]

    @cached_property
    def faster_parts(self):
        """Parts of the vector that learn faster, each with its factor of the rate."""
        return [(p.part, p.block.rate) for p in self.layout if p.block.rate != 1]

    def views(self, vector):
        """Return views of a vector of all parameters, by layer and block."""
        views: list = [[None] * len(blocks) for blocks in self.blocks]
        for block, layer, k, part in self.layout:
            views[layer][k] = vector[part].reshape(block.shape, order=block.order)
        return views

    def attributes(self, arrays):
        """Return the fitted attributes that hold ``arrays``, given by layer and block.

        Each is a list of the blocks of one name, from the inputs up, or the only one;
        "feature_scales_" is None if there are none. "_activation" stays that of the
        network if the estimator's parameter changes.
        """
        attributes: dict = {"_activation": self.activation}
        if not self.scaled:
            attributes["feature_scales_"] = None
        for blocks, values in zip(self.blocks, arrays, strict=True):
            for block, value in zip(blocks, values, strict=True):
                if block.listed:
                    attributes.setdefault(f"{block.name}_", []).append(value)
                else:
                    attributes[f"{block.name}_"] = value
        return attributes

    @property
    def block_names(self):
        """The names of its blocks, each once."""
        return list(dict.fromkeys(place.block.name for place in self.layout))

    def arrays_of(self, estimator):
        """Return the arrays of a fitted estimator, by layer and block.

        Those of a pickle from a machine with another byte order, which BLAS would copy
        even to write into, are converted.
        """

        def array_of(block, layer):
            value = getattr(estimator, f"{block.name}_")
            value = value[layer] if block.listed else value
            return value.astype(value.dtype.newbyteorder("="), copy=False)

        layers = enumerate(self.blocks)
        return [[array_of(block, k) for block in blocks] for k, blocks in layers]

    def initialize(self, vector, rng):
        """Draw initial parameters."""
        for block, _, _, part in self.layout:
            values, bound = vector[part], block.bound
            values[...] = block.start
            if bound:
                values += rng.uniform(-bound, bound, len(values))


class Parameters:
    """A vector of all parameters of a network, and views of it by layer."""

    def __init__(self, network, vector):
        self._network, self.vector = network, vector
        self.penalised = [vector[part] for part in network.penalised_parts]
        self.faster = [(vector[p], p, rate) for p, rate in network.faster_parts]

    @cached_property
    def layers(self):
        """The parameters by layer and block."""
        return self._network.views(self.vector)


@dataclass
class Snapshot:
    """The state of an engine, which each epoch changes."""

    network: Network
    vectors: np.ndarray
    """The parameters, then the optimizer's averages, as rows."""
    n_steps: int
    """Steps of the optimizer."""

    @property
    def parameters(self):
        """The vector of all parameters."""
        return self.vectors[0]

    def attributes(self):
        """Return the parameters as fitted attributes; they share its memory."""
        return self.network.attributes(self.network.views(self.parameters))

    def penalty(self, penalties):
        """Return the sum of penalties at the parameters."""
        return penalty_value(penalties, Parameters(self.network, self.parameters))

    def copy(self):
        return replace(self, vectors=self.vectors.copy())
