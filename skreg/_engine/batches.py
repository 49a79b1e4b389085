"""Rows of a data set, gathered by index into buffers that are made once."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from skreg._engine.blas import SparseRows
from skreg._engine.dropout import draw_mask

_CACHE_BYTES = 2**18
_MAX_BATCHES = 16
"""Most mini-batches in a block: each has its own pass, and more gain nothing."""


@dataclass(frozen=True)
class Dataset:
    """Features, targets and weights of the same rows; nothing is copied."""

    X: Any
    """Array or CSR matrix of shape (n_rows, n_features)."""
    targets: np.ndarray
    """Class indices of shape (n_rows,); or indicators 0 and 1 of several labels, or
    standardised numbers, of shape (n_outputs, n_rows)."""
    weights: np.ndarray | None = None
    """Array of shape (n_rows,), or None where all weights are 1."""

    @property
    def is_sparse(self):
        """Whether X is a sparse matrix."""
        return not isinstance(self.X, np.ndarray)

    def gather_targets(self, rows, out):
        """Write the targets of ``rows`` into ``out``, of shape (n_outputs, n_rows).

        Class indices become indicators.
        """
        if self.targets.ndim == 2:
            np.take(self.targets, rows, axis=1, out=out, mode="clip")
        elif len(out) == 1:
            out[0] = self.targets[rows]
        else:
            out.fill(0)
            out[self.targets[rows], np.arange(len(rows))] = 1


class Rows(NamedTuple):
    """Some rows of a data set."""

    dataset: Dataset
    indices: np.ndarray


@dataclass
class MiniBatch:
    """The rows of one mini-batch, as views of a block."""

    x: Any
    """Features, already masked: array of shape (n_rows, n_features), or SparseRows."""
    y: np.ndarray
    """Targets, of shape (n_outputs, n_rows)."""
    weights: np.ndarray | None = None
    """Array of shape (n_rows,), or None where all weights are 1."""
    masks: tuple = ()
    """For each level a mask of shape (n_rows, n_units), or None."""

    @property
    def n_rows(self):
        return self.x.shape[0]


class _Part(NamedTuple):
    """A mini-batch of a block, made once for its place in the block."""

    rows: slice
    batch: MiniBatch
    bound: Any
    """What ``bind`` has made of the mini-batch, or itself."""
    outputs: np.ndarray


class Block:
    """The rows of a few consecutive mini-batches, gathered and masked at once.

    A block is as large as fits in a core's cache. Small batches of small networks are
    fast because there is one call per block, not one per mini-batch.

    Each row has masks for the levels whose keep probability is below 1. With ``split``
    there is a `MiniBatch` for each mini-batch; otherwise there is one for the whole
    block, without masks of hidden units. ``bind(batch)``, if given, prepares a
    `MiniBatch`, once for each place in the block.
    """

    def __init__(
        self, dataset, network, batch_size, dtype, bind=None, keep_probs=(), split=True
    ):
        n_features, n_outputs = network.sizes[0], network.sizes[-1]
        keep_probs = [*(keep_probs or [1.0] * len(network.sizes[:-1])), 1.0]
        n_dense = 0 if dataset.is_sparse else n_features
        mask_sizes = [
            size if p < 1 else 0
            for size, p in zip((n_dense, *network.sizes[1:]), keep_probs, strict=True)
        ]
        row_bytes = dtype.itemsize * (n_dense + 2 * n_outputs + sum(mask_sizes))
        self._n_rows = n_rows = min(
            dataset.X.shape[0],
            rows_in_cache(row_bytes, batch_size),
            _MAX_BATCHES * batch_size,
        )
        self._dataset, self._bind = dataset, bind
        self._keep_probs = keep_probs
        self._n_rows_at_once = batch_size if split else n_rows
        self._losses = network.head.losses
        self._x = self._gathered = np.empty((n_rows, n_dense), dtype)
        if dataset.X.dtype != dtype:
            self._gathered = np.empty((n_rows, n_dense), dataset.X.dtype)
        self._y = np.empty((n_outputs, n_rows), dtype)
        self._weights = np.empty(n_rows, dtype)
        self._outputs = np.empty((n_outputs, n_rows), dtype)
        if not split:  # only now: blocks of both engines have the same rows
            mask_sizes[1:] = [0] * len(keep_probs[1:])
        self._masks = [np.empty((n_rows, size), dtype) for size in mask_sizes]
        self._parts: dict[int, list[_Part]] = {}

    def mean_loss(self, rows, run, rng=None, outputs=None):
        """Run mini-batches one by one; return the weighted mean of their losses.

        ``run`` takes a mini-batch as ``bind`` has prepared it, and returns the
        network's outputs, of shape (n_outputs, n_rows). They are written into
        ``outputs``, of shape (n_outputs, len(rows)), if given. ``rng`` draws the masks.
        """
        total = total_weight = 0.0
        for block in slices(len(rows), self._n_rows):
            block_outputs = self._outputs[:, : block.stop - block.start]
            for part in self._gather(rows[block], rng):
                part.outputs[...] = run(part.bound)
            if outputs is not None:
                outputs[:, block] = block_outputs
            loss, weight = self._sums(block_outputs)
            total += loss
            total_weight += weight
        return total / total_weight

    def _gather(self, rows, rng):
        """Fill the buffers; return the parts of the block."""
        data, n_rows = self._dataset, len(rows)
        x = self._gather_features(rows, rng)
        data.gather_targets(rows, self._y[:, :n_rows])
        if data.weights is not None:
            data.weights.take(rows, out=self._weights[:n_rows], mode="clip")
        for level in range(1, len(self._masks)):
            self._draw(level, n_rows, rng)
        if n_rows not in self._parts:
            split = slices(n_rows, self._n_rows_at_once)
            self._parts[n_rows] = [*map(self._make_part, split)]
        parts = self._parts[n_rows]
        if data.is_sparse:
            for part in parts:
                part.batch.x.matrix = x if len(parts) == 1 else x[part.rows]
        return parts

    def _sums(self, outputs):
        """Return Σ s_i ℓ_i and Σ s_i over the first rows, given their outputs."""
        n_rows = outputs.shape[1]
        losses = self._losses(outputs, self._y[:, :n_rows])
        if self._dataset.weights is None:
            return float(losses.sum()), n_rows
        weights = self._weights[:n_rows].astype(np.float64)
        losses = np.where(weights > 0, losses, 0) * weights  # 0 · inf is nan
        return float(losses.sum()), float(weights.sum())

    def _gather_features(self, rows, rng):
        """Return X[rows] in the precision of training, masked."""
        X, n_rows, drops = self._dataset.X, len(rows), self._keep_probs[0] < 1
        if self._dataset.is_sparse:
            x = X[rows].astype(self._x.dtype, copy=False)
            if drops:
                mask = np.empty_like(x.data)
                draw_mask(rng, self._keep_probs[0], mask)
                x.data *= mask
            return x
        x, gathered = self._x[:n_rows], self._gathered[:n_rows]
        if X.flags.c_contiguous and X.flags.aligned:
            np.take(X, rows, axis=0, out=gathered, mode="clip")
        else:  # `take` would first copy all of an array with another layout
            gathered[...] = X[rows]
        if self._gathered is not self._x:
            x[...] = gathered
        if drops:
            x *= self._draw(0, n_rows, rng)
        return x

    def _draw(self, level, n_rows, rng):
        """Draw masks for a level, if it has any, and return them."""
        mask = self._masks[level][:n_rows]
        if mask.size:
            draw_mask(rng, self._keep_probs[level], mask)
        return mask

    def _make_part(self, rows):
        """Return the part with these rows of the block, as views."""
        x = self._x[rows]
        if self._dataset.is_sparse:
            x = SparseRows((len(x), self._dataset.X.shape[1]))
        batch = MiniBatch(
            x,
            self._y[:, rows],
            None if self._dataset.weights is None else self._weights[rows],
            tuple(mask[rows] if mask.size else None for mask in self._masks),
        )
        bound = batch if self._bind is None else self._bind(batch)
        return _Part(rows, batch, bound, self._outputs[:, rows])


def slices(n_rows, size):
    """Yield the slices that cut ``n_rows`` rows into parts of at most ``size``."""
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def rows_in_cache(row_bytes, multiple_of=1):
    """Return how many rows fit in a core's cache.

    The number is a multiple of ``multiple_of``, and not zero.
    """
    return multiple_of * max(1, _CACHE_BYTES // (row_bytes * multiple_of))
