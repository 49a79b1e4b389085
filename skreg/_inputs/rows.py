"""Rows as they are passed to `fit` and `predict`: features, targets, sample weights."""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import check_consistent_length, validate_data

from skreg._inputs.columns import is_arrow, is_date, is_missing, without_dictionary
from skreg._inputs.errors import naming, refuse_hidden
from skreg._inputs.weights import check_weights

_SINGLE = {"float32", "float", "float[pyarrow]"}
"""float32 as NumPy and polars, Arrow and pandas with Arrow call it, in lower case."""
_IN_SINGLE = _SINGLE | {"bool", "int8", "uint8", "int16", "uint16", "float16"}
"""Types of which float32 holds every value."""


class Table(NamedTuple):
    """Checked rows to train on."""

    X: Any
    """Array or CSR matrix of float32 or float64."""
    y: Any
    """Array, or for multilabel targets a CSR matrix."""
    sample_weight: np.ndarray | None
    targets: Any
    """The `Targets` of ``y``, such as `Labels`."""


def check_features(estimator, X, reset):
    """Return X as an array or a CSR matrix of float32 or float64.

    With ``reset``, the estimator takes its features over.
    """
    remedy = "Encode text and other objects with TabularEncoder or OneHotEncoder."
    with naming("X", remedy):
        refuse_dates(X, "X")
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=float_types(X), reset=reset
        )


def float_types(X):
    """Return the types that X may keep, or the one to convert it to.

    Of some data frames scikit-learn sees no type, and takes the first.
    """
    names = {str(kind).lower() for _, kinds in _kinds(X) for kind in kinds}
    in_single = names and names <= _IN_SINGLE
    return np.float32 if in_single else [np.float64, np.float32]


def refuse_dates(X, name):
    """Refuse dates and durations, which would become numbers of some unit."""
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    for column, kinds in _kinds(X):
        if any(map(_is_of_dates, kinds)):
            where = "" if column is None else f" in column {column!r}"
            raise ValueError(
                f"{name} has dates or durations{where}. Replace them by numbers, such "
                "as the year, the weekday or the days since a fixed date, or leave "
                "them out."
            )


def _kinds(X):
    """Yield the name and the set of types of each column; an array counts as one."""
    framed = hasattr(X, "columns")
    names, dtypes = [None], [getattr(X, "dtype", None)]
    if is_arrow(X):
        names, dtypes = X.column_names, X.schema.types
    elif framed:
        names, dtypes = X.columns, X.dtypes
    for j, (name, dtype) in enumerate(zip(names, dtypes, strict=True)):
        if str(dtype).lower() == "object":
            values = _safe_indexing(X, j, axis=1) if framed else X
            values = np.ravel(np.asarray(values, object))
            yield name, {getattr(value, "dtype", type(value)) for value in values}
        else:
            yield name, {dtype}


def _is_of_dates(kind):
    if isinstance(kind, type):
        return is_date(kind)
    of_frame = str(kind).lower().startswith(("date", "time", "duration", "period"))
    return getattr(kind, "kind", None) in ("m", "M") or of_frame


def check_range(X, dtype, name):
    """Refuse numbers that are too large for the precision of training."""
    values = X.data if issparse(X) else X
    if np.can_cast(values.dtype, dtype) or not values.size:
        return
    largest = max(values.max(), -values.min())
    if largest > np.finfo(dtype).max:
        raise ValueError(
            f"{name} has values up to {largest:.3g} in size, which is too large for "
            f"{dtype}, the precision of training. Scale the features, for example with "
            "StandardScaler, or train a new network with dtype='float64'."
        )


def check_outputs(outputs):
    """Refuse rows for which the outputs of a network overflow."""
    if not np.isfinite(outputs).all():
        raise ValueError(
            "X has values so large that the outputs of the network overflow. Scale the "
            "features as in training."
        )


def check_targets(y, name):
    """Return targets as an array, of any type."""
    if issparse(y) and y.ndim == 1:
        raise ValueError(f"{name} is sparse, of one dimension. Pass {name}.toarray().")
    options = {"ensure_2d": False, "dtype": None, "accept_sparse": "csr"}
    try:
        return check_array(as_numpy(y), input_name=name, **options)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(
            f"{name} has lists of different lengths. Turn lists of labels into an "
            "indicator matrix with sklearn.preprocessing.MultiLabelBinarizer, and give "
            "all rows the same number of numbers."
        ) from None


def as_numpy(y):
    """Return a nullable column as an array, if none of its numbers is missing.

    ``y`` is a column, or a data frame of one column. Missing texts become None.
    """
    if hasattr(y, "iloc") and y.ndim == 2 and y.shape[1] == 1:
        column = as_numpy(y.iloc[:, 0])
        return column.reshape(-1, 1) if isinstance(column, np.ndarray) else y
    y = without_dictionary(y)
    dtype = getattr(y, "dtype", np.dtype(object))
    if isinstance(dtype, np.dtype) or not hasattr(y, "tolist"):
        return y
    values = y.tolist()
    if any(isinstance(value, str) for value in values):
        return np.array([None if is_missing(v) else v for v in values], dtype=object)
    values = np.asarray(values)
    return values if values.dtype.kind in "biu" else y


def as_vector(y):
    """Return checked targets; if they are a column, as the vector scorers expect."""
    is_column = isinstance(y, np.ndarray) and y.shape[1:] == (1,)
    return y.ravel() if is_column else y


def check_table(estimator, X, y, sample_weight, targets_of, resume=False):
    """Return the `Table` to train on; ``targets_of(y)`` returns its targets.

    With ``resume``, X has to have the features of the fitted network.
    """
    refuse_hidden(X=X, y=y, sample_weight=sample_weight)
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None."
        )
    X = check_features(estimator, X, reset=not resume)
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()  # duplicates of an entry would each draw their own mask
        X.sum_duplicates()
    with naming("y"):
        y = check_targets(y, "y")
        check_consistent_length(X, y)
    weights = check_weights(sample_weight, X, "sample_weight")
    targets = targets_of(y).measured(y, weights)
    return Table(X, as_vector(y), weights, targets)
