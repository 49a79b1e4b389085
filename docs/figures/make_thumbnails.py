"""Draw thumbnails for the documentation's first page and its gallery, from fits.

They have no text, and colours for a light and a dark page. Run it from anywhere; it
writes into ``thumbnails`` beside itself.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import load_digits, make_moons
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    TabularEncoder,
)

FOLDER = Path(__file__).with_name("thumbnails")
BLUE, ORANGE, GREY = "#2a8ac4", "#d55e00", "#8a8a8a"
COLORS = LinearSegmentedColormap.from_list("classes", [BLUE, "#b8b8b8", ORANGE])


def getting_started(ax):
    """Draw two classes and the probabilities between them."""
    X, y = make_moons(150, noise=0.2, random_state=0)
    network = RegMLPClassifier(alpha=0.003, keep_prob=1, max_iter=200, random_state=0)
    network.fit(X, y)
    x0, x1 = np.meshgrid(np.linspace(-2, 3, 60), np.linspace(-1.3, 1.8, 40))
    p = network.predict_proba(np.column_stack([x0.ravel(), x1.ravel()]))[:, 1]
    p = p.reshape(x0.shape)
    ax.contourf(x0, x1, p, np.linspace(0, 1, 8), cmap=COLORS, alpha=0.45)
    ax.contour(x0, x1, p, [0.5], colors=GREY, linewidths=2)
    ax.scatter(*X[y == 0].T, s=14, color=BLUE)
    ax.scatter(*X[y == 1].T, s=14, color=ORANGE, marker="^")


def user_guide(ax):
    """Draw training and validation losses, with and without regularisation."""
    X, y = load_digits(return_X_y=True)
    X, settings = X / 16, {"learning_rate": "constant", "n_iter_no_change": np.inf}
    settings |= {"max_iter": 150, "batch_size": 50, "random_state": 0}
    for color, regularisers in {
        BLUE: {"alpha": 0, "keep_prob": 1},
        ORANGE: {"alpha": 0.003, "keep_prob": 0.5},
    }.items():
        network = RegMLPClassifier(200, **regularisers, **settings)
        network.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
        ax.plot(network.loss_curve_, color=color, linewidth=1.5, linestyle="--")
        ax.plot(network.validation_loss_curve_, color=color, linewidth=2.5)
    ax.set_ylim(0, 0.9)


def trees(ax):
    """Draw a function as a network and as gradient boosting learn it."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 6, 150))
    y = np.sin(x) + 0.3 * rng.normal(size=len(x))
    grid = np.linspace(0, 6, 400)[:, None]
    boosting = HistGradientBoostingRegressor().fit(x[:, None], y)
    network = make_pipeline(TabularEncoder(), RegMLPRegressor(random_state=0))
    network.fit(x[:, None], y)
    ax.scatter(x, y, s=7, color=GREY, alpha=0.7)
    ax.plot(grid, boosting.predict(grid), color=BLUE, linewidth=1.8)
    ax.plot(grid, network.predict(grid), color=ORANGE, linewidth=3)


def encoding(ax):
    """Draw the piecewise-linear code of a skewed number."""
    x = np.random.default_rng(0).gamma(2, size=(1000, 1))
    encoder = TabularEncoder(n_bins=4).fit(x)
    grid = np.linspace(0, 7, 300)[:, None]
    for t, code in enumerate(encoder.transform(grid)[:, 1:].T):
        ax.plot(grid, code, color=COLORS(t / 3), linewidth=2.5)
    ax.hist(x, 40, density=True, color=GREY, alpha=0.35)


def committees(ax):
    """Draw the losses of the candidates of a race, rung by rung."""
    X, y = make_moons(400, noise=0.3, random_state=0)
    race = RegMLPClassifierCV(param_distributions="auto", random_state=0).fit(X, y)
    results = race.cv_results_
    last = np.max(results["iter"])
    for candidate in np.unique([str(p) for p in results["params"]]):
        mine = np.array([str(p) == candidate for p in results["params"]])
        epochs, losses = results["n_resources"][mine], -results["mean_test_score"][mine]
        style = {"color": GREY, "alpha": 0.8, "markersize": 3}
        if np.any(results["iter"][mine] == last):
            style = {"color": ORANGE, "linewidth": 2.5, "zorder": 3}
        ax.plot(epochs, losses, marker="o", **style)
    ax.set_xscale("log")


def gallery(ax):
    """Draw the interval between two quantiles of targets whose noise grows."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 6, 400))
    y = np.cos(x) + (0.1 + 0.12 * x) * rng.normal(size=len(x))
    grid = np.linspace(0, 6, 200)[:, None]
    network = RegMLPRegressor(loss="quantile", random_state=0)
    model = make_pipeline(TabularEncoder(), network)
    low, middle, high = (
        model.set_params(regmlpregressor__quantile=q).fit(x[:, None], y).predict(grid)
        for q in (0.05, 0.5, 0.95)
    )
    ax.fill_between(grid[:, 0], low, high, color=ORANGE, alpha=0.3)
    ax.plot(grid, middle, color=ORANGE, linewidth=2.5)
    ax.scatter(x, y, s=5, color=GREY, alpha=0.7)


def which_regulariser(ax):
    """Draw losses over the strength of a penalty, for three sizes of training sets."""
    X, y = make_moons(3000, noise=0.4, random_state=0)
    X = np.hstack([X, np.random.default_rng(0).normal(size=(3000, 8))])
    alphas, settings = np.geomspace(1e-4, 0.5, 9), {"keep_prob": 1, "random_state": 0}
    for color, n_rows in {GREY: 200, BLUE: 500, ORANGE: 1000}.items():
        losses = []
        for alpha in alphas:
            network = RegMLPClassifier(100, alpha=alpha, **settings)
            network.fit(X[:n_rows], y[:n_rows])
            losses.append(log_loss(y[1000:], network.predict_proba(X[1000:])))
        ax.plot(alphas, losses, color=color, linewidth=2.5, marker="o", markersize=5)
    ax.set_xscale("log")
    ax.set_yscale("log")


def main():
    """Draw them all."""
    plt.rcParams["svg.hashsalt"] = "thumbnails"  # the same files at every run
    FOLDER.mkdir(exist_ok=True)
    for draw in (
        getting_started,
        user_guide,
        trees,
        encoding,
        committees,
        gallery,
        which_regulariser,
    ):
        figure = plt.figure(figsize=(3.2, 1.8))
        ax = figure.add_axes((0, 0, 1, 1))
        draw(ax)
        ax.axis("off")
        ax.margins(0.03)
        path = FOLDER / f"{draw.__name__}.svg"
        figure.savefig(path, metadata={"Date": None}, transparent=True)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
