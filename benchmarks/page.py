"""The results as a page and a chart, ratios first."""

import datetime
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

from benchmarks.committees import BATCHED, WORK
from benchmarks.markdown import number, ratio, table
from benchmarks.rivals import BEFORE, INSTALLED, LIMIT, NUMBA, NUMPY, PACKAGES
from benchmarks.works import KEEP_PROB

READING = f"""\
Columns with × have a rival's time over that of the column in µs or s: above 1, the
latter is faster. Ratios are medians over the rounds, with the quartiles behind them.
The number behind a network is its batch size. Compilation and what a fit costs before
its first epoch are left out.

*The limit* is the matrix products that a step cannot avoid, on the same BLAS; for
`batch`, those of the network that remains on average. Dropout keeps a hidden unit with
probability {KEEP_PROB}. PyTorch and JAX have no `batch`: `sample` stands in for it. All
train alike, but PyTorch and JAX penalise the biases, too."""
COMMITTEES = f"""\
Networks of {"-".join(map(str, WORK.layer_sizes))} units, each trained by adam for
{WORK.n_epochs} epochs on its part of {WORK.n_rows} rows. Those of skreg are a
`RegMLPClassifierCV` with `n_jobs=2`, which also validates each on its fold after every
epoch: threads with the numba engine, processes with the NumPy engine. (One network is a
`RegMLPClassifier` with early stopping.) *{BATCHED}* trains all at once by batched
products, and validates none."""


def page(steps, workflows, committees, peaks, quick):
    """Return Markdown, from seconds by labels and rival, and peaks by rival."""
    parts = ["# Benchmarks", _opening(quick), "## A step of training"]
    if not quick:
        parts.append("![Time of a step by rival](figures/benchmarks.svg)")
    parts += [_comparisons(["Work", "solver", "dropout"], steps, "µs", 1e-6), READING]
    if committees:
        parts += ["## Committees", _comparisons(["Size"], committees, "s", 1)]
        parts.append(COMMITTEES)
    if workflows:
        rows = [[name, number(peak / 2**20)] for name, peak in peaks.items()]
        parts += ["## Workflows", _comparisons(["Work", "size"], workflows, "s", 1)]
        parts += ["## Peak memory of a fit, beyond X", table(["", "MiB"], rows)]
    return "\n\n".join(parts) + "\n"


def draw(steps, file):
    """Draw the time of a step without dropout, over that of the fastest engine."""
    import matplotlib.pyplot as plt

    grey, ours = "#7d7d7d", ("#d55e00", "#e69f00")  # legible on white and on black
    keys = "text.color axes.edgecolor axes.labelcolor xtick.color ytick.color"
    plt.rcParams |= {"svg.hashsalt": "skreg", "font.size": 10}
    plt.rcParams |= dict.fromkeys(keys.split(), grey)
    plain = {key[:2]: times for key, times in steps.items() if key[2] == "none"}
    works = [*dict.fromkeys(work for work, _ in plain)]
    solvers = [*dict.fromkeys(solver for _, solver in plain)]
    figure, axes = plt.subplots(
        1, len(solvers), figsize=(7, 0.8 + 0.4 * len(works)), sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    markers = {NUMBA: "o", NUMPY: "o", "PyTorch": "s", "JAX": "D", "MLPClassifier": "^"}
    colors = dict(zip((NUMBA, NUMPY), ours, strict=True))
    for ax, solver in zip(axes[0], solvers, strict=True):
        for name, marker in markers.items():
            places = [k for k, work in enumerate(works) if name in plain[work, solver]]
            medians = [np.median(plain[works[k], solver][name]) * 1e6 for k in places]
            ax.plot(medians, places, marker, color=colors.get(name, grey), label=name)
        ax.set(
            title=solver, xscale="log", xlabel="µs per step", yticks=range(len(works))
        )
        ax.set_yticklabels(works)
        ax.grid(color=grey, alpha=0.3)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[0, 0].invert_yaxis()
    axes[0, -1].legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(file, metadata={"Date": None}, transparent=True)
    plt.close(figure)


def _opening(quick):
    cpus = Path("/proc/cpuinfo")
    found = cpus.exists() and re.search("model name\t: (.*)", cpus.read_text())
    machine = f"{found[1] if found else platform.machine()}, {joblib.cpu_count()} cores"
    packages = ["numpy", "scipy", "scikit-learn", *map(PACKAGES.get, INSTALLED[1:])]
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    missing = ", ".join(name for name in PACKAGES if name not in INSTALLED)
    options = re.sub("--output \\S+", "", " ".join(sys.argv[1:])).strip()
    command = f"python -m benchmarks {options} --output docs/benchmarks.md"
    return (
        f"Taken on {datetime.date.today()}; {machine}; {versions}. All took turns in "
        f"one process, in float32. `{' '.join(command.split())}` makes this page."
        + (f" Not installed, so left out: {missing}." if missing else "")
        + (" **A quick run: too short to be quoted.**" if quick else "")
    )


def _comparisons(header, comparisons, unit_name, unit):
    """Return a table of times over those of the faster engine, which it gives, too."""
    timed = {name for seconds in comparisons.values() for name in seconds}
    ours = NUMBA if NUMBA in timed else NUMPY
    rivals = [name for name in (*PACKAGES, BATCHED, NUMPY, BEFORE) if name in timed]
    rivals.remove(ours)
    rows = []
    for labels, seconds in comparisons.items():
        own = seconds[ours]
        row = [*labels, *(ratio(seconds.get(name), own) for name in rivals)]
        row.append(number(np.median(own) / unit))
        if LIMIT in timed:
            row.append(ratio(own, seconds.get(LIMIT)))
        rows.append(row)
    columns = [*rivals, f"{ours}, {unit_name}"]
    if LIMIT in timed:
        columns.append(f"{ours} over limit")
    return table([*header, *columns], rows, n_left=len(header))
