"""The columns of a table, each read as numbers or as categories."""

from datetime import date, time, timedelta
from decimal import Decimal
from itertools import compress
from math import isinf
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing, check_array

from skreg._inputs.errors import naming, refuse_hidden, refuse_lazy

_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}  # pandas may not be installed
_PRESENT = {str, bool, int}  # for speed: the types of most values
_FLOATS = float, np.floating
_MAY_BE_NAN = *_FLOATS, Decimal, np.datetime64, np.timedelta64
_LARGEST = 1e150
"""Squares of larger numbers, which the standard deviation needs, overflow."""
_NESTED = list, tuple, dict, set, frozenset, np.ndarray
_DECLARED = "categor", "dictionary", "enum"
"""How the types of pandas, Arrow and polars for categories begin."""
_DATES = date, time, timedelta, np.datetime64, np.timedelta64


def check_columns(estimator, X):
    """Return X as a data frame or as an array of two dimensions."""
    refuse_hidden(X=X)
    refuse_lazy("X", X, "compute")
    if hasattr(X, "columns"):
        return X
    dtype = None if hasattr(X, "dtype") else object  # a list may mix types
    with naming("X"):
        return check_array(X, dtype=dtype, ensure_all_finite=False, estimator=estimator)


def columns_of(X):
    """Return each `Column` of a checked table."""
    if is_arrow(X):
        return [*map(Column, X.column_names, X.columns)]
    names = getattr(X, "columns", range(X.shape[1]))
    return [Column(name, _safe_indexing(X, j, axis=1)) for j, name in enumerate(names)]


def is_arrow(X):
    """Return whether X is a table of pyarrow, whose ``columns`` are no names."""
    return hasattr(type(X), "column_names")


def without_dictionary(column):
    """Return a column, of pyarrow without codes: NumPy misreads nulls among them."""
    kind: Any = getattr(column, "type", None)
    return column.cast(kind.value_type) if hasattr(kind, "index_type") else column


class Column:
    """A column as an array of numbers, or of objects with None for missing."""

    def __init__(self, name, column):
        self.name = name
        kind: Any = getattr(column, "dtype", getattr(column, "type", None))
        self.is_category = str(kind).lower().startswith(_DECLARED)
        self.values = np.asarray(without_dictionary(column))
        self._types: set = set()
        """Of objects, without that of None."""
        if self.is_category and self.values.dtype == np.float64:
            # Floats stand for integers where one is missing, and round large ones.
            to_list = getattr(column, "to_pylist", None) or column.tolist
            self.values = np.array(to_list(), object)
        if self.values.dtype.kind not in "iuf" or self.values.ndim > 1:
            is_time = self.values.dtype.kind in "mM"  # its list may hold integers
            values = self.values if is_time else self.values.tolist()
            objects = [None if is_missing(v) else v for v in values]
            self.values = np.fromiter(objects, object, len(objects))
            self._types = {*map(type, objects)} - {type(None)}
            for kind in self._types:
                if problem := _problem(kind):
                    raise ValueError(f"Column {name!r} holds {problem}")

    def is_numeric(self):
        """Return whether it holds only numbers."""
        if self.is_category:
            return False
        if self.values.dtype.kind != "O":
            return True
        return bool(self._types) and all(map(_is_number, self._types))

    def as_numbers(self):
        """Return the numbers, with NaN for missing."""
        values = self.values
        if values.dtype.kind == "O":
            others = {kind for kind in self._types if not _is_number(kind)}
            if others:
                other = next(v for v in values if type(v) in others)
                raise ValueError(
                    f"Column {self.name!r} held numbers in fit and holds {other!r} "
                    "now. Convert it to numbers, with None or NaN for missing, or fit "
                    "the encoder again."
                )
            try:
                values = values.astype(np.float64)
            except OverflowError:
                raise self._too_large("an integer beyond all floats") from None
        largest = max(float(np.fmax.reduce(values)), -float(np.fmin.reduce(values)))
        if largest > _LARGEST:
            what = f"numbers up to {largest:.3g} in size"
            raise self._too_large("infinite numbers" if isinf(largest) else what)
        return values

    def _too_large(self, what):
        return ValueError(
            f"Column {self.name!r} holds {what}. Numbers above {_LARGEST:g} in size "
            "cannot be standardised. If one marks a missing value, replace it by NaN, "
            "and otherwise by a smaller number."
        )

    def as_text(self):
        """Return the text of each category."""
        if self.values.dtype.kind == "O":
            return np.fromiter(map(_text, self.values), object, len(self.values))
        numbers, inverse = np.unique(self.values, return_inverse=True)
        return np.fromiter(map(_text, numbers), object, len(numbers))[inverse]


def split(columns, is_categorical):
    """Return the columns of numbers as an array, and those of categories as another."""
    numbers = [column.as_numbers() for column in compress(columns, ~is_categorical)]
    texts = [column.as_text() for column in compress(columns, is_categorical)]
    n_rows = len(columns[0].values)
    # A long double differs between platforms: what an encoder learns would not load.
    dtype = min(np.result_type(np.float32, *numbers), np.dtype(np.float64))
    return _stack(numbers, n_rows, dtype), _stack(texts, n_rows, object)


def are_booleans(categories):
    """Return whether a column held only booleans in `fit`."""
    return {*categories} - {"missing"} <= {"False", "True"}


def name_booleans(texts, one_hot):
    """Write 0 and 1 as False and True, in the columns that held only those in `fit`."""
    for column, known in zip(texts.T, one_hot.categories_, strict=True):
        if are_booleans(known):
            column[column == "0"] = "False"
            column[column == "1"] = "True"


def rare_categories(one_hot):
    """Return the set of rare categories of each column of a OneHotEncoder."""
    by_column = one_hot.infrequent_categories_
    return [set() if rare is None else {*rare} for rare in by_column]


def unique_names(names):
    """Return the names, with underscores after one that another column has already."""
    unique: dict[str, None] = {}
    for name in names:
        while name in unique:
            name += "_"
        unique[name] = None
    return [*unique]


def _stack(columns, n_rows, dtype):
    stacked = np.empty((n_rows, len(columns)), dtype)
    for j, column in enumerate(columns):
        stacked[:, j] = column
    return stacked


def is_missing(value):
    """Return whether a value stands for a missing one."""
    if type(value) in _PRESENT:
        return False
    if isinstance(value, _MAY_BE_NAN):
        return value != value
    return type(value).__name__ in _MISSING_TYPES


def _problem(kind):
    """Return the problem with values of a type and its remedy, or None."""
    if is_date(kind):
        return (
            "dates or durations. Replace it by numbers or categories, such as the "
            "year, the weekday or the days since a fixed date, or leave it out."
        )
    if issubclass(kind, _NESTED):
        return "lists or structs. Split it into columns of numbers or categories."
    if issubclass(kind, complex | np.complexfloating):
        return "complex numbers. Split it into columns of real and imaginary parts."
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return f"objects of {kind!r}, which have no text. Replace them by categories."
    return None


def is_date(kind):
    """Return whether values of a type are dates or durations."""
    return issubclass(kind, _DATES) or kind.__name__ == "Period"


def _is_number(kind):
    return issubclass(kind, Real | Decimal) and kind is not bool


def _text(value):
    if isinstance(value, str):
        return str(value)
    if is_missing(value):
        return "missing"
    if isinstance(value, _FLOATS) and value.is_integer():
        value = int(value)  # integers become floats where one is missing
    return str(value)
