"""What becomes of an estimator when something goes wrong in the middle of a fit."""

import contextlib
import copy
import pickle
import signal
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from estimators import (
    CLASSES,
    DROPOUT,
    NUMBERS,
    SHORT_FITS,
    SOLVERS,
    Hooks,
    assert_same_training,
    at_call,
    by_name,
    fitted_attributes,
    network,
    press_ctrl_c,
    problem,
    watch_engines,
)
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning

import skreg._base
from skreg import RegMLPRegressor
from skreg._endings import warning_of_loss
from skreg._inputs.targets import Targets
from skreg._training.stopping import Status

pytestmark = SHORT_FITS
X, y = problem()
N_EPOCHS = 5


class Failing:
    """A scorer that raises at its n-th call."""

    def __init__(self, error, n):
        self.error, self.n_left = error, n

    def __call__(self, estimator, X, y):
        self.n_left -= 1
        if not self.n_left:
            raise self.error
        return estimator.score(X, y)


# Divergence


@pytest.mark.filterwarnings("ignore:The training loss ended")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_that_diverges_keeps_the_last_finite_weights(early_stopping):
    params = {"solver": "sgd", "activation": "identity", "learning_rate_init": 50.0}
    params |= {"hidden_layer_sizes": (5, 5), "n_iter_no_change": 100, "max_iter": 100}
    params |= {"early_stopping": early_stopping, "scoring": "accuracy"}
    with pytest.warns(ConvergenceWarning, match="diverged") as record:
        model = network(**params).fit(X, y)
    message = str(record[0].message)
    assert f"epoch {model.n_iter_ + 1}" in message
    assert "learning rate 50" in message
    assert 0 < model.n_iter_ < 100
    assert np.isfinite(model.loss_curve_).all()
    assert_same_training(
        model, network(**params | {"max_iter": model.n_iter_}).fit(X, y)
    )
    assert all(np.isfinite(array).all() for array in model.coefs_ + model.intercepts_)


@pytest.mark.parametrize("kind", [*CLASSES, *NUMBERS])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_network_that_is_worse_than_a_constant_is_warned_of(kind, early_stopping):
    X, y = problem(kind)
    params = {"kind": kind, "early_stopping": early_stopping, "max_iter": 2}
    params |= {"alpha": 0.0, "learning_rate_init": 100.0}
    with pytest.warns(ConvergenceWarning, match="far above .* lower learning_rate"):
        network(**params).fit(X, y)


@pytest.mark.parametrize("kind", [*CLASSES, *NUMBERS])
def test_a_call_that_explodes_at_once_changes_no_weight(kind):
    X, y = problem(kind)
    model = network(kind=kind, warm_start=True).fit(X, y)
    before = copy.deepcopy(model)
    model.set_params(learning_rate_init=1e9)
    for train in (model.fit, model.partial_fit):
        with pytest.warns(ConvergenceWarning, match="diverged in epoch 6"):
            train(X, y)
        assert_same_training(model, before)


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_stream_goes_on_in_another_unit(kind):
    """A network that had not seen it yet learns it all the same."""
    X, y = problem(kind)
    model = network(kind=kind, learning_rate_init=1e-3).fit(X, y)
    model.partial_fit(X, 1e6 * y)
    assert model.n_iter_ == 1
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 7"):
        model.partial_fit(X, 1e200 * y)  # the squares of which overflow


def test_a_stream_follows_a_level_up_and_down():
    """Rows far from what was learned are no divergence."""
    rng = np.random.default_rng(0)
    model = RegMLPRegressor((64, 64), learning_rate_init=0.01, random_state=0)
    for k in range(300):
        rows = rng.normal(size=(64, 5))
        level = 100 if 50 <= k < 200 else 0
        model.partial_fit(rows, level + rows[:, 0])
        assert model.n_iter_ == 1
    assert np.abs(model.predict(rows) - rows[:, 0]).mean() < 1


def test_a_step_that_spoils_a_stream_is_undone():
    """In a call of a single step, the loss before it does not tell."""
    rng = np.random.default_rng(0)
    model = RegMLPRegressor((256, 256), solver="sgd", random_state=0)
    for _ in range(100):
        rows = rng.normal(size=(8, 5))
        model.partial_fit(rows, rows[:, 0])
    before = copy.deepcopy(model)
    bad = rows.copy()
    bad[0, 3] = 1000
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 101"):
        model.partial_fit(bad, rows[:, 0])
    assert_same_training(model, before)


@by_name(SOLVERS)
def test_divergence_in_the_first_epoch_is_an_error(params):
    huge = np.abs(X) / np.abs(X).max() * np.finfo(X.dtype).max
    model = network(hidden_layer_sizes=(5, 5), activation="identity", **params)
    with pytest.raises(
        ValueError, match=r"diverged in epoch 1\b.*lower learning_rate_init"
    ):
        model.fit(huge, y)
    assert fitted_attributes(model) == {}
    if params["solver"] != "lbfgs":
        with pytest.raises(ValueError, match="diverged in epoch 1"):
            model.partial_fit(huge, y, [0, 1])
        assert fitted_attributes(model) == {}
    model.fit(X, y)
    before = fitted_attributes(model)
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        model.fit(huge, y)
    assert fitted_attributes(model) == before


@pytest.mark.parametrize("epoch", range(1, N_EPOCHS + 1))
@pytest.mark.parametrize("mask", ["sample", "batch"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_lost_in_any_epoch_is_found_and_ends_the_fit_before_it(
    monkeypatch, mask, epoch, value
):
    def lose(engine, order):
        snapshot = engine.snapshot().copy()
        snapshot.parameters[3] = value
        engine.restore(snapshot)

    params = {"dropout_mask": mask, "input_keep_prob": 0.8, "tol": 0.0}
    model = network(**params)
    watch_engines(monkeypatch, before=at_call(epoch, lose))
    if epoch == 1:
        with pytest.raises(ValueError, match="diverged in epoch 1"):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")
        return
    with pytest.warns(ConvergenceWarning, match=f"diverged in epoch {epoch} "):
        model.fit(X, y)
    monkeypatch.undo()
    assert_same_training(model, network(max_iter=epoch - 1, **params).fit(X, y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("call", range(1, 12))
def test_lbfgs_that_meets_no_number_keeps_its_last_iteration(monkeypatch, call):
    objective_of, n_calls = skreg._base.Objective, 0

    def make_diverging(*args):
        objective = objective_of(*args)

        def diverging(vector):
            nonlocal n_calls
            n_calls += 1
            value, gradient = objective(vector)
            return (np.nan if n_calls >= call else value), gradient

        return diverging

    monkeypatch.setattr("skreg._base.Objective", make_diverging)
    model = network(solver="lbfgs", max_iter=100)
    error = None
    try:
        model.fit(X, y)
    except ValueError as raised:  # before the end of the first iteration
        error = str(raised)
    assert error is None or call < 5
    if error is not None:
        assert "diverged in epoch 1" in error
        assert not hasattr(model, "coefs_")
        return
    assert call > 1
    monkeypatch.undo()
    shorter = network(solver="lbfgs", max_iter=model.n_iter_).fit(X, y)
    assert_same_training(model, shorter)


# Interrupts


@by_name(DROPOUT | {"early stopping": {"early_stopping": True}})
def test_an_interrupt_keeps_the_epochs_done_and_training_can_go_on(monkeypatch, params):
    """Ctrl-C is pressed at the end of the last step of epoch 4."""
    params = {"warm_start": True} | params
    three, seven = (network(max_iter=n, **params).fit(X, y) for n in (3, 7))
    model = network(max_iter=7, **params)
    with monkeypatch.context() as patch:
        watch_engines(patch, after=at_call(4, press_ctrl_c))
        with pytest.warns(UserWarning, match="interrupted by user in epoch 4"):
            model.fit(X, y)
    assert model.n_iter_ == 3
    assert_same_training(model, three)
    assert_same_training(model.set_params(max_iter=4).fit(X, y), seven)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of POSIX")
@by_name(DROPOUT)
def test_an_interrupt_within_the_first_epoch_keeps_the_steps_taken(monkeypatch, params):
    """Ctrl-C after a tenth of a second of an epoch of 100,000 steps."""

    def start_timer(engine, order):
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.1)

    watch_engines(monkeypatch, before=start_timer)
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    rows = np.arange(100_000) % len(X)
    try:
        with pytest.warns(UserWarning, match="interrupted by user in epoch 1"):
            model = network(batch_size=1, **params).fit(X[rows], y[rows])
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert model.n_iter_ == 0
    assert model.predict(X).shape == y.shape
    assert all(bias.any() for bias in model.intercepts_)  # they begin at zero


@pytest.mark.parametrize("epoch", [2, 3, N_EPOCHS])
@by_name(SOLVERS)
def test_an_interrupt_in_a_scorer_keeps_the_epochs_before(params, epoch):
    params = params | {"early_stopping": True, "tol": 0.0}
    model = network(scoring=Failing(KeyboardInterrupt(), epoch), **params)
    with pytest.warns(UserWarning, match=f"interrupted by user in epoch {epoch}"):
        model.fit(X, y)
    other = network(scoring="accuracy", max_iter=epoch - 1, **params).fit(X, y)
    assert len(model.validation_scores_) == epoch - 1
    assert_same_training(model, other)


@contextlib.contextmanager
def ctrl_c_at(line):
    """Press Ctrl-C at one of all lines of the training that are run.

    What is yielded is a list; it stays empty if there are not so many lines.
    """
    folder, n_run = str(Path(skreg._base.__file__).parent / "_training"), count(1)
    pressed = []

    def trace(frame, event, argument):
        if not frame.f_code.co_filename.startswith(folder):
            return None
        if event == "line" and next(n_run) == line:
            pressed.append(line)
            signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield pressed
    finally:
        sys.settrace(before)


@pytest.mark.filterwarnings("ignore:.*nterrupted by user:UserWarning")
@by_name(
    {
        "adaptive": {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
        "early stopping": {"early_stopping": True, "n_iter_no_change": 50},
    }
)
def test_an_interrupt_between_any_two_lines_leaves_whole_epochs(params):
    params = {"warm_start": True} | params
    seven = network(max_iter=7, **params).fit(X, y)
    n_resumed = 0
    for line in count(3, 5):
        model = network(max_iter=4, **params)
        try:
            with ctrl_c_at(line) as pressed:
                model.fit(X, y)
        except KeyboardInterrupt:  # before training, or after it
            if fitted_attributes(model) == {}:
                continue
            assert model.n_iter_ == 4
        if not pressed:
            break
        if model.n_iter_:
            model.set_params(max_iter=7 - model.n_iter_).fit(X, y)
            assert_same_training(model, seven)
            n_resumed += 1
    assert n_resumed > 50


def test_an_interrupt_after_the_last_epoch_waits_until_the_model_is_fitted(monkeypatch):
    whole = network().fit(X, y)

    def interrupted(estimator, X):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("skreg._base.warn_of_scale", interrupted)
    with pytest.warns(UserWarning, match="Interrupted by user after training"):
        model = network().fit(X, y)
    assert_same_training(model, whole)


def test_an_interrupt_in_a_callback_after_the_last_epoch_keeps_the_model():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")

    class Callback(Hooks):
        def on_fit_task_end(self, estimator, context):
            if context.task_name != "epoch":
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Interrupted by user after training"):
        model = network(Callback()).fit(X, y)
    assert_same_training(model, network().fit(X, y))


@pytest.mark.parametrize("fitted", [False, True])
def test_an_interrupt_of_partial_fit_at_any_line_is_raised_and_changes_nothing(fitted):
    model = network()
    if fitted:
        model.partial_fit(X, y, [0, 1])
    before = pickle.dumps(model)
    for line in count(1):
        try:
            with ctrl_c_at(line) as pressed:
                model.partial_fit(X, y, [0, 1])
        except KeyboardInterrupt:
            assert pickle.dumps(model) == before
            continue
        assert not pressed, f"The interrupt at line {line} was lost."
        break
    assert line > 20


@pytest.mark.filterwarnings("ignore:Training interrupted by user in epoch 1")
def test_an_interrupt_at_any_line_leaves_no_network_that_diverged_at_once():
    steep = {"solver": "sgd", "learning_rate_init": 1e30, "dtype": "float32"}
    with pytest.raises(ValueError, match="no weights to keep"):
        network(**steep).fit(X, y)
    for line in count(1):
        model = network(**steep)
        with (
            contextlib.suppress(KeyboardInterrupt, ValueError),
            ctrl_c_at(line) as pressed,
        ):
            model.fit(X, y)
        if not pressed:
            break
        for coef in getattr(model, "coefs_", []):
            assert np.isfinite(coef).all()
    assert line > 50


# Errors from the user's own code


@pytest.mark.parametrize("epoch", [1, 2, N_EPOCHS])
@by_name(SOLVERS)
@pytest.mark.parametrize("error", [RuntimeError("mine"), SystemExit(3), MemoryError()])
@pytest.mark.parametrize("fitted", [False, True])
def test_what_a_scorer_raises_comes_out_and_changes_nothing(
    params, epoch, error, fitted
):
    model = network(early_stopping=True, **params)
    if fitted:
        model.fit(X, y)
    model.set_params(scoring=Failing(error, epoch))
    before = dict(vars(model))
    with pytest.raises(type(error)) as caught:
        model.fit(X, y)
    assert caught.value is error
    assert vars(model) == before


@pytest.mark.filterwarnings("ignore:Column 12 of X")
def test_an_explosion_that_stays_finite_keeps_the_calm_weights():
    wine, kinds = load_wine(return_X_y=True)
    model = network(
        solver="sgd", hidden_layer_sizes=100, alpha=1e-4, batch_size=200,
        learning_rate_init=1e4, max_iter=200, dtype="float64",
    )  # fmt: skip
    diverged = pytest.warns(ConvergenceWarning, match="diverged")
    with diverged, pytest.warns(ConvergenceWarning, match="far above the 1.1 of a"):
        model.fit(wine, kinds)
    assert max(model.loss_curve_) <= 1000 * (1 + min(model.loss_curve_))


@pytest.mark.parametrize(
    ("losses", "n_done", "is_useless"),
    [([0.3, 55.0], 2, False), ([40.0, 55.0], 2, True), ([0.3, 55.0], 1, False)],
    ids=["calm before", "never calm", "calm before the call"],
)
def test_a_diverged_fit_may_be_useless(losses, n_done, is_useless):
    history = SimpleNamespace(
        loss_curve=losses, penalty_curve=[0.0, 0.0], n_epochs=len(losses)
    )
    session = SimpleNamespace(
        state=SimpleNamespace(history=history),
        plan=SimpleNamespace(early_stopping=False),
        status=Status.DIVERGED,
        constant_loss=1.1,
        targets=Targets(),
    )
    assert bool(warning_of_loss(session, n_done)) == is_useless


def test_a_refused_call_takes_back_what_it_appended():
    class ScorerError(Exception):
        pass

    def scoring(estimator, X, y):
        if len(curve) == N_EPOCHS + 2:
            raise ScorerError
        return 0.0

    curve = []
    model = network(warm_start=True, scoring=scoring).fit(X, y, X_val=X, y_val=y)
    curve = model.loss_curve_
    before = pickle.dumps([curve, model.validation_scores_, model.coefs_])
    with pytest.raises(ScorerError):
        model.fit(X, y, X_val=X, y_val=y)
    assert model.loss_curve_ is curve
    assert pickle.dumps([curve, model.validation_scores_, model.coefs_]) == before
