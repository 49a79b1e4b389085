"""The methods that all targets have, be they labels or numbers."""

from typing import Any


class Targets:
    """The targets of a training, and how they relate to a network's outputs.

    A subclass has ``n_outputs``, the units of the output layer, the ``head`` for them,
    these methods, and ``of_fitted(estimator)``, which returns fitted targets.
    """

    @property
    def loss_unit(self):
        """Factor that turns a loss on the network's targets into y's unit."""
        return 1.0

    def check_same(self, fitted):
        """Refuse to resume the training of a network for other targets."""
        raise NotImplementedError

    def scaled_to(self, y, sample_weight, rows, must_vary=False):
        """Return the targets with the scale of ``y`` in the training rows, if any."""
        return self

    def attributes(self: Any):
        """Return the fitted attributes that describe the outputs."""
        return {
            "n_outputs_": self.n_outputs,
            "out_activation_": self.head.out_activation,
        }

    def strata(self, y):
        """Return the label of each row to stratify by, or None for no strata."""
        return None

    def encode(self, y, dtype, name="y"):
        """Return targets in the form that a `Dataset` takes."""
        raise NotImplementedError

    def compare(self, y, y_val):
        """Warn if the targets to validate on look as if they had another unit."""

    def constant_loss(self, encoded, weights, rows):
        """Return the loss of outputs of zero, the weighted mean over some rows."""
        raise NotImplementedError
