"""The whole network on a mini-batch: forward, and backward."""

import numpy as np

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.layers import LayerMemory


class Memory:
    """Buffers for up to ``n_rows`` rows, made once.

    Each kind of buffer is one vector, with the layers one after the other.
    """

    def __init__(self, network, n_rows, dtype, backward=True):
        n_units = [layer.n_units for layer in network.layers]
        size = n_rows * sum(n_units)
        self._zeros = np.zeros(n_rows * max(n_units), dtype)
        self.z = h = np.empty(size, dtype)
        if ACTIVATIONS[network.activation].derivative_of_z:
            h = np.empty(size, dtype)
        self._vectors: dict = {"z": self.z, "h": h}
        self.ones = None
        if backward:
            self.slopes, dropped, deltas = np.empty((3, size), dtype)
            self._vectors |= {"slope": self.slopes, "dropped": dropped, "delta": deltas}
            self.ones = np.ones(size, dtype)
        self._scaled: dict = {}
        if network.scaled:
            n_features, n_units = network.sizes[:2]
            self._scaled = {
                "products": np.empty((1 + backward, n_features * n_units), dtype),
                "column": np.empty(n_features, dtype),
            }

    def of_layers(self, network, n_rows):
        """Return the `LayerMemory` of each layer, of this or a smaller network."""
        ones = None if self.ones is None else self.ones[np.newaxis, :n_rows]
        shares_z, memory, start = self._vectors["h"] is self.z, [], 0
        for layer in network.layers:
            shape = n_rows, layer.n_units
            end = start + n_rows * layer.n_units
            arrays = {name: v[start:end] for name, v in self._vectors.items()}
            arrays["zeros"] = self._zeros[: end - start]
            start = end
            is_last = layer is network.layers[-1]
            # Reductions over few outputs are fast only if the rows are contiguous.
            order = "F" if is_last else "C"
            arrays = {name: a.reshape(shape, order=order) for name, a in arrays.items()}
            if shares_z or is_last:
                arrays["h"] = arrays["z"]
            memory.append(LayerMemory(**arrays, row_of_ones=ones))
        memory[0] = memory[0]._replace(**self._scaled)
        return memory


class Forward:
    """The forward pass of a mini-batch.

    ``arrays`` are the parameters by layer and block, at any place in memory. The
    features ``x`` are already masked, and may change between runs. There is a mask, or
    None, for each level; that of the inputs is not used. The input scales multiply the
    inputs of each layer. The ``outputs`` have shape (n_outputs, n_rows).
    """

    def __init__(self, network, arrays, memory, x, masks=(), input_scales=()):
        self._memory = memory.of_layers(network, x.shape[0])
        self._passes = []
        parts = zip(network.layers, arrays, self._memory, strict=True)
        for layer, parameters, buffers in parts:
            mask = masks[layer.level + 1] if masks else None
            scale = input_scales[layer.level] if input_scales else 1.0
            bound = layer.bind(parameters, x, mask, buffers, scale)
            self._passes.append(bound)
            x = bound.out
        self.outputs = x.T

    def run(self):
        """Return the outputs."""
        for layer in self._passes:
            layer.forward()
        return self.outputs


class Pass(Forward):
    """The forward and the backward pass of a mini-batch.

    δ is s_i ∂ℓ/∂z at the outputs, and each layer passes it down. The ``gradient``, by
    layer and block, becomes ``carry`` times its contents plus ``scale`` times the
    gradient of Σ_i s_i ℓ_i. The entries of the `MiniBatch` may change between runs, but
    not its memory.
    """

    def __init__(
        self, network, arrays, gradient, memory, batch, scale, carry, input_scales=()
    ):
        super().__init__(network, arrays, memory, batch.x, batch.masks, input_scales)
        self._backward = self._passes[::-1]
        deltas = [None, *(buffers.delta for buffers in self._memory)]
        for layer, below, block in zip(self._passes, deltas, gradient, strict=False):
            layer.bind_backward(block, below, scale, carry)
        self._head_gradient = network.head.gradient
        self._y, self._weights = batch.y, batch.weights
        self._delta = deltas[-1].T
        self._derivative = None
        if len(self._passes) > 1:
            n = sum(buffers.h.size for buffers in self._memory[:-1])
            self._derivative = ACTIVATIONS[network.activation].derivative
            # z shares the memory of h unless the derivative is given z.
            self._slopes = memory.z[:n], memory.ones[:n], memory.slopes[:n]

    def run(self):
        """Accumulate the gradient; return the outputs."""
        outputs = super().run()
        self._head_gradient(outputs, self._y, self._delta)
        if self._weights is not None:
            np.multiply(self._delta, self._weights, self._delta)
        if self._derivative is not None:  # of all hidden layers at once
            self._derivative(*self._slopes)
        for layer in self._backward:
            layer.backward()
        return outputs
