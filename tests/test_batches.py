import pytest

from skreg.batches import rows_in_cache, slices


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
