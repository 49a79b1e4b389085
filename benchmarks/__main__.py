"""Time skreg and its rivals side by side and print a Markdown page, ratios first."""

import argparse
import os
import subprocess
import sys

from benchmarks import growth, machine, targets
from benchmarks.markdown import publish
from benchmarks.memory import measure_memory
from benchmarks.profile import profile_step
from benchmarks.report import demoted, page
from benchmarks.rivals import OURS, RIVALS
from benchmarks.steps import time_steps
from benchmarks.workflows import WORKFLOWS, time_prediction
from benchmarks.works import DROPOUTS, SOLVERS, WORKS

PARTS = ("steps", "predict", *WORKFLOWS, "memory", "growth")


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="Under `taskset -c 0` every rival runs on one thread, which is steadier "
        "on a machine that is busy with other things.",
    )
    add = parser.add_argument
    add(
        "--only",
        type=_some_of(PARTS),
        default=PARTS,
        metavar="PART,...",
        help=_list(PARTS),
    )
    add("--works", type=_some_of(WORKS), default=list(WORKS), help=_list(WORKS))
    add("--solvers", type=_some_of(SOLVERS), default=SOLVERS, help=_list(SOLVERS))
    add("--dropouts", type=_some_of(DROPOUTS), default=DROPOUTS, help=_list(DROPOUTS))
    add("--rivals", type=_some_of(RIVALS), default=list(RIVALS), help=_list(RIVALS))
    add("--repetitions", type=int, help="rounds; 7 by default, 3 with --quick")
    add("--quick", action="store_true", help="shorter and fewer rounds, to look around")
    add("--output", default="", help="write the page here instead of printing it")
    return parser.parse_args(arguments)


def _list(names):
    return ", ".join(names)


def _some_of(known):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is not among {_list(known)}")
        return names

    return parse


def measure(options):
    """Return the results of the parts asked for, by part."""
    repetitions = options.repetitions or (3 if options.quick else 7)
    results = {"rivals": options.rivals, "workflows": []}
    common = {"quick": options.quick, "repetitions": repetitions}
    if "steps" in options.only:
        results["steps"] = _steps(options, repetitions)
        results["profiles"] = _profiles(results["steps"])
    if "predict" in options.only:
        results["workflows"].append(
            time_prediction(options.rivals, **common, progress=_progress("predict"))
        )
    for name, time_workflow in WORKFLOWS.items():
        if name in options.only:
            results["workflows"].append(
                time_workflow(**common, progress=_progress(name))
            )
    if "memory" in options.only:
        results["memory"] = measure_memory(
            options.rivals, quick=options.quick, progress=_progress("memory")
        )
    if "growth" in options.only:
        results["growth"] = [
            growth.measure_growth(axis, **common, progress=_progress(f"growth, {axis}"))
            for axis in growth.AXES
        ]
    return results


def _steps(options, repetitions):
    results = []
    for solver in options.solvers:
        for name in options.works:
            work = WORKS[name].quick() if options.quick else WORKS[name]
            results.append(
                time_steps(
                    work,
                    solver,
                    options.rivals,
                    options.dropouts,
                    repetitions=repetitions,
                    progress=_progress(f"{name}, {solver}"),
                )
            )
    return results


def _profiles(steps):
    """Return where the time goes in the cases that missed a target."""
    profiles = {}
    for case in targets.missed_cases(targets.outcomes(steps)):
        name, solver, dropout = case
        _progress("profile")(targets.describe(case))
        profiles[case] = profile_step(WORKS[name], solver, dropout)
    return profiles


def _progress(where):
    def tell(message):
        print(f"{where}: {message}", file=sys.stderr, flush=True)

    return tell


def second_run():
    """Repeat the steps with the AVX-512 kernels that OpenBLAS did not choose.

    It chooses when NumPy is loaded, so that takes a new process. Returns the page.
    """
    command = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
    command += ["--only", "steps", "--output", ""]
    environment = os.environ | {machine.CORETYPE: "SkylakeX"}
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def main():
    options = parse_arguments()
    if OURS not in options.rivals:
        options.rivals.insert(0, OURS)
    results = measure(options)
    chose_lesser = machine.has_avx512() and not machine.uses_avx512_kernels()
    if options.output and "steps" in options.only and chose_lesser:
        results["second run"] = demoted(second_run())
    publish(page(results, quick=options.quick) + "\n", options.output)


if __name__ == "__main__":
    main()
