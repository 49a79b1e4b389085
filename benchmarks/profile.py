"""Where the time of a training step goes, statement by statement.

``python -m benchmarks.profile A --solver sgd`` prints the statements of skreg that cost
most. Every line that runs is timed. What the timing costs is known, since fits with and
without it take turns, and is taken off in equal parts per event: the statements add up
to a step that nobody watches.
"""

import argparse
import ast
import linecache
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import skreg
from benchmarks.markdown import MICROSECONDS, number, table
from benchmarks.rivals import fit_all_epochs, skreg_classifier
from benchmarks.works import DROPOUTS, SOLVERS, WORKS
from skreg.passes import Pass

PACKAGE = str(Path(skreg.__file__).parent)
N_STATEMENTS = 15
N_FITS = 3


class Statement(NamedTuple):
    """What one statement costs per step."""

    where: str
    source: str
    seconds: float
    n_runs: float


class Profile(NamedTuple):
    """The dearest statements first, and what a step takes without the timer."""

    statements: list
    step_seconds: float
    overhead: float
    """Seconds per event that were taken off."""


class LineTimer:
    """Charges the time between two trace events to the line that runs in between.

    A call into code outside ``folder`` counts as part of the line that makes it. What a
    `Pass` has recorded is charged to the names of what it calls.
    """

    def __init__(self, folder):
        self._folder = folder
        self.seconds = defaultdict(float)
        self.n_events = defaultdict(int)
        self.n_runs = defaultdict(int)

    def __enter__(self):
        self._line = None
        self._run = Pass.run
        Pass.run = self._run_recorded
        self._last = time.perf_counter()
        sys.settrace(self._on_call)
        return self

    def __exit__(self, *error):
        sys.settrace(None)
        Pass.run = self._run

    @property
    def _run_recorded(self):
        def run(passage):
            for call in passage._calls:
                name = getattr(call, "func", call).__name__.removeprefix("function ")
                self.n_runs[name, None] += 1
                self._move_to((name, None))
                call()

        return run

    def _on_call(self, frame, event, arg):
        line = self._line
        inside = frame.f_code.co_filename.startswith(self._folder)
        if inside:
            line = frame.f_code.co_filename, frame.f_lineno
        self._move_to(line)
        return self._on_line if inside else None

    def _on_line(self, frame, event, arg):
        if event == "line":
            line = frame.f_code.co_filename, frame.f_lineno
            self.n_runs[line] += 1
            self._move_to(line)
        elif event == "return":
            caller = frame.f_back
            self._move_to((caller.f_code.co_filename, caller.f_lineno))
        return self._on_line

    def _move_to(self, line):
        now = time.perf_counter()
        self.seconds[self._line] += now - self._last
        self.n_events[self._line] += 1
        self._line = line
        self._last = time.perf_counter()


def profile_step(work, solver, dropout):
    """Return where the time of a step goes."""
    X, y = work.data()
    estimator = skreg_classifier(work, solver, dropout)
    fit_all_epochs(estimator, X, y)
    timer, unwatched = LineTimer(PACKAGE), 0.0
    for _ in range(N_FITS):
        start = time.perf_counter()
        fit_all_epochs(estimator, X, y)
        unwatched += time.perf_counter() - start
        with timer:
            fit_all_epochs(estimator, X, y)
    excess = max(0.0, sum(timer.seconds.values()) - unwatched)
    overhead = excess / sum(timer.n_events.values())
    n_steps, n_epochs = N_FITS * work.n_steps, N_FITS * work.n_epochs
    statements = {}
    for line, seconds in timer.seconds.items():
        # What does not run in every epoch belongs to the fit, not to its steps.
        if timer.n_runs[line] < n_epochs:
            continue
        key = where, source = _statement(*line) if line[1] else ("passes.py", line[0])
        cost = (seconds - overhead * timer.n_events[line]) / n_steps
        runs = timer.n_runs[line] / n_steps
        if key in statements:
            cost += statements[key].seconds
            runs = max(runs, statements[key].n_runs)
        statements[key] = Statement(where, source, cost, runs)
    dearest = sorted(statements.values(), key=lambda statement: -statement.seconds)
    return Profile(dearest, unwatched / n_steps, overhead)


def render(profile, n_statements=N_STATEMENTS):
    """Return a Markdown table of the dearest statements."""
    total = sum(statement.seconds for statement in profile.statements)
    shown = profile.statements[:n_statements]
    rows = [
        [
            f"`{statement.source}`".replace("|", "\\|"),
            statement.where,
            number(statement.seconds / MICROSECONDS),
            f"{statement.seconds / total:.0%}",
            number(statement.n_runs),
        ]
        for statement in shown
    ]
    rest = total - sum(statement.seconds for statement in shown)
    rows.append(
        ["all others", "", number(rest / MICROSECONDS), f"{rest / total:.0%}", ""]
    )
    header = ["Statement", "where", "µs per step", "share", "runs per step"]
    return (
        f"{table(header, rows, 2)}\n\nA step without the timer takes "
        f"{number(profile.step_seconds / MICROSECONDS)} µs; "
        f"{profile.overhead / MICROSECONDS:.2f} µs were taken off per event."
    )


def _statement(path, line_number):
    """Return where the statement of a line is, and its source on one line."""
    source = "".join(linecache.getlines(path))
    for node in ast.walk(ast.parse(source)):
        simple = isinstance(node, ast.stmt) and not hasattr(node, "body")
        if simple and node.lineno <= line_number <= node.end_lineno:
            line_number = node.lineno
            text = " ".join(ast.get_source_segment(source, node).split())
            break
    else:
        text = linecache.getline(path, line_number).strip()
    text = text if len(text) <= 72 else text[:71] + "…"
    return f"{Path(path).name}:{line_number}", text


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--solver", choices=SOLVERS, default="sgd")
    parser.add_argument("--dropout", choices=DROPOUTS, default="none")
    parser.add_argument("--statements", type=int, default=N_STATEMENTS)
    options = parser.parse_args()
    profile = profile_step(WORKS[options.work], options.solver, options.dropout)
    print(render(profile, options.statements))


if __name__ == "__main__":
    main()
