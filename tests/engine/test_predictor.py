import numpy as np
import pytest
import reference
from helpers import make_network, random_vector
from scipy.sparse import csr_array

from skreg._engine import batches
from skreg._engine.predictor import predict_outputs, rows_per_block

NETWORK = make_network()
X = np.rint(np.random.default_rng(0).normal(size=(200, 3)))


@pytest.mark.parametrize(
    ("cache", "n_at_once"), [(2**18, 200), (2**14, 107), (2**11, 64)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asfortranarray, csr_array, np.float32])
def test_outputs_equal_the_reference_for_any_features_and_blocks(
    kind, dtype, cache, n_at_once, monkeypatch
):
    monkeypatch.setattr(batches, "_CACHE_BYTES", cache * np.dtype(dtype).itemsize // 8)
    assert rows_per_block(NETWORK, np.dtype(dtype), 200, False) == n_at_once
    layers = NETWORK.views(random_vector(NETWORK, dtype))
    outputs = predict_outputs(NETWORK, layers, kind(X))
    assert outputs.dtype == np.float64
    layers = [[block.astype(float) for block in pair] for pair in layers]
    expected = np.transpose([reference.outputs(layers, "tanh", x) for x in X])
    tolerance = 60 * np.finfo(dtype).eps  # sums of a few numbers below 10
    np.testing.assert_allclose(outputs, expected, rtol=tolerance, atol=tolerance)
