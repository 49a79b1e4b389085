"""The engine against the naive network of reference.py."""

import numpy as np
import pytest
import reference
from problems import HEADS, N_ROWS, indicators, layers, make_problem, out_activation
from scipy.sparse import csr_array

from skreg.batches import Dataset
from skreg.dropout import draw_kept
from skreg.engine import Engine, Predictor
from skreg.optimizers import SGD, Adam, NesterovSGD
from skreg.parameters import Parameters
from skreg.passes import Pass

ALPHA = 0.1
PLAIN = SGD(0.9)


def make_engine(sizes, vector, dataset, head, optimizer=PLAIN, **options):
    n_moments = optimizer.n_moments if optimizer else 0
    state = np.zeros((1 + n_moments, len(vector)), vector.dtype)
    state[0] = vector
    defaults = {
        "n_steps": 0,
        "activation": "tanh",
        "loss": out_activation(head),
        "alpha": ALPHA,
        "optimizer": optimizer,
        "keep_probs": [1.0] * (len(sizes) - 1),
        "dropout_mask": "sample",
        "batch_size": 4,
        "training": dataset,
    }
    return Engine(sizes, state, **(defaults | options))


@pytest.mark.parametrize("hidden", [(), (5,), (5, 4, 3)])
@pytest.mark.parametrize("head", HEADS)
def test_gradient_equals_directional_difference(head, hidden):
    sizes, vector, data, _ = make_problem(head, hidden, weighted=True)
    engine = make_engine(sizes, vector, data, head, None)
    rows = np.arange(N_ROWS)
    gradient = engine.loss_and_gradient(rows)[1].copy()
    direction = np.random.default_rng(3).normal(size=len(vector))
    step = 1e-6
    losses = []
    for sign in (1, -1):
        engine.state[0] = vector + sign * step * direction
        losses.append(engine.loss_and_gradient(rows)[0])
    difference = (losses[0] - losses[1]) / (2 * step)
    # Central differences err by step² and by rounding / step: 1e-12 and 1e-10.
    assert gradient @ direction == pytest.approx(difference, rel=1e-7)


OPTIMIZERS = {
    "sgd": SGD(0.8),
    "nesterov": NesterovSGD(0.8),
    "adam": Adam(0.8, 0.99, 1e-8),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    "keep_probs", [(1, 1, 1), (0.7, 0.5, 0.6), (1, 0.5, 0.6), (0.7, 1, 1)]
)
@pytest.mark.parametrize("head", HEADS)
def test_epoch_with_sample_masks_equals_reference(head, keep_probs, name):
    sizes, vector, data, weights = make_problem(head, weighted=True)
    engine = make_engine(
        sizes, vector, data, head, OPTIMIZERS[name], keep_probs=keep_probs
    )
    order = np.random.default_rng(4).permutation(N_ROWS)
    twin = np.random.Generator(np.random.SFC64(5))
    masks = []
    for p, size in zip(keep_probs, sizes, strict=False):
        kept = np.ones((N_ROWS, size), bool)
        if p < 1:
            draw_kept(twin, p, kept)
        masks.append(kept / p)
    coefs, biases = layers(sizes, vector)
    steppers = [
        reference.Optimizer(name, momentum=0.8, beta_2=0.99) for _ in coefs + biases
    ]
    total = 0
    for start in range(0, N_ROWS, 4):
        batch = order[start : start + 4]
        loss, coef_g, bias_g = reference.loss_and_gradient(
            coefs, biases, "tanh", out_activation(head), data.X[batch],
            indicators(data, batch, head), weights[batch],
            [mask[start : start + 4] for mask in masks], ALPHA,
        )  # fmt: skip
        penalty = ALPHA / 2 * sum((coef**2).sum() for coef in coefs)
        total += (loss - penalty) * len(batch)
        new = [
            stepper.step(w, g, 0.3)
            for stepper, w, g in zip(
                steppers, coefs + biases, coef_g + bias_g, strict=True
            )
        ]
        coefs, biases = new[: len(coefs)], new[len(coefs) :]

    objective = engine.run_epoch(order, 0.3, np.random.Generator(np.random.SFC64(5)))
    for own, expected in zip(engine.parameters.coefs, coefs, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-8, atol=1e-10)
    for own, expected in zip(engine.parameters.biases, biases, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-8, atol=1e-10)
    penalty = ALPHA / 2 * sum((coef**2).sum() for coef in coefs)
    assert objective == pytest.approx(total / weights.sum() + penalty, rel=1e-9)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("keep_probs", [(1, 0.5, 0.6), (0.7, 0.5, 1), (0.6, 1, 0.1)])
@pytest.mark.parametrize(("n_features", "hidden"), [(3, (1, 4)), (13, (21, 10))])
def test_epoch_with_batch_masks_moves_kept_weights_as_reference(
    n_features, hidden, keep_probs, name, sparse
):
    head = "softmax"
    sizes, vector, data, weights = make_problem(
        head, hidden, weighted=True, n_features=n_features
    )
    given = Dataset(csr_array(data.X), data.targets, data.weights)
    engine = make_engine(
        sizes,
        vector,
        given if sparse else data,
        head,
        OPTIMIZERS[name],
        keep_probs=keep_probs,
        dropout_mask="batch",
        activation="logistic",  # what a unit without inputs gives is not zero
    )
    order = np.random.default_rng(4).permutation(N_ROWS)
    twin = np.random.Generator(np.random.SFC64(6))
    coefs, biases = layers(sizes, vector)
    # One reference optimizer per weight, so that each can rest on its own.
    averages = [np.zeros((2, *w.shape)) for w in coefs + biases]
    for t, start in enumerate(range(0, N_ROWS, 4), 1):
        batch = order[start : start + 4]
        kept = [np.ones(size, bool) for size in sizes]
        for p, units in zip(keep_probs, kept, strict=False):
            if p < 1:
                draw_kept(twin, p, units)
        masks = [
            np.tile(units / p, (len(batch), 1))
            for units, p in zip(kept, keep_probs, strict=False)
        ]
        _, coef_g, bias_g = reference.loss_and_gradient(
            coefs, biases, "logistic", "softmax", data.X[batch],
            indicators(data, batch, head), weights[batch], masks, ALPHA,
        )  # fmt: skip
        moves = [np.outer(a, b) for a, b in zip(kept, kept[1:], strict=False)] + kept[
            1:
        ]
        for w, g, (v, s), move in zip(
            coefs + biases, coef_g + bias_g, averages, moves, strict=True
        ):
            stepper = reference.Optimizer(name, momentum=0.8, beta_2=0.99)
            stepper.v, stepper.s, stepper.t = v.copy(), s.copy(), t - 1
            new = stepper.step(w, g, 0.3)
            w[move] = new[move]
            v[move] = stepper.v[move]
            s[move] = np.broadcast_to(stepper.s, s.shape)[move]

    engine.run_epoch(order, 0.3, np.random.Generator(np.random.SFC64(6)))
    for own, expected in zip(engine.parameters.coefs, coefs, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-8, atol=1e-10)
    for own, expected in zip(engine.parameters.biases, biases, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dropout_mask", ["sample", "batch"])
def test_keeping_everything_is_no_dropout(dropout_mask):
    sizes, vector, data, _ = make_problem("softmax")
    engines = [
        make_engine(sizes, vector, data, "softmax", dropout_mask=mask)
        for mask in ("sample", dropout_mask)
    ]
    for engine in engines:
        engine.run_epoch(np.arange(N_ROWS), 0.1, np.random.Generator(np.random.SFC64()))
    np.testing.assert_array_equal(engines[0].state, engines[1].state)


def unaligned(X):
    """Return a copy that begins in the middle of an entry, as messages may."""
    memory = np.empty(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    memory[...] = X
    assert not memory.flags.aligned
    return memory


@pytest.mark.parametrize("layout", ["C", "F", "strided", "unaligned", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_layout_of_X_trains_the_same(layout, dtype):
    sizes, vector, data, _ = make_problem("softmax", dtype=dtype)
    X = {
        "C": data.X,
        "F": np.asfortranarray(data.X),
        "strided": np.repeat(data.X, 2, axis=0)[::2],
        "unaligned": unaligned(data.X),
        "sparse": csr_array(data.X),
    }[layout]
    states = []
    for features in (data.X, X):
        given = Dataset(features, data.targets)
        engine = make_engine(sizes, vector, given, "softmax")
        engine.run_epoch(np.arange(N_ROWS), 0.1, np.random.Generator(np.random.SFC64()))
        assert engine.state.dtype == dtype
        states.append(engine.state)
    tolerance = 20 * np.finfo(dtype).eps  # sums in another order
    np.testing.assert_allclose(states[0], states[1], rtol=tolerance, atol=tolerance)


def test_evaluate_is_the_weighted_mean_loss_of_the_rows_named():
    sizes, vector, data, weights = make_problem("softmax", weighted=True)
    rows = np.array([1, 5, 2])
    engine = make_engine(
        sizes, vector, data, "softmax", validation=data, validation_rows=rows
    )
    loss, *_ = reference.loss_and_gradient(
        *layers(sizes, vector), "tanh", "softmax", data.X[rows],
        indicators(data, rows, "softmax"), weights[rows] / weights[rows].mean(),
        [np.ones((3, n)) for n in sizes[:-1]], 0,
    )  # fmt: skip
    assert engine.evaluate() == pytest.approx(loss, rel=1e-12)


def test_snapshot_is_a_copy_that_restores():
    sizes, vector, data, _ = make_problem("softmax")
    engine = make_engine(sizes, vector, data, "softmax", Adam(0.9, 0.99, 1e-8))
    rng = np.random.Generator(np.random.SFC64(0))
    engine.run_epoch(np.arange(N_ROWS), 0.1, rng)
    snapshot = engine.snapshot()
    engine.run_epoch(np.arange(N_ROWS), 0.1, rng)
    after = engine.state.copy()
    engine.restore(snapshot)
    assert not np.array_equal(engine.state, after)
    engine.run_epoch(np.arange(N_ROWS), 0.1, rng)
    np.testing.assert_array_equal(engine.state, after)


@pytest.mark.parametrize("n_before", [50, 52, 53, 114, 117])
def test_tiny_weights_are_flushed_when_64_steps_are_full(n_before):
    sizes, vector, data, _ = make_problem("softmax")
    data.X[:, 0] = 0  # so that its weights have no gradient
    Parameters(sizes, vector).coefs[0][0] = 1e-310
    engine = make_engine(
        sizes, vector, data, "softmax", n_steps=n_before, batch_size=1, alpha=0.0
    )
    rng = np.random.Generator(np.random.SFC64(0))
    flushed = False
    for n_steps in (n_before + N_ROWS, n_before + 2 * N_ROWS):
        engine.run_epoch(np.arange(N_ROWS), 0.1, rng)
        assert engine.n_steps == n_steps
        flushed |= n_steps // 64 > n_before // 64
        weight = engine.parameters.coefs[0][0]
        np.testing.assert_array_equal(weight, 0 if flushed else 1e-310)


@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e200])
def test_an_epoch_that_diverges_returns_nan(bad):
    sizes, vector, data, _ = make_problem("softmax")
    engine = make_engine(sizes, vector * bad, data, "softmax", SGD(0.0))
    rng = np.random.Generator(np.random.SFC64(0))
    assert np.isnan(engine.run_epoch(np.arange(N_ROWS), 1e200, rng))


def test_large_weights_are_no_divergence():
    sizes, vector, data, _ = make_problem("softmax", hidden=(5,))
    parameters = Parameters(sizes, vector)
    parameters.weights *= 1e160
    for bias in parameters.biases:
        bias[...] = 0
    nothing = Dataset(np.zeros_like(data.X), data.targets)
    engine = make_engine(sizes, vector, nothing, "softmax", SGD(0.0), alpha=0.0)
    loss = engine.run_epoch(np.arange(N_ROWS), 0.0, np.random.default_rng(0))
    assert loss == pytest.approx(np.log(3))


def test_prediction_does_not_depend_on_the_block_size(monkeypatch):
    sizes, vector, _, _ = make_problem("softmax")
    parameters = Parameters(sizes, vector)
    X = np.random.default_rng(0).normal(size=(1000, 3))
    whole = Predictor(parameters, "tanh", 1000, sparse=False)
    assert whole.block_size == 1000
    monkeypatch.setattr("skreg.batches._CACHE_BYTES", 4096)
    parts = Predictor(parameters, "tanh", 1000, sparse=False)
    assert parts.block_size < 100
    np.testing.assert_allclose(whole.logits(X), parts.logits(X), rtol=1e-12)


def test_passes_are_remembered_up_to_a_limit(monkeypatch):
    sizes, vector, data, _ = make_problem("softmax", (400,))
    states, made = [], []
    monkeypatch.setattr(
        "skreg.engine.Pass", lambda *arguments: made.append(1) or Pass(*arguments)
    )
    for limit in (100, 3):
        monkeypatch.setattr("skreg.engine._MAX_PASSES", limit)
        made.clear()
        engine = make_engine(
            sizes, vector, data, "softmax", keep_probs=[1, 0.5], dropout_mask="batch"
        )
        rng = np.random.Generator(np.random.SFC64(0))
        most = 0
        for _ in range(30):
            engine.run_epoch(np.arange(4), 0.1, rng)
            most = max(most, len(engine._sub_passes))
        states.append(engine.state)
        if limit == 3:
            assert most == 3 < len(made)
        else:
            assert 3 < most == len(made) < 30
    np.testing.assert_array_equal(*states)
