"""The compute: forward, backward, one call per epoch, prediction in bounded memory.

`Pass` is backpropagation through one mini-batch. `Engine` runs it over epochs on
buffers that are made once, so that a mini-batch allocates nothing but views.

Targets and logits have shape (n_outputs, n_rows), all else (n_rows, n_units).
"""

import numpy as np

from skreg.activations import ACTIVATIONS
from skreg.batches import Block, rows_in_cache, slices
from skreg.blas import product
from skreg.dropout import Subnetwork, draw_units
from skreg.losses import LOSSES
from skreg.parameters import Parameters
from skreg.penalties import add_l2_gradient, l2_value


def _add_product(x, coef, out):
    """Add x W to ``out``; ``x`` may be sparse."""
    if isinstance(x, np.ndarray):
        product(x, coef, out)(1.0, 1.0)
    else:
        out += x @ coef


def _accumulate_gradient(x, delta, out, scale, keep):
    """Accumulate the gradient xᵀ δ of a layer whose input ``x`` may be sparse."""
    if isinstance(x, np.ndarray):
        product(x.T, delta, out)(scale, keep)
    else:
        gradient = scale * (x.T @ delta)
        out[...] = gradient + keep * out if keep else gradient


class ForwardBuffers:
    """Memory for the forward pass of up to ``n_rows`` rows."""

    def __init__(self, layer_sizes, n_rows, dtype):
        self.outputs = [np.empty(size * n_rows, dtype) for size in layer_sizes[1:]]
        self.zeros = np.zeros(max(layer_sizes[1:]) * n_rows, dtype)


class Buffers(ForwardBuffers):
    """Memory for the forward and the backward pass of up to ``n_rows`` rows."""

    def __init__(self, layer_sizes, n_rows, dtype):
        super().__init__(layer_sizes, n_rows, dtype)
        self.dropped = [np.empty_like(flat) for flat in self.outputs[:-1]]
        self.deltas = [np.empty_like(flat) for flat in self.outputs]
        self.scratch = np.empty_like(self.zeros)
        self.ones = np.ones_like(self.zeros)
        self.row = np.empty(n_rows, dtype)


def _like(array, flat):
    """Return the beginning of ``flat`` in the shape of ``array``."""
    return flat[: array.size].reshape(array.shape)


def _by_rows(flats, layer_sizes, n_rows):
    """Return arrays of shape (n_rows, n_units), one per layer after the first.

    The last layer's lies transposed in memory: with few outputs, reductions over them
    are fast only if the rows lie side by side.
    """
    *hidden, last = layer_sizes[1:]
    return [
        *(
            flat[: n_rows * size].reshape(n_rows, size)
            for flat, size in zip(flats, hidden, strict=False)
        ),
        flats[-1][: n_rows * last].reshape(last, n_rows).T,
    ]


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
    hidden : list of ndarray of shape (n_rows, n_units)
        The outputs of the hidden layers.
    inputs : list of ndarray of shape (n_rows, n_units)
        What the layers after the first receive: the same, masked.
    logits : ndarray of shape (n_outputs, n_rows)
        The outputs of the last layer.
    """

    def __init__(self, parameters, activation, buffers, n_rows, dropped=None):
        outputs = _by_rows(buffers.outputs, parameters.layer_sizes, n_rows)
        *self.hidden, last = outputs
        self.logits = last.T
        self.inputs = [
            h if flat is None else _like(h, flat)
            for h, flat in zip(
                self.hidden, dropped or [None] * len(self.hidden), strict=True
            )
        ]
        self._apply = activation.apply
        self._first = parameters.coefs[0], parameters.biases[0], outputs[0]
        self._layers_up = [
            (h, _like(h, buffers.zeros), received, bias, out, product(received, w, out))
            for h, received, bias, out, w in zip(
                self.hidden,
                self.inputs,
                parameters.biases[1:],
                outputs[1:],
                parameters.coefs[1:],
                strict=True,
            )
        ]

    def run(self, x, masks=None):
        """Compute the ``logits`` of ``x``, which the caller has masked.

        ``masks`` has an entry per hidden layer: an array of its shape, a number, or
        None.
        """
        coef, bias, out = self._first
        out[...] = bias
        _add_product(x, coef, out)
        for index, layer in enumerate(self._layers_up):
            h, zeros, received, bias, out, add_product = layer
            self._apply(h, zeros)
            if masks is not None and masks[index] is not None:
                np.multiply(h, masks[index], out=received)
            out[...] = bias
            add_product(1.0, 1.0)


class Pass:
    """The forward and backward pass of a mini-batch of ``n_rows`` rows.

    With h⁰ = x, masks m scaled by 1 / p, and ⊙ the product by elements:

        hˡ = f((hˡ⁻¹ ⊙ mˡ⁻¹) Wˡ + bˡ), the logits likewise but without f;
        δˡ = s_i ∂ℓ/∂logits at the top, (δˡ⁺¹ (Wˡ⁺¹)ᵀ) ⊙ mˡ ⊙ f'ˡ below;
        ∂J/∂Wˡ = Σ_i (hˡ⁻¹ ⊙ mˡ⁻¹)_iᵀ δˡ_i, ∂J/∂bˡ = Σ_i δˡ_i.

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
        self.parameters, self.gradient = parameters, gradient
        forward = Forward(parameters, activation, buffers, n_rows, dropped)
        self.forward, self.logits = forward.run, forward.logits
        self._loss = loss
        self._backpropagate = activation.backpropagate
        deltas = _by_rows(buffers.deltas, parameters.layer_sizes, n_rows)
        self._top_delta = deltas[-1].T
        self._row = buffers.row[np.newaxis, :n_rows]
        ones = buffers.ones[np.newaxis, :n_rows]
        self._add_biases = [
            product(ones, delta, bias[np.newaxis])
            for delta, bias in zip(deltas, gradient.biases, strict=True)
        ]
        self._first = deltas[0], gradient.coefs[0]
        # Per hidden layer, from the top down: the gradient of the layer above it, its
        # delta by the product with that layer, and what this is multiplied with.
        self._layers_down = [
            (
                index,
                product(forward.inputs[index].T, deltas[index + 1], out),
                product(deltas[index + 1], coef.T, deltas[index]),
                deltas[index],
                forward.hidden[index],
                _like(deltas[index], buffers.ones),
                _like(deltas[index], buffers.scratch),
            )
            for index, (coef, out) in reversed(
                [*enumerate(zip(parameters.coefs[1:], gradient.coefs[1:], strict=True))]
            )
        ]

    def backward(self, x, y, weights, masks, scale, keep):
        """Accumulate the gradient of Σ_i s_i ℓ_i, after `forward`.

        What was in ``gradient`` is multiplied by ``keep``, the new one by ``scale``.
        """
        self._loss.gradient(self.logits, y, self._top_delta, self._row)
        if weights is not None:
            self._top_delta *= weights
        for layer in self._layers_down:
            index, add_gradient, multiply, delta, h, ones, scratch = layer
            add_gradient(scale, keep)
            multiply()
            if masks[index] is not None:
                delta *= masks[index]
            self._backpropagate(h, delta, ones, scratch)
        _accumulate_gradient(x, *self._first, scale, keep)
        for add_bias in self._add_biases:
            add_bias(scale, keep)


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
        self.state, self.dtype = state, dtype
        self.n_steps = n_steps
        self._activation = ACTIVATIONS[activation]
        self._loss = LOSSES[loss]
        self._alpha = alpha
        self._optimizer = optimizer
        self._keep_probs = keep_probs
        self._scratch = None
        if optimizer is None or not optimizer.averages_gradient:
            self._scratch = np.empty_like(state[0])
        self.parameters, self._gradient = self._views(layer_sizes, state)
        self._moments = list(state[1:])
        self._passes: dict[int, Pass] = {}
        self._subnetwork: Subnetwork | None = None
        all_kept = [1.0] * len(keep_probs)
        if dropout_mask == "batch" and min(keep_probs) < 1:
            self._subnetwork = Subnetwork(layer_sizes, state)
            self._buffers = Buffers(layer_sizes, batch_size, dtype)
            self._kept_x = np.empty(batch_size * layer_sizes[0], dtype)
            row_keep_probs = all_kept
        else:
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
        values, sub = self._loss.values_after_gradient, self._subnetwork
        with np.errstate(all="ignore"):
            if sub is not None:
                sub.load()
            for part in slices(len(order), self._block.n_rows):
                rows = order[part]
                for batch in self._block.gather(rows, rng):
                    self.n_steps += 1
                    if sub is None:
                        self._step_network(batch, learning_rate)
                    else:
                        self._step_subnetwork(sub, batch, learning_rate, rng)
                loss, weight = self._block.losses(values, len(rows))
                total += loss
                total_weight += weight
                if not np.isfinite(total):
                    return np.nan
            if sub is not None:
                sub.store()
            vector = self.parameters.vector
            if not np.isfinite(vector.min() + vector.max()):
                return np.nan
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
                for batch in self._block.gather(rows[part], rng=None):
                    passage = self._network_pass(batch.y.shape[1])
                    self._backpropagate(passage, batch, batch.x, batch.masks, 1, 1)
                loss, weight = self._block.losses(values, len(rows[part]))
                total += loss
                total_weight += weight
            gradient.vector /= len(rows)
            add_l2_gradient(parameters, self._alpha, gradient)
        return total / total_weight + l2_value(parameters, self._alpha), gradient.vector

    def _backpropagate(self, passage, batch, x, masks, scale, keep):
        """Write the logits of a mini-batch, and accumulate its gradient."""
        passage.forward(x, masks)
        passage.backward(x, batch.y, batch.weights, masks, scale, keep)
        batch.logits[...] = passage.logits

    def _step_network(self, batch, learning_rate):
        """Take a step on the whole network."""
        passage = self._network_pass(batch.y.shape[1])
        self._descend(
            passage, batch, batch.x, batch.masks, self._moments, learning_rate
        )

    def _step_subnetwork(self, sub, batch, learning_rate, rng):
        """Take a step on the network of the units that this mini-batch keeps."""
        keep_probs = [*self._keep_probs, 1.0]
        units = [
            draw_units(rng, p, size)
            for p, size in zip(keep_probs, self.parameters.layer_sizes, strict=True)
        ]
        sub.gather(units)
        masks = [1 / p if p < 1 else None for p in keep_probs[1:-1]]
        w, g = self._views(sub.layer_sizes, sub.state, first_by_unit=True)
        passage = self._pass(w, g, self._buffers, batch.y.shape[1], masks)
        x = batch.x
        if keep_probs[0] < 1:
            x = self._keep_inputs(x, units[0], 1 / keep_probs[0])
        self._descend(passage, batch, x, masks, sub.state[1:], learning_rate)
        sub.scatter()

    def _descend(self, passage, batch, x, masks, moments, learning_rate):
        """Take one step of the optimizer along the penalised gradient."""
        optimizer = self._optimizer
        scale, n_rows = optimizer.scale, batch.y.shape[1]
        self._backpropagate(passage, batch, x, masks, scale / n_rows, optimizer.keep)
        w, g = passage.parameters, passage.gradient
        if self._alpha:
            add_l2_gradient(w, scale * self._alpha, g)
        optimizer.step(w.vector, g.vector, moments, self.n_steps, learning_rate)

    def _keep_inputs(self, x, kept, scale):
        """Return the kept columns of ``x``, scaled."""
        if not isinstance(x, np.ndarray):
            return x[:, kept] * scale
        out = self._kept_x[: len(x) * len(kept)].reshape(len(x), len(kept))
        np.take(x, kept, axis=1, out=out, mode="clip")
        out *= scale
        return out

    def _views(self, layer_sizes, state, first_by_unit=False):
        """Return the network in ``state``, and where its gradient is accumulated."""
        gradient = state[1] if self._scratch is None else self._scratch
        return (
            Parameters(layer_sizes, state[0], first_by_unit),
            Parameters(layer_sizes, gradient[: state.shape[1]], first_by_unit),
        )

    def _network_pass(self, n_rows):
        """Return the pass through the whole network, made once per number of rows."""
        if n_rows not in self._passes:
            buffers = Buffers(self.parameters.layer_sizes, n_rows, self.state.dtype)
            masks = [p if p < 1 else None for p in self._keep_probs[1:]]
            self._passes[n_rows] = self._pass(
                self.parameters, self._gradient, buffers, n_rows, masks
            )
        return self._passes[n_rows]

    def _pass(self, parameters, gradient, buffers, n_rows, masks):
        drops = [mask is not None for mask in masks]
        return Pass(
            parameters, gradient, self._activation, self._loss, buffers, n_rows, drops
        )
