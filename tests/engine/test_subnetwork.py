from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from helpers import generator, make_network, random_data, random_vector, start_engine
from scipy.sparse import csr_array

from skreg._engine import subnetwork
from skreg._engine.dropout import draw_kept
from skreg._engine.subnetwork import Subnetworks, draw_units

NETWORK = make_network(hidden=(5, 4))


@pytest.mark.parametrize("n_units", [1, 5, 8, 20, 101])
@pytest.mark.parametrize("p", [1e-9, 0.5, 0.99, 1 - 1e-9, 1])
def test_units_are_filled_up_to_a_multiple_of_8_with_the_padding_unit(n_units, p):
    rng, twin = generator(), generator()
    for _ in range(20):
        kept = draw_kept(twin, p, (n_units,))
        n_kept = int(kept.sum())
        units = draw_units(rng, p, n_units)
        np.testing.assert_array_equal(units[:n_kept], np.flatnonzero(kept))
        assert (units[n_kept:] == n_units).all()
        assert len(units) == min(n_units, max(8, 8 * ceil(n_kept / 8)))


@pytest.mark.parametrize(
    ("keep_probs", "units"),
    [
        ([1, 0.5, 0.5], [[0, 1, 2], [1, 3], [0, 2], [0, 1, 2]]),
        ([0.5, 0.5, 0.5], [[0, 2], [1, 3], [0, 2], [0, 1, 2]]),
        ([1, 0.5, 0.5], [[0, 1, 2], [1, 4, 5, 5], [4, 4], [0, 1, 2]]),
        ([0.5, 1, 0.5], [[2, 3, 3], [0, 1, 2, 3, 4], [0, 3, 4], [0, 1, 2]]),
    ],
)
def test_kept_parameters_alone_are_gathered_and_scattered(keep_probs, units):
    units = [np.array(u, dtype=np.intp) for u in units]
    kept = [u[u < size] for u, size in zip(units, NETWORK.sizes, strict=True)]
    vectors = np.stack([random_vector(NETWORK)] * 2)
    expected = vectors.copy()
    subnetworks = Subnetworks(NETWORK, keep_probs, vectors)
    subnetworks.copy_in()
    for _ in range(2):  # again, after the padding units have been trained
        sub = subnetworks.gather(units)
        assert sub.network.sizes == tuple(map(len, units))
        for whole, own in zip(expected, sub.vectors, strict=True):
            arrays = NETWORK.views(whole), sub.network.views(own)
            for k, ((W, b), (own_W, own_b)) in enumerate(zip(*arrays, strict=True)):
                n_in, n_out = len(kept[k]), len(kept[k + 1])
                places = np.ix_(kept[k], kept[k + 1])
                np.testing.assert_array_equal(own_W[:n_in, :n_out], W[places])
                np.testing.assert_array_equal(own_b[:n_out], b[kept[k + 1]])
                W[places], b[kept[k + 1]] = 7, 7
        for k, (own_W, _) in enumerate(sub.network.views(sub.vectors[0])):
            assert not own_W[len(kept[k]) :].any()
        sub.vectors[...] = 7
        subnetworks.scatter(sub)
    subnetworks.copy_out()
    np.testing.assert_array_equal(vectors, expected)


def test_passes_are_remembered_up_to_a_limit(monkeypatch):
    network, results, remembered = make_network(hidden=(400,)), [], []
    for limit in (100, 3):
        monkeypatch.setattr(subnetwork, "_MAX_PASSES", limit)
        data = random_data(network)
        data = replace(data, X=csr_array(data.X))  # a new matrix for each run
        engine, vectors = start_engine(
            network, data, keep_probs=[0.5, 0.5], dropout_mask="batch"
        )
        rng, most = generator(), 0
        for _ in range(30):
            engine.run_epoch(np.arange(4), 0.1, rng)
            most = max(most, len(engine._passes))
        results.append(vectors)
        remembered.append(most)
    np.testing.assert_array_equal(*results)
    assert 3 == remembered[1] < remembered[0] < 30
