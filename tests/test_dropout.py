import numpy as np
import pytest
from scipy.stats import binomtest

from skreg.dropout import Subnetwork, draw_kept, draw_mask, draw_units
from skreg.parameters import Parameters, n_parameters


def generator(seed=0):
    return np.random.Generator(np.random.SFC64(seed))


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.99])
def test_units_are_kept_with_the_probability(p):
    kept = np.empty((1000, 101), bool)
    draw_kept(generator(), p, kept)
    assert binomtest(int(kept.sum()), kept.size, p).pvalue > 1e-3


def test_the_least_probability_still_keeps_some():
    kept = np.empty(2**23, bool)
    draw_kept(generator(), 1e-9, kept)
    assert binomtest(int(kept.sum()), kept.size, 2**-16).pvalue > 1e-3


def test_draws_are_independent_of_their_neighbours():
    kept = np.empty(200_000, bool)
    draw_kept(generator(), 0.5, kept)
    for lag in (1, 2, 3, 4, 8):
        same = int((kept[lag:] == kept[:-lag]).sum())
        assert binomtest(same, kept.size - lag, 0.5).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mask_is_zero_or_one_over_p(dtype):
    mask = np.empty((50, 40), dtype)
    draw_mask(generator(), 0.25, np.empty((50, 40), bool), mask)
    assert set(np.unique(mask)) == {0, 4}


def test_the_same_generator_draws_the_same_and_then_something_else():
    one, two = generator(), generator()
    draws = []
    for rng in (one, two, one):
        kept = np.empty(100, bool)
        draw_kept(rng, 0.5, kept)
        draws.append(kept)
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


@pytest.mark.parametrize("p", [1, 1.0, 1 - 1e-9])
def test_probability_one_keeps_all(p):
    np.testing.assert_array_equal(draw_units(generator(), p, 1000), np.arange(1000))


@pytest.mark.parametrize(
    "units",
    [
        [[0, 1, 2], [1, 3], [0, 2], [0, 1]],
        [[0, 2], [1, 3], [0, 2], [0, 1]],
        [[0, 1, 2], [], [1], [0, 1]],
        [[], [0, 1, 2, 3, 4], [0, 1, 2, 3], [0, 1]],
    ],
)
def test_subnetwork_gathers_and_scatters_what_joins_kept_units(units):
    sizes = [3, 5, 4, 2]
    units = [np.array(u, dtype=np.intp) for u in units]
    state = np.random.default_rng(0).normal(size=(2, n_parameters(sizes)))
    before = state.copy()
    sub = Subnetwork(sizes, state)
    sub.load()
    sub.gather(units)
    for row, small in zip(before, sub.state, strict=True):
        whole, part = Parameters(sizes, row), Parameters(sub.layer_sizes, small, True)
        for layer in range(3):
            block = whole.coefs[layer][np.ix_(units[layer], units[layer + 1])]
            np.testing.assert_array_equal(part.coefs[layer], block)
            bias = whole.biases[layer][units[layer + 1]]
            np.testing.assert_array_equal(part.biases[layer], bias)
    sub.state[...] = 7
    sub.scatter()
    sub.store()
    for row, old in zip(state, before, strict=True):
        whole, expected = Parameters(sizes, row), Parameters(sizes, old)
        for layer in range(3):
            expected.coefs[layer][np.ix_(units[layer], units[layer + 1])] = 7
            expected.biases[layer][units[layer + 1]] = 7
        np.testing.assert_array_equal(whole.vector, expected.vector)
