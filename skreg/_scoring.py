"""The validation loss and score of a network in training."""

import copy
from difflib import get_close_matches
from inspect import Parameter, signature
from math import inf, isnan
from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils.validation import _check_response_method

from skreg._inputs.errors import naming
from skreg._predictions import PredictsLabels, PredictsValues
from skreg._training.state import set_attributes


def scorer_of(estimator, engine, validation, targets):
    """Return the `Scorer` for the ``scoring`` of an estimator.

    The estimator has all fitted attributes except the parameters.
    """
    if estimator.scoring == "loss":
        return Scorer(engine)
    scorer = check_scoring(estimator, estimator.scoring)
    of_outputs = hasattr(scorer, "_score_func") and not _has_own_predictions(estimator)
    if of_outputs:
        return _ScorerOfMetric(scorer, estimator, engine, validation, targets)
    return _OwnScorer(scorer, estimator, engine, validation)


class Scorer:
    """Computes the validation loss and score of an engine's current parameters."""

    def __init__(self, engine):
        self._engine = engine

    def evaluate(self):
        """Return the loss."""
        return self._engine.evaluate()

    def score(self, loss):
        """Return the score after `evaluate`, greater for a better model."""
        return -loss


class _ScorerOfRows(Scorer):
    """Calls a scorer; a subclass says with which estimator."""

    def __init__(self, scorer, estimator, engine, validation):
        super().__init__(engine)
        self._scorer, self._scoring = scorer, estimator.scoring
        rows = validation.rows.indices
        self._y, self._weight = validation.y[rows], {}
        if issparse(self._y):
            self._y = self._y.toarray()  # as many metrics need it
        if validation.sample_weight is not None:
            _check_takes_weights(self._scorer, self._scoring)
            self._weight["sample_weight"] = validation.sample_weight[rows]

    def _score_of(self, estimator, X=None):
        """Return the score of an estimator, as a float."""
        score = self._scorer(estimator, X, self._y, **self._weight)
        if getattr(score, "shape", None) == ():  # of an array, by any library
            score = score.item()
        if not isinstance(score, Real):
            raise ValueError(
                f"scoring={self._scoring!r} has to return a number, got {score!r}."
            )
        with naming("scoring"):
            return float(score)


class _ScorerOfMetric(_ScorerOfRows):
    """Calls a scorer that `make_scorer` makes; it uses X only through the estimator.

    So it needs no copy of the rows, and no forward pass besides that of the loss.
    """

    def __init__(self, scorer, estimator, engine, validation, targets):
        super().__init__(scorer, estimator, engine, validation)
        self._outputs = np.empty((targets.n_outputs, len(validation.rows.indices)))
        kind = _OfLabels if is_classifier(estimator) else _OfValues
        self._estimator = kind(targets, self._outputs)

    def evaluate(self):
        return self._engine.evaluate(self._outputs)

    def score(self, loss):
        try:
            return self._score_of(self._estimator)
        except (TypeError, ValueError) as error:
            if not isinstance(self._scoring, str):
                raise
            raise ValueError(_explain(self._scoring, error)) from error


class _OwnScorer(_ScorerOfRows):
    """Calls a function of the user, on a copy of the estimator."""

    def __init__(self, scorer, estimator, engine, validation):
        super().__init__(scorer, estimator, engine, validation)
        dataset, rows = validation.rows
        self._estimator, self._X = copy.copy(estimator), dataset.X[rows]
        # X is an array here, even if a data frame was passed to fit.
        vars(self._estimator).pop("feature_names_in_", None)

    def score(self, loss):
        set_attributes(self._estimator, self._engine.snapshot().copy().attributes())
        return self._score_of(self._estimator, self._X)


class _OfOutputs(BaseEstimator):
    """Predicts from these outputs of a network, and ignores X."""

    def __init__(self, targets, outputs):
        self.targets, self.outputs = targets, outputs
        set_attributes(self, targets.attributes())

    def _outputs(self, X):
        yield self.targets, self.outputs.copy()


class _OfLabels(PredictsLabels, _OfOutputs):
    def __init__(self, targets, outputs):
        super().__init__(targets, outputs)
        if targets.multilabel:  # two column indices would look like two classes
            self.classes_ = [np.arange(2)] * targets.n_outputs


class _OfValues(PredictsValues, _OfOutputs):
    pass


def _has_own_predictions(estimator):
    """Return whether a subclass of the user predicts in another way."""
    base = PredictsLabels if is_classifier(estimator) else PredictsValues
    methods = [name for name in vars(base) if name.startswith("predict")]
    return any(getattr(type(estimator), m) is not getattr(base, m) for m in methods)


def check_scorer(estimator):
    """Refuse a ``scoring`` that is no scorer, or of predictions that there are not."""
    scoring = estimator.scoring
    if scoring == "loss":
        return
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        close = get_close_matches(scoring, [*get_scorer_names(), "loss"], cutoff=0.5)
        if scoring in ("log_loss", "cross_entropy"):
            close = ["loss", "neg_log_loss"]
        instead = " or ".join(map(repr, close)) or "'loss'"
        raise ValueError(
            f"scoring={scoring!r} is not the name of a scorer. Did you mean {instead}? "
            "sklearn.metrics.get_scorer_names lists all names."
        )
    scorer = check_scoring(estimator, scoring)
    try:
        methods = getattr(scorer, "_response_method", "predict")
        _check_response_method(estimator, methods)
    except AttributeError as error:
        raise ValueError(
            f"scoring={scoring!r} cannot score this estimator: {error} Pass a scorer "
            "of its predictions, or scoring='loss'."
        ) from None


def _check_takes_weights(scorer, scoring):
    """Refuse a function, or the metric of a scorer, that takes no sample weights."""
    function = getattr(scorer, "_score_func", scorer)
    try:
        parameters = signature(function).parameters
    except (TypeError, ValueError):  # of some compiled functions
        return
    kinds = [parameter.kind for parameter in parameters.values()]
    if "sample_weight" in parameters or Parameter.VAR_KEYWORD in kinds:
        return
    instead = "Write scorer(estimator, X, y, sample_weight=None)"
    if function is not scorer:
        instead = "Choose a metric that takes it"
    raise ValueError(
        f"scoring={scoring!r} takes no sample_weight, but the validation rows have "
        f"weights. {instead}, or leave the weights out."
    )


def check_scores(scoring, scores):
    """Raise an error if no score of a training is finite.

    Return a warning for `issue` if some are not.
    """
    n_without = sum(isnan(score) or score == -inf for score in scores)
    if not n_without:
        return {}
    causes = (
        "Does the validation set have enough rows, of every class, and is the score "
        "defined for this kind of target? scoring='loss' always is."
    )
    if scoring == "loss":
        causes = "Are some validation rows far outside the range of the training rows?"
    if n_without == len(scores):
        raise ValueError(
            f"scoring={scoring!r} was not finite in any of the {len(scores)} epochs, "
            f"so no epoch is the best. {causes}"
        )
    message = (
        f"scoring={scoring!r} was not finite in some epochs, none of which can be "
        f"the best. {causes}"
    )
    return {"scores": (message, UserWarning)}


def _explain(scoring, error):
    """Return the message for an error of a named scorer."""
    name = scoring.removesuffix("_score")
    remedy = "Pass a scorer that is defined for these targets, or scoring='loss'."
    if "pos_label" in str(error) and f"{name}_macro" in get_scorer_names():
        remedy = (
            f"Say which class is the positive one: scoring=make_scorer({name}_score, "
            f"pos_label=…), or use '{name}_macro' or 'loss'."
        )
    elif "pos_label" in str(error):
        remedy = "Use labels 0 and 1, where 1 is the positive class, or scoring='loss'."
    elif "multi_class" in str(error):
        remedy = f"For several classes use '{name}_ovr', '{name}_ovo' or 'loss'."
    elif "average" in str(error):
        remedy = f"For several classes use '{name}_macro', '{name}_weighted' or 'loss'."
    return f"scoring={scoring!r} cannot score this validation set: {error} {remedy}"
