import numpy as np
import pytest
from helpers import make_network
from scipy.sparse import csr_array

from skreg._engine.batches import Block, Dataset, rows_in_cache, slices
from skreg._engine.dropout import draw_kept


@pytest.mark.parametrize("weighted", [False, True])
def test_the_mean_loss_is_weighted_and_the_outputs_are_in_order(weighted):
    rng = np.random.default_rng(0)
    n_rows = 100  # more than a block, which takes 16 mini-batches
    network = make_network("binary", n_features=1)
    weights = rng.random(n_rows) if weighted else None
    data = Dataset(rng.normal(size=(n_rows, 1)), rng.integers(0, 2, n_rows), weights)
    block = Block(data, network, 3, np.dtype(float), lambda batch: batch.x.T)
    order, outputs = rng.permutation(n_rows), np.empty((1, n_rows))
    loss = block.mean_loss(order, lambda x: x, outputs=outputs)
    np.testing.assert_array_equal(outputs[0], data.X[order, 0])
    losses = np.logaddexp(0, data.X[:, 0]) - data.targets * data.X[:, 0]
    assert loss == pytest.approx(np.average(losses, weights=weights), rel=1e-12)


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
    Dataset(None, targets).gather_targets(np.array([3, 0, 2]), memory[:, :3])
    np.testing.assert_array_equal(memory[:, :3], expected)
    assert np.isnan(memory[:, 3:]).all()


def test_masks_of_sparse_rows_are_drawn_per_stored_entry():
    rng, p = np.random.default_rng(0), 0.6
    X = csr_array(rng.normal(size=(8, 9)) * (rng.random((8, 9)) < 0.4))
    before = X.copy()
    network = make_network("binary", n_features=9)
    seen = []

    def run(batch):
        seen.append(batch.x.matrix.copy())
        return np.zeros((1, batch.n_rows))

    data = Dataset(X, np.arange(8) % 2)
    options = {"keep_probs": [p, *[1.0] * (len(network.layers) - 1)]}
    block = Block(data, network, 8, np.dtype(float), lambda batch: batch, **options)
    bits, twin = np.random.SFC64(1), np.random.Generator(np.random.SFC64(1))
    block.mean_loss(np.arange(8), run, np.random.Generator(bits))
    (masked,) = seen
    kept = draw_kept(twin, p, (X.nnz,))
    assert 0 < kept.sum() < X.nnz
    np.testing.assert_allclose(masked.data, before.data * kept / p)
    np.testing.assert_array_equal(masked.indices, before.indices)
    np.testing.assert_array_equal(X.data, before.data)


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
