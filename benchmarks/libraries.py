"""Training in PyTorch and in JAX, which are imported on use."""

from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.works import ALPHA, CLASSICAL_RATES, KEEP_PROB, MOMENTUM


def torch_loop(work, X, y, dropout, solver):
    """Train in eager mode: the loop of PyTorch's users, with fused optimizers."""
    import torch
    from torch import nn

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    loss_function = nn.CrossEntropyLoss()
    if work.layer_sizes[-1] == 1:
        y, loss_function = y.float().unsqueeze(1), nn.BCEWithLogitsLoss()
    sgd = partial(torch.optim.SGD, momentum=MOMENTUM)
    kind = {"sgd": sgd, "adam": torch.optim.Adam}[solver]
    options = {"lr": CLASSICAL_RATES[solver], "weight_decay": ALPHA, "fused": True}

    def train(n_epochs):
        layers = []
        for fan_in, fan_out in pairwise(work.layer_sizes[:-1]):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
            if dropout == "sample":
                layers.append(nn.Dropout(1 - KEEP_PROB))
        model = nn.Sequential(*layers, nn.Linear(*work.layer_sizes[-2:]))
        optimizer = kind(model.parameters(), **options)
        for _ in range(n_epochs):
            losses = []
            for rows in torch.randperm(work.n_rows).split(work.batch_size):
                inputs, targets = X.index_select(0, rows), y.index_select(0, rows)
                loss = loss_function(model(inputs), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            torch.stack(losses).mean().item()

    return train


def torch_batched(work, n_members, X, y):
    """Train a committee in PyTorch, each network on rows of its own, by adam."""
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    n_train = len(X) - len(X) // max(10, n_members)
    folds = [torch.randperm(len(X))[:n_train] for _ in range(n_members)]
    parameters = []
    for fan_in, fan_out in pairwise(work.layer_sizes):
        bound = (6 / fan_in) ** 0.5
        weights = torch.empty(n_members, fan_in, fan_out).uniform_(-bound, bound)
        biases = torch.zeros(n_members, 1, fan_out)
        parameters += [weights.requires_grad_(), biases.requires_grad_()]
    W, b, V, c = parameters
    optimizer = torch.optim.Adam(parameters, CLASSICAL_RATES["adam"], fused=True)
    loss_function = torch.nn.CrossEntropyLoss(reduction="sum")
    for _ in range(work.n_epochs):
        order = torch.stack([fold[torch.randperm(n_train)] for fold in folds])
        for rows in order.split(work.batch_size, dim=1):
            z = torch.baddbmm(c, torch.baddbmm(b, X[rows], W).relu(), V)
            loss = loss_function(z.flatten(0, 1), y[rows].flatten()) / rows.shape[1]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()


def jax_scan(work, X, y, dropout, solver):
    """Train by one compiled scan per epoch, on state that is donated to it."""
    import jax
    import jax.numpy as jnp
    from jax.example_libraries import optimizers

    n_outputs = work.layer_sizes[-1]
    Y = np.eye(n_outputs)[y] if n_outputs > 1 else y[:, np.newaxis]
    X, Y = jnp.asarray(X), jnp.asarray(Y, jnp.float32)
    n_full = work.n_rows // work.batch_size * work.batch_size
    kind = {"sgd": optimizers.momentum, "adam": optimizers.adam}[solver]
    optimizer = kind(CLASSICAL_RATES[solver], MOMENTUM)

    def data_loss(parameters, x, y, key):
        *hidden, (last_weights, last_biases) = parameters
        for weights, biases in hidden:
            x = jax.nn.relu(x @ weights + biases)
            if dropout == "sample":
                key, draw = jax.random.split(key)
                kept = jax.random.bernoulli(draw, KEEP_PROB, x.shape)
                x = jnp.where(kept, x / KEEP_PROB, 0)
        z = x @ last_weights + last_biases
        if n_outputs == 1:
            return jnp.mean(jax.nn.softplus(z) - y * z)
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(y * z, axis=1))

    differentiated = jax.value_and_grad(data_loss)

    @partial(jax.jit, donate_argnums=0)
    def run_epoch(state, X, Y, order):
        def step(state, rows):
            moments, n_steps, key = state
            key, draw = jax.random.split(key) if dropout == "sample" else (key, None)
            parameters = optimizer.params_fn(moments)
            loss, gradient = differentiated(parameters, X[rows], Y[rows], draw)
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
