"""
A search on a Dask cluster
==========================

A grid search and a halving search on a Dask cluster, equal to those on one machine.

Starts a cluster of two processes on this machine; for a real cluster, only the address
passed to `Client` changes. Takes about half a minute on two cores. Needs the extra
``dask``.
"""

import numpy as np
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier

GRID = {
    "regmlpclassifier__alpha": [1e-4, 1e-2],
    "regmlpclassifier__keep_prob": [1.0, 0.7],
}


def make_searches():
    network = RegMLPClassifier(
        50,
        learning_rate_init=0.01,
        early_stopping=True,
        n_iter_no_change=float("inf"),  # all epochs are run, the best one is kept
        max_iter=30,
        random_state=0,
    )
    pipeline = make_pipeline(StandardScaler(), network)
    return {
        "GridSearchCV": GridSearchCV(pipeline, GRID, cv=3, n_jobs=2),
        "HalvingGridSearchCV": HalvingGridSearchCV(
            pipeline,
            GRID,
            cv=3,
            n_jobs=2,
            resource="regmlpclassifier__max_iter",
            min_resources=5,
            max_resources=20,
            random_state=0,
        ),
    }


def search_on(client, search, X, y):
    """Run a search on the workers of a Dask client."""
    with parallel_config("dask", client=client):
        return search.fit(X, y)


def main():
    X, y = load_digits(return_X_y=True)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        for name, search in make_searches().items():
            search_on(client, search, X, y)
            local = make_searches()[name].fit(X, y)
            scores = [s.cv_results_["mean_test_score"] for s in (search, local)]
            same = "the same" if np.array_equal(*scores) else "other"
            print(
                f"{name}: best score {search.best_score_:.3f}; {same} scores for all "
                f"{len(scores[0])} candidates as without the cluster"
            )


if __name__ == "__main__":
    main()
