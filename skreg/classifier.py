"""RegMLPClassifier: parameters in, fitted attributes out."""

import re
import warnings
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skreg.activations import ACTIVATIONS
from skreg.batches import Dataset
from skreg.callbacks import CallbackSupportMixin, EpochTasks, with_callbacks
from skreg.engine import Engine, Predictor
from skreg.errors import naming, refuse_masked, unchanged_on_error
from skreg.lbfgs import minimize_objective
from skreg.losses import LOSSES
from skreg.optimizers import SGD, Adam, NesterovSGD
from skreg.parameters import Parameters
from skreg.progress import format_epoch
from skreg.schedules import SCHEDULES, LearningRate
from skreg.state import TrainingState
from skreg.stopping import Monitor, Status
from skreg.targets import Labels
from skreg.training import Session, train
from skreg.validation import Scorer, ValidationSet, check_validation_set, hold_out
from skreg.weights import (
    as_used,
    check_some_weight,
    check_weights,
    class_weights,
    relative,
    row_weights,
)

_LBFGS_ROWS_AT_ONCE = 2048
_FIT_CALLER = 4  # the stack level of who calls `fit`, above its two decorators


def _is_stochastic(estimator):
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for the stochastic solvers 'sgd' and "
            "'adam'; solver='lbfgs' takes the whole training set at once."
        )
    return True


def _nan_last(score):
    """Sort key that puts nan below every number."""
    return score == score, score


class RegMLPClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    r"""Multilayer perceptron classifier with dropout, weight decay and early stopping.

    The network minimises, over its weights W and biases b,

    .. math::

        J(W, b) = \frac{\sum_i s_i \, \ell(y_i, f(x_i))}{\sum_i s_i}
                  + \frac{\alpha}{2} \sum_l \|W_l\|^2,

    where :math:`\ell` is the cross-entropy and :math:`s_i` is the sample weight of a
    row times the weight of its class.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer. ``()`` is logistic regression.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation of the hidden layers.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        "sgd" follows the moving average of the gradient, "adam" [1]_ scales its steps
        by the average of the squared gradient as well, "lbfgs" [2]_ takes the whole
        training set at once, which suits small ones; it goes with neither dropout nor
        mini-batches.
    alpha : float, default=1e-4
        Strength of the L2 penalty on the weights. It means the same for every number
        of rows and every batch size.
    keep_prob : float or array-like of float, default=1.0
        Dropout [3]_: the probability of keeping a hidden unit, in (0, 1], for all
        hidden layers or for each one.
    input_keep_prob : float, default=1.0
        The same for the input features.
    dropout_mask : {"sample", "batch"}, default="sample"
        "sample" draws a mask for every row. "batch" draws one for every mini-batch and
        trains the network of the kept units alone, which makes a step of a wide network
        on large mini-batches cheaper, and one of a small network dearer; weights that
        join dropped units rest, with their averages and their decay.
    batch_size : int or "auto", default="auto"
        Rows per mini-batch; "auto" is 200. All rows, if there are fewer.
    learning_rate_init : float or "auto", default="auto"
        Initial learning rate; "auto" is 1e-3 for "adam" and 0.1 for "sgd".
    learning_rate : {"constant", "invscaling", "adaptive", "cosine"}, default="constant"
        How the rate develops. "invscaling" divides it by ``(t + 1) ** power_t``, where
        t is the number of rows seen. "adaptive" divides it by 5 whenever training has
        stalled for ``n_iter_no_change`` epochs, and ends the fit below 1e-6. "cosine"
        [4]_ takes it to zero over ``max_iter`` epochs.
    power_t : float, default=0.5
        Exponent of "invscaling".
    learning_rate_decay : float, default=0.0
        The rate is multiplied by ``1 - learning_rate_decay`` after every epoch, on top
        of the schedule. In [0, 1).
    momentum : float, default=0.9
        How much of the gradient's moving average is kept in a step, in "sgd" and in
        "adam". The average is normalised, so that the learning rate means the same for
        every momentum. In [0, 1).
    nesterovs_momentum : bool, default=False
        Whether "sgd" looks ahead along the average [5]_.
    beta_2 : float, default=0.999
        How much of the average of the squared gradient "adam" keeps in a step.
    epsilon : float, default=1e-8
        What "adam" adds to a denominator that might vanish.
    max_iter : int, default=200
        The most epochs of a call of `fit`; the most iterations of "lbfgs".
    max_fun : int, default=15000
        The most evaluations of the objective by "lbfgs".
    tol : float, default=1e-4
        An improvement of the training loss, or with ``early_stopping`` of the
        validation score, counts when it is above ``tol``. "lbfgs" stops when no entry
        of the gradient is above it.
    n_iter_no_change : int or inf, default=10
        Training stops after exactly so many epochs without an improvement.
    early_stopping : bool, default=False
        Whether to stop by the score of a validation set, and to end with the weights
        of its best epoch. Unless one is passed to `fit`, ``validation_fraction`` of the
        rows is held out.
    validation_fraction : float, default=0.1
        The share of the rows to hold out, stratified by class. In (0, 1).
    scoring : str or callable, default="loss"
        The validation score: "loss" (negated, so that greater is better), the name of
        a scorer, or a callable ``scorer(estimator, X, y)``.
    class_weight : dict, "balanced" or list of dict, default=None
        Weights of the classes; "balanced" gives each the same share. For multilabel
        targets "balanced" or a list with a dict for each column.
    shuffle : bool, default=True
        Whether to visit the rows in a new order in every epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from where training was left: k epochs and then m more
        are, to the bit, k + m epochs.
    random_state : int, RandomState instance or None, default=None
        Seeds everything random: initial weights, the validation split, the order of
        the rows and the dropout masks.
    verbose : bool or int, default=False
        Prints a line per epoch, or per so many epochs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the numbers of the columns.
    coefs_ : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (fan_out,)
        Biases of each layer.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of outputs; one for two classes.
    out_activation_ : {"logistic", "softmax"}
        Activation of the outputs.
    n_iter_ : int
        Epochs of the last call.
    t_ : int
        Training rows seen by all calls that continued this training.
    loss_ : float
        Objective in the last epoch.
    best_loss_ : float or None
        The least objective; None with ``early_stopping``.
    loss_curve_ : list of float
        Objective in each epoch: the mean over its mini-batches, each taken before the
        step it led to, plus the penalty.
    learning_rate_curve_ : list of float
        Learning rate of each epoch; empty for "lbfgs", which has none.
    validation_loss_curve_ : list of float or None
        Loss of the validation set after each epoch, without the penalty.
    validation_scores_ : list of float or None
        Score of the validation set after each epoch.
    best_validation_score_ : float or None
        The best of them.
    best_iter_ : int
        The epoch, counted from 1, with the best validation score or, if there is none,
        with the least objective.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Without dropout, class weights or callbacks.

    References
    ----------
    .. [1] D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    .. [2] D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
       optimization", Mathematical Programming 45, 1989.
    .. [3] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov,
       "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15,
       2014.
    .. [4] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
       Restarts", ICLR 2017.
    .. [5] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of
       initialization and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skreg import RegMLPClassifier
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> model = RegMLPClassifier(
    ...     (32,), learning_rate_init=0.01, keep_prob=0.8, random_state=0, tol=1e-3
    ... )
    >>> model.fit(X, y).predict([[0.0, 1.0], [1.0, -0.5]])
    array([0, 1])
    >>> model.predict_proba([[0.0, 1.0]]).shape
    (1, 2)
    """

    # Where the HTML representation links to.
    _doc_link_module = "skreg"
    _doc_link_template = (
        "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"
    )

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "solver": [StrOptions({"sgd", "adam", "lbfgs"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "keep_prob": [Interval(Real, 0, 1, closed="right"), "array-like"],
        "input_keep_prob": [Interval(Real, 0, 1, closed="right")],
        "dropout_mask": [StrOptions({"sample", "batch"})],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate_init": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "learning_rate_decay": [Interval(Real, 0, 1, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "scoring": [StrOptions({"loss"}), str, callable],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=1e-4,
        keep_prob=1.0,
        input_keep_prob=1.0,
        dropout_mask="sample",
        batch_size="auto",
        learning_rate_init="auto",
        learning_rate="constant",
        power_t=0.5,
        learning_rate_decay=0.0,
        momentum=0.9,
        nesterovs_momentum=False,
        beta_2=0.999,
        epsilon=1e-8,
        max_iter=200,
        max_fun=15000,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        scoring="loss",
        class_weight=None,
        shuffle=True,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.keep_prob = keep_prob
        self.input_keep_prob = input_keep_prob
        self.dropout_mask = dropout_mask
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.power_t = power_t
        self.learning_rate_decay = learning_rate_decay
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. float32 is trained in float32, everything else in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels of any type, or an indicator matrix of zeros and ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios count.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows. With ``early_stopping=False`` the validation loss and score
            are recorded, but nothing stops.
        y_val : array-like of shape (n_val,) or (n_val, n_classes), default=None
            Their labels.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : RegMLPClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            For data or parameters that cannot be trained on, and if training diverges
            before the end of the first epoch. The estimator is left as it was.
        """
        tasks = EpochTasks(
            self,
            self._init_callback_context(max_subtasks=self.max_iter),
            {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}},
        )
        with unchanged_on_error(self):
            resume = self.warm_start and hasattr(self, "coefs_")
            refuse_masked(X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
            if self.scoring != "loss":
                check_scoring(self, self.scoring)
            X, y, sample_weight = self._check_rows(X, y, sample_weight, resume)
            labels = Labels.of(y)
            labels.check()
            if resume:
                self._check_same_problem(labels)
            state = self._state(X, labels, resume)
            targets = labels.encode(y, X.dtype)
            by_class = class_weights(self.class_weight, labels, targets, sample_weight)
            weights = row_weights(sample_weight, by_class, targets)
            validation = check_validation_set(
                self, X_val, y_val, sample_weight_val, labels, by_class, X.dtype
            )
            rows = np.arange(X.shape[0])
            split = self.early_stopping and validation is None
            if split:
                strata = None if labels.multilabel else y
                rows, held_out = hold_out(
                    rows, strata, self._float("validation_fraction"), state.split_seed
                )
            weights = relative(weights, rows, X.dtype)
            check_some_weight(weights, rows, "training")
            training = Dataset(X, targets, weights)
            if split:
                check_some_weight(weights, held_out, "validation")
                validation = ValidationSet(training, held_out, y, sample_weight)
            n_epochs = int(self.max_iter)
            horizon = state.history.n_epochs + n_epochs
            status = self._train(
                state, training, rows, validation, tasks, n_epochs, horizon
            )
        if status is Status.MAX_ITER:
            limit = f"max_iter={self.max_iter}"
            if self.solver == "lbfgs":
                limit += f", max_fun={self.max_fun}"
            warnings.warn(
                f"Maximum iterations ({limit}) reached and the optimization hasn't "
                "converged yet. Allow more if the loss is still falling.",
                ConvergenceWarning,
                stacklevel=_FIT_CALLER,
            )
        return self

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch over the rows given, going on from where training is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur; for multilabel targets, the numbers of the
            columns. Needed in the first call, and may be left out later.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. Unlike in `fit` they are absolute, since the mean over
            all calls cannot be known: a weight of 2 takes twice the gradient.

        Returns
        -------
        self : RegMLPClassifier
            The trained estimator.

        Raises
        ------
        ValueError
            As in `fit`; for classes that were not declared in the first call; with
            ``early_stopping=True`` or ``class_weight="balanced"``, which need the
            whole training set.
        """
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it sees one epoch "
                "of a part of the data. Score a validation set of your own between "
                "calls."
            )
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which never "
                "sees all of y. Compute the weights with sklearn.utils.class_weight."
                "compute_class_weight and pass a dict."
            )
        with unchanged_on_error(self):
            resume = hasattr(self, "coefs_")
            X, y, sample_weight = self._check_rows(X, y, sample_weight, resume)
            labels = self._declared_labels(y, classes, resume)
            state = self._state(X, labels, resume)
            targets = labels.encode(y, X.dtype)
            by_class = class_weights(self.class_weight, labels, targets, sample_weight)
            weights = row_weights(sample_weight, by_class, targets)
            weights = as_used(weights, X.dtype)
            rows = np.arange(X.shape[0])
            check_some_weight(weights, rows, "training")
            training = Dataset(X, targets, weights)
            tasks = EpochTasks(self, None, {})
            self._train(state, training, rows, None, tasks, 1, self.max_iter)
        return self

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
        return self._labels().decode(probabilities)

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. They sum to one, except for multilabel
            targets, where each class has a probability of its own.
        """
        logits = self._logits(X)
        LOSSES[self.out_activation_].probabilities(logits.T)
        return logits

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        It is computed from the logits, and finite where the probability underflows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        logits = self._logits(X)
        return LOSSES[self.out_activation_].log_probabilities(logits.T).T

    def _logits(self, X):
        """Return a logit for each class; of the one output of two classes, ∓z."""
        check_is_fitted(self)
        logits = self._network_logits(X)
        return np.hstack([-logits, logits]) if self.n_outputs_ == 1 else logits

    def _network_logits(self, X):
        """Return a logit for each output, in a new array."""
        refuse_masked(X=X)
        with naming("X"):
            X = validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=[np.float64, np.float32],
                reset=False,
            )
        network = Parameters.from_layers(self.coefs_, self.intercepts_)
        predictor = Predictor(network, self.activation, X.shape[0], issparse(X))
        with np.errstate(over="ignore"):
            return predictor.logits(X)

    def _labels(self):
        multilabel = self.n_outputs_ > 1 and self.out_activation_ == "logistic"
        return Labels(self.classes_, multilabel)

    def _check_rows(self, X, y, sample_weight, resume):
        """Validate training rows; a fitted network fixes features and precision."""
        refuse_masked(X=X, y=y, sample_weight=sample_weight)
        if y is None:
            raise ValueError(
                "RegMLPClassifier requires y to be passed, but the target y is None."
            )
        with naming("X"):
            X = validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=self.coefs_[0].dtype if resume else [np.float64, np.float32],
                reset=not resume,
            )
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()  # an entry given in parts would have a mask for each
            X.sum_duplicates()
        with naming("y"):
            y = check_array(
                y, input_name="y", ensure_2d=False, dtype=None, accept_sparse="csr"
            )
            check_consistent_length(X, y)
        return X, y, check_weights(sample_weight, X, "sample_weight")

    def _check_same_problem(self, labels):
        """Refuse to go on with a network for other classes."""
        if (
            set(labels.classes) != set(self.classes_)
            or labels.out_activation != self.out_activation_
        ):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{labels.classes}"
            )

    def _declared_labels(self, y, classes, resume):
        """Return the labels of a stream, which its first part need not have."""
        if classes is None and not resume:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            refuse_masked(classes=classes)
            labels = Labels.declared(classes, y)
            if not resume:
                labels.check("classes")
                return labels
            if not np.array_equal(labels.classes, self.classes_):
                raise ValueError(
                    f"classes={classes!r} is not the same as in the first call, which "
                    f"had {self.classes_}. Leave it out, or start anew with fit."
                )
        return self._labels()

    def _check_layer_sizes(self, n_features, n_outputs):
        """Return the units of every layer."""
        hidden = self.hidden_layer_sizes
        with naming("hidden_layer_sizes"):
            hidden = [hidden] if isinstance(hidden, Integral) else list(hidden)
        if not all(isinstance(n, Integral) and int(n) > 0 for n in hidden):
            raise ValueError(
                "hidden_layer_sizes must be > 0 and whole numbers, got "
                f"{self.hidden_layer_sizes!r}."
            )
        return [n_features, *map(int, hidden), n_outputs]

    def _check_keep_probs(self, n_hidden):
        """Return the keep probabilities of the input and of every hidden layer."""
        hidden = self.keep_prob
        with naming("keep_prob"):
            hidden = [hidden] * n_hidden if isinstance(hidden, Real) else list(hidden)
        if len(hidden) != n_hidden:
            raise ValueError(
                f"keep_prob has {len(hidden)} entries, but there are {n_hidden} hidden "
                f"layers (hidden_layer_sizes={self.hidden_layer_sizes!r}). Pass one "
                "probability per hidden layer, or a single float for all."
            )
        if not all(isinstance(p, Real) and 0 < float(p) <= 1 for p in hidden):
            raise ValueError(
                "keep_prob has to be in the range (0, 1]: it is the probability of "
                f"keeping a unit. Got {self.keep_prob!r}."
            )
        return [float(self.input_keep_prob), *map(float, hidden)]

    def _check_lbfgs_options(self, keep_probs):
        """Refuse what a full-batch solver without noise cannot do."""
        refused = {
            "keep_prob": min(keep_probs[1:], default=1.0) < 1,
            "input_keep_prob": keep_probs[0] < 1,
            "batch_size": self.batch_size != "auto",
        }
        for name in (name for name, given in refused.items() if given):
            raise ValueError(
                f"{name}={getattr(self, name)!r} does not go with solver='lbfgs', "
                "which takes the whole training set and needs an exact gradient. "
                f"Leave {name} at its default, or use solver='adam' or 'sgd'."
            )

    def _state(self, X, labels, resume):
        """Return where training starts, and set the attributes known before it."""
        layer_sizes = self._check_layer_sizes(X.shape[1], labels.n_outputs)
        n_averages = 0 if self.solver == "lbfgs" else self._optimizer().n_moments
        monitor = Monitor(self._float("tol"), self.n_iter_no_change)
        if resume:
            state = TrainingState.of(self, n_averages, monitor, self._follows())
            if state.layer_sizes != layer_sizes:
                raise ValueError(
                    f"hidden_layer_sizes={self.hidden_layer_sizes!r} does not fit the "
                    f"network trained before, which has {state.layer_sizes[1:-1]}. Set "
                    "it back, or call fit with warm_start=False to start anew."
                )
            return state
        self.classes_ = labels.classes
        self.n_outputs_ = labels.n_outputs
        self.n_layers_ = len(layer_sizes)
        self.out_activation_ = labels.out_activation
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        with naming("hidden_layer_sizes"):  # if there is no memory for so many
            return TrainingState.new(
                layer_sizes, n_averages, X.dtype, self.activation, seed, monitor
            )

    def _follows(self):
        """Return what decides when to stop, and the name of the validation score."""
        address = r" at 0x[0-9a-f]+"  # of an object that may have been copied
        return [self.early_stopping, re.sub(address, "", str(self.scoring))]

    def _float(self, name):
        """Return a parameter as a float, whatever type of number it is."""
        with naming(name):
            return float(getattr(self, name))

    def _optimizer(self):
        momentum = self._float("momentum")
        if self.solver == "adam":
            return Adam(momentum, self._float("beta_2"), self._float("epsilon"))
        return (NesterovSGD if self.nesterovs_momentum else SGD)(momentum)

    def _learning_rate(self):
        if self.learning_rate_init == "auto":
            initial = 1e-3 if self.solver == "adam" else 0.1
        else:
            initial = self._float("learning_rate_init")
        return LearningRate(
            initial,
            SCHEDULES[self.learning_rate],
            self._float("power_t"),
            self._float("learning_rate_decay"),
        )

    def _train(self, state, training, rows, validation, tasks, n_epochs, horizon):
        """Run the solver for up to ``n_epochs``, and set the fitted attributes."""
        full_batch = self.solver == "lbfgs"
        keep_probs = self._check_keep_probs(len(state.layer_sizes) - 2)
        batch_size = 200 if self.batch_size == "auto" else int(self.batch_size)
        if full_batch:
            self._check_lbfgs_options(keep_probs)
            batch_size = _LBFGS_ROWS_AT_ONCE
        engine = Engine(
            state.layer_sizes,
            state.vectors,
            n_steps=state.n_steps,
            activation=self.activation,
            loss=self.out_activation_,
            alpha=self._float("alpha"),
            optimizer=None if full_batch else self._optimizer(),
            keep_probs=keep_probs,
            dropout_mask=self.dropout_mask,
            batch_size=min(batch_size, len(rows)),
            training=training,
            validation=None if validation is None else validation.dataset,
            validation_rows=None if validation is None else validation.rows,
        )

        def report(history, seconds):
            if self.verbose and history.n_epochs % int(self.verbose) == 0:
                print(format_epoch(history, seconds))
            return tasks.end_epoch(engine.parameters)

        session = Session(
            engine,
            state.history,
            state.monitor,
            early_stopping=self.early_stopping,
            validate=None if validation is None else Scorer(self, engine, validation),
            begin_epoch=tasks.begin_epoch,
            report=report,
            best=state.best if self.early_stopping else None,
        )
        n_before = state.history.n_epochs
        if full_batch:
            status = minimize_objective(
                session, rows, n_epochs, int(self.max_fun), state.monitor.tol
            )
            where = ""
        else:
            rate = self._learning_rate()
            status = train(
                session, rate, rows, self.shuffle, n_epochs, horizon, state.rng
            )
            where = f" at learning rate {rate.at(state.history.clock(horizon)):.3g}"
        self.n_iter_ = state.history.n_epochs - n_before
        self._warn_of(status, state.history.n_epochs, where)
        state.validated |= validation is not None
        self._set_fitted_attributes(state, engine, session.best)
        try:
            tasks.end(Parameters.from_layers(self.coefs_, self.intercepts_))
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
            self._warn_of(status, state.history.n_epochs, where)
        return status

    def _warn_of(self, status, n_epochs, where):
        """Say that a fit broke off, and fail if there is nothing to keep."""
        if status is Status.INTERRUPTED:
            warnings.warn(
                f"Training interrupted by user in epoch {n_epochs + 1}. What was "
                "learned until then is kept.",
                stacklevel=_FIT_CALLER + 2,
            )
        if status is not Status.DIVERGED:
            return
        advice = (
            "The input data may contain large values and need to be preprocessed: "
            "scale the features, for example with StandardScaler, or lower "
            "learning_rate_init."
        )
        if not n_epochs:
            raise ValueError(
                "Solver produced non-finite parameter weights. Training diverged in "
                f"epoch 1{where}, and there are no weights to keep. {advice}"
            )
        warnings.warn(
            f"Training diverged in epoch {n_epochs + 1}{where}. The weights of the "
            f"epoch before are kept. {advice}",
            ConvergenceWarning,
            stacklevel=_FIT_CALLER + 2,
        )

    def _set_fitted_attributes(self, state, engine, best):
        history = state.history
        vector = engine.state[0] if best is None else best[0][0]
        self.__dict__.update(Parameters(state.layer_sizes, vector).as_attributes())
        self.t_ = history.samples
        self.loss_curve_ = history.loss_curve
        self.learning_rate_curve_ = history.learning_rate_curve
        self.loss_ = history.loss_curve[-1] if history.loss_curve else np.nan
        self.best_loss_ = None
        if not self.early_stopping:
            self.best_loss_ = min(history.loss_curve, default=np.nan)
        self.validation_loss_curve_ = self.validation_scores_ = None
        self.best_validation_score_ = None
        scores = [-loss for loss in history.loss_curve]
        if state.validated:
            self.validation_loss_curve_ = history.validation_loss_curve
            self.validation_scores_ = scores = history.validation_scores
        # Early stopping may have been switched on between two calls to fit.
        first = state.followed_from if self.early_stopping else 0
        epochs = range(first, len(scores))
        top = max(epochs, key=lambda epoch: _nan_last(scores[epoch]), default=-1)
        self.best_iter_ = top + 1
        if state.validated and epochs:
            self.best_validation_score_ = scores[top]
        self._left_off = state.left_off(
            engine, self._follows(), None if best is None else vector
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags
