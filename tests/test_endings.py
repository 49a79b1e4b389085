"""Warnings of how training ended, by what a session holds."""

from types import SimpleNamespace

import numpy as np
import pytest
from estimators import (
    SHORT_FITS,
    committee,
    network,
    problem,
    warnings_are_errors,
)
from sklearn.exceptions import ConvergenceWarning

from skreg import RegMLPClassifier
from skreg._endings import (
    warning_of_break,
    warning_of_constant,
    warning_of_limit,
    warning_of_loss,
)
from skreg._training.stopping import Status

FALLING, RISING, HIGH = [9.0, 9.0, 1.0], [1.0, 9.0, 9.0], [9.0] * 3
"""Losses, far above a constant one where they are above 3 * (1 + 1), see `session`."""


def session(status, losses, penalty=0.0, early_stopping=False, best=0):
    history = SimpleNamespace(
        n_epochs=len(losses),
        loss_curve=[loss + penalty for loss in losses],
        penalty_curve=[penalty] * len(losses),
        best_score=SimpleNamespace(epoch=best),
    )
    return SimpleNamespace(
        status=status,
        state=SimpleNamespace(history=history),
        plan=SimpleNamespace(early_stopping=early_stopping, learning_rate=None),
        constant_loss=1.0,
        targets=SimpleNamespace(loss_unit=1.0, loss_size=1.0),
    )


@pytest.mark.parametrize(
    ("status", "losses", "n_done", "warned"),
    [
        (Status.MAX_ITER, FALLING, 3, False),
        (Status.MAX_ITER, RISING, 3, True),
        (Status.MAX_ITER, RISING, 1, True),
        (Status.MAX_ITER, [6.0], 1, False),
        (Status.MAX_ITER, [6.1], 1, True),
        (Status.DIVERGED, RISING, 3, False),  # the first epoch may be what is kept
        (Status.DIVERGED, HIGH, 3, True),
        (Status.DIVERGED, HIGH, 2, False),  # what is kept may be older than the fit
        (Status.INTERRUPTED, HIGH, 3, False),
    ],
)
@pytest.mark.parametrize("penalty", [0.0, 100.0])
def test_the_last_loss_decides_or_any_if_it_diverged(
    status, losses, n_done, warned, penalty
):
    assert bool(warning_of_loss(session(status, losses, penalty), n_done)) == warned


@pytest.mark.parametrize("status", [Status.MAX_ITER, Status.DIVERGED])
@pytest.mark.parametrize(
    ("losses", "best", "warned"),
    [(RISING, 1, False), (RISING, 2, True), (FALLING, 2, True), (FALLING, 3, False)],
)
def test_the_loss_at_the_best_score_decides_under_early_stopping(
    losses, best, warned, status
):
    ended = session(status, losses, early_stopping=True, best=best)
    assert bool(warning_of_loss(ended, 3)) == warned


def test_a_best_score_from_before_the_fit_has_had_its_warning():
    ended = session(Status.MAX_ITER, HIGH, early_stopping=True, best=2)
    assert "loss" in warning_of_loss(ended, 2)
    assert warning_of_loss(ended, 1) == {}


@pytest.mark.parametrize(
    ("status", "kind", "start"),
    [
        (Status.INTERRUPTED, "interrupted", "Training interrupted by user in epoch 4."),
        (Status.STUCK, "stuck", "solver='lbfgs' ended in iteration 4: its line search"),
        (Status.DIVERGED, "diverged", "Training diverged in epoch 4. Weights from"),
    ],
)
def test_a_training_cut_short_is_warned_of_in_the_epoch_after_the_last(
    status, kind, start
):
    ((found, (message, _)),) = warning_of_break(session(status, HIGH)).items()
    assert found == kind
    assert message.startswith(start)


def test_a_training_that_ran_to_its_end_is_not_cut_short():
    for status in (Status.MAX_ITER, Status.COMPLETED, Status.CONVERGED):
        assert warning_of_break(session(status, HIGH)) == {}


def test_an_error_says_that_the_first_iteration_diverged():
    with pytest.raises(ValueError, match="diverged in epoch 1, and there are no"):
        warning_of_break(session(Status.DIVERGED, []))


def test_the_limits_are_those_of_the_solver():
    message, _ = warning_of_limit(RegMLPClassifier())["limit"]
    assert "(max_iter=32)" in message
    assert message.endswith("; for a fixed number of epochs set n_iter_no_change=inf.")
    message, _ = warning_of_limit(RegMLPClassifier(solver="lbfgs"))["limit"]
    assert "(max_iter=200, max_fun=15000)" in message
    assert message.endswith("Allow more if the loss is still falling.")


def too_strong(make, kind, solver="sgd"):
    """Return a network or a committee whose penalty takes all weights to zero.

    That of "sgd" does so in the first epoch.
    """
    params = {"solver": solver, "alpha": 9.0, "max_iter": 200}
    if solver != "lbfgs":
        params |= {"learning_rate_init": 0.1, "batch_size": 4, "max_iter": 40}
        params |= {"n_iter_no_change": np.inf, "momentum": 0.9 * (solver == "adam")}
    return make(params, kind=kind) if make is committee else make(kind=kind, **params)


@pytest.mark.parametrize("kind", ["binary", "multilabel", "numbers"])
@pytest.mark.parametrize(
    ("make", "solver"),
    [(network, "adam"), (network, "sgd"), (network, "lbfgs"), (committee, "sgd")],
)
def test_a_penalty_that_removes_all_weights_is_named(make, solver, kind):
    model = too_strong(make, kind, solver)
    with pytest.warns(ConvergenceWarning, match=r"all rows.* alpha, which is 9\.0\."):
        model.fit(*problem(kind))


def test_the_automatic_penalty_is_named_by_its_value():
    rows = np.random.default_rng(0).normal(size=(500, 10))
    model = RegMLPClassifier(random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"which is \[0\.05, 0\.0, 0\.0\]\."):
        model.fit(rows, np.arange(500) % 2)


@SHORT_FITS
def test_a_committee_is_not_constant_if_a_member_is_not():
    X, y = problem()
    constant, other = too_strong(network, "binary").fit(X, y), network().fit(X, y)
    assert "constant" in warning_of_constant([constant, constant], X, y)
    assert warning_of_constant([constant, other], X, y) == {}


@pytest.mark.parametrize("make", [network, committee])
@pytest.mark.parametrize("kind", ["number", "numbers"])
def test_a_constant_is_predicted_without_a_warning(make, kind):
    X, y = problem(kind)
    with warnings_are_errors():
        too_strong(make, kind).fit(X, np.full_like(y, 7.0))
