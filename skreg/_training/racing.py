"""A race of candidates: how far they train, and which of them continue.

Successive halving (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
Hyperparameter Optimization", AISTATS 2016): all candidates start, and the best continue
from where they are.
"""

from math import ceil
from typing import NamedTuple

import numpy as np


class Rung(NamedTuple):
    """A part of a race."""

    n_candidates: int
    """Candidates that train in it."""
    end: float
    """The share of all epochs done at its end."""


def plan_rungs(n_candidates, factor):
    """Return the rungs of a race; the best 1 / factor continue after each.

    At most ``factor`` candidates are left for the last rung, whose final score decides.
    (`parted` leaves two even if the factor is below 2 and one is the default.)
    All rungs cost about the same, since each has ``factor`` times as many epochs per
    candidate as the one before.
    """
    counts = [n_candidates]
    while counts[-1] > factor:
        counts.append(min(ceil(counts[-1] / factor), counts[-1] - 1))
    epochs = np.cumsum(float(factor) ** np.arange(len(counts)))
    return [*map(Rung, counts, (epochs / epochs[-1]).tolist())]


def ranked(candidates):
    """Return candidates, those of the best mean score first; nan comes last."""
    means = [candidate.scores.mean() for candidate in candidates]
    order = np.argsort(-np.nan_to_num(means, nan=-np.inf), kind="stable")
    return [candidates[k] for k in order]


def parted(candidates, n_candidates):
    """Return which of the ranked candidates continue, and which do not.

    A candidate without parameters of its own, the default, always continues, and so
    does one other: a candidate that is ahead after a few epochs may lose in the end.
    """
    default = [candidate for candidate in candidates if not candidate.params]
    others = [candidate for candidate in candidates if candidate.params]
    n_others = max(1, n_candidates - len(default))
    return default + others[:n_others], others[n_others:]
