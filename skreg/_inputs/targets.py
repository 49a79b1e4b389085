"""The methods that all targets have, be they labels or numbers."""

from typing import Any


class Targets:
    """The targets of a training, and how they relate to a network's outputs.

    A subclass has ``n_outputs``, the units of the output layer, the ``head`` for them,
    and the methods ``of_fitted(estimator)``, which returns fitted targets,
    ``continued_from(fitted)``, which returns the targets to train a network further and
    refuses others, ``encode(y, dtype, name)``, which returns what a `Dataset` takes,
    ``constant_loss(rows)``, the loss of a constant prediction, and
    ``predictions(outputs)``, of which a committee takes the mean.
    """

    @property
    def loss_unit(self):
        """Factor that turns a loss on the network's targets into y's unit."""
        return 1.0

    def checked(self, y, name="y"):
        """Return the targets; refuse a ``y`` of another kind, before `encode`."""
        return self

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

    def compare(self, y, y_val):
        """Warn if the targets to validate on look as if they had another unit."""
