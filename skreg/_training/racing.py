"""A race of candidates: who trains how far, and who goes on.

Successive halving (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
Hyperparameter Optimization", AISTATS 2016): all begin, the best of them go on from
where they are.
"""

from math import ceil
from typing import NamedTuple

import numpy as np


class Rung(NamedTuple):
    """A part of a race."""

    n_candidates: int
    """How many run it."""
    end: float
    """The share of their epochs that they have done at its end."""


def plan_rungs(n_candidates, factor):
    """Return the rungs of a race, in which the best 1 / factor go on after each.

    At most ``factor`` are left for the last one, which the score at the end decides.
    The rungs cost about the same, since each has ``factor`` times as many epochs for
    each candidate as the one before.
    """
    counts = [n_candidates]
    while counts[-1] > factor:
        counts.append(min(ceil(counts[-1] / factor), counts[-1] - 1))
    epochs = np.cumsum(float(factor) ** np.arange(len(counts)))
    return [*map(Rung, counts, (epochs / epochs[-1]).tolist())]


def order_of(scores):
    """Return the numbers of the candidates, best first; nan comes last."""
    return np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
