"""Warnings about how training ended, and the error if it left nothing to keep.

Each function returns a dict, for `issue`, of no or one warning by its kind.
"""

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning

from skreg._engine.predictor import predict_outputs
from skreg._inputs.auto import max_iter
from skreg._inputs.sample import some_of
from skreg._training.stopping import Status

ADVICE = (
    "The input data may contain large values and need to be preprocessed: scale the "
    "features, for example with StandardScaler, or lower learning_rate_init."
)
_SAME = 1e-4
"""Outputs of a network that tells rows apart differ by more. They have no unit."""
_FAR = 3
"""A network is useless whose loss is more than three times a generous constant one."""


def warning_of_break(session):
    """Return the warning of a training cut short; raise an error if nothing is kept."""
    n_epochs = session.state.history.n_epochs
    if session.status is Status.INTERRUPTED:
        message = (
            f"Training interrupted by user in epoch {n_epochs + 1}. The network so far "
            "is kept."
        )
        return {"interrupted": (message, UserWarning)}
    if session.status is Status.STUCK:
        message = (
            f"solver='lbfgs' ended in iteration {n_epochs + 1}: its line search found "
            "no lower objective, as at a kink of the loss or the activation, or where "
            "gains are below the precision. The network so far is kept."
        )
        return {"stuck": (message, ConvergenceWarning)}
    if session.status is not Status.DIVERGED:
        return {}
    where = ""
    if session.plan.learning_rate is not None:
        clock = session.state.history.clock(session.horizon)
        where = f" at learning rate {session.plan.learning_rate.at(clock):.3g}"
    if not n_epochs:
        raise ValueError(
            "Solver produced non-finite parameter weights. Training diverged in epoch "
            f"1{where}, and there are no weights to keep. {ADVICE}"
        )
    message = (
        f"Training diverged in epoch {n_epochs + 1}{where}. Weights from before it "
        f"diverged are kept. {ADVICE}"
    )
    return {"diverged": (message, ConvergenceWarning)}


def warning_of_loss(session, n_done):
    """Return the warning of a loss far above that of a constant prediction.

    The fit is the last ``n_done`` epochs; weights from before have had their warning.
    """
    history = session.state.history
    stops_early, n_epochs = session.plan.early_stopping, history.n_epochs
    kept = history.best_score.epoch if stops_early else n_epochs
    diverged = session.status is Status.DIVERGED
    is_older = kept <= n_epochs - n_done or (diverged and n_done < n_epochs)
    if is_older or session.status is Status.INTERRUPTED:
        return {}
    first = 0 if diverged and not stops_early else kept - 1
    epochs = range(first, kept)  # after a divergence, some epoch before the loss rose
    loss = min(history.loss_curve[k] - history.penalty_curve[k] for k in epochs)
    return warning_far_above(session.constant_loss, loss, session.targets)


def warning_far_above(constant, loss, targets):
    """Return the warning if a loss is far above that of a constant prediction.

    The loss is in y's unit; the ``constant`` one is on the targets of the network, and
    may be zero, so their size is added.
    """
    unit = targets.loss_unit
    if not loss > _FAR * unit * (targets.loss_size + constant):
        return {}
    message = (
        f"The training loss ended at {loss:.3g}, far above the {unit * constant:.3g} "
        f"of a constant prediction. {ADVICE}"
    )
    return {"loss": (message, ConvergenceWarning)}


def warning_of_constant(estimators, X, y):
    """Return the warning that all fitted networks predict the same for all rows."""
    one = estimators[0]
    varies = is_classifier(one) or (y != y[:1]).any()
    if not varies or not all(_is_constant(each, X) for each in estimators):
        return {}
    alpha = one.auto_params_.get("alpha", one.alpha)
    message = (
        "The network predicts the same for all rows. If the features say something "
        f"about y, the penalty may be too strong: lower alpha, which is {alpha}. An "
        "alpha of MLPClassifier or MLPRegressor has to be divided by their batch size, "
        "200 by default, or for lbfgs by the number of rows. Without a penalty, use "
        "wider layers or a lower learning rate."
    )
    return {"constant": (message, ConvergenceWarning)}


def _is_constant(estimator, X):
    """Return whether outputs hardly differ, in some rows of those trained on."""
    network = estimator._network()
    with np.errstate(all="ignore"):
        z = predict_outputs(network, network.arrays_of(estimator), some_of(X, 10))
        return bool((np.ptp(z, axis=1) < _SAME).all())


def warning_of_limit(estimator):
    """Return the warning that training reached its limit before it converged."""
    limits = f"max_iter={max_iter(estimator)}"
    otherwise = "; for a fixed number of epochs set n_iter_no_change=inf"
    if estimator.solver == "lbfgs":
        limits += f", max_fun={estimator.max_fun}"
        otherwise = ""
    message = (
        f"Maximum iterations ({limits}) reached and the optimization hasn't converged "
        f"yet. Allow more if the loss is still falling{otherwise}."
    )
    return {"limit": (message, ConvergenceWarning)}
