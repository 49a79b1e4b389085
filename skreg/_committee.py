"""The part of a committee that does not depend on the kind of target."""

from copy import copy, deepcopy
from itertools import starmap
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import _fit_context, clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skreg._inputs.errors import (
    naming,
    refuse_masked,
    unchanged_on_error,
    warn_the_caller,
)
from skreg._inputs.folds import make_folds
from skreg._inputs.names import NamesChecked
from skreg._inputs.plan import hidden_layer_sizes, make_plan
from skreg._inputs.rows import check_features, check_table
from skreg._inputs.scoring import check_scorer
from skreg._inputs.suspicions import warn_of_scale
from skreg._links import DocLinkMixin
from skreg._race import Candidate, Member, Race
from skreg._training.callbacks import CallbackSupportMixin, RaceTask, with_callbacks

_OWNED = {"early_stopping", "scoring", "random_state", "verbose", "warm_start"}
_OF_LOSSES = {"class_weight", "loss", "quantile"}
"""Parameters that change the loss: losses under different values are not comparable."""
_N_CANDIDATES = 30
"""Number of candidates for "auto"."""


class Committee(DocLinkMixin, CallbackSupportMixin, NamesChecked):
    """One network per fold, with hyperparameters raced by the out-of-fold score.

    A subclass sets ``_member_class``, the class of its networks, and has two methods.
    ``_of_outputs(targets, outputs)`` returns predictions, and ``_keep_out_of_fold``
    stores the out-of-fold ones in an attribute.
    """

    _member_class: Any
    _of_outputs: Any

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "param_distributions": [StrOptions({"auto"}), dict, list, None],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "factor": [Interval(Real, 1, None, closed="neither")],
        "cv": ["cv_object"],
        "scoring": [StrOptions({"loss"}), str, callable],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator=None,
        param_distributions=None,
        *,
        n_candidates=None,
        factor=3,
        cv=5,
        scoring="loss",
        n_jobs=None,
        random_state=None,
        verbose=False,
    ):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_candidates = n_candidates
        self.factor = factor
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, *, groups=None):
        """Train the committee.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as a single network takes them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios count.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows that stay together, for a ``cv`` that uses them.

        Returns
        -------
        self : estimator
            The fitted committee.

        Raises
        ------
        ValueError
            For invalid data or parameters, and if every candidate has a network that
            diverges in its first epoch or never has a score. The committee is left
            unchanged.
        KeyboardInterrupt
            If an interrupt comes before any candidate has a network for each fold. A
            later one ends the race and keeps the best networks so far.
        """
        context = self._init_callback_context(max_subtasks=None)
        metadata = {"sample_weight": sample_weight}
        task = RaceTask(self, context, X=X, y=y, metadata=metadata)
        task.begin()
        with unchanged_on_error(self):
            network = self._make_network()
            rng = check_random_state(self.random_state)
            seed = rng.randint(np.iinfo(np.int32).max)
            table = check_table(self, X, y, sample_weight, network._targets_of)
            strata = table.targets.strata(table.y)
            folds = make_folds(self.cv, table, strata, groups, seed)
            candidates = [
                self._make_candidate(network, params, table, len(folds), seed)
                for params in self._candidate_params(network, table, rng)
            ]
            race = Race(table, folds, candidates, self.factor, self.n_jobs, task)
            winner = race.run()
            for name, value in winner.targets.attributes().items():
                setattr(self, name, value)
            self.members_ = [member.network for member in winner.members]
            self.best_params_ = winner.params
            self.best_score_ = float(winner.scores.mean())
            self.cv_results_ = race.results()
            self._keep_out_of_fold(self._mean_out_of_fold(table, folds))
            warn_of_scale(self, table.X)
            fitted = [name for name in vars(self) if name.endswith("_")]
            try:
                task.end(lambda: deepcopy({name: vars(self)[name] for name in fitted}))
            except KeyboardInterrupt:
                warn_the_caller(
                    "Interrupted by user after the race. Everything is kept."
                )
        return self

    @classmethod
    def _check_names(cls, names, error):
        kind = cls._member_class
        others = set(kind._get_param_names()) - set(cls._get_param_names())
        for name in names:
            if name in others:
                raise error(
                    f"{cls.__name__} has no parameter {name!r}. It belongs to the "
                    f"networks: pass estimator={kind.__name__}({name}=…), or set "
                    f"estimator__{name}."
                )
        super()._check_names(names, error)

    def _make_network(self):
        """Return an unfitted network with the parameters that all candidates share."""
        kind, network = self._member_class, self.estimator
        if network is None:
            network = kind((128, 128, 128))
        if not isinstance(network, kind):
            raise TypeError(
                f"estimator has to be a {kind.__name__}, got {network!r}. Put other "
                "steps before the committee, in a pipeline."
            )
        if getattr(network, "_skl_callbacks", None):
            raise TypeError(
                "estimator has callbacks. Set them on the committee, with "
                "set_callbacks."
            )
        owned = {"early_stopping": True, "warm_start": False, "verbose": False}
        network = clone(network).set_params(scoring=self.scoring, **owned)
        check_scorer(network)
        return network

    def _candidate_params(self, network, table, rng):
        """Return the hyperparameters of each candidate."""
        space, n_candidates = self.param_distributions, self.n_candidates
        if space is None:
            if n_candidates is not None:
                raise ValueError(
                    f"n_candidates={n_candidates} was passed, but "
                    "param_distributions is None. Pass distributions to draw from."
                )
            return [{}]
        if isinstance(space, str):
            space = _auto_distributions(network, table.X.shape[0])
            return [{}, *_draw(space, (n_candidates or _N_CANDIDATES) - 1, rng)]
        with naming("param_distributions"):
            candidates = _draw(space, n_candidates, rng)
            if not candidates:
                raise ValueError("there are no candidates. Pass None for no search.")
            return candidates

    def _make_candidate(self, network, params, table, n_folds, seed):
        """Return a candidate with an unfitted network for each fold."""
        owned = sorted(_OWNED & set(params))
        if owned:
            raise ValueError(
                f"param_distributions has {owned}, which the committee sets for all "
                "networks."
            )
        with naming("param_distributions"):
            network = clone(network).set_params(**params)
        network._validate_params()
        losses = sorted(_OF_LOSSES & set(params))
        if losses and self.scoring == "loss":
            raise ValueError(
                f"param_distributions has {losses}, but scoring='loss' cannot compare "
                "different losses. Choose another scoring, or set one value for all "
                "networks in estimator."
            )
        targets = network._targets_of(table.y)
        make_plan(network, table.X.shape, targets)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(network, name, getattr(self, name))
        members = []
        for k in range(n_folds):
            own = int(np.random.SeedSequence((seed, k)).generate_state(1)[0])
            members.append(Member(copy(network).set_params(random_state=own)))
        return Candidate(params, targets, members)

    def _outputs_of_members(self, X):
        """Return an iterator over the targets and the outputs of each member."""
        check_is_fitted(self)
        refuse_masked(X=X)
        X = check_features(self, X, reset=False)
        return ((member._fitted_targets(), member._run(X)) for member in self.members_)

    def _mean_over_members(self, X):
        """Return the mean prediction of the members for the rows of X."""
        first, *others = starmap(self._of_outputs, self._outputs_of_members(X))
        for own in others:
            first += own
        first /= len(self.members_)
        return first

    def _mean_out_of_fold(self, table, folds):
        """Return each row's mean prediction by the members that did not train on it.

        It is nan for rows that all members trained on.
        """
        total: Any = None
        count = np.zeros(table.X.shape[0])
        for member, (_, held_out) in zip(self.members_, folds, strict=True):
            outputs = member._run(table.X[held_out])
            own = self._of_outputs(member._fitted_targets(), outputs)
            if total is None:
                total = np.zeros((len(count), *own.shape[1:]), own.dtype)
            total[held_out] += own
            count[held_out] += 1
        with np.errstate(invalid="ignore"):
            total /= count.reshape(-1, *[1] * (total.ndim - 1))
        return total

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _auto_distributions(network, n_rows):
    """Return values that help on some tables, around the defaults."""
    others = [0.0] * len(hidden_layer_sizes(network))
    space: dict = {
        "alpha": [[strength / n_rows, *others] for strength in (3, 8, 25, 60)],
        "activation": ["relu", "tanh"],
    }
    if network.solver == "adam":
        space["learning_rate_init"] = [2e-3, 4e-3, 8e-3]
    if network.solver != "lbfgs":
        space |= {"keep_prob": [0.8, 0.9, 1.0], "input_keep_prob": [0.95, 1.0]}
    return space


def _draw(space, n, rng):
    """Return ``n`` candidates, or all if there are fewer or ``n`` is None."""
    sampler = ParameterSampler(space, 1 if n is None else n, random_state=rng)
    parts = space if isinstance(space, list) else [space]
    if any(hasattr(values, "rvs") for part in parts for values in part.values()):
        if n is None:
            raise ValueError(
                "there are distributions, so n_candidates has to be the number of "
                "candidates to draw."
            )
        return [*sampler]
    grid = ParameterGrid(space)
    return [*grid] if n is None or len(grid) <= n else [*sampler]
