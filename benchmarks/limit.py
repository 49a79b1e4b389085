"""The limit: the matrix products that a step of training cannot avoid."""

from functools import partial
from itertools import pairwise

import numpy as np
from scipy.linalg.blas import sgemm

from benchmarks.works import DROPOUTS, KEEP_PROB

pool = "SciPy"
dropouts = DROPOUTS


def trainer(work, X, y, dropout, solver):
    """Return a function that does the products of some epochs, with other numbers."""
    first, *hidden, last = work.layer_sizes
    if dropout == "batch":
        hidden = [round(KEEP_PROB * size) for size in hidden]
    n_full, rest = divmod(work.n_rows, work.batch_size)
    epoch = n_full * products([first, *hidden, last], work.batch_size)
    if rest:
        epoch += products([first, *hidden, last], rest)

    def train(n_epochs):
        for multiply in n_epochs * epoch:
            multiply()

    return train


def products(layer_sizes, n_rows):
    """Return a call for each product of a step, forward and back."""
    matrix = partial(np.ones, dtype=np.float32, order="F")
    forward, backward, inputs = [], [], matrix((layer_sizes[0], n_rows))
    for fan_in, fan_out in pairwise(layer_sizes):
        weights, outputs = matrix((fan_out, fan_in)), matrix((fan_out, n_rows))
        gradient, deltas = matrix((fan_out, fan_in)), matrix((fan_in, n_rows))
        if forward:  # the first layer passes no deltas on
            backward.insert(0, _product(weights, outputs, deltas, transpose_a=True))
        backward.insert(0, _product(outputs, inputs, gradient, transpose_b=True))
        forward.append(_product(weights, inputs, outputs))
        inputs = outputs
    return forward + backward


def _product(a, b, out, transpose_a=False, transpose_b=False):
    return partial(sgemm, 1.0, a, b, 0.0, out, transpose_a, transpose_b, True)
