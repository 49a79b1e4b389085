"""Predictions of a network, or of the networks of a committee, for new rows."""

from itertools import starmap
from math import log

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skreg._inputs.errors import refuse_hidden
from skreg._inputs.estimator import Estimator
from skreg._inputs.labels import Labels
from skreg._inputs.rows import check_features


class Predictor(Estimator):
    """Checks rows and runs networks; a committee has several, in ``members_``."""

    def _outputs(self, X):
        """Return an iterator over the targets and the outputs of each network."""
        check_is_fitted(self)
        refuse_hidden(X=X)
        X = check_features(self, X, reset=False)
        networks = getattr(self, "members_", [self])
        return ((network._fitted_targets(), network._run(X)) for network in networks)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class PredictsLabels(ClassifierMixin):
    """The predictions of a classifier."""

    def predict(self, X):
        """Predict the class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The most probable class; for multilabel targets, an indicator matrix of the
            classes whose probability is above 0.5.
        """
        probabilities = self.predict_proba(X)
        return Labels.of_fitted(self).decode(probabilities)

    def predict_proba(self, X):
        """Predict the probability of each class; for a committee, the mean.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In float64 and the order of ``classes_``. They sum to one, except for
            multilabel targets, where each class has its own probability.
        """
        return _mean(self._outputs(X))

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        It is computed from the logits, so it is finite where the probability
        underflows, and zero where it is one up to rounding.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        with np.errstate(under="ignore"):
            logs = starmap(Labels.log_probabilities, self._outputs(X))
            mean, n_networks = _total(logs, np.logaddexp)
            mean -= log(n_networks)
        mean[mean > -n_networks * np.finfo(mean.dtype).eps] = 0
        return mean

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class PredictsValues(RegressorMixin):
    """The predictions of a regressor."""

    def predict(self, X):
        """Predict the targets of each row; for a committee, the mean.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in y's unit, in float64.
        """
        return _mean(self._outputs(X))


def _mean(pairs):
    """Return the mean prediction, given the targets and outputs of each network."""
    with np.errstate(under="ignore"):
        predictions = starmap(lambda targets, z: targets.predictions(z), pairs)
        mean, n_networks = _total(predictions, np.add)
        mean /= n_networks
    return mean


def _total(arrays, add):
    """Return the total of an iterator's arrays, in the first one, and their number."""
    total, number = next(arrays), 1
    for array in arrays:
        add(total, array, out=total)
        number += 1
    return total, number
