"""RegMLPClassifier: parameters in, fitted attributes out."""

import copy
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skreg.activations import ACTIVATIONS
from skreg.batches import Dataset
from skreg.callbacks import CallbackSupportMixin, EpochTasks, with_callbacks
from skreg.engine import Engine, Predictor
from skreg.initializers import initialize
from skreg.lbfgs import minimize_objective
from skreg.losses import LOSSES
from skreg.optimizers import SGD, Adam, NesterovSGD
from skreg.parameters import Parameters, n_parameters
from skreg.progress import format_epoch
from skreg.schedules import SCHEDULES, LearningRate
from skreg.stopping import Monitor, Status
from skreg.targets import Labels, class_weights, weigh
from skreg.training import History, Session, train

_LBFGS_ROWS_AT_ONCE = 2048


class _ValidationSet(NamedTuple):
    """Rows to validate on: for the engine, and as a scorer takes them."""

    dataset: Dataset
    rows: np.ndarray
    y: Any
    sample_weight: np.ndarray | None


@dataclass
class _Start:
    """Where training starts from: drawn anew, or where it was left."""

    layer_sizes: list
    optimizer: Any
    state: np.ndarray
    n_steps: int
    rng: np.random.Generator
    split_seed: int
    history: History
    monitor: Monitor
    validated: bool = False
    best: Any = None


@contextmanager
def _unchanged_on_error(estimator):
    """Give an estimator its attributes back if it cannot be fitted."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def _naming(argument):
    """Name the argument in the message of an error about it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if argument in str(error):
            raise
        raise type(error)(f"{argument}: {error}") from None


def _check_weights(weights, X, name):
    """Return weights as an array of float64."""
    with _naming(name):
        weights = _check_sample_weight(weights, X, dtype=np.float64)
    if weights.min() < 0 or not weights.any():
        raise ValueError(
            f"{name} has to be non-negative, with at least one positive weight; got "
            f"weights from {weights.min()} to {weights.max()}."
        )
    return weights


def _row_weights(sample_weight, by_class, table, codes):
    """Return sample weight × class weight of each row, or None where all are 1."""
    if by_class is None:
        return sample_weight
    weights = weigh(by_class, table, codes)
    if not (np.isfinite(weights).all() and weights.min() >= 0):
        raise ValueError(
            "class_weight has to have finite, non-negative weights, got "
            f"{by_class.tolist()}."
        )
    return weights if sample_weight is None else weights * sample_weight


def _check_some_weight(weights, rows, kind):
    if weights is not None and not weights[rows].any():
        raise ValueError(
            f"sample_weight × class_weight is zero for every {kind} row. Give some of "
            "them a positive weight."
        )


def _relative(weights, rows):
    """Return weights with mean 1 over ``rows``."""
    weights = weights / weights.max()
    return weights / weights[rows].mean()


def _weight_attributes(coefs, biases):
    """Return copies of the weights as fitted attributes."""
    network = Parameters.from_layers(coefs, biases)
    return {"coefs_": network.coefs, "intercepts_": network.biases}


def _is_stochastic(estimator):
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for the stochastic solvers 'sgd' and "
            "'adam'; solver='lbfgs' takes the whole training set at once."
        )
    return True


class RegMLPClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Regularised multilayer perceptron classifier."""

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
        resume = self.warm_start and hasattr(self, "coefs_")
        context = self._init_callback_context(max_subtasks=self.max_iter)
        metadata = {"sample_weight": sample_weight}
        tasks = EpochTasks(self, context, {"X": X, "y": y, "metadata": metadata})
        with _unchanged_on_error(self):
            if self.scoring != "loss":
                check_scoring(self, self.scoring)
            X, y, sample_weight = self._check_rows(
                X, y, sample_weight, reset=not resume
            )
            labels = Labels.of(y)
            labels.check()
            if resume and (
                set(labels.classes) != set(self.classes_)
                or labels.out_activation != self.out_activation_
            ):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in "
                    "the previous call to fit. Previously got "
                    f"{self.classes_}, `y` has {labels.classes}"
                )
            start = self._start(labels, X, resume)
            table, codes = labels.encode(y, X.dtype)
            by_class = self._class_weights(labels, table, codes, sample_weight)
            weights = _row_weights(sample_weight, by_class, table, codes)
            rows = np.arange(X.shape[0])
            validation = self._check_validation_set(
                X_val, y_val, sample_weight_val, labels, by_class, X.dtype
            )
            held_out = None
            if validation is None and self.early_stopping:
                strata = None if labels.multilabel else labels.classes[codes]
                rows, held_out = self._hold_out(rows, strata, start.split_seed)
                _check_some_weight(weights, held_out, "validation")
            _check_some_weight(weights, rows, "training")
            if weights is not None:
                weights = _relative(weights, rows).astype(X.dtype)
            training = Dataset(X, table, codes, weights)
            if held_out is not None:
                weight = None if sample_weight is None else sample_weight[held_out]
                validation = _ValidationSet(training, held_out, y, weight)
            self._train(start, training, rows, validation, tasks)
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
        resume = hasattr(self, "coefs_")
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it sees one epoch "
                "of a part of the data. Score a validation set of your own between calls."
            )
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which never "
                "sees all of y. Compute the weights with sklearn.utils.class_weight."
                "compute_class_weight and pass a dict."
            )
        with _unchanged_on_error(self):
            X, y, sample_weight = self._check_rows(
                X, y, sample_weight, reset=not resume
            )
            labels = self._declared_labels(y, classes, resume)
            start = self._start(labels, X, resume)
            table, codes = labels.encode(y, X.dtype)
            by_class = self._class_weights(labels, table, codes, sample_weight)
            weights = _row_weights(sample_weight, by_class, table, codes)
            rows = np.arange(X.shape[0])
            _check_some_weight(weights, rows, "training")
            if weights is not None:
                weights = weights.astype(X.dtype)
            training = Dataset(X, table, codes, weights)
            tasks = EpochTasks(self, None, {})
            self._train(start, training, rows, None, tasks, partial=True)
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
        LOSSES[self.out_activation_].probabilities(logits)
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
        return LOSSES[self.out_activation_].log_probabilities(logits)

    def _logits(self, X):
        """Return a logit for each class; of the one output of two classes, ∓z."""
        check_is_fitted(self)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False
        )
        predictor = Predictor(
            self.coefs_, self.intercepts_, self.activation, X.shape[0]
        )
        with np.errstate(over="ignore"):
            logits = predictor.logits(X)
        return np.hstack([-logits, logits]) if self.n_outputs_ == 1 else logits

    def _labels(self):
        multilabel = self.n_outputs_ > 1 and self.out_activation_ == "logistic"
        return Labels(self.classes_, multilabel)

    def _check_rows(self, X, y, sample_weight, reset):
        """Validate training rows; a fitted network fixes features and precision."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=[np.float64, np.float32] if reset else self.coefs_[0].dtype,
            reset=reset,
        )
        if sample_weight is not None:
            sample_weight = _check_weights(sample_weight, X, "sample_weight")
        return X, y, sample_weight

    def _declared_labels(self, y, classes, resume):
        """Return the labels of a stream, which its first part need not have."""
        if not resume:
            if classes is None:
                raise ValueError(
                    "classes must be passed on the first call to partial_fit."
                )
            labels = Labels.declared(classes, y)
            labels.check()
            return labels
        if classes is not None and not np.array_equal(
            np.unique(classes), self.classes_
        ):
            raise ValueError(
                f"classes={classes!r} is not the same as in the first call, which had "
                f"{self.classes_}. Leave it out, or start anew with fit."
            )
        return self._labels()

    def _class_weights(self, labels, table, codes, sample_weight):
        if self.class_weight is None:
            return None
        with _naming("class_weight"):
            return class_weights(self.class_weight, labels, table, codes, sample_weight)

    def _check_validation_set(self, X, y, sample_weight, labels, by_class, dtype):
        """Return the validation set that the user passed, or None."""
        if X is None and y is None:
            if sample_weight is not None:
                raise ValueError(
                    "sample_weight_val is provided, but X_val and y_val are not."
                )
            return None
        if X is None or y is None:
            given, missing = ("y_val", "X_val") if X is None else ("X_val", "y_val")
            raise ValueError(f"{given} is provided, but {missing} was not provided.")
        with _naming("X_val"):
            checked = check_array(
                X, input_name="X_val", accept_sparse="csr", dtype=dtype
            )
            validate_data(self, X, reset=False, skip_check_array=True)
            X = checked
        with _naming("y_val"):
            y = check_array(
                y, input_name="y_val", ensure_2d=False, dtype=None, accept_sparse="csr"
            )
            check_consistent_length(X, y)
            table, codes = labels.encode(y, dtype, "y_val")
        if sample_weight is not None:
            sample_weight = _check_weights(sample_weight, X, "sample_weight_val")
        weights = _row_weights(sample_weight, by_class, table, codes)
        rows = np.arange(X.shape[0])
        _check_some_weight(weights, rows, "validation")
        if weights is not None:
            weights = _relative(weights, rows).astype(dtype)
        return _ValidationSet(Dataset(X, table, codes, weights), rows, y, sample_weight)

    def _hold_out(self, rows, strata, seed):
        """Split row numbers into those to train on and those to validate on."""
        try:
            train_rows, held_out = train_test_split(
                rows,
                test_size=self.validation_fraction,
                stratify=strata,
                random_state=seed,
            )
        except ValueError as error:
            raise ValueError(
                "The validation set cannot be split off with validation_fraction="
                f"{self.validation_fraction} of {len(rows)} rows: {error} Change "
                "validation_fraction, add rows, or pass X_val and y_val to fit."
            ) from None
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' (got "
                f"{self.validation_fraction} of {len(rows)} rows), add rows, or pass "
                "X_val and y_val to fit."
            )
        return train_rows, held_out

    def _check_layer_sizes(self, n_features, n_outputs):
        """Return the units of every layer."""
        hidden = self.hidden_layer_sizes
        hidden = [hidden] if isinstance(hidden, Integral) else list(hidden)
        if not all(isinstance(size, Integral) and size > 0 for size in hidden):
            raise ValueError(
                "hidden_layer_sizes must be > 0 and whole numbers, got "
                f"{self.hidden_layer_sizes!r}."
            )
        return [n_features, *map(int, hidden), n_outputs]

    def _check_keep_probs(self, n_hidden):
        """Return the keep probabilities of the input and of every hidden layer."""
        hidden = self.keep_prob
        if isinstance(hidden, Real):
            hidden = [hidden] * n_hidden
        elif len(hidden) != n_hidden:
            raise ValueError(
                f"keep_prob has {len(hidden)} entries, but there are {n_hidden} hidden "
                f"layers (hidden_layer_sizes={self.hidden_layer_sizes!r}). Pass one "
                "probability per hidden layer, or a single float for all."
            )
        if not all(isinstance(p, Real) and 0 < p <= 1 for p in hidden):
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
                "which takes the whole training set at once and needs an exact gradient. "
                f"Leave {name} at its default, or use solver='adam' or 'sgd'."
            )

    def _start(self, labels, X, resume):
        """Return where training starts, and set the attributes known before it."""
        layer_sizes = self._check_layer_sizes(X.shape[1], labels.n_outputs)
        self.classes_ = labels.classes
        self.n_outputs_ = labels.n_outputs
        self.n_layers_ = len(layer_sizes)
        self.out_activation_ = labels.out_activation
        optimizer = self._optimizer()
        n_moments = 0 if optimizer is None else optimizer.n_moments
        state = np.zeros((1 + n_moments, n_parameters(layer_sizes)), X.dtype)
        monitor = Monitor(self.tol, self.n_iter_no_change)
        if not resume:
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            rng = np.random.Generator(np.random.SFC64(seed))
            initialize(Parameters(layer_sizes, state[0]), self.activation, rng)
            split_seed = int(rng.integers(np.iinfo(np.int32).max))
            return _Start(
                layer_sizes, optimizer, state, 0, rng, split_seed, History(), monitor
            )
        fitted = Parameters.from_layers(self.coefs_, self.intercepts_)
        if list(fitted.layer_sizes) != layer_sizes:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} does not fit the "
                f"network trained before, with layers of {list(fitted.layer_sizes)} units. Set "
                "it back, or call fit with warm_start=False to start anew."
            )
        before = self._resumable
        state[0] = fitted.vector if before["vector"] is None else before["vector"]
        n_steps = 0
        if before["averages"].shape == state[1:].shape:
            state[1:] = before["averages"]
            n_steps = before["n_steps"]
        rng = np.random.Generator(np.random.SFC64())
        rng.bit_generator.state = before["rng"]
        best = None
        if before["follows"] == self._follows():
            monitor.best_score = before["best_score"]
            monitor.epochs_without_improvement = before["epochs_without_improvement"]
            if monitor.stalled:
                monitor.be_patient_again()
            if self.early_stopping:
                best = fitted.vector[np.newaxis], n_steps
        history = History(
            self.t_,
            before["stalls"],
            list(self.loss_curve_),
            list(self.learning_rate_curve_),
            list(self.validation_loss_curve_ or [np.nan] * len(self.loss_curve_)),
            list(self.validation_scores_ or [np.nan] * len(self.loss_curve_)),
        )
        return _Start(
            layer_sizes,
            optimizer,
            state,
            n_steps,
            rng,
            before["split_seed"],
            history,
            monitor,
            self.validation_scores_ is not None,
            best,
        )

    def _follows(self):
        """Return what decides when to stop, and which epoch was the best."""
        return str(self.scoring) if self.early_stopping else "training loss"

    def _optimizer(self):
        if self.solver == "lbfgs":
            return None
        if self.solver == "adam":
            return Adam(self.momentum, self.beta_2, self.epsilon)
        return (NesterovSGD if self.nesterovs_momentum else SGD)(self.momentum)

    def _train(self, start, training, rows, validation, tasks, partial=False):
        """Run the solver and set the fitted attributes."""
        keep_probs = self._check_keep_probs(len(start.layer_sizes) - 2)
        batch_size = 200 if self.batch_size == "auto" else self.batch_size
        if self.solver == "lbfgs":
            self._check_lbfgs_options(keep_probs)
            batch_size = _LBFGS_ROWS_AT_ONCE
        engine = Engine(
            start.layer_sizes,
            start.state,
            n_steps=start.n_steps,
            activation=self.activation,
            loss=self.out_activation_,
            alpha=self.alpha,
            optimizer=start.optimizer,
            keep_probs=keep_probs,
            dropout_mask=self.dropout_mask,
            batch_size=min(batch_size, len(rows)),
            training=training,
            validation=None if validation is None else validation.dataset,
            validation_rows=None if validation is None else validation.rows,
        )
        history = start.history
        n_before = history.n_epochs

        weights = engine.parameters

        def report(history, seconds):
            if self.verbose and history.n_epochs % int(self.verbose) == 0:
                print(format_epoch(history, seconds))
            return tasks.end_epoch(
                lambda: _weight_attributes(weights.coefs, weights.biases)
            )

        session = Session(
            engine,
            history,
            start.monitor,
            early_stopping=self.early_stopping,
            validate=self._validator(engine, validation),
            begin_epoch=tasks.begin_epoch,
            report=report,
            best=start.best,
        )
        if self.solver == "lbfgs":
            rate = None
            status = minimize_objective(
                session, rows, self.max_iter, self.max_fun, self.tol
            )
        else:
            horizon = self.max_iter if partial else n_before + self.max_iter
            rate = self._learning_rate()
            n_epochs = 1 if partial else self.max_iter
            status = train(
                session, rate, rows, self.shuffle, n_epochs, horizon, start.rng
            )
        self.n_iter_ = history.n_epochs - n_before
        if status is Status.DIVERGED:
            self._diverged(history, rate and rate.at(history.clock(horizon)))
        elif status is Status.INTERRUPTED:
            warnings.warn(
                f"Training interrupted by user in epoch {history.n_epochs + 1}. What "
                "was learned until then is kept.",
                stacklevel=3,
            )
        elif status is Status.MAX_ITER and not partial:
            warnings.warn(
                f"Maximum iterations (max_iter={self.max_iter}"
                + (f", max_fun={self.max_fun}" if self.solver == "lbfgs" else "")
                + ") reached and the optimization hasn't converged yet. Allow more if "
                "the loss is still falling.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self._set_fitted_attributes(start, engine, session)
        tasks.end(lambda: _weight_attributes(self.coefs_, self.intercepts_))

    def _learning_rate(self):
        initial = self.learning_rate_init
        if initial == "auto":
            initial = 1e-3 if self.solver == "adam" else 0.1
        return LearningRate(
            initial,
            SCHEDULES[self.learning_rate],
            self.power_t,
            self.learning_rate_decay,
        )

    def _validator(self, engine, validation):
        """Return a function of no arguments: the validation loss and score now."""
        if validation is None:
            return None
        if self.scoring == "loss":

            def validate():
                loss = engine.evaluate()
                return loss, -loss

            return validate
        scorer = check_scoring(self, self.scoring)
        X, y = validation.dataset.X[validation.rows], validation.y[validation.rows]
        weight = {}
        if validation.sample_weight is not None:
            weight["sample_weight"] = validation.sample_weight

        def validate():
            estimator = copy.copy(self)
            weights = engine.parameters
            vars(estimator).update(_weight_attributes(weights.coefs, weights.biases))
            # X is an array here, whatever it was when it was passed to fit.
            vars(estimator).pop("feature_names_in_", None)
            score = scorer(estimator, X, y, **weight)
            if not isinstance(score, Real):
                raise ValueError(
                    f"scoring={self.scoring!r} has to return a number, got {score!r}."
                )
            return engine.evaluate(), float(score)

        return validate

    def _diverged(self, history, rate):
        """Say that training diverged, and fail if there is nothing to keep."""
        where = f"Training diverged in epoch {history.n_epochs + 1}"
        if rate is not None:
            where += f", at learning rate {rate:.3g}"
        advice = (
            "Scale the features (for example with StandardScaler), or lower "
            "learning_rate_init."
        )
        if not history.n_epochs:
            raise ValueError(
                f"{where}: the weights are no longer finite. {advice} Solver produced "
                "non-finite parameter weights. The input data may contain large values "
                "and need to be preprocessed."
            )
        warnings.warn(
            f"{where}; the weights of the epoch before are kept. {advice}",
            ConvergenceWarning,
            stacklevel=4,
        )

    def _set_fitted_attributes(self, start, engine, session):
        history, monitor = session.history, session.monitor
        restored = self.early_stopping and session.best is not None
        vector = session.best[0][0] if restored else engine.state[0]
        network = Parameters(start.layer_sizes, vector.copy())
        self.coefs_ = network.coefs
        self.intercepts_ = network.biases
        self.t_ = history.samples
        self.loss_curve_ = history.loss_curve
        self.learning_rate_curve_ = history.learning_rate_curve
        validated = session.validate is not None or start.validated
        self.validation_loss_curve_ = (
            history.validation_loss_curve if validated else None
        )
        self.validation_scores_ = history.validation_scores if validated else None
        self.loss_ = history.loss_curve[-1] if history.loss_curve else np.nan
        self.best_loss_ = (
            None if self.early_stopping else min(history.loss_curve, default=np.nan)
        )
        scores = history.validation_scores
        if not validated:
            scores = [-loss for loss in history.loss_curve]
        best = max(scores, key=lambda score: (score == score, score), default=None)
        self.best_validation_score_ = best if validated else None
        self.best_iter_ = 1 + scores.index(best) if scores else 0
        self._resumable = {
            "vector": engine.state[0].copy() if restored else None,
            "averages": engine.state[1:].copy(),
            "n_steps": engine.n_steps,
            "rng": start.rng.bit_generator.state,
            "split_seed": start.split_seed,
            "stalls": history.stalls,
            "follows": self._follows(),
            "best_score": monitor.best_score,
            "epochs_without_improvement": monitor.epochs_without_improvement,
        }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags
