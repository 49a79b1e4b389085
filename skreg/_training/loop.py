"""The epoch loop over any number of networks that train side by side."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from skreg._training.lbfgs import minimize_objective


def train(sessions, n_threads=1):
    """Run epochs of all sessions in turn, until each has ended.

    If the engines release the interpreter's lock, epochs and their validation losses
    run in up to ``n_threads`` threads. Everything else happens in this thread, in the
    order of the sessions, so the number of threads does not change results. An
    interrupt ends each session in the state after its last epoch. A session with an
    objective has no epochs to run.
    """
    active = [session for session in sessions if session.objective is None]
    in_threads = n_threads > 1 and all(s.engine.releases_gil for s in active)
    try:
        for session in sessions:
            if session.objective is not None:
                minimize_objective(session)
        if in_threads:
            _run_in_threads(active, n_threads)
        else:
            _run_in_turn(active)
    except KeyboardInterrupt:
        for session in sessions:
            session.interrupt()


def _run_in_turn(sessions):
    queue = deque(sessions)
    while queue:
        session = queue.popleft()
        if session.end(*session.run(*session.begin())):
            queue.append(session)


def _run_in_threads(sessions, n_threads):
    pool = ThreadPoolExecutor(n_threads)

    def start(session):
        return session, pool.submit(session.run, *session.begin())

    try:
        queue = deque(map(start, sessions))
        while queue:
            session, epoch = queue.popleft()
            if session.end(*epoch.result()):
                queue.append(start(session))
    finally:
        pool.shutdown(cancel_futures=True)
