"""The NumPy engine: it trains one network on one data set, one epoch per call."""

from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from skreg._engine.batches import Block
from skreg._engine.floats import all_finite, flush_tiny
from skreg._engine.network import Parameters, Snapshot
from skreg._engine.passes import Memory, Pass
from skreg._engine.predictor import bind_loss

_FLUSH_EVERY = 64
"""Tiny numbers are flushed after an epoch whose steps pass a multiple of this."""


class NumpyEngine:
    """An engine has four calls and a flag; `_training` uses nothing else.

    It takes `Rows` to train on and, if any, to evaluate on. The memory of the snapshot
    ``start`` becomes the engine's.
    """

    releases_gil = False
    """Whether engines can train at the same time in several threads."""

    def __init__(self, plan, start, training, evaluated=None):
        self._plan = plan
        self._network, self._optimizer = plan.network, plan.optimizer
        self._vectors, self._n_steps = start.vectors, start.n_steps
        self._averages = list(self._vectors[1:])
        self._parameters = Parameters(self._network, self._vectors[0])
        self._training = training.dataset
        self._block: Any = None
        if evaluated is not None:
            self._evaluated_loss = self._bind_loss(evaluated)

    def run_epoch(self, order, learning_rate, rng):
        """Train on the rows in ``order``; return the running loss.

        That is the weighted mean of the losses, each taken before the step it led to;
        nan if training has diverged.
        """
        if self._block is None:
            self._make_buffers()
        n_steps_before = self._n_steps
        with np.errstate(all="ignore"):
            loss = self._mean_loss(order, learning_rate, rng)
            if not (isfinite(loss) and all_finite(self._vectors[0])):
                return np.nan
            if n_steps_before // _FLUSH_EVERY < self._n_steps // _FLUSH_EVERY:
                self._flush(rng)
        return loss

    def evaluate(self, outputs=None):
        """Return the weighted mean of the losses of the rows to evaluate on.

        The network's outputs are written into ``outputs``, of shape (n_outputs,
        n_rows), if given.
        """
        with np.errstate(all="ignore"):
            return self._evaluated_loss(outputs=outputs)

    def snapshot(self):
        """Return the current state, in the engine's memory; copy it to keep it."""
        return Snapshot(self._network, self._vectors, self._n_steps)

    def restore(self, snapshot):
        """Go back to the state in a snapshot."""
        self._vectors[...], self._n_steps = snapshot.vectors, snapshot.n_steps

    def _flush(self, rng):
        flush_tiny(self._vectors)
        if self._network.scaled:
            views = [self._network.views(vector)[0] for vector in self._vectors]
            new_start = rng if self._plan.is_stream else None
            self._network.layers[0].reset_dead_inputs(views, new_start)

    def _bind_loss(self, rows):
        return bind_loss(self._network, self._parameters.layers, rows)

    def _make_buffers(self):
        self._make_memory()
        self._gradient = self._gradient_of(self._network, self._vectors)
        parts = self._network, self._parameters, self._gradient, self._memory
        self._make_block(partial(pass_of, self._optimizer, *parts))

    def _make_memory(self):
        """Make the buffers of a mini-batch, and of the gradient."""
        self._memory = Memory(self._network, self._plan.batch_size, self._vectors.dtype)
        if not self._optimizer.averages_gradient:
            self._scratch = np.empty_like(self._vectors[0])

    def _make_block(self, bind=None, split=True):
        plan, dtype = self._plan, self._vectors.dtype
        keep_probs = () if plan.one_mask else plan.keep_probs
        common = self._training, self._network, plan.batch_size, dtype
        self._block = Block(*common, bind, keep_probs, split)

    def _gradient_of(self, network, vectors):
        """Return the `Parameters` in which a network's gradient is accumulated."""
        if self._optimizer.averages_gradient:
            return Parameters(network, vectors[1])
        return Parameters(network, self._scratch[: vectors.shape[1]])

    def _mean_loss(self, order, learning_rate, rng):
        """Take a step per mini-batch; return the running mean of the losses."""
        w, g, averages = self._parameters, self._gradient, self._averages
        optimizer = self._optimizer

        def run(passage):
            outputs = passage.run()
            self._n_steps += 1
            optimizer.step(w, g, averages, self._n_steps, learning_rate)
            return outputs

        return self._block.mean_loss(order, run, rng)


def pass_of(optimizer, network, parameters, gradient, memory, batch, input_scales=()):
    """Return the pass of a mini-batch, with the gradient as the optimizer takes it."""
    arrays = parameters.layers, gradient.layers, memory
    scale = optimizer.scale / batch.n_rows
    return Pass(network, *arrays, batch, scale, optimizer.carry, input_scales)
