"""Which rows train and which validate: the folds of a committee, or held-out rows."""

from math import ceil
from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from skreg._inputs.columns import is_missing
from skreg._inputs.errors import naming, warn_the_caller

_FEW_ROWS = 5
"""The best epoch on fewer rows says more of the rows than of the network."""


def make_folds(cv, X, y, strata, groups, sample_weight, seed):
    """Return for each fold the row indices to train on and to validate on.

    If ``cv`` is a number, rows are assigned to folds at random, class by class, and
    those without weight after all others. Every training part then has all classes: the
    only row of a class is never held out. Otherwise it is a splitter, which gets X as
    it was passed to `fit`, or an iterable, as in scikit-learn's searches. ``strata``
    has the class of each row, if there are classes.
    """
    n_rows = y.shape[0]
    if cv is None or isinstance(cv, Integral):
        cv = 5 if cv is None else int(cv)
        if groups is not None:
            raise ValueError(
                f"groups were passed, but cv={cv} does not use them. Pass a splitter "
                "that does, such as cv=GroupKFold(5)."
            )
        folds = _random_folds(cv, n_rows, strata, sample_weight, seed)
    else:
        folds = _given_folds(cv, X, y, strata, groups)
    size = int(np.median([len(held_out) for _, held_out in folds]))
    if size < _FEW_ROWS <= n_rows / 5:
        warn_the_caller(
            f"cv validates on {size} row(s) per fold (the median). Each network stops "
            "at the epoch that suits its few rows best, so out-of-fold predictions and "
            "best_score_ are far too good. Validate on more rows per fold, as with "
            f"{'cv=5' if groups is None else 'GroupKFold(5)'}."
        )
    return folds


def _given_folds(cv, X, y, strata, groups):
    """Return the folds of a splitter or an iterable, checked."""
    if groups is not None:
        with naming("groups"):
            groups = check_array(column_or_1d(groups), ensure_2d=False, dtype=None)
            check_consistent_length(y, groups)
            if any(map(is_missing, groups.tolist())):
                raise ValueError("some are missing. Give every row a group.")
    with naming("cv"):
        splitter = check_cv(cv)
        splits = splitter.split(X, y, groups)
        folds = [_check_fold(split, y.shape[0]) for split in splits]
    if len(folds) < 2:
        remedy = " Was it an iterator that has been used before?"
        if folds:
            remedy = (
                " For one validation set take a network, with early_stopping=True and "
                "X_val and y_val in fit."
            )
        raise ValueError(
            f"cv gives {len(folds)} fold(s); at least 2 are needed.{remedy}"
        )
    fewest, *_, most = sorted(len(train_rows) for train_rows, _ in folds)
    if most > 2 * fewest:
        warn_the_caller(
            f"cv trains networks on {fewest} to {most} rows, but they count alike in "
            "the committee. If the splitter is TimeSeriesSplit, KFold() suits better."
        )
    if strata is not None:
        _warn_of_absent_classes(folds, strata)
    return folds


def _warn_of_absent_classes(folds, strata):
    """Warn of training parts that lack classes, whose rows are scored all the same."""
    absent = [np.setdiff1d(strata, strata[train_rows]) for train_rows, _ in folds]
    n_lacking = sum(map(bool, map(len, absent)))
    if n_lacking:
        warn_the_caller(
            f"cv trains {n_lacking} of {len(folds)} networks without some classes: "
            f"{np.unique(np.concatenate(absent)).tolist()}. Shuffle or stratify, or "
            "pass a number of folds, which does both."
        )


def _check_fold(split, n_rows):
    """Return the row indices on either side."""
    train_rows, held_out = (_row_indices(part, n_rows) for part in split)
    if np.intersect1d(train_rows, held_out).size:
        raise ValueError("a fold validates on rows that it trains on.")
    return train_rows, held_out


def _row_indices(rows, n_rows):
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
        raise ValueError(
            f"a fold has to train and to validate on some rows, got {rows}. Pass their "
            "indices, or a boolean mask of all rows."
        )
    if not 0 <= rows.min() <= rows.max() < n_rows:
        raise ValueError(
            f"a fold has rows {rows.min()} to {rows.max()}, but there are {n_rows} "
            "rows, counted from 0."
        )
    return rows


def _random_folds(n_folds, n_rows, strata, sample_weight, seed):
    codes, order, has_weight = _by_class(n_rows, strata, sample_weight, seed)
    alone = np.zeros(n_rows, bool)
    if strata is not None:
        n_with_weight = np.bincount(codes, has_weight)[codes]
        alone = (np.bincount(codes)[codes] == 1) | (has_weight & (n_with_weight == 1))
    order = order[~alone[order]]
    n_held_out = has_weight[order].sum()
    if n_folds > n_held_out:
        reason = ""
        if alone.any():
            reason = (
                f" {alone.sum()} row(s) are the only ones of their class with a "
                "weight, and are not held out. If the targets are numbers, use "
                "RegMLPRegressorCV."
            )
        raise ValueError(
            f"cv={n_folds} needs as many rows that can be held out, but there are "
            f"{n_held_out} of n_samples={n_rows}.{reason}"
        )
    numbers = np.full(n_rows, -1)
    numbers[order] = np.arange(len(order)) % n_folds
    return [
        (np.flatnonzero(numbers != k), np.flatnonzero(numbers == k))
        for k in range(n_folds)
    ]


def hold_out(n_rows, strata, sample_weight, fraction, seed):
    """Return the row indices to train on, and those to validate on: a fraction of all.

    ``strata`` has the class of each row, if there are classes. The same share of each
    is held out, but never all of its rows and, with few classes, at least one.
    """
    codes, order, _ = _by_class(n_rows, strata, sample_weight, seed)
    # Of each class one row trains, with a weight if any has one.
    order = np.delete(order, np.unique(codes[order], return_index=True)[1])
    wanted = ceil(fraction * n_rows)
    n_held_out = min(wanted, len(order))
    if n_held_out < 2 or wanted == n_rows:
        raise ValueError(
            f"The validation set would have {n_held_out} rows, of n_samples={n_rows}. "
            f"Change validation_fraction={fraction}, pass more rows, or pass X_val and "
            "y_val to fit."
        )
    # Evenly spaced in an order class by class: the same share of each.
    held_out = order[(2 * np.arange(n_held_out) + 1) * len(order) // (2 * n_held_out)]
    classes, first = np.unique(codes[order], return_index=True)
    if 4 * len(classes) <= n_held_out:  # there is room for a row of each
        for row in order[first[~np.isin(classes, codes[held_out])]]:
            largest = np.bincount(codes[held_out]).argmax()
            held_out[(codes[held_out] == largest).argmax()] = row
    return np.setdiff1d(np.arange(n_rows), held_out), np.sort(held_out)


def _by_class(n_rows, strata, sample_weight, seed):
    """Return the class of each row, an order of the rows, and which have a weight.

    The order is random, but class by class, and rows without weight are last.
    """
    codes, has_weight = np.zeros(n_rows, int), np.ones(n_rows, bool)
    if strata is not None:
        codes = np.unique(strata, return_inverse=True)[1]
    if sample_weight is not None:
        has_weight = sample_weight > 0
    order = np.random.RandomState(seed).permutation(n_rows)
    return codes, order[np.lexsort((codes[order], ~has_weight[order]))], has_weight
