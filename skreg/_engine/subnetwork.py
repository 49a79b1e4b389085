"""Dropout with one mask per mini-batch: a step on the network of the kept units alone.

A weight moves only if both units that it joins were kept. All other weights and their
averages stay as they are, without decay. Of this the rest of the engine knows only that
blocks may draw no masks, and that the inputs of a layer may have a scale.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from skreg._engine.blas import SparseRows
from skreg._engine.dropout import draw_kept
from skreg._engine.engine import NumpyEngine, pass_of
from skreg._engine.network import Network, Parameters

_MAX_PASSES = 512
"""Passes through subnetworks to keep in memory: they take some 10 MB."""


@dataclass(frozen=True)
class UnitFirstNetwork(Network):
    """A network whose first weights lie unit by unit in the vector of parameters.

    They are the most parameters of all. Those of a kept unit are then contiguous, and
    copied as one piece, much faster than single entries.
    """

    @cached_property
    def layout(self):
        first, *rest = super().layout
        return (first._replace(block=first.block._replace(order="F")), *rest)


class SubnetworkEngine(NumpyEngine):
    """Trains the whole network by steps on subnetworks."""

    def _make_buffers(self):
        self._make_memory()
        self._make_block()
        plan = self._plan
        self._subnetworks = Subnetworks(self._network, plan.keep_probs, self._vectors)
        self._scales = [1 / p for p in plan.keep_probs]
        self._kept_x = np.empty(
            plan.batch_size * self._network.sizes[0], self._vectors.dtype
        )
        self._passes: dict[tuple, tuple] = {}

    def _mean_loss(self, order, learning_rate, rng):
        subnetworks = self._subnetworks

        def run(batch):
            units = subnetworks.draw(rng)
            sub = subnetworks.gather(units)
            passage, w, g, averages = self._pass_through(sub, batch, units[0])
            outputs = passage.run()
            self._n_steps += 1
            self._optimizer.step(w, g, averages, self._n_steps, learning_rate)
            subnetworks.scatter(sub)
            return outputs

        subnetworks.copy_in()
        try:
            return self._block.mean_loss(order, run, rng)
        finally:
            subnetworks.copy_out()

    def _pass_through(self, sub, batch, inputs):
        """Return the pass of a mini-batch through a `Subnetwork`, and its arrays.

        Layers are padded, so few sizes occur, and a pass is bound once for each.
        """
        x = self._keep_inputs(batch, inputs)
        key = id(batch), sub.network.sizes
        if key not in self._passes:
            if len(self._passes) == _MAX_PASSES:
                self._passes.clear()
            w = Parameters(sub.network, sub.vectors[0])
            g = self._gradient_of(sub.network, sub.vectors)
            kept = replace(batch, x=x)
            passage = pass_of(
                self._optimizer, sub.network, w, g, self._memory, kept, self._scales
            )
            self._passes[key] = passage, w, g, list(sub.vectors[1:]), x
        *bound, bound_x = self._passes[key]
        if isinstance(x, SparseRows):
            bound_x.matrix = x.matrix
        return bound

    def _keep_inputs(self, batch, units):
        """Return the columns ``units`` of x, any column for a padding unit."""
        x = batch.x
        if self._plan.keep_probs[0] == 1:
            return x
        if isinstance(x, SparseRows):
            columns = x.matrix[:, np.minimum(units, x.shape[1] - 1)]
            return SparseRows(columns.shape, columns)
        out = self._kept_x[: len(x) * len(units)].reshape(len(x), len(units))
        return np.take(x, units, axis=1, out=out, mode="clip")


class Subnetwork(NamedTuple):
    """The network of the units that one mini-batch keeps, and its parameters."""

    network: Network
    vectors: np.ndarray
    """The parameters, then the optimizer's averages, as rows."""
    first_units: np.ndarray
    """Those whose weights from the inputs are copied as one piece each."""
    rest_index: np.ndarray
    """Where the rest of the parameters lie in the copied vectors."""


class Subnetworks:
    """Gathers the parameters between the units that a mini-batch keeps.

    They are gathered from a copy of the whole vectors (the parameters and the
    optimizer's averages), a step runs on them as on any other network, and they are
    scattered back.

    In the copy each level that drops units has a padding unit, whose outgoing weights
    are zero whenever it is gathered. (Its other parameters need only be finite; if it
    was gathered several times, any of them may be scattered last.) It fills the levels
    of the subnetwork up to a multiple of 8 units, which makes the products some 10%
    faster and the number of sizes small.
    """

    def __init__(self, network, keep_probs, vectors):
        drops = [p < 1 for p in keep_probs] + [False]
        self._keep_probs = keep_probs
        self._drops_inputs = drops[0]
        self._all_units = [np.arange(size) for size in network.sizes]
        sizes = [n + int(d) for n, d in zip(network.sizes, drops, strict=True)]
        self._padded = padded = UnitFirstNetwork(
            tuple(sizes), network.activation, network.head, network.scaled
        )
        # Unless inputs drop out, the first weights are copied as one piece per unit.
        self._indexed = padded.layout if drops[0] else padded.layout[1:]
        self._network_of = lru_cache(_MAX_PASSES)(
            lambda sizes: replace(padded, sizes=sizes)
        )
        self._whole = [network.views(vector) for vector in vectors]
        self._copy = np.zeros((len(vectors), padded.n_parameters), vectors.dtype)
        self._copies = [padded.views(vector) for vector in self._copy]
        self._outgoing = [
            self._copies[0][place.layer][place.number][-1]
            for place in padded.layout
            if len(place.block.axes) == 2 and drops[place.block.axes[0]]
        ]
        self._memory = np.empty_like(vectors)
        self._index = np.empty(vectors.shape[1], dtype=np.intp)

    def copy_in(self):
        """Make the copy of the whole vectors."""
        for whole, copy in self._pairs():
            copy[...] = whole

    def copy_out(self):
        """Copy it back."""
        for whole, copy in self._pairs():
            whole[...] = copy

    def draw(self, rng):
        """Return the units of each level for one mini-batch."""
        *below, outputs = self._all_units
        return [
            draw_units(rng, p, len(units)) if p < 1 else units
            for p, units in zip(self._keep_probs, below, strict=True)
        ] + [outputs]

    def gather(self, units):
        """Return the `Subnetwork` of ``units``, an index array per level.

        The next call overwrites it.
        """
        network = self._network_of(tuple(map(len, units)))
        vectors = self._memory[:, : network.n_parameters]
        first_units = units[1][:0] if self._drops_inputs else units[1]
        sub = Subnetwork(network, vectors, first_units, self._fill_index(units))
        for whole, weights, first, rest in self._parts(sub):
            weights.take(sub.first_units, axis=0, out=first, mode="clip")
            whole.take(sub.rest_index, out=rest, mode="clip")
        return sub

    def scatter(self, sub):
        """Copy a subnetwork's vectors back to where they were gathered."""
        for whole, weights, first, rest in self._parts(sub):
            weights[sub.first_units] = first
            whole[sub.rest_index] = rest
        for weights in self._outgoing:
            weights.fill(0)

    def _pairs(self):
        """Yield each block, and its copy without padding units."""
        for whole, copy in zip(self._whole, self._copies, strict=True):
            for _, layer, k, _ in self._padded.layout:
                block = whole[layer][k]
                yield block, copy[layer][k][tuple(map(slice, block.shape))]

    def _parts(self, sub):
        """Yield, per vector: the copy, its first weights, and both parts gathered."""
        _, layer, index, _ = self._padded.layout[0]
        n_first = sub.network.n_parameters - len(sub.rest_index)
        for k, gathered in enumerate(sub.vectors):
            weights = self._copies[k][layer][index].T
            first = gathered[:n_first].reshape(-1, weights.shape[1])
            yield self._copy[k], weights, first, gathered[n_first:]

    def _fill_index(self, units):
        """Return where the rest of the parameters lie in the copied vectors."""
        filled = 0
        for block, _, _, part in self._indexed:
            kept = [units[level] for level in block.axes]
            if len(kept) == 1:
                kept.insert(0, np.zeros(1, dtype=np.intp))
            elif block.order == "F":
                kept.reverse()
            rows, columns = kept
            start, filled = filled, filled + len(rows) * len(columns)
            index = self._index[start:filled].reshape(len(rows), len(columns))
            stride = block.shape[-1 if block.order == "C" else 0]
            np.add((part.start + rows * stride)[:, np.newaxis], columns, out=index)
        return self._index[:filled]


def draw_units(rng, keep_prob, n_units):
    """Return the indices of the units kept for one mini-batch, and of padding units.

    The kept units are followed by ``n_units``, the index of the padding unit, until
    there are a multiple of 8 entries, or ``n_units``.
    """
    kept = np.flatnonzero(draw_kept(rng, keep_prob, (n_units,)))
    n_eights = max(1, -(-len(kept) // 8))
    units = np.full(min(8 * n_eights, n_units), n_units)
    units[: len(kept)] = kept
    return units
