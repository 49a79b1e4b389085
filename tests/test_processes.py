"""Several processes and threads, and the end of a process in the middle of a fit."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from itertools import count
from pathlib import Path

import joblib
import numpy as np
import pytest
from estimators import (
    CONTROLS_BLAS,
    SHORT_FITS,
    assert_same_training,
    at_call,
    blas_threads,
    network,
    problem,
    watch_engines,
)
from helpers import FORKS, in_a_fork, run_python
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from skreg._threads import one_thread

EXAMPLES = Path(__file__).parents[1] / "examples"
pytestmark = [
    SHORT_FITS,
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
X, y = problem()


# Checkpoints


def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)


def at_second_call(module, name, function):
    """Replace the second call of a function of a module."""
    original, calls = getattr(module, name), count(1)
    setattr(module, name, lambda *a: (function if next(calls) == 2 else original)(*a))


def write_half(model, file):
    file.write(pickle.dumps(model)[:1000])
    file.flush()
    die()


def replace_and_die(*paths, replace=os.replace):
    replace(*paths)
    die()


def die_after(seconds):
    signal.signal(signal.SIGALRM, die)
    signal.setitimer(signal.ITIMER_REAL, seconds)


# Each lets a first checkpoint pass.
DEATHS = {
    "in training": lambda: watch_engines(pytest.MonkeyPatch(), at_call(8, die)),
    "with an empty file": lambda: at_second_call(joblib, "dump", die),
    "with half a file": lambda: at_second_call(joblib, "dump", write_half),
    "before it is on the disk": lambda: at_second_call(os, "fsync", die),
    "before it has its name": lambda: at_second_call(os, "replace", die),
    "after it has its name": lambda: at_second_call(os, "replace", replace_and_die),
}


@FORKS
def test_checkpoints_resume_to_the_bit_after_kill_9(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import checkpoints

    path, undisturbed = tmp_path / "network.joblib", tmp_path / "undisturbed.joblib"
    checkpoints.main(undisturbed)

    def killed(prepare):
        return in_a_fork(lambda: (prepare(), checkpoints.main(path))) == -signal.SIGKILL

    for seconds in np.random.default_rng(0).uniform(0, 0.1, 5):
        if not killed(lambda seconds=seconds: die_after(seconds)):
            path.unlink()  # it was done
    for phase, prepare in DEATHS.items():
        n_before = len(joblib.load(path).loss_curve_) if path.exists() else 0
        if n_before > 25:
            path.unlink()
        assert killed(prepare), phase
        assert len(joblib.load(path).loss_curve_) >= 5, phase
    checkpoints.main(path)
    assert_same_training(joblib.load(path), joblib.load(undisturbed))


@FORKS
def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    """A limit on the size of files stands for the disk."""
    monkeypatch.syspath_prepend(EXAMPLES)
    import checkpoints

    path = tmp_path / "network.joblib"
    rows = X, y, path
    model = checkpoints.fit_with_checkpoints(network(), *rows, n_epochs=2, every=1)

    def go_on_with_a_full_disk():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = path.stat().st_size // 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        with pytest.raises(OSError, match="too large"):
            checkpoints.fit_with_checkpoints(model, *rows, n_epochs=4, every=1)

    assert in_a_fork(go_on_with_a_full_disk) == 0
    assert_same_training(joblib.load(path), model)


# Forks and threads


@FORKS
@pytest.mark.parametrize("n_rows", [60, 600])
def test_a_fork_predicts_and_trains_on(n_rows):
    """Also where the parent's BLAS threads, which a fork does not have, have worked."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(n_rows, 200)).astype(np.float32)
    labels = np.arange(n_rows) % 3
    model = network(hidden_layer_sizes=100, batch_size=200, warm_start=True)
    with threadpool_limits(2):
        before = model.fit(data, labels).predict_proba(data)

    def predict_and_train_on():
        np.testing.assert_allclose(model.predict_proba(data), before, atol=1e-6)
        model.fit(data, labels)
        assert len(model.loss_curve_) == 10

    assert in_a_fork(predict_and_train_on) == 0
    with threadpool_limits(2):  # the same sums as before
        np.testing.assert_array_equal(model.predict_proba(data), before)


@CONTROLS_BLAS
@FORKS
def test_a_fork_while_networks_train_limits_its_own_threads():
    entered, forked = threading.Event(), threading.Event()

    @one_thread
    def train():
        entered.set()
        forked.wait()

    def use():
        with one_thread:
            assert blas_threads() == {1}
        assert blas_threads() == {2}

    def end_and_use():
        one_thread.__exit__()
        use()

    with threadpool_limits(2, user_api="blas"):
        thread = threading.Thread(target=train)
        thread.start()
        entered.wait()
        try:
            assert in_a_fork(use) == 0
            with one_thread:
                assert in_a_fork(use) == 0
                assert in_a_fork(end_and_use) == 0
        finally:
            forked.set()
            thread.join()
        assert blas_threads() == {2}


@FORKS
def test_a_fork_waits_for_a_thread_that_changes_the_limit():
    def use():
        with one_thread:
            pass

    stop = threading.Event()

    def use_again_and_again():
        while not stop.is_set():
            use()

    thread = threading.Thread(target=use_again_and_again)
    thread.start()
    try:
        assert all(in_a_fork(use) == 0 for _ in range(10))
    finally:
        stop.set()
        thread.join()


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
            assert_same_training(own, other)


EMBEDDED = """
import _thread

def fit():
    import numpy as np
    from skreg import RegMLPClassifier
    X = np.random.default_rng(0).normal(size=(100, 3))
    model = RegMLPClassifier(4, max_iter=2).fit(X, np.arange(100) % 2)
    print(model.n_iter_)
    done.release()

done = _thread.allocate_lock()
done.acquire()
_thread.start_new_thread(fit, ())
done.acquire(timeout=60)
"""


def test_a_thread_that_came_before_threading_fits():
    """As where a program embeds Python: `threading` may take it for the main one."""
    done = run_python("-W", "ignore", "-c", EMBEDDED)
    assert (done.stdout, done.stderr) == ("2\n", "")


# A search in several processes


SEARCH = """
import multiprocessing, os, sys
from pathlib import Path
import joblib.parallel
import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits
from skreg import RegMLPClassifier

class Noting:
    # A scorer that notes how many threads the BLAS of its process has.
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, estimator, X, y):
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        threads = max(pool["num_threads"] for pool in pools)
        (self.folder / f"{os.getpid()}-{threads}").touch()
        return estimator.score(X, y)

def check(backend, search, X, y):
    expected = search.fit(X, y).cv_results_["mean_test_score"]
    forks = backend == "fork"
    context = multiprocessing.get_context("fork") if forks else None
    joblib.parallel.DEFAULT_MP_CONTEXT = context
    with parallel_config("multiprocessing" if forks else backend, n_jobs=2):
        found = search.fit(X, y).cv_results_["mean_test_score"]
    assert np.array_equal(found, expected)

def main():
    X = np.random.default_rng(0).normal(size=(300, 20))
    y = (X[:, 0] > 0).astype(int)
    X @ X.T @ X  # the BLAS threads of this process have worked before a fork
    network = RegMLPClassifier(
        100, max_iter=5, tol=0.0, n_iter_no_change=3, random_state=0
    )
    grid = {"alpha": [1e-4, 1e-1], "keep_prob": [1.0, 0.5]}
    folder, *backends = sys.argv[1:]
    for backend in backends:
        name, n_threads = backend.split("=")
        notes = Path(folder) / name
        notes.mkdir()
        search = GridSearchCV(network, grid, cv=2, scoring=Noting(notes), refit=False)
        with threadpool_limits(int(n_threads)):
            check(name, search, X, y)
        noted = [note.name.split("-") for note in notes.iterdir()]
        assert (len(noted) == 1) == (name == "threading"), (name, noted)
        assert {threads for _, threads in noted} == {n_threads}, (name, noted)

if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore")
    main()
"""


@CONTROLS_BLAS
def test_a_search_in_two_processes_gives_the_same(tmp_path):
    """With as many BLAS threads, so that the sums have one order.

    loky gives each worker its share of the cores; elsewhere it is one thread.
    """
    script, notes = tmp_path / "search.py", tmp_path / "notes"
    script.write_text(SEARCH)
    notes.mkdir()
    environment = {k: v for k, v in os.environ.items() if "NUM_THREADS" not in k}
    share = max(1, joblib.cpu_count() // 2)
    backends = ["threading=1", "fork=1", f"loky={share}"]
    command = [sys.executable, "-W", "ignore", script, notes, *backends]
    subprocess.run(command, check=True, env=environment, timeout=240)
