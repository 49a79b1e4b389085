"""The training problems that every rival is timed on."""

from dataclasses import dataclass, replace

import numpy as np

ALPHA = 1e-4
KEEP_PROB = 0.5
MOMENTUM = 0.9
LEARNING_RATES = {"sgd": 0.01, "adam": 1e-3}
"""Small enough to stay finite on random labels. For sgd, of the averaged gradient:
the classical rate of the same step is this times (1 - momentum)."""
SOLVERS = tuple(LEARNING_RATES)
DROPOUTS = ("none", "sample", "batch")


@dataclass(frozen=True)
class Work:
    """A data set, a network and how long to train."""

    name: str
    n_rows: int
    layer_sizes: tuple
    """Units per layer, from the inputs to the outputs; one output is two classes."""
    batch_size: int
    n_epochs: int
    """Epochs per repetition, the same for all rivals."""

    @property
    def n_classes(self):
        return max(2, self.layer_sizes[-1])

    @property
    def n_steps(self):
        """Steps per repetition; the last batch of an epoch may be smaller."""
        return self.n_epochs * -(-self.n_rows // self.batch_size)

    @property
    def batch_sizes(self):
        """Pairs (rows in a batch, how many such batches) of one epoch."""
        full, rest = divmod(self.n_rows, self.batch_size)
        return [(self.batch_size, full)] + ([(rest, 1)] if rest else [])

    @property
    def net(self):
        return "-".join(map(str, self.layer_sizes))

    def quick(self):
        """Return the same work with a tenth of the epochs."""
        return replace(self, n_epochs=max(1, self.n_epochs // 10))

    def data(self):
        """Return features between 0 and 1 and random labels, always the same."""
        return random_data(self.n_rows, self.layer_sizes[0], self.n_classes)


WORKS = {
    work.name: work
    for work in (
        Work("A", 100, (2, 64, 128, 1), 16, n_epochs=500),
        Work("B", 1000, (784, 100, 10), 100, n_epochs=50),
        Work("C", 20000, (784, 256, 256, 10), 128, n_epochs=4),
        Work("D", 1000, (784, 100, 10), 1, n_epochs=3),
        Work("E", 20000, (784, 100, 10), 200, n_epochs=8),
        Work("F", 20000, (54, 256, 256, 7), 256, n_epochs=4),
    )
}


def random_data(n_rows, n_features, n_classes, seed=0):
    """Return features and labels that have nothing to do with them."""
    y = np.random.default_rng(seed).permutation(n_rows) % n_classes
    return random_features(n_rows, n_features, seed + 1), y


def random_features(n_rows, n_features, seed=1):
    """Return float32 features, uniform in [0, 1)."""
    X = np.empty((n_rows, n_features), np.float32)
    np.random.default_rng(seed).random(dtype=np.float32, out=X)
    return X
