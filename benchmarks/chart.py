"""The charts of docs/quality.md, drawn from its tables.

``python -m benchmarks.chart docs/quality.md`` draws them again.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

GREY, ORANGE = "#7d7d7d", "#d55e00"  # legible on white and on black
OURS = {
    "RegMLP, encoder": "skreg, a network",
    "RegMLP committee, encoder": "skreg, a committee",
    "RegMLP committee, raced, encoder": "skreg, a race",
}
CHARTS = {
    "quality.svg": (
        "## Small tables of numbers",
        "test log-loss",
        {
            "LogisticRegression": "logistic regression",
            "MLPClassifier": "MLPClassifier",
            "HistGradientBoosting": "gradient boosting",
            "RealMLP-TD-S": "RealMLP",
            "TabM": "TabM",
            **OURS,
        },
    ),
    "quality_regression.svg": (
        "## Regression",
        "relative error",
        {
            "RidgeCV": "ridge regression",
            "MLPRegressor": "MLPRegressor",
            "HistGradientBoosting": "gradient boosting",
            **OURS,
        },
    ),
}
RELATIVE = {"quality_regression.svg"}
"""The charts whose error bars are relative: the table has those of logarithms."""


def read(page, heading):
    """Return seconds, loss and standard error by model, from the table of a section."""
    rows = page.split(f"{heading}\n")[1].split("\n## ")[0].splitlines()
    points = {}
    for row in [row for row in rows if row.startswith("|")][2:]:
        name, _, loss, seconds, _, difference, *_ = row.strip("| ").split(" | ")
        error = difference.split("±")[1]
        points[name] = float(seconds or "nan"), float(loss), float(error)
    return points


def draw(page, folder):
    """Draw the losses of the models of each chart, and the seconds of a fit beside."""
    plt.rcParams |= {"svg.hashsalt": "quality", "font.size": 10}
    plt.rcParams |= dict.fromkeys(
        ["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color",
         "ytick.color"], GREY,
    )  # fmt: skip
    for file, (heading, xlabel, labels) in CHARTS.items():
        if f"{heading}\n" not in page:
            continue
        points = {n: p for n, p in read(page, heading).items() if n in labels}
        size = 5.2, 0.9 + 0.27 * len(points)
        figure, axes = plt.subplots(
            1, 2, figsize=size, sharey=True, layout="constrained"
        )
        for y, (name, (seconds, loss, error)) in enumerate(points.items()):
            style = {"fmt": "o", "color": ORANGE if name in OURS else GREY}
            bar = error * loss if file in RELATIVE else error
            axes[0].errorbar(loss, y, xerr=bar, capsize=3, **style)
            axes[1].errorbar(seconds, y, **style)
        axes[0].set(yticks=range(len(points)), yticklabels=map(labels.get, points))
        for tick, name in zip(axes[0].get_yticklabels(), points, strict=True):
            tick.set_color(ORANGE if name in OURS else GREY)
        axes[0].invert_yaxis()
        axes[0].set_xlabel(xlabel)
        axes[1].set(xscale="log", xlabel="seconds of a fit")
        axes[1].xaxis.set_major_formatter("{x:g}")
        axes[1].minorticks_off()
        for ax in axes:
            ax.grid(color=GREY, alpha=0.3)
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / file, metadata={"Date": None}, transparent=True)
        plt.close(figure)


def main():
    """Draw the charts of a page beside it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chart")
    parser.add_argument("page", type=Path)
    page = parser.parse_args().page
    draw(page.read_text("utf-8"), page.parent / "figures")


if __name__ == "__main__":
    main()
