import numpy as np
import pytest
from scipy.sparse import csr_array

from skreg.batches import Block, Dataset, gather_indicators, rows_in_cache, slices


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_features_are_dropped_with_their_own_probability(kind):
    X = np.ones((400, 5))
    data = Dataset(kind(X), np.zeros(400, int))
    block = Block(data, [5, 3, 2], [0.25, 0.5], 200, X.dtype)
    rng = np.random.Generator(np.random.SFC64(0))
    first, second = block.gather(np.arange(400), rng)
    for batch in (first, second):
        x = batch.x if kind is np.asarray else batch.x.toarray()
        assert set(np.unique(x)) == {0, 1 / 0.25}
        assert set(np.unique(batch.masks[0])) == {0, 1 / 0.5}


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (np.array([0, 1, 1, 0]), [[0, 0, 1]]),
        (np.array([2, 1, 0, 2]), [[0, 0, 1], [0, 0, 0], [1, 1, 0]]),
        (np.array([[0, 1, 1, 0], [0, 0, 1, 1.0]]), [[0, 0, 1], [1, 0, 1]]),
    ],
)
def test_targets_are_gathered_as_indicators(targets, expected):
    memory = np.full((len(expected), 5), np.nan)
    gather_indicators(targets, np.array([3, 0, 2]), memory[:, :3])
    np.testing.assert_array_equal(memory[:, :3], expected)
    assert np.isnan(memory[:, 3:]).all()


@pytest.mark.parametrize("multiple", [1, 7, 100])
@pytest.mark.parametrize("row_bytes", [1, 100, 5000, 2**40])
def test_rows_in_the_cache_are_batches_and_at_least_one(row_bytes, multiple):
    n_rows = rows_in_cache(row_bytes, multiple)
    assert n_rows % multiple == 0
    assert n_rows >= multiple
    assert n_rows == multiple or n_rows * row_bytes <= 2**18


@pytest.mark.parametrize(("n_rows", "size"), [(10, 3), (9, 3), (2, 5), (0, 4)])
def test_slices_tile_the_rows(n_rows, size):
    parts = [range(n_rows)[part] for part in slices(n_rows, size)]
    assert [row for part in parts for row in part] == list(range(n_rows))
    assert all(0 < len(part) <= size for part in parts)
