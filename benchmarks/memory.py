"""Peak memory over X, each case in a process of its own so that peaks do not mix.

``python -m benchmarks.memory CASE RIVAL METER N_ROWS`` prints the bytes of one case.
"""

import functools
import resource
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals import (
    OURS,
    RIVALS,
    fit_all_epochs,
    sklearn_classifier,
    skreg_classifier,
)
from benchmarks.workflows import N_PREDICTED, PREDICTION, PREDICTORS
from benchmarks.works import Work, random_features

N_TRAINED = 200_000
TRAINING = Work("memory", N_TRAINED, (100, 100, 10), 200, n_epochs=1)
N_WARM_UP = 1000
ESTIMATORS = {OURS: skreg_classifier, "MLPClassifier": sklearn_classifier}
FITS = ("fit", "fit, early stopping")
CASES = (*FITS, "predict_proba")
METERS = ("tracemalloc", "resident")
ALLOWED_BYTES, ALLOWED_SHARE = 64_000_000, 0.05
"""What a fit of ours may take over X: the larger of a size and a share of X."""


@dataclass
class Peak:
    """The peak of one case and one rival in bytes over X, by meter."""

    case: str
    rival: str
    n_rows: int
    x_bytes: int
    extra: dict

    @property
    def within_bounds(self):
        """Whether it is no more than a fit of ours may take."""
        allowed = max(ALLOWED_BYTES, ALLOWED_SHARE * self.x_bytes)
        return max(self.extra.values()) <= allowed


def measure_memory(rivals, *, quick, progress):
    """Return the peaks of all cases, each measured in a fresh process."""
    peaks = []
    for case in CASES:
        n_rows = N_PREDICTED if case == CASES[-1] else N_TRAINED
        n_rows = n_rows // 10 if quick else n_rows
        for rival in rivals:
            meters = METERS if rival in ESTIMATORS else METERS[1:]
            if case == FITS[1] and rival not in ESTIMATORS:
                continue
            extra = {}
            for meter in meters:
                progress(f"{case} by {rival}, {meter}")
                extra[meter] = _in_new_process(case, rival, meter, n_rows)
            peaks.append(Peak(case, rival, n_rows, _x_bytes(case, n_rows), extra))
    return peaks


def _x_bytes(case, n_rows):
    work = PREDICTION if case == CASES[-1] else TRAINING
    return 4 * n_rows * work.layer_sizes[0]


def _in_new_process(*arguments):
    command = [sys.executable, "-m", "benchmarks.memory", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


def _task(case, rival, n_rows):
    """Return what is to be measured, on X made before."""
    if case == CASES[-1]:
        return PREDICTORS[rival](random_features(n_rows, PREDICTION.layer_sizes[0]))
    work = Work("memory", n_rows, TRAINING.layer_sizes, TRAINING.batch_size, n_epochs=1)
    X, y = work.data()
    if rival in ESTIMATORS:
        early_stopping = case == FITS[1]
        model = ESTIMATORS[rival](work, "adam", early_stopping=early_stopping)
        return functools.partial(fit_all_epochs, model, X, y)
    # Inside the task: what a rival copies or converts of X is counted.
    return lambda: RIVALS[rival].trainer(work, X, y, "none", "adam").train(1)


def _resident_peak():
    """Return the high-water mark of this process's memory in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage tells on Linux begins at the peak of the parent process.
        words = status.read_text().split()
        return 1024 * int(words[words.index("VmHWM:") + 1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _measure(case, rival, meter, n_rows):
    """Return the peak of the task over what was there before it."""
    _task(case, rival, N_WARM_UP)()
    task = _task(case, rival, n_rows)
    if meter == "tracemalloc":
        tracemalloc.start()
        task()
        return tracemalloc.get_traced_memory()[1]
    before = _resident_peak()
    task()
    return _resident_peak() - before


if __name__ == "__main__":
    case, rival, meter, n_rows = sys.argv[1:]
    print(_measure(case, rival, meter, int(n_rows)))
