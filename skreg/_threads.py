"""One thread for the matrix products of a whole process."""

from contextlib import ContextDecorator
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController


class _OneThread(ContextDecorator):
    """Lets all BLAS products of the process use one thread.

    Uses may overlap, also in several threads: the last to end restores what was before.
    """

    def __init__(self):
        self._lock, self._n_users = Lock(), 0
        self._libraries: Any = None

    def __enter__(self):
        with self._lock:
            if not self._n_users:
                if self._libraries is None:  # finding them takes milliseconds
                    self._libraries = ThreadpoolController()
                self._limits = self._libraries.limit(limits=1, user_api="blas")
            self._n_users += 1

    def __exit__(self, *error):
        with self._lock:
            self._n_users -= 1
            if not self._n_users:
                self._limits.restore_original_limits()


one_thread = _OneThread()
"""A context, or a decorator of functions."""
