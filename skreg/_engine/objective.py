"""The objective of all rows as a function of the parameters, for full-batch solvers."""

import numpy as np

from skreg._engine.batches import Block
from skreg._engine.network import Parameters
from skreg._engine.passes import Memory, Pass
from skreg._engine.penalties import penalty_value

_ROWS_AT_ONCE = 2048


class Objective:
    """J(w) of a network on the `Rows` ``training``, and its gradient, without dropout.

    They are computed in the precision ``dtype``.
    """

    def __init__(self, network, training, penalties=(), dtype=np.float64):
        dataset, self._rows = training
        size, self._penalties = min(_ROWS_AT_ONCE, len(self._rows)), penalties
        vectors = np.empty((2, network.n_parameters), dtype)
        self._w, self._g = w, g = [Parameters(network, vector) for vector in vectors]
        arrays = w.layers, g.layers, Memory(network, size, vectors.dtype)

        def bind(batch):
            return Pass(network, *arrays, batch, scale=1.0, carry=1.0)

        self._block = Block(dataset, network, size, vectors.dtype, bind)

    def __call__(self, vector):
        """Return the objective and its gradient, which the next call overwrites."""
        w, g = self._w, self._g
        w.vector[...] = vector
        g.vector.fill(0)
        with np.errstate(all="ignore"):
            loss = self._block.mean_loss(self._rows, Pass.run)
            g.vector /= len(self._rows)
            for penalty in self._penalties:
                penalty.add_gradient(w, 1.0, g)
            return loss + penalty_value(self._penalties, w), g.vector
