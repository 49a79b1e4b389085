"""What is measured; times are arrays of seconds by rival, one entry per round."""

import gc
import random
import time
import tracemalloc
from functools import partial

import numpy as np
from sklearn.model_selection import GridSearchCV

from benchmarks.rivals import load
from benchmarks.works import Work

PAUSE, POOL_PAUSE = 0.05, 0.5
"""Seconds between rivals of the same thread pool, and of different ones. Idle threads
spin for a while before they sleep, and slow the others down."""


def take_turns(timers, rivals, repetitions):
    """Time all rivals in rounds, each in another order; a first round warms up.

    ``timers`` has functions that return seconds, by rival.
    """
    seconds = {name: [] for name in timers}
    order, last_pool, shuffle = list(timers), None, random.Random(0).shuffle
    for _ in range(1 + repetitions):
        shuffle(order)
        for name in order:
            pool = rivals[name].pool
            time.sleep(PAUSE if pool == last_pool else POOL_PAUSE)
            seconds[name].append(timers[name]())
            last_pool = pool
    return {name: np.array(times[1:]) for name, times in seconds.items()}


def elapsed(function, *arguments):
    """Return the seconds of one call."""
    gc.collect()
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def step_seconds(work, train):
    """Return the seconds of a step, without what a fit costs however short it is."""
    one_epoch = elapsed(train, 1)
    return (elapsed(train, 1 + work.n_epochs) - one_epoch) / work.n_steps


def time_steps(work, solver, dropout, rivals, repetitions):
    """Time a step; for a rival that lacks ``batch`` dropout, one with ``sample``."""
    X, y = work.data()
    timers = {}
    for name, rival in rivals.items():
        kind = dropout if dropout in rival.dropouts else "sample"
        if kind in rival.dropouts:
            train = rival.trainer(work, X, y, kind, solver)
            timers[name] = partial(step_seconds, work, train)
    return take_turns(timers, rivals, repetitions)


def time_workflow(make, rivals, scale, repetitions):
    """Time the calls that one of `WORKFLOWS` makes."""
    timers = {n: partial(elapsed, make(r, scale)) for n, r in rivals.items()}
    return take_turns(timers, rivals, repetitions)


def prediction(rival, scale):
    """Return a call that predicts the probabilities of many rows."""
    work = Work(1_000_000 // scale, (50, 100, 10), batch_size=200, n_epochs=1)
    network, (X, y) = rival.build(work), work.data()
    rival.call(network.fit, X[:2000], y[:2000])
    return partial(rival.call, network.predict_proba, X)


def search(rival, scale):
    """Return a call that searches a grid, in one process."""
    work = Work(500, (20, 50, 3), batch_size=50, n_epochs=30 // scale)
    grid = {"alpha": [1e-4, 1e-3, 1e-2, 1e-1], "learning_rate_init": [3e-4, 1e-3, 3e-3]}
    search = GridSearchCV(rival.build(work), grid, cv=5, refit=False)
    return partial(rival.call, search.fit, *work.data())


WORKFLOWS = {("Prediction", "10⁶ rows"): prediction, ("Grid search", "60 fits"): search}


def fit_peak(name, folder, scale):
    """Return the bytes that a fit takes beyond X, at its peak."""
    rival = load(name, folder)
    for n_rows in (1000, 200_000 // scale):  # the first fit warms up
        work = Work(n_rows, (100, 100, 10), batch_size=200, n_epochs=1)
        train = rival.trainer(work, *work.data(), "none", "adam")
        tracemalloc.start()
        train(1)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak
