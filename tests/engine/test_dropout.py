import numpy as np
import pytest
from helpers import generator
from scipy.stats import binomtest

from skreg._engine.dropout import draw_kept, draw_mask


@pytest.mark.parametrize("p", [1e-9, 0.01, 0.3, 0.5, 0.99])
def test_units_are_kept_with_the_probability(p):
    kept = draw_kept(generator(), p, (2**14, 129))
    assert binomtest(int(kept.sum()), kept.size, max(p, 2**-16)).pvalue > 1e-3


def test_draws_are_independent_of_their_neighbours():
    kept = draw_kept(generator(), 0.5, (200_000,))
    for lag in (1, 2, 3, 4, 8):
        same = int((kept[lag:] == kept[:-lag]).sum())
        assert binomtest(same, kept.size - lag, 0.5).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mask_is_zero_or_one_over_p(dtype):
    mask = np.empty((50, 40), dtype)
    draw_mask(generator(), 0.25, mask)
    assert set(np.unique(mask)) == {0, 4}
