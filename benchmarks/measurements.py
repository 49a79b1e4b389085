"""What is measured; times are arrays of seconds by rival, one entry per round."""

import math
import random
import time
import tracemalloc
from functools import partial
from timeit import timeit

import numpy as np
from sklearn.model_selection import GridSearchCV

from benchmarks.libraries import torch_batched
from benchmarks.rivals import NUMBA, NUMPY, SKLEARN, TORCH
from benchmarks.works import COMMITTEE, MEMORY, PREDICTION, SEARCH
from skreg import RegMLPClassifierCV

PAUSE = 0.5
"""Seconds before a rival's turn. The idle threads of the one before spin for a while
before they sleep, and slow the others down."""
elapsed = partial(timeit, number=1)


def take_turns(calls, repetitions, timer=elapsed):
    """Time the calls of all rivals in rounds, each in another order; one warms up."""
    seconds = {name: [] for name in calls}
    order, shuffle = list(calls), random.Random(0).shuffle
    for _ in range(1 + repetitions):
        shuffle(order)
        for name in order:
            time.sleep(PAUSE)
            seconds[name].append(timer(calls[name]))
    return {name: np.array(times[1:]) for name, times in seconds.items()}


def time_steps(work, solver, dropout, rivals, repetitions):
    """Time a step of the rivals, without what a fit costs however short it is."""
    X, y = work.data()
    trainers = {
        name: rival(work, X, y, dropout, solver)
        for name, rival in rivals.items()
        if dropout == "none" or name != SKLEARN
    }
    n_steps = work.n_epochs * math.ceil(work.n_rows / work.batch_size)

    def step(train):
        one_epoch = elapsed(partial(train, 1))
        return (elapsed(partial(train, 1 + work.n_epochs)) - one_epoch) / n_steps

    return take_turns(trainers, repetitions, step)


def committee(n_members, rivals):
    """Return calls that train as many networks: batched, in threads, in processes."""
    X, y = COMMITTEE.data()
    calls = {}
    if TORCH in rivals:
        calls["PyTorch, batched"] = partial(torch_batched, COMMITTEE, n_members, X, y)
    for name in (NUMBA, NUMPY):
        network = rivals[name].build(COMMITTEE).set_params(early_stopping=True)
        if n_members > 1:
            network = RegMLPClassifierCV(network, cv=n_members, n_jobs=2)
        calls[name] = partial(network.fit, X, y)
    return calls


def prediction(estimator):
    """Return a call that predicts the probabilities of many rows."""
    network, (X, y) = estimator.build(PREDICTION), PREDICTION.data()
    network.fit(X[:2000], y[:2000])
    return partial(network.predict_proba, X)


def search(estimator):
    """Return a call that searches a grid, in one process."""
    grid = {"alpha": [1e-4, 1e-3, 1e-2, 1e-1], "learning_rate_init": [3e-4, 1e-3, 3e-3]}
    search = GridSearchCV(estimator.build(SEARCH), grid, cv=5, refit=False)
    return partial(search.fit, *SEARCH.data())


WORKFLOWS = {("Prediction", "10⁶ rows"): prediction, ("Grid search", "60 fits"): search}


def fit_peak(estimator):
    """Return the MiB that a fit takes beyond X, at its peak."""
    X, y = MEMORY.data()
    train = estimator.build(MEMORY).fit
    train(X[:1000], y[:1000])  # the first fit warms up
    tracemalloc.start()
    train(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20
