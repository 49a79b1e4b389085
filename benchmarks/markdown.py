"""Markdown tables, how numbers are written in them, and where pages go."""

from pathlib import Path

import numpy as np


def table(header, rows, n_left=1):
    """Return a table; the first columns are set left, the others right."""
    rule = ["---"] * n_left + ["---:"] * (len(header) - n_left)
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def number(value):
    """Return a number with two or three significant digits, or all before the point."""
    size = abs(value)
    if size < 0.1:
        return f"{value:.2g}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2}f}"


def ratio(times, unit):
    """Return the median and the quartiles of ratios, or a dash if one is missing."""
    if times is None or unit is None:
        return "–"
    low, median, high = map(number, np.percentile(times / unit, [25, 50, 75]))
    return f"{median}× ({low}–{high})"


def publish(text, output):
    """Write a page into the file ``output``, or print it if none is given."""
    if output:
        Path(output).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
