"""The compute: forward, backward, one call per epoch, prediction in bounded memory.

`Pass` is backpropagation through one mini-batch. `Engine` runs it over epochs on
buffers that are made once, so that a mini-batch allocates nothing but views.

Inside, the outputs of a layer have shape (n_units, n_rows); where they feed another
layer, a last row of ones stands for the bias. The features keep (n_rows, n_features).
"""

import numpy as np

from skreg.activations import ACTIVATIONS
from skreg.batches import Block, rows_in_cache, slices
from skreg.dropout import Subnetwork, draw_units
from skreg.losses import LOSSES
from skreg.parameters import Parameters
from skreg.penalties import add_l2_gradient, l2_strengths, l2_value


def _first_layer(parameters, x, out):
    """Write W x + b for the rows of ``x``, which may be sparse."""
    if isinstance(x, np.ndarray):
        np.dot(parameters.first_weights, x.T, out=out)
    else:
        out[...] = (x @ parameters.first_weights.T).T
    out += parameters.first_biases[:, np.newaxis]


def _first_gradient(delta, x, ones, gradient):
    """Write the gradient of the first layer, whose input ``x`` may be sparse."""
    if isinstance(x, np.ndarray):
        np.dot(delta, x, out=gradient.first_weights)
    else:
        gradient.first_weights[...] = (x.T @ delta.T).T
    np.dot(delta, ones, out=gradient.first_biases)  # faster than a sum


class Hidden:
    """Memory for the outputs of one hidden layer, with the ones that feed the next.

    Parameters
    ----------
    flat : ndarray of shape (at least (n_units + 1) * n_rows,)
        The memory; no copy is taken.
    zeros : ndarray of the same shape
        Zeros, for `Activation.apply`.
    n_units, n_rows : int
        How much of it to use.
    """

    def __init__(self, flat, zeros, n_units, n_rows):
        shape = n_units + 1, n_rows
        self.augmented = flat[: shape[0] * n_rows].reshape(shape)
        self.augmented[-1] = 1
        self.augmented_t = self.augmented.T
        self.units = self.augmented[:-1]
        self.zeros = zeros[: n_units * n_rows].reshape(n_units, n_rows)


def hidden_layers(flats, zeros, layer_sizes, n_rows):
    """Return a `Hidden` for each hidden layer of a network."""
    return [
        Hidden(flat, zeros, size, n_rows)
        for flat, size in zip(flats, layer_sizes[1:-1], strict=True)
    ]


def forward(parameters, activation, x, hidden, logits, masks=None, dropped=None):
    """Write the outputs of the hidden layers and the logits.

    ``masks`` has an entry per hidden layer: an array of the layer's shape, a number,
    or None where all units are kept. Masked outputs go into ``dropped``. The caller
    masks the input. Returns the input of each layer after the first.
    """
    layers = parameters.layers
    inputs = []
    outputs = [*(h.units for h in hidden), logits]
    _first_layer(parameters, x, outputs[0])
    for index, h in enumerate(hidden):
        activation.apply(h.units, h.zeros)
        if masks is not None and masks[index] is not None:
            np.multiply(h.units, masks[index], out=dropped[index].units)
            h = dropped[index]
        inputs.append(h)
        np.dot(layers[index], h.augmented, out=outputs[index + 1])
    return inputs


class Buffers:
    """Memory for the forward and backward pass of up to ``n_rows`` rows."""

    def __init__(self, layer_sizes, n_rows, dtype):
        def flat(n_units):
            return np.empty((n_units + 1) * n_rows, dtype)

        self.hidden = [flat(size) for size in layer_sizes[1:-1]]
        self.dropped = [flat(size) for size in layer_sizes[1:-1]]
        self.deltas = [flat(size) for size in layer_sizes[1:]]
        self.scratch = flat(max(layer_sizes[1:]))
        self.zeros = np.zeros_like(self.scratch)
        self.logits = flat(layer_sizes[-1])
        self.row = flat(0)
        self.ones = np.ones(n_rows, dtype)


class Pass:
    """The forward and backward pass of a mini-batch of ``n_rows`` rows.

    With h⁰ = x, masks m scaled by 1 / p, and ⊙ the product by elements:

        hˡ = f(Wˡ (hˡ⁻¹ ⊙ mˡ⁻¹) + bˡ), the logits likewise but without f;
        δˡ = c s_i ∂ℓ/∂logits at the top, ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ mˡ ⊙ f'ˡ below;
        ∂J/∂Wˡ = Σ_i δˡ_i (hˡ⁻¹ ⊙ mˡ⁻¹)_iᵀ, ∂J/∂bˡ = Σ_i δˡ_i.

    Parameters
    ----------
    parameters, gradient : Parameters
        The network, and where its gradient is written.
    activation : Activation
        Of the hidden layers.
    loss : Loss
        On the logits.
    buffers : Buffers
        For at least ``n_rows`` rows, for this pass alone.
    n_rows : int
        Rows in the mini-batch.
    """

    def __init__(self, parameters, gradient, activation, loss, buffers, n_rows):
        self.parameters = parameters
        self.gradient = gradient
        self.activation = activation
        self.loss = loss
        layer_sizes = parameters.layer_sizes
        sizes = layer_sizes[1:]

        def shaped(flat, size):
            return flat[: size * n_rows].reshape(size, n_rows)

        zeros = buffers.zeros
        self.hidden = hidden_layers(buffers.hidden, zeros, layer_sizes, n_rows)
        self.dropped = hidden_layers(buffers.dropped, zeros, layer_sizes, n_rows)
        self.logits = shaped(buffers.logits, sizes[-1])
        self.top_delta = shaped(buffers.deltas[-1], sizes[-1])
        self.row = shaped(buffers.row, 1)
        self.ones = buffers.ones[:n_rows]
        # From the top down: a layer with its gradient, and of the layer below it the
        # outputs, the delta with a row that the ones take, the delta, and scratch.
        self.layers_down = []
        for index in range(len(sizes) - 1, 0, -1):
            below = shaped(buffers.deltas[index - 1], sizes[index - 1] + 1)
            self.layers_down.append(
                (
                    index - 1,
                    parameters.layers[index - 1].T,
                    gradient.layers[index - 1],
                    self.hidden[index - 1].units,
                    below,
                    below[:-1],
                    shaped(buffers.scratch, sizes[index - 1]),
                )
            )

    def forward(self, x, masks):
        """Compute the ``logits`` of ``x``; ``masks`` as in the function `forward`."""
        self.inputs = forward(
            self.parameters,
            self.activation,
            x,
            self.hidden,
            self.logits,
            masks,
            self.dropped,
        )

    def backward(self, x, y, weights, masks, scale):
        """Write the gradient of ``scale`` · Σ_i s_i ℓ_i, after `forward`."""
        delta = self.top_delta
        self.loss.gradient(self.logits, y, delta, self.row)
        if weights is not None:
            delta *= weights
        delta *= scale
        backpropagate = self.activation.backpropagate
        for below, layer_t, gradient, h, augmented, units, scratch in self.layers_down:
            np.dot(delta, self.inputs[below].augmented_t, out=gradient)
            np.dot(layer_t, delta, out=augmented)
            delta = units
            if masks[below] is not None:
                delta *= masks[below]
            backpropagate(h, delta, scratch)
        _first_gradient(delta, x, self.ones, self.gradient)


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
        self._zeros = np.zeros(self.block_size * max(sizes[1:]), dtype)
        self._hidden = [
            np.empty((size + 1) * self.block_size, dtype) for size in sizes[1:-1]
        ]
        self._logits = np.empty(self.block_size * sizes[-1], dtype)

    def logits(self, X):
        """Return the logits of all rows of X, of shape (n_rows, n_outputs)."""
        n_outputs = self._parameters.layer_sizes[-1]
        out = np.empty((X.shape[0], n_outputs), self._logits.dtype)
        for part in slices(X.shape[0], self.block_size):
            x = X[part].astype(out.dtype, copy=False)
            out[part] = self.block_logits(x).T
        return out

    def block_logits(self, x):
        """Return the logits of at most ``block_size`` rows, as `forward` takes them.

        They have shape (n_outputs, n_rows), and are overwritten by the next call.
        """
        sizes, n_rows = self._parameters.layer_sizes, x.shape[0]
        logits = self._logits[: sizes[-1] * n_rows].reshape(sizes[-1], n_rows)
        hidden = hidden_layers(self._hidden, self._zeros, sizes, n_rows)
        forward(self._parameters, self._activation, x, hidden, logits)
        return logits


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
        self.parameters = Parameters(layer_sizes, state[0])
        self._activation = ACTIVATIONS[activation]
        self._loss = LOSSES[loss]
        self._alpha = alpha
        self._optimizer = optimizer
        self._keep_probs = keep_probs
        self._gradient = np.empty_like(state[0])
        self._scratch = np.empty_like(state[0])
        self._passes = {}
        self._gradient_scale = 1.0 if optimizer is None else optimizer.gradient_scale
        self._penalty = l2_strengths(layer_sizes, alpha, np.empty_like(state[0]))
        self._decay = self._penalty * dtype.type(self._gradient_scale)
        self._vectors = state[0], list(state[1:]), self._decay, self._gradient
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
        return total / total_weight + l2_value(self._penalty, vector, self._scratch)

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
        """Return the objective over ``rows`` and its gradient, without dropout."""
        total = total_weight = 0.0
        vector = self.parameters.vector
        gradient = np.zeros_like(vector)
        with np.errstate(all="ignore"):
            for part in slices(len(rows), self._block.n_rows):
                for batch in self._block.gather(rows[part], rng=None):
                    passage = self._network_pass(batch.y.shape[1])
                    self._backpropagate(
                        passage, batch, batch.x, batch.masks, 1 / len(rows)
                    )
                    gradient += self._gradient
                loss, weight = self._block.losses(self._loss, len(rows[part]))
                total += loss
                total_weight += weight
            add_l2_gradient(self._penalty, vector, gradient, self._scratch)
        return total / total_weight + l2_value(
            self._penalty, vector, self._scratch
        ), gradient

    def _backpropagate(self, passage, batch, x, masks, scale):
        """Write the logits of a mini-batch, and ``scale`` times its gradient."""
        passage.forward(x, masks)
        batch.logits[...] = passage.logits
        passage.backward(x, batch.y, batch.weights, masks, scale)

    def _step_network(self, batch, learning_rate, rng):
        """Take a step on the whole network."""
        n_rows = batch.y.shape[1]
        passage = self._network_pass(n_rows)
        scale = self._gradient_scale / n_rows
        self._backpropagate(passage, batch, batch.x, batch.masks, scale)
        self._descend(*self._vectors, learning_rate)

    def _step_subnetwork(self, batch, learning_rate, rng):
        """Take a step on the network of the units that this mini-batch keeps."""
        keep_probs = [*self._keep_probs, 1.0]
        units = [
            draw_units(rng, p, size)
            for p, size in zip(keep_probs, self.parameters.layer_sizes, strict=True)
        ]
        sub = self._subnetwork
        sub.gather(units)
        n_rows, n_parameters = batch.y.shape[1], sub.state.shape[1]
        gradient = self._gradient[:n_parameters]
        parameters = Parameters(sub.layer_sizes, sub.state[0])
        passage = self._pass(parameters, gradient, self._buffers, n_rows)
        x = batch.x
        if keep_probs[0] < 1:
            x = self._keep_inputs(x, units[0], 1 / keep_probs[0])
        masks = [1 / p if p < 1 else None for p in keep_probs[1:-1]]
        scale = self._gradient_scale / n_rows
        self._backpropagate(passage, batch, x, masks, scale)
        strength = self._alpha * self._gradient_scale
        decay = l2_strengths(sub.layer_sizes, strength, self._decay[:n_parameters])
        w, *moments = sub.state
        self._descend(w, moments, decay, gradient, learning_rate)
        sub.scatter()

    def _keep_inputs(self, x, kept, scale):
        """Return the kept columns of ``x``, scaled."""
        if not isinstance(x, np.ndarray):
            return x[:, kept] * scale
        out = self._kept_x[: len(x) * len(kept)].reshape(len(x), len(kept))
        np.take(x, kept, axis=1, out=out, mode="clip")
        out *= scale
        return out

    def _network_pass(self, n_rows):
        """Return the pass through the whole network, made once per number of rows."""
        if n_rows not in self._passes:
            sizes = self.parameters.layer_sizes
            buffers = Buffers(sizes, n_rows, self.state.dtype)
            self._passes[n_rows] = self._pass(
                self.parameters, self._gradient, buffers, n_rows
            )
        return self._passes[n_rows]

    def _pass(self, parameters, gradient, buffers, n_rows):
        return Pass(
            parameters,
            Parameters(parameters.layer_sizes, gradient),
            self._activation,
            self._loss,
            buffers,
            n_rows,
        )

    def _descend(self, w, moments, decay, gradient, learning_rate):
        """Take one step of the optimizer along the penalised gradient."""
        scratch = self._scratch[: len(w)]
        if self._alpha:
            add_l2_gradient(decay, w, gradient, scratch)
        self._optimizer.step(w, gradient, moments, self.n_steps, learning_rate, scratch)
