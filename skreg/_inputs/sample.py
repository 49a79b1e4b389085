"""What automatic values depend on: how many rows there are, and how they look."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from scipy.special import entr

STREAM_ROWS = 50_000
"""Assumed length of a stream, which is unknown."""


@dataclass(frozen=True)
class Sample:
    """Rows to train on, as automatic values see them."""

    n_rows: int
    n_features: int
    effective_size: int
    """How many rows of equal weight tell as much."""
    feature_size: float = 1.0
    """Relative to that of standardised features."""
    kish_share: float = 1.0
    """Kish's effective size, over the number of rows."""
    is_stream: bool = False
    """Whether these rows are only a part of all rows."""

    @classmethod
    def of(cls, X, weights=None, rows=None):
        """Return the sample of ``rows`` of a table, or of all its rows.

        The size of the features is that of all rows in either case.
        """
        n_rows, n_features = X.shape
        size = feature_size(X, weights)
        if rows is not None:
            n_rows = len(rows)
            weights = None if weights is None else weights[rows]
        return cls.of_weights(weights, n_rows, n_features, size)

    @classmethod
    def of_weights(cls, weights, n_rows, n_features, feature_size):
        """Return the sample of rows with these weights, or of equal ones if None."""
        if weights is None:
            return cls(n_rows, n_features, n_rows, feature_size)
        sizes = effective_size(weights), feature_size, kish_share(weights)
        return cls(n_rows, n_features, *sizes)

    @classmethod
    def of_stream(cls, X):
        """Return the sample of some rows of a stream."""
        n_rows, n_features = X.shape
        return cls(n_rows, n_features, STREAM_ROWS, is_stream=True)


def some_of(rows, n_parts=1):
    """Return evenly spaced rows, at most 500, or 500 / ``n_parts``."""
    return rows[:: -(-rows.shape[0] * n_parts // 500)]


def effective_size(weights):
    """Return the perplexity of weights, rounded to whole rows.

    It is exp(-Σ p log p) with p = s / Σ s: n for n equal weights, and k if all but k
    equal weights are zero.
    """
    shares = weights / (weights.max() or 1)
    return round(float(np.exp(entr(shares / (shares.sum() or 1)).sum())))


def kish_share(weights):
    """Return Kish's effective size, rounded to whole rows, over the number of weights.

    It is (Σ s)² / Σ s²: a weighted mean has the variance of a plain one of so many
    rows.
    """
    weights = weights / (weights.max() or 1)
    return round(weights.sum() ** 2 / ((weights**2).sum() or 1)) / len(weights)


def feature_size(X, weights=None):
    """Return the size of the features, relative to that of standardised ones.

    It is 1 unless all columns of an array lie in narrow intervals, as MinMaxScaler
    makes them. A standardised column is at least 2 wide, and about 4 if it is normal.
    Nor are indicators and counts small: most columns have two values, or nearly all
    entries are at an end of their column's interval. A few hundred rows tell.
    """
    if issparse(X):
        return 1.0
    rows = np.arange(X.shape[0])
    if weights is not None and weights.any():
        rows = np.flatnonzero(weights)
    sample = X[some_of(rows)]
    low, high = sample.min(axis=0), sample.max(axis=0)
    with np.errstate(over="ignore"):
        width = float((high - low).max())
    at_end = (sample == low) | (sample == high)
    if width >= 1.5 or at_end.all(axis=0).mean() > 0.5 or at_end.mean() > 0.9:
        return 1.0
    return width / 4
