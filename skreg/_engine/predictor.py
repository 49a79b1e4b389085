"""Prediction in blocks of rows that stay in the cache."""

from functools import partial

import numpy as np

from skreg._engine.batches import Block, rows_in_cache, slices
from skreg._engine.blas import SparseRows
from skreg._engine.passes import Forward, Memory

_LEAST_ROWS = 64
"""With fewer rows, a product loads the weights into the cache for too little work."""


def predict_outputs(network, arrays, X):
    """Return the outputs of a network for all rows of X.

    X is an array or a CSR matrix of floats; ``arrays`` are the network's parameters by
    layer and block, at any place in memory. The outputs are float64, of shape
    (n_outputs, n_rows).
    """
    n_rows, dtype = X.shape[0], arrays[0][0].dtype
    sparse = not isinstance(X, np.ndarray)
    size = rows_per_block(network, dtype, n_rows, sparse)
    memory = Memory(network, size, dtype, backward=False)
    outputs = np.empty((n_rows, network.sizes[-1])).T
    for part in slices(n_rows, size):
        x = X[part]
        if sparse:
            x = SparseRows(x.shape, x.astype(dtype, copy=False))
        else:
            x = np.ascontiguousarray(x, dtype)
        outputs[:, part] = Forward(network, arrays, memory, x).run()
    return outputs


def bind_loss(network, arrays, rows):
    """Return a call for the weighted mean of the losses of `Rows`.

    The network's outputs are written into its argument ``outputs``, of shape
    (n_outputs, n_rows), if given.
    """
    dataset, index = rows
    dtype, n_rows = arrays[0][0].dtype, len(index)
    size = rows_per_block(network, dtype, n_rows, dataset.is_sparse)
    memory = Memory(network, size, dtype, backward=False)

    def bind(batch):
        return Forward(network, arrays, memory, batch.x)

    block = Block(dataset, network, size, dtype, bind)
    return partial(block.mean_loss, index, Forward.run)


def rows_per_block(network, dtype, n_rows, sparse):
    """Return how many of the rows to predict at once."""
    sizes = network.sizes
    n_dense = 0 if sparse else sizes[0]
    row_bytes = dtype.itemsize * (n_dense + sum(sizes[1:]) + len(sizes))
    return min(n_rows, max(_LEAST_ROWS, rows_in_cache(row_bytes)))
