"""The table of docs/committees.md: a race and scikit-learn's searches on one grid."""

from sklearn import datasets
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, ShuffleSplit
from sklearn.model_selection import cross_validate as evaluate
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

from benchmarks.markdown import number, table
from skreg import RegMLPClassifier, RegMLPClassifierCV

SEED = {"random_state": 0}
NETWORK = RegMLPClassifier((64, 64), max_iter=27)
GRID = {"alpha": [1e-4, 1e-3, 1e-2], "keep_prob": [0.6, 0.8, 1.0]}
GRID["learning_rate_init"] = [4e-3, 8e-3, 0.016]
EPOCHS = {"resource": "max_iter", "max_resources": 27, "n_candidates": 27, **SEED}
OPTIONS = {"scoring": "neg_log_loss", "cv": 5}
SPLITS = ShuffleSplit(5, test_size=0.3, random_state=0)
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


def cell(search, X, y):
    """Return the mean test log-loss and the seconds of a fit."""
    with threadpool_limits(1):
        results = evaluate(search, scale(X), y, cv=SPLITS, scoring="neg_log_loss")
    loss, seconds = -results["test_score"].mean(), results["fit_time"].mean()
    return f"{loss:.3f}, {number(seconds)} s"


if __name__ == "__main__":
    rows = [
        [name, *(cell(search, X, y) for X, y in DATA.values())]
        for name, search in SEARCHES.items()
    ]
    print(table(["", *DATA], rows))
