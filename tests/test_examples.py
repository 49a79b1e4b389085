"""The examples leave nothing behind, and neither they nor the pages hide a warning."""

import re
from pathlib import Path

import pytest
from helpers import run_python

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SHOWN = [
    *EXAMPLES,
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs").glob("figures/*.py")),
    ROOT / "README.md",
]
SILENCED = re.compile(r"simplefilter|filterwarnings|catch_warnings")


@pytest.mark.parametrize("file", SHOWN, ids=lambda p: p.name)
def test_nothing_that_is_shown_silences_a_warning(file):
    assert not SILENCED.search(file.read_text(encoding="utf-8"))


def test_examples_leave_nothing_behind(tmp_path_factory):
    """In one process, since the imports take most of the time."""
    paths = [str(ROOT / "examples" / n) for n in ("checkpoints.py", "routed_search.py")]
    code = f"import runpy; [runpy.run_path(p, {{}}, '__main__') for p in {paths}]"
    # Short names: a socket in scratch may have a path of 108 characters at most.
    here, scratch = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("scratch")
    environment = {"TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
    done = run_python("-c", code, cwd=here, **environment)
    assert not [*here.iterdir(), *scratch.iterdir()]
    assert "Warning" not in done.stderr
