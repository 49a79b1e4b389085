"""Errors that name the argument and leave the estimator unchanged, and warnings."""

import re
import sys
import warnings
from contextlib import contextmanager
from types import FrameType

import numpy as np
from sklearn.utils.validation import _get_feature_names


@contextmanager
def unchanged_on_error(estimator):
    """Restore the attributes of an estimator if an error occurs.

    Lists, to which training appends, are cut to their former length. A generator passed
    as ``random_state`` gets its former state.
    """
    before, generator = vars(estimator).copy(), getattr(estimator, "random_state", None)
    lengths = {n: len(value) for n, value in before.items() if type(value) is list}
    if isinstance(generator, np.random.RandomState):
        generator_state = generator.get_state()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        for name, length in lengths.items():
            del before[name][length:]
        if isinstance(generator, np.random.RandomState):
            generator.set_state(generator_state)
        raise


_FOR_MISSING = {
    "X": "Fill in missing values, with TabularEncoder or SimpleImputer in a pipeline.",
    "y": "Leave out the rows whose target is missing.",
    "groups": "Give every row a group.",
}
_MISSING = "Input .*contains NaN|boolean value of NA is ambiguous|float.* not 'NAType'"
_NO_NUMBER = r"convert string to float|float\(\) argument must be"


@contextmanager
def naming(argument, remedy_for_text=""):
    """Name the argument in the message of an error about it.

    ``remedy_for_text`` is added if there was text, or some other object, instead of
    numbers, and the remedy for missing values if there were any. NumPy's warnings are
    off: invalid numbers are about to be refused, and a sum of finite numbers that
    overflows is no mistake.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        message = str(error)
        remedy = _FOR_MISSING.get(argument.removesuffix("_val"))
        if remedy and re.match(_MISSING, message):
            message = f"{argument} contains NaN. {remedy}"
        elif remedy_for_text and re.search(_NO_NUMBER, message):
            message = f"{message}. {remedy_for_text}"
        if not re.search(rf"\b{argument}\b", message):
            message = f"{argument}: {message}"
        if message == str(error) and not isinstance(error, OverflowError):
            raise
        kinds = TypeError, MemoryError
        kind = next((kind for kind in kinds if isinstance(error, kind)), ValueError)
        raise kind(message) from None


def refuse_hidden(**arguments):
    """Refuse what scikit-learn does not see: masks, rows to come, names of columns.

    Frames without rows or columns are refused, too, since it has no words for them.
    """
    for name, value in arguments.items():
        refuse_lazy(name, value, "collect")
        kind = type(value)
        if kind.__name__ == "RecordBatch":  # scikit-learn sees no names in it
            raise TypeError(
                f"{name} is a RecordBatch. Pass pyarrow.Table.from_batches([{name}])."
            )
        if hasattr(kind, "to_native") and hasattr(kind, "columns"):  # nor in this
            raise TypeError(f"{name} is a frame of narwhals. Pass {name}.to_native().")
        # Dask does not know how many rows will come: it has no int for them.
        shape = [*getattr(value, "shape", ())] if hasattr(value, "columns") else []
        if any(isinstance(n, int) and n == 0 for n in shape):
            raise ValueError(
                f"{name} has {shape[0]} rows and {shape[1]} columns. Pass a table with "
                "at least one of each."
            )
        of_polars = kind.__name__ == "DataFrame" and "polars" in kind.__module__
        if of_polars and _get_feature_names(value) is None:
            raise TypeError(
                f"{name} is a data frame of polars, in which this version of "
                "scikit-learn sees no column names. Install scikit-learn 1.9 or later, "
                f"or pass {name}.to_pandas()."
            )
        parts = value if isinstance(value, list | tuple) else [value]
        if any(map(np.ma.is_masked, parts)):
            remedy = "Leave out their rows."
            if name.removesuffix("_val") == "X":
                remedy = (
                    f"Replace them, with {name}.astype(float).filled(numpy.nan), and "
                    "put TabularEncoder or SimpleImputer in front."
                )
            raise ValueError(
                f"{name} has masked entries, which would be taken for data. {remedy}"
            )


def refuse_lazy(name, value, method):
    """Refuse a frame whose rows only this method computes."""
    if hasattr(type(value), method):  # an attribute of the value may be a column
        raise TypeError(f"{name} is lazy. Call its method {method}() first.")


_BETWEEN = {"skreg", "sklearn", "joblib", "contextlib", "threading", "concurrent"}


def warn_the_caller(message, category=UserWarning):
    """Warn at the line that called into skreg.

    Frames of skreg, scikit-learn, joblib and the standard library are skipped.
    """
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in _BETWEEN:
            break
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def issue(by_kind):
    """Issue warnings; for each kind, the dict has a message and a category."""
    for message, category in by_kind.values():
        warn_the_caller(message, category)
