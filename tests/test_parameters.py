import numpy as np

from skreg.parameters import Parameters, n_parameters


def test_views_tile_the_vector_weights_first():
    sizes = [3, 4, 2]
    vector = np.arange(n_parameters(sizes), dtype=float)
    parameters = Parameters(sizes, vector)
    weights = np.concatenate([w.ravel() for w in parameters.weights])
    biases = np.concatenate(parameters.biases)
    np.testing.assert_array_equal(np.concatenate([weights, biases]), vector)
    assert parameters.n_weights == weights.size == 3 * 4 + 4 * 2
    assert [c.shape for c in parameters.coefs] == [(3, 4), (4, 2)]
    parameters.coefs[1][3, 0] = -1
    assert parameters.weights[1][0, 3] == -1
    assert (vector == -1).sum() == 1


def test_from_layers_copies():
    rng = np.random.default_rng(0)
    coefs = [rng.normal(size=(3, 4)), rng.normal(size=(4, 2))]
    biases = [rng.normal(size=4), rng.normal(size=2)]
    parameters = Parameters.from_layers(coefs, biases)
    for own, given in zip(
        parameters.coefs + parameters.biases, coefs + biases, strict=True
    ):
        np.testing.assert_array_equal(own, given)
        assert not np.shares_memory(own, given)
