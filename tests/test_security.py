"""Nothing unexpected runs: SECURITY.md, checked."""

import ast
from pathlib import Path

import pytest
from helpers import run_python

import skreg

PACKAGE = Path(skreg.__file__).parent
DANGEROUS_NAMES = {"eval", "exec", "compile", "__import__", "open"}
DANGEROUS_MODULES = {
    "os", "subprocess", "socket", "urllib", "http", "requests", "pickle", "ctypes",
}  # fmt: skip
HARMLESS = {"os.register_at_fork", "pickle.UnpicklingError"}


@pytest.mark.parametrize("path", [*PACKAGE.rglob("*.py")], ids=lambda path: path.stem)
def test_no_module_can_run_code_or_reach_out(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in DANGEROUS_NAMES
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
            assert not names & DANGEROUS_MODULES
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names} - HARMLESS
            assert not {name.split(".")[0] for name in names} & DANGEROUS_MODULES


@pytest.mark.parametrize("name", skreg.__all__)
def test_loading_an_estimator_runs_none_of_its_code(name):
    for kind in getattr(skreg, name).__mro__:
        if kind.__module__.startswith("skreg"):
            assert not vars(kind).keys() & {"__reduce__", "__reduce_ex__"}
            assert not vars(kind).keys() & {"__setstate__", "__getstate__"}


FIT_UNDER_WATCH = """
import os, sys, warnings
import numpy as np
import sklearn.base, sklearn.metrics, sklearn.model_selection, scipy.optimize
import threadpoolctl
threadpoolctl.threadpool_info()  # its search for the C library: SECURITY.md
warnings.simplefilter("ignore")

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "urllib.", "os.")):
        if event not in ("os.listdir", "os.scandir"):
            raise RuntimeError(f"{event} {arguments}")
    if event == "open":
        path, mode, flags = arguments
        if set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR):
            raise RuntimeError(f"writes {path}")

sys.addaudithook(watch)
from skreg import RegMLPClassifier, RegMLPClassifierCV
from skreg import RegMLPRegressor, RegMLPRegressorCV, TabularEncoder
X = np.random.default_rng(0).normal(size=(40, 3))
y = np.arange(40) % 2
for params in ({"early_stopping": True}, {"solver": "lbfgs"}, {"keep_prob": 0.5}):
    for kind in (RegMLPClassifier, RegMLPRegressor):
        kind(4, max_iter=3, **params).fit(X, y).predict(X)
    for kind, members in (
        (RegMLPClassifierCV, RegMLPClassifier), (RegMLPRegressorCV, RegMLPRegressor)
    ):
        network = members(4, max_iter=3, **params)
        kind(network, {"alpha": [0.1, 1.0]}).fit(X, y).predict(X)
TabularEncoder().fit(X).transform(X)
import skreg.display
print("done", *sys.modules)
"""


@pytest.fixture(scope="module")
def watched():
    """Return the words of a process that imports and fits everything under watch."""
    return run_python("-B", "-c", FIT_UNDER_WATCH).stdout.split()


def test_import_and_fit_open_no_connection_start_no_process_and_write_no_file(watched):
    assert watched[0] == "done"


def test_import_and_fit_import_no_extra(watched):
    """Nor do the displays, before they draw."""
    extras = {"matplotlib", "torch", "skl2onnx", "onnx", "skops", "dask", "numba"}
    assert not extras & set(watched)
