"""Numbers to standardised targets and back."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.special import ndtri
from sklearn.utils import check_array, column_or_1d

from skreg._engine.heads import LOSSES
from skreg._inputs.errors import naming
from skreg._inputs.rows import check_outputs, refuse_dates
from skreg._inputs.suspicions import warn_of_other_range
from skreg._inputs.targets import Targets
from skreg._inputs.weights import check_some_weight


@dataclass(frozen=True)
class Values(Targets):
    """One or several numeric targets, and their standardisation for a network.

    A network's target is (y - center) / scale. Center and scale are the weighted mean
    and standard deviation of the training rows, or for a robust loss the median and the
    distance of the quartiles, divided by that of a normal distribution with a deviation
    of 1. A constant target has a scale of 1. For counts the center is 0 and the scale
    is the mean.
    """

    n_outputs: int
    head: Any
    center: Any = None
    """Array of shape (n_outputs,); None as long as the rows are not known."""
    scale: Any = None
    variance: Any = None
    """That of the network's targets, for counts; 1 for other targets."""

    @classmethod
    def of(cls, y, estimator):
        """Return the targets ``y`` of an estimator, whose scale is not known yet."""
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        kind = LOSSES[estimator.loss]
        head = kind(**{f.name: float(getattr(estimator, f.name)) for f in fields(kind)})
        return cls(n_outputs, head).checked(y, warn=True)

    @classmethod
    def of_fitted(cls, estimator):
        """Return the targets that a fitted regressor knows.

        They are for predictions, which depend on the output activation alone, whatever
        ``loss`` is now.
        """
        activation = estimator.out_activation_
        kind = next(k for k in LOSSES.values() if k.out_activation == activation)
        names = "target_center_", "target_scale_", "target_variance_"
        stated = [getattr(estimator, name) for name in names]
        return cls(estimator.n_outputs_, kind(), *stated)

    @property
    def loss_unit(self):
        """Factor that turns a loss into y's unit; 1 for several targets."""
        return 1.0 if self.n_outputs > 1 else float(self.scale[0]) ** self.head.degree

    def checked(self, y, name="y", warn=False):
        """Return the targets; refuse a ``y`` that they do not describe."""
        with naming(name, "For classes there is RegMLPClassifier."):
            refuse_dates(y, name)
            if y.ndim == 2 and y.shape[1] == 1:
                y = column_or_1d(y, warn=warn)
            y = check_array(y, ensure_2d=False, dtype=np.float64, input_name=name)
        n_targets = len(_columns(y))
        if n_targets != self.n_outputs:
            raise ValueError(
                f"{name} has {n_targets} targets, but the network has "
                f"{self.n_outputs} outputs."
            )
        if self.head.of_counts and y.min() < 0:
            raise ValueError(
                f"{name} has negative values, down to {y.min()}, which "
                "loss='poisson' does not take. Choose another loss."
            )
        return self

    def continued_from(self, fitted):
        """Return the targets of a network to train further, with its scale.

        Another number of targets, and a loss with another output activation, are
        refused.
        """
        if self.n_outputs != fitted.n_outputs:
            raise ValueError(
                f"y has {self.n_outputs} targets, but the trained network has "
                f"{fitted.n_outputs}. Pass as many, or call fit with warm_start=False "
                "to start over."
            )
        own, known = self.head.out_activation, fitted.head.out_activation
        if own != known:
            raise ValueError(
                f"loss needs out_activation_={own!r}, but the trained network has "
                f"{known!r}. Set it back, or call fit with warm_start=False to start "
                "over."
            )
        return replace(
            self, center=fitted.center, scale=fitted.scale, variance=fitted.variance
        )

    @property
    def loss_size(self):
        return float(self.variance.mean()) or 1.0

    def measured(self, y, sample_weight):
        if self.variance is not None:
            return self
        variance = np.ones(self.n_outputs)
        if self.head.of_counts:
            columns, shares = _weighted(y, sample_weight, slice(None))
            with np.errstate(all="ignore"):
                deviations = [_mean_and_deviation(c, shares)[1] for c in columns]
                relative = np.square(deviations / (columns @ shares))
            varies = np.ptp(columns, axis=1) > 0
            variance = np.where(varies & np.isfinite(relative), relative, 0.0)
        return replace(self, variance=variance)

    def scaled_to(self, y, sample_weight, rows, must_vary=False):
        """Return the targets with the center and the scale of ``y`` in the rows.

        Targets that have them are returned as they are. With ``must_vary``, a constant
        target is refused.
        """
        if self.scale is not None:
            return self
        columns, shares = _weighted(y, sample_weight, rows)
        measure = _median_and_quartiles if self.head.is_robust else _mean_and_deviation
        if self.head.of_counts:
            measure = _mean_alone
        with np.errstate(all="ignore"):
            stated = [measure(column, shares) for column in columns]
            center, scale = np.transpose(stated)
            units = scale**self.head.degree
        if self.head.of_counts and not columns.any(axis=1).all():
            raise ValueError(
                "loss='poisson' needs a y with a positive sum, but it is zero in all "
                "training rows (of a fold, in a committee)."
            )
        constant = (columns == columns[:, :1]).all(axis=1).nonzero()[0].tolist()
        if must_vary and not self.head.of_counts and constant:
            which = f", in the columns {constant}" if self.n_outputs > 1 else ""
            raise ValueError(
                "The first call to partial_fit fixes the scale of the targets, but y "
                f"is constant in its {len(rows)} row(s){which}. Begin with rows in "
                "which it varies. To keep y in its own unit, first call fit with one "
                "row of zeros and the target 0."
            )
        if not ((units > _LEAST) & (units < np.inf)).all():
            raise ValueError(
                f"y has a scale of {scale.tolist()} around {center.tolist()}, which is "
                "too large or too small to compute losses with. Change y's unit."
            )
        return replace(self, center=center, scale=scale)

    def attributes(self):
        attributes = super().attributes()
        if self.scale is not None:
            attributes |= {"target_center_": self.center, "target_scale_": self.scale}
            attributes["target_variance_"] = self.variance
        return attributes

    def encode(self, y, dtype, name="y"):
        """Return standardised targets of ``dtype``, of shape (n_outputs, n_samples)."""
        center, scale = self.center[:, np.newaxis], self.scale[:, np.newaxis]
        with np.errstate(over="ignore"):
            columns = (_columns(y) - center) / scale
            columns = np.ascontiguousarray(columns, dtype)  # for `take`
        if not np.isfinite(columns).all():
            raise ValueError(
                f"{name} has values too large for {columns.dtype} after division by "
                f"the scale of y in training, {self.scale.tolist()}."
            )
        return columns

    def compare(self, y, y_val):
        """Warn if the targets to validate on look as if they had another unit."""
        warn_of_other_range(None, _columns(y).T, _columns(y_val).T, name="y")

    def constant_loss(self, rows):
        """Return the loss of predicting the center, in the unit of the network."""
        dataset, index = rows
        y, weights = dataset.targets[:, index].astype(np.float64), dataset.weights
        weights = np.ones(len(index)) if weights is None else weights[index]
        with np.errstate(all="ignore"):
            losses = self.head.losses(np.zeros_like(y), y)
            return np.average(np.where(weights > 0, losses, 0), weights=weights)

    def predictions(self, outputs):
        """Return predictions in y's units, of shape (n_rows,) or (n_rows, n_outputs).

        They are float64. The network's ``outputs``, of shape (n_outputs, n_rows), are
        overwritten.
        """
        with np.errstate(over="ignore"):
            self.head.activate(outputs)
            values = outputs.T * self.scale + self.center
        check_outputs(values)
        return values[:, 0] if self.n_outputs == 1 else values


_LEAST = np.finfo(np.float64).tiny
_NORMAL_QUARTILES = 2 * ndtri(0.75)
"""Their distance in a normal distribution with a deviation of 1."""


def _columns(y):
    """Return checked targets as float64, of shape (n_outputs, n_samples)."""
    return np.atleast_2d(np.asarray(y, np.float64).T)


def _weighted(y, sample_weight, rows):
    """Return the targets of rows as `_columns` does, and the share of each row.

    Rows without a weight are left out.
    """
    columns = _columns(y)[:, rows]
    weights = np.ones(columns.shape[1])
    if sample_weight is not None:
        weights = sample_weight[rows] / (sample_weight[rows].max() or 1)
        check_some_weight(weights, slice(None), "training")
        columns, weights = columns[:, weights > 0], weights[weights > 0]
    return columns, weights / weights.sum()


def _mean_and_deviation(column, shares):
    """Return the mean and standard deviation, weighted by shares that sum to 1."""
    low, high = column.min(), column.max()
    if low == high:
        return low, 1.0
    mean = column @ shares
    largest = np.abs(column - mean).max()
    return mean, largest * np.sqrt(((column - mean) / largest) ** 2 @ shares)


def _median_and_quartiles(column, shares):
    """Return the median and a scale that is robust to outliers, weighted by shares.

    The scale is the standard deviation if the values are normal. If half of them are
    nearly equal, it is a quarter of the deviation of all, clipped to all but the lowest
    and highest twentieth. If those are equal, mean and standard deviation are returned.
    """
    order = np.argsort(column)
    column, shares = column[order], shares[order]
    below, levels = np.cumsum(shares), np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    # The mean of two values where the share below equals the level up to rounding.
    first, last = np.searchsorted(below, [levels - 1e-9, levels + 1e-9])
    least, low, median, high, most = column[first] + (column[last] - column[first]) / 2
    if least == most:
        return _mean_and_deviation(column, shares)
    _, deviation = _mean_and_deviation(np.clip(column, least, most), shares)
    return median, max((high - low) / _NORMAL_QUARTILES, deviation / 4)


def _mean_alone(column, shares):
    """Return zero and the mean, weighted by shares that sum to 1."""
    return 0.0, column @ shares
