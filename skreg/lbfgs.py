"""Full-batch training: scipy's L-BFGS-B over an engine's loss and gradient.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization",
Mathematical Programming 45, 1989.
"""

from time import perf_counter

import numpy as np
from scipy.optimize import minimize

from skreg.stopping import Status


def minimize_objective(session, rows, max_iter, max_fun, tol):
    """Minimise the objective over ``rows``; an iteration counts as an epoch.

    The fit ends at the last iteration's parameters, however it ends.
    """
    engine = session.engine
    vector = engine.parameters.vector
    accepted = vector.copy()
    status = None
    start = perf_counter()

    def objective(x):
        vector[...] = x
        loss, gradient = engine.loss_and_gradient(rows)
        return loss, gradient.astype(np.float64)

    def end_iteration(result):
        nonlocal status, start
        if not np.isfinite(result.fun):
            status = Status.DIVERGED
            return
        vector[...] = result.x
        now = perf_counter()
        session.begin_epoch()
        ended = session.end_epoch(float(result.fun), None, len(rows), now - start)
        accepted[...] = result.x
        start = now
        if ended is Status.STOPPED_BY_CALLBACK or session.early_stopping:
            status = ended

    def callback(intermediate_result):
        end_iteration(intermediate_result)
        if status is not None:
            raise StopIteration

    try:
        with np.errstate(all="ignore"):
            result = minimize(
                objective,
                vector.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                callback=callback,
                options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
            )
        if not np.isfinite(result.fun):
            status = Status.DIVERGED
        elif not result.nit:  # there was nothing to improve
            end_iteration(result)
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    vector[...] = accepted
    if status is not None:
        return status
    return Status.CONVERGED if result.success else Status.MAX_ITER
