"""The step benchmark as Markdown."""

from benchmarks.markdown import MICROSECONDS, scaled, table, times
from benchmarks.rivals import OURS
from benchmarks.steps import LIMIT
from benchmarks.works import DROPOUTS, KEEP_PROB

READING = f"""\
Each figure is the median over the rounds of one run, with the quartiles behind it; a
ratio is taken round by round. The number behind a network is its batch size.

*The limit* is the time of the matrix products that a step cannot avoid, on the same
BLAS: forward, for the gradient of the weights, and for the deltas of all layers but
the first. The limit of `batch` is that of the network that remains on average. With a
single row per batch a compiler can merge the gradient's product with the update, and so
fall below it.

Dropout keeps a hidden unit with probability {KEEP_PROB}: with `sample` each row has a
mask of its own, with `batch` the rows of a mini-batch share one. PyTorch and JAX have
only the first, which stands against both of ours; `MLPClassifier` has none.

Data, network, batches, epochs, optimizer and L2 are the same for all, in each one's own
conventions; PyTorch and JAX apply L2 to the biases as well. A repetition trains a new
network; what `fit` does before its first epoch is counted."""


def ratio_tables(results, rivals):
    """Return, per solver, each rival's step over ours, and ours over the limit."""
    others = [name for name in rivals if name != OURS]
    header = ["Work", "dropout", *others, f"{OURS} over the limit"]

    def rows(chosen):
        return [
            [
                _title(result),
                dropout,
                *(times(result.ratio(name, dropout)) for name in others),
                times(result.over_limit(dropout)),
            ]
            for result, dropout in _cases(chosen)
        ]

    return _per_solver(results, lambda chosen: table(header, rows(chosen), 2))


def microsecond_tables(results, rivals):
    """Return, per solver, the time of a step."""
    columns = [*rivals, LIMIT]

    def rows(chosen):
        return [
            [
                _title(result),
                dropout,
                *(
                    scaled(result.spread(name, dropout), MICROSECONDS)
                    for name in columns
                ),
            ]
            for result, dropout in _cases(chosen)
        ]

    return _per_solver(
        results, lambda chosen: table(["Work", "dropout", *columns], rows(chosen), 2)
    )


def dropout_tables(results, rivals):
    """Return, per solver, a step with dropout over the same rival's without."""
    kinds = [
        (name, dropout)
        for name in rivals
        for dropout in DROPOUTS[1:]
        if any((name, dropout) in result.seconds for result in results)
    ]
    if not kinds:
        return ""
    header = ["Work", *(f"{name}, {dropout}" for name, dropout in kinds)]

    def rows(chosen):
        return [
            [_title(result), *(times(result.cost_of_dropout(*kind)) for kind in kinds)]
            for result in chosen
        ]

    return _per_solver(results, lambda chosen: table(header, rows(chosen)))


def compilation_table(results):
    """Return what was spent on compilation, or nothing."""
    rows = [
        [_title(result), result.solver, *key, f"{seconds:.2f}"]
        for result in results
        for key, seconds in result.compile_seconds.items()
    ]
    header = ["Work", "solver", "rival", "dropout", "seconds"]
    return table(header, rows, 4) if rows else ""


def _title(result):
    return f"{result.work.name}: {result.work.net} ({result.work.batch_size})"


def _cases(results):
    """Yield each work with the kinds of dropout that were timed."""
    for result in results:
        for dropout in DROPOUTS:
            if result.of(OURS, dropout) is not None:
                yield result, dropout


def _per_solver(results, render):
    parts = []
    for solver in dict.fromkeys(result.solver for result in results):
        chosen = [result for result in results if result.solver == solver]
        parts += [f"**{solver}**", render(chosen)]
    return "\n\n".join(parts)
