"""Warnings about how training ended, and the error if it left nothing to keep.

``warn(message, category)`` issues the warning, or stores it for later.
"""

from sklearn.exceptions import ConvergenceWarning

from skreg._inputs.auto import max_iter
from skreg._inputs.errors import warn_the_caller
from skreg._training.stopping import Status

ADVICE = (
    "The input data may contain large values and need to be preprocessed: scale the "
    "features, for example with StandardScaler, or lower learning_rate_init."
)


def warn_of_break(session, warn=warn_the_caller):
    """Warn that training was cut short; raise an error if nothing can be kept."""
    n_epochs = session.state.history.n_epochs
    if session.status is Status.INTERRUPTED:
        warn(
            f"Training interrupted by user in epoch {n_epochs + 1}. The network so far "
            "is kept.",
            UserWarning,
        )
    if session.status is not Status.DIVERGED:
        return
    where = ""
    if session.plan.learning_rate is not None:
        clock = session.state.history.clock(session.horizon)
        where = f" at learning rate {session.plan.learning_rate.at(clock):.3g}"
    if not n_epochs:
        raise ValueError(
            "Solver produced non-finite parameter weights. Training diverged in epoch "
            f"1{where}, and there are no weights to keep. {ADVICE}"
        )
    warn(
        f"Training diverged in epoch {n_epochs + 1}{where}. Weights from before it "
        f"diverged are kept. {ADVICE}",
        ConvergenceWarning,
    )


def warn_of_limit(estimator, warn=warn_the_caller):
    """Warn that training reached its limit before it converged."""
    limits = f"max_iter={max_iter(estimator)}"
    if estimator.solver == "lbfgs":
        limits += f", max_fun={estimator.max_fun}"
    warn(
        f"Maximum iterations ({limits}) reached and the optimization hasn't converged "
        "yet. Allow more if the loss is still falling; for a fixed number of epochs "
        "set n_iter_no_change=inf.",
        ConvergenceWarning,
    )
