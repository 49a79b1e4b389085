r"""
L2 and dropout on a small set
=============================

A network far too large for its 100 points is trained for far too long, four times:
without regularisation, with an L2 penalty, with dropout and with both. This page shows
what each does to the decision surface and to the weights.

The penalised objective is

.. math::

    J(W, b) = \frac{1}{n} \sum_{i=1}^n \ell(y_i, f(x_i))
              + \frac{\alpha}{2} \sum_l \|W_l\|^2 .

Dropout multiplies each hidden unit by :math:`m / p` in training, where :math:`m` is 1
with probability :math:`p` (``keep_prob``) and 0 otherwise, and does nothing at
prediction.
"""

# sphinx_gallery_thumbnail_path = 'figures/thumbnails/user_guide.svg'

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from skreg import RegMLPClassifier
from skreg.display import WeightHistogramDisplay

# %%
# The points
# ----------
# Half of the points lie in a flat cloud, the other half in two upright ones above and
# below it. The clouds overlap, so no sensible boundary separates all of them. Fresh
# points show what was learned rather than memorised: some monitor the training, others
# are for the test at the end.


def draw(rng, n):
    """Draw n points and their classes."""
    return (
        np.vstack(
            [
                rng.normal([0, 0], [2, 0.5], size=(n // 2, 2)),
                rng.normal([1, 2], [0.5, 1], size=(n // 4, 2)),
                rng.normal([0, -2], [0.5, 1], size=(n // 4, 2)),
            ]
        ),
        np.repeat([0, 1], n // 2),
    )


rng = np.random.RandomState(1234)
X, y = draw(rng, 100)
low, high = X.min(axis=0), X.max(axis=0)
X = 2 * (X - low) / (high - low) - 1
order = rng.permutation(np.arange(100))
X, y = X[order], y[order]

X_val, y_val = draw(rng, 1000)
X_test, y_test = draw(rng, 1000)
X_val, X_test = (2 * (part - low) / (high - low) - 1 for part in (X_val, X_test))

# %%
# Four networks
# -------------
# The penalty and the dropout of the defaults are turned off. The runs have a fixed
# length, by ``n_iter_no_change=inf``. Without ``early_stopping`` the validation loss is
# only recorded after every epoch.

settings = {
    "hidden_layer_sizes": (64, 128),
    "solver": "sgd",
    "alpha": 0,
    "keep_prob": 1,
    "batch_size": 16,
    "learning_rate": "constant",
    "learning_rate_init": 0.1,
    "learning_rate_decay": 0.0005,
    "momentum": 0.9,
    "max_iter": 2000,
    "tol": 0,
    "n_iter_no_change": np.inf,
    "dtype": "float64",
    "random_state": 0,
}
networks = {
    "plain": RegMLPClassifier(**settings),
    "L2": RegMLPClassifier(**settings | {"alpha": 0.003}),
    "dropout": RegMLPClassifier(**settings | {"keep_prob": 0.5}),
    "both": RegMLPClassifier(**settings | {"alpha": 0.003, "keep_prob": 0.5}),
}
for network in networks.values():
    network.fit(X, y, X_val=X_val, y_val=y_val)

n_weights = sum(W.size for W in networks["plain"].coefs_)
print(f"{n_weights} weights for {len(X)} points")

# %%
# The losses
# ----------
# Without regularisation the training loss falls to the end, and the validation loss
# turns early and climbs: the network is more and more certain of its mistakes. L2
# keeps both losses level. Dropout delays the turn. ``loss_curve_`` includes the
# penalty, which is subtracted here so that the losses can be compared. Each point is a
# mean over a twentieth of the epochs before it, since single epochs scatter.

styles = ["#0072B2 -", "#D55E00 --", "#009E73 :", "#CC79A7 -."]
epochs = np.unique(np.geomspace(1, settings["max_iter"], 60).astype(int))


def smooth(curve):
    return [np.mean(curve[epoch - 1 - epoch // 20 : epoch]) for epoch in epochs]


_, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for (name, network), style in zip(networks.items(), styles, strict=True):
    training_loss = np.array(network.loss_curve_) - network.penalty_curve_
    curves = smooth(training_loss), smooth(network.validation_loss_curve_)
    color, line = style.split()
    for ax, curve in zip(axes, curves, strict=True):
        ax.plot(epochs, curve, line, color=color, linewidth=2, label=name)
for ax, title in zip(axes, ["Training points", "Fresh points"], strict=True):
    ax.set(title=title, xlabel="epoch", xscale="log", yscale="log")
    ax.set_yticks([0.1, 0.2, 0.4, 0.8], [0.1, 0.2, 0.4, 0.8])
    ax.minorticks_off()
axes[0].set_ylabel("loss, without penalty")
_ = axes[0].legend(loc="lower left")

# %%
# Decision surfaces
# -----------------
# The line is where both classes are equally probable. Without regularisation it winds
# around single points, with steep slopes. With L2 it is smooth and the slopes are
# shallow; with dropout it is smooth, and they are not as shallow.

_, axes = plt.subplots(
    2, 2, figsize=(8, 7), sharex=True, sharey=True, layout="constrained"
)
corners = np.array([[-1.25, -1.25], [1.25, 1.25]])
for ax, (name, network) in zip(axes.flat, networks.items(), strict=True):
    surface = DecisionBoundaryDisplay.from_estimator(
        network,
        corners,
        eps=0,
        grid_resolution=250,
        response_method="predict_proba",
        class_of_interest=1,
        plot_method="pcolormesh",
        ax=ax,
        cmap="cividis",
        vmin=0,
        vmax=1,
    )
    ax.contour(surface.xx0, surface.xx1, surface.response, [0.5], colors="white")
    ax.scatter(*X[y == 0].T, color="white", edgecolor="black", label="class 0")
    ax.scatter(
        *X[y == 1].T, color="black", edgecolor="white", marker="^", label="class 1"
    )
    ax.set(title=name, xlabel="first feature", ylabel="second feature")
    ax.label_outer()
axes[0, 0].legend(loc="upper left")
_ = plt.colorbar(surface.surface_, ax=axes, label="probability of class 1", shrink=0.7)

# %%
# Weights
# -------
# The penalty drives most weights close to zero. Dropout hardly changes their
# distribution: it arranges weights of the same size differently. A few larger weights
# lie outside the figure.

histogram = WeightHistogramDisplay.from_estimator(
    networks, bins=np.linspace(-0.75, 0.75, 61)
)
_ = histogram.ax_.set_title("Distribution of the weights")

# %%
# Which is best?
# --------------
# Each restrains the network in its own way, by small weights or by units that cannot
# rely on one another, so the two are often combined.

print(f"{'':10}{'test log-loss':>15}{'test accuracy':>15}{'std of weights':>16}")
for name, network in networks.items():
    loss = log_loss(y_test, network.predict_proba(X_test))
    accuracy = network.score(X_test, y_test)
    spread = np.std(np.concatenate([W.ravel() for W in network.coefs_]))
    print(f"{name:10}{loss:>15.3f}{accuracy:>15.3f}{spread:>16.3f}")

plt.show()
