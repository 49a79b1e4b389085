"""Time skreg and its rivals side by side and make a Markdown page, ratios first."""

import argparse
import sys
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path

from benchmarks.committees import SIZES, time_committees
from benchmarks.markdown import publish
from benchmarks.measurements import WORKFLOWS, fit_peak, time_steps, time_workflow
from benchmarks.page import draw, page
from benchmarks.rivals import BEFORE, INSTALLED, LIMIT, NUMBA, NUMPY, Estimator, load
from benchmarks.works import DROPOUTS, RATES, WORKS


def parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--works", nargs="+", choices=WORKS, default=list(WORKS))
    add("--solvers", nargs="+", choices=RATES, default=list(RATES))
    add("--dropouts", nargs="+", choices=DROPOUTS, default=DROPOUTS)
    add("--rivals", nargs="*", choices=INSTALLED, default=INSTALLED)
    add("--against", metavar="FOLDER", help="time the skreg of another checkout, too")
    add("--repetitions", type=int, default=7, metavar="N", help="rounds; 7 by default")
    add("--quick", action="store_true", help="a tenth of the work, to look around")
    add("--steps-only", action="store_true", help="no workflows and no memory")
    add("--output", metavar="FILE", help="write the page there instead of printing it")
    return parser.parse_args()


def main():
    options = parse_arguments()
    scale = 10 if options.quick else 1
    names = [NUMPY, *([BEFORE] if options.against else []), *options.rivals, LIMIT]
    rivals = {name: load(name, options.against) for name in names}
    steps, workflows, committees, peaks = {}, {}, {}, {}
    for name, *case in product(options.works, options.solvers, options.dropouts):
        print(name, *case, file=sys.stderr)
        work = replace(WORKS[name], n_epochs=-(-WORKS[name].n_epochs // scale))
        times = time_steps(work, *case, rivals, options.repetitions)
        steps[f"{name}:\N{NO-BREAK SPACE}{work}", *case] = times
    if not options.steps_only:
        rivals = {n: r for n, r in rivals.items() if isinstance(r, Estimator)}
        for label, make in WORKFLOWS.items():
            workflows[label] = time_workflow(make, rivals, scale, options.repetitions)
        for n_members in SIZES if NUMBA in rivals else ():
            times = time_committees(n_members, scale, options.repetitions)
            committees[f"{n_members} network{'s' * (n_members > 1)}",] = times
        with get_context("spawn").Pool(1, maxtasksperchild=1) as fresh:
            calls = [(name, options.against, scale) for name in rivals]
            peaks = dict(zip(rivals, fresh.starmap(fit_peak, calls, 1), strict=True))
    results = steps, workflows, committees, peaks
    publish(page(*results, options.quick), options.output)
    if options.output and not options.quick:
        draw(steps, Path(options.output).parent / "figures" / "benchmarks.svg")


if __name__ == "__main__":
    main()
