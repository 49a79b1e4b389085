"""Rows of a data set, gathered by index into buffers that are made once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skreg.dropout import draw_mask

_CACHE_BYTES = 2**18
_MAX_BATCHES = 16
"""Mini-batches per block: each has a pass of its own, and more of them gain nothing."""


@dataclass(frozen=True)
class Dataset:
    """Features, targets and relative weights of the same rows; nothing is copied."""

    X: Any
    """Array or CSR matrix of shape (n_rows, n_features)."""
    targets: np.ndarray
    """The number of each row's class, of shape (n_rows,); or indicators 0 and 1 of
    several labels, of shape (n_outputs, n_rows)."""
    weights: np.ndarray | None = None
    """Array of shape (n_rows,), or None where all weights are 1."""

    @property
    def is_sparse(self):
        """Whether X is a sparse matrix."""
        return not isinstance(self.X, np.ndarray)

    def gather_features(self, rows, out):
        """Return X[rows], of an array in ``out``."""
        if self.is_sparse:
            return self.X[rows]
        if self.X.flags.c_contiguous and self.X.flags.aligned:
            return np.take(self.X, rows, axis=0, out=out, mode="clip")
        # `take` would first copy the whole of any other array.
        out[...] = self.X[rows]
        return out


@dataclass(eq=False)
class Batch:
    """Views of the rows of one mini-batch."""

    x: Any
    """Features, already masked; array or CSR matrix of shape (n_rows, n_features)."""
    masks: list
    """Per hidden layer a mask of shape (n_rows, n_units), or None."""
    y: Any = None
    """Targets, of shape (n_outputs, n_rows)."""
    weights: Any = None
    """Relative weights, of shape (n_rows,), or None where all are 1."""
    logits: Any = None
    """Where to leave the logits, of shape (n_outputs, n_rows)."""
    factors: Any = None
    """What the inputs of each layer are multiplied by as well, or None for 1."""

    @property
    def n_rows(self):
        """How many rows there are."""
        return self.x.shape[0]

    @property
    def is_dense(self):
        """Whether x is an array."""
        return isinstance(self.x, np.ndarray)


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

    Attributes
    ----------
    logits : ndarray of shape (n_outputs, n_rows)
        Memory for the logits of all rows, of which the mini-batches have views.
    """

    def __init__(self, dataset, layer_sizes, keep_probs, batch_size, dtype):
        n_features, n_outputs = layer_sizes[0], layer_sizes[-1]
        self._mask_sizes = [
            size if p < 1 else 0
            for size, p in zip(layer_sizes, keep_probs, strict=False)
        ]
        n_dense = 0 if dataset.is_sparse else n_features
        row_bytes = dtype.itemsize * (n_dense + 2 * n_outputs + sum(self._mask_sizes))
        n_rows = min(
            dataset.X.shape[0],
            rows_in_cache(row_bytes, batch_size),
            _MAX_BATCHES * batch_size,
        )
        self.n_rows = n_rows
        self._dataset = dataset
        self._keep_probs = keep_probs
        self._batch_size = batch_size
        self._x = np.empty((n_rows, n_dense), dtype)
        self._y = np.empty((n_outputs, n_rows), dtype)
        self._weights = np.empty(n_rows, dtype)
        self.logits = np.empty((n_outputs, n_rows), dtype)
        self._masks = [np.empty((n_rows, size), dtype) for size in self._mask_sizes]
        self._kept = np.empty(n_rows * max(self._mask_sizes), bool)
        self._batches = {}

    def gather(self, rows, rng):
        """Return the mini-batches of ``rows``, with new masks."""
        data, n_rows = self._dataset, len(rows)
        x = self._gather_features(rows, rng)
        gather_indicators(data.targets, rows, self._y[:, :n_rows])
        if data.weights is not None:
            data.weights.take(rows, out=self._weights[:n_rows], mode="clip")
        for layer in range(1, len(self._masks)):
            self._draw(layer, n_rows, rng)
        if n_rows not in self._batches:
            self._batches[n_rows] = self._views(n_rows)
        if data.is_sparse:
            parts = slices(n_rows, self._batch_size)
            for batch, part in zip(self._batches[n_rows], parts, strict=True):
                batch.x = x[part]
        return self._batches[n_rows]

    def losses(self, values, n_rows):
        """Return Σ s_i ℓ_i and Σ s_i over the first rows, from the batches' logits.

        ``values`` is one of the functions of a `Loss`.
        """
        values = values(self.logits[:, :n_rows], self._y[:, :n_rows])
        if self._dataset.weights is None:
            return float(values.sum()), n_rows
        weights = self._weights[:n_rows].astype(np.float64)
        return float((values * weights).sum()), float(weights.sum())

    def _gather_features(self, rows, rng):
        n_rows = len(rows)
        x = self._dataset.gather_features(rows, self._x[:n_rows])
        if self._keep_probs[0] < 1:
            if self._dataset.is_sparse:
                mask = np.empty_like(x.data)
                draw_mask(rng, self._keep_probs[0], np.empty(mask.shape, bool), mask)
                x.data *= mask
            else:
                x *= self._draw(0, n_rows, rng)
        return x

    def _draw(self, layer, n_rows, rng):
        """Draw masks for a layer, if it has any, and return them."""
        mask = self._masks[layer][:n_rows]
        if mask.size:
            kept = self._kept[: mask.size].reshape(mask.shape)
            draw_mask(rng, self._keep_probs[layer], kept, mask)
        return mask

    def _views(self, n_rows):
        weighted = self._dataset.weights is not None
        return [
            Batch(
                self._x[part],
                [mask[part] if mask.size else None for mask in self._masks[1:]],
                self._y[:, part],
                self._weights[part] if weighted else None,
                self.logits[:, part],
            )
            for part in slices(n_rows, self._batch_size)
        ]


def gather_indicators(targets, rows, out):
    """Write the targets of ``rows`` as indicators into ``out``.

    They are as in a `Dataset`; ``out`` has shape (n_outputs, n_rows).
    """
    if targets.ndim == 2:
        np.take(targets, rows, axis=1, out=out, mode="clip")
    elif len(out) == 1:
        out[0] = targets[rows]
    else:
        out.fill(0)
        out[targets[rows], np.arange(len(rows))] = 1


def slices(n_rows, size):
    """Yield the slices that cut ``n_rows`` rows into parts of at most ``size``."""
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def rows_in_cache(row_bytes, multiple_of=1):
    """Return how many rows to work on at once, so that they stay in a core's cache.

    It is a multiple of ``multiple_of``, which is the least.
    """
    return multiple_of * max(1, _CACHE_BYTES // (row_bytes * multiple_of))
