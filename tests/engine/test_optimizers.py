import numpy as np
import pytest
import reference
from helpers import make_network, make_optimizers

from skreg._engine.network import Parameters
from skreg._engine.optimizers import OPTIMIZERS, SGD, NesterovSGD
from skreg._engine.penalties import L2

RATES = [0.1, 0.1, 0.05, 0.2, 0.1, 0.01]


def run(optimizer, w, gradients, rates):
    """Return the parameters after a step along each gradient.

    All but the last are penalised.
    """
    vectors = np.zeros((2 + optimizer.n_averages, w.size), w.dtype)
    vectors[0] = w
    network = make_network("binary", (), n_features=w.size - 1)
    w, g = (Parameters(network, vectors[k]) for k in (0, 1))
    if not optimizer.averages_gradient:
        g = Parameters(network, vectors[-1])
    averages = [*vectors[1 : 1 + optimizer.n_averages]]
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), 1):
        g.vector[...] = optimizer.carry * g.vector + optimizer.scale * gradient
        optimizer.step(w, g, averages, t, rate)
    return w.vector


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [2, 7, 70_000])
@pytest.mark.parametrize("alpha", [0, 0.3])
@pytest.mark.parametrize("name", make_optimizers())
def test_steps_equal_the_papers_equations(name, alpha, size, dtype):
    rng = np.random.default_rng(0)
    # Away from zero, where Adam would divide by averages that are mostly rounding.
    gradients = rng.choice([-1, 1], size) * rng.uniform(0.5, 2, (6, size))
    w = rng.normal(size=size)
    naive, expected = reference.Optimizer(name, 0.8, 0.99), w
    for g, rate in zip(gradients, RATES, strict=True):
        penalty = np.append(alpha * expected[:-1], 0)
        expected = naive.step(expected, g, penalty, rate)
    penalties = (L2((alpha,)),) if alpha else ()
    own = run(make_optimizers(penalties)[name], w.astype(dtype), gradients, RATES)
    assert own.dtype == dtype
    # Some ten roundings in each of six steps, of numbers near 1.
    tolerance = 60 * np.finfo(dtype).eps
    np.testing.assert_allclose(own, expected, rtol=tolerance, atol=tolerance)


def test_adam_divides_nothing_by_nothing_where_epsilon_is_below_the_type():
    gradients = np.array([[0, 0, 1], [0, 0, 0]], np.float32)
    adam = make_optimizers(epsilon=1e-60)["Adam"]
    own = run(adam, np.ones(3, np.float32), gradients, [0.1, 0.1])
    np.testing.assert_array_equal(own[:2], 1)
    assert own[2] < 1


@pytest.mark.parametrize(("nesterov", "kind"), [(True, NesterovSGD), (False, SGD)])
def test_sgd_is_nesterovs_if_asked_for(nesterov, kind):
    numbers = {"nesterovs_momentum": nesterov, "momentum": 0.7}
    assert OPTIMIZERS["sgd"]((), numbers.get) == kind((), 0.7)
