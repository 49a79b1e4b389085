"""Weights of rows: the sample weight times the weight of the class."""

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from skreg._inputs.errors import naming


def check_weights(weights, X, name):
    """Return ``weights`` as an array of float64, or None if there are none."""
    if weights is None:
        return None
    with naming(name):
        weights = _check_sample_weight(weights, X, dtype=np.float64)
    if not (weights.min() >= 0 and 0 < weights.max() < np.inf):
        raise ValueError(
            f"{name} has to be finite and non-negative, with at least one positive "
            f"weight; got weights from {weights.min()} to {weights.max()}."
        )
    return weights


def row_weights(class_weight, labels, y, sample_weight):
    """Return sample weight × class weight of each row, and the weight of each class.

    None stands for weights that are all 1.
    """
    if class_weight is None:
        return sample_weight, None
    codes = labels.encode(y, bool)
    by_class = _class_weights(class_weight, labels, codes, sample_weight)
    return times_class_weights(sample_weight, by_class, codes), by_class


def _class_weights(class_weight, labels, codes, sample_weight):
    """Return the weight of each class, of shape (n_classes,).

    For multilabel targets, the shape is (n_classes, 2): the weights of the zeros and of
    the ones of each column. "balanced" gives every class the same share of the sample
    weight.
    """
    with naming("class_weight"):
        if labels.multilabel:
            weights = _multilabel_class_weights(class_weight, codes, sample_weight)
        elif class_weight == "balanced":
            weights = _balanced(codes, len(labels.classes), sample_weight)
        elif isinstance(class_weight, list):
            raise ValueError(
                "class_weight is a list, which is for multilabel targets. Pass a dict "
                "from class to weight, or 'balanced'."
            )
        else:
            weights = _weights_by_label(class_weight, labels.classes)
    if not (np.isfinite(weights).all() and weights.min() >= 0):
        raise ValueError(
            "class_weight has to have finite, non-negative weights, got "
            f"{class_weight!r}."
        )
    return weights


def _weights_by_label(class_weight, classes):
    """Return the weight of each class in a dict, 1 for those that it leaves out.

    Other labels are allowed if no class is left out, as on a part of the rows.
    """
    labels = classes.tolist()
    keys = [
        next((key for key in both if key in class_weight), None)
        for both in zip(classes, labels, strict=True)  # of NumPy's type, and Python's
    ]
    n_absent = keys.count(None)
    if n_absent and len(class_weight) > len(labels) - n_absent:
        raise ValueError(
            f"class_weight has {[*class_weight]}, but the classes of y are {labels}."
        )
    weights = [1.0 if key is None else class_weight[key] for key in keys]
    return np.array(weights, np.float64)


def times_class_weights(sample_weight, by_class, codes):
    """Return sample weight × class weight of each row, or None where all are 1.

    ``codes`` are targets as `Labels.encode` returns them.
    """
    if by_class is None:
        return sample_weight
    with np.errstate(over="ignore", invalid="ignore"):
        if codes.ndim == 2:
            weights = np.where(codes > 0, by_class[:, 1:], by_class[:, :1])
            weights = weights.prod(axis=0)
        else:
            weights = by_class[codes]
        if sample_weight is not None:
            weights = weights * sample_weight
    if not np.isfinite(weights).all():
        raise ValueError(
            "sample_weight × class_weight is too large for some row. Divide the "
            "weights by the largest one."
        )
    return weights


def final_weights(weights, *, dtype, rows, kind, mean_one=True):
    """Return the weights as a `Dataset` takes them, or None where all are 1.

    They have the ``dtype`` of training and, with ``mean_one``, mean 1 over ``rows``. An
    error names the ``kind`` of the rows.
    """
    if weights is None:
        return None
    with np.errstate(over="ignore"):
        if mean_one:
            weights = weights / (weights.max() or 1)
            weights = weights / (weights[rows].mean() or 1)
        weights = weights.astype(dtype)
    check_some_weight(weights, rows, kind)
    return weights


def check_some_weight(weights, rows, kind):
    """Refuse rows whose final weights sum to zero or to infinity."""
    if weights is None:
        return
    total = weights[rows].sum(dtype=np.float64)
    if not 0 < total < np.inf:
        raise ValueError(
            f"sample_weight × class_weight of the {kind} rows sums to {total}, in "
            f"{weights.dtype}. Give some of them a positive weight, and all rows "
            "weights of similar size."
        )


def _multilabel_class_weights(class_weight, indicators, sample_weight):
    if class_weight == "balanced":
        columns = indicators.astype(np.intp)
        return np.array([_balanced(column, 2, sample_weight) for column in columns])
    if len(class_weight) != len(indicators) or not all(
        isinstance(weights, dict) for weights in class_weight
    ):
        raise ValueError(
            "class_weight for multilabel targets has to be 'balanced' or a list of "
            f"{len(indicators)} dicts, one per column; got {class_weight!r}."
        )
    return np.array([_weights_by_label(w, np.arange(2)) for w in class_weight])


def _balanced(codes, n_classes, sample_weight):
    """Return Σ_i s_i / (number of classes · Σ_{i in class} s_i)."""
    if sample_weight is not None:  # only ratios count, and the sum may overflow
        sample_weight = sample_weight / sample_weight.max()
    totals = np.bincount(codes, sample_weight, minlength=n_classes)
    present = totals > 0
    return np.divide(
        totals.sum() / present.sum(), totals, out=np.zeros(n_classes), where=present
    )
