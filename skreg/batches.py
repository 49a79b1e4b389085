"""Rows of a data set, gathered by index into buffers that are made once."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from skreg.dropout import draw_mask

_CACHE_BYTES = 2**18


@dataclass(frozen=True)
class Dataset:
    """Features, targets and relative weights of the same rows; nothing is copied.

    The target of row ``i`` is ``table[codes[i]]``: a row of the identity matrix for a
    class label. Multilabel targets are the table themselves, and ``codes`` is None.
    """

    X: Any
    """Array or CSR matrix of shape (n_rows, n_features)."""
    table: np.ndarray
    """Array of shape (n_codes, n_outputs) with entries 0 and 1."""
    codes: np.ndarray | None = None
    """Array of shape (n_rows,)."""
    weights: np.ndarray | None = None
    """Array of shape (n_rows,), or None where all weights are 1."""

    @property
    def is_sparse(self):
        """Whether X is a sparse matrix."""
        return not isinstance(self.X, np.ndarray)

    def gather_features(self, rows, out):
        """Return X[rows], in ``out`` if X is an array."""
        if self.is_sparse:
            return self.X[rows]
        if self.X.flags.c_contiguous:
            return np.take(self.X, rows, axis=0, out=out, mode="clip")
        # `take` would copy the whole of an array that is not contiguous.
        out[...] = self.X[rows]
        return out

    def gather_targets(self, rows, out):
        """Write the targets of ``rows`` into ``out``."""
        codes = rows if self.codes is None else self.codes[rows]
        np.take(self.table, codes, axis=0, out=out, mode="clip")


class Batch(NamedTuple):
    """Views of the rows of one mini-batch."""

    x: Any
    """Features, already masked; array or CSR matrix."""
    y: np.ndarray
    """Targets, of shape (n_rows, n_outputs)."""
    weights: np.ndarray | None
    """Relative weights, of shape (n_rows, 1)."""
    masks: list
    """Per hidden layer a mask for each row, or None."""
    logits: np.ndarray
    """Where the forward pass leaves the logits."""


class Block:
    """The rows of a few consecutive mini-batches, gathered and masked at once.

    As many as stay in a core's cache: one call per block and not per mini-batch is what
    makes small batches of small networks cheap.

    Parameters
    ----------
    dataset : Dataset
        Where the rows come from.
    layer_sizes : sequence of int
        Number of units per layer.
    keep_probs : sequence of float
        Of the input and of each hidden layer; 1 where no mask per row is wanted.
    batch_size : int
        Rows per mini-batch.
    dtype : dtype
        Of the computation.
    """

    def __init__(self, dataset, layer_sizes, keep_probs, batch_size, dtype):
        n_features, n_outputs = layer_sizes[0], layer_sizes[-1]
        masked = [
            size if p < 1 else 0
            for size, p in zip(layer_sizes, keep_probs, strict=False)
        ]
        row_bytes = dtype.itemsize * (n_features + 3 * n_outputs + sum(masked))
        n_rows = min(dataset.X.shape[0], rows_in_cache(row_bytes, batch_size))
        self.n_rows = n_rows
        self._dataset = dataset
        self._keep_probs = keep_probs
        self._batch_size = batch_size
        self._x = np.empty((0 if dataset.is_sparse else n_rows, n_features), dtype)
        self._y = np.empty((n_rows, n_outputs), dtype)
        self._weights = np.empty((n_rows, 1), dtype)
        self._logits = np.empty((n_rows, n_outputs), dtype)
        self._scratch = np.empty((n_rows, n_outputs), dtype)
        self._values = np.empty(n_rows, dtype)
        self._masks = [np.empty((n_rows, size), dtype) for size in masked]
        self._kept = [np.empty((n_rows, size), bool) for size in masked]
        self._batches = {}

    def gather(self, rows, rng):
        """Return the mini-batches of ``rows``, with new masks."""
        data, n_rows = self._dataset, len(rows)
        x = data.gather_features(rows, self._x[:n_rows])
        data.gather_targets(rows, self._y[:n_rows])
        if data.weights is not None:
            data.weights.take(rows, out=self._weights[:n_rows, 0], mode="clip")
        self._draw_masks(x, rng)
        if data.is_sparse:
            return self._views(x)
        if n_rows not in self._batches:
            self._batches[n_rows] = self._views(x)
        return self._batches[n_rows]

    def losses(self, loss, n_rows):
        """Return Σ s_i ℓ_i and Σ s_i over the first rows, from the batches' logits."""
        values = self._values[:n_rows]
        loss.values(
            self._logits[:n_rows], self._y[:n_rows], values, self._scratch[:n_rows]
        )
        if self._dataset.weights is None:
            return float(values.sum(dtype=np.float64)), n_rows
        weights = self._weights[:n_rows, 0]
        return float(np.dot(values, weights)), float(weights.sum(dtype=np.float64))

    def _draw_masks(self, x, rng):
        n_rows = x.shape[0]
        for layer, (p, kept, mask) in enumerate(
            zip(self._keep_probs, self._kept, self._masks, strict=True)
        ):
            if p == 1:
                continue
            if layer == 0 and self._dataset.is_sparse:
                mask = np.empty_like(x.data)
                draw_mask(rng, p, np.empty(mask.shape, bool), mask)
                x.data *= mask
                continue
            draw_mask(rng, p, kept[:n_rows], mask[:n_rows])
            if layer == 0:
                x *= mask[:n_rows]

    def _views(self, x):
        weighted = self._dataset.weights is not None
        hidden = [
            mask if p < 1 else None
            for p, mask in zip(self._keep_probs[1:], self._masks[1:], strict=True)
        ]
        return [
            Batch(
                x[rows],
                self._y[rows],
                self._weights[rows] if weighted else None,
                [mask if mask is None else mask[rows] for mask in hidden],
                self._logits[rows],
            )
            for rows in slices(x.shape[0], self._batch_size)
        ]


def slices(n_rows, size):
    """Yield the slices that cut ``n_rows`` rows into parts of at most ``size``."""
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def rows_in_cache(row_bytes, multiple_of=1):
    """Return how many rows to work on at once, so that they stay in a core's cache.

    It is a multiple of ``multiple_of``, which is the least.
    """
    return multiple_of * max(1, _CACHE_BYTES // (row_bytes * multiple_of))
