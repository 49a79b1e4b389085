"""Many fits and many rows in one process, to see whether it grows.

``python -m benchmarks.soak`` prints a Markdown table.
"""

import argparse
import gc
import os
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.markdown import table
from skreg import RegMLPClassifier

MEBIBYTE = 2**20
WARM_UP = 0.1
"""The share of the work after which memory is first looked at."""


class Soak(NamedTuple):
    """What was done, and what the process had after the warm-up and at the end."""

    what: str
    seconds: float
    resident: tuple
    open_files: tuple


def soak(what, n_rounds, task):
    """Call ``task`` with the number of each round."""
    looks, start = [], time.perf_counter()
    for index in range(n_rounds):
        if index == int(WARM_UP * n_rounds):
            looks.append(_look())
        task(index)
    looks.append(_look())
    return Soak(what, time.perf_counter() - start, *zip(*looks, strict=True))


def fits(n_fits):
    """Fit networks of several kinds, one after the other."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), np.arange(60) % 3
    kinds = [
        {},
        {"solver": "sgd", "keep_prob": 0.5},
        {"dropout_mask": "batch", "keep_prob": 0.5},
        {"early_stopping": True, "scoring": "accuracy"},
        {"solver": "lbfgs"},
    ]

    def fit(index):
        kind = kinds[index % len(kinds)]
        RegMLPClassifier(8, max_iter=2, random_state=index, **kind).fit(X, y).predict(X)

    return soak(f"{n_fits:,} fits", n_fits, fit)


def stream(n_rows, chunk=10_000):
    """Train one network on rows that come in chunks."""
    model = RegMLPClassifier(32, random_state=0)
    rng = np.random.default_rng(0)
    boundary = rng.normal(size=20)

    def train(index):
        X = rng.normal(size=(chunk, 20))
        model.partial_fit(X, X @ boundary > 0, classes=[False, True])

    return soak(f"{n_rows:,} rows by partial_fit", n_rows // chunk, train)


def render(soaks):
    rows = [
        [
            each.what,
            f"{each.seconds:.0f}",
            *(f"{size / MEBIBYTE:.1f}" for size in each.resident),
            *map(str, each.open_files),
        ]
        for each in soaks
    ]
    after = f"after {WARM_UP:.0%}"
    header = ["Work", "seconds", f"MiB {after}", "MiB at the end"]
    return table([*header, f"open files {after}", "open files at the end"], rows)


def _look():
    """Return the resident bytes and the open files of this process (Linux)."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd"))


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--fits", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(render([fits(options.fits), stream(options.rows)]))


if __name__ == "__main__":
    main()
