from math import exp, log1p

import numpy as np
import pytest
import reference
from scipy.optimize import approx_fprime

from skreg._engine.heads import HEADS

LOGITS = np.random.default_rng(0).normal(scale=3, size=(3, 6))
SHARES = np.random.default_rng(1).dirichlet([1, 1, 1], 6).T
LABELS = np.eye(3)[:, [0, 1, 2, 2, 1, 0]]


def gradient(head, z, y):
    out, row = np.full_like(z, np.nan), np.full((1, z.shape[1]), np.nan, z.dtype)
    head.gradient(z, y, out, row)
    return out


@pytest.mark.parametrize("y", [LABELS, SHARES], ids=["labels", "shares"])
@pytest.mark.parametrize("name", HEADS)
def test_all_equals_the_formula_in_any_order_of_calls(name, y):
    head, n = HEADS[name], 1 if name == "binary" else 3
    z, y = LOGITS[:n].copy(), y[:n]
    kind = head.out_activation
    losses = [reference.row_loss(kind, *row) for row in zip(z.T, y.T)]
    p = np.transpose([reference.predictions(kind, row) for row in z.T])
    classes = np.concatenate([1 - p, p]) if name == "binary" else p
    for _ in range(2):
        np.testing.assert_allclose(head.values(z, y), losses, rtol=1e-12)
        np.testing.assert_allclose(gradient(head, z, y), p - y, rtol=1e-12, atol=1e-15)
        own = head.class_logits(z).copy()
        log_p = head.log_probabilities(own)
        head.probabilities(own)
        np.testing.assert_allclose(own, classes, rtol=1e-11)  # 1 - p has lost digits
        np.testing.assert_allclose(log_p, np.log(own), rtol=1e-11)
        for a, b, column in zip(z.T, y.T, gradient(head, z, y).T):
            slope = approx_fprime(a, lambda a: head.values(a[:, None], b[:, None])[0])
            # Forward differences with a step of √eps err by as much.
            np.testing.assert_allclose(column, slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(z, LOGITS[:n])


def softplus(z):
    return max(z, 0.0) + log1p(exp(-abs(z)))


@pytest.mark.parametrize("y", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("z", [-800, -40, -1e-3, 0, 2, 40, 800])
def test_one_sigmoid_equals_a_softmax_of_two_at_any_output_and_target(z, y):
    loss = y * softplus(-z) + (1 - y) * softplus(z)
    slope = (1 if z > 0 else exp(z)) / (1 + exp(-abs(z))) - y
    one, two = np.array([[float(z)]]), np.array([[0.0], [z]])
    y, ys = np.array([[float(y)]]), np.array([[1.0 - y], [y]])
    sigmoid, softmax = HEADS["binary"], HEADS["multiclass"]
    assert sigmoid.values(one, y) == pytest.approx(loss, rel=1e-12, abs=0)
    # A loss near 0 is the logarithm of a sum near 1, which is rounded.
    assert softmax.values(two, ys) == pytest.approx(loss, rel=1e-12, abs=1e-15)
    assert gradient(sigmoid, one, y)[0] == pytest.approx(slope, rel=1e-12, abs=1e-15)
    assert gradient(softmax, two, ys)[1] == pytest.approx(slope, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", [[1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]])
@pytest.mark.filterwarnings("error")
def test_extreme_outputs(name, dtype, y):
    z = np.array([[1e30, 800, -1e30], [-1e30, 0, 1e30], [0, -800, 0]], dtype)
    head, n = HEADS[name], 1 if name == "binary" else 3
    z, y = z[:n], np.array([y] * 3, dtype).T[:n]
    for numbers in (head.values(z, y), gradient(head, z, y)):
        assert np.isfinite(numbers).all()
        assert numbers.dtype == dtype
    logits = head.class_logits(z).copy()
    with np.errstate(under="ignore"):
        assert np.isfinite(head.log_probabilities(logits)).all()
        head.probabilities(logits)
    assert ((logits >= 0) & (logits <= 1)).all()
