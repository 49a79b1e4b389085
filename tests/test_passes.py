"""A pass against the naive network of reference.py."""

import numpy as np
import pytest
import reference
from problems import HEADS, N_ROWS, indicators, layers, make_problem, out_activation

from skreg.activations import ACTIVATIONS
from skreg.batches import Batch
from skreg.losses import LOSSES
from skreg.parameters import Parameters
from skreg.passes import Buffers, Pass


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("head", HEADS)
def test_pass_equals_reference(activation, head, masked, weighted):
    sizes, vector, data, weights = make_problem(head, weighted=weighted)
    rng = np.random.default_rng(1)
    masks = [(rng.random((N_ROWS, n)) < 0.6) / 0.6 for n in sizes[:-1]]
    if not masked:
        masks = [np.ones((N_ROWS, n)) for n in sizes[:-1]]
    gradient = Parameters(sizes, np.empty_like(vector))
    buffers = Buffers(sizes, N_ROWS, vector.dtype)
    loss = LOSSES[out_activation(head)]
    y = indicators(data, np.arange(N_ROWS), head)
    batch = Batch(
        data.X * masks[0],
        masks[1:] if masked else [None, None],
        y.T,
        weights if weighted else None,
        np.empty_like(y.T),
    )
    passage = Pass(
        Parameters(sizes, vector), gradient, ACTIVATIONS[activation], loss, buffers,
        batch, 1 / N_ROWS, 0.0,
    )  # fmt: skip
    passage.run()

    expected_loss, coef_gradients, bias_gradients = reference.loss_and_gradient(
        *layers(sizes, vector), activation, out_activation(head), data.X, y, weights,
        masks, alpha=0,
    )  # fmt: skip
    values = loss.values(batch.logits, y.T)
    assert np.mean(weights * values) == pytest.approx(expected_loss, rel=1e-12)
    for own, expected in zip(gradient.coefs, coef_gradients, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)
    for own, expected in zip(gradient.biases, bias_gradients, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)
