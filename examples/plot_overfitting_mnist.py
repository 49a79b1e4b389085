"""
Overfitting, early stopping, dropout and batches
================================================

A network memorises a few images of handwritten digits, and does worse on images that
it has not seen: it has learned noise along with the signal. This page follows chapter 8
of A. Trask, "Grokking Deep Learning", Manning 2019, on the remedies: stop in time, drop
hidden units at random, average several networks. It ends with batches, which are about
speed.

The images are scikit-learn's digits; or MNIST, if the environment variable
``SKREG_MNIST`` names an ``.npz`` file of it, with the arrays ``X_train``, ``y_train``,
``X_test`` and ``y_test``.
"""

import os
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skreg import RegMLPClassifier
from skreg.display import TrainingCurveDisplay

# %%
# The images
# ----------
# There are three parts. The networks learn from the training images; the validation
# images are monitored meanwhile, and decide when to stop; the test images are used once
# for each network, at the end.

if path := os.environ.get("SKREG_MNIST"):
    n_training, n_epochs = 1000, 40
    with np.load(path) as arrays:
        images, labels = arrays["X_train"][:2000], arrays["y_train"][:2000]
        X_test, y_test = arrays["X_test"], arrays["y_test"]
else:
    n_training, n_epochs = 200, 120
    images, X_test, labels, y_test = train_test_split(
        *load_digits(return_X_y=True), train_size=800, random_state=0
    )
X, X_val, X_test = (
    (part.reshape(len(part), -1) / images.max()).astype(np.float32)
    for part in (images[:n_training], images[n_training:], X_test)
)
y, y_val = labels[:n_training], labels[n_training:]
print(f"{len(X)} training, {len(X_val)} validation and {len(X_test)} test images")

# %%
# Memorised
# ---------
# One hidden layer of 100 units, one image per step and no regularisation: the penalty
# and the dropout of the defaults are turned off. The fit has a fixed length, by
# ``n_iter_no_change=inf``.

settings = {
    "hidden_layer_sizes": 100,
    "solver": "sgd",
    "alpha": 0,
    "keep_prob": 1,
    "batch_size": 1,
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
    "momentum": 0,
    "max_iter": n_epochs,
    "tol": 0,
    "n_iter_no_change": np.inf,
    "scoring": "accuracy",
    "random_state": 0,
}

plain = RegMLPClassifier(**settings).fit(X, y, X_val=X_val, y_val=y_val)
print(f"accuracy on the training images   {plain.score(X, y):.3f}")
print(f"accuracy on the validation images {plain.score(X_val, y_val):.3f}")

# %%
# Worse by training more
# ----------------------
# The loss on the training images falls to the end. That on the validation images stops
# falling, and slowly rises: from there on the network learns the noise of its training
# images, and becomes surer where it is wrong. The accuracy, which ignores how sure it
# is, hardly changes.

watched = TrainingCurveDisplay.from_estimator(plain, log_scale=True)
watched.ax_.set_title("Without regularisation")
_ = watched.score_ax_.set_ylabel("validation accuracy")

losses, scores = plain.validation_loss_curve_, plain.validation_scores_
print(f"lowest validation loss {min(losses):.3f}, in epoch {np.argmin(losses) + 1}")
print(f"last validation loss   {losses[-1]:.3f}, in epoch {len(losses)}")
print(f"best validation accuracy {max(scores):.3f}, {scores[-1]:.3f} in the last epoch")

# %%
# Stop in time
# ------------
# The simplest remedy ends the fit when the validation loss has not fallen for a while,
# and takes the weights of the best epoch.

stopping = {
    **settings,
    "early_stopping": True,
    "scoring": "loss",
    "n_iter_no_change": 10,
}
stopped = RegMLPClassifier(**stopping).fit(X, y, X_val=X_val, y_val=y_val)
print(f"stopped after {stopped.n_iter_} epochs; the best was {stopped.best_iter_}")

# %%
# Dropout
# -------
# Each hidden unit is left out of a step with probability one half. So every step trains
# a different small network, and small networks have no room for the noise. Training is
# slower, and reaches a lower validation loss.

dropout = RegMLPClassifier(**settings | {"keep_prob": 0.5})
dropout.fit(X, y, X_val=X_val, y_val=y_val)

_, ax = plt.subplots(layout="constrained")
TrainingCurveDisplay.from_estimator(
    {"no regularisation": plain, "dropout": dropout}, ax=ax, log_scale=True
)
_ = ax.set_title("Dropout narrows the gap between training and validation")

# %%
# Average several networks
# ------------------------
# Networks that start from different weights learn the same signal first, and then each
# its own noise. In the mean of their probabilities part of the noise cancels. Dropout,
# which trains many networks in one, has a part of this gain; a committee such as
# `skreg.RegMLPClassifierCV` has more of it.

networks = [plain] + [
    RegMLPClassifier(**settings | {"random_state": seed}).fit(X, y)
    for seed in range(1, 5)
]
probabilities = [network.predict_proba(X_val) for network in networks]
alone = [log_loss(y_val, p) for p in probabilities]
mean = log_loss(y_val, np.mean(probabilities, axis=0))
print("validation loss")
print(f"  each of five networks {', '.join(f'{loss:.3f}' for loss in alone)}")
print(f"  their mean            {mean:.3f}")

# %%
# Batches
# -------
# A step can average over several images. The average is less noisy than a single image,
# so it allows a larger learning rate; at the same rate an epoch, which then has fewer
# steps, makes less progress. The gain is time.

sizes = [1, 8, 32, 100]
rate = settings["learning_rate_init"]


def in_batches(size, rate):
    """Return a network with dropout, and milliseconds per epoch."""
    changes = {"batch_size": size, "learning_rate_init": rate, "keep_prob": 0.5}
    network = RegMLPClassifier(**settings | changes)
    start = perf_counter()
    network.fit(X, y)
    return network, 1000 * (perf_counter() - start) / network.n_iter_


same, times = zip(*(in_batches(size, rate) for size in sizes), strict=True)
grown = [same[0], *(in_batches(size, rate * size)[0] for size in sizes[1:])]

_, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for networks, style, label in [
    (grown, "o-", "rate grows with the batch"),
    (same, "s--", "same learning rate"),
]:
    scores = [network.score(X_val, y_val) for network in networks]
    left.plot(sizes, scores, style, label=label)
left.set(ylabel="validation accuracy", title=f"After {settings['max_iter']} epochs")
left.legend()
right.plot(sizes, times, "o-")
right.set(ylabel="milliseconds per epoch", ylim=(0, None), title="Time")
for ax in (left, right):
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.set_xlabel("images per batch")

# %%
# The test
# --------
# Now all choices are made, and the test images are used. The last column has the test
# accuracies of the chapter, on MNIST. Its networks are weaker than these: they have no
# biases, and fit the labels by least squares.

rows = {
    "no regularisation": (plain, "0.823"),
    "stopped early": (stopped, ""),
    "dropout": (dropout, "0.82"),
    "dropout, batches of 100": (grown[sizes.index(100)], "0.80"),
}
print(f"{'accuracy':25}{'training':>10}{'test':>8}{'chapter':>9}")
for label, (network, chapter) in rows.items():
    accuracies = network.score(X, y), network.score(X_test, y_test)
    print(f"{label:25}{accuracies[0]:>10.3f}{accuracies[1]:>8.3f}{chapter:>9}")

plt.show()
