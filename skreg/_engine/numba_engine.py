"""The numba engine: the NumPy engine with its training compiled."""

import sys
from contextlib import contextmanager
from functools import partial
from pickle import UnpicklingError
from threading import Timer

import numpy as np

from skreg._engine import compiled, heads
from skreg._engine.batches import Block, MiniBatch
from skreg._engine.blas import SparseRows
from skreg._engine.compiled import GEMM, BlockData, Buffers, Net, Rule, run_block
from skreg._engine.dropout import threshold_of
from skreg._engine.engine import NumpyEngine
from skreg._engine.floats import least_size
from skreg._engine.optimizers import SGD, Adam, NesterovSGD
from skreg._engine.penalties import L2
from skreg._engine.predictor import rows_per_block

if not hasattr(run_block, "stats"):
    raise ImportError(
        "engine='numba' compiles its code, but NUMBA_DISABLE_JIT is set. Unset that "
        "environment variable, or leave engine at 'numpy'."
    )
CODES: dict = {
    "identity": compiled.IDENTITY,
    "logistic": compiled.LOGISTIC,
    "tanh": compiled.TANH,
    "relu": compiled.RELU,
    heads.Binary: compiled.SIGMOID,
    heads.Multiclass: compiled.SOFTMAX,
    heads.Multilabel: compiled.SIGMOID,
    heads.SquaredError: compiled.CLIPPED,
    heads.AbsoluteError: compiled.ABSOLUTE,
    heads.Huber: compiled.CLIPPED,
    heads.Quantile: compiled.QUANTILE,
    heads.Poisson: compiled.EXP,
    SGD: compiled.HEAVY_BALL,
    NesterovSGD: compiled.NESTEROV,
    Adam: compiled.ADAM,
}
"""Of the activations, heads and optimizers that the compiled code has."""
PARTS = {"coefs", "intercepts", "feature_scales", L2}
"""The parameters and penalties that it has."""
_COMPILED: set = set()
"""Precisions for which there is machine code."""
_NO_INDICES, _NO_BITS = np.empty(0, np.int32), np.empty(0, np.uint16)


class NumbaEngine(NumpyEngine):
    """Trains like the NumPy engines, up to rounding, with either kind of mask.

    It shares their random bits and gathering of rows.
    """

    releases_gil = True

    def __init__(self, plan, start, training, evaluated=None):
        dtype = start.vectors.dtype
        self._nets, self._rule = _describe(plan, dtype)
        super().__init__(plan, start, training, evaluated)
        first = 0 if plan.one_mask else 1  # else the block masks the inputs
        levels = zip(self._network.sizes, plan.keep_probs, strict=False)
        self._masked = [size for size, p in [*levels][first:] if p < 1]
        self._buffers = _allocate(self._nets[0], plan.batch_size, self._vectors)
        if dtype not in _COMPILED:
            self._compile(dtype)

    def _bind_loss(self, rows):
        dataset, index = rows
        network, rule, vectors = self._network, self._rule, self._vectors
        size = rows_per_block(network, vectors.dtype, len(index), dataset.is_sparse)
        no_masks = np.ones_like(self._nets[0].keep_probs)
        net = self._nets[0]._replace(
            keep_probs=no_masks, input_scales=no_masks, one_mask=False
        )
        buffers = _allocate(net, size, vectors[:, :0])

        def run(batch):
            outputs = np.empty(batch.y.shape[::-1], batch.y.dtype)
            data, no_steps = _data_of(batch, _NO_BITS), (False, size, 0.0, 0)
            run_block((net, net), rule, data, *no_steps, vectors, outputs, buffers)
            return outputs.T

        block = Block(dataset, network, size, vectors.dtype, split=False)
        return partial(block.mean_loss, index, run)

    def _compile(self, dtype):
        """Compile for a precision by training on no rows."""
        no_rows = np.empty((0, self._network.sizes[0]), dtype)
        batch = MiniBatch(no_rows, np.empty((self._network.sizes[-1], 0), dtype))
        with _announced(dtype):
            try:
                self._train(batch, _NO_BITS, 0.0)
            except (OSError, EOFError, UnpicklingError) as error:
                raise RuntimeError(
                    "engine='numba' cannot keep or read its compiled code in "
                    f"{run_block.stats.cache_path}: {error!r}. If the disk is full, "
                    "free space; otherwise delete that folder, or set NUMBA_CACHE_DIR "
                    "to another one."
                ) from error
        _COMPILED.add(dtype)

    def _make_buffers(self):
        self._make_block(split=False)

    def _mean_loss(self, order, learning_rate, rng):
        def train(batch):
            return self._train(batch, self._draw(batch.n_rows, rng), learning_rate)

        return self._block.mean_loss(order, train, rng)

    def _draw(self, n_rows, rng):
        """Return random bits for the masks of a block, as the NumPy engines do."""
        per_mask, n_masks = n_rows, 1
        if self._plan.one_mask:
            per_mask, n_masks = 1, -(-n_rows // self._plan.batch_size)
        n_words = n_masks * sum(-(-per_mask * size // 4) for size in self._masked)
        if not n_words:
            return _NO_BITS
        return rng.bit_generator.random_raw(n_words).view(np.uint16)

    def _train(self, batch, bits, learning_rate):
        """Take the steps of a block; return the outputs before each."""
        outputs = np.empty(batch.y.shape[::-1], batch.y.dtype)
        rows, rate = _data_of(batch, bits), float(learning_rate)
        steps = True, self._plan.batch_size, rate, self._n_steps
        state = self._vectors, outputs, self._buffers
        self._n_steps = run_block(self._nets, self._rule, rows, *steps, *state)
        return outputs.T


def _data_of(batch, bits):
    """Return the arguments of the compiled functions for a block."""
    no_numbers = np.empty(0, batch.y.dtype)
    x, csr = batch.x, (no_numbers, _NO_INDICES, _NO_INDICES)
    if isinstance(x, SparseRows):
        matrix, x = x.matrix, np.empty((batch.n_rows, 0), batch.y.dtype)
        indices = matrix.indices, matrix.indptr
        csr = matrix.data, *(p.astype(np.int32, copy=False) for p in indices)
    weights = no_numbers if batch.weights is None else batch.weights
    return BlockData(x, *csr, np.ascontiguousarray(batch.y), weights, bits)


def _describe(plan, dtype):
    """Return the networks, as `run_block` takes them, and the rule of a plan."""
    network, optimizer = plan.network, plan.optimizer
    for part in (*network.block_names, *map(type, plan.penalties)):
        _check_known(part, PARTS)
    keep_probs = np.array(plan.keep_probs)
    scales = 1 / keep_probs if plan.one_mask else np.ones(len(keep_probs))
    head, sizes = network.head, np.array(network.sizes)
    net = Net(
        gemm=GEMM[dtype.itemsize],
        sizes=sizes,
        activation=_code_of(network.activation),
        head=_code_of(type(head)),
        head_number=getattr(head, "delta", getattr(head, "quantile", np.inf)),
        keep_probs=keep_probs.astype(dtype),
        thresholds=np.array([threshold_of(p) for p in plan.keep_probs]),
        input_scales=scales.astype(dtype),
        one_mask=plan.one_mask,
        scaled=network.scaled,
        places=np.empty((len(sizes) - 1, 3), np.int64),
    )
    compiled.lay_out(net)
    kept_net = net
    if plan.one_mask:
        no_masks = np.ones_like(net.keep_probs)
        kept_net = net._replace(
            sizes=sizes.copy(), places=net.places.copy(), keep_probs=no_masks
        )
    alphas = np.zeros(len(network.sizes) - 1)
    for penalty in plan.penalties:
        alphas += penalty.alphas
    (scale_rate,) = [rate for _, rate in network.faster_parts] or [1.0]
    rule = Rule(
        optimizer=_code_of(type(optimizer)),
        momentum=optimizer.momentum,
        beta_2=getattr(optimizer, "beta_2", 0.0),
        epsilon=getattr(optimizer, "epsilon", 0.0),
        scale=optimizer.scale,
        carry=optimizer.carry,
        scale_rate=scale_rate if isinstance(optimizer, Adam) else 1.0,
        tiny=least_size(dtype),
        alphas=alphas.astype(dtype),
    )
    return (net, kept_net), rule


def _code_of(kind):
    """Return the code of an activation, a head or an optimizer."""
    _check_known(kind, CODES)
    return CODES[kind]


def _check_known(kind, known):
    """Refuse a part of the plan that the compiled code lacks."""
    if kind not in known:
        raise NotImplementedError(
            f"engine='numba' has no {getattr(kind, '__name__', kind)!r}. Use "
            "engine='numpy', or add it to skreg/_engine/numba_engine.py."
        )


def _allocate(net, n_rows, vectors):
    """Return buffers for a mini-batch of up to ``n_rows``."""
    dtype, sizes = vectors.dtype, net.sizes
    n_kept = sizes.max() if net.one_mask else 0
    return Buffers(
        h=np.empty(n_rows * sizes[1:].sum(), dtype),
        deltas=np.empty(n_rows * sizes[1:].sum(), dtype),
        gradient=np.empty(vectors.shape[1], dtype),
        position=np.arange(sizes[0], dtype=np.int32),
        kept=np.tile(np.arange(n_kept), (len(sizes), 1)),
        kept_vectors=np.empty(vectors.size if net.one_mask else 0, dtype),
        products=np.empty((2, sizes[0] * sizes[1] if net.scaled else 0), dtype),
    )


@contextmanager
def _announced(dtype):
    """Print a message if compilation takes longer than a second."""
    kept = f"This happens once; the code is kept in {run_block.stats.cache_path}."
    if run_block.stats.cache_path is None:
        kept = (
            "Every process has to, since there is no writable folder for the code. Set "
            "NUMBA_CACHE_DIR to one."
        )
    message = f"skreg is compiling engine='numba' for {dtype}. {kept}"

    def announce():
        if run_block.stats.cache_misses:  # otherwise it loads the code
            print(message, file=sys.stderr, flush=True)

    timer = Timer(1.0, announce)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
