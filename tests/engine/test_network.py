from types import SimpleNamespace

import numpy as np
import pytest
from helpers import generator, make_network, random_vector

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.heads import LOSSES
from skreg._engine.network import Network, Parameters
from skreg._engine.subnetwork import UnitFirstNetwork

is_scaled = pytest.mark.parametrize("scaled", [False, True])
hiddens = pytest.mark.parametrize("hidden", [(), (4,), (5, 2, 4)])


@pytest.mark.parametrize("head", LOSSES)
def test_numbers_are_zero_at_first(head):
    network = make_network(head, hidden=(5,))
    vector = random_vector(network)
    network.initialize(vector, generator())
    hidden, outputs = network.views(vector)
    assert hidden[0].all()
    assert not outputs[0].any()


@pytest.mark.parametrize("kind", [Network, UnitFirstNetwork])
@hiddens
@is_scaled
def test_the_layout_covers_the_vector_once_with_penalised_blocks_first(
    kind, hidden, scaled
):
    network, end = make_network(hidden=hidden, kind=kind, scaled=scaled), 0
    parameters = Parameters(network, np.zeros(network.n_parameters, int))
    n_penalised = sum(map(len, parameters.penalised))
    for k, (block, layer, index, part) in enumerate(network.layout, 1):
        assert part.start == end
        assert block.penalised is (end < n_penalised)
        assert block.name == network.blocks[layer][index].name
        assert block.shape == tuple(network.sizes[level] for level in block.axes)
        parameters.layers[layer][index] += k
        end = part.stop
        assert (parameters.vector[part] == k).all()
        assert not parameters.vector[end:].any()
    assert end == network.n_parameters
    assert len(network.layout) == sum(map(len, network.blocks))
    for own, (weights, _, *factors) in zip(
        parameters.penalised, parameters.layers, strict=True
    ):
        flat = weights.flatten("C" if kind is Network else "F")
        np.testing.assert_array_equal(own, np.concatenate([flat, *factors]))
    first = parameters.layers[0][0]
    assert (first if kind is Network else first.T).flags.c_contiguous


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [Network, UnitFirstNetwork])
def test_dead_inputs_are_reset_in_all_vectors(kind, dtype):
    network = make_network(kind=kind, scaled=True)
    vectors = np.array([random_vector(network)] * 3, dtype)
    before = vectors.copy()
    views, expected = (
        [network.views(vector)[0] for vector in array] for array in (vectors, before)
    )
    size = np.sqrt(np.finfo(dtype).tiny)
    for W, _, s in views[0], expected[0]:
        W[0] *= 0.9 * size / np.abs(W[0]).max()
        W[1] *= 1.1 * size / np.abs(W[1]).max()
        W[1:] = np.abs(W[1]), -np.abs(W[2])
        s[:] = [-1, 1, 1]
    for W, _, s in expected:
        W[0] = s[0] = 0
    for rng in (None, generator()):
        network.layers[0].reset_dead_inputs(views, rng)
        expected[0][2][0] = rng is not None
        np.testing.assert_array_equal(vectors, before)
    W, _, s = views[0]
    W[...] = 0
    network.layers[0].reset_dead_inputs(views, generator())
    assert W.all()
    assert (s == 1).all()


@pytest.mark.parametrize("kind", [list, tuple])
@hiddens
@is_scaled
def test_attributes_and_arrays_are_inverse(hidden, scaled, kind):
    network = make_network(hidden=hidden, scaled=scaled)
    arrays = network.views(np.arange(network.n_parameters))
    attributes = network.attributes(arrays)
    names = {"coefs_", "intercepts_", "feature_scales_", "_activation"}
    assert {*attributes} == names
    assert attributes["_activation"] == network.activation
    assert (attributes["feature_scales_"] is None) is not scaled
    lists = {n: kind(v) for n, v in attributes.items() if isinstance(v, list)}
    back = network.arrays_of(SimpleNamespace(**attributes | lists))
    assert [*map(list, back)] == arrays
    assert all(a is b for one, two in zip(back, arrays) for a, b in zip(one, two))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_initial_weights_fill_their_bounds_and_biases_are_zero(activation):
    network = make_network(hidden=(40, 30), activation=activation, n_features=20)
    vector = np.full(network.n_parameters, np.nan)
    network.initialize(vector, generator())
    for n, m, (W, b) in zip(network.sizes, network.sizes[1:], network.views(vector)):
        bound = ACTIVATIONS[activation].bound(n, m)
        # Of 90 draws or more all are below 0.9 of the bound with 0.9⁹⁰ = 8e-5.
        assert 0.9 * bound < abs(W).max() <= bound
        assert W.min() < 0 < W.max()
        assert not b.any()
