"""The bins and the frequent values of a column of numbers."""

from types import SimpleNamespace

import numpy as np
from sklearn.utils import gen_batches

ROWS_AT_ONCE = 1024  # the code of this many rows fits in the processor's cache
_MOST_VALUES = 50
_SEVEN_DIGITS = 1e-7  # the precision of a table in float32


def learn(x, n_bins, n_least):
    """Return what an encoder learns of a column of numbers, as its attributes have it.

    Values in at least ``n_least`` rows may be frequent ones.
    """
    n_rows, missing = len(x), np.isnan(x)
    x = x.astype(np.float64)
    observed = x[~missing] if not missing.all() else np.zeros(1)
    median = np.median(observed)
    counted = np.unique(observed, return_counts=True)
    edges = bin_edges(*counted, n_bins)
    values, tolerances = frequent_values(*counted, n_bins, n_rows / 2, n_least)
    x[missing] = median
    code_sum = sum(
        piecewise_linear(x[rows, np.newaxis], [edges]).sum(axis=0)
        for rows in gen_batches(n_rows, ROWS_AT_ONCE)
    )
    is_constant = len(edges) == 1
    return SimpleNamespace(
        median=median,
        mean=edges[0] if is_constant else x.mean(),  # not off by rounding
        scale=1.0 if is_constant else x.std() or np.ptp(x),  # squares may underflow
        has_missing=missing.any(),
        edges=edges,
        code_mean=code_sum / n_rows,
        values=values,
        tolerances=tolerances,
    )


def bin_edges(values, counts, n_bins):
    """Return the edges of at most ``n_bins`` bins that hold about equally many rows.

    If no value occurs twice they are the quantiles. A value that would fill several
    bins is counted as filling one, to leave the other bins to the other values.
    """
    if len(values) <= n_bins + 1:
        return values
    for _ in range(n_bins):  # each round lowers the total, and with it the limit
        counts = np.minimum(counts, counts.sum() / n_bins)
    centers = np.cumsum(counts) - counts / 2
    quantiles = np.linspace(centers[0], centers[-1], n_bins + 1)
    return np.unique(np.interp(quantiles, centers, values))  # rounding may join two


def frequent_values(values, counts, n_bins, n_most, n_least):
    """Return the values that get an indicator, the most frequent first, and tolerances.

    There are some only if one value fills more than ``n_most`` rows and the others are
    too many for the bins. They fill at least ``n_least`` rows each. A tolerance is how
    far a number may be from a value to count as it, in another precision than in `fit`;
    all other values are further away.
    """
    if len(values) <= n_bins + 1 or counts.max() <= n_most:
        return np.empty(0), np.empty(0)
    gaps = np.diff(values, prepend=-np.inf, append=np.inf)
    nearest = np.minimum(gaps[:-1], gaps[1:])
    tolerances = np.minimum(_SEVEN_DIGITS * abs(values), 0.49 * nearest)
    by_count = np.argsort(-counts, kind="stable")[1 : _MOST_VALUES + 1]
    frequent = by_count[counts[by_count] >= n_least]
    return values[frequent], tolerances[frequent]


def is_frequent(x, values, tolerances):
    """Return whether rows of numbers have each of the frequent values."""
    column, value, tolerance = flattened(values, tolerances)
    return abs(x[:, column] - value) <= tolerance


def flattened(values, tolerances):
    """Return the frequent values of all columns, with their columns and tolerances."""
    column = np.repeat(np.arange(len(values)), [*map(len, values)])
    none = np.empty(0)
    return column, np.concatenate([none, *values]), np.concatenate([none, *tolerances])


def piecewise_linear(x, edges):
    """Return the piecewise-linear code of rows of numbers."""
    column, left, width = code_bins(edges)
    return np.clip((x[:, column] - left) / width, 0, 1)


def code_bins(edges):
    """Return the bins of all columns that have a code, one after the other.

    Parameters
    ----------
    edges : list of ndarray
        The edges of each column.

    Returns
    -------
    column, left, width : ndarray of shape (n_bins,)
        The column, the left edge and the width of each bin.
    """
    coded = [(j, ends) for j, ends in enumerate(edges) if len(ends) > 2]
    column = np.array([j for j, ends in coded for _ in ends[1:]], dtype=np.intp)
    left = np.array([end for _, ends in coded for end in ends[:-1]])
    right = np.array([end for _, ends in coded for end in ends[1:]])
    return column, left, right - left
