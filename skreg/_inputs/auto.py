"""Values of "auto", by the solver, schedule, early stopping, number of layers and rows.

The evidence for them is in ``docs/defaults.md``. The initial learning rate is declared
with each optimizer.
"""

from math import inf, isinf, log2

from sklearn.base import is_classifier

from skreg._engine.activations import activation_of
from skreg._inputs.sample import STREAM_ROWS
from skreg._training.schedules import SCHEDULES

FEW_ROWS = 42
"""Up to this many rows are one mini-batch, in float64 and without dropout.

So a row of weight 2 equals two rows, as scikit-learn checks on tables of this size.
"""
MANY_FEATURES = 200
"""A classifier with so many drops a fifth of them, unless it stops early.

So no unit relies on a few. In a sum of many, the noise of the masks is small.
"""
CALM_ROWS = 16
"""Mini-batches of fewer rows have noisy gradients, so steps are shorter.

Those of "sgd" shorten in proportion. With more rows a classifier's lengthen up to
twice, if they end at zero. Rows of unequal weights are as noisy as fewer of equal ones.
"""
LONGER_STEPS = {1: 5, 2: 2}
"""By the number of layers, the factor of the learning rate if steps are adaptive."""


def resolve(estimator, sample, n_layers, loss_size, scaled=None):
    """Return the values of the parameters that may be "auto", by name.

    ``scaled`` says whether a network to train further has factors of features.
    """
    few = _are_few(sample)
    exact = few or estimator.solver == "lbfgs"
    if scaled is None:
        scaled = estimator.solver == "adam" and n_layers > 1 and not few
    scaled = given_or(estimator, "feature_scales", scaled)
    stops_early = bool(estimator.early_stopping)
    # By whether it stops early.
    keep_probs = (0.8, 0.9) if is_classifier(estimator) else (0.9, 1.0)
    drops_features = (
        is_classifier(estimator)
        and n_layers > 1
        and sample.n_features >= MANY_FEATURES
        and not (exact or stops_early or sample.is_stream)
    )
    values = {
        "feature_scales": scaled,
        "alpha": _alpha(estimator, sample, n_layers, loss_size, scaled),
        "keep_prob": 1.0 if exact else keep_probs[stops_early],
        "input_keep_prob": 0.8 if drops_features else 1.0,
        "batch_size": sample.n_rows if exact else _batch_size(sample, stops_early),
        "learning_rate": "constant" if sample.is_stream else "cosine",
        "max_iter": max_iter(estimator),
        "dtype": "float64" if exact else "float32",
    }
    return {name: given_or(estimator, name, value) for name, value in values.items()}


def _are_few(sample):
    return sample.n_rows <= FEW_ROWS and not sample.is_stream


def _alpha(estimator, sample, n_layers, loss_size, scaled):
    """Return the strength of the L2 penalty, for all layers or for each.

    A penalty on the first layer alone is proportional to the ``loss_size`` and to the
    size of the features. One on all L layers is proportional to their powers of 1 - 1 /
    L and 2 / L, since these layers together scale the outputs and make up for small
    features.
    """
    few, feature_size = _are_few(sample), sample.feature_size
    # Times n: on the first layer, by whether it stops early, and on all layers.
    on_first, on_all = (25, 8), 10
    if not is_classifier(estimator):
        on_first, on_all = (4, 2), 4
        if few:
            feature_size = 1.0  # no gain there
    slope = 1.0 if n_layers == 1 else activation_of(estimator.activation).slope
    size_on_all = loss_size ** (1 - 1 / n_layers) * feature_size ** (2 / n_layers)
    if few:
        return 0.1 * slope**2 * size_on_all
    if n_layers == 1:
        # That of LogisticRegression(C=1), whose data term grows with the weights.
        return 1 / (STREAM_ROWS if sample.is_stream else sample.n_rows)
    if estimator.solver == "lbfgs":
        return on_all * slope**2 * size_on_all / sample.effective_size
    alpha_n = on_first[bool(estimator.early_stopping)]
    strength = alpha_n * penalty_share(n_layers) * slope**2
    strength *= (1 if scaled else 2) * loss_size * feature_size
    return [strength / sample.effective_size, *[0.0] * (n_layers - 1)]


def penalty_share(n_layers):
    """Return a factor of the first layer's penalty: a quarter if it alone is hidden.

    Hidden layers above, which have no penalty, would make up for the smaller signals of
    weights that it shrinks; the outputs alone hardly do.
    """
    return 0.25 if n_layers == 2 else 1.0


def initial_rate(estimator, optimizer, schedule, n_layers, batch_size, sample, targets):
    """Return the learning rate of an optimizer for a schedule, by its name."""
    rate, is_plan = optimizer.planned_rate, SCHEDULES[schedule].is_plan
    full_batch = batch_size == sample.n_rows and not sample.is_stream
    if optimizer.is_adaptive:
        rate *= LONGER_STEPS.get(n_layers, 1)
        if not is_plan:
            return rate / 8
        if full_batch and batch_size <= FEW_ROWS:
            return 2 * rate
        return rate if batch_size >= CALM_ROWS else rate / 2
    # The gradient of a squared error has no bound, and neither has the step.
    may_be_long = is_plan and is_classifier(estimator)
    if not may_be_long:
        rate /= 4
    if not is_classifier(estimator) and targets.head.of_counts:
        rate /= max(1, 3 * targets.loss_size)  # rare ones are many times their mean
    n_alike, longest = batch_size * sample.kish_share, 2 if may_be_long else 1
    return rate if full_batch else rate * min(longest, n_alike / CALM_ROWS)


def max_iter(estimator):
    """Return the maximum number of epochs of a fit, or of iterations of "lbfgs"."""
    return given_or(estimator, "max_iter", 32 if _is_planned(estimator) else 200)


def patience(estimator):
    """Return how many epochs without an improvement end a fit.

    Without early stopping that is inf if the fit ends in another way: by its schedule,
    or where the gradient vanishes.
    """
    ends_otherwise = estimator.solver == "lbfgs" or _is_planned(estimator)
    if ends_otherwise and not estimator.early_stopping:
        return inf
    return estimator.n_iter_no_change


def ends_by_plan(estimator, n_layers):
    """Return whether a fit that ran all its epochs is complete.

    The minimum itself is what "lbfgs" is for without hidden layers; with them, more
    iterations than the automatic ones do not help.
    """
    if estimator.solver == "lbfgs":
        return n_layers > 1 and is_auto(estimator, "max_iter")
    return isinf(estimator.n_iter_no_change) or _is_planned(estimator)


def is_auto(estimator, name):
    """Return whether a parameter is "auto"."""
    given = getattr(estimator, name)
    return isinstance(given, str) and given == "auto"


def given_or(estimator, name, value):
    """Return a parameter, or ``value`` if it is "auto"."""
    return value if is_auto(estimator, name) else getattr(estimator, name)


def _is_planned(estimator):
    """Return whether the schedule takes the rate of a fit to zero."""
    schedule = given_or(estimator, "learning_rate", "cosine")
    return estimator.solver != "lbfgs" and SCHEDULES[schedule].is_plan


def _batch_size(sample, stops_early):
    """Return the power of two at or below a share of the rows, within 8 and 256."""
    parts = 32 if sample.is_stream else 8 if stops_early else 16
    return 2 ** min(max(int(log2(sample.n_rows / parts)), 3), 8)
