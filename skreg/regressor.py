"""RegMLPRegressor: the network as a regressor."""

from numbers import Real

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from skreg._base import NetworkEstimator
from skreg._engine.heads import LOSSES
from skreg._inputs.plan import CONSTRAINTS, is_stochastic
from skreg._inputs.values import Values
from skreg._predictions import PredictsValues


class RegMLPRegressor(PredictsValues, NetworkEstimator):
    r"""Multilayer perceptron regressor with dropout, weight decay and early stopping.

    The network minimises, over its weights W and biases b,

    .. math::

        J(W, b) = \frac{\sum_i s_i \, \ell(t_i, f(x_i))}{\sum_i s_i}
                  + \sum_l \frac{\alpha_l}{2} \|W_l\|^2,

    where :math:`s_i` is the sample weight of a row, and :math:`t_i = (y_i - m) / c` is
    its target, standardised by the weighted mean m and standard deviation c of the
    training rows. Do not scale y yourself: predictions and scores are in y's unit, and
    so are the recorded and printed losses, which are :math:`c^2 J` or, for losses that
    grow linearly, :math:`c J`. Several targets may have different units, so their loss
    is the mean over the standardised targets, and it is recorded without a unit. The
    defaults suit standardised features and need no tuning.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 256)
        Units of each hidden layer. ``()`` is a linear model.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation of the hidden layers.
    feature_scales : bool or "auto", default="auto"
        Whether the network learns a factor for each feature, in front of the first
        layer [6]_. The factors are penalised like the weights of that layer, which
        removes useless features from the network. "auto" is True for "adam" with
        hidden layers and more than 42 rows. When training is resumed, the network
        keeps its factors.
    loss : str, default="squared_error"
        Loss to minimise. "squared_error", (y - f)² / 2, predicts the mean.
        "absolute_error", ``|y - f|``, predicts the median. "huber" [7]_ is the squared
        error up to errors of 1.345 c and grows linearly beyond, so outliers pull less;
        with normal errors it is at least 95% as efficient as the squared error [8]_.
        c is ``target_scale_``, which for these two and for "quantile" does not depend
        on outliers.
        "quantile" [9]_ predicts the quantile at the level ``quantile``. "poisson" is
        half the Poisson deviance, for non-negative y: the network predicts the
        logarithm of the mean, and targets are divided by their mean but not centred.
        There, the automatic ``alpha`` grows with ``target_variance_``.
    quantile : float, default=0.5
        Level of the quantile that ``loss="quantile"`` predicts, in (0, 1).
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        "sgd" follows a moving average of the gradient. "adam" [1]_ also scales each
        step by an average of the squared gradient. "lbfgs" [2]_ takes the whole
        training set at once, which suits small ones, and allows neither dropout nor
        mini-batches.
    alpha : "auto", float or array-like of float, default="auto"
        Strength of the L2 penalty on the weights: one number for all layers, or one per
        layer from the inputs up. Its meaning depends neither on the number n of rows
        nor on the batch size. "auto" penalises only the first layer: with 4 / n, or
        2 / n under ``early_stopping``, twice that without ``feature_scales``, and a
        quarter with a single hidden layer. For "lbfgs" it is 4 / n on all layers.
        Without hidden layers it is 1 / n. With at most 42 rows it is 0.1, on all
        layers. With hidden layers of "logistic" units, whose weights are four times as
        large, it is a sixteenth of that. If all features lie in intervals narrower than
        1.5, as behind ``MinMaxScaler``, and w is the widest, it is multiplied by
        ``w / 4``, or by ``(w / 4) ** (2 / L)`` on all L layers. Rows of unequal weight
        count as fewer. "Model and training" has the details.
    keep_prob : "auto", float or array-like of float, default="auto"
        Dropout [3]_: the probability of keeping a hidden unit, in (0, 1], as one number
        for all hidden layers or one per layer. "auto" is 0.9, or 1 under
        ``early_stopping``. It is 1 for "lbfgs" and for at most 42 rows.
    input_keep_prob : "auto" or float, default="auto"
        The probability of keeping an input feature, in (0, 1]. "auto" is 1.
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
        than 16 rows per mini-batch, 0.016 for a single one of at most 42 rows) and 0.1
        for "sgd". With other schedules it is 1e-3 and 0.1. For "adam" it is twice that
        with a single hidden layer, and five times without one. For "sgd" it is reduced
        in proportion with fewer than 16 rows per mini-batch, unless one batch has all
        rows, and for counts that vary much.
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
        objective hardly falls any more. ``tol`` applies to losses of the standardised
        targets, for "poisson" divided by ``target_variance_``, so y's unit does not
        matter; but a ``scoring`` such as "neg_mean_squared_error" has one.
    n_iter_no_change : int or inf, default=20
        Training stops after this many epochs without an improvement; with "cosine" and
        for "lbfgs", only under ``early_stopping``. With inf, "sgd" and "adam" run
        ``max_iter`` epochs, as planned.
    early_stopping : bool, default=False
        Whether to stop when the validation score no longer improves, and to keep the
        weights of its best epoch. Unless a validation set is passed to `fit`,
        ``validation_fraction`` of the rows is held out.
    validation_fraction : float, default=0.1
        Share of the rows to hold out. In (0, 1).
    scoring : str or callable, default="loss"
        Validation score: "loss" (negated, so greater is better), the name of a scorer,
        or a callable ``scorer(estimator, X, y)`` of arrays, which also takes
        ``sample_weight`` if there are weights.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of training. "auto" is float32, or float64 for "lbfgs" and for at most
        42 rows. When training is resumed, the network keeps its precision.
        Predictions are float64.
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
        Number of targets.
    out_activation_ : {"identity", "exp"}
        Activation of the outputs; "exp" for ``loss="poisson"``.
    target_center_ : ndarray of shape (n_outputs,)
        Center m of each target in training: the mean for "squared_error", zero for
        "poisson", and the median for the other losses.
    target_scale_ : ndarray of shape (n_outputs,)
        Scale c of each target: the standard deviation for "squared_error", the mean for
        "poisson", and the interquartile range over 1.349 for the other losses, which is
        the standard deviation of a normal target. It is at least a quarter of the
        standard deviation of y clipped to its 5 % and 95 % quantiles; if these are
        equal, center and scale are those of "squared_error". If y is constant, c is 1,
        but for "poisson" the mean.
    target_variance_ : ndarray of shape (n_outputs,)
        For ``loss="poisson"``, the variance of y over its squared mean in all rows
        passed to `fit`, or to the first call of `partial_fit`; 1 for other losses.
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
    RegMLPRegressorCV : A committee of such networks, with smaller errors.
    TabularEncoder : Makes features for the network from the columns of a table.
    sklearn.neural_network.MLPRegressor : Without dropout, and y is scaled by hand.
    sklearn.ensemble.HistGradientBoostingRegressor : Trees, with losses of these names.

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
    .. [7] P. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
       Statistics 35, 1964.
    .. [8] P. Holland and R. Welsch, "Robust regression using iteratively reweighted
       least-squares", Communications in Statistics A6, 1977.
    .. [9] R. Koenker and G. Bassett, "Regression Quantiles", Econometrica 46,
       1978.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import RegMLPRegressor
    >>> X, y = make_friedman1(400, random_state=0)
    >>> model = make_pipeline(StandardScaler(), RegMLPRegressor(random_state=0))
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    >>> high = RegMLPRegressor(loss="quantile", quantile=0.9, random_state=0)
    >>> high = high.fit(X, y)
    >>> bool(abs((y < high.predict(X)).mean() - 0.9) < 0.05)
    True
    """

    _parameter_constraints: dict = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(LOSSES))],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(256, 256),
        activation="relu",
        *,
        feature_scales="auto",
        loss="squared_error",
        quantile=0.5,
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
        self.loss = loss
        self.quantile = quantile
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
        self.dtype = dtype
        self.engine = engine
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on the given rows, continuing from the current state.

        However few rows a call has, "auto" means dropout, factors of features for
        "adam", float32, a constant rate, mini-batches of 8 rows or more, and the
        ``alpha`` of 50,000 rows.

        The first call fixes the standardisation of the targets for all later calls, by
        its own rows. Begin with typical rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. Unlike in `fit` they are not divided by their mean,
            which is unknown in a stream: a weight of 2 doubles the gradient.

        Returns
        -------
        self : RegMLPRegressor
            The trained estimator.

        Raises
        ------
        ValueError
            As in `fit`; with ``early_stopping=True``, which needs the whole training
            set; if a target is constant in the first call, as in a single row, and so
            has no scale (``loss="poisson"`` needs only a mean).
        """
        return self._partial_fit(X, y, sample_weight, self._targets_of)

    def _targets_of(self, y):
        return Values.of(y, self)

    def _fitted_targets(self):
        return Values.of_fitted(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        of_counts = [name for name, head in LOSSES.items() if head.of_counts]
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss in of_counts
        return tags
