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
    """Return the rungs of a race, in which the best 1 / factor go on after each."""
    counts = [n_candidates]
    while counts[-1] > 1:
        counts.append(min(ceil(counts[-1] / factor), counts[-1] - 1))
    n_rungs = max(1, len(counts) - 1)
    return [
        Rung(count, factor ** (k + 1 - n_rungs))
        for k, count in enumerate(counts[:n_rungs])
    ]


def order_of(scores):
    """Return the numbers of the candidates, best first; nan comes last."""
    return np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
