"""The training problems that every rival is timed on."""

from dataclasses import dataclass

import numpy as np

ALPHA = 1e-4
KEEP_PROB = 0.5
MOMENTUM = 0.9
RATES = {"sgd": 0.01, "adam": 1e-3}
CLASSICAL_RATES = RATES | {"sgd": (1 - MOMENTUM) * RATES["sgd"]}
"""For those whose momentum adds gradients up, where ours averages them."""


@dataclass(frozen=True)
class Work:
    """A data set, a network and the number of epochs to time."""

    n_rows: int
    layer_sizes: tuple
    """Units per layer, from the inputs to the outputs; one output is two classes."""
    batch_size: int
    n_epochs: int

    def __str__(self):
        sizes = "\N{NON-BREAKING HYPHEN}".join(map(str, self.layer_sizes))
        return f"{sizes}\N{NO-BREAK SPACE}({self.batch_size})"

    def data(self):
        """Return features, uniform in [0, 1), and labels unrelated to them."""
        n_classes = max(2, self.layer_sizes[-1])
        shape = self.n_rows, self.layer_sizes[0]
        X = np.random.default_rng(1).random(shape, np.float32)
        return X, np.random.default_rng(0).permutation(self.n_rows) % n_classes


STEPS = {
    "A": Work(100, (2, 64, 128, 1), batch_size=16, n_epochs=500),
    "B": Work(1000, (784, 100, 10), batch_size=100, n_epochs=50),
    "C": Work(20000, (784, 256, 256, 10), batch_size=128, n_epochs=4),
    "D": Work(1000, (784, 100, 10), batch_size=1, n_epochs=3),
    "E": Work(20000, (784, 100, 10), batch_size=200, n_epochs=8),
    "F": Work(20000, (54, 256, 256, 7), batch_size=256, n_epochs=4),
}
COMMITTEE = Work(500, (20, 100, 2), batch_size=16, n_epochs=32)
PREDICTION = Work(1_000_000, (50, 100, 10), batch_size=200, n_epochs=1)
SEARCH = Work(500, (20, 50, 3), batch_size=50, n_epochs=30)
MEMORY = Work(200_000, (100, 100, 10), batch_size=200, n_epochs=1)
