"""The part of a network estimator that does not depend on the kind of target."""

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skreg._engine import make_engine
from skreg._engine.batches import Dataset, Rows
from skreg._engine.network import Network
from skreg._engine.objective import Objective
from skreg._engine.predictor import predict_outputs
from skreg._inputs.auto import max_iter
from skreg._inputs.endings import warn_of_end, warn_of_limits
from skreg._inputs.errors import naming, refuse_masked, unchanged_on_error
from skreg._inputs.plan import as_float, check_names, make_plan
from skreg._inputs.rows import (
    check_features,
    check_outputs,
    check_range,
    check_training_rows,
)
from skreg._inputs.scoring import Scorer, check_scorer
from skreg._inputs.suspicions import warn_of_other_range, warn_of_scale
from skreg._inputs.validation import ValidationSet, check_validation_set, hold_out
from skreg._inputs.weights import (
    check_some_weight,
    effective_weights,
    in_precision,
    of_mean_one,
)
from skreg._training.callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skreg._training.lbfgs import minimize_objective
from skreg._training.loop import train
from skreg._training.session import Session
from skreg._training.state import TrainingState
from skreg._training.stopping import Status


class NetworkEstimator(CallbackSupportMixin, BaseEstimator):
    """Fits and runs a network; a subclass says what its targets are.

    It has the methods ``_targets_of(y)`` and ``_fitted_targets()``, which return
    `Targets`.
    """

    # Where the HTML representation links to.
    _doc_link_module = "skreg"
    _doc_link_template = (
        "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"
    )

    def __new__(cls, *args, **kwargs):
        """Say which parameter a name from another library means here."""
        check_names(kwargs, cls.__name__, TypeError)
        return super().__new__(cls)

    def set_params(self, **params):
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : estimator
            The same estimator.
        """
        check_names(params, type(self).__name__, ValueError)
        return super().set_params(**params)

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
            Targets: for a classifier labels of any type, or an indicator matrix of
            zeros and ones; for a regressor numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios count.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows. With ``early_stopping=False`` the validation loss and score
            are recorded, but nothing stops.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            For data or parameters that cannot be trained on, and if training diverges
            before the end of the first epoch. The estimator is left as it was.
        """
        context = self._init_callback_context(max_subtasks=max_iter(self))
        metadata = {"sample_weight": sample_weight}
        task = FitTask(self, context, X=X, y=y, metadata=metadata)
        task.begin()
        with unchanged_on_error(self):
            refuse_masked(X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
            check_scorer(self)
            given = X_val, y_val, sample_weight_val
            resume = self.warm_start and hasattr(self, "coefs_")
            status = self._fit(
                X, y, sample_weight, self._targets_of, task, resume=resume, given=given
            )
        if status is Status.MAX_ITER:
            warn_of_limits(self)
        return self

    def _partial_fit(self, X, y, sample_weight, targets_of):
        """Train for one epoch, going on from where training is."""
        self._check_stream()
        with unchanged_on_error(self):
            resume = hasattr(self, "coefs_")
            task = FitTask(self)
            self._fit(X, y, sample_weight, targets_of, task, resume, stream=True)
        return self

    def _check_stream(self):
        """Refuse what needs the whole training set."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it sees one epoch "
                "of a part of the data. Score a validation set of your own between "
                "calls."
            )

    def _fit(
        self, X, y, sample_weight, targets_of, task, resume, given=None, stream=False
    ):
        """Prepare the rows and train on them; return how it ended.

        A ``stream`` is trained on for one epoch, with absolute weights.
        """
        X, y, sample_weight = check_training_rows(self, X, y, sample_weight, resume)
        targets = targets_of(y)
        if resume:
            targets.check_same(self._fitted_targets())
            targets = self._fitted_targets()
        plan, state = self._begin(X, targets, resume, stream)
        check_range(X, plan.dtype, "X")
        index, held_out = np.arange(X.shape[0]), None
        if plan.early_stopping and given[0] is None and given[1] is None:
            fraction = as_float(self, "validation_fraction")
            index, held_out = hold_out(
                X.shape[0], targets.strata(y), fraction, state.split_seed
            )
        if not resume:
            targets = targets.scaled_to(y, sample_weight, index)
            for name, value in targets.attributes().items():
                setattr(self, name, value)
        encoded = targets.encode(y, plan.dtype)
        by_class = self._class_weights(targets, encoded, sample_weight)
        weights, validation = effective_weights(sample_weight, by_class, encoded), None
        if not stream:
            validation = check_validation_set(
                self, given, targets, by_class, plan.dtype
            )
            weights = of_mean_one(weights, index)
        weights = in_precision(weights, plan.dtype)
        check_some_weight(weights, index, "training")
        dataset = Dataset(X, encoded, weights)
        if held_out is not None:
            check_some_weight(weights, held_out, "validation")
            validation = ValidationSet(Rows(dataset, held_out), y, sample_weight)
        n_epochs = 1 if stream else plan.max_iter
        n_before = 0 if stream else state.history.n_epochs
        horizon = n_before + plan.max_iter
        ended = self._train(
            plan,
            state,
            targets,
            Rows(dataset, index),
            validation,
            task,
            n_epochs,
            horizon,
        )
        if not resume:
            warn_of_scale(self, X)
        if validation is not None:
            warn_of_other_range(self, X, validation.rows.dataset.X)
        return ended

    def _outputs(self, X):
        """Return the network's outputs, of shape (n_outputs, n_rows) and X's dtype."""
        check_is_fitted(self)
        refuse_masked(X=X)
        X = check_features(self, X, reset=False)
        network = self._network()
        with np.errstate(all="ignore"):
            outputs = predict_outputs(network, network.arrays_of(self), X)
        check_outputs(outputs)
        return outputs

    def _network(self):
        """Return the description of the fitted network."""
        sizes = self.n_features_in_, *(weights.shape[1] for weights in self.coefs_)
        return Network(sizes, self.activation, self._fitted_targets().head)

    def _class_weights(self, targets, encoded, sample_weight):
        """Return weights by class, if there are classes."""
        return None

    def _begin(self, X, targets, resume, stream):
        """Return the plan and the state, and set the attributes known before."""
        dtype = self.coefs_[0].dtype if resume else None
        plan = make_plan(self, X.shape, targets, stream, dtype)
        if resume:
            before = self._network().sizes
            if plan.network.sizes != before:
                raise ValueError(
                    f"hidden_layer_sizes={self.hidden_layer_sizes!r} does not fit the "
                    f"network trained before, which has {[*before[1:-1]]}. Set it "
                    "back, or call fit with warm_start=False to start anew."
                )
            return plan, TrainingState.of(self, plan)
        self.n_layers_ = len(plan.network.sizes)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        with naming("hidden_layer_sizes"):  # if there is no memory for so many
            return plan, TrainingState.new(plan, seed)

    def _train(
        self, plan, state, targets, training, validation, task, n_epochs, horizon
    ):
        """Run the solver, and set the fitted attributes; return how it ended."""
        validate = None
        rows = None if validation is None else validation.rows
        engine = make_engine(plan, state.start, training, rows)
        if validation is not None:
            validate = Scorer(self, engine, validation, targets)
        session = Session(
            engine, plan, state, training.numbers, task, n_epochs, horizon, validate,
            targets.loss_unit,
        )  # fmt: skip
        n_before = state.history.n_epochs
        if plan.optimizer is None:
            minimize_objective(session, Objective(plan, training))
        else:
            train([session])
        if validate is not None:
            validate.check()
        self.n_iter_ = state.history.n_epochs - n_before
        warn_of_end(session)
        for name, value in state.attributes(engine.snapshot()).items():
            setattr(self, name, value)
        names = plan.network.attribute_names
        try:
            task.end(
                lambda: {n: [a.copy() for a in getattr(self, n)] for n in names},
                session.status.value,
            )
        except KeyboardInterrupt:
            session.status = Status.INTERRUPTED
            warn_of_end(session)
        return session.status

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
