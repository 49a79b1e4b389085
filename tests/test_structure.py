"""The floors: imports run downward, and each floor knows only what it needs."""

import ast
import re
import sys
from pathlib import Path

import pytest

import skreg

PACKAGE = Path(skreg.__file__).parent
FILES = {p.relative_to(PACKAGE).as_posix(): p for p in PACKAGE.rglob("*.py")}
MODULES = {f"skreg.{f.removesuffix('.py').replace('/', '.')}" for f in FILES}
NUMERICS = {"numpy", "scipy", "skreg", *sys.stdlib_module_names}
COMPILED = "_engine/compiled.py"
"""All that numba compiles is in one file, for its cache on disk."""
MOST_LINES = {
    "classifier.py": 450,
    "regressor.py": 450,
    COMPILED: 567,
}

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
CONTRIBUTING = PAGE.read_text(encoding="utf-8")
MAP = re.findall(r"^\| `([\w/]+\.py)` \| .+ \|$", CONTRIBUTING, flags=re.MULTILINE)
"""The modules from the top down: who reads the page sees what is held here."""


def floor(file):
    """Return the folder of a file; the top has none."""
    return file.rpartition("/")[0]


def imports(file):
    """Return the modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(FILES[file].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            of_module = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (of_module & MODULES) or {node.module}
    return names


def test_the_map_has_every_module_floor_by_floor():
    assert sorted(MAP) == sorted(f for f in FILES if "__init__" not in f)
    floors = [*map(floor, MAP)]
    assert [*dict.fromkeys(floors)] == ["", "_inputs", "_training", "_engine"]
    assert floors == sorted(floors, key=[*dict.fromkeys(floors)].index)


@pytest.mark.parametrize("file", MAP)
def test_imports_run_downward(file):
    below = MAP[MAP.index(file) + 1 :]
    packages = {floor(f) for f in below} - {floor(file)}
    allowed = {f.removesuffix(".py") for f in below} | packages
    own = {name for name in imports(file) if name.partition(".")[0] == "skreg"}
    assert own <= {f"skreg.{name.replace('/', '.')}" for name in allowed}


LOWER_FLOORS = [
    file
    for file in FILES
    if floor(file) in ("_training", "_engine") and file != "_training/callbacks.py"
]


@pytest.mark.parametrize("file", LOWER_FLOORS)
def test_the_lower_floors_know_numpy_and_scipy_alone(file):
    packages = {name.partition(".")[0] for name in imports(file)}
    assert packages <= NUMERICS | ({"numba"} if file == COMPILED else set())


@pytest.mark.parametrize("file", FILES)
def test_modules_are_short(file):
    n_lines = len(FILES[file].read_text(encoding="utf-8").splitlines())
    assert n_lines <= MOST_LINES.get(file, 300)
