"""Numbers that spoil training: those that are not finite, and subnormal ones."""

from math import isfinite

import numpy as np

from skreg._engine.blas import sum_of_squares


def all_finite(vector):
    """Return whether no number of a contiguous vector is infinite or nan."""
    # The squares may overflow although the numbers are finite. Then the two extremes
    # decide, which take 5 times as long to find.
    return isfinite(sum_of_squares(vector)) or (
        isfinite(vector.min()) and isfinite(vector.max())
    )


def least_size(dtype):
    """Return the size of the least numbers that are kept.

    A decay by 0.9 takes 170 steps from there to the least normal number.
    """
    return float(np.finfo(dtype).tiny) * 2**26


def flush_tiny(vectors):
    """Round numbers that will soon be subnormal to zero, in place.

    Under L2 the weights of a dead unit and their averages decay without end, and many
    processors take many times as long for a product with a subnormal number: on an
    Intel Xeon a fit of a small network by adam took 4 times as long without this. In
    float32, numbers below 8e-31 become zero, and no number changes by more than twice
    that or by two units in its last place.
    """
    # The least size is half a unit in the last place of this number, up and down.
    large = 3 * least_size(vectors.dtype) / np.finfo(vectors.dtype).eps
    vectors += large
    vectors -= large
