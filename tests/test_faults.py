"""What becomes of an estimator when something goes wrong in the middle of a fit."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skreg import RegMLPClassifier
from skreg.engine import Engine

EXAMPLES = Path(__file__).parents[1] / "examples"
N_EPOCHS = 8
EPOCHS = range(1, N_EPOCHS + 1)
X = np.random.default_rng(0).normal(size=(60, 4))
y = (X @ [1, -2, 3, 0] > 0).astype(int)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def network(**params):
    defaults = {"max_iter": N_EPOCHS, "random_state": 0, "tol": 0.0}
    return RegMLPClassifier(5, **(defaults | params))


def assert_same(one, two):
    """Check that two fitted estimators have the same weights and history."""
    assert one.loss_curve_ == two.loss_curve_
    for a, b in zip(one.coefs_ + one.intercepts_, two.coefs_ + two.intercepts_):
        np.testing.assert_array_equal(a, b)


class Failing:
    """A scorer that raises at its n-th call."""

    def __init__(self, error, n):
        self.error, self.n_left = error, n

    def __call__(self, estimator, X, y):
        self.n_left -= 1
        if not self.n_left:
            raise self.error
        return estimator.score(X, y)


# ------------------------------------------------------------------------------------
# Divergence


@pytest.mark.parametrize("epoch", EPOCHS)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_divergence_in_any_epoch_keeps_the_one_before(
    monkeypatch, solver, epoch, value
):
    run_epoch, n_runs = Engine.run_epoch, 0

    def diverging(self, *arguments):
        nonlocal n_runs
        n_runs += 1
        if n_runs == epoch:
            self.parameters.vector[3] = value
        return run_epoch(self, *arguments)

    monkeypatch.setattr(Engine, "run_epoch", diverging)
    model = network(solver=solver)
    if epoch == 1:
        with pytest.raises(ValueError, match="diverged in epoch 1"):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")
        return
    with pytest.warns(ConvergenceWarning, match=f"diverged in epoch {epoch} "):
        model.fit(X, y)
    monkeypatch.undo()
    assert_same(model, network(solver=solver, max_iter=epoch - 1).fit(X, y))


@pytest.mark.parametrize("call", [1, 2, *range(3, 12)])
def test_lbfgs_that_meets_no_number_keeps_its_last_iteration(monkeypatch, call):
    evaluate, n_calls = Engine.loss_and_gradient, 0

    def diverging(self, rows):
        nonlocal n_calls
        n_calls += 1
        loss, gradient = evaluate(self, rows)
        return (np.nan if n_calls >= call else loss), gradient

    monkeypatch.setattr(Engine, "loss_and_gradient", diverging)
    model = network(solver="lbfgs", max_iter=100)
    if call <= 2:  # before the end of the first iteration
        with pytest.raises(ValueError, match="diverged in epoch 1"):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        shorter = network(solver="lbfgs", max_iter=model.n_iter_).fit(X, y)
    assert_same(model, shorter)


# ------------------------------------------------------------------------------------
# Errors from the user's own code, and the end of the process


@pytest.mark.parametrize("epoch", EPOCHS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("error", [RuntimeError("mine"), SystemExit(3), MemoryError()])
@pytest.mark.parametrize("fitted", [False, True])
def test_what_a_scorer_raises_comes_out_and_changes_nothing(
    solver, epoch, error, fitted
):
    model = network(solver=solver, early_stopping=True)
    if fitted:
        model.fit(X, y)
    model.set_params(scoring=Failing(error, epoch))
    before = dict(vars(model))
    with pytest.raises(type(error)) as caught:
        model.fit(X, y)
    assert caught.value is error
    assert vars(model) == before


@pytest.mark.parametrize("epoch", range(2, N_EPOCHS + 1))
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_ctrl_c_in_a_scorer_keeps_the_epochs_before(solver, epoch):
    scoring = Failing(KeyboardInterrupt(), epoch)
    model = network(solver=solver, early_stopping=True, scoring=scoring)
    with pytest.warns(UserWarning, match=f"interrupted by user in epoch {epoch}"):
        model.fit(X, y)
    other = network(solver=solver, early_stopping=True, max_iter=epoch - 1)
    other.set_params(scoring="accuracy").fit(X, y)
    assert_same(model, other)


@pytest.mark.parametrize("hook", ["on_fit_task_begin", "on_fit_task_end"])
@pytest.mark.parametrize("error", [RuntimeError("mine"), SystemExit(3)])
@pytest.mark.parametrize("epoch", [1, 4, N_EPOCHS])
def test_what_a_callback_raises_comes_out_and_changes_nothing(hook, error, epoch):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")
    n_calls = 0

    class Callback:
        def setup(self, estimator, context):
            pass

        teardown = setup

        def on_fit_task_begin(self, estimator, context, **data):
            self.count("on_fit_task_begin", context)

        def on_fit_task_end(self, estimator, context, **data):
            self.count("on_fit_task_end", context)

        def count(self, name, context):
            nonlocal n_calls
            n_calls += name == hook and context.task_name == "epoch"
            if n_calls == epoch:
                raise error

    model = network().fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(type(error)):
        model.set_callbacks(Callback()).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_ctrl_c_in_a_callback_after_the_last_epoch_keeps_the_model():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")

    class Callback:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = lambda self, estimator, context, **data: None

        def on_fit_task_end(self, estimator, context, **data):
            if context.task_name != "epoch":
                raise KeyboardInterrupt

    model = network().set_callbacks(Callback())
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    assert_same(model, network().fit(X, y))


# ------------------------------------------------------------------------------------
# Checkpoints


@pytest.fixture
def checkpoints(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import checkpoints

    return checkpoints


def test_checkpoints_resume_to_the_bit_after_kill_9(tmp_path, checkpoints):
    path = tmp_path / "network.joblib"
    command = [sys.executable, EXAMPLES / "checkpoints.py", path]
    rng, n_kills, seen = random.Random(0), 0, set()
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    while n_kills < 12:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdout.readline() == "training\n"
        time.sleep(rng.uniform(0.0, 0.25))
        process.kill()
        process.communicate()
        n_kills += process.returncode == -signal.SIGKILL
        if path.exists():
            seen.add(len(joblib.load(path).loss_curve_))
            if max(seen) == 40:
                path.unlink()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    undisturbed = tmp_path / "undisturbed.joblib"
    subprocess.run(
        [*command[:2], undisturbed],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    assert seen, "no process lived long enough to save"
    assert_same(joblib.load(path), joblib.load(undisturbed))


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path):
    """A limit on the size of files stands for the disk."""
    path = tmp_path / "network.joblib"
    code = f"""
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(EXAMPLES)!r})
import checkpoints, joblib
import numpy as np
from skreg import RegMLPClassifier
X, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50) % 2
path = Path({str(path)!r})
small = checkpoints.fit_with_checkpoints(
    RegMLPClassifier(4, random_state=0), X, y, path, n_epochs=2, every=1
)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
try:
    checkpoints.fit_with_checkpoints(small, X, y, path, n_epochs=4, every=1)
except OSError:
    print("no space")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "no space\n"
    assert len(joblib.load(path).loss_curve_) == 2


# ------------------------------------------------------------------------------------
# Processes and threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks only where the system does")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("n_rows", [60, 3000])
def test_a_fork_predicts_and_trains_on(n_rows):
    """Also where the parent's BLAS threads, which a fork does not have, have worked."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(n_rows, 200)).astype(np.float32)
    labels = np.arange(n_rows) % 3
    model = RegMLPClassifier(100, max_iter=2, warm_start=True, random_state=0)
    before = model.fit(data, labels).predict_proba(data)
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(60)
            same = np.allclose(model.predict_proba(data), before, atol=1e-6)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(data, labels)
            os._exit(0 if same and len(model.loss_curve_) == 4 else 1)
        except BaseException:
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    np.testing.assert_array_equal(model.predict_proba(data), before)


def in_threads(*functions):
    """Call functions at the same time; return their results."""
    results = [None] * len(functions)
    barrier = threading.Barrier(len(functions))

    def run(index, function):
        barrier.wait()
        results[index] = function()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_threads_predict_on_one_estimator():
    digits, labels = load_digits(return_X_y=True)
    model = network().fit(digits, labels)
    parts = [digits[k::4] for k in range(4)]
    expected = [model.predict_proba(part) for part in parts]
    for _ in range(10):
        found = in_threads(
            *(lambda part=part: model.predict_proba(part) for part in parts)
        )
        for own, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("dropout_mask", ["sample", "batch"])
def test_threads_fit_estimators_of_their_own(dropout_mask):
    def make(seed):
        return network(
            keep_prob=0.7, dropout_mask=dropout_mask, random_state=seed, batch_size=10
        )

    expected = [make(seed).fit(X, y) for seed in range(4)]
    for _ in range(3):
        # The warnings of a thread would be errors that nobody sees.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = in_threads(*(lambda s=s: make(s).fit(X, y) for s in range(4)))
        for own, other in zip(found, expected, strict=True):
            assert_same(own, other)
