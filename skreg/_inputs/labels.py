"""Labels to class indices and back, and the head for them."""

from dataclasses import dataclass
from reprlib import Repr

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import type_of_target

from skreg._engine.heads import Binary, Multiclass, Multilabel
from skreg._inputs.columns import is_missing
from skreg._inputs.errors import naming, refuse_hidden
from skreg._inputs.rows import as_numpy
from skreg._inputs.suspicions import warn_of_many_classes
from skreg._inputs.targets import Targets


@dataclass(frozen=True)
class Labels(Targets):
    """The classes of a problem, and how they relate to the outputs of a network.

    Two classes share one sigmoid; more have a softmax. Multilabel targets have a
    sigmoid per column, and their classes are the column indices.
    """

    classes: np.ndarray
    multilabel: bool

    @classmethod
    def of(cls, y):
        """Return the labels that occur in ``y``."""
        if _check_labels(y, "y"):
            return cls(np.arange(y.shape[1]), multilabel=True)
        with naming("y"):
            labels = cls(np.unique(column_or_1d(y, warn=True)), multilabel=False)
        warn_of_many_classes(len(labels.classes), len(y))
        return labels._with_several("y")

    @classmethod
    def declared(cls, classes, y):
        """Return labels with these ``classes``; ``y`` need not have all of them."""
        refuse_hidden(classes=classes)
        with naming("classes"):
            classes = check_array(as_numpy(classes), ensure_2d=False, dtype=None)
            classes = np.unique(column_or_1d(classes))
        multilabel = _check_labels(y, "y")
        if multilabel and not np.array_equal(classes, np.arange(len(classes))):
            raise ValueError(
                "classes for multilabel targets has to be the column indices, counted "
                f"from 0; got {classes}."
            )
        return cls(classes, multilabel)._with_several("classes")

    @classmethod
    def of_fitted(cls, estimator):
        """Return the labels that a fitted classifier knows."""
        several = estimator.n_outputs_ > 1
        multilabel = several and estimator.out_activation_ == "logistic"
        return cls(estimator.classes_, multilabel)

    @property
    def n_outputs(self):
        """Units of the output layer."""
        n_classes = len(self.classes)
        return 1 if n_classes == 2 and not self.multilabel else n_classes

    @property
    def head(self):
        """The head of a network for these labels."""
        if self.multilabel:
            return Multilabel()
        return Binary() if self.n_outputs == 1 else Multiclass()

    def _with_several(self, name):
        """Return the labels, but refuse a single class."""
        if len(self.classes) < 2 and not self.multilabel:
            raise ValueError(
                f"The number of classes has to be greater than one; {name} has only "
                f"{len(self.classes)} class: {self.classes.tolist()}."
            )
        return self

    def checked(self, y, name="y"):
        """Return the labels; refuse a ``y`` of another kind."""
        if _check_labels(y, name) != self.multilabel:
            wanted = "an indicator matrix" if self.multilabel else "a column of labels"
            raise ValueError(
                f"{name} has to be {wanted}, as when the classes were learned."
            )
        return self

    def continued_from(self, fitted):
        """Return the labels of a network to train further; refuse other classes."""
        if set(self.classes) != set(fitted.classes) or self.head != fitted.head:
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {fitted.classes}, `y` has "
                f"{self.classes}. Call fit with warm_start=False to start over."
            )
        return fitted

    def attributes(self):
        return super().attributes() | {"classes_": self.classes}

    def strata(self, y):
        return None if self.multilabel else np.ravel(y)

    def encode(self, y, dtype, name="y"):
        """Return the class index of each row, of shape (n_samples,).

        For multilabel targets, return indicators of ``dtype``, of shape (n_classes,
        n_samples).
        """
        if self.multilabel:
            indicators = y.toarray() if issparse(y) else np.asarray(y)
            if indicators.shape[1] != len(self.classes):
                raise ValueError(
                    f"{name} has {indicators.shape[1]} columns, but there are "
                    f"{len(self.classes)} classes. Give every class a column."
                )
            if not np.isin(indicators, (0, 1)).all():
                raise ValueError(
                    f"The indicator matrix {name} may contain only zeros and ones."
                )
            return np.ascontiguousarray(indicators.T, dtype)
        y, classes = column_or_1d(y), self.classes
        if y.dtype.kind == classes.dtype.kind in ("m", "M"):
            unit = np.promote_types(y.dtype, classes.dtype)  # as of days and hours
            y, classes = y.astype(unit), classes.astype(unit)
        found = np.unique(y)
        # NumPy would compare integers of different types as floats.
        labels = found.tolist()
        known = {label: code for code, label in enumerate(classes.tolist())}
        unseen = [label for label in labels if label not in known]
        if unseen:
            raise ValueError(
                f"{name} has classes {_short(unseen)}, which are not among the known "
                f"classes {_short(self.classes.tolist())}. Declare all classes at the "
                "start, or leave out these rows."
            )
        return np.array([known[label] for label in labels])[np.searchsorted(found, y)]

    def constant_loss(self, rows):
        """Return the loss of uniform probabilities, which is that of every row."""
        zeros = np.zeros((self.n_outputs, 1))
        return self.head.losses(zeros, zeros).item()

    def predictions(self, outputs):
        """Return probabilities of shape (n_rows, n_classes).

        The network's ``outputs``, of shape (n_outputs, n_rows), are overwritten.
        """
        logits = self.head.class_logits(outputs)
        self.head.activate(logits)
        return np.ascontiguousarray(logits.T)

    def log_probabilities(self, outputs):
        """Return their logarithms, which are finite where a probability underflows."""
        logits = self.head.class_logits(outputs)
        return np.ascontiguousarray(self.head.log_probabilities(logits).T)

    def decode(self, probabilities):
        """Return the most probable label of each row, or the indicators above 0.5."""
        if self.multilabel:
            return (probabilities > 0.5).astype(np.int64)
        return self.classes[probabilities.argmax(axis=1)]


_REPR = Repr()
_REPR.maxlist, _REPR.maxstring, _REPR.maxother = 20, 200, 200
_short = _REPR.repr
_SEVERAL = list, tuple, set, frozenset, np.ndarray


def _check_labels(y, name):
    """Refuse targets that are not labels; return whether they are multilabel."""
    if y.dtype.kind == "S":
        raise TypeError(
            f"{name} has labels of bytes. Decode them to text, with numpy.char.decode."
        )
    if y.dtype.kind in "mM" and np.isnat(y).any():
        raise ValueError(
            f"{name} contains NaT, which is not a label. Leave out these rows."
        )
    if y.dtype.kind == "O" and any(isinstance(v, _SEVERAL) for v in y.flat):
        raise ValueError(
            f"{name} has lists of labels, several classes per row. Turn them into an "
            "indicator matrix with sklearn.preprocessing.MultiLabelBinarizer."
        )
    if y.dtype.kind == "O" and not all(isinstance(label, str) for label in np.ravel(y)):
        n_missing = sum(map(is_missing, np.ravel(y)))
        if n_missing:
            raise ValueError(
                f"{name} has missing labels, {n_missing} of {y.size}. Leave out their "
                "rows."
            )
        raise ValueError(
            f"Unknown label type: {name} has objects that are not all text. Give all "
            "labels one type, for example with astype(int) or astype(str)."
        )
    with naming(name):
        kind = type_of_target(y, input_name=name)
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"{name} has several columns of class labels (type {kind!r}). Pass one "
            "column of labels, or for multilabel targets a matrix of zeros and ones."
        )
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        raise ValueError(
            f"Unknown label type: {kind}, of {name}. For numbers there is "
            "RegMLPRegressor."
        )
    return kind == "multilabel-indicator"
