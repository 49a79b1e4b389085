"""RegMLPClassifier: the network as a classifier."""

from functools import partial

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from skreg._base import NetworkEstimator
from skreg._inputs.labels import Labels
from skreg._inputs.plan import CONSTRAINTS, is_stochastic
from skreg._inputs.weights import row_weights
from skreg._predictions import PredictsLabels


class RegMLPClassifier(PredictsLabels, NetworkEstimator):
    r"""Multilayer perceptron classifier with dropout, weight decay and early stopping.

    The network minimises, over its weights W and biases b,

    .. math::

        J(W, b) = \frac{\sum_i s_i \, \ell(y_i, f(x_i))}{\sum_i s_i}
                  + \sum_l \frac{\alpha_l}{2} \|W_l\|^2,

    where :math:`\ell` is the cross-entropy and :math:`s_i` is the sample weight of a
    row times the weight of its class. The defaults suit standardised features and need
    no tuning.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 256)
        Units of each hidden layer. ``()`` is logistic regression.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation of the hidden layers.
    feature_scales : bool or "auto", default="auto"
        Whether the network learns a factor for each feature, in front of the first
        layer [6]_. The factors are penalised like the weights of that layer, which
        removes useless features from the network. "auto" is True for "adam" with
        hidden layers and more than 42 rows. When training is resumed, the network
        keeps its factors.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        "sgd" follows a moving average of the gradient. "adam" [1]_ also scales each
        step by an average of the squared gradient. "lbfgs" [2]_ takes the whole
        training set at once, which suits small ones, and allows neither dropout nor
        mini-batches.
    alpha : "auto", float or array-like of float, default="auto"
        Strength of the L2 penalty on the weights: one number for all layers, or one per
        layer from the inputs up. Its meaning depends neither on the number n of rows
        nor on the batch size. "auto" penalises only the first layer: with 25 / n, or
        8 / n under ``early_stopping``, twice that without ``feature_scales``, and a
        quarter with a single hidden layer. For "lbfgs" it is 10 / n on all layers.
        Without hidden layers it is 1 / n. With at most 42 rows it is 0.1, on all
        layers. With hidden layers of "logistic" units, whose weights are four times as
        large, it is a sixteenth of that. If all features lie in intervals narrower than
        1.5, as behind ``MinMaxScaler``, and w is the widest, it is multiplied by
        ``w / 4``, or by ``(w / 4) ** (2 / L)`` on all L layers. Rows of unequal weight
        count as fewer. "Model and training" has the details.
    keep_prob : "auto", float or array-like of float, default="auto"
        Dropout [3]_: the probability of keeping a hidden unit, in (0, 1], as one number
        for all hidden layers or one per layer. "auto" is 0.8, or 0.9 under
        ``early_stopping``. It is 1 for "lbfgs" and for at most 42 rows.
    input_keep_prob : "auto" or float, default="auto"
        The probability of keeping an input feature, in (0, 1]. "auto" is 0.8 for 200
        features or more, but 1 under ``early_stopping``, without hidden layers, for
        "lbfgs", in `partial_fit` and for at most 42 rows.
    dropout_mask : {"sample", "batch"}, default="sample"
        "sample" draws a mask for each row. "batch" draws one for each mini-batch and
        trains only the subnetwork of the kept units; the weights of dropped units and
        their moving averages do not change in that step. This speeds up wide networks
        on large mini-batches and slows down small networks.
    batch_size : int or "auto", default="auto"
        Rows per mini-batch, at most all of them. "auto" is n / 16, or n / 8 under
        ``early_stopping``, rounded down to a power of two between 8 and 256; or all
        rows if there are at most 42.
    learning_rate_init : float or "auto", default="auto"
        Initial learning rate. With "cosine", "auto" is 8e-3 for "adam" (4e-3 with fewer
        than 16 rows per mini-batch, 0.016 for a single one of at most 42 rows) and 0.8
        for "sgd". With other schedules it is 1e-3 and 0.1. For "adam" it is twice that
        with a single hidden layer, and five times without one. For "sgd" it is reduced
        in proportion with fewer than 32 rows per mini-batch, or 16 with other
        schedules, and by half if one batch has all rows.
    learning_rate : str, default="auto"
        Learning-rate schedule: "constant", "invscaling", "adaptive", "cosine" or
        "auto". "invscaling" divides the initial rate by ``(t + 1) ** power_t``, where t
        is the number of rows seen. "adaptive" divides the rate by 5 whenever training
        has stalled for ``n_iter_no_change`` epochs, and ends the fit at or below 1e-6.
        "cosine" [4]_ lowers the rate to zero over ``max_iter`` epochs. "auto" is
        "cosine" in `fit`, and "constant" in `partial_fit`, where the length of the
        stream is unknown.
    power_t : float, default=0.5
        Exponent of "invscaling".
    learning_rate_decay : float, default=0.0
        The rate is multiplied by ``1 - learning_rate_decay`` after every epoch, on top
        of the schedule. In [0, 1).
    momentum : float, default=0.9
        Decay rate of the moving average of the gradient, in "sgd" and in "adam". The
        average is normalised, so the learning rate means the same at every momentum.
        In [0, 1).
    nesterovs_momentum : bool, default=False
        Whether "sgd" uses Nesterov's momentum, which looks one step ahead [5]_.
    beta_2 : float, default=0.999
        Decay rate of the moving average of the squared gradient in "adam". In [0, 1).
        Steps are bounded only if it exceeds ``momentum ** 2``; far below, training
        diverges.
    epsilon : float, default=1e-8
        Added to the denominator in "adam", for numerical stability.
    max_iter : int or "auto", default="auto"
        Maximum number of epochs in a call of `fit`, or of iterations for "lbfgs".
        "auto" is 32 with "cosine", and 200 otherwise.
    max_fun : int, default=15000
        Maximum number of evaluations of the objective, for "lbfgs".
    tol : float, default=1e-4
        The training loss, or with ``early_stopping`` the validation score, has improved
        if it is better by more than ``tol`` than at the last improvement; smaller gains
        add up. "lbfgs" stops when no entry of the gradient exceeds ``tol``, or when the
        objective hardly falls any more.
    n_iter_no_change : int or inf, default=20
        Training stops after this many epochs without an improvement; with "cosine" and
        for "lbfgs", only under ``early_stopping``. With inf, "sgd" and "adam" run
        ``max_iter`` epochs, as planned.
    early_stopping : bool, default=False
        Whether to stop when the validation score no longer improves, and to keep the
        weights of its best epoch. Unless a validation set is passed to `fit`,
        ``validation_fraction`` of the rows is held out.
    validation_fraction : float, default=0.1
        Share of the rows to hold out, stratified by class. In (0, 1). A class that is
        too small to split stays in the training set.
    scoring : str or callable, default="loss"
        Validation score: "loss" (negated, so greater is better), the name of a scorer,
        or a callable ``scorer(estimator, X, y)`` of arrays, which also takes
        ``sample_weight`` if there are weights.
    class_weight : dict, "balanced" or list of dict, default=None
        Weights of the classes. "balanced" gives each class the same total weight. For
        multilabel targets, "balanced" or a list of dicts, one per column.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of training. "auto" is float32, or float64 for "lbfgs" and for at most
        42 rows. When training is resumed, the network keeps its precision.
    engine : {"numpy", "numba"}, default="numpy"
        "numba" compiles training: small networks train in a fraction of the time, and
        those of a committee in threads. It needs the extra ``numba``, and gives the
        same networks up to rounding. It does not affect "lbfgs".
    shuffle : bool, default=True
        Whether to shuffle the rows in every epoch.
    warm_start : bool, default=False
        Whether `fit` resumes training where the last call ended. k epochs and then m
        more equal k + m epochs bit for bit, except with "cosine", which reaches zero at
        the end of each call, and for "lbfgs", which forgets the curvature.
    random_state : int, RandomState instance or None, default=None
        Seed of everything random: initial weights, the validation split, the order of
        the rows and the dropout masks.
    verbose : bool or int, default=False
        Whether to print a line per epoch; an int k prints a line every k epochs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the column indices.
    coefs_ : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (fan_out,)
        Biases of each layer.
    feature_scales_ : ndarray of shape (`n_features_in_`,) or None
        Factor of each feature: the inputs of the first layer are ``X *
        feature_scales_``.
    n_layers_ : int
        Number of layers, including input and output.
    auto_params_ : dict
        What the last call took for each parameter that is "auto".
    n_outputs_ : int
        Number of outputs; one for two classes.
    out_activation_ : {"logistic", "softmax"}
        Activation of the outputs.
    n_iter_ : int
        Number of epochs in the last call.
    t_ : int
        Number of training rows seen, over all calls that continued this training.
    loss_ : float
        Objective in the last epoch.
    best_loss_ : float or None
        Lowest objective of all epochs; None with ``early_stopping``.
    loss_curve_ : list of float
        Running objective of each epoch: the mean loss over its mini-batches, each taken
        before its step, plus the penalty.
    penalty_curve_ : list of float
        Penalty in each of these objectives, at the end of the epoch.
    learning_rate_curve_ : list of float
        Learning rate of each epoch; empty for "lbfgs", which has none.
    validation_loss_curve_ : list of float or None
        Loss of the validation set after each epoch, without the penalty.
    validation_scores_ : list of float or None
        Score of the validation set after each epoch.
    best_validation_score_ : float or None
        Best validation score.
    best_iter_ : int
        Epoch, counted from 1, with the best validation score or, if there is none, the
        lowest objective.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    See Also
    --------
    RegMLPClassifierCV : A committee of such networks, with better probabilities.
    TabularEncoder : Makes features for the network from the columns of a table.
    sklearn.neural_network.MLPClassifier : Without dropout, class weights or callbacks.

    References
    ----------
    .. [1] D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization",
       ICLR 2015.
    .. [2] D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
       optimization", Mathematical Programming 45, 1989.
    .. [3] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov,
       "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15,
       2014.
    .. [4] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
       Restarts", ICLR 2017.
    .. [5] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of
       initialization and momentum in deep learning", ICML 2013.
    .. [6] D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by Default: Strong
       Pre-Tuned MLPs and Boosted Trees on Tabular Data", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skreg import RegMLPClassifier
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> model = RegMLPClassifier(random_state=0)
    >>> model.fit(X, y).predict([[0.0, 1.0], [1.0, -0.5]])
    array([0, 1])
    >>> model.predict_proba([[0.0, 1.0]]).shape
    (1, 2)
    """

    _parameter_constraints: dict = {
        **CONSTRAINTS,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(256, 256),
        activation="relu",
        *,
        feature_scales="auto",
        solver="adam",
        alpha="auto",
        keep_prob="auto",
        input_keep_prob="auto",
        dropout_mask="sample",
        batch_size="auto",
        learning_rate_init="auto",
        learning_rate="auto",
        power_t=0.5,
        learning_rate_decay=0.0,
        momentum=0.9,
        nesterovs_momentum=False,
        beta_2=0.999,
        epsilon=1e-8,
        max_iter="auto",
        max_fun=15000,
        tol=1e-4,
        n_iter_no_change=20,
        early_stopping=False,
        validation_fraction=0.1,
        scoring="loss",
        class_weight=None,
        dtype="auto",
        engine="numpy",
        shuffle=True,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.feature_scales = feature_scales
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
        self.dtype = dtype
        self.engine = engine
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on the given rows, continuing from the current state.

        However few rows a call has, "auto" means dropout, factors of features for
        "adam", float32, a constant rate, mini-batches of 8 rows or more, and the
        ``alpha`` of 50,000 rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that may occur in any call; for multilabel targets, the column
            indices. Required in the first call, optional later.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. Unlike in `fit` they are not divided by their mean,
            which is unknown in a stream: a weight of 2 doubles the gradient.

        Returns
        -------
        self : RegMLPClassifier
            The trained estimator.

        Raises
        ------
        ValueError
            As in `fit`; for classes not declared in the first call; with
            ``early_stopping=True`` or ``class_weight="balanced"``, which need the
            whole training set.
        """
        declared = partial(self._declared_targets, classes)
        return self._partial_fit(X, y, sample_weight, declared)

    def _targets_of(self, y):
        return Labels.of(y)

    def _fitted_targets(self):
        return Labels.of_fitted(self)

    def _check_stream(self):
        super()._check_stream()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which never "
                "sees all of y. Compute the weights with sklearn.utils.class_weight."
                "compute_class_weight and pass a dict."
            )

    def _row_weights(self, targets, y, sample_weight):
        return row_weights(self.class_weight, targets, y, sample_weight)

    def _declared_targets(self, classes, y):
        """Return the labels of a stream; its first part need not have all of them."""
        fitted = hasattr(self, "coefs_")
        if classes is not None:
            labels = Labels.declared(classes, y)
            if not fitted:
                return labels
            if not np.array_equal(labels.classes, self.classes_):
                raise ValueError(
                    f"classes={classes!r} is not the same as in the first call, which "
                    f"had {self.classes_}. Leave it out, or start over with fit."
                )
        elif not fitted:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return Labels.of_fitted(self).checked(y)
