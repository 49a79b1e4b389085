"""The part of a committee that does not depend on the kind of target."""

from copy import copy
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import _fit_context, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skreg._endings import warning_of_constant
from skreg._inputs.candidates import FIXED, draw_candidates
from skreg._inputs.errors import issue, naming, unchanged_on_error, warn_the_caller
from skreg._inputs.estimator import FAMILIAR
from skreg._inputs.folds import make_folds
from skreg._inputs.plan import make_plan
from skreg._inputs.rows import check_table
from skreg._inputs.sample import Sample
from skreg._inputs.suspicions import warn_of_scale
from skreg._predictions import Predictor
from skreg._race import Candidate, Member, Race, check_winner
from skreg._scoring import check_scorer
from skreg._training.callbacks import RaceTask, with_callbacks
from skreg._training.interrupts import finishing
from skreg._training.state import forget_steps, set_attributes

_HINTS = {
    "n_iter": "Use n_candidates, the number of candidates to draw.",
    "param_grid": "Use param_distributions, which takes lists, too.",
    "n_estimators": "Use cv: there is a network for each fold.",
    "seed": FAMILIAR["seed"],
}


class Committee(Predictor):
    """One network per fold, with hyperparameters raced by the out-of-fold score.

    A subclass sets ``_member_class``, the class of its networks, and
    ``_out_of_fold``, the name of the attribute for out-of-fold predictions.
    """

    _member_class: Any
    _out_of_fold: str

    _parameter_constraints: dict = {
        "estimator": "no_validation",
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
            folds = make_folds(
                self.cv, X, table.y, strata, groups, table.sample_weight, seed
            )
            candidates = [
                self._make_candidate(network, params, table, len(folds), seed)
                for params in draw_candidates(self, network, table, rng)
            ]
            race = Race(table, folds, candidates, self.factor, self.n_jobs, task)
            winner = race.run()
            with finishing(task, _tell_of_interrupt):
                check_winner(winner)
                self._set_attributes(winner, race.results(), table, folds)
                warn_of_scale(self, table.X)
                issue(warning_of_constant(self.members_, table.X, table.y))
        return self

    def set_params(self, **params):
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Values by name; those of the networks by ``estimator__<name>``.

        Returns
        -------
        self : estimator
            The same committee.
        """
        prefix = "estimator__"
        nested = [n.removeprefix(prefix) for n in params if n.startswith(prefix)]
        estimator = params.get("estimator", self.estimator)
        if nested and estimator is None:
            estimator = params["estimator"] = self._default_network()
        if isinstance(estimator, self._member_class):
            estimator._check_names(nested, ValueError)  # before any is set
        return super().set_params(**params)

    def get_metadata_routing(self):
        """Return which metadata the methods take.

        A ``cv`` that splits by groups requests them for the committee, as in
        scikit-learn's searches, unless `set_fit_request` says otherwise.

        Returns
        -------
        requests : MetadataRequest
            The requests by method.
        """
        requests = super().get_metadata_routing()
        unset = requests.fit.requests["groups"] is None
        if unset and hasattr(self.cv, "get_metadata_routing"):
            of_cv = self.cv.get_metadata_routing().split.requests
            requests.fit.add_request(param="groups", alias=of_cv.get("groups"))
        return requests

    @classmethod
    def _hint(cls, name):
        kind = cls._member_class
        if name in _HINTS:
            return _HINTS[name]
        if name in kind._get_param_names():
            return (
                f"It belongs to the networks: set estimator__{name}, or pass estimator="
                f"{kind.__name__}({name}=…), which replaces the default network."
            )
        if name in FAMILIAR:
            return f"{FAMILIAR[name]} Pass it to the networks, in estimator."
        return super()._hint(name)

    @classmethod
    def _default_network(cls):
        return cls._member_class((128, 128, 128))

    def _make_network(self):
        """Return an unfitted network with the parameters that all candidates share."""
        kind, network = self._member_class, self.estimator
        if network is None:
            network = self._default_network()
        if not isinstance(network, kind):
            raise TypeError(
                f"estimator has to be a {kind.__name__}, such as {kind.__name__}"
                f"(alpha=0.01), or None; got {network!r}. Put other steps before the "
                "committee, in a pipeline."
            )
        if getattr(network, "_skl_callbacks", None):
            raise TypeError(
                "estimator has callbacks. Set them on the committee, with "
                "set_callbacks."
            )
        network = clone(network).set_params(scoring=self.scoring, **FIXED)
        check_scorer(network)
        with naming("scoring"):  # each candidate gets a copy; can it be copied?
            return clone(network)

    def _make_candidate(self, network, params, table, n_folds, seed):
        """Return a candidate with an unfitted network for each fold."""
        with naming("param_distributions"):
            network = clone(network).set_params(**params)
        network._validate_params()
        targets = table.targets
        if {"loss", "quantile"} & set(params):
            y, weights = table.y, table.sample_weight
            targets = network._targets_of(y).measured(y, weights)
        make_plan(network, Sample.of(table.X), targets)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(network, name, getattr(self, name))
        members = []
        for k in range(n_folds):
            member = copy(network)
            state = np.random.SeedSequence((seed, k)).generate_state(1)
            member.random_state = int(state[0])
            members.append(Member(member, targets))
        return Candidate(params, members)

    def _set_attributes(self, winner, results, table, folds):
        """Set the fitted attributes."""
        set_attributes(self, winner.members[0].targets.attributes())
        self.members_ = [member.network for member in winner.members]
        for network in self.members_:
            forget_steps(network)
        self.best_params_ = winner.params
        self.best_score_ = float(winner.scores.mean())
        of_winner = [p is winner.params for p in results["params"]]
        self.best_index_ = int(np.flatnonzero(of_winner)[-1])
        self.cv_results_ = results
        setattr(self, self._out_of_fold, self._mean_out_of_fold(table, folds))

    def _mean_out_of_fold(self, table, folds):
        """Return each row's mean prediction by the members that it validated.

        It is nan for rows that no member validated.
        """
        total: Any = None
        count = np.zeros(table.X.shape[0])
        for member, (_, held_out) in zip(self.members_, folds, strict=True):
            outputs = member._run(table.X[held_out])
            predicted = member._fitted_targets().predictions(outputs)
            if total is None:
                total = np.zeros((len(count), *predicted.shape[1:]), predicted.dtype)
            total[held_out] += predicted
            count[held_out] += 1
        with np.errstate(invalid="ignore"):
            return (total.T / count).T


def _tell_of_interrupt():
    warn_the_caller("Interrupted by user after the race. Everything is kept.")
