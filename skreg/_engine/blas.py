"""Products that accumulate and scaled sums, by SciPy's interface to BLAS.

`gemm` writes carry · out + scale · A B in one call, where `numpy.dot` only overwrites.
So the moving average of a gradient needs no extra pass. A small product also takes half
as long as with `numpy.dot`.

Training and prediction call no other BLAS. NumPy's wheels bring a second copy of the
library with its own threads. If the two take turns on a few cores, the idle threads of
one spin while those of the other work: up to 20 times slower, measured on two cores.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import blas

_GEMM = {4: blas.sgemm, 8: blas.dgemm}
_AXPY = {4: blas.saxpy, 8: blas.daxpy}  # by the size of a number: a fast look-up
_DOT = {4: blas.sdot, 8: blas.ddot}


@dataclass
class SparseRows:
    """Holds the sparse rows of a mini-batch, which are a new matrix each time."""

    shape: tuple
    matrix: Any = None


def product(a, b, out, scale=1.0, carry=0.0):
    """Return a call that writes carry · out + scale · a b into ``out``.

    Parameters
    ----------
    a, b : ndarray of shapes (m, k) and (k, n)
        Contiguous, in row or column order. Their entries may change before a call.
    out : ndarray of shape (m, n)
        Contiguous, of the same dtype. Without ``carry``, its contents do not matter.
    scale, carry : float
        Factors of the product, and of the contents.

    Returns
    -------
    callable
        Takes no arguments.
    """
    if out.flags.c_contiguous:  # BLAS wants it in column order: outᵀ = bᵀ aᵀ
        a, b, out = b.T, a.T, out.T
    left, transpose_left = _in_columns(a)
    right, transpose_right = _in_columns(b)
    options = transpose_left, transpose_right, True
    return partial(_GEMM[out.itemsize], scale, left, right, carry, out, *options)


def rows_times(x, W, out, scale):
    """Return a call that adds scale · x W to ``out``, for an array or SparseRows."""
    if isinstance(x, SparseRows):
        return lambda: np.add(out, scale * (x.matrix @ W), out)
    return product(x, W, out, scale, 1.0)


def columns_times(x, delta, out, scale, carry):
    """Return a call that writes carry · out + scale · xᵀ δ, for the same types of x."""

    def sparse_product():
        result = x.matrix.T @ (scale * delta)  # δ is the smaller one
        if carry:
            np.multiply(carry, out, out)
            np.add(result, out, out)
        else:
            out[...] = result

    if isinstance(x, SparseRows):
        return sparse_product
    return product(x.T, delta, out, scale, carry)


def add_scaled(out, scale, x):
    """Add scale · x to ``out``; both are contiguous vectors of the same dtype."""
    _AXPY[x.itemsize](x, out, x.size, scale)


def sum_of_squares(x):
    """Return the sum of the squares of a contiguous vector."""
    return float(_DOT[x.itemsize](x, x))


def _in_columns(matrix):
    """Return a matrix or its transpose, in column order, and whether to transpose."""
    return (matrix, False) if matrix.flags.f_contiguous else (matrix.T, True)
