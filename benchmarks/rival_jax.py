"""JAX: one compiled scan per epoch, on state that is donated to it."""

import time
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.rivals import Trainer
from benchmarks.works import ALPHA, KEEP_PROB, LEARNING_RATES, MOMENTUM


def initial_parameters(layer_sizes):
    """Return a list of weights and biases, with Glorot's uniform weights."""
    rng = np.random.default_rng(0)
    parameters = []
    for fan_in, fan_out in pairwise(layer_sizes):
        bound = (6 / (fan_in + fan_out)) ** 0.5
        weights = rng.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32)
        parameters.append((jnp.array(weights), jnp.zeros(fan_out, jnp.float32)))
    return parameters


def logits(parameters, x, key=None):
    """Return the logits; with a key, hidden units are dropped per row."""
    for weights, biases in parameters[:-1]:
        x = jax.nn.relu(x @ weights + biases)
        if key is not None:
            key, draw = jax.random.split(key)
            kept = jax.random.bernoulli(draw, KEEP_PROB, x.shape)
            x = jnp.where(kept, x / KEEP_PROB, 0)
    weights, biases = parameters[-1]
    return x @ weights + biases


def data_loss(parameters, x, y, key):
    """Return the mean cross-entropy; ``y`` holds indicators."""
    z = logits(parameters, x, key)
    if y.shape[1] == 1:
        return jnp.mean(jax.nn.softplus(z) - y * z)
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(y * z, axis=1))


def sgd(parameters, moments, gradient, step):
    (velocity,) = moments
    rate = LEARNING_RATES["sgd"] * (1 - MOMENTUM)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
    return jax.tree.map(lambda w, v: w - rate * v, parameters, velocity), (velocity,)


def adam(parameters, moments, gradient, step):
    beta_2, epsilon = 0.999, 1e-8
    first, second = moments
    first = jax.tree.map(
        lambda m, g: MOMENTUM * m + (1 - MOMENTUM) * g, first, gradient
    )
    second = jax.tree.map(
        lambda s, g: beta_2 * s + (1 - beta_2) * g**2, second, gradient
    )
    unbias_1, unbias_2 = 1 - MOMENTUM**step, jnp.sqrt(1 - beta_2**step)
    rate = LEARNING_RATES["adam"] * unbias_2 / unbias_1
    parameters = jax.tree.map(
        lambda w, m, s: w - rate * m / (jnp.sqrt(s) + epsilon * unbias_2),
        parameters,
        first,
        second,
    )
    return parameters, (first, second)


OPTIMIZERS = {"sgd": (sgd, 1), "adam": (adam, 2)}


def make_epoch(work, dropout, optimizer):
    """Return a compiled function that trains on all rows in a given order."""
    n_full = work.n_rows // work.batch_size * work.batch_size

    @partial(jax.jit, donate_argnums=0)
    def epoch(state, X, Y, order):
        def step(state, rows):
            parameters, moments, n_steps, key = state
            draw = None
            if dropout != "none":
                key, draw = jax.random.split(key)
            loss, gradient = jax.value_and_grad(data_loss)(
                parameters, X[rows], Y[rows], draw
            )
            gradient = jax.tree.map(lambda g, w: g + ALPHA * w, gradient, parameters)
            n_steps += 1
            parameters, moments = optimizer(parameters, moments, gradient, n_steps)
            return (parameters, moments, n_steps, key), loss

        batches = order[:n_full].reshape(-1, work.batch_size)
        state, losses = jax.lax.scan(step, state, batches)
        if n_full < work.n_rows:
            state, _ = step(state, order[n_full:])
        return state, losses.mean()

    return epoch


def trainer(work, X, y, dropout, solver):
    n_outputs = work.layer_sizes[-1]
    table = np.eye(n_outputs) if n_outputs > 1 else np.array([[0.0], [1.0]])
    X, Y = jnp.asarray(X), jnp.asarray(table[y], jnp.float32)
    optimizer, n_moments = OPTIMIZERS[solver]
    epoch = make_epoch(work, dropout, optimizer)

    def train(n_epochs):
        rng = np.random.default_rng(0)
        parameters = initial_parameters(work.layer_sizes)
        moments = tuple(
            jax.tree.map(jnp.zeros_like, parameters) for _ in range(n_moments)
        )
        state = parameters, moments, jnp.int32(0), jax.random.key(0)
        curve = []
        for _ in range(n_epochs):
            order = rng.permutation(work.n_rows).astype(np.int32)
            state, loss = epoch(state, X, Y, order)
            curve.append(loss)
        jax.block_until_ready(state)
        return [float(loss) for loss in curve]

    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        train(1)
        seconds.append(time.perf_counter() - start)
    return Trainer(train, compile_seconds=seconds[0] - seconds[1])


@jax.jit
def predict_proba(parameters, X):
    """Return the probabilities of all rows."""
    return jax.nn.softmax(logits(parameters, X), axis=1)
