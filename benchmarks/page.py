"""The results as a page, ratios first."""

import datetime
import platform
import re
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

from benchmarks.markdown import number, ratio, table
from benchmarks.rivals import BEFORE, INSTALLED, LIMIT, OURS, PACKAGES
from benchmarks.works import KEEP_PROB

READING = f"""\
A rival's column has its time over skreg's: above 1, skreg is faster. Ratios are medians
over the rounds, with the quartiles behind them. The number behind a network is its
batch size. Compilation and what a fit costs before its first epoch are left out.

*The limit* is the matrix products that a step cannot avoid, on the same BLAS; for
`batch`, those of the network that remains on average. Dropout keeps a hidden unit with
probability {KEEP_PROB}. PyTorch and JAX have no `batch`: `sample` stands in for it. All
train alike, but PyTorch and JAX penalise the biases, too."""


def page(steps, workflows, peaks, quick):
    """Return Markdown, from seconds by labels and rival, and peaks by rival."""
    parts = ["# Benchmarks", _opening(quick), "## A step of training"]
    parts += [_comparisons(["Work", "solver", "dropout"], steps, "µs", 1e-6), READING]
    if workflows:
        rows = [[name, number(peak / 2**20)] for name, peak in peaks.items()]
        parts += ["## Workflows", _comparisons(["Work", "size"], workflows, "s", 1)]
        parts += ["## Peak memory of a fit, beyond X", table(["", "MiB"], rows)]
    return "\n\n".join(parts) + "\n"


def _opening(quick):
    cpus = Path("/proc/cpuinfo")
    found = cpus.exists() and re.search("model name\t: (.*)", cpus.read_text())
    machine = f"{found[1] if found else platform.machine()}, {joblib.cpu_count()} cores"
    packages = ["numpy", "scipy", "scikit-learn", *map(PACKAGES.get, INSTALLED[1:])]
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    missing = ", ".join(name for name in PACKAGES if name not in INSTALLED)
    return (
        f"Taken on {datetime.date.today()}; {machine}; {versions}. All took turns in "
        "one process, in float32. `python -m benchmarks --output docs/benchmarks.md` "
        "makes this page."
        + (f" Not installed, so left out: {missing}." if missing else "")
        + (" **A quick run: too short to be quoted.**" if quick else "")
    )


def _comparisons(header, comparisons, unit_name, unit):
    """Return a table of rivals' times over ours, our time, and ours over bases."""
    timed = {name for seconds in comparisons.values() for name in seconds}
    rivals = [name for name in PACKAGES if name in timed]
    bases = [name for name in (LIMIT, BEFORE) if name in timed]
    rows = []
    for labels, seconds in comparisons.items():
        ours = seconds[OURS]
        row = [*labels, *(ratio(seconds.get(name), ours) for name in rivals)]
        row.append(number(np.median(ours) / unit))
        rows.append(row + [ratio(ours, seconds.get(name)) for name in bases])
    columns = [*rivals, f"{OURS}, {unit_name}", *(f"{OURS} over {b}" for b in bases)]
    return table([*header, *columns], rows, n_left=len(header))
