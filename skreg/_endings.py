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
_FAR = 3
"""Ratio of a loss to 1 + that of a constant prediction: the network is useless."""


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


def warn_of_loss(session, n_done, warn=warn_the_caller):
    """Warn that the loss of the weights that are kept is far above a constant's.

    The fit is the last ``n_done`` epochs; weights from before have had their warning.
    """
    history, constant = session.state.history, session.constant_loss
    stops_early, n_epochs = session.plan.early_stopping, history.n_epochs
    kept = history.best_score.epoch if stops_early else n_epochs
    is_older = kept <= n_epochs - n_done
    if is_older or session.status in (Status.DIVERGED, Status.INTERRUPTED):
        return
    loss = history.loss_curve[kept - 1] - history.penalty_curve[kept - 1]
    if loss > _FAR * session.loss_unit * (1 + constant):
        warn(
            f"The training loss ended at {loss:.3g}, far above the "
            f"{session.loss_unit * constant:.3g} of a constant prediction. {ADVICE}",
            ConvergenceWarning,
        )


def warn_of_limit(estimator, warn=warn_the_caller):
    """Warn that training reached its limit before it converged."""
    limits = f"max_iter={max_iter(estimator)}"
    otherwise = "; for a fixed number of epochs set n_iter_no_change=inf"
    if estimator.solver == "lbfgs":
        limits += f", max_fun={estimator.max_fun}"
        otherwise = ""
    warn(
        f"Maximum iterations ({limits}) reached and the optimization hasn't converged "
        f"yet. Allow more if the loss is still falling{otherwise}.",
        ConvergenceWarning,
    )
