"""Markdown tables, how numbers are written in them, and where pages go."""

from pathlib import Path


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


def times(spread):
    """Return "2.0× (1.9–2.1)", or a dash for None."""
    if spread is None:
        return "–"
    return f"{number(spread.median)}× ({number(spread.low)}–{number(spread.high)})"


def scaled(spread, unit):
    """Return the median and the quartiles in a unit, or a dash for None."""
    if spread is None:
        return "–"
    median, low, high = (number(value / unit) for value in spread)
    return f"{median} ({low}–{high})"


MICROSECONDS = 1e-6


def ratio_or_dash(value, unit):
    """Return "2.0×", or a dash where the unit is nothing."""
    return f"{number(value / unit)}×" if unit > 0 else "–"


def publish(text, output):
    """Write a page into the file ``output``, or print it if that is empty."""
    if not output:
        print(text, end="")
        return
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(text, encoding="utf-8")
