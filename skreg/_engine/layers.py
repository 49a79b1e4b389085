"""Layers: their parameters, and forward and backward side by side.

A layer is a frozen description. Bound to arrays it becomes a pass over a mini-batch:
views are made once, and `forward` and `backward` are the equations. All arrays have
shape (n_rows, n_units).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.blas import columns_times, product, rows_times


class ParameterBlock(NamedTuple):
    """An array of parameters of a layer."""

    name: str
    """The fitted attribute, without its underscore."""
    axes: tuple
    """For each axis, the level whose units run along it; level 0 is the inputs."""
    shape: tuple
    penalised: bool
    bound: float
    """Initial values are uniform in ``start`` ± ``bound``."""
    start: float = 0.0
    order: str = "C"
    """Memory order in the vector of all parameters."""
    listed: bool = True
    """Whether the attribute is a list of such blocks, one per layer."""
    rate: float = 1.0
    """Factor of the learning rate of Adam."""


class LayerMemory(NamedTuple):
    """Buffers of a layer on a mini-batch; those for training alone may be None."""

    z: np.ndarray
    h: np.ndarray
    zeros: np.ndarray
    slope: np.ndarray | None = None
    """f'(z)."""
    dropped: np.ndarray | None = None
    """h ⊙ m."""
    delta: np.ndarray | None = None
    row_of_ones: np.ndarray | None = None
    products: np.ndarray | None = None
    """For diag(s) W and, in training, its gradient, as rows."""
    column: np.ndarray | None = None
    """For a number per input."""


class DensePass:
    """A dense layer on a mini-batch, and inverted dropout of its outputs.

    Forward, z = x W + b and h = f(z) ⊙ m, where a mask m has entries 0 and 1 / p.
    Backward, from δ = ∂J/∂h: δ ← δ ⊙ m ⊙ f'(z), then ∂J/∂W = xᵀ δ, ∂J/∂b = 1ᵀ δ and
    ∂J/∂x = δ Wᵀ. The input scale multiplies x.
    """

    def __init__(self, activation, parameters, x, mask, memory, input_scale):
        self._W, self._b = parameters
        self._x, self._mask, self._input_scale = x, mask, input_scale
        self._memory = memory
        self._z, self._h, self._zeros = memory.z, memory.h, memory.zeros
        self._f = None if activation is None else ACTIVATIONS[activation].apply
        self._add_xW = rows_times(x, self._W, self._z, input_scale)
        self.out = memory.h if mask is None else memory.dropped

    def bind_backward(self, gradient, delta_below, scale, carry):
        """Prepare `backward`, which writes ∂J/∂x to ``delta_below`` unless it is None.

        The gradient is multiplied by ``scale``, its former contents by ``carry``.
        """
        delta, x_scale = self._memory.delta, self._input_scale
        self._delta, self._slope = delta, self._memory.slope
        self._add_dW = self._bind_weights(gradient, scale * x_scale, carry)
        ones, db = self._memory.row_of_ones, gradient[1]
        self._add_db = product(ones, delta, db[np.newaxis], scale, carry)
        self._write_dx = None
        if delta_below is not None:
            self._write_dx = product(delta, self._W.T, delta_below, x_scale)

    def _bind_weights(self, gradient, scale, carry):
        """Return a call for all of the gradient but that with respect to b."""
        return columns_times(self._x, self._delta, gradient[0], scale, carry)

    def forward(self):
        z, f = self._z, self._f
        z[...] = self._b
        self._add_xW()
        if f is not None:
            f(z, self._zeros, self._h)
        if self._mask is not None:
            np.multiply(self._h, self._mask, self.out)

    def backward(self):
        delta = self._delta
        if self._mask is not None:
            np.multiply(delta, self._mask, delta)
        if self._f is not None:
            np.multiply(delta, self._slope, delta)
        self._add_dW()
        self._add_db()
        if self._write_dx is not None:
            self._write_dx()


class ScaledDensePass(DensePass):
    """A dense layer whose ``_W`` is S = diag(s) W; W itself is ``_unscaled``.

    Backward, ∂J/∂W = s ⊙ ∂J/∂S and ∂J/∂s_i = Σ_k W_ik (∂J/∂S)_ik.
    """

    def __init__(self, activation, parameters, x, mask, memory, input_scale):
        self._unscaled, b, s = parameters
        self._s = s[:, np.newaxis]
        S = _like(self._unscaled, memory.products[0])
        super().__init__(activation, (S, b), x, mask, memory, input_scale)

    def _bind_weights(self, gradient, scale, carry):
        # Not of self: a cycle would hold the buffers until garbage is collected.
        W, s, (dW, _, ds) = self._unscaled, self._s, gradient
        new_dW, new_ds, totals = dW, ds, []
        if carry:
            new_dW = _like(W, self._memory.products[1])
            new_ds = self._memory.column[: len(s)]
            totals = [(dW, new_dW), (ds, new_ds)]
        write_dS = columns_times(self._x, self._delta, new_dW, scale, 0.0)

        def add_gradients():
            write_dS()
            np.einsum("ik,ik->i", W, new_dW, out=new_ds)
            np.multiply(s, new_dW, out=new_dW)
            for total, new in totals:
                np.multiply(total, carry, out=total)
                np.add(total, new, out=total)

        return add_gradients

    def forward(self):
        np.multiply(self._s, self._unscaled, out=self._W)
        super().forward()


@dataclass(frozen=True)
class Dense:
    """h = f(x W + b), from one level of units to the next."""

    level: int
    fan_in: int
    n_units: int
    activation: str | None
    """A key of `ACTIVATIONS`; None for the outputs of a network."""
    bound: float
    _pass: ClassVar[Any] = DensePass

    @property
    def blocks(self):
        """W and b."""
        below, above = self.level, self.level + 1
        shape = (self.fan_in, self.n_units)
        return (
            ParameterBlock("coefs", (below, above), shape, True, self.bound),
            ParameterBlock("intercepts", (above,), shape[1:], False, 0.0),
        )

    def bind(self, parameters, x, mask, memory, input_scale):
        """Return the pass of a mini-batch ``x`` in a `LayerMemory`.

        The dropout ``mask`` of the outputs may be None.
        """
        return self._pass(self.activation, parameters, x, mask, memory, input_scale)


@dataclass(frozen=True)
class ScaledDense(Dense):
    """h = f(x diag(s) W + b), with a learned factor for each input.

    The factors s begin at 1. They are penalised as W is, so what counts is the product:
    a penalty of alpha / 2 (‖s‖² + ‖W‖²) is one of alpha Σ_i ‖s_i W_i‖ on the products,
    the group lasso, at its minimum over all ways to write them. It takes features that
    do not help out of the network (Hoff, "Lasso, fractional norm and structured
    sparse estimation using a Hadamard product parametrization", 2017).

    The front scale of RealMLP has such factors, with six times the learning rate of
    the weights (Holzmüller et al., "Better by Default", NeurIPS 2024).
    """

    _pass = ScaledDensePass

    @property
    def blocks(self):
        """W, b and s."""
        scales = ParameterBlock(
            "feature_scales", (self.level,), (self.fan_in,), True, 0.0,
            start=1.0, listed=False, rate=4.0,
        )  # fmt: skip
        return (*super().blocks, scales)

    def reset_dead_inputs(self, vectors, rng=None):
        """Set the factors and the weights of dead inputs to zero, or start them again.

        Products s_i W_i become subnormal long before s_i and W_i do. An input is dead
        if products with its own are. If both are zero that is final, since neither has
        a gradient. With ``rng`` the factor becomes 1, so that the input can learn
        again. If all inputs are dead, most units are, too; then ``rng`` draws new
        weights. ``vectors`` has the parameters, then the averages of the optimizer, by
        block.
        """
        W, _, s = vectors[0]
        largest = np.maximum(W.max(axis=1), -W.min(axis=1))
        dead = largest * np.abs(s) < np.sqrt(np.finfo(W.dtype).tiny)
        for dW, _, ds in vectors:
            dW[dead] = ds[dead] = 0
        if rng is not None:
            s[dead] = 1
            if dead.all():
                W[...] = rng.uniform(-self.bound, self.bound, W.shape)


def _like(matrix, memory):
    """Return a view of memory with the shape and the order of a matrix."""
    order = "C" if matrix.flags.c_contiguous else "F"
    return memory[: matrix.size].reshape(matrix.shape, order=order)
