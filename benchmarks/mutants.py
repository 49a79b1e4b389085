"""Mutation testing of the numeric modules, by cosmic-ray.

``python -m benchmarks.mutants`` changes one operator, number or condition at a time, in
clones of the last commit, runs the tests of the numeric modules on each mutant, and
writes what survived to `mutants.json` and, with the reasons given here, to
`docs/mutants.md`. It takes about an hour on two cores; ``--render`` writes the page
alone.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.markdown import table

ROOT = Path(__file__).parents[1]
CONFIG = ".ci/mutants.toml"
PAGE = ROOT / "docs" / "mutants.md"
FOUND = Path(__file__).with_suffix(".json")
MODULES = {
    "activations", "batches", "blas", "dropout", "engine", "initializers", "losses",
    "optimizers", "parameters", "penalties", "schedules", "stopping",
}  # fmt: skip

QUERY = """
select m.module_path, m.start_pos_row, m.operator_name, r.test_outcome, r.diff
from mutation_specs m join work_results r on m.job_id = r.job_id
where r.worker_outcome = 'NORMAL'
order by m.module_path, m.start_pos_row, m.operator_name
"""

WHY = []
"""Triples (module, part of the mutated line, why no test can or need kill it)."""


def run_share(modules, folder):
    """Start cosmic-ray on some modules, in a clone; return the process."""
    clone = Path(folder)
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    paths = ", ".join(f'"skreg/{module}.py"' for module in modules)
    config = clone / CONFIG
    text = config.read_text().replace("module-path = []", f"module-path = [{paths}]")
    config.write_text(text.replace('"python -m', f'"{sys.executable} -m'))
    bin_folder = Path(sys.executable).parent
    commands = [
        [bin_folder / "cosmic-ray", "init", CONFIG, "session.sqlite"],
        [bin_folder / "cr-filter-operators", "session.sqlite", CONFIG],
        [bin_folder / "cosmic-ray", "exec", CONFIG, "session.sqlite"],
    ]
    script = " && ".join(" ".join(map(str, command)) for command in commands)
    environment = os.environ | {"PYTHONPATH": str(clone), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(["bash", "-c", script], cwd=clone, env=environment)


def outcomes(folder):
    """Return the rows of a finished session."""
    with sqlite3.connect(Path(folder) / "session.sqlite") as session:
        return session.execute(QUERY).fetchall()


def changed_lines(diff):
    """Return the line before and after, of a diff."""
    lines = [
        line for line in diff.splitlines() if line[:1] in "+-" and line[1:2] != line[:1]
    ]
    return ["".join(line[1:].split("#")[:1]).strip() for line in lines[:2]]


def reason(module, mutated):
    """Return why a survivor is no gap, or that it is one."""
    return next(
        (why for where, part, why in WHY if where == module and part in mutated),
        "**not killed yet**",
    )


def render():
    """Return what is known, as Markdown."""
    found = json.loads(FOUND.read_text())
    rows = [
        [
            module,
            f"`{before}`".replace("|", "\\|"),
            f"`{after}`".replace("|", "\\|"),
            reason(module, after),
        ]
        for module, before, after in found["survivors"]
    ]
    return (
        f"`python -m benchmarks.mutants`, at commit {found['commit']}: "
        f"{found['killed']:,} of {found['mutants']:,} mutants of the numeric modules "
        "were killed by the tests of these modules. The survivors:\n\n"
        + table(["Module", "line", "mutant", "why"], rows, 4)
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("--modules", default=",".join(sorted(MODULES)))
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args()
    if options.render:
        PAGE.write_text(render() + "\n")
        return
    modules = set(options.modules.split(","))
    # The engine has a third of the mutants: a process for it, one for the others.
    shares = [{"engine"} & modules, modules - {"engine"}]
    shares, rows = [sorted(share) for share in shares if share], []
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / str(k) for k in range(len(shares))]
        processes = list(map(run_share, shares, folders))
        for process, share in zip(processes, folders, strict=True):
            if process.wait():
                raise RuntimeError(f"cosmic-ray failed on {share}")
            rows += outcomes(share)
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.check_output(command, cwd=ROOT, text=True).strip()
    survivors = [
        [Path(path).stem, *changed_lines(diff)]
        for path, _, _, outcome, diff in rows
        if "SURVIVED" in str(outcome)
    ]
    FOUND.write_text(
        json.dumps(
            {
                "commit": commit,
                "mutants": len(rows),
                "killed": len(rows) - len(survivors),
                "survivors": survivors,
            },
            indent=1,
        )
        + "\n"
    )
    PAGE.write_text(render() + "\n")


if __name__ == "__main__":
    main()
