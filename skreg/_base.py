"""The part of a network estimator that does not depend on the kind of target."""

from contextlib import nullcontext

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state

from skreg._endings import (
    warning_of_break,
    warning_of_constant,
    warning_of_limit,
    warning_of_loss,
)
from skreg._engine import make_engine
from skreg._engine.batches import Dataset, Rows
from skreg._engine.network import Network
from skreg._engine.objective import Objective
from skreg._engine.predictor import predict_outputs
from skreg._inputs.auto import given_or, max_iter
from skreg._inputs.errors import issue, naming, unchanged_on_error, warn_the_caller
from skreg._inputs.estimator import FAMILIAR
from skreg._inputs.folds import hold_out
from skreg._inputs.plan import as_float, make_plan
from skreg._inputs.rows import check_outputs, check_range, check_table
from skreg._inputs.sample import Sample
from skreg._inputs.suspicions import warn_of_other_range, warn_of_scale
from skreg._inputs.validation import ValidationSet, check_validation_set
from skreg._inputs.weights import check_some_weight, final_weights
from skreg._predictions import Predictor
from skreg._scoring import check_scorer, check_scores, scorer_of
from skreg._threads import one_thread
from skreg._training.callbacks import FitTask, with_callbacks
from skreg._training.interrupts import finishing
from skreg._training.loop import train
from skreg._training.schedules import SCHEDULES
from skreg._training.session import Session
from skreg._training.state import TrainingState, set_attributes
from skreg._training.stopping import Status


class NetworkEstimator(Predictor):
    """Fits and runs a network; a subclass defines the targets.

    A subclass has the methods ``_targets_of(y)``, which checks what kind of targets y
    has, and ``_fitted_targets()``. Both return `Targets`.
    """

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
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: for a classifier, labels such as text, whole numbers or dates, or
            an indicator matrix of zeros and ones; for a regressor, numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios count.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows. With ``early_stopping=False`` the validation loss and score
            are recorded, but do not stop training.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets of the validation rows.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            For invalid data or parameters, and if training diverges in the first epoch.
            The estimator is left unchanged.
        """
        context = self._init_callback_context(max_subtasks=max_iter(self))
        metadata = {"sample_weight": sample_weight}
        task = FitTask(self, context, X=X, y=y, metadata=metadata)
        task.begin()
        with unchanged_on_error(self):
            check_scorer(self)
            resume = self.warm_start and hasattr(self, "coefs_")
            table = check_table(self, X, y, sample_weight, self._targets_of, resume)
            given = X_val, y_val, sample_weight_val
            session = self._open(table, task, resume, given)
            self._train(session, table.X)
        if self.verbose:
            task.print_last()
            print(f"Training ended: {session.status.value}.")
        issue(warning_of_loss(session, session.n_done))
        issue(warning_of_constant([self], table.X, table.y))
        if session.status is Status.MAX_ITER:
            issue(warning_of_limit(self))
        return self

    def __copy__(self):
        """Return a copy that shares all but its lists, to which training appends."""
        other = type(self).__new__(type(self))
        for name, value in vars(self).items():
            setattr(other, name, value.copy() if type(value) is list else value)
        return other

    def _partial_fit(self, X, y, sample_weight, targets_of):
        """Train for one epoch, continuing from the current state."""
        self._check_stream()
        with unchanged_on_error(self):
            resume = hasattr(self, "coefs_")
            table = check_table(self, X, y, sample_weight, targets_of, resume)
            session = self._open(
                table, FitTask(self), resume, stream=True, max_epochs=1
            )
            self._train(session, table.X)
        return self

    @classmethod
    def _hint(cls, name):
        return FAMILIAR.get(name) or super()._hint(name)

    def _check_stream(self):
        """Refuse settings that need the whole training set, or leave a rate of zero."""
        n_done, limit = len(getattr(self, "loss_curve_", ())), max_iter(self)
        schedule = given_or(self, "learning_rate", "constant")
        if SCHEDULES[schedule].is_plan and n_done >= limit:
            raise ValueError(
                f"partial_fit has no rate to train with: learning_rate={schedule!r} "
                f"falls to zero in max_iter={limit} epochs, and {n_done} are done. Set "
                "a larger max_iter, or learning_rate='auto', which is constant in a "
                "stream."
            )
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it sees only a part "
                "of the data. Score your own validation set between calls."
            )

    def _open(
        self,
        table,
        task,
        resume,
        given=(None,) * 3,
        *,
        stream=False,
        fold=None,
        max_epochs=None,
    ):
        """Return the session that trains on a checked table.

        It validates on the rows ``given`` to `fit` or, with early stopping, on held-out
        rows. A member of a committee has a ``fold``: row indices to train on and to
        validate on. The rows of a ``stream`` have absolute weights. ``max_epochs`` are
        a part of a longer training; without it, there are ``max_iter`` epochs more.
        The fitted attributes that a scorer may read in training are set here.
        """
        X, y, sample_weight, targets = table
        if resume:
            targets = targets.continued_from(self._fitted_targets())
        index, held_out = fold or (np.arange(X.shape[0]), None)
        weights, by_class = self._row_weights(targets, y, sample_weight)
        sample = Sample.of_stream(X) if stream else Sample.of(X, weights, index)
        plan, state = self._plan_and_state(sample, targets, resume)
        check_range(X, plan.dtype, "X")
        if plan.early_stopping and fold is None and given[0] is None:
            fraction = as_float(self, "validation_fraction")
            index, held_out = hold_out(
                X.shape[0], targets.strata(y), sample_weight, fraction, state.split_seed
            )
        targets = targets.scaled_to(y, sample_weight, index, must_vary=stream)
        self.n_layers_ = len(plan.network.sizes)
        self.auto_params_ = plan.auto_params
        set_attributes(self, targets.attributes())
        weights = final_weights(
            weights, dtype=plan.dtype, rows=index, kind="training", mean_one=not stream
        )
        dataset = Dataset(X, targets.encode(y, plan.dtype), weights)
        training = Rows(dataset, index)
        validation = check_validation_set(self, given, targets, by_class, plan.dtype)
        if validation is not None:
            warn_of_other_range(self, X, validation.rows.dataset.X)
            targets.compare(y, validation.y)
        elif held_out is not None:
            check_some_weight(weights, held_out, "validation")
            validation = ValidationSet(Rows(dataset, held_out), y, sample_weight)
        # A session judges a call of a stream by the rows of that call.
        evaluated = training if stream else validation and validation.rows
        engine = make_engine(plan, state.start, training, evaluated)
        objective = None
        if plan.optimizer is None:
            objective = Objective(plan.network, training, plan.penalties, plan.dtype)
        return Session(
            engine=engine,
            plan=plan,
            state=state,
            targets=targets,
            rows=index,
            task=task,
            max_epochs=max_epochs or plan.max_iter,
            horizon=plan.max_iter + (0 if max_epochs else state.history.n_epochs),
            scorer=validation and scorer_of(self, engine, validation, targets),
            objective=objective,
            constant_loss=targets.constant_loss(training),
        )

    def _train(self, session, X):
        """Train on X, in a stream all or nothing, and set the fitted attributes."""
        stream = session.plan.is_stream
        # Threads of BLAS wait for each other where other processes want the cores.
        with one_thread if session.plan.is_small else nullcontext():
            train([session])
        if stream and session.status is Status.INTERRUPTED:
            raise KeyboardInterrupt

        def keep():
            if stream:
                raise KeyboardInterrupt
            session.status = Status.INTERRUPTED
            warn_the_caller("Interrupted by user after training. Everything is kept.")

        with finishing(session.task, keep):
            if session.scorer is not None:
                scores = session.state.history.validation_scores or []
                issue(check_scores(self.scoring, scores[session.n_before :]))
            issue(warning_of_break(session))
            self._set_attributes(session)
            if session.state.restart is None:  # a network is warned of once
                warn_of_scale(self, X)

    def _set_attributes(self, session):
        """Set the fitted attributes after training."""
        self.n_iter_ = session.n_done
        snapshot = session.engine.snapshot()
        set_attributes(self, session.state.attributes(snapshot, session.plan))

    def _run(self, X):
        """Return the outputs for a checked X."""
        network = self._network()
        with np.errstate(all="ignore"):
            outputs = predict_outputs(network, network.arrays_of(self), X)
        check_outputs(outputs)
        return outputs

    def _network(self):
        """Return the description of the fitted network."""
        sizes = self.n_features_in_, *(weights.shape[1] for weights in self.coefs_)
        scaled = self.feature_scales_ is not None
        head = self._fitted_targets().head
        return Network(sizes, self._activation, head, scaled)

    def _row_weights(self, targets, y, sample_weight):
        """Return the weight of each row, and of each class if there are classes."""
        return sample_weight, None

    def _plan_and_state(self, sample, targets, resume):
        """Return the plan and the state before training."""
        if resume:
            before = self._network()
            dtype = self.coefs_[0].dtype
            plan = make_plan(self, sample, targets, dtype, before.scaled)
            now = plan.network
            self._check_same("hidden_layer_sizes", now.sizes[1:-1], before.sizes[1:-1])
            self._check_same("activation", now.activation, before.activation)
            self._check_same("feature_scales", now.scaled, before.scaled)
            return plan, TrainingState.of(self, plan)
        plan = make_plan(self, sample, targets)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        with naming("hidden_layer_sizes"):  # if there is too little memory
            return plan, TrainingState.new(plan, seed)

    def _check_same(self, name, value, before):
        """Refuse a parameter that makes another network than the trained one."""
        if value != before:
            raise ValueError(
                f"{name}={getattr(self, name)!r} does not match the trained network, "
                f"which has {before}. Set it back, or call fit with warm_start=False "
                "to start over."
            )
