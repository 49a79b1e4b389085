"""The head of a network: the loss of its outputs, and the predictions made from them.

A head is a frozen dataclass of its parameters. It takes the outputs ``z`` of the last
layer and the targets ``y``, both of shape (n_outputs, n_rows). A `ClassHead` is for
class labels. `LOSSES` are for numbers, keyed by the values of the parameter ``loss``.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, log_expit, log_softmax, xlogy


@dataclass(frozen=True)
class Head:
    """The base of all heads: a loss per row, its gradient, and predictions.

    ``losses(z, y)`` returns the loss of each row. ``gradient(z, y, out)`` writes
    dloss/dz into ``out``. ``activate(z)`` turns outputs into predictions, in place.
    """

    out_activation: ClassVar[str]
    """Name of the function from outputs to predictions, as in ``out_activation_``."""
    starts_at_zero: ClassVar[bool] = False
    """Whether the weights of the output layer are zero at first."""


class ClassHead(Head):
    """A head whose outputs are logits, and whose predictions are probabilities.

    It computes the loss from the logits, not from probabilities. So the loss is finite
    for any finite output, and takes any target in [0, 1]. ``log_probabilities(logits)``
    returns the logarithms of the probabilities, finite at any logit.
    """

    def class_logits(self, z):
        """Return a logit for each class: ``z`` itself, or a new array."""
        return z


class Multilabel(ClassHead):
    """A sigmoid for each class; the loss is the sum of their cross-entropies."""

    out_activation = "logistic"

    def losses(self, z, y):
        """Σ_k log(1 + exp(z_k)) - y_k z_k."""
        # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)) never overflows, and unlike
        # `logaddexp` runs in vector loops.
        values = np.log1p(np.exp(-np.abs(z)))
        # For targets 0 and 1 this difference is exact: no two large numbers cancel.
        values += np.maximum(z, 0) - y * z
        return values.sum(axis=0)

    def gradient(self, z, y, out):
        """Sigmoid(z) - y."""
        expit(z, out)
        np.subtract(out, y, out)

    def activate(self, z):
        """1 / (1 + exp(-z))."""
        expit(z, out=z)

    def log_probabilities(self, logits):
        """Log(1 / (1 + exp(-z)))."""
        return log_expit(logits)


class Binary(Multilabel):
    """One sigmoid, the probability of the second of two classes."""

    def class_logits(self, z):
        """∓z."""
        return np.concatenate([-z, z])


class Multiclass(ClassHead):
    """A softmax over the classes, and the cross-entropy."""

    out_activation = "softmax"

    def losses(self, z, y):
        """Log Σ_k exp(z_k) - Σ_k y_k z_k, with the largest output subtracted first."""
        shifted = z - z.max(axis=0)
        dots = (shifted * y).sum(axis=0)
        return np.log(np.exp(shifted, out=shifted).sum(axis=0)) - dots

    def gradient(self, z, y, out):
        """Softmax(z) - y."""
        self._softmax(z, out)
        np.subtract(out, y, out)

    def activate(self, z):
        """exp(z_k) / Σ_j exp(z_j)."""
        self._softmax(z, z)

    def log_probabilities(self, logits):
        """z_k - log Σ_j exp(z_j)."""
        return log_softmax(logits, axis=0)

    @staticmethod
    def _softmax(z, out):
        np.subtract(z, np.maximum.reduce(z), out)
        np.exp(out, out)
        np.divide(out, np.add.reduce(out), out)


class NumberHead(Head):
    """A head for numbers; its loss is the mean over the outputs.

    A network starts with outputs of zero, the center of the targets.
    """

    degree: ClassVar[int]
    """The recorded loss has the unit of the targets to this power."""
    out_activation = "identity"
    starts_at_zero = True
    of_counts: ClassVar[bool] = False
    """Whether targets are non-negative, and divided by their mean but not centred."""
    is_robust: ClassVar[bool] = False
    """Whether targets are standardised by their quartiles, not by their deviation."""

    def activate(self, z):
        """Identity."""


class SquaredError(NumberHead):
    """Predicts the mean."""

    degree = 2

    def losses(self, z, y):
        """(z - y)² / 2."""
        return np.square(z - y).mean(axis=0) / 2

    def gradient(self, z, y, out):
        """Error z - y."""
        np.subtract(z, y, out)
        out /= len(out)


class AbsoluteError(NumberHead):
    """Predicts the median."""

    degree = 1
    is_robust = True

    def losses(self, z, y):
        """|z - y|."""
        return np.abs(z - y).mean(axis=0)

    def gradient(self, z, y, out):
        """Sign of z - y."""
        np.subtract(z, y, out)
        np.sign(out, out)
        out /= len(out)


class Huber(NumberHead):
    """Predicts a mean that outliers pull less.

    Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
    Statistics 35, 1964. At δ = 1.345 standard deviations it is 95% as efficient as the
    squared error where errors are normal: Holland and Welsch, "Robust regression using
    iteratively reweighted least-squares", Communications in Statistics A6, 1977.
    """

    degree = 2
    is_robust = True
    delta: ClassVar[float] = 1.345

    def losses(self, z, y):
        """(z - y)² / 2 where |z - y| ≤ δ, and δ (|z - y| - δ / 2) beyond."""
        size = np.abs(z - y)
        bounded = np.minimum(size, self.delta)
        return (bounded * (size - bounded / 2)).mean(axis=0)

    def gradient(self, z, y, out):
        """Error z - y, clipped to ±δ."""
        np.subtract(z, y, out)
        np.clip(out, -self.delta, self.delta, out)
        out /= len(out)


@dataclass(frozen=True)
class Quantile(NumberHead):
    """Predicts the quantile at the level q.

    Koenker and Bassett, "Regression Quantiles", Econometrica 46, 1978.
    """

    quantile: float = 0.5
    degree = 1
    is_robust = True

    def losses(self, z, y):
        """Pinball loss: q (y - z) where y ≥ z, and (1 - q) (z - y) below."""
        error = y - z
        q = self.quantile
        return np.maximum(q * error, (q - 1) * error).mean(axis=0)

    def gradient(self, z, y, out):
        """1 - q where z > y, and -q where z < y."""
        np.subtract(z, y, out)
        np.sign(out, out)
        out /= 2
        out += 0.5 - self.quantile
        out /= len(out)


class Poisson(NumberHead):
    """Predicts the mean of counts, μ = exp(z)."""

    degree = 1
    out_activation = "exp"
    of_counts = True

    def losses(self, z, y):
        """Half of the deviance, y log(y / μ) - y + μ."""
        return (xlogy(y, y) - y * z - y + np.exp(z)).mean(axis=0)

    def gradient(self, z, y, out):
        """exp(z) - y."""
        np.exp(z, out)
        np.subtract(out, y, out)
        out /= len(out)

    def activate(self, z):
        """exp(z)."""
        np.exp(z, out=z)


LOSSES: dict = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}
"""Each field of a head is filled from the hyperparameter of the same name."""
