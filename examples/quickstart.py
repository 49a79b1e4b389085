"""
Quickstart: five models on few rows
===================================

Compare networks, gradient boosting and logistic regression on few rows.

The table is scikit-learn's handwritten digits: 64 numbers per row and ten classes. Each
model learns from 700 rows and is tested on the other 1,097, in five random splits. All
have the defaults of their libraries, except for enough iterations to converge. This is
one table; docs/quality.md has forty. Takes less than 30 seconds on two cores.
"""

import time

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier, RegMLPClassifierCV, TabularEncoder

N_SPLITS, N_ROWS = 5, 700
MODELS = {
    "LogisticRegression": make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000)
    ),
    "HistGradientBoostingClassifier": HistGradientBoostingClassifier(random_state=0),
    "MLPClassifier": make_pipeline(
        StandardScaler(), MLPClassifier(max_iter=1000, random_state=0)
    ),
    "RegMLPClassifier": make_pipeline(
        StandardScaler(), RegMLPClassifier(random_state=0)
    ),
    "RegMLPClassifierCV, encoded": make_pipeline(
        TabularEncoder(), RegMLPClassifierCV(random_state=0)
    ),
}
ON_YOUR_OWN = """
The same on a CSV file, with numbers, categories and missing values (needs pandas):

    import pandas as pd
    from sklearn.pipeline import make_pipeline
    from skreg import RegMLPClassifierCV, TabularEncoder

    X = pd.read_csv("table.csv")
    y = X.pop("target")
    model = make_pipeline(TabularEncoder(), RegMLPClassifierCV()).fit(X, y)

model[-1].best_score_ is then the negative log-loss of its networks on rows that they
did not learn from.
"""


def assess(model, X, y, train, test):
    """Return log-loss and accuracy on the test rows, and the seconds of the fit."""
    start = time.perf_counter()
    model.fit(X[train], y[train])
    seconds = time.perf_counter() - start
    loss = log_loss(y[test], model.predict_proba(X[test]))
    return loss, model.score(X[test], y[test]), seconds


def mean_and_error(values):
    """Return the mean over the splits and its standard error."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / len(values) ** 0.5:.3f}"


def main():
    X, y = load_digits(return_X_y=True)
    splitter = StratifiedShuffleSplit(N_SPLITS, train_size=N_ROWS, random_state=0)
    splits = list(splitter.split(X, y))
    print(f"{len(X)} digits: {N_ROWS} to learn from, {N_SPLITS} random splits;")
    print("means with their standard errors\n")
    print(f"{'':32}{'':{N_SPLITS}}{'log-loss':>15}{'accuracy':>16}{'fit':>8}")
    in_parallel = Parallel(n_jobs=2, return_as="generator")
    results = in_parallel(
        delayed(assess)(model, X, y, *split)
        for model in MODELS.values()
        for split in splits
    )
    losses = {}
    for name in MODELS:
        print(f"{name:32}", end="", flush=True)
        rows = []
        for _ in splits:
            rows.append(next(results))
            print(".", end="", flush=True)
        losses[name], accuracies, seconds = np.transpose(rows)
        cells = mean_and_error(losses[name]), mean_and_error(accuracies)
        print(f"{cells[0]:>15}{cells[1]:>16}{np.mean(seconds):>6.1f} s")

    best = list(MODELS)[-1]
    print(f"\nHow much lower the log-loss of {best} is, split by split:")
    for rival in list(MODELS)[:3]:
        gains = losses[rival] - losses[best]
        won = f"lower in {sum(gains > 0)} of {N_SPLITS}"
        print(f"  than {rival:31}{mean_and_error(gains):>15}, {won}")
    print(ON_YOUR_OWN)


if __name__ == "__main__":
    main()
