"""What the source of the project saw on its hundred points, over several seeds."""

from functools import cache

import numpy as np
import pytest

from skreg import RegMLPClassifier

SEEDS = range(3)
pytestmark = pytest.mark.filterwarnings(
    "ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def tutorial_points():
    """Return the points, drawn as the source draws them."""
    rng = np.random.RandomState(1234)
    X = np.vstack(
        [
            rng.normal([0, 0], [2, 0.5], (50, 2)),
            rng.normal([1, 2], [0.5, 1], (25, 2)),
            rng.normal([0, -2], [0.5, 1], (25, 2)),
        ]
    )
    X = 2 * (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0)) - 1
    order = rng.permutation(100)
    return X[order], np.repeat([0, 1], 50)[order]


@cache
def fits(**regularisers):
    X, y = tutorial_points()
    return [
        RegMLPClassifier(
            (64, 128),
            solver="sgd",
            batch_size=16,
            learning_rate_init=0.1,
            learning_rate="constant",
            learning_rate_decay=0.0005,
            momentum=0.9,
            max_iter=2000,
            tol=0,
            n_iter_no_change=np.inf,
            dtype="float64",
            random_state=seed,
            **{"alpha": 0.0, "keep_prob": 1.0} | regularisers,
        ).fit(X, y)
        for seed in SEEDS
    ]


def weights(model):
    return np.concatenate([coef.ravel() for coef in model.coefs_])


def rms(models):
    return np.median([np.sqrt(np.mean(weights(model) ** 2)) for model in models])


def share_near_zero(models):
    return np.median([np.mean(np.abs(weights(model)) < 0.01) for model in models])


def accuracy(models):
    X, y = tutorial_points()
    return np.median([model.score(X, y) for model in models])


def test_plain_training_learns_the_training_points():
    assert accuracy(fits()) >= 0.94


def test_weight_decay_halves_the_weights_and_leaves_many_at_zero():
    plain, decayed = fits(), fits(alpha=0.003)
    assert rms(decayed) < rms(plain) / 2
    assert share_near_zero(decayed) > 4 * share_near_zero(plain)
    assert share_near_zero(decayed) > 0.2


def test_dropout_leaves_the_size_of_the_weights():
    assert abs(rms(fits(keep_prob=0.5)) / rms(fits()) - 1) < 0.25
