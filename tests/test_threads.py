"""One BLAS thread, while networks of a committee or small ones train."""

import os
import threading

import numpy as np
import pytest
from estimators import CONTROLS_BLAS, SHORT_FITS, blas_threads
from threadpoolctl import threadpool_limits

from skreg import RegMLPRegressor
from skreg._threads import one_thread

pytestmark = SHORT_FITS
needs_two_cores = pytest.mark.skipif(os.cpu_count() == 1, reason="BLAS has one thread")


@CONTROLS_BLAS
@needs_two_cores
def test_overlapping_uses_of_one_thread_restore_what_was_before():
    with threadpool_limits(2, user_api="blas"):
        one_thread.__enter__()
        one_thread.__enter__()
        assert blas_threads() == {1}
        one_thread.__exit__()
        assert blas_threads() == {1}
        one_thread.__exit__()
        assert blas_threads() == {2}
        assert one_thread(blas_threads)() == {1}
        assert blas_threads() == {2}


@CONTROLS_BLAS
@needs_two_cores
@pytest.mark.parametrize(
    ("params", "n_threads"),
    [
        ({"batch_size": 16}, 1),  # 16 · 512 · 512 = 2²²
        ({"batch_size": 17}, 2),
        ({"solver": "lbfgs", "hidden_layer_sizes": (64, 64)}, 1),
        ({"solver": "lbfgs"}, 2),
    ],
)
def test_a_network_of_small_products_trains_with_one_thread(params, n_threads):
    seen = []

    def score(network, X, y):
        seen.append(blas_threads())
        return 0.0

    X = np.random.default_rng(0).normal(size=(60, 4))
    params = {"hidden_layer_sizes": (512, 512), "max_iter": 1} | params
    model = RegMLPRegressor(scoring=score, **params)
    with threadpool_limits(2, user_api="blas"):
        model.fit(X, X[:, 0], X_val=X, y_val=X[:, 0])
        assert seen == [{n_threads}]
        assert blas_threads() == {2}


@CONTROLS_BLAS
@needs_two_cores
def test_a_use_that_ends_last_restores_what_another_thread_set():
    """threadpoolctl 3.8 lets only the first thread set the limit."""
    seen, barrier = [], threading.Barrier(2)

    def first():
        with one_thread:
            barrier.wait()  # the other one is within
            barrier.wait()
        barrier.wait()  # this one has ended, but its thread is alive
        barrier.wait()

    def last():
        barrier.wait()
        with one_thread:
            barrier.wait()
            barrier.wait()
            seen.append(blas_threads())
        seen.append(blas_threads())
        barrier.wait()

    def run(*functions):
        threads = [threading.Thread(target=function) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    (before,) = blas_threads()
    run(lambda: threadpool_limits(2, user_api="blas"))
    run(first, last)
    run(lambda: threadpool_limits(before, user_api="blas"))
    assert seen == [{1}, {2}]
