import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.metrics import log_loss

from skreg.losses import LOSSES

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=3, size=(6, 3))
TARGETS = {
    "logistic": RNG.integers(0, 2, (6, 3)).astype(float),
    "softmax": np.eye(3)[[0, 1, 2, 2, 1, 0]],
}


def values(name, logits, y):
    return LOSSES[name].values(logits.T, y.T)


def gradient(name, logits, y):
    out = np.full_like(logits, np.nan)
    row = np.full((1, len(logits)), np.nan, logits.dtype)
    LOSSES[name].gradient(logits.T.copy(), y.T, out.T, row)
    return out


@pytest.mark.parametrize("name", LOSSES)
def test_values_equal_sklearns_log_loss(name):
    y = TARGETS[name]
    p = LOGITS.copy()
    LOSSES[name].probabilities(p.T)
    if name == "softmax":
        expected = [
            log_loss([t], [q], labels=[0, 1, 2]) for t, q in zip(y.argmax(1), p)
        ]
    else:
        expected = [
            sum(log_loss([t], [[1 - q, q]], labels=[0, 1]) for t, q in zip(*row))
            for row in zip(y, p)
        ]
    np.testing.assert_allclose(values(name, LOGITS, y), expected, rtol=1e-10)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_equals_differences(name):
    y = TARGETS[name]
    for i, row in enumerate(LOGITS):
        expected = approx_fprime(row, lambda z: values(name, z[None], y[i : i + 1])[0])
        own = gradient(name, LOGITS, y)[i]
        # Forward differences with a step of √eps err by as much.
        np.testing.assert_allclose(own, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits(name, dtype):
    logits = np.array([[1e30, -1e30, 0], [800, 0, -800]], dtype)
    right = np.array([[1, 0, 0], [1, 0, 0]], dtype)
    wrong = np.array([[0, 1, 0], [0, 0, 1]], dtype)
    for y in (right, wrong):
        assert np.isfinite(values(name, logits, y)).all()
        assert np.isfinite(gradient(name, logits, y)).all()
    probabilities = logits.copy()
    LOSSES[name].probabilities(probabilities.T)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert np.isfinite(LOSSES[name].log_probabilities(logits.T)).all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1, 1000])
def test_values_after_the_gradient_are_the_same(name, scale):
    loss, y = LOSSES[name], TARGETS[name].T
    logits = scale * LOGITS.T
    expected = loss.values(logits, y)
    loss.gradient(logits, y, np.empty_like(logits), np.empty((1, len(LOGITS))))
    np.testing.assert_allclose(loss.values_after_gradient(logits, y), expected)


@pytest.mark.parametrize("name", LOSSES)
def test_log_probabilities_are_the_logarithms(name):
    p = LOGITS.copy()
    LOSSES[name].probabilities(p.T)
    np.testing.assert_allclose(
        LOSSES[name].log_probabilities(LOGITS.T).T, np.log(p), rtol=1e-12
    )


def test_one_sigmoid_equals_a_softmax_of_two():
    z = LOGITS[:, :1]
    two = np.hstack([np.zeros_like(z), z])
    y = np.array([[0.0], [1], [1], [0], [1], [0]])
    expected = values("softmax", two, np.hstack([1 - y, y]))
    np.testing.assert_allclose(values("logistic", z, y), expected, rtol=1e-12)
    of_two = gradient("softmax", two, np.hstack([1 - y, y]))[:, 1:]
    np.testing.assert_allclose(gradient("logistic", z, y), of_two, rtol=1e-12)
