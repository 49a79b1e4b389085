"""What was to be reached, and whether the very run at hand reached it."""

from typing import NamedTuple

from benchmarks import machine
from benchmarks.markdown import times
from benchmarks.rivals import OURS
from benchmarks.timing import Spread

FASTER_THAN = (
    ("A", "sgd", "none", "MLPClassifier", 4.5),
    ("A", "sgd", "none", "PyTorch", 5.0),
    ("A", "sgd", "none", "JAX", 1.0),
    ("B", "sgd", "none", "MLPClassifier", 1.8),
    ("B", "sgd", "none", "PyTorch", 1.7),
    ("C", "sgd", "none", "MLPClassifier", 1.5),
    ("C", "sgd", "none", "PyTorch", 1.3),
    ("C", "sgd", "sample", "PyTorch", 1.8),
    ("A", "adam", "none", "MLPClassifier", 3.0),
    ("B", "adam", "none", "MLPClassifier", 1.8),
    ("A", "adam", "none", "PyTorch", 4.0),
    ("B", "adam", "none", "PyTorch", 1.5),
    ("D", "sgd", "none", "MLPClassifier", 3.0),
    ("D", "sgd", "none", "PyTorch", 1.8),
)
"""Work, solver, dropout, rival, and its time over ours, at least."""

FASTER_WITH_AVX512 = (("E", "sgd", "none", "JAX", 1.0),)
OVER_LIMIT = (("C", "sgd", 1.3), ("E", "sgd", 1.4))
"""Work, solver, and our time over the limit, at most."""

OVER_LIMIT_WITH_AVX512 = (("C", "sgd", 1.15),)
BATCH_DROPOUT = (("C", "sgd", 0.7),)
"""Work, solver, and a step with ``batch`` dropout over one without, at most."""


class Outcome(NamedTuple):
    """A target and what was measured."""

    text: str
    needed: str
    measured: Spread | None
    met: bool | None
    """None where it was not measured."""
    case: tuple
    """Work, solver and dropout, to look into."""


def outcomes(results):
    """Return the outcome of each target that applies to these kernels."""
    by_name = {(result.work.name, result.solver): result for result in results}
    avx512 = machine.uses_avx512_kernels()
    faster = FASTER_THAN + (FASTER_WITH_AVX512 if avx512 else ())
    over_limit = OVER_LIMIT + (OVER_LIMIT_WITH_AVX512 if avx512 else ())
    found = []
    for work, solver, dropout, rival, least in faster:
        result = by_name.get((work, solver))
        found.append(
            _at_least(
                f"{rival}'s step over skreg's",
                (work, solver, dropout),
                least,
                result and result.ratio(rival, dropout),
            )
        )
    for work, solver, most in BATCH_DROPOUT:
        result = by_name.get((work, solver))
        found.append(
            _at_most(
                "a step over one without dropout",
                (work, solver, "batch"),
                most,
                result and result.cost_of_dropout(OURS, "batch"),
            )
        )
    for work, solver, most in over_limit:
        result = by_name.get((work, solver))
        found.append(
            _at_most(
                "skreg's step over the limit",
                (work, solver, "none"),
                most,
                result and result.over_limit("none"),
            )
        )
    return found


def missed_cases(found):
    """Return the cases of the targets that were missed, each once."""
    return list(
        dict.fromkeys(outcome.case for outcome in found if outcome.met is False)
    )


def verdict_rows(found):
    """Return the rows of a table: case, what, needed, measured, verdict."""
    verdicts = {True: "met", False: "**missed**", None: "not measured"}
    return [
        [
            describe(outcome.case),
            outcome.text,
            outcome.needed,
            times(outcome.measured),
            verdicts[outcome.met],
        ]
        for outcome in found
    ]


def describe(case):
    work, solver, dropout = case
    return f"{work}, {solver}" + (f", `{dropout}`" if dropout != "none" else "")


def _at_least(text, case, least, measured):
    met = None if measured is None else measured.median >= least
    return Outcome(text, f"≥ {least:g}×", measured, met, case)


def _at_most(text, case, most, measured):
    met = None if measured is None else measured.median <= most
    return Outcome(text, f"≤ {most:g}×", measured, met, case)
