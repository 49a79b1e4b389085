"""The limit: the matrix products that a training step or a prediction cannot avoid."""

from itertools import pairwise

import numpy as np

from skreg.blas import product

LAYOUTS = ("in, out", "out, in")


def step_products(layer_sizes, n_rows, layout, train=True):
    """Return a function for each product of one step.

    Per layer one forward product, and in training one for the gradient of its weights;
    one for the deltas of every layer but the first. Weights and their gradients have
    the given layout.
    """
    rng = np.random.default_rng(0)

    def filled(*shape):
        return rng.random(shape, dtype=np.float32)

    inputs = [filled(n_rows, size) for size in layer_sizes]
    deltas = [filled(n_rows, size) for size in layer_sizes]
    products, backward = [], []
    for layer, (fan_in, fan_out) in enumerate(pairwise(layer_sizes)):
        x, delta = inputs[layer], deltas[layer + 1]
        if layout == LAYOUTS[0]:
            coef, gradient = filled(fan_in, fan_out), (x.T, delta)
        else:
            coef, gradient = filled(fan_out, fan_in).T, (delta.T, x)
        products.append(product(x, coef, inputs[layer + 1].copy()))
        shape = gradient[0].shape[0], gradient[1].shape[1]
        backward.append(product(*gradient, np.empty(shape, np.float32)))
        if layer:
            backward.append(product(delta, coef.T, np.empty_like(deltas[layer])))
    return products + backward[::-1] if train else products


def runner(layer_sizes, batch_sizes, layout, train=True):
    """Return a function that does the products of some epochs, and nothing else.

    ``batch_sizes`` has pairs (rows in a batch, how many such batches).
    """
    plan = [
        (step_products(layer_sizes, n_rows, layout, train), count)
        for n_rows, count in batch_sizes
        if count
    ]

    def run(n_epochs):
        for _ in range(n_epochs):
            for products, count in plan:
                for _ in range(count):
                    for multiply in products:
                        multiply()

    return run


def halved(layer_sizes, keep_prob):
    """Return the layers that ``batch`` dropout leaves, on average."""
    first, *hidden, last = layer_sizes
    return (first, *(max(1, round(size * keep_prob)) for size in hidden), last)


def fastest(seconds):
    """Return the times of the layout that has the lower median."""
    return min(seconds, key=np.median)
