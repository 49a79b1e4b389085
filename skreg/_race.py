"""A race of hyperparameters: the networks of every candidate, trained rung by rung."""

from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from numbers import Real
from time import perf_counter
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from scipy.stats import rankdata
from sklearn.utils.parallel import Parallel, delayed

from skreg._endings import ADVICE, warning_of_break, warning_of_limit, warning_of_loss
from skreg._engine.batches import slices
from skreg._inputs.auto import max_iter
from skreg._inputs.errors import issue, warn_the_caller
from skreg._inputs.rows import Table
from skreg._scoring import check_scores
from skreg._threads import one_thread
from skreg._training.callbacks import FitTask
from skreg._training.interrupts import interrupts_wait
from skreg._training.loop import train
from skreg._training.racing import parted, plan_rungs, ranked
from skreg._training.stopping import Status

_MAY_GO_ON = (None, Status.COMPLETED, Status.MAX_ITER, Status.STUCK)
"""Statuses of a training that may continue."""


@dataclass
class Member:
    """The network of a candidate on a fold."""

    network: Any
    """The estimator, fitted as far as it was trained."""
    targets: Any
    """The targets, for the loss of this network."""
    status: Any = None
    seconds: float = 0.0
    """Training time so far."""
    warnings: dict = field(default_factory=dict)
    """Warnings of how its training ended, for `issue`."""

    @property
    def n_epochs(self):
        """Epochs done; with none, there is no network to predict with."""
        return getattr(self.network, "n_iter_", 0)

    @property
    def score(self):
        """The best score so far; nan if there is none."""
        return getattr(self.network, "best_validation_score_", np.nan)

    def until(self, share):
        """Return the epoch at which a share of all its epochs is done."""
        return max(1, round(share * max_iter(self.network)))

    def has_more(self, share):
        """Return whether epochs are left to train up to that share."""
        return self.status in _MAY_GO_ON and self.n_epochs < self.until(share)


@dataclass
class Candidate:
    """Hyperparameters, and a member for each fold."""

    params: dict
    members: list

    @property
    def scores(self):
        """The best score on each fold."""
        return np.array([member.score for member in self.members])

    @property
    def best_epochs(self):
        """The epoch of the best score on each fold; 0 if there is none."""
        return [getattr(member.network, "best_iter_", 0) for member in self.members]


class Race:
    """Trains each `Candidate` on folds of a `Table`, the better ones for longer.

    The best 1 / ``factor`` continue after each rung, the default always among them; the
    others lose their members. The `RaceTask` may end the race.
    """

    def __init__(self, table, folds, candidates, factor, n_jobs, task):
        self._table, self._folds, self._candidates = table, folds, candidates
        self._rungs = plan_rungs(len(candidates), factor)
        self._task = task
        self._records: list[dict] = []
        self._n_threads = 1
        if _may_use_threads(candidates):
            self._n_threads, n_jobs = effective_n_jobs(n_jobs), 1
        self._in_turn = effective_n_jobs(n_jobs) == 1
        lazy = get_active_backend()[0].supports_return_generator
        self._parallel = Parallel(n_jobs, return_as="generator" if lazy else "list")
        self._interrupted = False

    def run(self):
        """Return the winner, or the best candidate so far after an interrupt."""
        running, stop = self._candidates, False
        # Networks of this size gain nothing from more BLAS threads, and idle ones spin.
        with one_thread, self._parallel:
            for number, rung in enumerate(self._rungs):
                if number:
                    with interrupts_wait(then=self._interrupt):
                        running, losers = parted(running, rung.n_candidates)
                        for loser in losers:
                            loser.members.clear()  # which frees their memory
                try:
                    self._train(number, running)
                    stop = self._task.end_rung(ranked(running)[0])
                except KeyboardInterrupt:
                    self._interrupted = True
                with interrupts_wait(then=self._interrupt):
                    self._record(number, running)
                    running = ranked(running)
                if stop or self._interrupted:
                    break
        winner = running[0]
        if self._interrupted:
            if np.isnan(winner.scores).any():
                raise KeyboardInterrupt
            warn_the_caller(
                f"The race was interrupted by user in rung {number + 1} of "
                f"{len(self._rungs)}. The best networks so far are kept."
            )
        return winner

    def _interrupt(self):
        self._interrupted = True

    def results(self):
        """Return ``cv_results_``: a row for each candidate of each rung."""
        records = self._records
        columns = {name: [record[name] for record in records] for name in records[0]}
        results: dict = {n: np.array(columns[n]) for n in ("iter", "n_resources")}
        for name in ("test_score", "fit_time"):
            values = np.array(columns[name])
            results[f"mean_{name}"] = values.mean(axis=1)
            with np.errstate(invalid="ignore"):  # scores may be infinite
                results[f"std_{name}"] = values.std(axis=1)
            if name == "test_score":
                for k, column in enumerate(values.T):
                    results[f"split{k}_{name}"] = column
        means = np.nan_to_num(results["mean_test_score"], nan=-np.inf)
        results["rank_test_score"] = rankdata(-means, method="min").astype(np.int32)
        results["params"] = params = columns["params"]
        for name in dict.fromkeys(chain(*params)):
            drawn = [given[name] for given in params if name in given]
            are_numbers = all(isinstance(value, Real) for value in drawn)
            dtype = np.array(drawn).dtype if are_numbers else object
            column = np.ma.masked_all(len(params), dtype)
            for k, given in enumerate(params):
                if name in given:
                    column[k] = given[name]
            results[f"param_{name}"] = column
        return results

    def _train(self, number, running):
        """Train the networks of a rung, or some of them if interrupted."""
        share = self._rungs[number].end
        pairs = [
            [(c, k) for k, member in enumerate(c.members) if member.has_more(share)]
            for c in running
        ]
        name = f"Rung {number + 1} of {len(self._rungs)}"
        self._task.begin_rung(name, len(running), sum(map(len, pairs)))
        if self._in_turn:
            # Folds train side by side, so an interrupt finds them equally far; so do
            # as many candidates as keep the threads busy.
            pairs = [*filter(None, pairs)]
            parts = slices(len(pairs), self._n_threads)
            groups = [[*chain(*pairs[part])] for part in parts]
        else:
            groups = [[pair] for pair in chain(*pairs)]
        calls = (
            delayed(train_members)(
                [candidate.members[k] for candidate, k in group],
                [self._folds[k] for _, k in group],
                share,
                self._n_threads,
                self._table.X,
                self._table.y,
                self._table.sample_weight,
            )
            for group in takewhile(lambda _: not self._interrupted, groups)
        )
        # After an interrupt there are fewer results than groups. `zip` has to find that
        # out from the results: a generator that is not exhausted, but closed, ends
        # joblib's workers.
        for trained, group in zip(self._parallel(calls), groups, strict=False):
            for (candidate, k), member in zip(group, trained, strict=True):
                candidate.members[k] = member
                self._interrupted |= member.status is Status.INTERRUPTED
                self._task.end_member()

    def _record(self, number, running):
        for candidate in running:
            self._records.append(
                {
                    "iter": number,
                    "n_resources": max(m.n_epochs for m in candidate.members),
                    "params": candidate.params,
                    "test_score": candidate.scores,
                    "fit_time": [member.seconds for member in candidate.members],
                }
            )


def _may_use_threads(candidates):
    """Return whether engines release the interpreter's lock, and joblib allows it."""
    networks = [candidate.members[0].network for candidate in candidates]
    compiled = all(n.engine == "numba" and n.solver != "lbfgs" for n in networks)
    backend, _ = get_active_backend(prefer="threads")
    return compiled and getattr(backend, "supports_sharedmem", False)


@one_thread  # joblib may give workers more
def train_members(members, folds, share, n_threads, X, y, sample_weight):
    """Train copies of members on their folds, until a share of their epochs is done.

    There is a fold for each member. The parts of the table are separate arguments,
    since joblib's backends share large arrays between tasks, but not the objects that
    hold them. Return the copies.
    """
    started = perf_counter()
    members = [replace(m, network=copy(m.network)) for m in members]
    sessions = [
        member.network._open(
            Table(X, y, sample_weight, member.targets),
            FitTask(member.network),
            resume=member.n_epochs > 0,
            fold=fold,
            max_epochs=member.until(share) - member.n_epochs,
        )
        for member, fold in zip(members, folds, strict=True)
    ]
    train(sessions, n_threads)
    for member, session in zip(members, sessions, strict=True):
        _store(member, session)
        member.seconds += (perf_counter() - started) / len(members)
    return members


def _store(member, session):
    """Store the result of a training in its member."""
    n_epochs = session.state.history.n_epochs
    member.status, member.warnings = session.status, {}
    if n_epochs:
        member.network._set_attributes(session)
        member.network.n_iter_ = n_epochs
    if n_epochs and session.status is not Status.INTERRUPTED:
        # All rungs are one fit.
        member.warnings = warning_of_break(session) | warning_of_loss(session, n_epochs)
        # The end of a rung is no limit, but max_fun is.
        at_limit = n_epochs == session.horizon or session.n_done < session.max_epochs
        if session.status is Status.MAX_ITER and at_limit:
            member.warnings |= warning_of_limit(member.network)


def check_winner(winner):
    """Refuse a winner without a score on some fold; issue a warning of each kind."""
    warnings: dict = {}
    for k, member in enumerate(winner.members, start=1):
        if not member.n_epochs:
            raise ValueError(
                f"Training diverged in epoch 1 on fold {k} of {len(winner.members)}, "
                f"for all candidates. {ADVICE}"
            )
        network = member.network
        of_scores = check_scores(network.scoring, network.validation_scores_)
        for kind, warning in (of_scores | member.warnings).items():
            warnings.setdefault(kind, warning)
    issue(warnings)
