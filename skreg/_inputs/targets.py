"""What targets of every kind have, be they labels or numbers."""

from typing import Any


class Targets:
    """What the targets of a training are, and how they relate to a network's outputs.

    A subclass has ``n_outputs``, the units of the output layer, the ``head`` for them,
    and these methods; of fitted targets ``of_fitted(estimator)`` besides.
    """

    @property
    def loss_unit(self):
        """A loss on the targets as the network has them, times this, is in y's unit."""
        return 1.0

    def check_same(self, fitted):
        """Refuse to go on with a network that was trained for other targets."""
        raise NotImplementedError

    def scaled_to(self, y, sample_weight, rows):
        """Return the targets with the scale of ``y`` in the training rows, if any."""
        return self

    def attributes(self: Any):
        """Return the fitted attributes that say what the outputs are."""
        return {
            "n_outputs_": self.n_outputs,
            "out_activation_": self.head.out_activation,
        }

    def strata(self, y):
        """Return the label of each row to stratify by, or None for no such label."""
        return None

    def encode(self, y, dtype, name="y"):
        """Return targets as a `Dataset` has them."""
        raise NotImplementedError

    def predictor(self, outputs):
        """Return an estimator whose network has these outputs, whatever X is."""
        raise NotImplementedError
