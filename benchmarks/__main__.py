"""Time skreg and its rivals side by side, for docs/benchmarks.md."""

import argparse
import datetime
import platform
import re
import sys
import warnings
from importlib.metadata import version
from itertools import product
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_info

from benchmarks import measurements
from benchmarks.markdown import number, publish, ratio, table
from benchmarks.rivals import NUMBA, NUMPY, PACKAGES, RIVALS, Estimator, other_version
from benchmarks.works import RATES, STEPS

DROPOUTS = "none", "sample"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--works", nargs="+", choices=STEPS, default=list(STEPS))
    add("--solvers", nargs="+", choices=RATES, default=list(RATES))
    add("--dropouts", nargs="+", choices=DROPOUTS, default=DROPOUTS)
    add("--rivals", nargs="*", choices=PACKAGES, default=list(PACKAGES))
    add("--against", metavar="FOLDER", help="time the skreg of another checkout, too")
    add("--repetitions", type=int, default=7, metavar="N", help="rounds; 7 by default")
    add("--steps-only", action="store_true", help="no workflows and no memory")
    add("--output", metavar="FILE", help="the page to update, instead of printing")
    return parser.parse_args()


def main():
    options = parse_arguments()
    warnings.simplefilter("ignore")
    rivals = {name: RIVALS[name] for name in [*options.rivals, NUMPY]}
    if options.against:
        rivals["before"] = other_version(options.against)
    steps = {}
    for name, *case in product(options.works, options.solvers, options.dropouts):
        print(name, *case, file=sys.stderr)
        work = STEPS[name]
        seconds = measurements.time_steps(work, *case, rivals, options.repetitions)
        steps[f"{name}:\N{NO-BREAK SPACE}{work}", *case] = seconds
    parts = {
        "circumstances": circumstances(),
        "steps": comparisons(["Work", "solver", "dropout"], steps, "µs", 1e-6),
    }
    if not options.steps_only:
        parts |= other_tables(rivals, options.repetitions)
    publish(parts, options.output)
    if options.output:
        from benchmarks.chart import draw_steps

        draw_steps(steps, Path(options.output).parent / "figures" / "benchmarks.svg")


def circumstances():
    """Return when, where and by which command the figures are taken."""
    cpus = Path("/proc/cpuinfo")
    found = cpus.exists() and re.search("model name\t: (.*)", cpus.read_text())
    machine = f"{found[1] if found else platform.machine()}, {joblib.cpu_count()} cores"
    packages = ["numpy", "scipy", *PACKAGES.values()]
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"Taken on {datetime.date.today()}, in turns, in one process and float32, by "
        f"`python -m benchmarks {' '.join(sys.argv[1:])}`; {machine}; {versions}; BLAS "
        f"kernels for {max(p.get('architecture', '') for p in threadpool_info())}."
    )


def other_tables(rivals, repetitions):
    """Return the tables of committees, workflows and memory."""
    tables, committees, workflows = {}, {}, {}
    if NUMBA in rivals:
        for n_members in (1, 8, 32):
            label = f"{n_members} network{'s' * (n_members > 1)}"
            calls = measurements.committee(n_members, rivals)
            committees[label,] = measurements.take_turns(calls, repetitions)
        tables["committees"] = comparisons(["Size"], committees, "s", 1)
    estimators = {n: r for n, r in rivals.items() if isinstance(r, Estimator)}
    for labels, make in measurements.WORKFLOWS.items():
        calls = {name: make(estimator) for name, estimator in estimators.items()}
        workflows[labels] = measurements.take_turns(calls, repetitions)
    tables["workflows"] = comparisons(["Work", "size"], workflows, "s", 1)
    rows = [[n, number(measurements.fit_peak(r))] for n, r in estimators.items()]
    return tables | {"memory": table(["", "MiB"], rows)}


def comparisons(header, measured, unit_name, unit):
    """Return a table of the faster engine's seconds and the others' as multiples."""
    timed = dict.fromkeys(name for seconds in measured.values() for name in seconds)
    ours = NUMBA if NUMBA in timed else NUMPY
    others = [name for name in timed if name != ours]
    rows = []
    for labels, seconds in measured.items():
        own = seconds[ours]
        ratios = (ratio(seconds.get(name), own) for name in others)
        rows.append([*labels, number(np.median(own) / unit), *ratios])
    return table([*header, f"{ours}, {unit_name}", *others], rows, n_left=len(header))


if __name__ == "__main__":
    main()
