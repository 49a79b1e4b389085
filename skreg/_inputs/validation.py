"""The validation set: passed to `fit`, or held out of the training rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, validate_data

from skreg._engine.batches import Dataset, Rows
from skreg._inputs.errors import naming
from skreg._inputs.rows import check_targets
from skreg._inputs.weights import (
    check_some_weight,
    check_weights,
    effective_weights,
    in_precision,
    of_mean_one,
)


@dataclass(frozen=True)
class ValidationSet:
    """Rows to validate on, as the engine takes them and as a scorer does."""

    rows: Rows
    y: Any
    """The labels of all rows of the data set."""
    sample_weight: np.ndarray | None


def check_validation_set(estimator, X, y, sample_weight, labels, by_class, dtype):
    """Return the validation set passed to ``fit``, or None if there is none."""
    if X is None and y is None:
        if sample_weight is not None:
            raise ValueError(
                "sample_weight_val is provided, but X_val and y_val are not."
            )
        return None
    if X is None or y is None:
        given, missing = ("y_val", "X_val") if X is None else ("X_val", "y_val")
        raise ValueError(f"{given} is provided, but {missing} was not provided.")
    with naming("X_val"):
        checked = check_array(X, input_name="X_val", accept_sparse="csr", dtype=dtype)
        validate_data(estimator, X, reset=False, skip_check_array=True)
    with naming("y_val"):
        y = check_targets(y, "y_val")
        check_consistent_length(checked, y)
        targets = labels.encode(y, dtype, "y_val")
    sample_weight = check_weights(sample_weight, checked, "sample_weight_val")
    index = np.arange(checked.shape[0])
    weights = effective_weights(sample_weight, by_class, targets)
    weights = in_precision(of_mean_one(weights, index), dtype)
    check_some_weight(weights, index, "validation")
    return ValidationSet(
        Rows(Dataset(checked, targets, weights), index), y, sample_weight
    )


def hold_out(n_rows, strata, fraction, seed):
    """Split row numbers into those to train on and those to validate on.

    ``strata`` has the label of each row, or is None for no stratification.
    """
    remedy = (
        f"Change validation_fraction={fraction}, add to the {n_rows} rows, or pass "
        "X_val and y_val to fit."
    )
    try:
        train_rows, held_out = train_test_split(
            np.arange(n_rows), test_size=fraction, stratify=strata, random_state=seed
        )
    except ValueError as error:
        raise ValueError(
            f"The validation set cannot be held out: {error} {remedy}"
        ) from None
    if len(held_out) < 2:
        raise ValueError(f"The validation set is too small. {remedy}")
    return train_rows, held_out
