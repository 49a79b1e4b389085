"""
Prediction intervals
====================

A single number does not say how certain it is. Two networks that predict quantiles, at
5% and at 95%, give an interval for nine targets in ten. Its coverage is measured here
on held-out rows, beside gradient boosting with the same loss.

The table is that of Friedman (1991), in which five of ten features matter, with noise
that is skewed and grows with one of them: most targets lie close above a smooth
surface, and some far above it.
"""

# sphinx_gallery_thumbnail_path = 'figures/thumbnails/gallery.svg'

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import gamma
from sklearn.datasets import make_friedman1
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPRegressor

# %%
# The table
# ---------
# The noise has a gamma distribution, whose scale depends on the fourth feature.

rng = np.random.default_rng(0)
X, surface = make_friedman1(8000, random_state=0)
y = surface + rng.gamma(shape=2.0, scale=0.5 + 4 * X[:, 3])
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
skewness = np.mean(((y - y.mean()) / y.std()) ** 3)
print(f"{len(X_train)} rows to train on, {len(X_test)} held out")
print(f"mean {y.mean():.1f}, median {np.median(y):.1f}, skewness {skewness:.2f}")

# %%
# The networks
# ------------
# The estimator scales y itself, and everything else is at its default.

LEVELS = 0.05, 0.95


def network(level):
    """Return a network that predicts a quantile."""
    return make_pipeline(
        StandardScaler(),
        RegMLPRegressor(loss="quantile", quantile=level, random_state=0),
    )


def boosting(level):
    """Return gradient boosting that does."""
    return HistGradientBoostingRegressor(
        loss="quantile", quantile=level, random_state=0
    )


def fit(make):
    """Return what models of each level predict for the rows held out."""
    return [make(level).fit(X_train, y_train).predict(X_test) for level in LEVELS]


predicted = {"two networks": fit(network), "gradient boosting": fit(boosting)}

# %%
# Coverage
# --------
# An interval should cover nine targets in ten, with one in twenty below and one in
# twenty above, and it should be narrow. The pinball loss, a mean over the two levels,
# measures both at once.

header = f"{'':18} {'covered':>8} {'below':>7} {'above':>7} {'width':>6} {'pinball':>8}"
print(header)
for name, (low, high) in predicted.items():
    below, above = np.mean(y_test < low), np.mean(y_test > high)
    pinball = np.mean(
        [
            mean_pinball_loss(y_test, q, alpha=level)
            for q, level in zip((low, high), LEVELS, strict=True)
        ]
    )
    width = np.mean(high - low)
    print(
        f"{name:18} {1 - below - above:>8.1%} {below:>7.1%} {above:>7.1%} "
        f"{width:>6.2f} {pinball:>8.4f}"
    )

# %%
# The intervals grow with the feature on which the noise depends, as they should. The
# true quantiles are known here: their distance is drawn in grey.

order = np.argsort(X_test[:, 3])
parts = np.array_split(order, 12)
middle = [X_test[part, 3].mean() for part in parts]
true_width = np.ptp(gamma(2).ppf([0.05, 0.95])) * (0.5 + 4 * X_test[:, 3])

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
looks = {"two networks": ("#0072B2", "o"), "gradient boosting": ("#D55E00", "^")}
for name, (low, high) in predicted.items():
    color, marker = looks[name]
    covered = (low <= y_test) & (y_test <= high)
    shares = [covered[part].mean() for part in parts]
    widths = [(high - low)[part].mean() for part in parts]
    axes[0].plot(middle, shares, color=color, marker=marker, label=name)
    axes[1].plot(middle, widths, color=color, marker=marker, label=name)
axes[0].axhline(0.9, color="0.6", zorder=0, label="wanted")
axes[1].plot(
    middle, [true_width[part].mean() for part in parts], color="0.6", zorder=0,
    label="true quantiles",
)  # fmt: skip
axes[0].set(
    title="Share of held-out targets in the interval",
    xlabel="feature on which the noise depends",
    ylabel="share",
    ylim=(0.65, 1),
)
axes[1].set(
    title="Mean width of the interval",
    xlabel="feature on which the noise depends",
    ylabel="width, in the unit of y",
    ylim=(0, None),
)
axes[0].legend(loc="lower right")
axes[1].legend(loc="upper left")
plt.show()
