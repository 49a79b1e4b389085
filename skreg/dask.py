"""Local SGD on Dask: partitions are trained on by themselves, and then averaged.

In every round each partition of the rows takes an epoch from the same network; the new
network is the mean of what they arrive at, weighted by their rows, optimizer's averages
included. Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019; with an
epoch as the local work it is FederatedAveraging of McMahan et al.,
"Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS
2017, algorithm 1.

A round is one Dask graph of pure functions whose only input besides the rows is the
network that the round before left with the caller: if a worker dies, Dask runs again
what it had done of this round, and the result is the same to the bit.
"""

import copy

import dask
import numpy as np
from dask import delayed
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state

from skreg.batches import gather_indicators
from skreg.losses import LOSSES
from skreg.stopping import Monitor


def fit_local_sgd(estimator, X, y, *, X_val=None, y_val=None, classes=None):
    """Fit a network on the partitions of a Dask array by local SGD.

    Up to ``max_iter`` rounds, each an epoch on every partition by itself, followed by
    an average. It runs on the Dask client that is active, or else in threads.

    Parameters
    ----------
    estimator : RegMLPClassifier
        With ``solver="sgd"`` or ``"adam"``. Fitted from scratch, in place.
    X : dask.array.Array of shape (n_samples, n_features)
        Training rows, a partition for each worker. Every partition should have rows of
        all classes, as after shuffling.
    y : dask.array.Array of shape (n_samples,) or (n_samples, n_classes)
        Their labels.
    X_val, y_val : array-like, default=None
        Validation rows and labels, of the shapes of ``X`` and ``y``. With
        ``early_stopping=True`` they are needed: the fit ends when their score stalls,
        at the best round.
    classes : array-like of shape (n_classes,), default=None
        All classes; taken from ``y`` if not given.

    Returns
    -------
    estimator : RegMLPClassifier
        The same estimator, fitted. Its curves have an entry per round.

    Raises
    ------
    ValueError
        For what `RegMLPClassifier.partial_fit` refuses, and for ``early_stopping=True``
        without validation rows. The estimator is left as it was.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn.datasets import load_digits
    >>> from skreg import RegMLPClassifier
    >>> from skreg.dask import fit_local_sgd
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = da.from_array(X / 16, chunks=(900, 64)), da.from_array(y, chunks=900)
    >>> network = RegMLPClassifier(50, max_iter=20, random_state=0)
    >>> fit_local_sgd(network, X, y).score(X, y) > 0.95
    True
    """
    if estimator.early_stopping and X_val is None:
        raise ValueError(
            "early_stopping=True needs validation rows here: pass X_val and y_val."
        )
    validated = X_val is not None
    X = X.rechunk({1: -1})
    X, y = dask.persist(X, y.rechunk({0: X.chunks[0]}))
    n_parts = len(X.chunks[0])
    labels = y.to_delayed().reshape(n_parts, -1)[:, 0]
    parts = [*zip(X.to_delayed().ravel(), labels, strict=True)]
    if classes is None:
        classes = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y.compute())
    seed = check_random_state(estimator.random_state).randint(np.iinfo(np.int32).max)
    network = copy.deepcopy(estimator)
    for name in [name for name in vars(network) if name[-1:] == "_"]:
        delattr(network, name)
    vars(network).pop("_left_off", None)
    network.set_params(random_state=seed, early_stopping=False)
    monitor = Monitor(estimator.tol, estimator.n_iter_no_change)
    losses, scores, best = [], [], None
    for number in range(1, estimator.max_iter + 1):
        source = delayed(network, pure=False)
        ends = [
            _local_epoch(source, x, labels, classes, (seed, number, k))
            for k, (x, labels) in enumerate(parts)
        ]
        while len(ends) > 1:
            ends = [
                _merge(*ends[i : i + 2]) if i + 1 < len(ends) else ends[i]
                for i in range(0, len(ends), 2)
            ]
        (network, _), validation = dask.compute(
            ends[0], _validate(ends[0], X_val, y_val) if validated else (None, None)
        )
        losses.append(validation[0])
        scores.append(validation[1])
        score = scores[-1] if estimator.early_stopping else -network.loss_curve_[-1]
        if monitor.update(score) or best is None or not estimator.early_stopping:
            best = network
        if monitor.stalled:
            break
    fitted = {name: value for name, value in vars(best).items() if name[-1:] == "_"}
    vars(estimator).update(fitted, _left_off=network._left_off, n_iter_=number)
    estimator.loss_curve_ = network.loss_curve_
    if validated:
        estimator.validation_loss_curve_, estimator.validation_scores_ = losses, scores
        estimator.best_iter_ = int(np.argmax(scores)) + 1
        estimator.best_validation_score_ = max(scores)
    return estimator


@delayed
def _local_epoch(network, X, y, classes, seed):
    """Return the network after an epoch on a partition, and how many rows it has."""
    network = copy.deepcopy(network)
    if hasattr(network, "_left_off"):
        generator = np.random.SFC64(np.random.SeedSequence(seed))
        network._left_off["rng"] = generator.state
    return network.partial_fit(X, y, classes), X.shape[0]


@delayed
def _merge(one, two):
    """Return the mean of two networks, weighted by their rows, and all these rows."""
    (a, n_a), (b, n_b) = one, two
    share = n_b / (n_a + n_b)

    def mean(p, q):
        return (p + share * (q - p)).astype(p.dtype)

    network = copy.deepcopy(a)
    network.coefs_ = [*map(mean, a.coefs_, b.coefs_)]
    network.intercepts_ = [*map(mean, a.intercepts_, b.intercepts_)]
    averages = mean(a._left_off["averages"], b._left_off["averages"])
    network._left_off["averages"] = averages
    network.loss_curve_[-1] += share * (b.loss_curve_[-1] - a.loss_curve_[-1])
    network.loss_ = network.loss_curve_[-1]
    network.t_ += n_b
    return network, n_a + n_b


@delayed
def _validate(end, X, y):
    """Return the loss and the score of a network on validation rows."""
    network, _ = end
    targets = network._labels().encode(np.asarray(y), network.coefs_[0].dtype)
    logits = network._network_logits(X).T
    indicators = np.empty_like(logits)
    gather_indicators(targets, np.arange(logits.shape[1]), indicators)
    loss = float(LOSSES[network.out_activation_].values(logits, indicators).mean())
    if network.scoring == "loss":
        return loss, -loss
    return loss, float(check_scoring(network, network.scoring)(network, X, y))
