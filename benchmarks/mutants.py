"""Mutation testing of the numeric modules, by cosmic-ray.

``python -m benchmarks.mutants`` changes one operator, number or condition at a time, in
clones of the last commit, runs the tests of the numeric modules on each mutant, and
writes what survived to `mutants.json` and, with the reasons given here, to
`docs/mutants.md`. It takes an hour and more on two cores, and may be interrupted;
``--render`` writes the page alone.
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
    "optimizers", "parameters", "passes", "penalties", "schedules", "stopping",
}  # fmt: skip

QUERY = """
select m.module_path, r.test_outcome, r.diff
from mutation_specs m left join work_results r on m.job_id = r.job_id
where r.worker_outcome is null or r.worker_outcome != 'SKIPPED'
order by m.module_path, m.start_pos_row, m.operator_name
"""

SIZE = "how many rows are taken at once, not what comes out"
SAME = "the same by another way"
LENGTHS = "the lengths are equal"
REWRITTEN = "the line has been written anew since, and its mutants are killed"
MEMORY = "more memory than is used"
PROBABILITY = "no probability is above 1"
SINCE = "killed since, by a test that this commit did not have"
WHY = [
    ("batches", "c_contiguous or", "a copy more, and the same numbers"),
    ("batches", "not self.X.flags.c_contiguous", "a copy more, and the same numbers"),
    ("batches", "frozen=False", "nothing assigns to it"),
    ("batches", "self.targets.ndim >= 2", "there are one or two dimensions"),
    ("batches", "len(out) <= 1", "there is at least one output"),
    ("batches", "out[ -1] = self.targets", "there is one output, first and last"),
    ("batches", "n_dense = ", SIZE),
    ("batches", "row_bytes = ", SIZE),
    ("batches", "_MAX_BATCHES = ", SIZE),
    ("batches", "def rows_in_cache(row_bytes, multiple_of= 2)", SIZE),
    ("batches", "strict=False", LENGTHS),
    ("batches", "self._keep_probs[0] != 1", PROBABILITY),
    ("batches", "size if p != 1 else 0", PROBABILITY),
    ("blas", "if not matrix.flags.f_contiguous", "f2py copies what it cannot take"),
    ("dropout", ".reshape(", "NumPy takes any negative number for the rest"),
    ("dropout", "if threshold != 2**16", PROBABILITY),
    ("dropout", "if p != 1", PROBABILITY),
    ("dropout", "int(p != 1)", PROBABILITY),
    ("dropout", "keep_probs[0] != 1", PROBABILITY),
    ("dropout", "] + [ 1]", MEMORY),
    ("dropout", "-(-len(kept) * 8)", SINCE),
    ("dropout", "][:0]", "an empty selection, of whatever it is"),
    ("dropout", "strict=False", LENGTHS),
    ("engine", "n_dense = ", SIZE),
    ("engine", "row_bytes = ", SIZE),
    ("engine", "if not isinstance(x, np.ndarray)", "f2py copies what it cannot take"),
    ("engine", "/,", "how the arguments are passed"),
    ("engine", "self._scratch = np.empty_like", "all vectors have the same length"),
    ("engine", "_MAX_PASSES = ", MEMORY),
    ("engine", ">= _MAX_PASSES", SAME),
    ("engine", "is _MAX_PASSES", "the same for as few passes as a test makes"),
    ("engine", "_MAX_PASSES:", SINCE),
    ("engine", "all_kept = ", "whatever is 1 or more keeps all"),
    ("engine", "copy=True", "a copy more, and the same numbers"),
    ("engine", 'dropout_mask <= "batch"', "there are only two kinds"),
    ("engine", "min(keep_probs) <", SAME),
    ("engine", "min(keep_probs) !=", PROBABILITY),
    ("engine", "_FLUSH_EVERY != self.n_steps", "steps are only added"),
    ("engine", "_FLUSH_EVERY is not self.n_steps", "steps are only added"),
    ("engine", "n_steps_before / _FLUSH_EVERY", SAME),
    ("initializers", "strict=False", LENGTHS),
    ("optimizers", "frozen=False", "nothing assigns to it"),
    ("parameters", "coefs[ 1].dtype", "all layers have one type"),
    ("parameters", "coefs[ -1].dtype", "all layers have one type"),
    ("parameters", "vector.min() - vector.max()", REWRITTEN),
    ("parameters", "tiny = info.tiny", SINCE),
    ("parameters", "large = tiny", REWRITTEN),
    ("passes", "strict=False", LENGTHS),
    ("passes", "sum(layer_sizes[ 0:])", MEMORY),
    ("passes", "max(layer_sizes[ 0:])", MEMORY),
    ("passes", "sum(parameters.layer_sizes[ 0:-1])", MEMORY),
    ("schedules", "frozen=False", "nothing assigns to it"),
    ("schedules", "power_t: float = ", "the estimator passes its own"),
]
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


def collect(folders):
    """Add what sessions have tried so far to the file of all modules."""
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    command = ["git", "rev-parse", "--short", "HEAD"]
    for folder in folders:
        commit = subprocess.check_output(command, cwd=folder, text=True).strip()
        with sqlite3.connect(Path(folder) / "session.sqlite") as session:
            rows = session.execute(QUERY).fetchall()
        for path in sorted({row[0] for row in rows}):
            own = [row for row in rows if row[0] == path]
            tried = [row for row in own if row[1] is not None]
            survivors = [row for row in tried if "SURVIVED" in row[1]]
            found[Path(path).stem] = {
                "commit": commit,
                "mutants": len(own),
                "tried": len(tried),
                "survivors": [changed_lines(diff) for *_, diff in survivors],
            }
    FOUND.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def changed_lines(diff):
    """Return the line before and after, of a diff."""
    lines = [
        line for line in diff.splitlines() if line[:1] in "+-" and line[1:2] != line[:1]
    ]
    return [line[1:].strip() for line in lines[:2]]


def reason(module, mutated):
    """Return why a survivor is no gap, or that it is one."""
    return next(
        (why for where, part, why in WHY if where == module and part in mutated),
        "**not killed yet**",
    )


def render():
    """Return what is known, as Markdown."""
    found = json.loads(FOUND.read_text())
    counts, rows = [], []
    for module, entry in found.items():
        n_survivors = len(entry["survivors"])
        counts.append(
            [
                module,
                entry["commit"],
                entry["mutants"],
                entry["tried"],
                entry["tried"] - n_survivors,
                n_survivors,
            ]
        )
        rows += [
            [
                module,
                *(f"`{line}`".replace("|", "\\|") for line in (before, after)),
                reason(module, after),
            ]
            for before, after in entry["survivors"]
        ]
    header = ["Module", "commit", "mutants", "tried", "killed", "survived"]
    return (
        "`python -m benchmarks.mutants` changes one operator, number or condition at a "
        "time and runs the tests of the numeric modules. In `activations` there is "
        "none of these to change: it calls functions only.\n\n"
        f"{table(header, counts, 2)}\n\nThe survivors:\n\n"
        + table(["Module", "line", "mutant", "why"], rows, 4)
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("--modules", default=",".join(sorted(MODULES)))
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args()
    modules = set(options.modules.split(","))
    if not options.render:
        modules = sorted(modules)
        shares = [share for share in (modules[::2], modules[1::2]) if share]
        with tempfile.TemporaryDirectory() as folder:
            folders = [Path(folder) / str(k) for k in range(len(shares))]
            processes = list(map(run_share, shares, folders))
            try:
                for process in processes:
                    process.wait()
            except KeyboardInterrupt:
                print("Interrupted: what was tried until now counts.")
            collect(folders)
    PAGE.write_text(render() + "\n")


if __name__ == "__main__":
    main()
