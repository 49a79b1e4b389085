"""
Learning from a stream
======================

Rows arrive in chunks, and there are too many of them to keep. ``partial_fit`` trains
for one epoch on the chunk at hand, after which the chunk can be forgotten: memory holds
one chunk, however long the stream. Two accuracies tell how it goes: on rows held out
from the beginning, and on every new chunk before it is learned from.
"""

import pickle

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier

# %%
# The stream
# ----------
# Each chunk is drawn when it is asked for. The class depends on products of features,
# which no linear model can express, and a share of the labels is wrong, which limits
# the accuracy of any model. The features have different scales, so a scaler has to
# learn along with the network.

N_CHUNKS, N_ROWS, N_FEATURES, WRONG = 150, 10_000, 40, 0.05
SCALES = np.geomspace(0.01, 100, N_FEATURES)


def chunk(number):
    """Draw the features and the classes of one chunk."""
    rng = np.random.RandomState(number)
    X = rng.standard_normal((N_ROWS, N_FEATURES))
    y = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + X[:, 4] > 0
    return (X * SCALES).astype(np.float32), y ^ (rng.uniform(size=N_ROWS) < WRONG)


X_held, y_held = chunk(N_CHUNKS)
print(f"{N_CHUNKS} chunks of {X_held.nbytes / 1e6:.1f} MB, ", end="")
print(f"{N_CHUNKS * X_held.nbytes / 1e6:.0f} MB in all")

# %%
# Training
# --------
# The first call needs to know all classes, since the first chunk might lack one.
# ``learning_rate_decay`` acts once per call. Rows that never come again cannot be
# memorised, so dropout and the penalty are turned off. A linear model is trained
# alongside for comparison.

scaler = StandardScaler()
network = RegMLPClassifier(
    hidden_layer_sizes=64,
    alpha=0,
    keep_prob=1,
    learning_rate_decay=0.02,
    batch_size=100,
    random_state=0,
)
linear = SGDClassifier(loss="log_loss", random_state=0)

held_out, before_learning, held_out_linear = [], [], []
for number in range(N_CHUNKS):
    X, y = chunk(number)
    X = scaler.partial_fit(X).transform(X)
    if number:
        before_learning.append(network.score(X, y))
    network.partial_fit(X, y, classes=[False, True])
    linear.partial_fit(X, y, classes=[False, True])

    X = scaler.transform(X_held)
    held_out.append(network.score(X, y_held))
    held_out_linear.append(linear.score(X, y_held))
    if (number + 1) % 25 == 0:
        print(
            f"{network.t_:>7} rows: loss {network.loss_:.3f}, rate "
            f"{network.learning_rate_curve_[-1]:.1e}, held-out accuracy "
            f"{held_out[-1]:.3f} (linear {held_out_linear[-1]:.3f})"
        )
    if number + 1 == N_CHUNKS // 2:
        saved = pickle.dumps((scaler, network))

# %%
# Accuracy on a new chunk is as honest as that on the rows held out: neither has been
# learned from. The first needs no rows to be set aside, the second varies less from one
# chunk to the next, since its rows stay the same.

rows = np.arange(1, N_CHUNKS + 1) * N_ROWS / 1000
_, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ax.axhline(1 - WRONG, color="0.4", linewidth=1)
ax.text(0, 1 - WRONG, "all that the wrong labels allow", va="bottom")
ax.plot(rows[1:], before_learning, ".", color="#56B4E9", label="network, next chunk")
ax.plot(rows, held_out, "-", color="#0072B2", linewidth=2, label="network, held out")
ax.plot(rows, held_out_linear, "--", color="#D55E00", label="linear, held out")
ax.set(xlabel="thousand rows seen", ylabel="accuracy")
_ = ax.legend(loc="center right")

# %%
# Stopping and resuming
# ---------------------
# The network was pickled half-way. The copy continues as if nothing had happened: from
# the same state of optimizer, learning rate and random numbers, to the same weights.

scaler_again, network_again = pickle.loads(saved)
for number in range(N_CHUNKS // 2, N_CHUNKS):
    X, y = chunk(number)
    X = scaler_again.partial_fit(X).transform(X)
    network_again.partial_fit(X, y)
pairs = zip(network.coefs_, network_again.coefs_, strict=True)
print("same weights, bit for bit:", all(np.array_equal(*pair) for pair in pairs))

plt.show()
