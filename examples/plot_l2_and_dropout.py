r"""
L2 and dropout on a small set
=============================

A network far too large for its 100 points is trained for far too long, four times:
without regularisation, with an L2 penalty, with dropout and with both. What each does
to the decision surface and to the weights can then be seen, and measured.

The penalised objective is

.. math::

    J(W, b) = \frac{1}{n} \sum_{i=1}^n \ell(y_i, f(x_i))
              + \frac{\alpha}{2} \sum_l \|W_l\|^2 .

Dropout multiplies each hidden unit by :math:`m / p` in training, where :math:`m` is 1
with probability :math:`p` (``keep_prob``) and 0 otherwise, and does nothing at
prediction. Points, network and settings are those of a tutorial on the subject, whose
observations are checked one by one at the end.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from sklearn.inspection import DecisionBoundaryDisplay

from skreg import RegMLPClassifier
from skreg.display import TrainingCurveDisplay, WeightHistogramDisplay

# %%
# The points
# ----------
# Half of the points lie in a flat cloud, the other half in two upright ones above and
# below it. The clouds overlap, so no honest boundary separates all of them. Since it is
# known where the points come from, fresh ones can be drawn to see what was learned
# rather than memorised.


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

X_fresh, y_fresh = draw(rng, 1000)
X_fresh = 2 * (X_fresh - low) / (high - low) - 1

# %%
# Four networks
# -------------
# The penalty and the dropout that are there by default are turned off. The runs have a
# fixed length: with ``n_iter_no_change=inf`` nothing stops them before their last
# epoch. With ``early_stopping=False`` the fresh points only watch: their loss is
# recorded after every epoch.

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
    network.fit(X, y, X_val=X_fresh, y_val=y_fresh)

n_weights = sum(W.size for W in networks["plain"].coefs_)
print(f"{n_weights} weights for {len(X)} points\n")
print(f"{'accuracy':10}{'training':>10}{'fresh':>10}")
for name, network in networks.items():
    accuracies = network.score(X, y), network.score(X_fresh, y_fresh)
    print(f"{name:10}" + "".join(f"{accuracy:>10.3f}" for accuracy in accuracies))

# %%
# Cost curves
# -----------
# Thin lines are the objective as the optimizer meets it, with the penalty and the noise
# of dropout in it, so they cannot be compared with one another. The thick ones are the
# bare loss on the fresh points, and can. Without regularisation it turns early and
# climbs for the rest of the run, while the training loss goes on falling: the network
# becomes ever surer of things that are not so.

_, ax = plt.subplots(figsize=(8, 5), layout="constrained")
display = TrainingCurveDisplay.from_estimator(networks, ax=ax, log_scale=True)
_ = ax.set(xscale="log", title="Loss in training and on fresh points")

# %%
# Decision surfaces
# -----------------
# The line is where both classes are equally probable. Its length says how much it
# winds, and the steepness of the surface along it how sure the network is of its
# course. Both are measured on a grid.

_, axes = plt.subplots(
    2, 2, figsize=(9, 8), sharex=True, sharey=True, layout="constrained"
)
looks = {
    0: {"marker": "o", "color": "white", "edgecolor": "black"},
    1: {"marker": "^", "color": "black", "edgecolor": "white"},
}
halo = [withStroke(linewidth=4, foreground="black")]
length, steepness = {}, {}
for ax, (name, network) in zip(axes.flat, networks.items(), strict=True):
    surface = DecisionBoundaryDisplay.from_estimator(
        network,
        np.array([[-1.25, -1.25], [1.25, 1.25]]),
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
    x1, x2, p = surface.xx0, surface.xx1, surface.response
    boundary = ax.contour(x1, x2, p, levels=[0.5], colors="white", linewidths=2)
    boundary.set(path_effects=halo)
    for label, look in looks.items():
        points = X[y == label]
        ax.scatter(*points.T, s=36, linewidth=0.8, label=f"class {label}", **look)
    ax.set(title=name, xlabel="", ylabel="")

    pieces = boundary.allsegs[0]
    length[name] = sum(np.linalg.norm(np.diff(q, axis=0), axis=1).sum() for q in pieces)
    slope = np.hypot(*np.gradient(p, x2[:, 0], x1[0]))
    steepness[name] = slope[abs(p - 0.5) < 0.2].mean()
axes[0, 0].legend(loc="upper left")
for ax in axes[1]:
    ax.set_xlabel("first feature")
for ax in axes[:, 0]:
    ax.set_ylabel("second feature")
_ = plt.colorbar(surface.surface_, ax=axes, label="probability of class 1", shrink=0.7)

# %%
# Weights
# -------
# The penalty drives most weights to the neighbourhood of zero. Dropout hardly changes
# their distribution: what it makes of the network is another arrangement of weights of
# the same size. A few larger weights lie outside of the figure.

histogram = WeightHistogramDisplay.from_estimator(
    networks, bins=np.linspace(-0.75, 0.75, 61)
)
_ = histogram.ax_.set_title("Distribution of the weights")

# %%
# What the lesson says, checked
# -----------------------------
# Every figure below was computed above.

weights = {
    name: np.concatenate([W.ravel() for W in network.coefs_])
    for name, network in networks.items()
}
spread = {name: w.std() for name, w in weights.items()}
edges = np.linspace(-3, 3, 121)
shares = {name: np.histogram(w, edges)[0] / len(w) for name, w in weights.items()}


def overlap(one, other):
    """Return what two histograms have in common: 1 if they are equal."""
    return np.minimum(shares[one], shares[other]).sum()


def check(claim, holds, evidence):
    print(f"[{'x' if holds else ' '}] {claim}\n      {evidence}")


training = {name: network.score(X, y) for name, network in networks.items()}
final = {name: network.validation_loss_curve_[-1] for name, network in networks.items()}
least = {
    name: min(network.validation_loss_curve_) for name, network in networks.items()
}

check(
    "Without regularisation the network fits the training points best",
    training["plain"] > max(training[name] for name in ("L2", "dropout", "both")),
    ", ".join(f"{name} {training[name]:.0%}" for name in networks),
)
check(
    "and by single points: its boundary is the most winding",
    length["plain"] > max(length[name] for name in ("L2", "dropout", "both")),
    "length: " + ", ".join(f"{name} {length[name]:.2f}" for name in networks),
)
check(
    "With L2 the slopes are shallower",
    steepness["L2"] < steepness["plain"],
    f"steepness: plain {steepness['plain']:.1f}, L2 {steepness['L2']:.1f}",
)
check(
    "and the weights crowd around zero",
    spread["L2"] < spread["plain"] / 2,
    f"standard deviation: plain {spread['plain']:.3f}, L2 {spread['L2']:.3f}",
)
check(
    "With dropout the boundary is smoother, but the slopes are not as shallow",
    length["dropout"] < length["plain"]
    and steepness["dropout"] > 1.5 * steepness["L2"],
    f"length: {length['dropout']:.2f}; steepness: dropout {steepness['dropout']:.1f}, "
    f"L2 {steepness['L2']:.1f}",
)
check(
    "and the weights are distributed as without regularisation",
    overlap("plain", "dropout") > 0.9,
    f"common to the histograms of plain and dropout {overlap('plain', 'dropout'):.0%}, "
    f"of plain and L2 {overlap('plain', 'L2'):.0%}",
)
check(
    "Dropout delays overfitting, and does not end it",
    least["dropout"] < final["dropout"] < final["plain"],
    f"fresh loss, least and last: plain {least['plain']:.2f}, {final['plain']:.2f}; "
    f"dropout {least['dropout']:.2f}, {final['dropout']:.2f}",
)
check(
    "which is why the two are often combined",
    final["both"] < min(final["L2"], final["dropout"]),
    "last fresh loss: " + ", ".join(f"{name} {final[name]:.2f}" for name in networks),
)

plt.show()
