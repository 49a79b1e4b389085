"""
A race of hyperparameters
=========================

A committee has a network per fold, and the fold decides when it stops. A race starts
many committees with different hyperparameters. After each rung the best third
continues; the best of the last rung wins. Nothing is trained twice, and the networks of
the winner are the model.

Most features are useless here and a tenth of the labels are wrong, so a network
overfits if it is trained for too long.
"""

# sphinx_gallery_thumbnail_path = 'figures/thumbnails/committees.svg'

import numpy as np
from scipy.stats import loguniform
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier, RegMLPClassifierCV
from skreg.display import RaceDisplay, TrainingCurveDisplay

X, y = make_classification(2000, 40, n_informative=8, flip_y=0.2, random_state=0)
X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Twenty-seven candidates
# -----------------------
# Strengths of the L2 penalty, which is on the first layer alone, keep probabilities and
# activations come from lists, and learning rates from a distribution. ``verbose``
# prints a line for each rung.

space = {
    "alpha": [[strength / len(X), 0, 0] for strength in (2, 5, 12, 30)],
    "learning_rate_init": loguniform(1e-3, 2e-2),
    "keep_prob": [0.8, 0.9, 1.0],
    "activation": ["relu", "tanh"],
}
race = RegMLPClassifierCV(
    RegMLPClassifier((64, 64)), space, n_candidates=27, random_state=0, verbose=True
)
model = make_pipeline(StandardScaler(), race).fit(X, y)
for name, value in race.best_params_.items():
    print(f"{name}: {value}")

# %%
# Each line is a candidate, each point the end of a rung. Every learning-rate schedule
# spans the whole race, so the last epochs gain most.

display = RaceDisplay.from_estimator(model)

# %%
# How the winner trained
# ----------------------
# The band spans the folds, the line is their mean, and a mark shows the best epoch of a
# network, whose weights it keeps.

display = TrainingCurveDisplay.from_estimator(model)

# %%
# Out-of-fold scores
# ------------------
# Every row was predicted by the network that did not train on it. These out-of-fold
# probabilities estimate the loss on new rows.

plain = make_pipeline(StandardScaler(), RegMLPClassifier((64, 64), random_state=0))
print("log-loss")
print(f"  out of fold          {log_loss(y, race.oof_probabilities_):.3f}")
print(f"  test                 {log_loss(y_test, model.predict_proba(X_test)):.3f}")
members = [
    log_loss(y_test, member.predict_proba(model[0].transform(X_test)))
    for member in race.members_
]
print(f"  test, its networks   {np.mean(members):.3f} on average")
loss = log_loss(y_test, plain.fit(X, y).predict_proba(X_test))
print(f"  test, one network    {loss:.3f}, of this size, on all rows")
