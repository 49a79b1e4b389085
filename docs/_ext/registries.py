"""Tables of the package's registries, so that a new entry is in the guide by itself.

``{registry} activations`` and ``{registry} schedules`` read the formulas from the
docstrings of the functions in the dicts.
"""

from math import isinf

from sphinx.util.docutils import SphinxDirective

from skreg._engine.activations import ACTIVATIONS
from skreg._training.schedules import SCHEDULES


def _said(function, prefix):
    """Return what a docstring says after a prefix, without the full stop."""
    first = function.__doc__.splitlines()[0].strip()
    return first.removeprefix(prefix).removesuffix(".")


def activations():
    """Return the header and the rows of the activations."""
    yield "name", "f(z)", "f′(z), with h = f(z)", "bound"
    for name, activation in ACTIVATIONS.items():
        formula = _said(activation.apply, "f(z) = ")
        derivative = _said(activation.derivative, "f'(z) = ")
        bound = f"{activation.bound(100, 100):.3f}"
        yield f"`{name}`", formula, derivative, bound


def schedules():
    """Return the header and the rows of the schedules."""
    yield "name", "schedule(t)", "a stall"
    for name, schedule in SCHEDULES.items():
        stall = "ends the fit"
        if not isinf(schedule.floor):
            stall = f"lowers the rate; at {schedule.floor:g} or below, ends the fit"
        yield f"`{name}`", _said(schedule.factor, "Return "), stall


REGISTRIES = {"activations": activations, "schedules": schedules}


class Registry(SphinxDirective):
    """A table of what a registry holds, in a page in Markdown."""

    required_arguments = 1

    def run(self):
        """Return the table."""
        rows = list(REGISTRIES[self.arguments[0]]())
        rows.insert(1, ["---"] * len(rows[0]))
        for row in rows:
            assert not any("|" in cell for cell in row)
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        return self.parse_text_to_nodes(table)


def setup(app):
    """Register the directive."""
    app.add_directive("registry", Registry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
