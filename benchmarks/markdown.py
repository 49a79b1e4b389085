"""Markdown tables, how numbers are written in them, and the pages they are put into."""

from pathlib import Path

import numpy as np


def table(header, rows, n_left=1):
    """Return a table; the first columns are set left, the others right."""
    rule = ["---"] * n_left + ["---:"] * (len(header) - n_left)
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def number(value):
    """Return a number with two or three significant digits, or all before the point."""
    if value < 0.1:
        return f"{value:.2g}"
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def ratio(times, unit):
    """Return the median and the quartiles of ratios, or a dash without times."""
    if times is None:
        return "–"
    low, median, high = map(number, np.percentile(times / unit, [25, 50, 75]))
    return f"{median}× ({low}–{high})"


def measured(page, name):
    """Split a page into what is before, between and after the comments of a name."""
    begin, end = f"<!-- {name} begin -->\n", f"<!-- {name} end -->\n"
    before, rest = page.split(begin)
    between, after = rest.split(end)
    return before + begin, between, end + after


def publish(parts, output):
    """Put parts between the comments with their names in a page, or print them."""
    if not output:
        print(*(f"{name}:\n\n{part}\n" for name, part in parts.items()), sep="\n")
        return
    page = Path(output).read_text("utf-8")
    for name, part in parts.items():
        before, _, after = measured(page, name)
        page = f"{before}\n{part}\n\n{after}"
    Path(output).write_text(page, "utf-8")
