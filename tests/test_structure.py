"""The imports run downward, as the map in CONTRIBUTING.md says."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skreg

PACKAGE = Path(skreg.__file__).parent
NUMERICS = {
    "blas": set(),
    "parameters": {"blas"},
    "activations": set(),
    "losses": set(),
    "penalties": {"blas"},
    "schedules": set(),
    "initializers": set(),
    "dropout": {"parameters"},
    "batches": {"dropout"},
}
ALLOWED = {
    **NUMERICS,
    "optimizers": set(NUMERICS),
    "passes": {"blas"},
    "engine": {*NUMERICS, "passes"},
    "stopping": set(),
    "progress": set(),
    "targets": {"errors"},
    "callbacks": set(),
    "training": {"stopping", "schedules"},
    "lbfgs": {"stopping"},
    "errors": set(),
    "weights": {"errors"},
    "validation": {"batches", "errors", "weights"},
    "state": {"initializers", "parameters", "stopping", "training"},
    "dask": {"batches", "losses", "stopping"},
}
USES_SKLEARN = {
    "classifier",
    "targets",
    "weights",
    "validation",
    "callbacks",
    "display",
    "onnx",
    "dask",
}


def imports(module):
    """Return the names of all modules that a module imports, anywhere in it."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


@pytest.mark.parametrize("module", ALLOWED)
def test_imports_run_downward(module):
    own = {n.split(".")[1] for n in imports(module) if n.startswith("skreg.")}
    assert own <= ALLOWED[module]


@pytest.mark.parametrize("module", [p.stem for p in PACKAGE.glob("*.py")])
def test_only_the_top_knows_sklearn(module):
    uses = any(name.split(".")[0] == "sklearn" for name in imports(module))
    assert not uses or module in USES_SKLEARN


def test_importing_skreg_imports_no_extra():
    code = "import sys, skreg; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"matplotlib", "torch", "skl2onnx", "skops", "dask"} & set(loaded)
