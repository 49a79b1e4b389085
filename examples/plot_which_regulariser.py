"""
Which regulariser when
======================

An L2 penalty, dropout and early stopping all keep a network from memorising its
training rows. Here each is turned up step by step, from off to too strong, on training
sets of three sizes. The best strength, and how much it gains, depend on the size.

The rows are synthetic, so that there are enough to test on: ten informative features
among thirty, and a tenth of the labels drawn at random.
"""

# sphinx_gallery_thumbnail_path = 'figures/thumbnails/which_regulariser.svg'

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss

from skreg import RegMLPClassifier

X, y = make_classification(
    n_samples=12000,
    n_features=30,
    n_informative=10,
    n_redundant=0,
    n_clusters_per_class=4,
    class_sep=1.2,
    flip_y=0.1,
    random_state=0,
)
X = X.astype(np.float32)
pool, choose, test = np.split(np.arange(len(X)), [6000, 9000])

# %%
# A validation curve for each
# ---------------------------
# Everything else is off: no penalty, no dropout, and 150 epochs at a constant rate.
# Early stopping holds out a tenth of the training rows; its strength is its patience,
# the number of epochs without improvement that it waits for. Every point is the mean
# over three draws of the training rows, every bar their standard deviation.

sizes = [100, 400, 1600]
grids = {
    "alpha": [0, 0.001, 0.01, 0.03, 0.1, 0.3],
    "keep_prob": [1.0, 0.8, 0.6, 0.4, 0.2],
    "n_iter_no_change": [np.inf, 30, 10, 3, 1],
}
titles = ["L2 penalty", "Dropout", "Early stopping"]
off = {
    "hidden_layer_sizes": 100,
    "alpha": 0,
    "keep_prob": 1.0,
    "n_iter_no_change": np.inf,
    "early_stopping": False,
    "tol": 0,
    "max_iter": 150,
    "batch_size": 32,
    "learning_rate": "constant",
    "learning_rate_init": 0.003,
}


def measure(size, draw, changes):
    """Return log-loss on the rows to choose by, then log-loss and accuracy on test."""
    rows = np.random.RandomState(draw).permutation(pool)[:size]
    network = RegMLPClassifier(**{**off, **changes}, random_state=draw)
    network.fit(X[rows], y[rows])
    return (
        log_loss(y[choose], network.predict_proba(X[choose])),
        log_loss(y[test], network.predict_proba(X[test])),
        network.score(X[test], y[test]),
    )


def measurements(size, name, value):
    """Return an array of shape (draws, measures)."""
    changes = {name: value}
    if name == "n_iter_no_change":
        changes["early_stopping"] = True
    return np.array([measure(size, draw, changes) for draw in range(3)])


plain = {
    size: np.array([measure(size, draw, {}) for draw in range(3)]) for size in sizes
}
results = {
    (name, size): np.array(
        [plain[size]] + [measurements(size, name, value) for value in values[1:]]
    )
    for name, values in grids.items()
    for size in sizes
}

# %%
# The log-loss penalises confident mistakes, which an overfitted network makes; the
# accuracy only counts mistakes.

looks = ["#E69F00 o -", "#009E73 s --", "#0072B2 ^ -."]
looks = dict(zip(sizes, (look.split() for look in looks), strict=True))
_, axes = plt.subplots(
    2, 3, figsize=(11, 6.5), sharex="col", sharey="row", layout="constrained"
)
for column, (name, values), title in zip(axes.T, grids.items(), titles, strict=True):
    for size, (color, marker, line) in looks.items():
        for ax, measured in zip(column, results[name, size].T[1:], strict=True):
            ax.errorbar(
                range(len(values)),
                measured.mean(axis=0),
                measured.std(axis=0),
                color=color,
                marker=marker,
                linestyle=line,
                capsize=2,
                elinewidth=1,
                label=f"{size} training rows",
            )
    column[0].set_title(title)
    column[1].set_xlabel(f"{name}, ever stronger")
    column[1].set_xticks(range(len(values)), ["off", *values[1:]])
axes[0, 0].set(yscale="log", ylabel="test log-loss")
axes[1, 0].set_ylabel("test accuracy")
axes[0, 2].legend()
axes[0, 0].set_yticks([0.5, 0.7, 1, 1.4], [0.5, 0.7, 1, 1.4])
axes[0, 0].minorticks_off()

# %%
# What each gains
# ---------------
# Now each is used at the strength that does best on rows set aside for this choice, and
# is tested on others.

best = {"off": [plain[size].mean(axis=0) for size in sizes]}
strength = {}
for (name, values), title in zip(grids.items(), titles, strict=True):
    means = [results[name, size].mean(axis=1) for size in sizes]
    chosen = [mean[:, 0].argmin() for mean in means]
    strength[title] = [values[i] for i in chosen]
    best[title] = [mean[i] for mean, i in zip(means, chosen, strict=True)]

_, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
styles = ["#000000 x :", "#0072B2 o -", "#D55E00 s --", "#009E73 ^ -."]
for (title, measured), style in zip(best.items(), styles, strict=True):
    color, marker, line = style.split()
    for ax, values in zip((left, right), np.transpose(measured)[1:], strict=True):
        ax.plot(sizes, values, color=color, marker=marker, linestyle=line, label=title)
for ax in (left, right):
    ax.set_xscale("log")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.set_xlabel("training rows")
left.set_ylabel("test log-loss")
right.set_ylabel("test accuracy")
left.legend()

print(f"{'training rows':16}" + "".join(f"{size:>24}" for size in sizes))
for title, measured in best.items():
    row = f"{title:16}"
    for i, (_, loss, accuracy) in enumerate(measured):
        at = f"({strength[title][i]:g}) " if title in strength else ""
        row += f"{at}{loss:.3f} / {accuracy:.3f}".rjust(24)
    print(row)
print("in each cell: (strength) test log-loss / accuracy")

# %%
# On these rows:
#
# - Without regularisation, more rows do not always lower the log-loss: the network
#   becomes more confident faster than it becomes better.
# - The **penalty** does well at every size, and can be weaker where there are more
#   rows. It costs nothing, so begin with it.
# - **Dropout** makes the network less confident, and here more of it is better. With
#   few rows it lowers the accuracy.
# - **Early stopping** is the cheapest, since it ends the fit. But it costs training
#   rows, and with few of them it decides by a handful. It does best where there are
#   rows to spare.

plt.show()
