"""The estimators that the tests run through, their data, and engines that fail."""

import warnings
from contextlib import contextmanager
from itertools import chain, combinations, count, product

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_info

import skreg._base
from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    RegMLPRegressorCV,
)
from skreg._engine.optimizers import OPTIMIZERS

_ENDINGS = "Maximum iterations|The network predicts the same"
SHORT_FITS = pytest.mark.filterwarnings(
    f"ignore:({_ENDINGS}):sklearn.exceptions.ConvergenceWarning"
)
"""Marks tests whose fits end before they have converged, or learned anything."""

STEPPING: dict = {name: {"solver": name} for name in OPTIMIZERS}
STEPPING["adam"]["feature_scales"] = True
STEPPING["nesterov"] = {"solver": "sgd", "nesterovs_momentum": True}
SOLVERS = STEPPING | {"lbfgs": {"solver": "lbfgs"}}
DROPOUT = {
    "none": {},
    "per row": {"keep_prob": 0.5, "feature_scales": True},
    "per batch": {"keep_prob": 0.5, "dropout_mask": "batch"},
}
LABELS = np.array(["left", "middle", "right"])
CLASSES = ("binary", "multiclass", "multilabel")
NUMBERS = ("number", "numbers")
"""One target, and several in units of their own."""
NAMED_SCORER = dict.fromkeys(CLASSES, "accuracy") | dict.fromkeys(NUMBERS, "r2")
"""By the kind of problem."""
every_kind = pytest.mark.parametrize("kind", [*CLASSES, *NUMBERS])


def one_in(n, **values):
    """Parametrise by one in ``n`` combinations, among them every pair of values."""
    every = [*product(*(range(len(given)) for given in values.values()))]
    some = [case for case in every if sum(case) % n == 0]
    for a, b in combinations(range(len(values)), 2):
        pairs, found = ({(case[a], case[b]) for case in c} for c in (every, some))
        assert pairs == found
    lists = [[*given] for given in values.values()]
    cases = [[given[k] for given, k in zip(lists, case)] for case in some]
    return pytest.mark.parametrize(", ".join(values), cases)


def by_name(configurations, argument="params"):
    return pytest.mark.parametrize(
        argument, configurations.values(), ids=configurations.keys()
    )


def blas_threads():
    """Return the numbers of threads of the loaded BLAS libraries, as a set."""
    pools = threadpool_info()
    return {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}


CONTROLS_BLAS = pytest.mark.skipif(
    not blas_threads(), reason="nothing sets the threads of BLAS, as on macOS"
)


@contextmanager
def warnings_are_errors():
    """Let every warning fail a test; marks of its module outdo its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def problem(kind="binary", n=60):
    """Return rows and targets; the classes can be told apart, but for a few rows."""
    n_classes = 2 if kind in ("binary", *NUMBERS) else 3
    X, y = make_classification(
        n,
        5,
        n_informative=4,
        n_redundant=0,
        n_classes=n_classes,
        flip_y=0.1,
        random_state=3,
    )
    if kind == "multilabel":
        y = np.column_stack([y == 0, y == 1, X[:, 0] > 0]).astype(int)
    if kind in NUMBERS:
        y = 50 + 20 * (X[:, 0] * X[:, 1] + y)
    if kind == "numbers":
        y = np.column_stack([y, X[:, 2] ** 2 / 1000])
    return X, LABELS[y] if kind == "text" else y


def network(*callbacks, kind="binary", **params):
    """Return a small network that trains for five epochs on a kind of problem.

    It has no dropout, hardly a penalty and a constant rate, unless they are asked for.
    """
    params = {
        "hidden_layer_sizes": (6,),
        "alpha": 1e-4,
        "keep_prob": 1.0,
        "batch_size": 16 if params.get("solver") != "lbfgs" else "auto",
        "learning_rate": "constant",
        "max_iter": 5,
        "dtype": "float64",
        "random_state": 0,
    } | params
    model = (RegMLPRegressor if kind in NUMBERS else RegMLPClassifier)(**params)
    return model.set_callbacks(*callbacks) if callbacks else model


def committee(params=None, distributions=None, *callbacks, kind="binary", **options):
    """Return a committee of three such networks."""
    options = {"cv": 3, "random_state": 0} | options
    members = RegMLPRegressorCV if kind in NUMBERS else RegMLPClassifierCV
    model = members(network(kind=kind, **params or {}), distributions, **options)
    return model.set_callbacks(*callbacks) if callbacks else model


def fitted_attributes(estimator):
    return {name: v for name, v in vars(estimator).items() if name.endswith("_")}


def assert_same_network(a, b, **tolerance):
    """To the bit, unless a tolerance is given."""
    scales = getattr(b, "feature_scales_", None)  # b may be scikit-learn's
    assert (a.feature_scales_ is None) == (scales is None)
    arrays_of_both = map(a._network().arrays_of, (a, b))
    for one, other in zip(*(chain(*arrays) for arrays in arrays_of_both), strict=True):
        if tolerance:
            np.testing.assert_allclose(one, other, **tolerance)
        else:
            np.testing.assert_array_equal(one, other)


CURVES = (
    *("loss_curve_", "penalty_curve_"),
    *("learning_rate_curve_", "validation_loss_curve_"),
)
VALUES = ("best_iter_", "best_loss_", "best_validation_score_", "loss_", "t_")


def assert_same_training(a, b):
    """The same weights and the same history, to the bit."""
    assert_same_network(a, b)
    for name in (*CURVES, "validation_scores_", *VALUES):
        assert getattr(a, name) == getattr(b, name), name


def assert_same_committee(a, b):
    """The same networks and the same predictions of them, to the bit."""
    for one, other in zip(a.members_, b.members_, strict=True):
        assert_same_training(one, other)
    for name in ("oof_probabilities_", "oof_predictions_"):
        if hasattr(a, name):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.best_score_ == b.best_score_


def declared(kind):
    """Return what the first `partial_fit` on a kind of problem needs to know."""
    if kind in NUMBERS:
        return {}
    return {"classes": [0, 1] if kind == "binary" else [0, 1, 2]}


def predicted(model, X):
    """Return the probabilities of classes, or the numbers."""
    return getattr(model, "predict_proba", model.predict)(X)


def weighted_loss(model, X, y, weights=None):
    """Return the loss of a network on some rows.

    That is the cross-entropy, of multilabel targets the sum over the columns; or half
    of the squared error, of several targets the mean of it in units of their scales.
    """
    if isinstance(model, RegMLPRegressor):
        errors = mean_squared_error(
            y, model.predict(X), sample_weight=weights, multioutput="raw_values"
        )
        return np.mean(errors / (1 if y.ndim == 1 else model.target_scale_**2)) / 2
    probabilities = model.predict_proba(X)
    if y.ndim == 1:
        return log_loss(y, probabilities, sample_weight=weights, labels=model.classes_)
    return sum(
        log_loss(column, p, sample_weight=weights, labels=[0, 1])
        for column, p in zip(y.T, probabilities.T, strict=True)
    )


class Hooks:
    """A callback of scikit-learn that does nothing."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass


def at_call(n, act):
    """Return a function whose n-th call is one of ``act``; the others do nothing."""
    calls = count(1)
    return lambda *arguments: act(*arguments) if next(calls) == n else None


def press_ctrl_c(*arguments):
    raise KeyboardInterrupt


class WatchedEngine:
    """An engine with hooks around its epochs, whichever engine it is."""

    def __init__(self, engine, before, after):
        self.engine, self.before, self.after = engine, before, after
        self.releases_gil = engine.releases_gil
        self.evaluate, self.snapshot = engine.evaluate, engine.snapshot
        self.restore = engine.restore

    def run_epoch(self, order, learning_rate, rng):
        self.before(self.engine, order)
        loss = self.engine.run_epoch(order, learning_rate, rng)
        self.after(self.engine, order)
        return loss


def watch_engines(monkeypatch, before=lambda *_: None, after=lambda *_: None):
    """Call functions with the engine and the rows' order, around each of its epochs."""
    make = skreg._base.make_engine
    monkeypatch.setattr(
        "skreg._base.make_engine",
        lambda *arguments: WatchedEngine(make(*arguments), before, after),
    )
