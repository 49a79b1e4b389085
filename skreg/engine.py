"""The compute: forward, backward, one call per epoch, prediction in bounded memory.

`Pass` is backpropagation through one mini-batch. `Engine` runs it over epochs on
buffers that are made once, so that a mini-batch allocates nothing but views.

Inside, the outputs of a layer have shape (n_units, n_rows); where they feed another
layer, a last row of ones stands for the bias. The features keep (n_rows, n_features).
"""

import numpy as np

from skreg.activations import ACTIVATIONS
from skreg.batches import Block, rows_in_cache, slices
from skreg.blas import product
from skreg.dropout import Subnetwork, draw_units
from skreg.losses import LOSSES
from skreg.parameters import Parameters
from skreg.penalties import add_l2_gradient, l2_value


def _first_layer(weights, x, out):
    """Write W x for the rows of ``x``, which may be sparse."""
    if isinstance(x, np.ndarray):
        product(weights, x.T, out)()
    else:
        out[...] = (x @ weights.T).T


def _first_gradient(delta, x, out, scale, keep):
    """Accumulate the gradient of the first weights; their input may be sparse."""
    if isinstance(x, np.ndarray):
        product(delta, x, out)(scale, keep)
    else:
        gradient = scale * (x.T @ delta.T).T
        out[...] = gradient + keep * out if keep else gradient


class ForwardBuffers:
    """Memory for the forward pass of up to ``n_rows`` rows."""

    def __init__(self, layer_sizes, n_rows, dtype):
        self.layer_sizes = layer_sizes
        self.hidden = [
            np.empty((size + 1) * n_rows, dtype) for size in layer_sizes[1:-1]
        ]
        self.logits = np.empty(layer_sizes[-1] * n_rows, dtype)
        self.zeros = np.zeros(max(layer_sizes[1:]) * n_rows, dtype)
        self.ones = np.ones_like(self.zeros)


class Buffers(ForwardBuffers):
    """Memory for the forward and the backward pass of up to ``n_rows`` rows."""

    def __init__(self, layer_sizes, n_rows, dtype):
        super().__init__(layer_sizes, n_rows, dtype)
        self.dropped = [np.empty_like(flat) for flat in self.hidden]
        self.deltas = [np.empty(size * n_rows, dtype) for size in layer_sizes[1:]]
        self.scratch = np.empty_like(self.zeros)
        self.row = np.empty(n_rows, dtype)


def _shaped(flat, n_units, n_rows):
    """Return the beginning of ``flat`` as an array of shape (n_units, n_rows)."""
    return flat[: n_units * n_rows].reshape(n_units, n_rows)


class Forward:
    """The forward pass of ``n_rows`` rows.

    Parameters
    ----------
    parameters : Parameters
        The network.
    activation : Activation
        Of the hidden layers.
    buffers : ForwardBuffers
        For at least ``n_rows`` rows, for this pass alone.
    n_rows : int
        How many rows.
    dropped : list of (ndarray or None), optional
        Per hidden layer, memory for its masked outputs; None where no unit is dropped.

    Attributes
    ----------
    hidden : list of ndarray of shape (n_units, n_rows)
        The outputs of the hidden layers.
    inputs : list of ndarray of shape (n_units + 1, n_rows)
        What the layers after the first receive: masked outputs, and a row of ones.
    logits : ndarray of shape (n_outputs, n_rows)
        The outputs of the last layer.
    """

    def __init__(self, parameters, activation, buffers, n_rows, dropped=None):
        sizes = parameters.layer_sizes[1:]
        augmented = [
            _shaped(flat, size + 1, n_rows)
            for flat, size in zip(buffers.hidden, sizes, strict=False)
        ]
        self.hidden = [outputs[:-1] for outputs in augmented]
        self.inputs = [
            outputs if flat is None else _shaped(flat, size + 1, n_rows)
            for outputs, flat, size in zip(
                augmented, dropped or [None] * len(augmented), sizes, strict=False
            )
        ]
        self.logits = _shaped(buffers.logits, sizes[-1], n_rows)
        outputs = [*self.hidden, self.logits]
        for received in self.inputs:
            received[-1] = 1
        self._apply = activation.apply
        self._weights, self._outputs = parameters.first_weights, outputs[0]
        self._add_biases = product(
            parameters.first_biases[:, np.newaxis],
            buffers.ones[np.newaxis, :n_rows],
            outputs[0],
        )
        self._layers_up = [
            (
                h,
                _shaped(buffers.zeros, *h.shape),
                received[:-1],
                product(layer.T, received, above),
            )
            for h, received, layer, above in zip(
                self.hidden, self.inputs, parameters.layers, outputs[1:], strict=True
            )
        ]

    def run(self, x, masks=None):
        """Compute the ``logits`` of ``x``, which the caller has masked.

        ``masks`` has an entry per hidden layer: an array of its shape, a number, or
        None.
        """
        _first_layer(self._weights, x, self._outputs)
        self._add_biases(1.0, 1.0)
        for index, (h, zeros, received, multiply) in enumerate(self._layers_up):
            self._apply(h, zeros)
            if masks is not None and masks[index] is not None:
                np.multiply(h, masks[index], out=received)
            multiply()


class Pass:
    """The forward and backward pass of a mini-batch of ``n_rows`` rows.

    With h⁰ = x, masks m scaled by 1 / p, and ⊙ the product by elements:

        hˡ = f(Wˡ (hˡ⁻¹ ⊙ mˡ⁻¹) + bˡ), the logits likewise but without f;
        δˡ = s_i ∂ℓ/∂logits at the top, ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ mˡ ⊙ f'ˡ below;
        ∂J/∂Wˡ = Σ_i δˡ_i (hˡ⁻¹ ⊙ mˡ⁻¹)_iᵀ, ∂J/∂bˡ = Σ_i δˡ_i.

    Parameters
    ----------
    parameters, gradient : Parameters
        The network, and where its gradient is accumulated.
    activation : Activation
        Of the hidden layers.
    loss : Loss
        On the logits.
    buffers : Buffers
        For at least ``n_rows`` rows, for this pass alone.
    n_rows : int
        Rows in the mini-batch.
    drops : list of bool
        Per hidden layer, whether it has a mask.
    """

    def __init__(self, parameters, gradient, activation, loss, buffers, n_rows, drops):
        dropped = [
            flat if drop else None
            for flat, drop in zip(buffers.dropped, drops, strict=True)
        ]
        self._forward = Forward(parameters, activation, buffers, n_rows, dropped)
        self.logits = self._forward.logits
        self._loss = loss
        self._backpropagate = activation.backpropagate
        deltas = [
            _shaped(flat, size, n_rows)
            for flat, size in zip(
                buffers.deltas, parameters.layer_sizes[1:], strict=True
            )
        ]
        self._top_delta = deltas[-1]
        self._row = buffers.row[np.newaxis, :n_rows]
        # From the top down, per layer but the first: its gradient, the delta of the
        # layer below, and what that is masked and multiplied with.
        self._layers_down = [
            (
                index,
                product(self._forward.inputs[index], deltas[index + 1].T, out),
                product(layer[:-1], deltas[index + 1], deltas[index]),
                deltas[index],
                self._forward.hidden[index],
                _shaped(buffers.ones, *deltas[index].shape),
                _shaped(buffers.scratch, *deltas[index].shape),
            )
            for index, (layer, out) in reversed(
                [*enumerate(zip(parameters.layers, gradient.layers, strict=True))]
            )
        ]
        self._first_gradient = gradient.first_weights
        self._add_first_biases = product(
            deltas[0],
            buffers.ones[:n_rows, np.newaxis],
            gradient.first_biases[:, np.newaxis],
        )

    def forward(self, x, masks):
        """Compute the ``logits`` of ``x``; ``masks`` as in `Forward.run`."""
        self._forward.run(x, masks)

    def backward(self, x, y, weights, masks, scale, keep):
        """Accumulate the gradient of Σ_i s_i ℓ_i, after `forward`.

        What was in ``gradient`` is multiplied by ``keep``, the new one by ``scale``.
        """
        delta = self._top_delta
        self._loss.gradient(self.logits, y, delta, self._row)
        if weights is not None:
            delta *= weights
        for layer in self._layers_down:
            index, add_gradient, multiply, delta, h, ones, scratch = layer
            add_gradient(scale, keep)
            multiply()
            if masks[index] is not None:
                delta *= masks[index]
            self._backpropagate(h, delta, ones, scratch)
        _first_gradient(delta, x, self._first_gradient, scale, keep)
        self._add_first_biases(scale, keep)


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
        forward = Forward(self._parameters, self._activation, self._buffers, x.shape[0])
        forward.run(x)
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
    optimizer : SGD, NesterovSGD or Adam
        What takes a step.
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
        self.state = state
        self.n_steps = n_steps
        self._activation = ACTIVATIONS[activation]
        self._loss = LOSSES[loss]
        self._alpha = alpha
        self._optimizer = optimizer
        self._keep_probs = keep_probs
        self._scratch = None
        if optimizer is None or not optimizer.averages_gradient:
            self._scratch = np.empty_like(state[0])
        self._network = self._views(layer_sizes, state)
        self.parameters, _ = self._network
        self._moments = list(state[1:])
        self._passes = {}
        all_kept = [1.0] * len(keep_probs)
        if dropout_mask == "batch" and min(keep_probs) < 1:
            self._step = self._step_subnetwork
            self._subnetwork = Subnetwork(layer_sizes, state)
            self._buffers = Buffers(layer_sizes, batch_size, dtype)
            self._kept_x = np.empty(batch_size * layer_sizes[0], dtype)
            row_keep_probs = all_kept
        else:
            self._step = self._step_network
            row_keep_probs = keep_probs
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
        with np.errstate(all="ignore"):
            for part in slices(len(order), self._block.n_rows):
                rows = order[part]
                for batch in self._block.gather(rows, rng):
                    self.n_steps += 1
                    self._step(batch, learning_rate, rng)
                loss, weight = self._block.losses(self._loss, len(rows))
                total += loss
                total_weight += weight
                if not np.isfinite(total):
                    return np.nan
            vector = self.parameters.vector
            if not np.isfinite(vector.min() + vector.max()):
                return np.nan
        return total / total_weight + l2_value(self.parameters, self._alpha)

    def evaluate(self):
        """Return the weighted mean of the losses of the validation rows."""
        total = total_weight = 0.0
        block = self._validation_block
        with np.errstate(all="ignore"):
            for part in slices(len(self._validation_rows), block.n_rows):
                rows = self._validation_rows[part]
                for batch in block.gather(rows, rng=None):
                    batch.logits[...] = self._predictor.block_logits(batch.x)
                loss, weight = block.losses(self._loss, len(rows))
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
        parameters, gradient = self._network
        gradient.vector.fill(0)
        with np.errstate(all="ignore"):
            for part in slices(len(rows), self._block.n_rows):
                for batch in self._block.gather(rows[part], rng=None):
                    passage = self._network_pass(batch.y.shape[1])
                    self._backpropagate(passage, batch, batch.x, batch.masks, 1, 1)
                loss, weight = self._block.losses(self._loss, len(rows[part]))
                total += loss
                total_weight += weight
            gradient.vector /= len(rows)
            add_l2_gradient(parameters, self._alpha, gradient)
        return total / total_weight + l2_value(parameters, self._alpha), gradient.vector

    def _backpropagate(self, passage, batch, x, masks, scale, keep):
        """Write the logits of a mini-batch, and accumulate its gradient."""
        passage.forward(x, masks)
        batch.logits[...] = passage.logits
        passage.backward(x, batch.y, batch.weights, masks, scale, keep)

    def _step_network(self, batch, learning_rate, rng):
        """Take a step on the whole network."""
        passage = self._network_pass(batch.y.shape[1])
        self._descend(
            passage,
            batch,
            batch.x,
            batch.masks,
            *self._network,
            self._moments,
            learning_rate,
        )

    def _step_subnetwork(self, batch, learning_rate, rng):
        """Take a step on the network of the units that this mini-batch keeps."""
        keep_probs = [*self._keep_probs, 1.0]
        units = [
            draw_units(rng, p, size)
            for p, size in zip(keep_probs, self.parameters.layer_sizes, strict=True)
        ]
        sub = self._subnetwork
        sub.gather(units)
        parameters, gradient = self._views(sub.layer_sizes, sub.state)
        masks = [1 / p if p < 1 else None for p in keep_probs[1:-1]]
        passage = self._pass(
            parameters, gradient, self._buffers, batch.y.shape[1], masks
        )
        x = batch.x
        if keep_probs[0] < 1:
            x = self._keep_inputs(x, units[0], 1 / keep_probs[0])
        self._descend(
            passage, batch, x, masks, parameters, gradient, sub.state[1:], learning_rate
        )
        sub.scatter()

    def _descend(
        self, passage, batch, x, masks, parameters, gradient, moments, learning_rate
    ):
        """Take one step of the optimizer along the penalised gradient."""
        optimizer = self._optimizer
        scale, n_rows = optimizer.scale, batch.y.shape[1]
        self._backpropagate(passage, batch, x, masks, scale / n_rows, optimizer.keep)
        if self._alpha:
            add_l2_gradient(parameters, scale * self._alpha, gradient)
        optimizer.step(
            parameters.vector, gradient.vector, moments, self.n_steps, learning_rate
        )

    def _keep_inputs(self, x, kept, scale):
        """Return the kept columns of ``x``, scaled."""
        if not isinstance(x, np.ndarray):
            return x[:, kept] * scale
        out = self._kept_x[: len(x) * len(kept)].reshape(len(x), len(kept))
        np.take(x, kept, axis=1, out=out, mode="clip")
        out *= scale
        return out

    def _views(self, layer_sizes, state):
        """Return the network in ``state``, and where its gradient is accumulated."""
        gradient = state[1] if self._scratch is None else self._scratch
        return (
            Parameters(layer_sizes, state[0]),
            Parameters(layer_sizes, gradient[: state.shape[1]]),
        )

    def _network_pass(self, n_rows):
        """Return the pass through the whole network, made once per number of rows."""
        if n_rows not in self._passes:
            buffers = Buffers(self.parameters.layer_sizes, n_rows, self.state.dtype)
            masks = [p if p < 1 else None for p in self._keep_probs[1:]]
            self._passes[n_rows] = self._pass(*self._network, buffers, n_rows, masks)
        return self._passes[n_rows]

    def _pass(self, parameters, gradient, buffers, n_rows, masks):
        drops = [mask is not None for mask in masks]
        return Pass(
            parameters, gradient, self._activation, self._loss, buffers, n_rows, drops
        )
