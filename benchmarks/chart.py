"""Charts for the pages, in colours that are legible on white and on black.

``python -m benchmarks.chart docs/quality.md`` draws those of quality again, from the
tables of the page.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.markdown import measured
from benchmarks.rivals import JAX, NUMBA, NUMPY, SKLEARN, TORCH

GREY, ORANGE, YELLOW = "#7d7d7d", "#d55e00", "#e69f00"
COLORS = {NUMBA: ORANGE, NUMPY: YELLOW}
MARKERS = {NUMBA: "o", NUMPY: "o", TORCH: "s", JAX: "D", SKLEARN: "^"}
QUALITY = {"small": ("quality.svg", "test log-loss")}
QUALITY["regression"] = "quality_regression.svg", "relative error"
"""File and label of a chart, by group of tables."""
LABELS = {name: name for name in ["MLPClassifier", "MLPRegressor", "TabM"]} | {
    "LogisticRegression": "logistic regression",
    "RidgeCV": "ridge regression",
    "HistGradientBoosting": "gradient boosting",
    "HistGradientBoosting, early stopping": "boosting, early stopping",
    "RealMLP-TD-S": "RealMLP",
    "RealMLP-TD-S, for log-loss": "RealMLP for log-loss",
    "CatBoost-TD": "CatBoost",
    "CatBoost-TD, for log-loss": "CatBoost for log-loss",
    "RegMLP, encoder": "skreg, a network",
    "RegMLP committee, encoder": "skreg, a committee",
    "RegMLP committee, raced, encoder": "skreg, a race",
}
"""The models of the charts of quality."""
plt.style.use(Path(__file__).with_name("chart.mplstyle"))


def draw_steps(steps, file):
    """Draw the time of a step without dropout, by rival and by labels of the work."""
    plain = {key[:2]: times for key, times in steps.items() if key[2] == "none"}
    works = [*dict.fromkeys(work for work, _ in plain)]
    solvers = [*dict.fromkeys(solver for _, solver in plain)]
    figure, axes = plt.subplots(
        1, len(solvers), figsize=(7, 0.8 + 0.4 * len(works)), sharey=True, squeeze=False
    )
    for ax, solver in zip(axes[0], solvers, strict=True):
        for name, marker in MARKERS.items():
            shown = [work for work in works if name in plain[work, solver]]
            medians = [np.median(plain[work, solver][name]) * 1e6 for work in shown]
            ax.plot(medians, shown, marker, color=COLORS.get(name, GREY), label=name)
        ax.set(title=solver, xscale="log", xlabel="µs per step")
    axes[0, 0].invert_yaxis()
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(file, metadata={"Date": None})


def draw_quality(page):
    """Draw the losses of models and the seconds of a fit, from the tables of a page."""
    for group, (file, xlabel) in QUALITY.items():
        _, table, _ = measured(page.read_text("utf-8"), group)
        rows = [row.strip("| ").split(" | ") for row in table.splitlines()]
        rows = [row for row in rows if row[0] in LABELS]
        size = 5.2, 0.9 + 0.27 * len(rows)
        figure, (left, right) = plt.subplots(1, 2, figsize=size, sharey=True)
        for name, _, loss, seconds, _, difference, *_ in rows:
            error = float(difference.split("±")[1])
            if group == "regression":  # the table has that of the logarithm
                error *= float(loss)
            label = LABELS[name]
            color = ORANGE if label.startswith("skreg") else GREY
            left.errorbar(float(loss), label, xerr=error, fmt="o", color=color)
            right.plot(float(seconds or "nan"), label, "o", color=color)
            left.get_yticklabels()[-1].set_color(color)
        left.invert_yaxis()
        left.set_xlabel(xlabel)
        right.set(xscale="log", xlabel="seconds of a fit")
        right.xaxis.set_major_formatter("{x:g}")
        right.minorticks_off()
        figure.savefig(page.parent / "figures" / file, metadata={"Date": None})


if __name__ == "__main__":
    draw_quality(Path(sys.argv[1]))
