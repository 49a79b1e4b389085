from math import ceil

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


@pytest.mark.parametrize("n_units", [1, 5, 8, 20, 101])
@pytest.mark.parametrize("p", [1e-9, 0.5, 0.99])
def test_units_are_filled_up_to_a_multiple_of_8_with_the_spare_one(n_units, p):
    rng, twin = generator(), generator()
    for _ in range(20):
        kept = np.empty(n_units, bool)
        draw_kept(twin, p, kept)
        n_kept = int(kept.sum())
        units = draw_units(rng, p, n_units)
        np.testing.assert_array_equal(units[:n_kept], np.flatnonzero(kept))
        assert (units[n_kept:] == n_units).all()
        assert len(units) == min(n_units, max(8, 8 * ceil(n_kept / 8)))


SIZES = [3, 5, 4, 2]


@pytest.mark.parametrize(
    ("keep_probs", "units"),
    [
        ([1, 0.5, 0.5], [[0, 1, 2], [1, 3], [0, 2], [0, 1]]),
        ([0.5, 0.5, 0.5], [[0, 2], [1, 3], [0, 2], [0, 1]]),
        ([1, 0.5, 0.5], [[0, 1, 2], [1, 4, 5, 5], [4, 4], [0, 1]]),
        ([0.5, 1, 0.5], [[2, 3, 3], [0, 1, 2, 3, 4], [0, 3, 4], [0, 1]]),
    ],
)
def test_subnetwork_gathers_and_scatters_what_joins_kept_units(keep_probs, units):
    units = [np.array(u, dtype=np.intp) for u in units]
    kept = [u[u < size] for u, size in zip(units, SIZES, strict=True)]
    state = np.random.default_rng(0).normal(size=(2, n_parameters(SIZES)))
    before = state.copy()
    sub = Subnetwork(SIZES, keep_probs, state)
    assert sub.drops_inputs == (keep_probs[0] < 1)
    assert sub.factors == [1 / p for p in keep_probs]
    with sub.copied():
        sub.gather(units)
        check_gathered(sub, before, units, kept)
        sub.state[...] = 7
        sub.scatter()
    for row, old in zip(state, before, strict=True):
        whole, expected = Parameters(SIZES, row), Parameters(SIZES, old)
        for layer in range(3):
            expected.coefs[layer][np.ix_(kept[layer], kept[layer + 1])] = 7
            expected.biases[layer][kept[layer + 1]] = 7
        np.testing.assert_array_equal(whole.vector, expected.vector)


def check_gathered(sub, before, units, kept):
    assert sub.layer_sizes == tuple(len(u) for u in units)
    for row, small in zip(before, sub.state, strict=True):
        whole, part = Parameters(SIZES, row), Parameters(sub.layer_sizes, small, True)
        for layer in range(3):
            n_in, n_out = len(kept[layer]), len(kept[layer + 1])
            block = whole.coefs[layer][np.ix_(kept[layer], kept[layer + 1])]
            np.testing.assert_array_equal(part.coefs[layer][:n_in, :n_out], block)
            assert not part.coefs[layer][n_in:].any()
            assert not part.coefs[layer][:, n_out:].any()
            bias = whole.biases[layer][kept[layer + 1]]
            np.testing.assert_array_equal(part.biases[layer][:n_out], bias)
            assert not part.biases[layer][n_out:].any()


def test_nothing_comes_from_a_spare_unit_that_has_been_trained():
    state = np.ones((2, n_parameters(SIZES)))
    sub = Subnetwork(SIZES, [0.5, 0.5, 0.5], state)
    units = [np.array(u) for u in ([0, 3], [1, 5], [2, 4], [0, 1])]
    with sub.copied():
        for _ in range(2):
            sub.gather(units)
            for coef in Parameters(sub.layer_sizes, sub.state[0], True).coefs:
                assert coef[0, 0]
                assert not coef[-1].any()
            sub.state[...] = 7
            sub.scatter()


def test_what_is_not_dropped_is_not_drawn():
    rng, twin = generator(), generator()
    sub = Subnetwork(SIZES, [1, 0.5, 1], np.zeros((1, n_parameters(SIZES))))
    inputs, first, second, outputs = sub.draw(rng)
    np.testing.assert_array_equal(first, draw_units(twin, 0.5, 5))
    for units, size in zip((inputs, second, outputs), (3, 4, 2), strict=True):
        np.testing.assert_array_equal(units, np.arange(size))
    assert rng.bit_generator.random_raw() == twin.bit_generator.random_raw()
