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

    They are gathered from the rows of ``state`` (the parameters and the optimizer's
    averages) into a small copy, on which a step runs as on any other network, and are
    scattered back. Everything else stays as it is.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units per layer of the whole network.
    state : ndarray of shape (n_vectors, n_parameters)
        Vectors in the layout of `Parameters`.
    """

    def __init__(self, layer_sizes, state):
        self._full = state
        self._first_weights = [Parameters(layer_sizes, row).weights[0] for row in state]
        self._starts = np.cumsum(
            [0, *(a * b for a, b in pairwise(layer_sizes)), *layer_sizes[1:]]
        )
        self._layer_sizes = layer_sizes
        self._memory = np.empty_like(state)
        self._index = np.empty(state.shape[1], dtype=np.intp)

    def gather(self, units):
        """Copy the parameters between ``units``, an index array per layer.

        They are in ``state`` then, for a network with ``layer_sizes``.
        """
        self.layer_sizes = [len(kept) for kept in units]
        self.state = self._memory[:, : n_parameters(self.layer_sizes)]
        self._first_units = units[1]
        # Whole rows are copied at the speed of memory, single entries are not: the
        # first layer, the largest, goes by rows unless inputs are dropped as well.
        by_rows = len(units[0]) == self._layer_sizes[0]
        self._n_first = len(units[1]) * len(units[0]) if by_rows else 0
        self._rest = self._fill_index(units, skip_first=by_rows)
        for full, first, sub in zip(
            self._full, self._first_weights, self.state, strict=True
        ):
            if by_rows:
                rows = sub[: self._n_first].reshape(len(units[1]), len(units[0]))
                first.take(units[1], axis=0, out=rows, mode="clip")
            full.take(self._rest, out=sub[self._n_first :], mode="clip")

    def scatter(self):
        """Copy the subnetwork's state back to where it came from."""
        for full, first, sub in zip(
            self._full, self._first_weights, self.state, strict=True
        ):
            if self._n_first:
                rows = sub[: self._n_first].reshape(
                    len(self._first_units), self._layer_sizes[0]
                )
                first[self._first_units] = rows
            full[self._rest] = sub[self._n_first :]

    def _fill_index(self, units, skip_first):
        """Return where the parameters between ``units`` lie in the full vector."""
        stop = 0
        n_layers = len(units) - 1
        for layer in range(skip_first, n_layers):
            kept_in, kept_out = units[layer], units[layer + 1]
            start, stop = stop, stop + len(kept_in) * len(kept_out)
            rows = kept_out * self._layer_sizes[layer] + self._starts[layer]
            block = self._index[start:stop].reshape(len(kept_out), len(kept_in))
            np.add(rows[:, np.newaxis], kept_in, out=block)
        for layer in range(n_layers):
            start, stop = stop, stop + len(units[layer + 1])
            np.add(
                units[layer + 1],
                self._starts[n_layers + layer],
                out=self._index[start:stop],
            )
        return self._index[:stop]
