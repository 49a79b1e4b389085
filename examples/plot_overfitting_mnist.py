"""
Overfitting, early stopping, dropout and batches
================================================

A network learns 1000 images of handwritten digits by heart and does much worse on those
that it has not seen. This example retells a lesson on that observation and on three
remedies: to stop in time, to drop hidden units at random, and to average over batches,
which is about speed first of all. The last section puts the lesson's own figures beside
those of this run.

The images are MNIST's, from OpenML or from the ``.npz`` file named by the environment
variable ``SKREG_MNIST`` (arrays ``X_train``, ``y_train``, ``X_test`` and ``y_test``).
Where neither can be had, scikit-learn's small digits take their place.
"""

import os
import socket
import warnings
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import fetch_openml, load_digits

from skreg import RegMLPClassifier
from skreg.display import TrainingCurveDisplay

# %%
# The images
# ----------
# The network learns from the first 1000 images. Another 1000 are set aside for early
# stopping, so that the test images have no part in any choice.


def load():
    """Return the name of the data, then images and labels: training and test."""
    path = os.environ.get("SKREG_MNIST")
    if path:
        with np.load(path) as data:
            arrays = [data[k] for k in ("X_train", "y_train", "X_test", "y_test")]
        return "MNIST", *arrays
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="A network error")
            X, y = fetch_openml(
                "mnist_784", version=1, return_X_y=True, as_frame=False, n_retries=1
            )
    except (OSError, ImportError) as error:
        print(f"MNIST cannot be had ({error}): this run uses load_digits instead.")
        X, y = load_digits(return_X_y=True)
        return "digits", X[:1400], y[:1400], X[1400:], y[1400:]
    finally:
        socket.setdefaulttimeout(timeout)
    return "MNIST", X[:60000], y[:60000], X[60000:], y[60000:]


def scale(images):
    return (images.reshape(len(images), -1) / largest).astype(np.float32)


data, X_all, y_all, X_test, y_test = load()
largest = X_all.max()
X, y = scale(X_all[:1000]), y_all[:1000]
X_held, y_held = scale(X_all[1000:2000]), y_all[1000:2000]
X_test = scale(X_test)
print(f"{data}: {len(X)} training images, {len(X_held)} held out, {len(X_test)} test")

# %%
# Learnt by heart
# ---------------
# One hidden layer of 100 units, one image per step and no regularisation: the settings
# turn the penalty and the dropout off that are there by default. The test
# images are passed as a validation set, only to watch: with ``early_stopping=False``
# they stop nothing and choose nothing. All runs but the one that stops early have a
# fixed length, by ``n_iter_no_change=inf``.

settings = {
    "hidden_layer_sizes": 100,
    "solver": "sgd",
    "alpha": 0,
    "keep_prob": 1,
    "batch_size": 1,
    "learning_rate": "constant",
    "learning_rate_init": 0.005,
    "momentum": 0,
    "max_iter": 40,
    "tol": 0,
    "n_iter_no_change": np.inf,
    "scoring": "accuracy",
    "random_state": 0,
}

plain = RegMLPClassifier(**settings).fit(X, y, X_val=X_test, y_val=y_test)
print(f"training accuracy {plain.score(X, y):.3f}")
print(f"test accuracy     {plain.score(X_test, y_test):.3f}")

# %%
# The test accuracy rises, reaches a top and falls, if only a little. The test loss
# tells the same story louder, and turns earlier: the network is not wrong much more
# often, but it becomes surer where it is wrong.

accuracy, loss = plain.validation_scores_, plain.validation_loss_curve_

watched = TrainingCurveDisplay.from_estimator(plain)
watched.ax_.set(title="No regularisation; test images as validation set", ylim=(0, 1))
top = max(accuracy)
watched.score_ax_.set(ylabel="test accuracy", ylim=(top - 0.06, top + 0.01))

print(f"accuracy: top {top:.3f} in epoch {np.argmax(accuracy) + 1}, ", end="")
print(f"{accuracy[-1]:.3f} in epoch {len(accuracy)}")
print(f"loss: least {min(loss):.3f} in epoch {np.argmin(loss) + 1}, ", end="")
print(f"{loss[-1]:.3f} in epoch {len(loss)}")

# %%
# Stopping in time
# ----------------
# Early stopping needs images that are neither learned from nor tested on. It ends the
# fit when their score has not improved for a while, and gives back the weights of the
# best epoch.

stopping = {**settings, "early_stopping": True, "n_iter_no_change": 10}
stopped = RegMLPClassifier(**stopping).fit(X, y, X_val=X_held, y_val=y_held)
print(f"stopped after {stopped.n_iter_} epochs, best was {stopped.best_iter_}")
print(f"test accuracy {stopped.score(X_test, y_test):.3f}")

# %%
# Dropout
# -------
# Each hidden unit is left out of a step with probability one half. The network learns
# more slowly, since it never has more than about half of itself at hand; what it learns
# has to be there twice over, and holds better on images that it has not seen.

dropout = RegMLPClassifier(**settings | {"keep_prob": 0.5})
dropout.fit(X, y, X_val=X_test, y_val=y_test)

two = {"plain": plain, "dropout": dropout}
compared = TrainingCurveDisplay.from_estimator(two)
compared.ax_.set(title="Dropout; test images as validation set", ylim=(0, 1))
top = max(accuracy + dropout.validation_scores_)
compared.score_ax_.set(ylabel="test accuracy", ylim=(top - 0.06, top + 0.01))

for name, network in two.items():
    rise = network.validation_loss_curve_[-1] - min(network.validation_loss_curve_)
    print(f"{name:8} last training loss {network.loss_:.4f}, ", end="")
    print(f"test accuracy {network.score(X_test, y_test):.3f}, ", end="")
    print(f"test loss {rise:.3f} above its least")

# %%
# Batches
# -------
# A step can average over several images. It is less noisy then, and the same number of
# images takes fewer steps. Averaging makes no step longer, so that at the same learning
# rate an epoch in large batches covers less ground; a rate that grows with the batch
# makes up for it.

sizes = [1, 8, 32, 100, 256]
rate = settings["learning_rate_init"]


def in_batches(size, rate):
    """Return test accuracy and seconds per epoch."""
    changes = {"batch_size": size, "learning_rate_init": rate, "keep_prob": 0.5}
    network = RegMLPClassifier(**{**settings, **changes})
    start = perf_counter()
    network.fit(X, y)
    seconds = perf_counter() - start
    return network.score(X_test, y_test), seconds / network.n_iter_


same, seconds = zip(*(in_batches(size, rate) for size in sizes), strict=True)
grown = same[:1] + tuple(in_batches(size, rate * size)[0] for size in sizes[1:])

_, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(sizes, grown, "o-", color="#0072B2", label="rate grows with the batch")
left.plot(sizes, same, "s--", color="#D55E00", label="same learning rate")
left.set(ylabel="test accuracy", title=f"Accuracy after {settings['max_iter']} epochs")
left.legend()
milliseconds = [1000 * s for s in seconds]
right.plot(sizes, milliseconds, "o-", color="#0072B2")
right.set(ylabel="milliseconds per epoch", ylim=(0, None), title="Time")
for ax in (left, right):
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.set_xlabel("batch size")

print("batch size  ms per epoch  accuracy: same rate  grown rate")
for row in zip(sizes, milliseconds, same, grown, strict=True):
    print("{:>10}{:>14.1f}{:>21.3f}{:>12.3f}".format(*row))

# %%
# Beside the source
# -----------------
# The lesson tests its first two networks on the first 1000 test images, the last one,
# in batches of 100, on all of them. Its networks are weaker than these: they have no
# biases, and with dropout they fit the labels by least squares.

batched = grown[sizes.index(100)]
rows = {
    "plain": (plain, 0.823, "first 1000"),
    "stopped early": (stopped, None, ""),
    "dropout": (dropout, 0.82, "first 1000"),
}
print(
    f"{data:20}{'training':>10}{'first 1000':>12}{'all test':>10}   the lesson, MNIST"
)
for name, (network, theirs, on) in rows.items():
    cells = [
        f"{network.score(X, y):>10.3f}",
        f"{network.score(X_test[:1000], y_test[:1000]):>12.3f}",
        f"{network.score(X_test, y_test):>10.3f}",
        f"   {theirs} ({on})" if theirs else "",
    ]
    print(f"{name:20}", *cells, sep="")
print(f"{'dropout, batches':20}{'':22}{batched:>10.3f}   0.80 (all)")

plt.show()
