import numpy as np
import pytest
import reference

from skreg._engine.activations import ACTIVATIONS

Z = np.linspace(-3, 3, 12)  # without 0, where relu has no derivative


def apply(name, z):
    """Return f(z), written over z where that is allowed."""
    out = np.empty_like(z) if ACTIVATIONS[name].derivative_of_z else z
    ACTIVATIONS[name].apply(z, np.zeros_like(z), out)
    return out


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_apply_equals_the_formula(name, dtype):
    h = apply(name, Z.astype(dtype))
    assert h.dtype == dtype
    expected = [*map(reference.ACTIVATIONS[name][0], Z)]
    # The argument is rounded too, which costs up to |z| units in the last place.
    np.testing.assert_allclose(h, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_equals_differences(name):
    step, derivative = 1e-6, np.full_like(Z, np.nan)
    given = Z.copy() if ACTIVATIONS[name].derivative_of_z else apply(name, Z.copy())
    ACTIVATIONS[name].derivative(given, np.ones_like(Z), derivative)
    expected = (apply(name, Z + step) - apply(name, Z - step)) / (2 * step)
    # Central differences err by step² and by rounding / step: 1e-12 and 1e-10.
    np.testing.assert_allclose(derivative, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_is_the_steepest(name):
    h = apply(name, np.linspace(-9, 9, 2001)[np.newaxis])
    derivative = np.empty_like(h)
    ACTIVATIONS[name].derivative(h, np.ones_like(h), derivative)
    assert derivative.max() == pytest.approx(ACTIVATIONS[name].slope)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.filterwarnings("error")
def test_extreme_values_stay_finite(name):
    assert np.isfinite(apply(name, np.array([-1e30, -800.0, 800.0, 1e30]))).all()


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("relu", 2 / 30),  # He et al.
        ("identity", 2 / (30 + 50)),  # Glorot and Bengio
        ("tanh", 2 / (30 + 50)),
        ("logistic", 16 * 2 / (30 + 50)),  # the same, with a slope of a quarter
    ],
)
def test_initial_weights_have_the_variance_of_the_papers(name, variance):
    # Uniform numbers in [-bound, bound] have a variance of bound² / 3.
    assert ACTIVATIONS[name].bound(30, 50) ** 2 / 3 == pytest.approx(variance)
