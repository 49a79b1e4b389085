"""The objective of all rows as a function of the parameters, for full-batch solvers."""

import numpy as np

from skreg._engine.batches import Block
from skreg._engine.network import Parameters
from skreg._engine.passes import Memory, Pass
from skreg._engine.penalties import penalty_value

_ROWS_AT_ONCE = 2048


class Objective:
    """J(w) of the `Rows` ``training``, and its gradient, without dropout.

    Of the plan it uses the network, the penalties and the dtype.
    """

    def __init__(self, plan, training):
        dataset, self._rows = training
        network, size = plan.network, min(_ROWS_AT_ONCE, len(self._rows))
        self._penalties = plan.penalties
        vectors = np.empty((2, network.n_parameters), plan.dtype)
        self._w, self._g = [Parameters(network, vector) for vector in vectors]
        self._network = network
        self._memory = Memory(network, size, vectors.dtype)
        self._block = Block(dataset, network, size, vectors.dtype)

    def __call__(self, vector):
        """Return the objective and its gradient, which the next call overwrites."""
        w, g = self._w, self._g
        w.vector[...] = vector
        g.vector.fill(0)

        def bind(batch):
            arrays = w.layers, g.layers, self._memory
            return Pass(self._network, *arrays, batch, 1.0, 1.0)

        with np.errstate(all="ignore"):
            loss = self._block.mean_loss(self._rows, bind, Pass.run)
            g.vector /= len(self._rows)
            for penalty in self._penalties:
                penalty.add_gradient(w, 1.0, g)
            return loss + penalty_value(self._penalties, w), g.vector
