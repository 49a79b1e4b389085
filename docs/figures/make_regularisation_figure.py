"""Draw regularisation.png, the figure of the README.

An oversized network on 100 points, as in ``examples/plot_l2_and_dropout.py``: plain,
with an L2 penalty and with dropout. Run it from anywhere; it writes beside itself.
"""

from io import BytesIO
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from PIL import Image
from sklearn.inspection import DecisionBoundaryDisplay

from skreg import RegMLPClassifier

TARGET = Path(__file__).with_name("regularisation.png")
SETTINGS = {
    "hidden_layer_sizes": (64, 128),
    "solver": "sgd",
    "alpha": 0,
    "keep_prob": 1,
    "batch_size": 16,
    "learning_rate": "constant",
    "learning_rate_init": 0.1,
    "learning_rate_decay": 0.0005,
    "max_iter": 2000,
    "tol": 0,
    "n_iter_no_change": np.inf,
    "dtype": "float64",
    "random_state": 0,
}
NETWORKS = {
    "plain": RegMLPClassifier(**SETTINGS),
    "alpha=0.003": RegMLPClassifier(**SETTINGS | {"alpha": 0.003}),
    "keep_prob=0.5": RegMLPClassifier(**SETTINGS | {"keep_prob": 0.5}),
}
LOOKS = {
    0: {"marker": "o", "color": "white", "edgecolor": "black"},
    1: {"marker": "^", "color": "black", "edgecolor": "white"},
}


def draw(rng, n):
    """Draw n points of a flat cloud between two upright ones, and their classes."""
    flat = rng.normal([0, 0], [2, 0.5], size=(n // 2, 2))
    above = rng.normal([1, 2], [0.5, 1], size=(n // 4, 2))
    below = rng.normal([0, -2], [0.5, 1], size=(n // 4, 2))
    return np.vstack([flat, above, below]), np.repeat([0, 1], n // 2)


def main():
    """Fit the three networks and draw their surfaces side by side."""
    rng = np.random.RandomState(1234)
    X, y = draw(rng, 100)
    low, high = X.min(axis=0), X.max(axis=0)
    X = 2 * (X - low) / (high - low) - 1
    order = rng.permutation(np.arange(100))
    X, y = X[order], y[order]
    X_fresh, y_fresh = draw(rng, 20_000)
    X_fresh = 2 * (X_fresh - low) / (high - low) - 1

    _, axes = plt.subplots(1, 3, figsize=(7.5, 3.4), layout="constrained")
    for ax, (name, network) in zip(axes, NETWORKS.items(), strict=True):
        network.fit(X, y)
        surface = DecisionBoundaryDisplay.from_estimator(
            network,
            np.array([[-1.05, -1.05], [1.05, 1.05]]),
            eps=0,
            grid_resolution=300,
            response_method="predict_proba",
            class_of_interest=1,
            levels=np.linspace(0, 1, 11),
            ax=ax,
            cmap="cividis",
        )
        boundary = ax.contour(
            surface.xx0, surface.xx1, surface.response, [0.5], colors="white"
        )
        halo = withStroke(linewidth=3.5, foreground="black")
        boundary.set(path_effects=[halo], linewidth=1.8)
        for label, look in LOOKS.items():
            ax.scatter(*X[y == label].T, s=30, linewidth=0.7, **look)
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.set_title(name, fontsize=15, family="monospace")
        ax.set_xlabel(
            f"{network.score(X, y):.0%} of these right,\n"
            f"{network.score(X_fresh, y_fresh):.0%} of fresh points",
            fontsize=13,
        )
    picture = BytesIO()
    plt.savefig(picture, dpi=140)
    # 64 colours are enough, and a third of the size.
    Image.open(picture).convert("RGB").quantize(64).save(TARGET, optimize=True)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
