"""Full-batch training: scipy's L-BFGS-B on an objective.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization",
Mathematical Programming 45, 1989.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from skreg._training.stopping import Status

_LARGEST_LEAST_GAIN = 2.2e-9
"""SciPy's default: a smaller relative gain ends the fit, even with a larger ``tol``."""
_STATUSES = {0: Status.CONVERGED, 1: Status.MAX_ITER, 2: Status.STUCK}
"""By the status that SciPy returns."""


def minimize_objective(session):
    """Minimise the `Objective` of a session; an iteration counts as an epoch.

    The fit always ends with the parameters of the last iteration.
    """
    start = session.engine.snapshot()
    limits = {"maxiter": session.max_epochs, "maxfun": session.plan.max_fun}
    tol = session.plan.tol
    # Near a minimum, the remaining gain is of the order of the squared gradient.
    least_gain = max(np.finfo(np.float64).eps, min(tol**2, _LARGEST_LEAST_GAIN))
    options = {**limits, "gtol": tol, "ftol": least_gain}

    def value_and_gradient(x):
        if not session.in_epoch:
            session.begin()
        value, gradient = session.objective(x)
        return value, gradient.astype(np.float64)

    def end_iteration(result):
        """Return whether to continue; at the limit of iterations SciPy stops."""
        if np.isfinite(result.fun):
            session.engine.restore(replace(start, vectors=result.x[np.newaxis]))
        goes_on = session.end(float(result.fun), *session.measure())
        return goes_on or session.status is Status.MAX_ITER

    def callback(intermediate_result):
        if not end_iteration(intermediate_result):
            raise StopIteration

    with np.errstate(all="ignore"):
        result = minimize(
            value_and_gradient,
            start.parameters.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=callback,
            options=options,
        )
    there_was_nothing_to_improve = not result.nit
    if session.status is None and (
        there_was_nothing_to_improve or not np.isfinite(result.fun)
    ):
        end_iteration(result)
    if session.status in (None, Status.MAX_ITER):
        session.status = _STATUSES[result.status]
