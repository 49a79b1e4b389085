"""One BLAS thread, while networks of a committee train."""

import os

import pytest
from estimators import CONTROLS_BLAS, blas_threads
from threadpoolctl import threadpool_limits

from skreg._threads import one_thread


@CONTROLS_BLAS
@pytest.mark.skipif(os.cpu_count() == 1, reason="BLAS has one thread")
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
