"""The methods that all targets have, be they labels or numbers."""

from typing import Any


class Targets:
    """The targets of a training, and how they relate to a network's outputs.

    A subclass has ``n_outputs``, the units of the output layer, the ``head`` for them,
    and these methods:

    - ``of_fitted(estimator)`` returns the targets of a fitted estimator.
    - ``checked(y, name)`` refuses a ``y`` of another kind, else returns the targets.
    - ``continued_from(fitted)`` returns the targets to train a network further, and
      refuses those of another network.
    - ``encode(y, dtype, name)`` returns a checked ``y`` as a `Dataset` takes it.
    - ``constant_loss(rows)`` returns the loss of a constant prediction.
    - ``predictions(outputs)`` returns predictions, whose mean a committee takes.
    """

    @property
    def loss_unit(self):
        """Factor that turns a loss on the network's targets into y's unit."""
        return 1.0

    def score_unit(self, scoring):
        """Return the factor that turns a validation score into y's unit."""
        return self.loss_unit if scoring == "loss" else 1.0

    @property
    def loss_size(self):
        """The variance of a network's targets, to which losses are proportional.

        ``tol`` and the automatic ``alpha`` are relative to it.
        """
        return 1.0

    def measured(self, y, sample_weight):
        """Return the targets with what ``loss_size`` depends on."""
        return self

    def scaled_to(self, y, sample_weight, rows, must_vary=False):
        """Return the targets with the scale of ``y`` in the rows, if there is one."""
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
