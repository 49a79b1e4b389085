"""The table of docs/committees.md: a race and scikit-learn's searches on one grid."""

import time
from itertools import product

import numpy as np
from sklearn import datasets
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, ShuffleSplit
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

from benchmarks.markdown import number, table
from skreg import RegMLPClassifier, RegMLPClassifierCV

NETWORK, SEED = RegMLPClassifier((64, 64), max_iter=27), {"random_state": 0}
GRID = {"alpha": [1e-4, 1e-3, 1e-2], "keep_prob": [0.6, 0.8, 1.0]}
GRID["learning_rate_init"] = [2e-3, 4e-3, 8e-3]
EPOCHS = {"resource": "max_iter", "max_resources": 27, "n_candidates": 27, **SEED}
OPTIONS = {"scoring": "neg_log_loss", "cv": 5}
SEARCHES = {
    "Committee": RegMLPClassifierCV(NETWORK, **SEED),
    "Committee, raced": RegMLPClassifierCV(NETWORK, GRID, **SEED),
    "Halving search": HalvingRandomSearchCV(NETWORK, GRID, **EPOCHS, **OPTIONS),
    "Grid search": GridSearchCV(NETWORK.set_params(**SEED), GRID, **OPTIONS),
}
NOISY = {"n_samples": 3000, "n_informative": 8, "flip_y": 0.2, **SEED}
DATA = {
    "digits": datasets.load_digits(return_X_y=True),
    "breast cancer": datasets.load_breast_cancer(return_X_y=True),
    "synthetic": datasets.make_classification(**NOISY),
}
if __name__ == "__main__":
    rows = {name: [name] for name in SEARCHES}
    for name, (X, y) in product(SEARCHES, DATA.values()):
        losses, X, start = [], scale(X), time.process_time()
        for train, test in ShuffleSplit(5, test_size=0.3, random_state=0).split(X):
            with threadpool_limits(1):
                p = SEARCHES[name].fit(X[train], y[train]).predict_proba(X[test])
            losses.append(log_loss(y[test], p))
        seconds = number((time.process_time() - start) / len(losses))
        rows[name].append(f"{np.mean(losses):.3f}, {seconds} s")
    print(table(["", *DATA], rows.values()))
