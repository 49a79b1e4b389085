"""A search and a race on Ray's joblib backend, with two worker processes."""

import numpy as np
import pytest
from estimators import assert_same_committee, committee
from joblib import parallel_config
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from skreg import RegMLPClassifier

ray = pytest.importorskip("ray", reason="extra: ray")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


X, y = load_digits(return_X_y=True)


@pytest.fixture(scope="module", autouse=True)
def cluster():
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        patch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        register_ray()
        yield
        ray.shutdown()


def test_a_search_gives_what_it_gives_without_ray():
    grid = {"alpha": [1e-4, 1e-1], "keep_prob": [1.0, 0.7]}
    network = RegMLPClassifier(20, max_iter=4, random_state=0)
    with parallel_config("ray"):
        there = GridSearchCV(network, grid, cv=3, n_jobs=2).fit(X / 16, y)
    with threadpool_limits(1):
        here = GridSearchCV(network, grid, cv=3).fit(X / 16, y)
    for key in ("mean_test_score", "split1_test_score"):
        np.testing.assert_array_equal(there.cv_results_[key], here.cv_results_[key])


def test_a_race_gives_what_it_gives_without_ray():
    params, grid = {"keep_prob": 0.8}, {"alpha": [1e-4, 1e-2, 1.0]}
    with parallel_config("ray"):
        there = committee(params, grid, n_jobs=2).fit(X / 16, y)
    with threadpool_limits(1):
        here = committee(params, grid).fit(X / 16, y)
    assert_same_committee(there, here)
