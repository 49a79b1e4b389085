"""Timing tasks that take turns, and what is reported of the times."""

import gc
import random
import time
from functools import partial
from typing import NamedTuple

import numpy as np

SETTLE_SECONDS = 0.05
"""Idle worker threads of BLAS and OpenMP libraries spin for some milliseconds before
they sleep; a pause keeps those of one task out of the next task's time."""


class Spread(NamedTuple):
    """The median and the quartiles of some repetitions."""

    median: float
    low: float
    high: float


def spread(values):
    low, median, high = np.percentile(values, [25, 50, 75])
    return Spread(float(median), float(low), float(high))


def interleave(tasks, repetitions, progress=lambda message: None):
    """Time every task once per round, for some rounds, each in another order.

    Parameters
    ----------
    tasks : dict of str or tuple to callable
        What to time; each is called once beforehand to warm up.
    repetitions : int
        Number of rounds.
    progress : callable
        Is told what happens.

    Returns
    -------
    seconds : dict of str or tuple to ndarray of shape (repetitions,)
        The same entry of two arrays belongs to the same round.
    """
    for name, task in tasks.items():
        progress(f"warm-up of {_words(name)}: {_time(task):.2f} s")
    seconds = {name: np.empty(repetitions) for name in tasks}
    order = list(tasks)
    shuffle = random.Random(0).shuffle
    for repetition in range(repetitions):
        shuffle(order)
        for name in order:
            seconds[name][repetition] = _time(tasks[name])
        total = sum(times[repetition] for times in seconds.values())
        progress(f"round {repetition + 1} of {repetitions}: {total:.1f} s")
    return seconds


def ratio(numerator, denominator):
    """Return the spread of the quotients taken round by round.

    Whatever slows the machine down for a while slows both times of a round.
    """
    return spread(np.asarray(numerator) / np.asarray(denominator))


def repeats_to_last(task, seconds):
    """Return the n with which ``task(n)`` takes about so many seconds."""
    n, elapsed = 1, _time(partial(task, 1))
    while elapsed < seconds / 4:
        n *= 4
        elapsed = _time(partial(task, n))
    return max(1, round(n * seconds / elapsed))


def _words(name):
    return name if isinstance(name, str) else ", ".join(name)


def _time(task):
    gc.collect()
    time.sleep(SETTLE_SECONDS)
    start = time.perf_counter()
    task()
    return time.perf_counter() - start
