"""The epoch loop over any number of networks that train side by side."""

from concurrent.futures import ThreadPoolExecutor

from skreg._training.lbfgs import minimize_objective


def train(sessions, n_threads=1):
    """Run epochs of all sessions in turn, until each has ended.

    Where the engines release the interpreter's lock, those of an epoch run in up to
    ``n_threads`` threads; all else happens in this one, in the order of the sessions,
    so that the number of threads changes no result. An interrupt ends all sessions as
    their last epochs left them. A session with an objective has no epochs to run.
    """
    active = [session for session in sessions if session.objective is None]
    in_threads = n_threads > 1 and all(s.engine.releases_gil for s in active)
    run = _in_threads(n_threads) if in_threads else _in_turn
    try:
        for session in sessions:
            if session.objective is not None:
                minimize_objective(session)
        while active:
            active = run(active)
    except KeyboardInterrupt:
        for session in sessions:
            session.interrupt()


def _in_turn(sessions):
    return [s for s in sessions if s.end(s.engine.run_epoch(*s.begin()))]


def _in_threads(n_threads):
    def run(sessions):
        with ThreadPoolExecutor(n_threads) as pool:
            losses = [pool.submit(s.engine.run_epoch, *s.begin()) for s in sessions]
            ended = zip(sessions, losses, strict=True)
            return [s for s, loss in ended if s.end(loss.result())]

    return run
