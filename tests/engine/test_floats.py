import numpy as np
import pytest

from skreg._engine.floats import all_finite, flush_tiny


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_flushing_makes_tiny_numbers_zero_and_changes_others_by_no_more_than_it_says(
    dtype,
):
    info = np.finfo(dtype)
    limit, rng = 2.0**26 * float(info.tiny), np.random.default_rng(0)
    exponents = rng.uniform(np.log10(float(info.tiny)), 5, 100_000)
    special = [0.0, info.smallest_subnormal, 0.9 * limit, 1.1 * limit]
    exact = np.array([1e-20, 1e-3, 1, 1e30, info.max / 4], dtype)
    given = np.concatenate([10**exponents, special]).astype(dtype)
    given = np.concatenate([given, -given, exact, -exact])
    flushed = given.copy()
    flush_tiny(flushed)
    np.testing.assert_array_equal(flushed == 0, np.abs(given) < limit)
    # Two roundings, each to half a unit of a number of at most the next binade.
    most = 2 * np.maximum(limit, np.abs(np.spacing(given)))
    assert (np.abs(flushed - given) <= most).all()
    np.testing.assert_array_equal(flushed[-10:], given[-10:])


@pytest.mark.parametrize("others", [0.0, 1e-300, 1e300, -1e308, 1e308])
@pytest.mark.parametrize("place", range(3))
def test_a_number_that_is_not_finite_is_found_anywhere(others, place):
    vector = np.full(3, others)
    assert all_finite(vector)
    for number in (np.inf, -np.inf, np.nan):
        vector[place] = number
        with np.errstate(invalid="ignore"):
            assert not all_finite(vector)
