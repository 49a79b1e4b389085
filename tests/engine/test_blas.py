import numpy as np
import pytest
from scipy.sparse import csr_array

from skreg._engine.blas import (
    SparseRows,
    add_scaled,
    columns_times,
    product,
    rows_times,
    sum_of_squares,
)

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


@pytest.mark.parametrize(("carry", "before"), [(0.25, 1.0), (0.0, np.nan)])
def test_sparse_rows_are_multiplied_in_the_same_way(carry, before):
    X, delta = np.random.default_rng(0).normal(size=(2, 4, 3))
    x, z, dW = SparseRows(X.shape), np.ones((4, 3)), np.full((3, 3), before)
    x.matrix = csr_array(X)
    rows_times(x, delta[:3], z, 0.5)()
    columns_times(x, delta, dW, 0.5, carry)()
    # Sums of a few numbers near 1, in another order.
    np.testing.assert_allclose(z, 1 + 0.5 * X @ delta[:3], rtol=0, atol=1e-14)
    np.testing.assert_allclose(dW, carry + 0.5 * X.T @ delta, rtol=0, atol=1e-14)
