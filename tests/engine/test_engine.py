"""Every engine against the naive network of reference.py."""

from dataclasses import replace

import numpy as np
import pytest
import reference
from estimators import one_in
from helpers import (
    ALL_ROWS,
    ENGINES,
    HEADS,
    N_ROWS,
    every_engine,
    generator,
    head_name,
    indicators,
    make_network,
    make_optimizers,
    random_data,
    random_vector,
    start_engine,
)
from scipy.sparse import csr_array

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.batches import Dataset, Rows
from skreg._engine.dropout import draw_kept
from skreg._engine.engine import NumpyEngine
from skreg._engine.penalties import L2
from skreg._engine.subnetwork import SubnetworkEngine

ALPHA, RATE, BATCH = 0.1, 0.3, 4
ORDER = np.random.default_rng(4).permutation(N_ROWS)
DROPOUT = {"keep_probs": [0.7, 0.5, 0.6]}

KEEP_PROBS = [(1, 1, 1), (1, 0.5, 0.6), (0.7, 0.5, 1), (0.6, 1, 0.1)]
MASKS = ["sample", "batch"]
every_mask = pytest.mark.parametrize("dropout_mask", MASKS)


def draw_masks(network, keep_probs, rng, n_rows):
    """Return the mask of each level for as many rows, as the engines draw them."""
    masks = [np.ones((n_rows, n_units), bool) for n_units in network.sizes[:-1]]
    for p, mask in zip(keep_probs, masks):
        if p < 1:
            mask[...] = draw_kept(rng, p, mask.shape)
    return [mask / p for p, mask in zip(keep_probs, masks)]


def moving(network, masks):
    """Return which parameters join units that the first row's masks keep."""
    moves = np.empty(network.n_parameters, bool)
    kept = [mask[0] > 0 for mask in masks] + [np.ones(network.sizes[-1], bool)]
    for k, (W, b, *factors) in enumerate(network.views(moves)):
        W[...], b[...] = np.outer(kept[k], kept[k + 1]), kept[k + 1]
        for s in factors:
            s[...] = kept[k]
    return moves


def rates(network, optimizer):
    """Return the learning rate of each parameter."""
    rates = np.full(network.n_parameters, RATE)
    for s in network.views(rates)[0][2:]:
        s *= 4 if optimizer == "Adam" else 1
    return rates


def reference_epoch(network, data, optimizer, alphas, keep_probs, dropout_mask):
    """Return the running objective and the parameters after an epoch in loops."""
    w, total, rng = random_vector(network, data.X.dtype).astype(float), 0, generator()
    v, s = np.zeros((2, len(w)))
    X = data.X.astype(float)
    layers = network.views(w)
    weights = np.ones(N_ROWS) if data.weights is None else data.weights.astype(float)
    n_drawn = N_ROWS if dropout_mask == "sample" else 0
    drawn = draw_masks(network, keep_probs, rng, n_drawn)
    for t, start in enumerate(range(0, N_ROWS, BATCH)):
        rows = ORDER[start : start + BATCH]
        masks, moves = [mask[start : start + BATCH] for mask in drawn], True
        if dropout_mask == "batch":
            masks = draw_masks(network, keep_probs, rng, 1)
            moves = moving(network, masks)
            masks = [np.repeat(mask, len(rows), axis=0) for mask in masks]
        loss, gradient = reference.loss_and_gradient(
            layers, network.activation, head_name(network), X[rows],
            indicators(network, data, rows), weights[rows], masks,
        )  # fmt: skip
        total += loss * len(rows)
        g, p = np.zeros((2, len(w)))
        _, decay = reference.penalty_and_gradient(layers, alphas)
        for vector, values in (g, gradient), (p, decay):
            for own, given in zip(network.views(vector), values, strict=True):
                for block, value in zip(own, given, strict=True):
                    block[...] = value
        naive = reference.Optimizer(optimizer, momentum=0.8, beta_2=0.99)
        naive.v, naive.s, naive.t = v, s, t
        w[...] = np.where(moves, naive.step(w, g, p, rates(network, optimizer)), w)
        v, s = np.where(moves, naive.v, v), np.where(moves, naive.s, s)
    penalty, _ = reference.penalty_and_gradient(layers, alphas)
    return total / weights.sum() + penalty, w


def check_epoch(
    network,
    data,
    tolerance,
    optimizer="SGD",
    alphas=None,
    arrange=None,
    engine="numpy",
    **masks,
):
    """Compare an epoch with the reference, which does without the arrangement of X."""
    given = replace(data, X=arrange(data.X)) if arrange else data
    alphas = alphas or (ALPHA,) * len(network.layers)
    options = {"optimizer": optimizer, "penalties": (L2(alphas),), "engine": engine}
    engine, vectors = start_engine(network, given, **options, **masks)
    loss = engine.run_epoch(ORDER, RATE, generator())
    loss += engine.snapshot().penalty([L2(alphas)])
    expected_loss, expected = reference_epoch(network, data, optimizer, alphas, **masks)
    assert vectors.dtype == data.X.dtype
    np.testing.assert_allclose(vectors[0], expected, rtol=tolerance, atol=tolerance)
    assert loss == pytest.approx(expected_loss, rel=tolerance)


@every_engine
@one_in(
    8,
    head=HEADS,
    activation=ACTIVATIONS,
    dtype=[np.float32, np.float64],
    weighted=[False, True],
    arrange=[np.asarray, csr_array],
    keep_probs=KEEP_PROBS,
    dropout_mask=MASKS,
)
def test_an_epoch_of_any_network_equals_the_reference(
    head, activation, dtype, weighted, arrange, keep_probs, dropout_mask, engine
):
    network = make_network(head, (1, 4), activation)
    data = random_data(network, weighted, dtype)
    # Some hundred roundings per step, of numbers below ten.
    tolerance = 1000 * float(np.finfo(dtype).eps)
    options = {"keep_probs": keep_probs, "dropout_mask": dropout_mask}
    options |= {"arrange": arrange, "engine": engine}
    check_epoch(network, data, tolerance, **options)


@every_mask
@pytest.mark.parametrize("keep_probs", KEEP_PROBS)
@pytest.mark.parametrize("arrange", [np.asarray, csr_array])
@pytest.mark.usefixtures("of_z")
def test_a_derivative_may_be_a_function_of_z(arrange, keep_probs, dropout_mask):
    network = make_network("multiclass", (21, 10), "of_z", n_features=13)
    masks = {"keep_probs": keep_probs, "dropout_mask": dropout_mask}
    check_epoch(network, random_data(network), 1e-12, arrange=arrange, **masks)


def unaligned(X):
    """Return a copy that begins in the middle of an entry, as messages may."""
    memory = np.empty(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    memory[...] = X
    assert not memory.flags.aligned
    return memory


def strided(X):
    return np.repeat(X, 2, axis=0)[::2]


@every_engine
@one_in(
    4,
    optimizer=make_optimizers(),
    arrange=[np.asfortranarray, strided, unaligned, csr_array],
    keep_probs=KEEP_PROBS,
    dropout_mask=MASKS,
    scaled=[False, True],
)
def test_an_epoch_with_any_optimizer_and_layout_equals_the_reference(
    optimizer, arrange, keep_probs, dropout_mask, engine, scaled
):
    shape = {"hidden": (21, 10), "n_features": 13}
    network = make_network("multiclass", activation="logistic", scaled=scaled, **shape)
    data = random_data(network, weighted=True)
    masks = {"keep_probs": keep_probs, "dropout_mask": dropout_mask, "engine": engine}
    # Adam's division by a small root enlarges the rounding.
    check_epoch(network, data, 1e-8, optimizer, arrange=arrange, **masks)


@every_engine
@one_in(
    3,
    optimizer=make_optimizers(),
    alphas=[(0.1, 0.2, 0.3), (0.4, 0, 0), (0, 0.2, 0)],
    keep_probs=KEEP_PROBS,
    dropout_mask=MASKS,
    scaled=[False, True],
)
def test_an_epoch_with_a_penalty_per_layer_equals_the_reference(
    alphas, optimizer, keep_probs, dropout_mask, engine, scaled
):
    network = make_network("multiclass", (21, 10), "tanh", scaled=scaled)
    masks = {"keep_probs": keep_probs, "dropout_mask": dropout_mask, "engine": engine}
    check_epoch(network, random_data(network), 1e-8, optimizer, alphas, **masks)


@pytest.mark.parametrize(("p", "kind"), [(1, NumpyEngine), (0.5, SubnetworkEngine)])
def test_masks_per_batch_have_an_engine_of_their_own(p, kind):
    network = make_network()
    options = {"keep_probs": [1, p, 1], "dropout_mask": "batch"}
    assert type(start_engine(network, random_data(network), **options)[0]) is kind


@every_engine
@every_mask
@pytest.mark.parametrize("scaled", [False, True])
def test_evaluate_is_the_weighted_mean_loss_of_the_rows_without_masks(
    dropout_mask, engine, scaled
):
    network, rows = make_network(scaled=scaled), np.array([1, 5, 2])
    data, outputs = random_data(network, weighted=True), np.empty((3, 3))
    options = {"validation": Rows(data, rows), "dropout_mask": dropout_mask, **DROPOUT}
    options["engine"] = engine
    engine, vectors = start_engine(network, data, **options)
    engine.run_epoch(ALL_ROWS, RATE, generator())
    y, weights = indicators(network, data, rows), data.weights[rows]
    layers = network.views(vectors[0])
    no_masks = [np.ones((3, n)) for n in network.sizes[:-1]]
    loss, _ = reference.loss_and_gradient(
        layers,
        "tanh",
        "multiclass",
        data.X[rows],
        y,
        weights / weights.mean(),
        no_masks,
    )
    assert engine.evaluate() == pytest.approx(loss, rel=1e-12)
    assert engine.evaluate(outputs) == engine.evaluate()
    for x, z in zip(data.X[rows], outputs.T, strict=True):
        np.testing.assert_allclose(z, reference.outputs(layers, "tanh", x), rtol=1e-12)


@every_engine
def test_rows_that_fill_many_blocks_are_evaluated_like_one_block(engine):
    network, n_copies = make_network(), 2000
    few = random_data(network, weighted=True)
    many = Dataset(*(np.concatenate([part] * n_copies) for part in vars(few).values()))
    losses, outputs = [], []
    for data in (few, many):
        validation = Rows(data, np.arange(len(data.X)))
        own, _ = start_engine(network, few, validation=validation, engine=engine)
        outputs.append(np.empty((network.sizes[-1], len(data.X))))
        losses.append(own.evaluate(outputs[-1]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)
    repeated = np.tile(outputs[0], n_copies)
    np.testing.assert_allclose(outputs[1], repeated, rtol=1e-12, atol=1e-12)


@every_engine
@every_mask
@pytest.mark.parametrize("optimizer", make_optimizers())
def test_an_engine_that_goes_back_to_a_snapshot_repeats_itself(
    optimizer, dropout_mask, engine
):
    network, rng = make_network(), generator()
    options = {"optimizer": optimizer, "dropout_mask": dropout_mask, "engine": engine}
    options |= DROPOUT
    engine, vectors = start_engine(network, random_data(network), **options)
    engine.run_epoch(ORDER, 0.1, rng)
    assert engine.snapshot().vectors is vectors
    before, rng_before = engine.snapshot().copy(), rng.bit_generator.state
    engine.run_epoch(ORDER, 0.1, rng)
    after = engine.snapshot().copy()
    engine.restore(before)
    np.testing.assert_array_equal(vectors, before.vectors)
    assert engine.snapshot().n_steps == before.n_steps == 3
    rng.bit_generator.state = rng_before
    engine.run_epoch(ORDER, 0.1, rng)
    np.testing.assert_array_equal(vectors, after.vectors)
    assert not np.array_equal(vectors, before.vectors)


@pytest.mark.parametrize("n_before", [50, 52, 53, 114, 117])
def test_tiny_weights_are_flushed_when_64_steps_are_full(n_before):
    network = make_network()
    data, vector = random_data(network), random_vector(network)
    data.X[:, 0] = 0  # so that its weights have no gradient
    network.views(vector)[0][0][0] = 1e-310
    engine, vectors = start_engine(network, data, vector, n_before, batch_size=1)
    network.views(vectors[1])[0][0][0, 0] = 1e-310
    flushed = False
    for n_steps in (n_before + N_ROWS, n_before + 2 * N_ROWS):
        engine.run_epoch(ALL_ROWS, 0.1, generator())
        assert engine.snapshot().n_steps == n_steps
        flushed |= n_steps // 64 > n_before // 64
        (weights, _), (averages, _) = (network.views(v)[0] for v in vectors)
        np.testing.assert_array_equal(weights[0, 1:], 0 if flushed else 1e-310)
        assert (averages[0, 0] == 0) == flushed


@every_engine
@every_mask
@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e200])
def test_an_epoch_that_diverges_returns_nan(bad, dropout_mask, engine):
    network = make_network()
    vector = random_vector(network) * bad
    penalty = L2((ALPHA,) * len(network.layers))
    options = {"penalties": (penalty,), "dropout_mask": dropout_mask, **DROPOUT}
    options["engine"] = engine
    engine, _ = start_engine(network, random_data(network), vector, **options)
    assert np.isnan(engine.run_epoch(ORDER, 1e200, generator()))


@every_engine
def test_an_epoch_whose_last_step_overflows_returns_nan(engine):
    data, network = random_data(make_network(), dtype=np.float32), make_network()
    engine, _ = start_engine(network, data, batch_size=N_ROWS, engine=engine)
    assert np.isnan(engine.run_epoch(ORDER, 1e300, generator()))


@every_engine
def test_an_epoch_whose_loss_alone_overflows_returns_nan(engine):
    """The square of an error does, while the error and so the weights are finite."""
    network = make_network("squared_error", ())
    data = random_data(network)
    data.targets[...] *= 1e200
    engine, vectors = start_engine(network, data, engine=engine)
    assert np.isnan(engine.run_epoch(ORDER, 0.1, generator()))
    assert np.isfinite(vectors[0]).all()


@pytest.mark.parametrize("kind", ENGINES)
@every_mask
def test_sparse_rows_are_gathered_anew_in_every_epoch(dropout_mask, kind):
    network, results = make_network(), []
    data = random_data(network)
    for X in (data.X, csr_array(data.X)):
        options = {"dropout_mask": dropout_mask, "keep_probs": [1, 0.5, 0.6]}
        options["engine"] = kind
        engine, vectors = start_engine(network, replace(data, X=X), **options)
        rng = generator()
        for order in (ORDER, ORDER[::-1].copy()):
            engine.run_epoch(order, RATE, rng)
        results.append(vectors)
    # Sums of some ten numbers in another order, in six steps.
    np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-12)
