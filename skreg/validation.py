"""The validation set: given by the user or held out, and scored after every epoch."""

import copy
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, validate_data

from skreg.batches import Dataset
from skreg.errors import naming
from skreg.weights import check_some_weight, check_weights, relative, row_weights


@dataclass(frozen=True)
class ValidationSet:
    """Rows to validate on, as the engine takes them and as a scorer does."""

    dataset: Dataset
    rows: np.ndarray
    """Which rows of the data set."""
    y: Any
    """The labels of all its rows."""
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
        y = check_array(
            y, input_name="y_val", ensure_2d=False, dtype=None, accept_sparse="csr"
        )
        check_consistent_length(checked, y)
        targets = labels.encode(y, dtype, "y_val")
    sample_weight = check_weights(sample_weight, checked, "sample_weight_val")
    weights = row_weights(sample_weight, by_class, targets)
    rows = np.arange(checked.shape[0])
    weights = relative(weights, rows, dtype)
    check_some_weight(weights, rows, "validation")
    return ValidationSet(Dataset(checked, targets, weights), rows, y, sample_weight)


def hold_out(rows, strata, fraction, seed):
    """Split row numbers into those to train on and those to validate on.

    ``strata`` has the label of each row, or is None for no stratification.
    """
    remedy = (
        f"Change validation_fraction={fraction}, add to the {len(rows)} rows, or pass "
        "X_val and y_val to fit."
    )
    try:
        train_rows, held_out = train_test_split(
            rows, test_size=fraction, stratify=strata, random_state=seed
        )
    except ValueError as error:
        raise ValueError(
            f"The validation set cannot be held out: {error} {remedy}"
        ) from None
    if len(held_out) < 2:
        raise ValueError(f"The validation set is too small. {remedy}")
    return train_rows, held_out


class Scorer:
    """Takes the validation loss and score of an engine's parameters as they are.

    Parameters
    ----------
    estimator : RegMLPClassifier
        With all fitted attributes but the weights.
    engine : Engine
        Has the weights.
    validation : ValidationSet
        What to score on.
    """

    def __init__(self, estimator, engine, validation):
        self._engine = engine
        self._logits = self._score = None
        if estimator.scoring == "loss":
            return
        self._score = check_scoring(estimator, estimator.scoring)
        self._estimator: Any = copy.copy(estimator)
        rows = validation.rows
        if isinstance(estimator.scoring, str):
            # scikit-learn's own scorers look at X only through the estimator. So they
            # need no copy of the rows, and no other forward pass than the loss.
            self._X = rows
            self._logits = np.empty((len(rows), estimator.n_outputs_), engine.dtype)
            logits = self._logits  # not self: a cycle would keep X until collected
            self._estimator._network_logits = lambda X: logits.copy()
        else:
            # X is an array here, whatever it was when it was passed to fit.
            self._estimator.__dict__.pop("feature_names_in_", None)
            X = validation.dataset.X
            self._X = X if len(rows) == X.shape[0] else X[rows]
        self._y = validation.y[rows]
        self._weight = {}
        if validation.sample_weight is not None:
            self._weight["sample_weight"] = validation.sample_weight[rows]

    def __call__(self):
        """Return the loss and the score, which is greater for a better model."""
        loss = self._engine.evaluate(self._logits)
        if self._score is None:
            return loss, -loss
        if self._logits is None:
            self._estimator.__dict__.update(self._engine.parameters.as_attributes())
        score = self._score(self._estimator, self._X, self._y, **self._weight)
        if not isinstance(score, Real):
            raise ValueError(
                f"scoring={self._estimator.scoring!r} has to return a number, got "
                f"{score!r}."
            )
        with naming("scoring"):
            return loss, float(score)
