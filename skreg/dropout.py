"""Dropout masks from raw random bits.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
JMLR 15, 2014, in its inverted form: a kept unit is scaled by 1 / p in training, and
nothing is done at prediction. A unit is kept when 16 random bits, read as an integer,
are below p · 2¹⁶, so that p is exact to 2⁻¹⁷, and at least 2⁻¹⁶; drawing them is four
times as fast as drawing a uniform float32 per unit.
"""

from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from skreg.parameters import Parameters, n_parameters


def draw_kept(rng, keep_prob, out):
    """Fill the boolean array ``out`` with independent draws, True with ``keep_prob``.

    The draws come straight from the bit generator of ``rng``.
    """
    threshold = max(1, round(keep_prob * 2**16))
    bits = rng.bit_generator.random_raw(-(-out.size // 4)).view(np.uint16)
    if threshold < 2**16:
        np.less(bits[: out.size], np.uint16(threshold), out=out.reshape(-1))
    else:
        out[...] = True


def draw_mask(rng, keep_prob, kept, out):
    """Fill ``out`` with masks m / p; ``kept``, boolean of its shape, is scratch."""
    draw_kept(rng, keep_prob, kept)
    np.multiply(kept, 1 / keep_prob, out=out)


def draw_units(rng, keep_prob, n_units):
    """Return the indices of the units kept for one mini-batch, and some spare ones.

    Behind the kept units stands ``n_units``, the index of a spare unit, until their
    number is a multiple of 8, or ``n_units``.
    """
    kept = np.empty(n_units, dtype=bool)
    draw_kept(rng, keep_prob, kept)
    kept = np.flatnonzero(kept)
    n_eights = max(1, -(-len(kept) // 8))
    units = np.full(min(8 * n_eights, n_units), n_units)
    units[: len(kept)] = kept
    return units


class Subnetwork:
    """The parameters between the units that one mini-batch keeps.

    They are gathered from a copy of the rows of ``state`` (the parameters and the
    optimizer's averages), a step runs on them as on any other network, and they are
    scattered back. Everything else stays as it is.

    In the copy the first weights, the most, lie unit by unit: what a kept unit needs of
    them is moved whole, at the speed of memory, which single entries are not.

    Each layer that drops units has a spare one there, from which nothing comes, since
    the weights of what it gives are zero whenever it is gathered. (All else of it need
    only be finite, and any of several copies may be scattered last.) It fills the
    layers of the subnetwork up to a multiple of 8 units: then the products are some 10%
    faster, and few enough sizes occur that their passes need not be recorded anew.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units per layer of the whole network.
    keep_probs : sequence of float
        Of the input and of each hidden layer.
    state : ndarray of shape (n_vectors, n_parameters)
        Vectors in the layout of `Parameters`.

    Attributes
    ----------
    drops_inputs : bool
        Whether it has not all inputs.
    factors : list of float
        The 1 / p that the inputs of each layer are scaled by.
    layer_sizes : tuple of int
        Number of units per layer of the subnetwork gathered last.
    state : ndarray of shape (n_vectors, n_parameters(layer_sizes))
        Its parameters and averages; the first weights lie unit by unit.
    """

    def __init__(self, layer_sizes, keep_probs, state):
        self.drops_inputs = keep_probs[0] < 1
        self.factors = [1 / p for p in keep_probs]
        self._keep_probs = keep_probs
        self._all_units = [np.arange(size) for size in layer_sizes]
        n_spare = [int(p < 1) for p in keep_probs] + [0]
        self._sizes = [n + m for n, m in zip(layer_sizes, n_spare, strict=True)]
        self._whole = [Parameters(layer_sizes, row) for row in state]
        copy = np.zeros((len(state), n_parameters(self._sizes)), state.dtype)
        self._copies = [Parameters(self._sizes, row, True) for row in copy]
        self._spare_weights = [
            coef[-1]
            for coef, p in zip(self._copies[0].coefs, keep_probs, strict=True)
            if p < 1
        ]
        self._memory = np.empty_like(state)
        self._index = np.empty(state.shape[1], dtype=np.intp)

    @contextmanager
    def copied(self):
        """Make the copy of the whole state, and copy it back at the end."""
        for whole, copy in self._pairs():
            copy[...] = whole
        try:
            yield
        finally:
            for whole, copy in self._pairs():
                whole[...] = copy

    def draw(self, rng):
        """Return the units of each layer for one mini-batch."""
        *below, outputs = self._all_units
        return [
            draw_units(rng, p, len(units)) if p < 1 else units
            for p, units in zip(self._keep_probs, below, strict=True)
        ] + [outputs]

    def gather(self, units):
        """Copy what joins ``units``, an index array per layer, into ``state``."""
        self.layer_sizes = tuple(len(indices) for indices in units)
        self.state = self._memory[:, : n_parameters(self.layer_sizes)]
        self._first_units = units[1][:0] if self.drops_inputs else units[1]
        self._n_first = len(self._first_units) * len(units[0])
        self._rest = self._fill_index(units)
        for whole, weights, first, rest in self._parts():
            weights.take(self._first_units, axis=0, out=first, mode="clip")
            whole.take(self._rest, out=rest, mode="clip")

    def scatter(self):
        """Copy the subnetwork's state back to where it was gathered."""
        for whole, weights, first, rest in self._parts():
            weights[self._first_units] = first
            whole[self._rest] = rest
        for weights in self._spare_weights:
            weights.fill(0)

    def _pairs(self):
        """Yield each array of weights or biases, and its copy without spare units."""
        for whole, copy in zip(self._whole, self._copies, strict=True):
            arrays = copy.coefs + copy.biases
            for own, array in zip(whole.coefs + whole.biases, arrays, strict=True):
                yield own, array[tuple(map(slice, own.shape))]

    def _parts(self):
        """Yield, per vector: it, its first weights, and the copies of rows and rest."""
        for copy, sub in zip(self._copies, self.state, strict=True):
            weights = copy.coefs[0].T
            first = sub[: self._n_first].reshape(-1, weights.shape[1])
            yield copy.vector, weights, first, sub[self._n_first :]

    def _fill_index(self, units):
        """Return where the rest of the parameters lie in the copied vectors."""
        filled = 0

        def append(rows, columns):
            """Append the sums of ``rows`` and ``columns``, row by row."""
            nonlocal filled
            start, filled = filled, filled + len(rows) * len(columns)
            block = self._index[start:filled].reshape(len(rows), len(columns))
            np.add(rows[:, np.newaxis], columns, out=block)

        start = 0
        for layer, (kept_in, kept_out) in enumerate(pairwise(units)):
            fan_in, fan_out = self._sizes[layer : layer + 2]
            if layer:
                append(start + kept_in * fan_out, kept_out)
            elif self.drops_inputs:
                append(kept_out * fan_in, kept_in)
            start += fan_in * fan_out
        for kept, size in zip(units[1:], self._sizes[1:], strict=True):
            append(np.array([start]), kept)
            start += size
        return self._index[:filled]
