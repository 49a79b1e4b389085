"""The compute: forward, backward, one call per epoch, prediction in bounded memory.

`Pass` is backpropagation through one mini-batch. `Engine` runs it over epochs on
buffers that are made once, so that a mini-batch allocates nothing but views.
"""

import numpy as np

from skreg.activations import ACTIVATIONS
from skreg.batches import Block, rows_in_cache, slices
from skreg.dropout import Subnetwork, draw_units
from skreg.losses import LOSSES
from skreg.parameters import Parameters
from skreg.penalties import add_l2_gradient, l2_value


def _product(x, coef, out):
    """Out = x @ coef, where x may be sparse."""
    if isinstance(x, np.ndarray):
        np.dot(x, coef, out=out)
    else:
        out[...] = x @ coef


def _weight_gradient(delta_t, x, out):
    """Out = delta_t @ x, where x may be sparse."""
    if isinstance(x, np.ndarray):
        np.dot(delta_t, x, out=out)
    else:
        out[...] = (x.T @ delta_t.T).T


def forward(coefs, biases, activation, x, hidden, logits, masks=None, dropped=None):
    """Write the outputs of the hidden layers and the logits.

    ``masks`` has an entry per hidden layer: an array of the layer's shape, a number,
    or None where all units are kept. Masked outputs go into ``dropped``. The caller
    masks the input. Returns the input of each layer.
    """
    inputs = [x]
    for layer, h in enumerate(hidden):
        _product(x, coefs[layer], h)
        h += biases[layer]
        activation.apply(h)
        if masks is None or masks[layer] is None:
            x = h
        else:
            x = np.multiply(h, masks[layer], out=dropped[layer])
        inputs.append(x)
    _product(x, coefs[-1], logits)
    logits += biases[-1]
    return inputs


class Buffers:
    """Memory for the forward and backward pass of up to ``n_rows`` rows."""

    def __init__(self, layer_sizes, n_rows, dtype):
        def flat(size):
            return np.empty(n_rows * size, dtype)

        self.hidden = [flat(size) for size in layer_sizes[1:-1]]
        self.dropped = [flat(size) for size in layer_sizes[1:-1]]
        self.deltas = [flat(size) for size in layer_sizes[1:]]
        self.scratch = flat(max(layer_sizes[1:]))
        self.row = flat(1)


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
        For at least ``n_rows`` rows.
    n_rows : int
        Rows in the mini-batch.
    """

    def __init__(self, parameters, gradient, activation, loss, buffers, n_rows):
        self.parameters = parameters
        self.gradient = gradient
        self.activation = activation
        self.loss = loss
        sizes = parameters.layer_sizes[1:]

        def shaped(flat, size):
            return flat[: n_rows * size].reshape(n_rows, size)

        self.hidden = list(map(shaped, buffers.hidden, sizes))
        self.dropped = list(map(shaped, buffers.dropped, sizes))
        self.deltas = list(map(shaped, buffers.deltas, sizes))
        self.deltas_t = [delta.T for delta in self.deltas]
        self.scratch = [shaped(buffers.scratch, size) for size in sizes]
        self.row = shaped(buffers.row, 1)

    def forward(self, x, masks, logits):
        """Write the ``logits`` of ``x``; ``masks`` as in the function `forward`."""
        self.inputs = forward(
            self.parameters.coefs,
            self.parameters.biases,
            self.activation,
            x,
            self.hidden,
            logits,
            masks,
            self.dropped,
        )

    def backward(self, logits, y, weights, masks, scale):
        """Write the gradient of ``scale`` · Σ_i s_i ℓ_i, after `forward`."""
        delta = self.deltas[-1]
        self.loss.gradient(logits, y, delta, self.row)
        if weights is not None:
            delta *= weights
        delta *= scale
        for layer in range(len(self.deltas) - 1, -1, -1):
            _weight_gradient(
                self.deltas_t[layer], self.inputs[layer], self.gradient.weights[layer]
            )
            np.add.reduce(delta, axis=0, out=self.gradient.biases[layer])
            if layer:
                below = self.deltas[layer - 1]
                np.dot(delta, self.parameters.weights[layer], out=below)
                if masks[layer - 1] is not None:
                    below *= masks[layer - 1]
                self.activation.backpropagate(
                    self.hidden[layer - 1], below, self.scratch[layer - 1]
                )
                delta = below


class Predictor:
    """The forward pass over any number of rows, in blocks that stay in the cache.

    Parameters
    ----------
    coefs, biases : sequence of ndarray
        Of each layer, of shapes (fan_in, fan_out) and (fan_out,).
    activation : str
        A key of `ACTIVATIONS`.
    n_rows : int
        The most rows that there will be.
    """

    def __init__(self, coefs, biases, activation, n_rows):
        self._coefs, self._biases = coefs, biases
        self._activation = ACTIVATIONS[activation]
        self.dtype = coefs[0].dtype
        sizes = [coef.shape[1] for coef in coefs]
        row_bytes = self.dtype.itemsize * (len(coefs[0]) + sum(sizes))
        self.block_size = min(n_rows, rows_in_cache(row_bytes))
        self._hidden = [np.empty((self.block_size, n), self.dtype) for n in sizes[:-1]]

    def logits(self, X):
        """Return the logits of all rows of X, an array or a sparse matrix."""
        out = np.empty((X.shape[0], len(self._biases[-1])), self.dtype)
        for part in slices(X.shape[0], self.block_size):
            self.write_logits(X[part].astype(self.dtype, copy=False), out[part])
        return out

    def write_logits(self, x, out):
        """Write the logits of at most ``block_size`` rows."""
        hidden = [h[: len(out)] for h in self._hidden]
        forward(self._coefs, self._biases, self._activation, x, hidden, out)


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
        self._buffers = Buffers(layer_sizes, batch_size, dtype)
        self._passes = {}
        all_kept = [1.0] * len(keep_probs)
        if dropout_mask == "batch" and min(keep_probs) < 1:
            self._step = self._step_subnetwork
            self._subnetwork = Subnetwork(layer_sizes, state)
            self._kept_x = np.empty(batch_size * layer_sizes[0], dtype)
            row_keep_probs = all_kept
        else:
            self._step = self._step_network
            row_keep_probs = keep_probs
        self._block = Block(training, layer_sizes, row_keep_probs, batch_size, dtype)
        if validation is not None:
            self._predictor = Predictor(
                self.parameters.coefs,
                self.parameters.biases,
                activation,
                len(validation_rows),
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
        weights = vector[: self.parameters.n_weights]
        return total / total_weight + l2_value(weights, self._alpha)

    def evaluate(self):
        """Return the weighted mean of the losses of the validation rows."""
        total = total_weight = 0.0
        block = self._validation_block
        with np.errstate(all="ignore"):
            for part in slices(len(self._validation_rows), block.n_rows):
                rows = self._validation_rows[part]
                for batch in block.gather(rows, rng=None):
                    self._predictor.write_logits(batch.x, batch.logits)
                loss, weight = block.losses(self._loss, len(rows))
                total += loss
                total_weight += weight
        return total / total_weight

    def snapshot(self):
        """Return a copy of the state and the number of steps."""
        return self.state.copy(), self.n_steps

    def restore(self, snapshot):
        """Go back to where a snapshot was taken."""
        self.state[...], self.n_steps = snapshot

    def loss_and_gradient(self, rows):
        """Return the objective over ``rows`` and its gradient, without dropout."""
        total = total_weight = 0.0
        gradient = np.zeros_like(self._gradient)
        vector, n_weights = self.parameters.vector, self.parameters.n_weights
        with np.errstate(all="ignore"):
            for part in slices(len(rows), self._block.n_rows):
                for batch in self._block.gather(rows[part], rng=None):
                    passage = self._network_pass(len(batch.y))
                    passage.forward(batch.x, batch.masks, batch.logits)
                    passage.backward(
                        batch.logits, batch.y, batch.weights, batch.masks, 1 / len(rows)
                    )
                    gradient += passage.gradient.vector
                loss, weight = self._block.losses(self._loss, len(rows[part]))
                total += loss
                total_weight += weight
            gradient[:n_weights] += self._alpha * vector[:n_weights]
        penalty = l2_value(vector[:n_weights], self._alpha)
        return total / total_weight + penalty, gradient

    def _step_network(self, batch, learning_rate, rng):
        passage = self._network_pass(len(batch.y))
        self._descend(passage, batch, batch.x, batch.masks, self.state, learning_rate)

    def _step_subnetwork(self, batch, learning_rate, rng):
        """Step on the network of the units that this mini-batch keeps."""
        keep_probs = [*self._keep_probs, 1.0]
        units = [
            draw_units(rng, p, size)
            for p, size in zip(keep_probs, self.parameters.layer_sizes, strict=True)
        ]
        self._subnetwork.gather(units)
        state, layer_sizes = self._subnetwork.state, self._subnetwork.layer_sizes
        x = batch.x
        if keep_probs[0] < 1:
            x = self._keep_inputs(x, units[0], 1 / keep_probs[0])
        masks = [1 / p if p < 1 else None for p in keep_probs[1:-1]]
        passage = self._pass(Parameters(layer_sizes, state[0]), len(batch.y))
        self._descend(passage, batch, x, masks, state, learning_rate)
        self._subnetwork.scatter()

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
            self._passes[n_rows] = self._pass(self.parameters, n_rows)
        return self._passes[n_rows]

    def _pass(self, parameters, n_rows):
        gradient = self._gradient[: len(parameters.vector)]
        return Pass(
            parameters,
            Parameters(parameters.layer_sizes, gradient),
            self._activation,
            self._loss,
            self._buffers,
            n_rows,
        )

    def _descend(self, passage, batch, x, masks, state, learning_rate):
        """Take one step of the optimizer along the gradient of one mini-batch."""
        passage.forward(x, masks, batch.logits)
        passage.backward(batch.logits, batch.y, batch.weights, masks, 1 / len(batch.y))
        w, *moments = state
        g = passage.gradient.vector
        scratch = self._scratch[: len(w)]
        if self._alpha:
            n = passage.parameters.n_weights
            add_l2_gradient(w[:n], self._alpha, g[:n], scratch[:n])
        self._optimizer.step(w, g, moments, self.n_steps, learning_rate, scratch)
