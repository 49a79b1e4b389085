import numpy as np
import pytest

from skreg._engine.blas import add_scaled, product, sum_of_squares

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@dtypes
@pytest.mark.parametrize(
    "orders", ["CCC", "CCF", "CFC", "CFF", "FCC", "FCF", "FFC", "FFF"]
)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 4), (1, 5, 3), (4, 1, 2)])
def test_product_accumulates_in_place_in_every_order(shape, orders, dtype):
    m, k, n = shape
    rng = np.random.default_rng(0)
    a, b, out = (
        np.asarray(rng.normal(size=size), dtype, order=order)
        for size, order in zip([(m, k), (k, n), (m, n)], orders, strict=True)
    )
    before = out.copy()
    product(a, b, out, 0.5, 0.25)()
    tolerance = 20 * np.finfo(dtype).eps
    expected = 0.25 * before + 0.5 * (a @ b)
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)
    multiply = product(a, b, out)
    a *= 2  # what is bound is the memory, not what was in it
    out.fill(np.nan)  # without a carry, nothing of it is read
    multiply()
    np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)


@dtypes
@pytest.mark.parametrize("n", [1, 7, 30_000])
def test_add_scaled_and_sum_of_squares(n, dtype):
    x, out = np.random.default_rng(0).normal(size=(2, n)).astype(dtype)
    eps, wide = float(np.finfo(dtype).eps), x.astype(float)
    expected = out.astype(float) + 0.3 * wide
    add_scaled(out, 0.3, x)
    # One product and one sum, of numbers below ten.
    np.testing.assert_allclose(out, expected, rtol=0, atol=20 * eps)
    # Blocks of a vector loop are summed, so that the error grows far slower than n.
    assert sum_of_squares(x) == pytest.approx(wide @ wide, rel=1000 * eps)
    assert isinstance(sum_of_squares(x), float)
