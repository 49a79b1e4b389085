"""The validation loss and score of a network in training."""

import copy
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring

from skreg._inputs.errors import naming


class Scorer:
    """Takes the validation loss and score of an engine's parameters as they are.

    Parameters
    ----------
    estimator : estimator
        With all fitted attributes but the parameters.
    engine : Engine
        Has the parameters.
    validation : ValidationSet
        What to score on.
    labels : Labels
        What the network's outputs mean.
    """

    def __init__(self, estimator, engine, validation, labels):
        self._engine, self._scoring = engine, estimator.scoring
        self._outputs = self._score = None
        if estimator.scoring == "loss":
            return
        self._score = check_scoring(estimator, estimator.scoring)
        dataset, rows = validation.rows
        self._estimator: Any = None
        self._X = None
        if isinstance(estimator.scoring, str):
            # scikit-learn's own scorers look at X only through the estimator. So they
            # need no copy of the rows, and no other forward pass than the loss.
            n_outputs, dtype = labels.n_outputs, engine.snapshot().parameters.dtype
            self._outputs = np.empty((n_outputs, len(rows)), dtype)
            self._estimator = ClassifierOfOutputs(labels, self._outputs)
        else:
            self._estimator = copy.copy(estimator)
            # X is an array here, whatever it was when it was passed to fit.
            vars(self._estimator).pop("feature_names_in_", None)
            n_rows = dataset.X.shape[0]
            self._X = dataset.X if len(rows) == n_rows else dataset.X[rows]
        self._y = validation.y[rows]
        self._weight = {}
        if validation.sample_weight is not None:
            self._weight["sample_weight"] = validation.sample_weight[rows]

    def __call__(self):
        """Return the loss and the score, which is greater for a better model."""
        loss = self._engine.evaluate(self._outputs)
        if self._score is None:
            return loss, -loss
        if self._outputs is None:
            vars(self._estimator).update(self._engine.snapshot().copy().attributes())
        score = self._score(self._estimator, self._X, self._y, **self._weight)
        if not isinstance(score, Real):
            raise ValueError(
                f"scoring={self._scoring!r} has to return a number, got {score!r}."
            )
        with naming("scoring"):
            return loss, float(score)


class ClassifierOfOutputs(ClassifierMixin, BaseEstimator):
    """A classifier whose network has these outputs, whatever X is."""

    def __init__(self, labels, outputs):
        self.labels = labels
        self.outputs = outputs

    @property
    def classes_(self):
        """Class labels."""
        return self.labels.classes

    def predict_proba(self, X):
        """Return the probability of each class."""
        return self.labels.probabilities(self.outputs.copy())

    def predict(self, X):
        """Return the most probable labels."""
        return self.labels.decode(self.predict_proba(X))
