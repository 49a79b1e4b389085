"""The compute: one call per epoch, and prediction in bounded memory.

`Engine` runs the passes of mini-batches, and an optimizer after each, on buffers that
are made once. Targets and logits have shape (n_outputs, n_rows).
"""

from contextlib import nullcontext
from dataclasses import replace
from math import isfinite

import numpy as np

from skreg.activations import ACTIVATIONS
from skreg.batches import Batch, Block, rows_in_cache, slices
from skreg.dropout import Subnetwork
from skreg.losses import LOSSES
from skreg.parameters import Parameters, all_finite, flush_tiny
from skreg.passes import Buffers, Forward, ForwardBuffers, Pass
from skreg.penalties import add_l2_gradient, l2_value

_FLUSH_EVERY = 64
"""Tiny numbers are flushed after an epoch in which steps passed a multiple of it."""
_MAX_PASSES = 512
"""Passes through subnetworks to remember: they take some 10 MB."""


class Predictor:
    """The forward pass over any number of rows, in blocks that stay in the cache.

    Parameters
    ----------
    parameters : Parameters
        The network.
    activation : str
        A key of `ACTIVATIONS`.
    n_rows : int
        The most rows that there will be.
    sparse : bool
        Whether they are rows of a sparse matrix.
    """

    def __init__(self, parameters, activation, n_rows, sparse):
        sizes, dtype = parameters.layer_sizes, parameters.vector.dtype
        n_dense = 0 if sparse else sizes[0]
        row_bytes = dtype.itemsize * (n_dense + sum(sizes[1:]) + len(sizes))
        self.block_size = min(n_rows, rows_in_cache(row_bytes))
        self._parameters = parameters
        self._activation = ACTIVATIONS[activation]
        self._buffers = ForwardBuffers(sizes, self.block_size, dtype)

    def logits(self, X):
        """Return the logits of all rows of X, of shape (n_rows, n_outputs)."""
        n_outputs = self._parameters.layer_sizes[-1]
        out = np.empty((X.shape[0], n_outputs), self._parameters.vector.dtype)
        for part in slices(X.shape[0], self.block_size):
            x = X[part]
            if isinstance(x, np.ndarray):
                x = np.ascontiguousarray(x, out.dtype)
            else:
                x = x.astype(out.dtype, copy=False)
            out[part] = self.block_logits(x).T
        return out

    def block_logits(self, x):
        """Return the logits of at most ``block_size`` rows, an array or CSR.

        They have shape (n_outputs, n_rows), and are overwritten by the next call.
        """
        parameters = self._parameters
        batch = Batch(x, masks=[None] * (len(parameters.coefs) - 1))
        forward = Forward(parameters, self._activation, self._buffers, batch)
        forward.run()
        return forward.logits


class Engine:
    """Trains one network on one data set.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units per layer, from the inputs to the outputs.
    state : ndarray of shape (1 + optimizer.n_moments, n_parameters)
        The parameters, then the optimizer's averages. Changed in place.
    n_steps : int
        Steps that the optimizer has taken before.
    activation, loss : str
        Keys of `ACTIVATIONS` and `LOSSES`.
    alpha : float
        Strength of the L2 penalty.
    optimizer : SGD, NesterovSGD or Adam, or None
        What takes a step; None where only `loss_and_gradient` is asked for.
    keep_probs : sequence of float
        Probability of keeping a unit of the input and of each hidden layer.
    dropout_mask : {"sample", "batch"}
        Whether each row has masks of its own, or the rows of a mini-batch share them.
    batch_size : int
        Rows per mini-batch.
    training : Dataset
        What to train on; the weights of the rows used have mean 1.
    validation : Dataset, optional
        What to evaluate on.
    validation_rows : ndarray of int, optional
        Which of its rows.
    """

    def __init__(
        self,
        layer_sizes,
        state,
        *,
        n_steps,
        activation,
        loss,
        alpha,
        optimizer,
        keep_probs,
        dropout_mask,
        batch_size,
        training,
        validation=None,
        validation_rows=None,
    ):
        dtype = state.dtype
        self.state, self.dtype = state, dtype
        self.n_steps = n_steps
        self._activation = ACTIVATIONS[activation]
        self._loss = LOSSES[loss]
        self._alpha = alpha
        self._optimizer = optimizer
        self._scratch = None
        if optimizer is None or not optimizer.averages_gradient:
            self._scratch = np.empty_like(state[0])
        self.parameters, self._gradient = self._views(layer_sizes, state)
        self._buffers = Buffers(layer_sizes, batch_size, dtype)
        self._moments = list(state[1:])
        self._passes: dict[int, list[Pass]] = {}
        self._subnetwork: Subnetwork | None = None
        self._sub_passes: dict[tuple, Pass] = {}
        all_kept = [1.0] * len(keep_probs)
        row_keep_probs = keep_probs
        if dropout_mask == "batch" and min(keep_probs) < 1:
            self._subnetwork = Subnetwork(layer_sizes, keep_probs, state)
            self._kept_x = np.empty(batch_size * layer_sizes[0], dtype)
            row_keep_probs = all_kept
        self._block = Block(training, layer_sizes, row_keep_probs, batch_size, dtype)
        if validation is not None:
            self._predictor = Predictor(
                self.parameters,
                activation,
                len(validation_rows),
                validation.is_sparse,
            )
            self._validation_block = Block(
                validation, layer_sizes, all_kept, self._predictor.block_size, dtype
            )
            self._validation_rows = validation_rows

    def run_epoch(self, order, learning_rate, rng):
        """Train on the rows in ``order``; return the objective as it was on the way.

        That is the weighted mean of the losses, each taken before the step it led to,
        plus the penalty at the end; nan as soon as training has diverged.
        """
        total = total_weight = 0.0
        values, sub = self._loss.values_after_gradient, self._subnetwork
        n_steps_before = self.n_steps
        with np.errstate(all="ignore"):
            with nullcontext() if sub is None else sub.copied():
                for part in slices(len(order), self._block.n_rows):
                    rows = order[part]
                    batches = self._block.gather(rows, rng)
                    if sub is None:
                        for passage in self._recorded(batches):
                            self._descend(passage, self._moments, learning_rate)
                    else:
                        for batch in batches:
                            self._step_subnetwork(sub, batch, learning_rate, rng)
                    loss, weight = self._block.losses(values, len(rows))
                    total += loss
                    total_weight += weight
                    if not isfinite(total):
                        return np.nan
            if not all_finite(self.parameters.vector):
                return np.nan
            if n_steps_before // _FLUSH_EVERY < self.n_steps // _FLUSH_EVERY:
                flush_tiny(self.state)
        return total / total_weight + l2_value(self.parameters, self._alpha)

    def evaluate(self, out=None):
        """Return the weighted mean of the losses of the validation rows.

        Their logits are written into ``out``, of shape (n_rows, n_outputs), if given.
        """
        total = total_weight = 0.0
        block = self._validation_block
        with np.errstate(all="ignore"):
            for part in slices(len(self._validation_rows), block.n_rows):
                rows = self._validation_rows[part]
                for batch in block.gather(rows, rng=None):
                    batch.logits[...] = self._predictor.block_logits(batch.x)
                if out is not None:
                    out[part] = block.logits[:, : len(rows)].T
                loss, weight = block.losses(self._loss.values, len(rows))
                total += loss
                total_weight += weight
        return total / total_weight

    def snapshot(self, reuse=None):
        """Return a copy of the state and the number of steps.

        It takes the memory of ``reuse``, a snapshot that is no longer wanted.
        """
        if reuse is None:
            return self.state.copy(), self.n_steps
        np.copyto(reuse[0], self.state)
        return reuse[0], self.n_steps

    def restore(self, snapshot):
        """Go back to where a snapshot was taken."""
        self.state[...], self.n_steps = snapshot

    def loss_and_gradient(self, rows):
        """Return the objective over ``rows`` and its gradient, without dropout.

        The gradient is overwritten by the next call.
        """
        total = total_weight = 0.0
        values = self._loss.values_after_gradient
        parameters, gradient = self.parameters, self._gradient
        gradient.vector.fill(0)
        with np.errstate(all="ignore"):
            for part in slices(len(rows), self._block.n_rows):
                for passage in self._recorded(self._block.gather(rows[part], rng=None)):
                    passage.run()
                loss, weight = self._block.losses(values, len(rows[part]))
                total += loss
                total_weight += weight
            gradient.vector /= len(rows)
            add_l2_gradient(parameters, self._alpha, gradient)
        return total / total_weight + l2_value(parameters, self._alpha), gradient.vector

    def _step_subnetwork(self, sub, batch, learning_rate, rng):
        """Take a step on the network of the units that this mini-batch keeps."""
        units = sub.draw(rng)
        sub.gather(units)
        x = self._keep_inputs(batch.x, units[0]) if sub.drops_inputs else batch.x
        key = (batch, sub.layer_sizes)
        if key not in self._sub_passes:
            if len(self._sub_passes) == _MAX_PASSES:
                self._sub_passes.clear()
            w, g = self._views(sub.layer_sizes, sub.state, first_by_unit=True)
            kept = replace(batch, x=x, factors=sub.factors)
            self._sub_passes[key] = self._pass(w, g, kept)
        passage = self._sub_passes[key]
        passage.batch.x = x  # sparse features are another matrix each time
        self._descend(passage, list(sub.state[1:]), learning_rate)
        sub.scatter()

    def _descend(self, passage, moments, learning_rate):
        """Take one step of the optimizer along the penalised gradient."""
        self.n_steps += 1
        passage.run()
        optimizer, w, g = self._optimizer, passage.parameters, passage.gradient
        if self._alpha:
            add_l2_gradient(w, optimizer.scale * self._alpha, g)
        optimizer.step(w.vector, g.vector, moments, self.n_steps, learning_rate)

    def _keep_inputs(self, x, units):
        """Return the columns ``units`` of ``x``, any column where a unit is spare."""
        if not isinstance(x, np.ndarray):
            return x[:, np.minimum(units, x.shape[1] - 1)]
        out = self._kept_x[: len(x) * len(units)].reshape(len(x), len(units))
        return np.take(x, units, axis=1, out=out, mode="clip")

    def _views(self, layer_sizes, state, first_by_unit=False):
        """Return the network in ``state``, and where its gradient is accumulated."""
        gradient = state[1] if self._scratch is None else self._scratch
        return (
            Parameters(layer_sizes, state[0], first_by_unit),
            Parameters(layer_sizes, gradient[: state.shape[1]], first_by_unit),
        )

    def _recorded(self, batches):
        """Return the passes through the whole network, made once per block's size."""
        n_rows = sum(batch.n_rows for batch in batches)
        if n_rows not in self._passes:
            w, g = self.parameters, self._gradient
            self._passes[n_rows] = [self._pass(w, g, batch) for batch in batches]
        return self._passes[n_rows]

    def _pass(self, parameters, gradient, batch):
        """Return the pass that accumulates a gradient as the optimizer wants it.

        That is the mean over the batch, or without an optimizer the sum over all.
        """
        scale, keep = 1.0, 1.0
        if self._optimizer is not None:
            scale, keep = self._optimizer.scale / batch.n_rows, self._optimizer.keep
        return Pass(
            parameters, gradient, self._activation, self._loss, self._buffers, batch,
            scale, keep,
        )  # fmt: skip
