"""What the source of the project saw on its hundred points.

The accuracy is a median over three seeds. The size of the weights differs by a few
percent between seeds, so for it one is enough.
"""

from functools import cache

import numpy as np
import pytest

from skreg import RegMLPClassifier

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
def fit(seed, **regularisers):
    return RegMLPClassifier(
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
    ).fit(*tutorial_points())


def weights(model):
    return np.concatenate([coef.ravel() for coef in model.coefs_])


def rms(model):
    return np.sqrt(np.mean(weights(model) ** 2))


def share_near_zero(model):
    return np.mean(np.abs(weights(model)) < 0.01)


def test_plain_training_learns_the_training_points():
    X, y = tutorial_points()
    assert np.median([fit(seed).score(X, y) for seed in range(3)]) >= 0.94


def test_weight_decay_halves_the_weights_and_leaves_many_at_zero():
    plain, decayed = fit(0), fit(0, alpha=0.003)
    assert rms(decayed) < rms(plain) / 2
    assert share_near_zero(decayed) > 4 * share_near_zero(plain)
    assert share_near_zero(decayed) > 0.2


def test_dropout_leaves_the_size_of_the_weights():
    assert abs(rms(fit(0, keep_prob=0.5)) / rms(fit(0)) - 1) < 0.25
