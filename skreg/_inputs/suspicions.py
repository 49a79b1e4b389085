"""Warnings about input that looks wrong, but need not be.

All look at a few hundred rows, enough to see a mistake that affects all rows.
"""

from math import inf, isnan
from numbers import Integral

import numpy as np

from skreg._inputs.columns import rare_categories
from skreg._inputs.errors import warn_the_caller
from skreg._inputs.sample import some_of

_LARGE, _SMALL = 40, 1e-3
"""Of the root mean square of a column, and of the largest size of its values."""
_ENOUGH_ROWS = 50
"""In fewer rows a column may be small by chance."""
_MANY_NUMBERS = 10
"""As many different numbers, or fewer, may well be categories."""
_MANY_CATEGORIES = 1000
"""As many indicators of one column take much memory, and a network learns slowly."""


def warn_of_scale(estimator, X):
    """Warn if a column of X is so large or so small that training is slow or fails."""
    sample = _sample(X)
    is_dense = isinstance(sample, np.ndarray)
    values = sample if is_dense else sample.data
    np.abs(values, out=values)
    scales = sample.max(axis=0)
    scales = scales if is_dense else scales.toarray().ravel()
    with np.errstate(over="ignore", under="ignore"):
        np.multiply(values, values, out=values)
        if is_dense:
            squares = sample.sum(axis=0)
        else:  # SciPy would take copies
            squares = np.bincount(sample.indices, values, len(scales))
    large = np.sqrt(squares / sample.shape[0]) > _LARGE
    n_large, n_small = large.sum(), 0
    if is_dense:
        small = np.flatnonzero((scales > 0) & (scales < _SMALL))
        if len(sample) >= _ENOUGH_ROWS and len(small):
            # A column that is zero in most rows may have its larger values elsewhere.
            columns = (X[:, k] for k in small)  # views, not a copy
            ranges = [(x.min(), x.max()) for x in columns]
            # A constant has nothing to learn, and scalers leave it near zero.
            scales[small] = [max(b, -a) if b > a else 0 for a, b in ranges]
            n_small = ((scales[small] > 0) & (scales[small] < _SMALL)).sum()
    if not n_large + n_small:
        return
    order = scales * large if n_large else np.where(scales > 0, -scales, -inf)
    worst = int(order.argmax())
    warn_the_caller(
        f"{_column(estimator, worst)} of X has values up to {scales[worst]:.3g} in "
        f"size; of {len(scales)} columns {n_large} have a root mean square above "
        f"{_LARGE:g}, and {n_small} stay below {_SMALL:g}. A network hardly learns "
        "from such columns: scale the features, with StandardScaler or TabularEncoder "
        "in a pipeline."
    )


def warn_of_other_range(estimator, X, X_val, name="X"):
    """Warn if X_val lies far outside the range of X, as if only one was scaled.

    With ``name="y"`` and without an estimator, it compares targets.
    Sparse rows, which are not centred, are not checked.
    """
    inside, other = _sample(X), _sample(X_val)
    if not isinstance(inside, np.ndarray) or not isinstance(other, np.ndarray):
        return
    low, high = inside.min(axis=0), inside.max(axis=0)
    width = high - low
    varies = width > 0
    far = ((other < low - width) | (other > high + width)) & varies
    share = far.sum() / max(1, len(other) * varies.sum())
    if share <= 0.1:
        return
    worst = int(far.mean(axis=0).argmax())
    hint = " In a pipeline, transform_input=['X_val'] does that."
    warn_the_caller(
        f"{name}_val lies far outside the range of {name}: {share:.0%} of its values "
        "are further away than the range of their column is wide. "
        f"{_column(estimator, worst)} is from {low[worst]:.3g} to {high[worst]:.3g} in "
        f"{name}, and from {other[:, worst].min():.3g} to {other[:, worst].max():.3g} "
        f"in {name}_val. Was {name}_val transformed like {name}?"
        f"{hint if name == 'X' else ''}"
    )


def warn_of_many_classes(n_classes, n_rows):
    """Warn if most rows have a class of their own, as numbers would."""
    if n_rows >= _ENOUGH_ROWS and n_classes > n_rows / 2:
        warn_the_caller(
            f"y has {n_classes} classes in {n_rows} rows. Are they classes? To predict "
            "numbers, use RegMLPRegressor."
        )


def warn_of_rounding(columns):
    """Warn of integers that differ but have the same float64, in columns of numbers."""
    for column in columns:
        if column.values.dtype.kind == "f":
            continue
        sample = some_of(column.values).tolist()
        integers = {int(value) for value in sample if isinstance(value, Integral)}
        if len({*map(float, integers)}) < len(integers):
            warn_the_caller(
                f"Column {column.name!r} has integers such as {min(integers)}, some of "
                "which are equal in float64. If they are categories, make the column "
                "categorical; if they are identifiers, leave it out."
            )


def warn_of_texts(columns, texts, one_hot):
    """Warn of columns of text: nearly all numbers, too many categories, or too rare.

    ``texts`` has a column of categories for each of ``columns``.
    """
    samples = some_of(texts).T
    rare_ones = rare_categories(one_hot)
    every = zip(columns, samples, rare_ones, one_hot.categories_, strict=True)
    for column, sample, rare, categories in every:
        numbers = [text for text in sample if _is_number(text)]
        others = sorted({*sample} - {*numbers, "missing"})
        if (
            others
            and not column.is_category
            and len(numbers) > 0.5 * len(sample)
            and len({*numbers}) > _MANY_NUMBERS
        ):
            warn_the_caller(
                f"Column {column.name!r} has mostly numbers, but is read as categories "
                f"because of {others[0]!r}. If that stands for a missing value, "
                "replace it by NaN, as pandas.read_csv does with na_values."
            )
            continue
        n_frequent = len(categories) - len(rare)
        if n_frequent > _MANY_CATEGORIES:
            warn_the_caller(
                f"Column {column.name!r} has {n_frequent} categories that are not "
                "rarer than min_frequency, and each becomes a column. Raise "
                "min_frequency, or encode this column with scikit-learn's "
                "TargetEncoder."
            )
            continue
        n_rare = sum(text in rare for text in sample)
        repeated = len({*sample}) < 0.5 * len(sample)
        if len(rare) == len(categories) > 1 and repeated:
            text = next((text for text in sample if text != "missing"), "missing")
            warn_the_caller(
                f"All categories of column {column.name!r}, such as {text!r}, are "
                "rarer than min_frequency, so they share one indicator, and the column "
                "says nothing. Lower min_frequency."
            )
            continue
        if len(sample) < _ENOUGH_ROWS or n_rare <= 0.9 * len(sample):
            continue
        if repeated:
            warn_the_caller(
                f"Nearly all categories of column {column.name!r}, such as "
                f"{sample[0]!r}, are in fewer than min_frequency rows, so the column "
                "says nearly nothing. Lower min_frequency."
            )
        else:
            warn_the_caller(
                f"Column {column.name!r} has text such as {sample[0]!r} that differs "
                "from row to row. Nearly all of it is too rare to be a category, so "
                "the column says nearly nothing. Convert text to the numbers or dates "
                "that it stands for, dates to numbers, and leave out identifiers."
            )


def warn_of_other_categories(columns, texts, one_hot):
    """Warn if a column has none of its categories in `fit`."""
    if len(texts) < _ENOUGH_ROWS:
        return
    of_columns = columns, texts.T, one_hot.categories_, rare_categories(one_hot)
    for column, column_texts, known, rare in zip(*of_columns, strict=True):
        found = {*column_texts} - {"missing"}
        frequent = {*known} - {"missing"} - rare
        if not found or not frequent or not found.isdisjoint(known):
            continue
        held = ", ".join(map(repr, sorted(frequent)[:3]))
        more = ", ..." if len(frequent) > 3 else ""
        warn_the_caller(
            f"Column {column.name!r} held {held}{more} in fit and now holds only other "
            f"values, such as {min(found)!r}. Convert it to the type and spelling that "
            "it had in fit, or fit the encoder again."
        )


def _is_number(text):
    try:
        return not isnan(float(text))
    except ValueError:
        return False


def _sample(X):
    """Return evenly spaced rows, in float64 to avoid overflow."""
    return some_of(X).astype(np.float64)


def _column(estimator, k):
    names = getattr(estimator, "feature_names_in_", None)
    return f"Column {k}" if names is None else f"Column {names[k]!r}"
