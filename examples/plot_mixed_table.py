"""
A mixed table from end to end
=============================

Most tables mix numbers with categories, and have missing values.
`skreg.TabularEncoder` turns one into inputs for a network, and a committee is trained
on them. It is compared with other models behind the same encoder, by log-loss and
accuracy over several splits, and then its probabilities are examined.

The table is German credit data [1]_: each row is an applicant for a loan, and the model
has to find the bad risks.

.. [1] H. Hofmann, "Statlog (German Credit Data)", UCI Machine Learning Repository,
   1994, https://doi.org/10.24432/C5NC77, licensed under CC BY 4.0.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import CalibrationDisplay
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    StratifiedShuffleSplit,
    cross_validate,
    train_test_split,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from skreg import RegMLPClassifier, RegMLPClassifierCV, TabularEncoder
from skreg.display import TrainingCurveDisplay

# %%
# The table
# ---------
# The published table has no missing values. Here one cell in twenty is blanked out,
# since most tables have some.

X = pd.read_csv(Path(sys.argv[0]).parent / "data" / "credit_g.csv.gz")
y = X.pop("class") == "bad"
X = X.mask(np.random.default_rng(0).uniform(size=X.shape) < 0.05)
X.head()

# %%
# The models
# ----------
# All have the defaults of their libraries, except for enough iterations to converge.
# Gradient boosting handles categories and missing values itself, so it is there twice:
# behind the encoder, and on the raw table.

boosting = HistGradientBoostingClassifier(
    categorical_features="from_dtype", random_state=0
)
classifiers = {
    "LogisticRegression": LogisticRegression(max_iter=1000),
    "HistGradientBoosting": boosting,
    "MLPClassifier": MLPClassifier(max_iter=1000, random_state=0),
    "RegMLPClassifier": RegMLPClassifier(random_state=0),
    "RegMLPClassifierCV": RegMLPClassifierCV(random_state=0),
}
models = {
    "HistGradientBoosting, raw table": boosting,
    **{name: make_pipeline(TabularEncoder(), c) for name, c in classifiers.items()},
}
X = X.astype(dict.fromkeys(X.select_dtypes(exclude="number"), "category"))

# %%
# Log-loss and accuracy
# ---------------------
# Each model learns from 700 rows and is tested on 300, in five random splits. Behind ±
# is the standard error over the splits.

splits = StratifiedShuffleSplit(5, test_size=0.3, random_state=0)
results = {}
for name, model in models.items():
    scores = cross_validate(
        model, X, y, cv=splits, scoring=["neg_log_loss", "accuracy"]
    )
    results[name] = -scores["test_neg_log_loss"], scores["test_accuracy"]


def error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


print(f"{'':32}{'log-loss':>14}{'accuracy':>16}")
for name, (losses, accuracies) in results.items():
    row = [f"{np.mean(v):.3f} ± {error(v):.3f}" for v in (losses, accuracies)]
    print(f"{name:32}{row[0]:>14}{row[1]:>16}")

# %%
# The lower the log-loss, the better the probabilities. On so few rows accuracies hardly
# differ, but the network without regularisation and the trees are overconfident.

_, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for row, (name, (losses, _)) in enumerate(reversed(results.items())):
    color = "#0072B2" if name.startswith("RegMLP") else "#D55E00"
    marker = "o" if name.startswith("RegMLP") else "s"
    ax.errorbar(
        losses.mean(), row, xerr=error(losses), fmt=marker, color=color, capsize=3
    )
ax.set_yticks(range(len(results)), reversed(results))
_ = ax.set(xlabel="test log-loss, mean and standard error over five splits")

# %%
# One committee
# -------------
# Each of its networks is stopped by a fold that it was not trained on. The predictions
# for these folds estimate the log-loss without a test set.

X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, stratify=y, random_state=0
)
model = models["RegMLPClassifierCV"].fit(X_train, y_train)
committee = model[-1]
print(f"out-of-fold log-loss {-committee.best_score_:.3f}")
print(f"test log-loss        {log_loss(y_test, model.predict_proba(X_test)):.3f}")

curves = TrainingCurveDisplay.from_estimator(model)
_ = curves.ax_.set_title("A committee of five, each stopped by its own fold")

# %%
# Calibration
# -----------
# Of the applicants with a predicted risk of 30%, about 30% should be bad risks: the
# points should lie on the diagonal. A network without regularisation is overconfident.

_, ax = plt.subplots(figsize=(5.5, 5), layout="constrained")
looks = {
    "RegMLPClassifierCV": {"color": "#0072B2", "marker": "o"},
    "MLPClassifier": {"color": "#D55E00", "marker": "s", "linestyle": "--"},
}
for name, look in looks.items():
    p = models[name].fit(X_train, y_train).predict_proba(X_test)[:, 1]
    CalibrationDisplay.from_predictions(
        y_test, p, n_bins=6, strategy="quantile", name=name, ax=ax, **look
    )
_ = ax.set(
    xlabel="predicted probability of a bad risk, mean in bin",
    ylabel="share of bad risks in bin",
)

# %%
# Good probabilities need no class weights, but a threshold that reflects the costs. The
# documentation of the table says that a bad risk taken costs five times as much as a
# good one refused. So an applicant is refused at a probability above one in six.

p = model.predict_proba(X_test)[:, 1]
for threshold in (1 / 2, 1 / 6):
    refused = p > threshold
    cost = 5 * np.sum(y_test & ~refused) + np.sum(~y_test & refused)
    print(f"refused above {threshold:.2f}: cost {cost} for {len(y_test)} applicants")

plt.show()
