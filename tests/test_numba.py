"""``engine="numba"``: the same networks, in threads, from machine code on disk."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import (
    DROPOUT,
    SHORT_FITS,
    STEPPING,
    assert_same_committee,
    assert_same_network,
    assert_same_training,
    by_name,
    committee,
    every_kind,
    network,
    problem,
)
from helpers import FORKS, NUMBA, in_a_fork

import skreg
from skreg._training.loop import train

pytestmark = [SHORT_FITS, NUMBA]
X, y = problem()
ROUNDING = {"rtol": 1e-9, "atol": 1e-9}


def both(**params):
    return [network(engine=engine, **params) for engine in ("numpy", "numba")]


@every_kind
@by_name(DROPOUT, "dropout")
@by_name(STEPPING)
def test_both_engines_fit_the_same_network(params, dropout, kind):
    X, y = problem(kind)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    one, other = (
        model.fit(X, y, sample_weight=weights)
        for model in both(kind=kind, alpha=[0.1, 0.01], **params | dropout)
    )
    assert_same_network(one, other, **ROUNDING)
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("given", [X, X.astype("float32"), sp.csr_array(X)])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_single_precision_and_sparse_rows(given, early_stopping):
    params = {"dtype": "float32", "early_stopping": early_stopping, "keep_prob": 0.8}
    one, other = (model.fit(given, y) for model in both(**params))
    assert other.coefs_[0].dtype == np.float32
    assert_same_network(one, other, rtol=1e-4, atol=1e-4)
    assert one.n_iter_ == other.n_iter_


def test_all_data_run_on_one_machine_code_per_precision():
    from skreg._engine.compiled import run_block

    for dtype in ("float32", "float64"):
        for given in (X, X.astype("float32"), np.asfortranarray(X), sp.csr_array(X)):
            model = network(engine="numba", dtype=dtype, keep_prob=0.5, batch_size=7)
            model.fit(given, y, sample_weight=np.arange(len(y)) % 2)
    assert len(run_block.signatures) <= 2


@by_name(DROPOUT, "dropout")
@by_name(STEPPING)
def test_it_goes_on_to_the_bit(params, dropout):
    params = {"engine": "numba", **params, **dropout}
    at_once = network(max_iter=6, **params).fit(X, y)
    in_parts = network(max_iter=2, warm_start=True, **params).fit(X, y)
    in_parts.set_params(max_iter=4).fit(X, y)
    assert_same_training(at_once, in_parts)


def test_training_may_go_on_with_the_other_engine():
    model = network(engine="numba").fit(X, y).set_params(engine="numpy")
    other = network().fit(X, y)
    for _ in range(3):
        model.partial_fit(X, y)
        other.partial_fit(X, y)
    assert_same_network(model, other, **ROUNDING)


@pytest.mark.parametrize("distributions", [None, {"alpha": [1e-4, 1e-2, 0.1, 1.0]}])
def test_a_committee_does_not_depend_on_the_number_of_threads(distributions):
    params = {"engine": "numba", "keep_prob": 0.8, "max_iter": 20}
    alone = committee(params, distributions).fit(X, y)
    for n_jobs in (2, 5):
        in_threads = committee(params, distributions, n_jobs=n_jobs).fit(X, y)
        assert_same_committee(alone, in_threads)
    numpy = committee(params | {"engine": "numpy"}, distributions).fit(X, y)
    np.testing.assert_allclose(
        alone.oof_probabilities_, numpy.oof_probabilities_, rtol=1e-6
    )


def test_as_many_threads_as_jobs_train_in_this_process(monkeypatch):
    noted = []

    def note(sessions, n_threads):
        noted.append(n_threads)
        train(sessions, n_threads)

    monkeypatch.setattr("skreg._race.train", note)
    committee({"engine": "numba"}, n_jobs=2).fit(X, y)
    assert noted == [2]


def test_partitions_of_a_dask_array():
    da = pytest.importorskip("dask.array")
    from skreg.dask import fit_local_sgd

    parts = da.from_array(X, chunks=(20, -1)), da.from_array(y, chunks=20)
    one, other = (fit_local_sgd(model, *parts) for model in both(keep_prob=0.8))
    assert_same_network(one, other, **ROUNDING)


@FORKS
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_has_the_code_of_its_parent():
    from skreg._engine.compiled import run_block

    def n_loaded_or_compiled():
        stats = run_block.stats
        return stats.cache_hits.total() + stats.cache_misses.total()

    network(engine="numba").fit(X, y)
    n_before = n_loaded_or_compiled()

    def fit_again():
        network(engine="numba").fit(X, y)
        assert n_loaded_or_compiled() == n_before > 0

    assert in_a_fork(fit_again) == 0


def test_without_numba_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "skreg._engine.compiled", raising=False)
    monkeypatch.delitem(sys.modules, "skreg._engine.numba_engine", raising=False)
    model = network(engine="numba")
    with pytest.raises(ImportError, match=r"pip install 'skreg\[numba\]'"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def run_in_a_process(code, **environment):
    """Start a program with the package as it is here."""
    folder = str(Path(skreg.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": folder} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


FIT = """
import numpy as np
from skreg import RegMLPClassifier
X = np.random.default_rng(0).normal(size=(100, 3))
RegMLPClassifier((4,), engine="numba", dtype="float64").fit(X, np.arange(100) % 2)
from skreg._engine.compiled import run_block
print(run_block.stats.cache_hits.total(), run_block.stats.cache_misses.total())
"""


def test_code_is_kept_on_disk_for_other_processes():
    from skreg._engine.compiled import run_block

    network(engine="numba").fit(X, y)  # compiles it, unless that was done before
    if run_block.stats.cache_path is None:
        pytest.skip("no folder is writable, as where distributions are built")
    assert run_in_a_process(FIT).communicate() == ("1 0\n", "")


def test_the_switch_that_forbids_compilation_is_named(monkeypatch):
    from numba import config

    network(engine="numba").fit(X, y)  # imports what is imported anew below
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    for name in ("compiled", "numba_engine"):
        monkeypatch.delitem(sys.modules, f"skreg._engine.{name}")
        monkeypatch.delattr(f"skreg._engine.{name}")
    with pytest.raises(ImportError, match="compiles its code, but NUMBA_DISABLE_JIT"):
        network(engine="numba").fit(X, y)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), EOFError(), pickle.UnpicklingError()]
)
def test_a_full_disk_and_damaged_code_are_named(monkeypatch, error):
    def run_block(*arguments):
        raise error

    run_block.stats = SimpleNamespace(cache_path="some_folder", cache_misses={})
    monkeypatch.setattr("skreg._engine.numba_engine.run_block", run_block)
    monkeypatch.setattr("skreg._engine.numba_engine._COMPILED", set())
    match = f"read its compiled code in some_folder: {re.escape(repr(error))}.*delete"
    with pytest.raises(RuntimeError, match=match):
        network(engine="numba").fit(X, y)


PIECE = """
import os, sys, types
import numpy as np
# The package without its estimators: what they import takes longer than to compile.
package = sys.modules["skreg"] = types.ModuleType("skreg")
package.__path__ = [os.path.join(os.environ["PYTHONPATH"], "skreg")]
from skreg._engine.compiled import _tanh
z = np.array([-800.0, 800.0])
_tanh(z)
print(*z, _tanh.stats.cache_misses.total())
"""


def test_processes_may_compile_at_the_same_time(tmp_path):
    def start():
        return run_in_a_process(PIECE, NUMBA_CACHE_DIR=str(tmp_path))

    first = [start(), start()]
    for process in first:
        out, err = process.communicate()
        assert (out[:-2], err) == ("-1.0 1.0 ", "")
    assert start().communicate() == ("-1.0 1.0 0\n", "")
