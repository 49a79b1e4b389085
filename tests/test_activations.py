import numpy as np
import pytest
import reference

from skreg.activations import ACTIVATIONS

Z = np.linspace(-3, 3, 13)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_apply_is_in_place_and_equals_the_formula(name, dtype):
    z = Z.astype(dtype)
    assert ACTIVATIONS[name].apply(z, np.zeros_like(z)) is None
    assert z.dtype == dtype
    expected = [reference.activate(name, float(a)) for a in Z]
    np.testing.assert_allclose(z, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_equals_differences(name):
    activation = ACTIVATIONS[name]
    z = Z[np.abs(Z) > 1e-3]  # relu has no derivative at 0
    step = 1e-6
    below, above, h = z - step, z + step, z.copy()
    for values in (below, above, h):
        activation.apply(values, np.zeros_like(values))
    expected = (above - below) / (2 * step)
    before, derivative = h.copy(), np.full_like(h, np.nan)
    activation.derivative(h, np.ones_like(h), derivative)
    np.testing.assert_allclose(derivative, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(h, before)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.filterwarnings("error")
def test_extreme_values_stay_finite(name):
    z = np.array([-1e30, -800.0, 800.0, 1e30])
    ACTIVATIONS[name].apply(z, np.zeros_like(z))
    assert np.isfinite(z).all()
