"""Hyperparameters, checked and resolved into one frozen training plan."""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.dropout import threshold_of
from skreg._engine.network import Network
from skreg._engine.optimizers import OPTIMIZERS
from skreg._engine.penalties import PENALTIES
from skreg._inputs.auto import (
    ends_by_plan,
    given_or,
    initial_rate,
    is_auto,
    patience,
    resolve,
)
from skreg._inputs.errors import naming
from skreg._training.schedules import SCHEDULES, LearningRate

_POSITIVE_INTEGER = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_FRACTION = Interval(Real, 0, 1, closed="left")
_AUTO = StrOptions({"auto"})

CONSTRAINTS: dict = {
    "hidden_layer_sizes": ["array-like", _POSITIVE_INTEGER],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "feature_scales": ["boolean", _AUTO],
    "solver": [StrOptions({*OPTIMIZERS, "lbfgs"})],
    **{name: [_NOT_NEGATIVE, "array-like"] for name in PENALTIES},
    "alpha": [_AUTO, _NOT_NEGATIVE, "array-like"],
    "keep_prob": [_AUTO, Interval(Real, 0, 1, closed="right"), "array-like"],
    "input_keep_prob": [_AUTO, Interval(Real, 0, 1, closed="right")],
    "dropout_mask": [StrOptions({"sample", "batch"})],
    "batch_size": [_AUTO, _POSITIVE_INTEGER],
    "learning_rate_init": [_AUTO, Interval(Real, 0, None, closed="neither")],
    "learning_rate": [StrOptions({"auto", *SCHEDULES})],
    "power_t": [_NOT_NEGATIVE],
    "learning_rate_decay": [_FRACTION],
    "momentum": [_FRACTION],
    "nesterovs_momentum": ["boolean"],
    "beta_2": [_FRACTION],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "max_iter": [_AUTO, _POSITIVE_INTEGER],
    "max_fun": [_POSITIVE_INTEGER],
    "tol": [_NOT_NEGATIVE],
    "n_iter_no_change": [_POSITIVE_INTEGER, Options(Real, {np.inf})],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "scoring": [StrOptions({"loss"}), str, callable],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
    "engine": [StrOptions({"numpy", "numba"})],
    "shuffle": ["boolean"],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}
"""Constraints of the parameters that all network estimators share."""


def is_stochastic(estimator):
    """Return True if an estimator can be trained on a stream, else raise the reason."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for the stochastic solvers 'sgd' and "
            "'adam'; solver='lbfgs' takes the whole training set at once."
        )
    return True


_SMALL_PRODUCT = 2**22
"""Multiplications for which two threads take as long as one, if both are free."""


@dataclass(frozen=True)
class Plan:
    """Everything that training depends on, except the data and the training state."""

    network: Network
    optimizer: Any
    """None for "lbfgs"."""
    penalties: tuple
    keep_probs: list
    """Of the input and of each hidden layer."""
    one_mask: bool
    """Whether all rows of a mini-batch have the same dropout masks."""
    batch_size: int
    dtype: np.dtype
    """Of the parameters and of all computation."""
    engine: str
    learning_rate: LearningRate | None
    shuffle: bool
    max_iter: int
    max_fun: int
    tol: float
    patience: float
    ends_by_plan: bool
    early_stopping: bool
    is_stream: bool
    """Whether other rows may follow, in later calls."""
    scoring: Any
    auto_params: dict
    """What "auto" stands for, by parameter."""

    @property
    def is_small(self):
        """Whether no product of a mini-batch is faster with a second thread."""
        largest_layer = max(a * b for a, b in pairwise(self.network.sizes))
        return self.batch_size * largest_layer <= _SMALL_PRODUCT

    @property
    def n_averages(self):
        """How many averages the optimizer keeps."""
        return 0 if self.optimizer is None else self.optimizer.n_averages


def make_plan(estimator, sample, targets, dtype=None, scaled=None):
    """Return the plan of an estimator that learns ``targets`` from a `Sample`.

    A network to train further keeps its ``dtype``, and its factors of features if it is
    ``scaled``.
    """
    full_batch = estimator.solver == "lbfgs"
    hidden = hidden_layer_sizes(estimator)
    n_layers = len(hidden) + 1
    values = resolve(estimator, sample, n_layers, targets.loss_size, scaled)
    keep_probs = _keep_probs(estimator, values, len(hidden))
    penalties = _penalties(estimator, values, n_layers)
    batch_size = min(int(values["batch_size"]), sample.n_rows)
    optimizer = rate = None
    if full_batch:
        _check_lbfgs_options(estimator, keep_probs)
    else:
        number = partial(as_float, estimator)
        optimizer = OPTIMIZERS[estimator.solver](penalties, number)
        schedule = values["learning_rate"]
        auto_rate = initial_rate(
            estimator, optimizer, schedule, n_layers, batch_size, sample, targets
        )
        rate = _learning_rate(estimator, schedule, auto_rate)
        values["learning_rate_init"] = auto_rate
    values["dtype"] = np.dtype(dtype or values["dtype"]).name
    unused = {
        "learning_rate": full_batch,
        "batch_size": full_batch,
        "max_iter": sample.is_stream,
        "keep_prob": not hidden,
    }
    auto = [n for n in values if is_auto(estimator, n) and not unused.get(n)]
    sizes = sample.n_features, *hidden, targets.n_outputs
    follows_loss = not estimator.early_stopping or estimator.scoring == "loss"
    tol_unit = targets.loss_size if follows_loss else 1.0
    return Plan(
        network=Network(
            sizes, estimator.activation, targets.head, values["feature_scales"]
        ),
        optimizer=optimizer,
        penalties=penalties,
        keep_probs=keep_probs,
        one_mask=estimator.dropout_mask == "batch" and min(keep_probs) < 1,
        batch_size=batch_size,
        dtype=np.dtype(values["dtype"]),
        engine=estimator.engine,
        learning_rate=rate,
        shuffle=bool(estimator.shuffle) and not full_batch,
        max_iter=int(values["max_iter"]),
        max_fun=int(estimator.max_fun),
        tol=as_float(estimator, "tol") * tol_unit,
        patience=patience(estimator),
        ends_by_plan=ends_by_plan(estimator, n_layers),
        early_stopping=bool(estimator.early_stopping),
        is_stream=sample.is_stream,
        scoring=estimator.scoring,
        auto_params={name: values[name] for name in auto},
    )


def as_float(estimator, name):
    """Return a parameter as a float, whatever type of number it is."""
    with naming(name):
        return float(getattr(estimator, name))


def hidden_layer_sizes(estimator):
    """Return the units of each hidden layer."""
    hidden = estimator.hidden_layer_sizes
    with naming("hidden_layer_sizes"):
        hidden = [hidden] if isinstance(hidden, Integral) else list(hidden)
    if not all(isinstance(n, Integral) and int(n) > 0 for n in hidden):
        raise ValueError(
            "hidden_layer_sizes must be > 0 and whole numbers, got "
            f"{estimator.hidden_layer_sizes!r}."
        )
    return [*map(int, hidden)]


def _keep_probs(estimator, values, n_hidden):
    """Return the keep probability of the input and of each hidden layer."""
    value = values["keep_prob"]
    kept = _per_layer(estimator, "keep_prob", value, n_hidden, "hidden layer")
    if not all(0 < p <= 1 for p in kept):
        raise ValueError(
            "keep_prob has to be in the range (0, 1]: it is the probability of "
            f"keeping a unit. Got {value!r}."
        )
    kept = [float(values["input_keep_prob"]), *kept]
    return [1.0 if threshold_of(p) == 2**16 else p for p in kept]


def _penalties(estimator, values, n_layers):
    """Return the penalties whose strength is not zero."""
    penalties = []
    for name, kind in PENALTIES.items():
        value = values.get(name, getattr(estimator, name))
        strengths = _per_layer(estimator, name, value, n_layers, "layer")
        if not all(0 <= s < np.inf for s in strengths):
            raise ValueError(f"{name} has to be finite and >= 0. Got {value!r}.")
        if any(strengths):
            penalties.append(kind(tuple(strengths)))
    return tuple(penalties)


def _per_layer(estimator, name, value, n_layers, kind):
    """Return a float per layer, from one number for all layers or one for each."""
    with naming(name):
        values = [value] * n_layers if isinstance(value, Real) else list(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name} has {len(values)} entries, but there are {n_layers} {kind}s "
            f"(hidden_layer_sizes={estimator.hidden_layer_sizes!r}). Pass one number "
            f"per {kind}, or a single one for all."
        )
    if not all(isinstance(v, Real) for v in values):
        raise ValueError(f"{name} has to be a number per {kind}. Got {value!r}.")
    with naming(name):
        return [*map(float, values)]


def _check_lbfgs_options(estimator, keep_probs):
    """Refuse options that do not suit a full-batch solver, which allows no noise."""
    refused = {
        "keep_prob": min(keep_probs[1:], default=1.0) < 1,
        "input_keep_prob": keep_probs[0] < 1,
        "batch_size": estimator.batch_size != "auto",
    }
    for name, given in refused.items():
        if given:
            raise ValueError(
                f"{name}={getattr(estimator, name)!r} does not go with solver='lbfgs', "
                "which takes the whole training set and needs an exact gradient. "
                f"Leave {name} at its default, or use solver='adam' or 'sgd'."
            )


def _learning_rate(estimator, schedule, auto_rate):
    """Return the learning rate with the schedule of this name."""
    with naming("learning_rate_init"):
        initial = float(given_or(estimator, "learning_rate_init", auto_rate))
    power_t = as_float(estimator, "power_t")
    decay = as_float(estimator, "learning_rate_decay")
    return LearningRate(initial, SCHEDULES[schedule], power_t, decay)
