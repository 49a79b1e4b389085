import numpy as np
import pytest
import reference

from skreg.optimizers import SGD, Adam, NesterovSGD

OPTIMIZERS = {
    "sgd": SGD(0.9),
    "nesterov": NesterovSGD(0.9),
    "adam": Adam(0.9, 0.999, 1e-8),
}


def run(optimizer, w, gradients, learning_rates):
    """Return the parameters after a step along each gradient."""
    w = w.copy()
    moments = np.zeros((optimizer.n_moments, w.size), w.dtype)
    accumulated = moments[0] if optimizer.averages_gradient else np.zeros_like(w)
    for t, (g, rate) in enumerate(zip(gradients, learning_rates, strict=True), 1):
        accumulated *= optimizer.keep
        accumulated += optimizer.scale * g
        optimizer.step(w, accumulated, moments, t, rate)
    return w


@pytest.mark.parametrize("size", [1, 7, 70_000])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_equal_the_papers_equations(name, size):
    rng = np.random.default_rng(0)
    w = rng.normal(size=size)
    gradients = rng.normal(size=(6, size))
    rates = [0.1, 0.1, 0.05, 0.2, 0.1, 0.01]
    naive, expected = reference.Optimizer(name), w
    for g, rate in zip(gradients, rates, strict=True):
        expected = naive.step(expected, g, rate)
    own = run(OPTIMIZERS[name], w, gradients, rates)
    np.testing.assert_allclose(own, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32(name):
    rng = np.random.default_rng(0)
    w = rng.normal(size=50).astype(np.float32)
    gradients = rng.normal(size=(5, 50)).astype(np.float32)
    own = run(OPTIMIZERS[name], w, gradients, [0.1] * 5)
    assert own.dtype == np.float32
    wide = run(OPTIMIZERS[name], w.astype(float), gradients.astype(float), [0.1] * 5)
    np.testing.assert_allclose(own, wide, rtol=1e-5, atol=1e-6)


def test_adam_divides_nothing_by_nothing_where_epsilon_is_below_the_type():
    w = np.ones(3, np.float32)
    gradients = np.array([[0, 0, 1], [0, 0, 0]], np.float32)
    own = run(Adam(0.9, 0.999, 1e-60), w, gradients, [0.1, 0.1])
    np.testing.assert_array_equal(own[:2], 1)
    assert own[2] < 1


def test_averaged_momentum_is_the_classical_one_at_a_larger_rate():
    rng = np.random.default_rng(0)
    w, gradients = rng.normal(size=9), rng.normal(size=(8, 9))
    eta, beta = 0.1, 0.9
    classical, velocity = w.copy(), np.zeros(9)
    for g in gradients:
        velocity = beta * velocity - eta * (1 - beta) * g
        classical += velocity
    own = run(SGD(beta), w, gradients, [eta] * 8)
    np.testing.assert_allclose(own, classical, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_quadratic_is_minimised(name):
    optimizer, w = OPTIMIZERS[name], np.array([3.0, -2.0])
    moments = np.zeros((optimizer.n_moments, 2))
    accumulated = moments[0] if optimizer.averages_gradient else np.zeros(2)
    for t in range(1, 2001):
        accumulated *= optimizer.keep
        accumulated += optimizer.scale * w * [1, 5]
        optimizer.step(w, accumulated, moments, t, 0.01)
    np.testing.assert_allclose(w, 0, atol=1e-2)
