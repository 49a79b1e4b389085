"""The validation set that is passed to `fit`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import (
    _check_n_features,
    _get_feature_names,
    check_consistent_length,
    validate_data,
)

from skreg._engine.batches import Dataset, Rows
from skreg._inputs.errors import naming, refuse_hidden, warn_the_caller
from skreg._inputs.rows import (
    as_vector,
    check_range,
    check_targets,
    float_types,
    refuse_dates,
)
from skreg._inputs.weights import check_weights, final_weights, times_class_weights


@dataclass(frozen=True)
class ValidationSet:
    """Rows to validate on, for the engine and for a scorer."""

    rows: Rows
    y: Any
    """The targets of all rows of the data set, as a scorer takes them."""
    sample_weight: np.ndarray | None


def check_both_given(X_val, y_val):
    """Refuse validation rows without targets, and targets without rows."""
    if (X_val is None) != (y_val is None):
        given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
        raise ValueError(f"{given} is provided, but {missing} is not. Pass both.")


def check_validation_set(estimator, given, targets, by_class, dtype):
    """Return the validation set passed to `fit`, or None if there is none.

    ``given`` holds ``X_val``, ``y_val`` and ``sample_weight_val``.
    """
    X, y, sample_weight = given
    refuse_hidden(X_val=X, y_val=y, sample_weight_val=sample_weight)
    check_both_given(X, y)
    if X is None:
        if sample_weight is not None:
            raise ValueError(
                "sample_weight_val is provided, but X_val and y_val are not."
            )
        return None
    with naming("X_val", "Transform X_val like X; in a pipeline, by transform_input."):
        refuse_dates(X, "X_val")
        checked = check_array(
            X, input_name="X_val", accept_sparse="csr", dtype=float_types(X)
        )
        named = _get_feature_names(X) is not None
        if named == hasattr(estimator, "feature_names_in_"):
            validate_data(estimator, X, reset=False, skip_check_array=True)
        else:
            with_names, without = ("X_val", "X") if named else ("X", "X_val")
            warn_the_caller(
                f"{with_names} has feature names, but {without} has none. Are their "
                "columns in the same order?"
            )
            _check_n_features(estimator, checked, reset=False)
    check_range(checked, dtype, "X_val")
    with naming("y_val"):
        y = check_targets(y, "y_val")
        check_consistent_length(checked, y)
        encoded = targets.checked(y, "y_val").encode(y, dtype, "y_val")
    sample_weight = check_weights(sample_weight, checked, "sample_weight_val")
    index = np.arange(checked.shape[0])
    weights = times_class_weights(sample_weight, by_class, encoded)
    weights = final_weights(weights, dtype=dtype, rows=index, kind="validation")
    rows = Rows(Dataset(checked, encoded, weights), index)
    return ValidationSet(rows, as_vector(y), sample_weight)
