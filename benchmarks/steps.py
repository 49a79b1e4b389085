"""The step benchmark: training, per work, solver and kind of dropout."""

from dataclasses import dataclass, field

import numpy as np

from benchmarks import limit
from benchmarks.rivals import OURS, RIVALS
from benchmarks.timing import interleave, ratio, spread
from benchmarks.works import DROPOUTS, KEEP_PROB

LIMIT = "limit"


@dataclass
class StepTimes:
    """Seconds per step of one work and solver, by (rival, dropout), one per round.

    The limit stands under (LIMIT, "none"), and under (LIMIT, "batch") that of the
    network with the hidden layers that ``batch`` dropout leaves on average.
    """

    work: object
    solver: str
    seconds: dict
    compile_seconds: dict = field(default_factory=dict)

    def of(self, rival, dropout):
        """Return the times of a rival; where it lacks a kind, of its ``sample``."""
        if rival == LIMIT:
            return self.seconds.get((LIMIT, "batch" if dropout == "batch" else "none"))
        if rival != OURS and dropout == "batch":
            dropout = "sample"
        return self.seconds.get((rival, dropout))

    def spread(self, rival, dropout):
        """Return the spread of the seconds per step, or None."""
        times = self.of(rival, dropout)
        return None if times is None else spread(times)

    def ratio(self, rival, dropout):
        """Return how many times as long as ours a rival takes, or None."""
        times, ours = self.of(rival, dropout), self.of(OURS, dropout)
        return None if times is None or ours is None else ratio(times, ours)

    def over_limit(self, dropout):
        """Return our step over the products alone, or None."""
        ours, products = self.of(OURS, dropout), self.of(LIMIT, dropout)
        return None if ours is None or products is None else ratio(ours, products)

    def cost_of_dropout(self, rival, dropout):
        """Return a rival's step with dropout over its own without, or None."""
        with_it = self.seconds.get((rival, dropout))
        without = self.seconds.get((rival, "none"))
        return None if with_it is None or without is None else ratio(with_it, without)


def time_steps(work, solver, rivals, dropouts=DROPOUTS, *, repetitions, progress):
    """Time all rivals on one work and solver, and the products between them."""
    X, y = work.data()
    tasks, compile_seconds = {}, {}
    for name in rivals:
        for dropout in (kind for kind in RIVALS[name].dropouts if kind in dropouts):
            trainer = RIVALS[name].trainer(work, X, y, dropout, solver)
            tasks[name, dropout] = _bound(trainer.train, work.n_epochs)
            if trainer.compile_seconds is not None:
                compile_seconds[name, dropout] = trainer.compile_seconds
    nets = {
        "none": work.layer_sizes,
        "batch": limit.halved(work.layer_sizes, KEEP_PROB),
    }
    for dropout, sizes in nets.items():
        for layout in limit.LAYOUTS:
            run = limit.runner(sizes, work.batch_sizes, layout)
            tasks[LIMIT, dropout, layout] = _bound(run, work.n_epochs)
    seconds = interleave(tasks, repetitions, progress)
    for dropout in nets:
        layouts = [seconds.pop((LIMIT, dropout, layout)) for layout in limit.LAYOUTS]
        seconds[LIMIT, dropout] = limit.fastest(layouts)
    per_step = {key: np.asarray(times) / work.n_steps for key, times in seconds.items()}
    return StepTimes(work, solver, per_step, compile_seconds)


def _bound(train, n_epochs):
    return lambda: train(n_epochs)
