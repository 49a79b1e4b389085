"""Dropout masks from raw random bits.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
JMLR 15, 2014, in its inverted form: a kept unit is scaled by 1 / p in training, and
nothing is done at prediction. A unit is kept when 16 random bits, read as an integer,
are below p · 2¹⁶, so that p is exact to 2⁻¹⁷; drawing them is four times as fast as
drawing a uniform float32 per unit.
"""

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
    """Return the indices of the units kept for one mini-batch."""
    kept = np.empty(n_units, dtype=bool)
    draw_kept(rng, keep_prob, kept)
    return np.flatnonzero(kept)


class Subnetwork:
    """The parameters between the units that one mini-batch keeps.

    They are gathered from a copy of the rows of ``state`` (the parameters and the
    optimizer's averages), a step runs on them as on any other network, and they are
    scattered back. Everything else stays as it is.

    In the copy the first weights, the most, lie unit by unit: what a kept unit needs of
    them is moved whole, at the speed of memory, which single entries are not.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units per layer of the whole network.
    state : ndarray of shape (n_vectors, n_parameters)
        Vectors in the layout of `Parameters`.
    """

    def __init__(self, layer_sizes, state):
        self._whole_sizes = layer_sizes
        self._copy = np.empty_like(state)
        self._pairs = [
            (Parameters(layer_sizes, row), Parameters(layer_sizes, copy, True))
            for row, copy in zip(state, self._copy, strict=True)
        ]
        self._memory = np.empty_like(state)
        self._index = np.empty(state.shape[1], dtype=np.intp)

    def load(self):
        """Copy the whole state."""
        n_first = self._pairs[0][0].coefs[0].size
        for whole, copy in self._pairs:
            copy.coefs[0][...] = whole.coefs[0]
            copy.vector[n_first:] = whole.vector[n_first:]

    def store(self):
        """Copy it back."""
        n_first = self._pairs[0][0].coefs[0].size
        for whole, copy in self._pairs:
            whole.coefs[0][...] = copy.coefs[0]
            whole.vector[n_first:] = copy.vector[n_first:]

    def gather(self, units):
        """Copy the parameters between ``units``, an index array per layer.

        They are in ``state`` then, for a network with ``layer_sizes`` whose first
        weights lie unit by unit.
        """
        self.layer_sizes = [len(kept) for kept in units]
        self.state = self._memory[:, : n_parameters(self.layer_sizes)]
        by_rows = len(units[0]) == self._whole_sizes[0]
        self._first_units = units[1] if by_rows else units[1][:0]
        self._n_first = len(self._first_units) * self._whole_sizes[0]
        self._rest = self._fill_index(units, skip_first=by_rows)
        for whole, weights, first, rest in self._parts():
            weights.take(self._first_units, axis=0, out=first, mode="clip")
            whole.take(self._rest, out=rest, mode="clip")

    def scatter(self):
        """Copy the subnetwork's state back to where it was gathered."""
        for whole, weights, first, rest in self._parts():
            weights[self._first_units] = first
            whole[self._rest] = rest

    def _parts(self):
        """Yield, per vector: it, its first weights, and the copies of rows and rest."""
        for (_, copy), sub in zip(self._pairs, self.state, strict=True):
            weights = copy.coefs[0].T
            first = sub[: self._n_first].reshape(-1, weights.shape[1])
            yield copy.vector, weights, first, sub[self._n_first :]

    def _fill_index(self, units, skip_first):
        """Return where the parameters between ``units`` lie in the copied vectors."""
        filled = 0

        def append(rows, columns):
            """Append the sums of ``rows`` and ``columns``, row by row."""
            nonlocal filled
            start, filled = filled, filled + len(rows) * len(columns)
            block = self._index[start:filled].reshape(len(rows), len(columns))
            np.add(rows[:, np.newaxis], columns, out=block)

        start = 0
        for layer, (kept_in, kept_out) in enumerate(pairwise(units)):
            fan_in, fan_out = self._whole_sizes[layer : layer + 2]
            if layer:
                append(start + kept_in * fan_out, kept_out)
            elif not skip_first:
                append(kept_out * fan_in, kept_in)
            start += fan_in * fan_out
        for kept, size in zip(units[1:], self._whole_sizes[1:], strict=True):
            append(np.array([start]), kept)
            start += size
        return self._index[:filled]
