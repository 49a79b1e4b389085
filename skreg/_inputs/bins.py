"""The bins and the frequent values of a column of numbers."""

import numpy as np

_MOST_VALUES = 100
SEVEN_DIGITS = 1e-7
"""The precision of a table in float32."""


def bin_edges(x, n_bins):
    """Return the edges of at most `n_bins` bins that hold about equally many values.

    If no value occurs twice they are the quantiles. A value that would fill several
    bins is counted as filling one, to leave the other bins to the other values.
    """
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= n_bins + 1:
        return values
    for _ in range(n_bins):  # each round lowers the total, and with it the limit
        counts = np.minimum(counts, counts.sum() / n_bins)
    centers = np.cumsum(counts) - counts / 2
    quantiles = np.linspace(centers[0], centers[-1], n_bins + 1)
    return np.unique(np.interp(quantiles, centers, values))  # rounding may join two


def frequent_values(x, n_bins, n_most, n_least):
    """Return the values that get an indicator, the most frequent first.

    There are some only if one value fills more than `n_most` rows and the others are
    too many for the bins. They fill at least `n_least` rows each.
    """
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= n_bins + 1 or counts.max() <= n_most:
        return values[:0]
    by_count = np.argsort(-counts, kind="stable")[1 : _MOST_VALUES + 1]
    return values[by_count][counts[by_count] >= n_least]


def is_frequent(x, frequent):
    """Return whether rows of numbers have each of the frequent values."""
    column, value = columns_and_values(frequent)
    return abs(x[:, column] - value) <= SEVEN_DIGITS * abs(value)


def columns_and_values(frequent):
    """Return the frequent values of all columns, each behind its column."""
    column = np.repeat(np.arange(len(frequent)), [len(values) for values in frequent])
    return column, np.concatenate([np.empty(0), *frequent])


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
