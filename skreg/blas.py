"""Products that accumulate and scaled sums, by SciPy's interface to BLAS.

A product by `gemm` writes keep · out + scale · A B in one go, where `numpy.dot` only
overwrites: the moving average of a gradient needs no pass of its own. A small product
also costs half as much as by `numpy.dot`.

Training and prediction call no other BLAS. NumPy's wheels bring another copy of the
library with threads of its own, and where the two take turns on a few cores, the idle
threads of one spin while those of the other work: up to 20 times slower, measured on
two cores.
"""

from functools import partial

import numpy as np
from scipy.linalg import blas

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
_GEMM = {_SINGLE: blas.sgemm, _DOUBLE: blas.dgemm}
_AXPY = {_SINGLE: blas.saxpy, _DOUBLE: blas.daxpy}
_DOT = {_SINGLE: blas.sdot, _DOUBLE: blas.ddot}


def product(a, b, out, scale=1.0, keep=0.0):
    """Return a call that writes keep · out + scale · a b into ``out``.

    Parameters
    ----------
    a, b : ndarray of shapes (m, k) and (k, n)
        Contiguous, in row or column order. Their entries may change before a call.
    out : ndarray of shape (m, n)
        Contiguous, of the same dtype. Without ``keep``, what stood there does not
        matter.
    scale, keep : float
        Of the product, and of what is there.

    Returns
    -------
    callable
        Takes no arguments.
    """
    if out.flags.c_contiguous:  # BLAS wants it in column order: outᵀ = bᵀ aᵀ
        a, b, out = b.T, a.T, out.T
    left, transpose_left = _in_columns(a)
    right, transpose_right = _in_columns(b)
    return partial(
        _GEMM[out.dtype],
        scale,
        left,
        right,
        keep,
        out,
        transpose_left,
        transpose_right,
        True,
    )


def add_scaled(out, scale, x):
    """Add scale · x to ``out``; both are contiguous vectors of the same dtype."""
    _AXPY[x.dtype](x, out, x.size, scale)


def sum_of_squares(x):
    """Return the sum of the squares of a contiguous vector."""
    return float(_DOT[x.dtype](x, x))


def _in_columns(matrix):
    """Return a matrix in column order, and whether its transpose is meant."""
    return (matrix, False) if matrix.flags.f_contiguous else (matrix.T, True)
