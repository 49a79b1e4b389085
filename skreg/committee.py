"""Committees: a network for each fold, and the mean of their predictions."""

from skreg._committee import Committee
from skreg._predictions import PredictsLabels, PredictsValues
from skreg.classifier import RegMLPClassifier
from skreg.regressor import RegMLPRegressor


class RegMLPClassifierCV(PredictsLabels, Committee):
    """Committee of networks, one per fold, which can also search hyperparameters.

    Each network trains on all folds but one and uses that one for early stopping. So
    every row trains all networks but one, and none is lost to validation. Predictions
    are the mean over the networks [1]_, whose errors partly cancel. Without
    ``param_distributions`` nothing is searched.

    With ``param_distributions``, candidates race by successive halving [2]_: all train
    for a few epochs, the best 1 / ``factor`` by mean out-of-fold score continue from
    where they are, and so on. With "auto" the default always continues to the end.
    The winner's networks are the committee: nothing is trained twice or refitted.

    Parameters
    ----------
    estimator : RegMLPClassifier, default=None
        The parameters of all networks; None for the defaults with three hidden layers
        of 128 units, which serve a committee as well as wider ones. The committee
        decides ``early_stopping``, ``scoring``, ``random_state``, ``warm_start`` and
        ``verbose`` itself.
    param_distributions : dict, list of dict or "auto", default=None
        Lists of values or scipy distributions, keyed by parameter name, as in
        `sklearn.model_selection.HalvingRandomSearchCV`. None means no search; "auto"
        searches ``alpha``, ``keep_prob``, ``input_keep_prob``, ``activation`` and
        ``learning_rate_init``, as far as the solver and the layers use them, around the
        defaults, which are the first candidate.
        To search ``class_weight``, which changes the loss, choose a ``scoring`` other
        than "loss".
    n_candidates : int, default=None
        Number of candidates to draw. None means all combinations of lists, or 30 for
        "auto".
    factor : float, default=3
        After each rung of the race, 1 / ``factor`` of the candidates continue.
    cv : int, splitter or iterable, default=5
        The folds. An int assigns rows to folds at random, stratified by class; the only
        row of a class trains all networks.
    scoring : str or callable, default="loss"
        Score for early stopping and for the race: "loss" (negated, so greater is
        better), the name of a scorer, or a callable ``scorer(estimator, X, y)`` of
        arrays, which also takes ``sample_weight`` if there are weights.
    n_jobs : int, default=None
        Networks to train at a time: in processes, or in threads if their engine is
        "numba". None is 1, unless a `joblib.parallel_config` says otherwise. It does
        not change the result.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds, the candidates and the networks.
    verbose : bool or int, default=False
        Prints a line per rung.

    Attributes
    ----------
    members_ : list of RegMLPClassifier
        The network of each fold, without the state of its optimizer.
    best_params_ : dict
        Hyperparameters of the winner.
    best_score_ : float
        Mean over the folds of the winner's best scores.
    best_index_ : int
        The winner's row of ``cv_results_``, in the last rung.
    cv_results_ : dict of ndarray
        In the layout of scikit-learn's searches, with a row for each candidate of each
        rung: ``iter`` is the rung and ``n_resources`` the epochs trained.
    oof_probabilities_ : ndarray of shape (n_samples, n_classes)
        Probabilities for each training row, by the network that did not train on it;
        nan for rows in no validation fold.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the column indices.
    n_outputs_ : int
        Number of outputs; one for two classes.
    out_activation_ : {"logistic", "softmax"}
        Activation of the outputs.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    See Also
    --------
    RegMLPClassifier : One network.
    TabularEncoder : Makes features for the networks from the columns of a table.

    Notes
    -----
    ``best_score_`` is the score of single networks, which is a little too low for the
    committee. It also selected the epoch of each network and the candidate, which makes
    it too high with few rows or many candidates.

    References
    ----------
    .. [1] A. Krogh and J. Vedelsby, "Neural Network Ensembles, Cross Validation, and
       Active Learning", NIPS 1994; B. Parmanto, P. Munro and H. Doyle, "Improving
       Committee Diagnosis with Resampling Techniques", NIPS 1995.
    .. [2] K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and
       Hyperparameter Optimization", AISTATS 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.metrics import log_loss
    >>> from sklearn.pipeline import make_pipeline
    >>> from skreg import RegMLPClassifierCV, TabularEncoder
    >>> X, y = load_wine(return_X_y=True)
    >>> model = make_pipeline(TabularEncoder(), RegMLPClassifierCV(random_state=0))
    >>> committee = model.fit(X, y)[-1]
    >>> len(committee.members_)
    5
    >>> log_loss(y, committee.oof_probabilities_) < 0.1
    True
    """

    _member_class = RegMLPClassifier
    _out_of_fold = "oof_probabilities_"


class RegMLPRegressorCV(PredictsValues, Committee):
    """Committee of regression networks, one per fold, which can also search.

    It works like `RegMLPClassifierCV`: each network trains on all folds but one and
    uses that one for early stopping, candidates race, and predictions are the mean over
    the winner's networks.

    Parameters
    ----------
    estimator : RegMLPRegressor, default=None
        The parameters of all networks; None for the defaults with three hidden layers
        of 128 units, which serve a committee as well as wider ones. The committee
        decides ``early_stopping``, ``scoring``, ``random_state``, ``warm_start`` and
        ``verbose`` itself.
    param_distributions : dict, list of dict or "auto", default=None
        As in `RegMLPClassifierCV`. ``loss`` and ``quantile`` need a ``scoring`` other
        than "loss".
    n_candidates : int, default=None
        Number of candidates to draw. None means all combinations of lists, or 30 for
        "auto".
    factor : float, default=3
        After each rung of the race, 1 / ``factor`` of the candidates continue.
    cv : int, splitter or iterable, default=5
        The folds. An int assigns rows to folds at random.
    scoring : str or callable, default="loss"
        Score for early stopping and for the race: "loss" (negated, so greater is
        better, in y's unit), the name of a scorer, or a callable
        ``scorer(estimator, X, y)`` of arrays, which also takes ``sample_weight`` if
        there are weights.
    n_jobs : int, default=None
        Networks to train at a time: in processes, or in threads if their engine is
        "numba". None is 1, unless a `joblib.parallel_config` says otherwise. It does
        not change the result.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds, the candidates and the networks.
    verbose : bool or int, default=False
        Prints a line per rung.

    Attributes
    ----------
    members_ : list of RegMLPRegressor
        The network of each fold, without the state of its optimizer. Each standardises
        the targets by the rows that it trained on.
    best_params_ : dict
        Hyperparameters of the winner.
    best_score_ : float
        Mean over the folds of the winner's best scores.
    best_index_ : int
        The winner's row of ``cv_results_``, in the last rung.
    cv_results_ : dict of ndarray
        In the layout of scikit-learn's searches, with a row for each candidate of each
        rung: ``iter`` is the rung and ``n_resources`` the epochs trained.
    oof_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions for each training row, by the network that did not train on it; nan
        for rows in no validation fold.
    n_outputs_ : int
        Number of targets.
    out_activation_ : {"identity", "exp"}
        Activation of the outputs.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    See Also
    --------
    RegMLPRegressor : One network.
    TabularEncoder : Makes features for the networks from the columns of a table.
    RegMLPClassifierCV : For classification; it has the references.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.metrics import r2_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from skreg import RegMLPRegressorCV, TabularEncoder
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(TabularEncoder(), RegMLPRegressorCV(random_state=0))
    >>> committee = model.fit(X, y)[-1]
    >>> r2_score(y, committee.oof_predictions_) > 0.4
    True
    """

    _member_class = RegMLPRegressor
    _out_of_fold = "oof_predictions_"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        network = self.estimator
        if not isinstance(network, RegMLPRegressor):  # None, or what fit refuses
            network = RegMLPRegressor()
        tags.target_tags = network.__sklearn_tags__().target_tags
        return tags
