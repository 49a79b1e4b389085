import numpy as np
import pytest

from skreg.parameters import Parameters, all_finite, flush_tiny, n_parameters
from skreg.penalties import add_l2_gradient, l2_value


@pytest.mark.parametrize("first_by_unit", [False, True])
def test_views_tile_the_vector(first_by_unit):
    sizes = [3, 4, 2]
    vector = np.arange(n_parameters(sizes), dtype=float)
    parameters = Parameters(sizes, vector, first_by_unit)
    for weights in (parameters.coefs, [parameters.weights]):
        entries = [a.ravel() for a in weights + parameters.biases]
        np.testing.assert_array_equal(np.sort(np.concatenate(entries)), vector)
    assert [c.shape for c in parameters.coefs] == [(3, 4), (4, 2)]
    assert [b.shape for b in parameters.biases] == [(4,), (2,)]
    assert parameters.coefs[0].T.flags.c_contiguous == first_by_unit
    parameters.coefs[0][2, 1] = -1
    parameters.biases[0][2] = -1
    assert vector[1 * 3 + 2 if first_by_unit else 2 * 4 + 1] == -1
    assert (vector == -1).sum() == 2


def test_layers_and_attributes_are_inverse_and_copies():
    rng = np.random.default_rng(0)
    coefs = [rng.normal(size=(3, 4)), rng.normal(size=(4, 1))]
    biases = [rng.normal(size=4), rng.normal(size=1)]
    parameters = Parameters.from_layers(coefs, biases)
    attributes = parameters.as_attributes()
    for own, given in zip(
        attributes["coefs_"] + attributes["intercepts_"], coefs + biases, strict=True
    ):
        np.testing.assert_array_equal(own, given)
        assert own.flags.c_contiguous
        assert not np.shares_memory(own, given)
        assert not np.shares_memory(own, parameters.vector)


def test_l2_penalises_weights_and_not_biases():
    sizes = [3, 4, 2]
    w = np.random.default_rng(0).normal(size=n_parameters(sizes))
    parameters = Parameters(sizes, w)
    expected = 0.3 / 2 * sum((coef**2).sum() for coef in parameters.coefs)
    np.testing.assert_allclose(l2_value(parameters, 0.3), expected)
    gradient = np.ones_like(w)
    add_l2_gradient(parameters, 0.3, Parameters(sizes, gradient))
    added = Parameters(sizes, gradient - 1)
    for own, coef in zip(added.coefs, parameters.coefs, strict=True):
        np.testing.assert_allclose(own, 0.3 * coef, atol=1e-15)
    np.testing.assert_array_equal(np.concatenate(added.biases), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiny_numbers_are_flushed_and_others_kept(dtype):
    info = np.finfo(dtype)
    limit = 2.0**26 * float(info.tiny)
    tiny = [float(info.smallest_subnormal), float(info.tiny), 0.9 * limit]
    kept = [0, 2 * limit, 1e-20, 1e-3, 1, 1e30, float(info.max) / 4]
    given = np.array([*tiny, *kept], dtype)
    for sign in (1, -1):
        flushed = sign * given
        flush_tiny(flushed)
        np.testing.assert_array_equal(flushed[:3], 0)
        np.testing.assert_array_equal(flushed[3:], sign * given[3:])
    just_above = np.array([1.1, -1.1], dtype) * limit
    flush_tiny(just_above)
    assert just_above.all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_flushing_changes_numbers_of_any_size_by_no_more_than_it_says(dtype):
    info = np.finfo(dtype)
    limit = 2.0**26 * float(info.tiny)
    rng = np.random.default_rng(0)
    exponents = rng.uniform(np.log10(float(info.tiny)), 5, 100_000)
    given = (10**exponents * rng.choice([-1, 1], len(exponents))).astype(dtype)
    flushed = given.copy()
    flush_tiny(flushed)
    np.testing.assert_array_equal(flushed == 0, np.abs(given) < limit)
    # Two roundings, each to half a unit of a number of at most the next binade.
    most = 2 * np.maximum(limit, np.abs(np.spacing(given)))
    assert (np.abs(flushed - given) <= most).all()


@pytest.mark.parametrize("numbers", [[0.0, 1e-300], [1e308, 1e308], [-1e308, 1e308]])
def test_the_largest_and_the_smallest_numbers_are_finite(numbers):
    assert all_finite(np.array([1.0, *numbers, 2.0]))


@pytest.mark.parametrize("others", [0.0, 1e300])
@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_found_anywhere(number, others):
    for place in range(3):
        vector = np.full(3, others)
        vector[place] = number
        with np.errstate(invalid="ignore"):
            assert not all_finite(vector)
