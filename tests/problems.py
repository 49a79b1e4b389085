"""Small random networks and data sets, as the engine takes them."""

import numpy as np

from skreg.batches import Dataset
from skreg.parameters import Parameters, n_parameters

N_ROWS = 11
HEADS = {"logistic": 1, "softmax": 3, "multilabel": 3}


def make_problem(
    head, hidden=(5, 4), weighted=False, dtype=np.float64, seed=0, n_features=3
):
    """Return layer sizes, a random parameter vector and a random data set."""
    rng = np.random.default_rng(seed)
    sizes = [n_features, *hidden, HEADS[head]]
    vector = rng.normal(size=n_parameters(sizes)).astype(dtype)
    X = rng.normal(size=(N_ROWS, n_features)).astype(dtype)
    weights = rng.uniform(0.1, 3, N_ROWS) if weighted else np.ones(N_ROWS)
    weights /= weights.mean()
    given = weights.astype(dtype) if weighted else None
    if head == "multilabel":
        targets = rng.integers(0, 2, (3, N_ROWS)).astype(dtype)
    else:
        targets = rng.integers(0, 3 if head == "softmax" else 2, N_ROWS)
    return sizes, vector, Dataset(X, targets, given), weights


def out_activation(head):
    return "softmax" if head == "softmax" else "logistic"


def indicators(dataset, rows, head):
    """Return the targets of ``rows`` as indicators, of shape (n_rows, n_outputs)."""
    if head == "multilabel":
        return dataset.targets.T[rows]
    classes = [[0], [1], [2]] if head == "softmax" else [[1]]
    return (dataset.targets[rows] == classes).T.astype(dataset.X.dtype)


def layers(sizes, vector):
    parameters = Parameters(sizes, vector)
    return [w.copy() for w in parameters.coefs], [b.copy() for b in parameters.biases]
