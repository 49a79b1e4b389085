"""Folds of a table: which rows each member of a committee trains and validates on."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv

from skreg._inputs.errors import naming, warn_the_caller


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
        counted = np.ones(n_rows, bool) if sample_weight is None else sample_weight > 0
        return _random_folds(cv, strata, counted, seed)
    with naming("cv"):
        splitter = check_cv(cv, y, classifier=strata is not None)
        splits = splitter.split(X, y, groups)
        folds = [_check_fold(split, n_rows) for split in splits]
    if len(folds) < 2:
        remedy = "" if folds else " Was it an iterator that has been used before?"
        raise ValueError(f"cv gives {len(folds)} folds; at least 2 are needed.{remedy}")
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
    train_rows, held_out = (_row_numbers(part, n_rows) for part in split)
    if np.intersect1d(train_rows, held_out).size:
        raise ValueError("a fold validates on rows that it trains on.")
    return train_rows, held_out


def _row_numbers(rows, n_rows):
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


def _random_folds(n_folds, strata, counted, seed):
    """Deal rows to folds; ``counted`` says which rows have a weight."""
    n_rows = len(counted)
    codes, alone = np.zeros(n_rows, int), np.zeros(n_rows, bool)
    if strata is not None:
        codes = np.unique(strata, return_inverse=True)[1]
        n_counted = np.bincount(codes, counted)[codes]
        alone = (np.bincount(codes)[codes] == 1) | (counted & (n_counted == 1))
    order = np.random.RandomState(seed).permutation(n_rows)
    order = order[np.lexsort((codes[order], ~counted[order]))]
    order = order[~alone[order]]
    if n_folds > counted[order].sum():
        reason = ""
        if alone.any():
            reason = (
                f" {alone.sum()} classes have a single row, which is not held out. If "
                "the targets are numbers, use RegMLPRegressorCV."
            )
        raise ValueError(
            f"cv={n_folds} needs as many rows that can be held out, but there are "
            f"{counted[order].sum()} of n_samples={n_rows}.{reason}"
        )
    numbers = np.full(n_rows, -1)
    numbers[order] = np.arange(len(order)) % n_folds
    return [
        (np.flatnonzero(numbers != k), np.flatnonzero(numbers == k))
        for k in range(n_folds)
    ]
