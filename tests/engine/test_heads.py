from math import exp, log1p

import numpy as np
import pytest
import reference
from helpers import CLASS_HEADS, HEADS
from scipy.optimize import approx_fprime

from skreg._engine.heads import LOSSES, Quantile

LOGITS = np.random.default_rng(0).normal(scale=3, size=(3, 6))
SHARES = np.random.default_rng(1).dirichlet([1, 1, 1], 6).T
LABELS = np.eye(3)[:, [0, 1, 2, 2, 1, 0]]


def gradient(head, z, y):
    out = np.full_like(z, np.nan)
    head.gradient(z, y, out)
    return out


def check_against_the_formula(name, z, y):
    """In any order of calls, and with the outputs left as they are."""
    head, before = HEADS[name](), z.copy()
    row_loss, row_gradient = reference.HEADS[name]
    losses = [row_loss(*row) for row in zip(z.T, y.T)]
    slopes = np.transpose([row_gradient(*row) for row in zip(z.T, y.T)])
    for _ in range(2):
        np.testing.assert_allclose(head.losses(z, y), losses, rtol=1e-12)
        np.testing.assert_allclose(gradient(head, z, y), slopes, rtol=1e-12, atol=1e-15)
        for a, b, column in zip(z.T, y.T, gradient(head, z, y).T):
            slope = approx_fprime(a, lambda a: head.losses(a[:, None], b[:, None])[0])
            # Forward differences with a step of √eps err by as much.
            np.testing.assert_allclose(column, slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(z, before)


@pytest.mark.parametrize("y", [LABELS, SHARES], ids=["labels", "shares"])
@pytest.mark.parametrize("name", CLASS_HEADS)
def test_a_head_for_classes_equals_the_formula(name, y):
    head, n = HEADS[name](), 1 if name == "binary" else 3
    z = LOGITS[:n].copy()
    check_against_the_formula(name, z, y[:n])
    p = [reference.predictions(head.out_activation, row) for row in z.T]
    p = np.transpose(p)
    classes = np.concatenate([1 - p, p]) if name == "binary" else p
    own = head.class_logits(z).copy()
    log_p = head.log_probabilities(own)
    head.activate(own)
    np.testing.assert_allclose(own, classes, rtol=1e-11)  # 1 - p has lost digits
    np.testing.assert_allclose(log_p, np.log(own), rtol=1e-11)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_a_head_for_numbers_equals_the_formula(name, n):
    head, z = HEADS[name](), LOGITS[:n].copy()
    y = np.random.default_rng(2).exponential(size=z.shape)
    y[0, 0] = 0
    check_against_the_formula(name, z, y)
    expected = [reference.predictions(head.out_activation, row) for row in z.T]
    head.activate(z)
    np.testing.assert_allclose(z, np.transpose(expected), rtol=1e-12)


@pytest.mark.parametrize("q", [0.01, 0.3, 0.5, 0.95])
def test_the_quantile_of_a_sample_has_the_least_loss(q):
    y = np.random.default_rng(0).exponential(size=(1, 1001))
    head, losses = Quantile(q), []
    levels = [*np.linspace(0.001, 0.999, 99), q]
    for level in levels:
        z = np.full_like(y, np.quantile(y, level))
        losses.append(head.losses(z, y).mean())
        share_above = (y > z).mean() + (y == z).mean() / 2
        slope = gradient(head, z, y).mean()
        assert slope == pytest.approx((1 - q) - share_above, abs=1e-3)
    assert min(losses) == losses[-1]


@pytest.mark.parametrize("name", LOSSES)
def test_small_errors_eight_times_as_large_have_a_loss_of_the_degree(name):
    """A mean of counts that is eight times as large has a larger logarithm."""
    head, y = HEADS[name](), np.random.default_rng(0).exponential(size=(1, 9))
    z = y + np.linspace(-1e-3, 1e-3, 9)
    larger = z + np.log(8) if name == "poisson" else 8 * z
    expected = 8.0**head.degree * head.losses(z, y)
    values = head.losses(larger, 8 * y)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_for_numbers_is_zero_at_the_target_alone(name):
    y = np.array([[0.5, 1.0, 3.0]])
    head, z = HEADS[name](), np.log(y) if name == "poisson" else y
    np.testing.assert_allclose(head.losses(z, y), 0, atol=1e-15)
    assert (head.losses(z + 0.1, y) > 1e-3).all()
    assert (head.losses(z - 0.1, y) > 1e-3).all()


def softplus(z):
    return max(z, 0.0) + log1p(exp(-abs(z)))


@pytest.mark.parametrize("y", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("z", [-800, -40, -1e-3, 0, 2, 40, 800])
def test_one_sigmoid_equals_a_softmax_of_two_at_any_output_and_target(z, y):
    loss = y * softplus(-z) + (1 - y) * softplus(z)
    slope = (1 if z > 0 else exp(z)) / (1 + exp(-abs(z))) - y
    one, two = np.array([[float(z)]]), np.array([[0.0], [z]])
    y, ys = np.array([[float(y)]]), np.array([[1.0 - y], [y]])
    sigmoid, softmax = HEADS["binary"](), HEADS["multiclass"]()
    assert sigmoid.losses(one, y) == pytest.approx(loss, rel=1e-12, abs=0)
    # A loss near 0 is the logarithm of a sum near 1, which is rounded.
    assert softmax.losses(two, ys) == pytest.approx(loss, rel=1e-12, abs=1e-15)
    assert gradient(sigmoid, one, y)[0] == pytest.approx(slope, rel=1e-12, abs=1e-15)
    assert gradient(softmax, two, ys)[1] == pytest.approx(slope, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", CLASS_HEADS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", [[1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]])
@pytest.mark.filterwarnings("error")
def test_extreme_outputs(name, dtype, y):
    z = np.array([[1e30, 800, -1e30], [-1e30, 0, 1e30], [0, -800, 0]], dtype)
    head, n = HEADS[name](), 1 if name == "binary" else 3
    z, y = z[:n], np.array([y] * 3, dtype).T[:n]
    for numbers in (head.losses(z, y), gradient(head, z, y)):
        assert np.isfinite(numbers).all()
        assert numbers.dtype == dtype
    logits = head.class_logits(z).copy()
    with np.errstate(under="ignore"):
        assert np.isfinite(head.log_probabilities(logits)).all()
        head.activate(logits)
    assert ((logits >= 0) & (logits <= 1)).all()
