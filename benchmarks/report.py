"""The page: everything that was measured, ratios first."""

import datetime

from benchmarks import machine, targets
from benchmarks.growth import N_ROWS, SOLVER, work_at
from benchmarks.markdown import number, ratio_or_dash, scaled, table, times
from benchmarks.memory import ALLOWED_BYTES, ALLOWED_SHARE, FITS
from benchmarks.profile import render as render_profile
from benchmarks.report_steps import (
    READING,
    compilation_table,
    dropout_tables,
    microsecond_tables,
    ratio_tables,
)
from benchmarks.rivals import OURS
from benchmarks.steps import LIMIT
from benchmarks.timing import ratio, spread

MEBIBYTE = 2**20
FASTER_GROWTH = 0.05

KERNELS = f"""\
OpenBLAS chooses its kernels by the processor it finds.
`python -m threadpoolctl -i scipy.linalg` names them as `architecture`. Where the
processor has AVX-512 and the name is `Haswell` or `Zen`, start Python with
`{machine.CORETYPE}=SkylakeX` in the environment: large networks gain most. skreg itself
reads and sets no environment variable."""

PRODUCTS = """\
`sgemm` is the products. Within a step they take longer than in the limit, where they
follow each other: what comes between pushes their operands out of the cache, or into
that of another core."""


def page(results, *, quick):
    """Return the whole page; ``results`` has an entry per part that was measured."""
    steps, rivals = results.get("steps", []), results["rivals"]
    found = targets.outcomes(steps) if steps else []
    sections = [("", _opening(quick))]
    if steps:
        sections += [
            ("Ratios: the time of a step over skreg's", ratio_tables(steps, rivals)),
            ("How to read the tables", READING),
            ("What was to be reached", _targets(found)),
            ("Where the time goes in what was missed", _profiles(results)),
            ("Microseconds per step", microsecond_tables(steps, rivals)),
            ("The price of dropout", dropout_tables(steps, rivals)),
            ("Seconds of compilation, left out above", compilation_table(steps)),
        ]
    sections += [
        (each.title, _comparison(each)) for each in results.get("workflows", [])
    ]
    if results.get("memory"):
        sections.append(("Peak memory over X", _memory(results["memory"])))
    if results.get("growth"):
        sections.append(("Growth", _growth(results["growth"])))
    sections += [
        ("Machine and versions", table(["What", "value"], machine.describe(), 2)),
        ("BLAS kernels", KERNELS),
    ]
    if results.get("second run"):
        sections.append(("The same with AVX-512 kernels", results["second run"]))
    return "\n\n".join(
        f"## {title}\n\n{text}" if title else text for title, text in sections if text
    )


def demoted(text):
    """Return Markdown whose headings are one level lower; its first line goes."""
    lines = text.splitlines()[1:]
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in lines)


def _opening(quick):
    kernels = machine.kernels() or "unnamed"
    text = (
        "# Benchmarks\n\n"
        f"Taken on {datetime.datetime.now(datetime.UTC):%Y-%m-%d} on "
        f"{_count(machine.n_cores(), 'core')} of {machine.processor()}; SciPy's BLAS "
        f"with {kernels} kernels. All rivals took turns in one process, in float32. "
        "`python -m benchmarks --output docs/benchmarks.md` makes this page."
    )
    return text + ("\n\n**A quick run: too short to be quoted.**" if quick else "")


def _count(number, what):
    return f"{number} {what}" + ("" if number == 1 else "s")


def _targets(found):
    header = ["Case", "what", "needed", "measured", "verdict"]
    text = table(header, targets.verdict_rows(found), 2)
    if not machine.uses_avx512_kernels():
        why = "was not asked to use" if machine.has_avx512() else "lacks"
        text += (
            "\n\nTwo more targets hold with AVX-512 kernels only, which this machine "
            f"{why}: E no slower than JAX, and C within 1.15× of its limit."
        )
    return text


def _profiles(results):
    parts = []
    if results.get("profiles"):
        parts.append(PRODUCTS)
    for case, profile in results.get("profiles", {}).items():
        parts += [f"**{targets.describe(case)}**", render_profile(profile)]
    return "\n\n".join(parts)


def _comparison(comparison):
    ours = comparison.seconds.get(OURS)
    rows = [
        [
            name,
            times(None if ours is None else ratio(seconds, ours)),
            scaled(spread(seconds), 1),
        ]
        for name, seconds in comparison.seconds.items()
    ]
    return f"{comparison.what}\n\n{table(['', 'over skreg', 'seconds'], rows)}"


def _memory(peaks):
    by_key = {(peak.case, peak.rival): peak for peak in peaks}

    def over_ours(peak, meter):
        ours = by_key.get((peak.case, OURS))
        if ours is None or meter not in peak.extra:
            return "–"
        return ratio_or_dash(peak.extra[meter], ours.extra[meter])

    def megabytes(peak, meter):
        return f"{peak.extra[meter] / MEBIBYTE:.1f}" if meter in peak.extra else "–"

    rows = [
        [
            f"{peak.case}, {peak.n_rows:,} rows ({peak.x_bytes / MEBIBYTE:.0f} MiB)",
            peak.rival,
            over_ours(peak, "resident"),
            megabytes(peak, "resident"),
            megabytes(peak, "tracemalloc"),
        ]
        for peak in peaks
    ]
    header = [
        "Case (size of X)",
        "rival",
        "RSS over skreg's",
        "RSS, MiB",
        "tracemalloc, MiB",
    ]
    fits = [peak for peak in peaks if peak.rival == OURS and peak.case in FITS]
    verdict = "met" if all(peak.within_bounds for peak in fits) else "**missed**"
    return (
        "Each figure comes from a process of its own, after a warm-up on a few rows, "
        "and leaves out X. RSS is what the high-water mark of resident memory rose by; "
        "tracemalloc sees what Python and NumPy allocate. The result of a prediction "
        "is counted, and so is what JAX compiles.\n\n"
        f"{table(header, rows, 2)}\n\n"
        f"A fit of ours may take the larger of {ALLOWED_BYTES / 1e6:.0f} MB and "
        f"{ALLOWED_SHARE:.0%} of X: {verdict}."
    )


def _growth(growths):
    base = work_at("rows", N_ROWS)
    header = ["Size", "skreg", "products", "skreg grows faster"]
    header += ["skreg at the end", "products at the end"]
    rows = []
    for growth in growths:
        ours, products = growth.slope(OURS), growth.slope(LIMIT)
        faster = "**yes**" if ours > products + FASTER_GROWTH else "no"
        ends = [f"{growth.slope(name, last=2):.2f}" for name in (OURS, LIMIT)]
        span = f"{growth.axis}, {growth.values[0]} to {growth.values[-1]}"
        rows.append([span, f"{ours:.2f}", f"{products:.2f}", faster, *ends])
    parts = [
        "The exponent b in time per epoch = a · size^b, fitted by least squares to the "
        f"logarithms, of skreg ({SOLVER}) and of its products alone; *at the end*, "
        "between the two largest sizes. One size varies, the others stay at "
        f"{base.n_rows} rows, net {base.net}, batch {base.batch_size}.",
        table(header, rows),
        "Milliseconds per epoch, medians:",
    ]
    for growth in growths:
        header = [growth.axis, *growth.values]
        parts.append(
            table(
                header,
                [
                    [name, *(number(1e3 * seconds) for seconds in growth.seconds[name])]
                    for name in (OURS, LIMIT)
                ],
            )
        )
    return "\n\n".join(parts)
