"""Tables of the package's registries, so that a new entry is on the page by itself.

``{registry} activations``, ``{registry} losses`` and ``{registry} schedules`` read the
formulas from the docstrings of what is in the dicts; ``{registry} auto`` resolves the
defaults.
"""

from math import isinf
from types import SimpleNamespace

from sphinx.util.docutils import SphinxDirective

from skreg import RegMLPClassifier
from skreg._engine.activations import ACTIVATIONS
from skreg._engine.heads import LOSSES, Binary
from skreg._inputs.auto import resolve
from skreg._inputs.plan import make_plan
from skreg._inputs.sample import STREAM_ROWS, Sample
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


def losses():
    """Return the header and the rows of the losses for numbers."""
    yield "`loss`", "ℓ, of an output z and a target y", "prediction"
    for name, head in LOSSES.items():
        prediction = _said(head, "Predicts ")
        yield f"`{name}`", _said(head.losses, ""), prediction


def schedules():
    """Return the header and the rows of the schedules."""
    yield "name", "schedule(t)", "a stall"
    for name, schedule in SCHEDULES.items():
        stall = "ends the fit"
        if schedule.is_plan:
            stall += ", with `early_stopping`"
        if not isinf(schedule.floor):
            stall = f"lowers the rate; at {schedule.floor:g} or below, ends the fit"
        yield f"`{name}`", _said(schedule.factor, "Return "), stall


def auto():
    """Return what "auto" means in a few cases."""
    cases = {
        "40 rows": (40, {}, False),
        "1,000 rows": (1000, {}, False),
        "100,000 rows": (100_000, {}, False),
        "1,000 rows, `constant`": (1000, {"learning_rate": "constant"}, False),
        "1,000 rows, `early_stopping`": (1000, {"early_stopping": True}, False),
        "1,000 rows, `sgd`": (1000, {"solver": "sgd"}, False),
        "1,000 rows, `lbfgs`": (1000, {"solver": "lbfgs"}, False),
        "1,000 rows of a stream": (1000, {}, True),
    }
    columns = [_resolved(*case) for case in cases.values()]
    yield "parameter", *cases
    for name in columns[0]:
        yield f"`{name}`", *(_shown(column[name]) for column in columns)


def _resolved(n_rows, params, stream):
    """Return the values of all parameters that are "auto"."""
    estimator = RegMLPClassifier(**params)
    targets = SimpleNamespace(n_outputs=1, head=Binary(), loss_size=1.0)
    sample = Sample(n_rows, 1, STREAM_ROWS if stream else n_rows, is_stream=stream)
    values = resolve(estimator, sample, 3, 1.0)
    rate = make_plan(estimator, sample, targets).learning_rate
    values["learning_rate_init"] = None if rate is None else rate.initial
    if rate is None:
        values["learning_rate"] = None
    if stream:
        values["max_iter"] = None
    return values


def _shown(value):
    if value is None:
        return "–"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value) if isinstance(value, str | bool) else f"{value:g}"


REGISTRIES = {
    "activations": activations,
    "losses": losses,
    "schedules": schedules,
    "auto": auto,
}


class Registry(SphinxDirective):
    """A table of what a registry holds, in a page in Markdown."""

    required_arguments = 1

    def run(self):
        """Return the table."""
        rows = list(REGISTRIES[self.arguments[0]]())
        rows.insert(1, ["---"] * len(rows[0]))
        rows = [[cell.replace("|", r"\|") for cell in row] for row in rows]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        return self.parse_text_to_nodes(table)


def setup(app):
    """Register the directive."""
    app.add_directive("registry", Registry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
