"""How the time of an epoch grows with the problem, beside that of the products."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks import limit
from benchmarks.rivals import OURS, fit_all_epochs, skreg_classifier
from benchmarks.steps import LIMIT
from benchmarks.timing import interleave, repeats_to_last
from benchmarks.works import Work

N_ROWS, N_FEATURES, WIDTH, DEPTH, N_CLASSES, BATCH_SIZE = 4096, 64, 128, 2, 10, 128
SOLVER = "sgd"
AXES = {
    "rows": (1024, 2048, 4096, 8192, 16384, 32768),
    "features": (16, 32, 64, 128, 256, 512, 1024),
    "width": (32, 64, 128, 256, 512),
    "depth": (1, 2, 4, 8),
    "classes": (4, 8, 16, 32, 64, 128, 256, 512, 1024),
}


@dataclass
class Growth:
    """Seconds per epoch along one axis, medians, of skreg and of the products."""

    axis: str
    values: tuple
    seconds: dict

    def slope(self, name, last=None):
        """Return the exponent of growth, over all values or the ``last`` few."""
        first = 0 if last is None else -last
        return log_log_slope(self.values[first:], self.seconds[name][first:])


def log_log_slope(values, seconds):
    """Return b of the best fit of seconds = a · value^b."""
    return float(np.polyfit(np.log(values), np.log(seconds), 1)[0])


def work_at(axis, value):
    """Return the problem whose size along ``axis`` is ``value``."""
    size = {
        "rows": N_ROWS,
        "features": N_FEATURES,
        "width": WIDTH,
        "depth": DEPTH,
        "classes": N_CLASSES,
    } | {axis: value}
    hidden = [size["width"]] * size["depth"]
    sizes = size["features"], *hidden, size["classes"]
    return Work(f"{axis} {value}", size["rows"], sizes, BATCH_SIZE, n_epochs=1)


def measure_growth(axis, *, quick, repetitions, progress):
    """Time epochs along one axis; all sizes take turns."""
    values = AXES[axis][::2] if quick else AXES[axis]
    wanted = 0.05 if quick else 0.3
    tasks, n_epochs = {}, {}
    for value in values:
        work = work_at(axis, value)
        train = _trainer(work)
        n_epochs[value] = repeats_to_last(train, wanted)
        tasks[OURS, str(value)] = partial(train, n_epochs[value])
        for layout in limit.LAYOUTS:
            run = limit.runner(work.layer_sizes, work.batch_sizes, layout)
            tasks[LIMIT, str(value), layout] = partial(run, n_epochs[value])
    seconds = interleave(tasks, repetitions, progress)
    medians = {OURS: [], LIMIT: []}
    for value in values:
        ours = seconds[OURS, str(value)]
        products = limit.fastest(
            [seconds[LIMIT, str(value), layout] for layout in limit.LAYOUTS]
        )
        medians[OURS].append(np.median(ours) / n_epochs[value])
        medians[LIMIT].append(np.median(products) / n_epochs[value])
    return Growth(axis, values, medians)


def _trainer(work):
    X, y = work.data()
    estimator = skreg_classifier(work, SOLVER)
    return lambda n: fit_all_epochs(estimator.set_params(max_iter=n), X, y)
