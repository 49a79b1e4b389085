"""L-BFGS on functions that are no network's."""

from math import inf, nan

import numpy as np
import pytest
from test_session import ScriptedEngine, interrupt, make_session

from skreg._training.loop import train
from skreg._training.stopping import Status

CURVATURES = np.array([1.0, 10, 100, 1000])
MINIMUM = np.array([1.0, -2, 3, 0.5])
UNFINISHED = Status.STUCK, Status.DIVERGED, Status.INTERRUPTED


def minimize(fault=None, k=inf, start=0.0, wrong_after=inf, **options):
    """Minimise a quadratic, with a fault in iteration ``k`` as its value.

    The gradient is wrong after ``wrong_after`` iterations: no step leads down.
    Return the session, its parameters, and those after each epoch.
    """
    engine, events, visited = ScriptedEngine([]), [], []
    x = engine.vectors = np.full((1, 4), start)

    def happens(event):
        if event.endswith("epoch"):
            events.append(event)
        if event == "end_epoch":
            visited.append(x[0].copy())

    engine.happens = happens
    before = x[0].copy()
    options = {"n_epochs": 100, "max_fun": 1000, "tol": 1e-8} | options
    session = make_session(engine, learning_rate=None, **options)

    def objective(w):
        gradient = CURVATURES * (w - MINIMUM)
        if len(visited) >= k - 1:
            return fault() if callable(fault) else fault, gradient
        sign = -1 if len(visited) >= wrong_after else 1
        return 0.5 * gradient @ (w - MINIMUM), sign * gradient

    session.objective = objective
    train([session])
    assert len(visited) == session.state.history.n_epochs
    n_events = 2 * len(visited) + (session.status in UNFINISHED)
    assert events[:n_events] == (["begin_epoch", "end_epoch"] * 99)[:n_events]
    np.testing.assert_array_equal(x[0], [before, *visited][-1])
    return session, visited


def test_a_quadratic_is_minimised():
    session, visited = minimize()
    assert session.status is Status.CONVERGED
    # The gradient is at most tol, and the least curvature is 1.
    np.testing.assert_allclose(visited[-1], MINIMUM, atol=1e-8)
    losses = session.state.history.loss_curve
    assert losses == sorted(losses, reverse=True)
    assert len({*map(tuple, visited)}) == len(losses) > 3
    early, some = minimize(tol=5.0)
    assert early.status is Status.CONVERGED
    assert len(some) < len(visited)


@pytest.mark.parametrize(
    ("options", "status", "n_epochs"),
    [
        ({"n_epochs": 3}, Status.MAX_ITER, 3),
        ({"max_fun": 5}, Status.MAX_ITER, 5),
        ({"wrong_after": 3}, Status.STUCK, 4),
        ({"stop_at": 2}, Status.STOPPED_BY_CALLBACK, 2),
        ({"start": MINIMUM}, Status.CONVERGED, 1),
        ({"fault": nan, "k": 1}, Status.DIVERGED, 0),
        ({"fault": nan, "k": 2}, Status.DIVERGED, 1),
        ({"fault": nan, "k": 4}, Status.DIVERGED, 3),
        ({"fault": inf, "k": 4}, Status.DIVERGED, 3),
        ({"fault": interrupt, "k": 4}, Status.INTERRUPTED, 3),
    ],
)
def test_it_ends_with_the_last_whole_iteration(options, status, n_epochs):
    session, visited = minimize(**options)
    assert session.status is status
    assert len(visited) == n_epochs
