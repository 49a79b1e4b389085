"""JAX: one compiled scan per epoch, on state that is donated to it."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax.example_libraries import optimizers

from benchmarks.works import ALPHA, CLASSICAL_RATES, KEEP_PROB, MOMENTUM

pool = "JAX"
dropouts = ("none", "sample")
OPTIMIZERS = {"sgd": optimizers.momentum, "adam": optimizers.adam}


def trainer(work, X, y, dropout, solver):
    n_outputs = work.layer_sizes[-1]
    Y = np.eye(n_outputs)[y] if n_outputs > 1 else y[:, np.newaxis]
    X, Y = jnp.asarray(X), jnp.asarray(Y, jnp.float32)
    n_full = work.n_rows // work.batch_size * work.batch_size
    optimizer = OPTIMIZERS[solver](CLASSICAL_RATES[solver], MOMENTUM)
    loss_and_gradient = jax.value_and_grad(data_loss)

    @partial(jax.jit, donate_argnums=0)
    def run_epoch(state, X, Y, order):
        def step(state, rows):
            moments, n_steps, key = state
            key, draw = jax.random.split(key) if dropout == "sample" else (key, None)
            parameters = optimizer.params_fn(moments)
            loss, gradient = loss_and_gradient(parameters, X[rows], Y[rows], draw)
            gradient = jax.tree.map(lambda g, w: g + ALPHA * w, gradient, parameters)
            moments = optimizer.update_fn(n_steps, gradient, moments)
            return (moments, n_steps + 1, key), loss

        batches = order[:n_full].reshape(-1, work.batch_size)
        state, losses = jax.lax.scan(step, state, batches)
        if n_full < work.n_rows:
            state, _ = step(state, order[n_full:])
        return state, losses.mean()

    def train(n_epochs):
        rng, key = np.random.default_rng(0), jax.random.key(0)
        draw = jax.nn.initializers.glorot_uniform()
        shapes = pairwise(work.layer_sizes)
        parameters = [(draw(key, shape), jnp.zeros(shape[1])) for shape in shapes]
        state = optimizer.init_fn(parameters), jnp.int32(0), key
        for _ in range(n_epochs):
            order = rng.permutation(work.n_rows).astype(np.int32)
            state, loss = run_epoch(state, X, Y, order)
        jax.block_until_ready((state, loss))

    return train


def data_loss(parameters, x, y, key):
    """Return the mean cross-entropy; with a key, hidden units are dropped per row."""
    *hidden, (last_weights, last_biases) = parameters
    for weights, biases in hidden:
        x = jax.nn.relu(x @ weights + biases)
        if key is not None:
            key, draw = jax.random.split(key)
            kept = jax.random.bernoulli(draw, KEEP_PROB, x.shape)
            x = jnp.where(kept, x / KEEP_PROB, 0)
    z = x @ last_weights + last_biases
    if y.shape[1] == 1:
        return jnp.mean(jax.nn.softplus(z) - y * z)
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(y * z, axis=1))
