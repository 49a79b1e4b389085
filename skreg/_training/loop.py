"""The epoch loop over any number of networks that train side by side."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from skreg._training.lbfgs import minimize_objective
from skreg._training.stopping import Status


def train(sessions, n_threads=1):
    """Run epochs of all sessions in turn, until each has ended.

    If the engines release the interpreter's lock, epochs and their validation losses
    run in up to ``n_threads`` threads. Everything else happens in this thread, in the
    order of the sessions, so the number of threads does not change results. An
    interrupt ends each session in the state after its last epoch; if all have ended, it
    becomes the status of the last one that has a network. Sessions with an objective
    come first: `minimize_objective` runs each to its end.
    """
    active = [session for session in sessions if session.objective is None]
    try:
        for session in sessions:
            if session.objective is not None:
                minimize_objective(session)
        if n_threads > 1 and all(s.engine.releases_gil for s in active):
            pool = ThreadPoolExecutor(n_threads)
            try:
                _run(active, lambda *call: pool.submit(*call).result)
            finally:
                pool.shutdown(cancel_futures=True)
        else:
            _run(active, partial)
    except KeyboardInterrupt:
        if all(session.status is not None for session in sessions):
            kept = [s for s in sessions if s.state.history.n_epochs]
            if not kept:  # all diverged in the first epoch
                raise
            kept[-1].status = Status.INTERRUPTED
        for session in sessions:
            session.interrupt()


def _run(sessions, submit):
    """Run epochs; ``submit(function, *arguments)`` returns a call for the result."""

    def start(session):
        return session, submit(session.run, *session.begin())

    queue = deque(map(start, sessions))
    while queue:
        session, result = queue.popleft()
        if session.end(*result()):
            queue.append(start(session))
