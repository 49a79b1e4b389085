"""Learning-rate schedules: the rate is η₀ · schedule(t) · (1 - γ)^epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, inf, pi


@dataclass(frozen=True)
class Clock:
    """Where training stands when an epoch begins."""

    epoch: int
    """Epochs done, including those of earlier calls."""
    samples: int
    """Training rows seen, ``t_``."""
    horizon: int
    """The epoch at which training is planned to end."""
    stalls: int
    """How often training stalled and continued at a lower rate."""


@dataclass(frozen=True)
class Schedule:
    """A factor on the initial learning rate, and the effect of a stall."""

    factor: Callable[[Clock, float], float]
    """``factor(clock, power_t)``: the learning rate over the initial one."""
    floor: float = inf
    """A stall lowers a rate above the floor; at or below the floor it ends the fit."""
    is_plan: bool = False
    """Whether it reaches zero at the horizon."""


def _constant(clock, power_t):
    """Return 1."""
    return 1.0


def _invscaling(clock, power_t):
    """Return 1 / (t + 1)^power_t, where t is the number of rows seen."""
    return (clock.samples + 1) ** -power_t


def _adaptive(clock, power_t):
    """Return 1 / 5^k after k stalls."""
    return 0.2**clock.stalls


def _cosine(clock, power_t):
    """Return half a wave from 1 to 0 (Loshchilov and Hutter, ICLR 2017)."""
    return 0.5 * (1 + cos(pi * min(clock.epoch / clock.horizon, 1)))


SCHEDULES = {
    "constant": Schedule(_constant),
    "invscaling": Schedule(_invscaling),
    "adaptive": Schedule(_adaptive, floor=1e-6),
    "cosine": Schedule(_cosine, is_plan=True),
}


@dataclass(frozen=True)
class LearningRate:
    """The learning rate as a function of the clock alone."""

    initial: float
    schedule: Schedule
    power_t: float = 0.5
    decay: float = 0.0

    def at(self, clock):
        """Return the rate of the epoch that begins now."""
        factor = self.schedule.factor(clock, self.power_t)
        return self.initial * factor * (1 - self.decay) ** clock.epoch
