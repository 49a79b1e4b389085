"""Local SGD on Dask: partitions train on their own, then their networks are averaged.

In each round every partition trains a copy of the current network for one epoch. The
new network is the mean of the copies, weighted by their rows; the optimizer's averages
are averaged too. Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019;
with one epoch of local work it is FederatedAveraging of McMahan et al.,
"Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS
2017, algorithm 1.

A round is one Dask graph of pure functions. Its only inputs are the rows and the
network of the last round, which the caller holds. So if a worker dies, Dask repeats the
worker's part of the round, and the result is the same bit for bit.
"""

import copy
from math import isnan

import dask
import dask.array as da
import numpy as np
from dask import delayed
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state

from skreg._base import NetworkEstimator
from skreg._endings import ADVICE, warning_far_above, warning_of_limit
from skreg._engine import make_engine
from skreg._engine.batches import Dataset, Rows
from skreg._inputs.errors import issue, unchanged_on_error, warn_the_caller
from skreg._inputs.labels import Labels
from skreg._inputs.plan import is_stochastic, make_plan
from skreg._inputs.sample import Sample, feature_size, some_of
from skreg._inputs.validation import check_both_given, check_validation_set
from skreg._scoring import check_scorer, check_scores, scorer_of
from skreg._training.history import History
from skreg._training.state import mix_in, reseed, set_attributes, set_history
from skreg._training.stopping import Monitor, Status


def fit_local_sgd(estimator, X, y, *, X_val=None, y_val=None, classes=None):
    """Fit a network on the partitions of a Dask array by local SGD.

    There are up to ``max_iter`` rounds. In each, every partition trains for one epoch
    on its own, then the networks are averaged. The rounds run on the active Dask
    client, or in threads if there is none. "auto" means the same as in
    `RegMLPClassifier.fit` on all rows.

    Parameters
    ----------
    estimator : RegMLPClassifier or RegMLPRegressor
        With ``solver="sgd"`` or ``"adam"``. Fitted from scratch, in place.
    X : dask.array.Array of shape (n_samples, n_features)
        Training rows, ideally one partition per worker. Every partition should have
        rows of all classes, as after shuffling.
    y : dask.array.Array of shape (n_samples,) or (n_samples, n_outputs)
        Targets. A regressor standardises them by all rows.
    X_val, y_val : array-like, default=None
        Validation rows and targets. Required with ``early_stopping=True``: the fit ends
        when their score stalls, and keeps the network of the best round.
    classes : array-like of shape (n_classes,), default=None
        All classes, taken from ``y`` if None. For classifiers only.

    Returns
    -------
    estimator : RegMLPClassifier or RegMLPRegressor
        The same estimator, fitted. Its curves have an entry per round.

    Raises
    ------
    ValueError
        For anything that the estimator's ``partial_fit`` refuses, for
        ``learning_rate="adaptive"``, and for ``early_stopping=True`` without
        validation rows. The estimator is left unchanged.
    AttributeError
        For ``solver="lbfgs"``, which has no ``partial_fit``.
    TypeError
        If ``estimator`` is no network, or ``X`` or ``y`` no Dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn.datasets import load_digits
    >>> from skreg import RegMLPClassifier
    >>> from skreg.dask import fit_local_sgd
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = da.from_array(X / 16, chunks=(900, 64)), da.from_array(y, chunks=900)
    >>> network = RegMLPClassifier(50, random_state=0)
    >>> fit_local_sgd(network, X, y).score(X, y) > 0.9
    True
    """
    _check_types(estimator, X, y)
    _check_settings(estimator, X_val, y_val, classes)
    columns = {1: -1} if y.ndim == 2 else {}
    X = X.rechunk({1: -1})
    X, y = dask.persist(X, y.rechunk({0: X.chunks[0]} | columns))
    with unchanged_on_error(estimator):
        all_y = y.compute()
        targets = _targets(estimator, all_y, classes)
        parts = [*zip(X.to_delayed().ravel(), y.to_delayed().ravel(), strict=True)]
        sizes = X.compute_chunk_sizes().chunks[0]
        parts = [part for part, size in zip(parts, sizes, strict=True) if size]
        some = dask.compute(*(_some_rows(X, len(parts)) for X, _ in parts))
        size = 1.0 if issparse(some[0]) else feature_size(np.concatenate(some))
        weights, by_class = estimator._row_weights(targets, all_y, None)
        sample = Sample.of_weights(weights, len(all_y), X.shape[1], size)
        plan = make_plan(estimator, sample, targets)
        validation: tuple = ()
        if X_val is not None:  # sent once, not in every round
            rows = delayed(X_val, traverse=False), delayed(y_val, traverse=False)
            validation = (*dask.persist(*rows), by_class)
        rng = check_random_state(estimator.random_state)
        seed = rng.randint(np.iinfo(np.int32).max)
        network = clone(estimator).set_params(**plan.auto_params)
        network.set_params(random_state=seed, early_stopping=False)
        history = History()
        last, best, status = _train(network, plan, parts, targets, history, validation)
        if validation:
            issue(check_scores(estimator.scoring, history.validation_scores))
        _take_over(estimator, last, best, history)
        estimator.auto_params_ = plan.auto_params
    if status is Status.DIVERGED:
        warn_the_caller(
            f"Training diverged in round {history.n_epochs + 1}, on some partitions. "
            f"The network of the round before is kept. {ADVICE}",
            ConvergenceWarning,
        )
        return estimator
    if status is Status.MAX_ITER:
        issue(warning_of_limit(estimator))
    dataset = Dataset(None, targets.encode(all_y, np.dtype(np.float64)))
    constant = targets.constant_loss(Rows(dataset, np.arange(len(all_y))))
    loss = history.loss_curve[-1] - history.penalty_curve[-1]
    issue(warning_far_above(constant, loss, targets))
    return estimator


def _check_types(estimator, X, y):
    """Refuse an estimator that is no network, and X and y that do not suit."""
    if not isinstance(estimator, NetworkEstimator):
        raise TypeError(
            "estimator has to be a RegMLPClassifier or a RegMLPRegressor. Got "
            f"{estimator!r}. Fit a committee within joblib.parallel_config('dask')."
        )
    for name, value in (("X", X), ("y", y)):
        if not isinstance(value, da.Array):
            raise TypeError(
                f"{name} has to be a Dask array. Got an object of type "
                f"{type(value).__name__!r}. Make a Dask array of an array with "
                "dask.array.from_array, or of a Dask data frame with its method "
                "to_dask_array."
            )
    if X.ndim != 2:
        raise ValueError(
            f"X has to have two dimensions. Got {X.ndim}. Make one feature a column "
            "with X[:, np.newaxis]."
        )
    n_rows, n_targets = X.shape[0], y.shape[0]
    if n_rows != n_targets and not isnan(n_rows) and not isnan(n_targets):
        raise ValueError(
            f"X has {n_rows} rows and y has {n_targets}. Pass a target for each row."
        )


def _check_settings(estimator, X_val, y_val, classes):
    """Refuse parameters and validation sets that do not go with partitions."""
    if estimator.learning_rate == "adaptive":
        raise ValueError(
            "learning_rate='adaptive' is not supported here: each partition would "
            "lower its rate at another time. Leave it at 'auto'."
        )
    check_both_given(X_val, y_val)
    if estimator.early_stopping and X_val is None:
        raise ValueError(
            "early_stopping=True needs validation rows here: pass X_val and y_val."
        )
    if classes is not None and not is_classifier(estimator):
        raise ValueError("classes is for classifiers. Leave it out for a regressor.")
    estimator._validate_params()
    is_stochastic(estimator)
    check_scorer(estimator)


def _targets(estimator, y, classes):
    """Return the targets of all partitions."""
    if classes is not None:
        return Labels.declared(classes, y)
    targets = estimator._targets_of(y).measured(y, None)
    return targets.scaled_to(y, None, np.arange(len(y)))


@delayed
def _some_rows(X, n_parts):
    """Return a few hundred rows of all partitions together, checked for their type."""
    few = some_of(X, n_parts)
    return check_array(
        few, accept_sparse="csr", dtype=np.float64, ensure_all_finite=False
    )


def _train(network, plan, parts, targets, history, validation):
    """Run rounds and record them in ``history``.

    Return the last network, the best one and the `Status`. ``validation`` holds the
    rows and targets to validate on, if there are any.
    """
    unit = targets.loss_unit
    if plan.early_stopping:
        unit = targets.score_unit(plan.scoring)
    monitor, best = Monitor(plan.tol * unit, plan.patience), network
    while history.n_epochs < plan.max_iter and not monitor.stalled:
        seed = network.random_state, history.n_epochs + 1
        mean, n_rows, scores = _round(network, parts, targets, seed, validation)
        if not mean.n_iter_:
            return network, best, Status.DIVERGED
        network, loss = mean, mean.loss_curve_[-1]
        penalty, rate = mean.penalty_curve_[-1], mean.learning_rate_curve_[-1]
        history.append(loss, penalty, rate, n_rows, scores)
        is_best = history.best_score.epoch == history.n_epochs
        if is_best or not plan.early_stopping:
            best = network
        monitor.update(scores[1] if plan.early_stopping else -loss)
    is_complete = plan.ends_by_plan or monitor.stalled
    return network, best, Status.COMPLETED if is_complete else Status.MAX_ITER


def _round(network, parts, targets, seed, validation):
    """Return the network after a round, its rows, and its validation loss and score."""
    source = delayed(network, pure=False)
    ends = [
        _local_epoch(source, *part, targets, (*seed, k)) for k, part in enumerate(parts)
    ]
    while len(ends) > 1:
        pairs = (ends[i : i + 2] for i in range(0, len(ends), 2))
        ends = [_merge(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    scores = _validate(ends[0], targets, *validation) if validation else None
    (network, n_rows), scores = dask.compute(ends[0], scores)
    return network, n_rows, scores


def _take_over(estimator, last, best, history):
    """Give an estimator the best parameters, and everything else of the last round."""
    network = best._network()
    set_attributes(last, network.attributes(network.arrays_of(best)))
    learned = vars(last).keys() - last.get_params().keys()
    vars(estimator).pop("feature_names_in_", None)  # of an earlier fit
    set_attributes(estimator, {name: getattr(last, name) for name in learned})
    set_history(estimator, history)
    estimator.n_iter_ = history.n_epochs


@delayed
def _local_epoch(network, X, y, targets, seed):
    """Return the network after an epoch on a partition, and the number of its rows."""
    network = copy.deepcopy(network)
    if hasattr(network, "coefs_"):
        reseed(network, seed)
    return network._partial_fit(X, y, None, targets.checked), X.shape[0]


@delayed
def _merge(one, two):
    """Return the mean of two networks, weighted by their rows, and the sum of rows."""
    (a, n_a), (b, n_b) = one, two
    network = copy.deepcopy(a)
    mix_in(network, n_a, b, n_b, network._network())
    return network, n_a + n_b


@delayed
def _validate(end, targets, X, y, by_class):
    """Return the loss and the score of a network on validation rows."""
    network, _ = end
    dtype = network.coefs_[0].dtype
    given = X, y, None
    validation = check_validation_set(network, given, targets, by_class, dtype)
    sample = Sample.of_stream(validation.rows.dataset.X)
    plan, state = network._plan_and_state(sample, targets, resume=True)
    engine = make_engine(plan, state.start, validation.rows, validation.rows)
    scorer = scorer_of(network, engine, validation, targets)
    loss = scorer.evaluate()
    score = targets.score_unit(network.scoring) * scorer.score(loss)
    return targets.loss_unit * loss, score
