"""One thread for the matrix products of a whole process."""

from contextlib import ContextDecorator
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

try:
    from os import register_at_fork
except ImportError:  # as on Windows

    def register_at_fork(**functions):  # type: ignore[misc]
        """There are no forks."""


class _OneThread(ContextDecorator):
    """Lets all BLAS products of the process use one thread.

    Uses may overlap, also in several threads: the last to end restores what was before.
    A fork begins without uses, since OpenBLAS forgets its limit there.
    """

    def __init__(self):
        self._lock, self._n_users = Lock(), 0
        self._libraries: Any = None
        self._before: Any = None
        register_at_fork(
            before=self._lock.acquire,
            after_in_parent=self._lock.release,
            after_in_child=self._start_over,
        )

    def __enter__(self):
        with self._lock:
            if not self._n_users:
                if self._libraries is None:  # finding them takes milliseconds
                    self._libraries = ThreadpoolController()
                limits = self._libraries.limit(limits=1, user_api="blas")
                self._before = self._before or limits
            self._n_users += 1

    def __exit__(self, *error):
        with self._lock:
            # A fork within a use begins with none, and then ends one.
            self._n_users = max(self._n_users - 1, 0)
            if not self._n_users and self._before is not None:
                self._release()
                self._before.restore_original_limits()
                self._release()
                self._before = None

    def _release(self):
        """Let any thread set the limit.

        threadpoolctl 3.8 reserves that to the first thread that did, but the last use
        may end in another one.
        """
        for library in self._libraries.lib_controllers:
            if hasattr(library, "clear_controlling_thread"):
                library.clear_controlling_thread(force=True)

    def _start_over(self):
        self._n_users = 0
        self._lock.release()


one_thread = _OneThread()
"""A context, or a decorator of functions."""
