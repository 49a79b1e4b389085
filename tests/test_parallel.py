"""Grid search in several processes: same results, and no more threads than cores."""

import os
import subprocess
import sys

import pytest

SEARCH = """
import sys, os, tempfile
from pathlib import Path
import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info
from skreg import RegMLPClassifier

NOTES = Path(sys.argv[2])

class Noting:
    # A scorer that notes how many threads the BLAS of its process has.
    def __call__(self, estimator, X, y):
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        threads = max(pool["num_threads"] for pool in pools)
        (NOTES / f"{os.getpid()}-{threads}").touch()
        return estimator.score(X, y)

def main():
    X = np.random.default_rng(0).normal(size=(300, 20))
    y = (X[:, 0] > 0).astype(int)
    X @ X.T @ X  # the BLAS threads of this process have worked before a fork
    network = RegMLPClassifier(
        100, max_iter=5, tol=0.0, n_iter_no_change=3, random_state=0
    )
    grid = {"alpha": [1e-4, 1e-1], "keep_prob": [1.0, 0.5]}
    search = GridSearchCV(network, grid, cv=2, scoring=Noting(), refit=False)
    scores = []
    with parallel_config(sys.argv[1]):
        for n_jobs in (2, 1):
            search.set_params(n_jobs=n_jobs).fit(X, y)
            scores.append(search.cv_results_["mean_test_score"])
    assert np.array_equal(*scores)

if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore")
    main()
"""


@pytest.mark.parametrize(
    ("backend", "start_method"),
    [
        ("loky", ""),
        ("threading", ""),
        ("multiprocessing", "fork"),
        ("multiprocessing", "forkserver"),
        ("multiprocessing", "spawn"),
    ],
)
def test_a_search_in_two_processes_gives_the_same(tmp_path, backend, start_method):
    """One BLAS thread per process, so that the sums have one order."""
    script, notes = tmp_path / "search.py", tmp_path / "notes"
    script.write_text(SEARCH)
    notes.mkdir()
    environment = os.environ | {
        "JOBLIB_START_METHOD": start_method,
        "OPENBLAS_NUM_THREADS": "1",
    }
    if not start_method:
        del environment["JOBLIB_START_METHOD"]
    command = [sys.executable, "-W", "ignore", script, backend, notes]
    subprocess.run(command, check=True, env=environment, timeout=120)
    n_processes = len({note.name.split("-")[0] for note in notes.iterdir()})
    assert (n_processes == 1) == (backend == "threading")


def test_loky_gives_each_worker_its_share_of_the_cores(tmp_path):
    script, notes = tmp_path / "search.py", tmp_path / "notes"
    script.write_text(SEARCH.replace("assert np.array_equal", "np.array_equal"))
    notes.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if "NUM_THREADS" not in name
    }
    command = [sys.executable, "-W", "ignore", script, "loky", notes]
    subprocess.run(command, check=True, env=environment, timeout=120)
    own = max(note.name for note in notes.iterdir())
    threads = sorted(int(note.name.split("-")[1]) for note in notes.iterdir())
    share = max(1, os.cpu_count() // 2)
    assert threads[:2] == [share, share], own
