"""The numba engine: the NumPy engine with its training compiled."""

import sys
from contextlib import contextmanager
from threading import Timer

import numpy as np

from skreg._engine.batches import Block, MiniBatch
from skreg._engine.blas import SparseRows
from skreg._engine.compiled import (
    ACTIVATIONS,
    GEMM,
    HEADS,
    OPTIMIZERS,
    Buffers,
    Net,
    Rows,
    Rule,
    train_block,
)
from skreg._engine.dropout import threshold_of
from skreg._engine.engine import NumpyEngine

_COMPILED: set = set()
"""Precisions for which there is machine code."""
_NO_PLACES, _NO_BITS = np.empty(0, np.int32), np.empty(0, np.uint16)
_NUMBERS = "momentum", "beta_2", "epsilon", "scale", "carry"


class NumbaEngine(NumpyEngine):
    """Trains like the NumPy engines, up to rounding, with either kind of mask.

    It shares their random bits, gathering of rows, and losses.
    """

    releases_gil = True

    def __init__(self, plan, start, training, validation=None):
        super().__init__(plan, start, training, validation)
        dtype = self._vectors.dtype
        self._no_numbers = np.empty(0, dtype)
        self._net, self._rule = _describe(plan, dtype)
        first = 0 if self._net.one_mask else 1  # else the block masks the inputs
        levels = zip(self._network.sizes, plan.keep_probs, strict=False)
        self._masked = [size for size, p in [*levels][first:] if p < 1]
        self._buffers = _allocate(self._net, plan.batch_size, self._vectors)
        if dtype not in _COMPILED:
            no_rows = self._no_numbers.reshape(0, 1), self._no_numbers.reshape(1, 0)
            with _announced(dtype):
                self._run(MiniBatch(*no_rows), no_rows[1], _NO_BITS, 0.0)
            _COMPILED.add(dtype)

    def _make_buffers(self):
        plan = self._plan
        keep_probs = plan.keep_probs
        if self._net.one_mask:
            keep_probs = [1.0] * len(keep_probs)
        self._block = Block(
            self._training,
            self._network,
            keep_probs,
            plan.batch_size,
            self._vectors.dtype,
            split=False,
        )

    def _mean_loss(self, order, learning_rate, rng):
        n_outputs, dtype = self._network.sizes[-1], self._vectors.dtype

        def bind(batch):
            return batch, np.empty((n_outputs, batch.n_rows), dtype)

        def run(bound):
            batch, outputs = bound
            self._run(batch, outputs, self._draw(batch.n_rows, rng), learning_rate)
            return outputs

        return self._block.mean_loss(order, bind, run, rng)

    def _draw(self, n_rows, rng):
        """Return random bits for the masks of a block, as the NumPy engines do."""
        per_mask, n_masks = n_rows, 1
        if self._net.one_mask:
            per_mask, n_masks = 1, -(-n_rows // self._plan.batch_size)
        n_words = n_masks * sum(-(-per_mask * size // 4) for size in self._masked)
        if not n_words:
            return _NO_BITS
        return rng.bit_generator.random_raw(n_words).view(np.uint16)

    def _run(self, batch, outputs, bits, learning_rate):
        """Take a step per mini-batch of a block."""
        x, csr = batch.x, (self._no_numbers, _NO_PLACES, _NO_PLACES)
        if isinstance(x, SparseRows):
            matrix, x = x.matrix, np.empty((batch.n_rows, 0), self._vectors.dtype)
            places = matrix.indices, matrix.indptr
            csr = matrix.data, *(p.astype(np.int32, copy=False) for p in places)
        weights = self._no_numbers if batch.weights is None else batch.weights
        rows = Rows(x, *csr, np.ascontiguousarray(batch.y), weights, bits)
        self._n_steps = train_block(
            self._net,
            self._rule,
            rows,
            self._plan.batch_size,
            float(learning_rate),
            self._n_steps,
            self._vectors,
            outputs,
            self._buffers,
        )


def _describe(plan, dtype):
    """Return the network and the rule of a plan."""
    network, optimizer = plan.network, plan.optimizer
    keep_probs = np.array(plan.keep_probs)
    one_mask = plan.dropout_mask == "batch" and min(plan.keep_probs) < 1
    scales = 1 / keep_probs if one_mask else np.ones(len(keep_probs))
    head, numbers = network.head, [getattr(optimizer, n, 0.0) for n in _NUMBERS]
    net = Net(
        GEMM[dtype.itemsize],
        np.array(network.sizes),
        _code_of(network.activation, ACTIVATIONS),
        _code_of(type(head), HEADS),
        np.array([getattr(head, "delta", getattr(head, "quantile", 0.5))], dtype),
        keep_probs.astype(dtype),
        np.array([threshold_of(p) for p in plan.keep_probs]),
        scales.astype(dtype),
        one_mask,
    )
    alphas = np.zeros(len(network.layers))
    for penalty in plan.penalties:
        alphas += penalty.alphas
    tiny = np.finfo(dtype).tiny * 2**26
    rule = Rule(
        _code_of(type(optimizer), OPTIMIZERS),
        np.array([*numbers, tiny]),
        alphas.astype(dtype),
    )
    return net, rule


def _code_of(kind, codes):
    """Return the code of an activation, a head or an optimizer."""
    if kind not in codes:
        raise NotImplementedError(
            f"engine='numba' has no {getattr(kind, '__name__', kind)!r}. Use "
            "engine='numpy', or add it to skreg/_engine/compiled.py."
        )
    return codes[kind]


def _allocate(net, n_rows, vectors):
    """Return buffers for a mini-batch of up to ``n_rows``."""
    dtype, sizes = vectors.dtype, net.sizes
    n_kept = sizes.max() if net.one_mask else 0
    return Buffers(
        np.empty(n_rows * sizes[1:].sum(), dtype),
        np.empty(n_rows * sizes[1:].sum(), dtype),
        np.empty(vectors.shape[1], dtype),
        np.arange(sizes[0], dtype=np.int32),
        np.tile(np.arange(n_kept), (len(sizes), 1)),
        sizes.copy(),
        np.empty(n_rows * sizes[0] if net.one_mask else 0, dtype),
        np.empty(vectors.size if net.one_mask else 0, dtype),
    )


@contextmanager
def _announced(dtype):
    """Print a message if compilation takes longer than a second."""
    message = (
        f"skreg is compiling engine='numba' for {dtype}. This happens once; the code "
        f"is kept in {train_block.stats.cache_path}."
    )
    timer = Timer(1.0, print, [message], {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
