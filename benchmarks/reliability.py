"""What has been tried to break skreg, in figures.

``python -m benchmarks.reliability --output docs/reliability.md`` runs the tests kind
by kind, the soak, and the whole suite under every Python given with ``--python``. What
`benchmarks.mutants` found is included from its own page.
"""

import argparse
import datetime
import re
import subprocess
import sys
import warnings

from benchmarks import soak
from benchmarks.machine import n_cores, processor
from benchmarks.markdown import publish, table

KINDS = {
    "Properties": ("tests/test_properties.py", "cases that hypothesis drew"),
    "Bad input": ("tests/test_bad_input.py", "malformed calls"),
    "Faults": ("tests/test_faults.py", "faults injected"),
    "Resuming to the bit": ("tests/test_resume.py tests/test_persistence.py", "tests"),
    "Numbers that stay": ("tests/test_golden.py", "tests"),
    "Processes": ("tests/test_parallel.py", "searches"),
    "Security": ("tests/test_security.py", "tests"),
    "scikit-learn's checks": ("tests/test_common.py", "tests"),
    "scikit-learn's tests of its MLP": ("tests/test_sklearn_mlp.py", "tests"),
}

PACKAGES = "numpy", "scipy", "scikit-learn"

TEXT = """\
# Reliability

`python -m benchmarks.reliability --output docs/reliability.md` made this page, on
{date}, on {cores} cores of {processor}. What is promised is on the page
[Promises](promises.md).

## Cases tried

{kinds}

## Load

One process, without a restart:

{soak}

## Versions

The whole suite, with warnings as errors:

{versions}

## Mutants

```{{include}} mutants.md
```
"""


def pytest(python, arguments):
    """Run tests; return what was printed, or fail with it."""
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr}")
    return done.stdout


def outcomes(output):
    """Return the counts of pytest's last line, by word."""
    last = output.strip().splitlines()[-1]
    return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last)}


def kinds_table():
    rows = []
    for kind, (files, what) in KINDS.items():
        output = pytest(
            sys.executable, [*files.split(), "--hypothesis-show-statistics"]
        )
        examples = map(int, re.findall(r"(\d+) passing", output))
        count = sum(examples) or outcomes(output)["passed"]
        rows.append([kind, f"{count:,}", what])
    return table(["Kind", "passed", "of"], rows)


def versions_table(pythons):
    rows = []
    for python in pythons:
        code = (
            "import importlib.metadata as m, platform; print(platform.python_version(),"
            f" *(m.version(name) for name in {PACKAGES}))"
        )
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=True
        )
        counts = outcomes(pytest(python, []))
        numbers = [counts.get(word, 0) for word in ("passed", "skipped", "xfailed")]
        rows.append([*done.stdout.split(), *numbers])
    header = ["Python", *PACKAGES, "passed", "skipped", "expected to fail"]
    return table(header, rows)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability")
    parser.add_argument("--python", action="append", default=[], metavar="PATH")
    parser.add_argument("--output", default="")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    text = TEXT.format(
        date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        cores=n_cores(),
        processor=processor(),
        kinds=kinds_table(),
        soak=soak.render([soak.fits(10_000), soak.stream(10_000_000)]),
        versions=versions_table([sys.executable, *options.python]),
    )
    publish(text, options.output)


if __name__ == "__main__":
    main()
