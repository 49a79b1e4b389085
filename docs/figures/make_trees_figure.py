"""Draw trees.svg: networks and gradient boosting where one of them has the advantage.

All data are made. Each point is the mean of three sets of rows; its bar is the standard
error. Takes minutes on one core. Run it from anywhere; it writes beside itself.
"""

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import sem
from sklearn.ensemble import HistGradientBoostingClassifier as HGBClassifier
from sklearn.ensemble import HistGradientBoostingRegressor as HGBRegressor
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    RegMLPRegressorCV,
    TabularEncoder,
)

TARGET = Path(__file__).with_name("trees.svg")
SEEDS, N_TRAIN, N_TEST = range(3), 2000, 5000
GREY, BLUE, ORANGE = "#7d7d7d", "#2a8ac4", "#d55e00"  # legible on white and on black


def friedman(X):
    """Return Friedman's smooth function of five features, standardised."""
    f = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    return (f + 10 * X[:, 3] + 5 * X[:, 4] - 14.4) / 4.9


def smooth_classes(rng, n_train):
    """Return rows of ten features, five of them without use, and noisy classes."""
    X = rng.random((n_train + N_TEST, 10))
    return X, (rng.random(len(X)) < expit(2 * friedman(X))).astype(int)


def useless_features(rng, n_useless):
    """Return rows in which five features count, among others, and noisy numbers."""
    X = rng.random((N_TRAIN + N_TEST, 5 + n_useless))
    return X, friedman(X) + 0.2 * rng.normal(size=len(X))


def boxes(rng, n_cuts):
    """Return the numbers of a random chequered pattern on two of five features."""
    X = rng.random((N_TRAIN + N_TEST, 5))
    row, column = (X[:, :2] * n_cuts).astype(int).T
    heights = rng.normal(size=(n_cuts, n_cuts))
    return X, heights[row, column] + 0.2 * rng.normal(size=len(X))


def categories(rng, n_values):
    """Return the numbers of a category with an effect per value, and two features."""
    X = rng.random((N_TRAIN + N_TEST, 2))
    values = rng.integers(n_values, size=len(X))
    y = rng.normal(size=n_values)[values] + 2 * X[:, 0] * X[:, 1]
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(c=pd.Categorical(values))
    return frame, y + 0.5 * rng.normal(size=len(X))


CLASSIFIERS = {
    "gradient boosting": HGBClassifier(),
    "the same, early stopping": HGBClassifier(early_stopping=True),
    "skreg, a network": make_pipeline(TabularEncoder(), RegMLPClassifier()),
    "skreg, a committee": make_pipeline(TabularEncoder(), RegMLPClassifierCV()),
}
REGRESSORS = {
    "gradient boosting": HGBRegressor(),
    "the same, early stopping": HGBRegressor(early_stopping=True),
    "skreg, a network": make_pipeline(TabularEncoder(), RegMLPRegressor()),
    "skreg, a committee": make_pipeline(TabularEncoder(), RegMLPRegressorCV()),
}
PANELS = {
    "smooth, more rows": (smooth_classes, [100, 300, 1000, 3000, 10_000, 30_000]),
    "smooth, more features": (useless_features, [0, 10, 30, 100]),
    "jumps": (boxes, [2, 4, 8, 16]),
    "categories": (categories, [10, 30, 100, 200]),
}
XLABELS = ["training rows", "features of no use", "steps per feature", "their number"]
LOOKS = dict(
    zip(
        CLASSIFIERS,
        [("o", BLUE, "-"), ("s", BLUE, "--"), ("^", ORANGE, "--"), ("D", ORANGE, "-")],
        strict=True,
    )
)


def measure(model, make, value, seed):
    """Return the test loss and the seconds of a fit."""
    X, y = make(np.random.default_rng(seed), value)
    states = [key for key in model.get_params() if key.endswith("random_state")]
    model.set_params(**dict.fromkeys(states, seed))
    start = time.process_time()
    model.fit(X[:-N_TEST], y[:-N_TEST])
    seconds = time.process_time() - start
    X, y = X[-N_TEST:], y[-N_TEST:]
    if make is smooth_classes:
        return log_loss(y, model.predict_proba(X)), seconds
    return (1 - model.score(X, y)) ** 0.5, seconds


def curve(ax, name, values, results):
    """Draw the mean over the seeds, the last axis, and its standard error."""
    marker, color, line = LOOKS[name]
    style = {"marker": marker, "color": color, "linestyle": line, "markersize": 4.5}
    mean, error = results.mean(axis=1), sem(results, axis=1)
    ax.errorbar(values, mean, error, capsize=2, label=name, linewidth=1.3, **style)


@threadpool_limits.wrap(limits=1)
def main():
    """Fit all models to all data and draw their losses; for the first, the time too."""
    plt.rcParams["svg.hashsalt"] = "trees"  # the same file at every run
    plt.rcParams |= dict.fromkeys(
        ["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color",
         "ytick.color"], GREY,
    )  # fmt: skip
    figure, axes = plt.subplots(3, 2, figsize=(6, 7.5), layout="constrained")
    axes = iter(axes.flat)
    for (title, (make, values)), xlabel in zip(PANELS.items(), XLABELS, strict=True):
        classes = make is smooth_classes
        loss_ax, time_ax = next(axes), next(axes) if classes else None
        for name, model in (CLASSIFIERS if classes else REGRESSORS).items():
            results = np.array(
                [[measure(model, make, v, s) for s in SEEDS] for v in values]
            )
            print(title, name, *results.mean(axis=1).round(3).tolist())
            curve(loss_ax, name, values, results[..., 0])
            if time_ax:
                curve(time_ax, name, values, results[..., 1])
        loss_ax.set(title=title, xlabel=xlabel)
        loss_ax.set_ylabel("test log-loss" if classes else "relative error")
        loss_ax.set_xscale("symlog" if 0 in values else "log", base=10)
        ticks = values[::2] if classes else values
        loss_ax.set_xticks(ticks, [f"{v:,}" for v in ticks])
        loss_ax.minorticks_off()
        if time_ax:
            time_ax.set(title="and their time", xlabel=xlabel)
            time_ax.set(ylabel="seconds of a fit", xscale="log", yscale="log")
            time_ax.set_xticks(ticks, [f"{v:,}" for v in ticks])
            time_ax.yaxis.set_major_formatter("{x:g}")
            time_ax.minorticks_off()
    last = next(axes)
    last.axis("off")
    last.legend(*loss_ax.get_legend_handles_labels(), loc="center", frameon=False)
    figure.savefig(TARGET, metadata={"Date": None}, transparent=True)


if __name__ == "__main__":
    main()
