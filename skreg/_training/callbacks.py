"""Reports on a running fit: scikit-learn's callbacks, and printed lines.

scikit-learn has callbacks since 1.9; with older versions, stand-ins here do nothing.
"""

from copy import deepcopy
from math import isnan
from time import perf_counter

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""

        def _init_callback_context(self, **kwargs):
            return None

    def with_callbacks(method):
        """Return the method."""
        return method


class _NoCallbacks:
    """The context of an estimator without callbacks."""

    def subcontext(self, *arguments, **options):
        return self

    def call_on_fit_task_begin(self, **arguments):
        pass

    def call_on_fit_task_end(self, **arguments):
        return False


class Task:
    """Tells callbacks when a fit begins and ends; a subclass reports its parts.

    Without a ``context`` there are no callbacks. ``data`` are ``X``, ``y`` and
    ``metadata``, as the hooks take them.
    """

    def __init__(self, estimator, context=None, **data):
        self._estimator = estimator
        has_callbacks = context is not None and hasattr(estimator, "_skl_callbacks")
        self._context = context if has_callbacks else _NoCallbacks()
        self._arguments = {"estimator": estimator, **data}

    def begin(self):
        """Open the task of the fit."""
        self._context.call_on_fit_task_begin(**self._arguments)

    def end(self):
        """Close the task of the fit; a callback may ask for the fitted estimator."""
        fitted = {n: v for n, v in vars(self._estimator).items() if n.endswith("_")}
        self._context.call_on_fit_task_end(
            reconstruction_attributes=lambda: deepcopy(fitted), **self._arguments
        )


class FitTask(Task):
    """Reports a network's fit and its epochs, to callbacks and on the screen."""

    _unprinted = None
    """The line of the last epoch, if it was not printed."""

    def begin_epoch(self):
        """Open the task of an epoch."""
        self._epoch = self._context.subcontext("epoch")
        self._epoch.call_on_fit_task_begin(**self._arguments)

    def end_epoch(self, history, seconds, snapshot):
        """Close the epoch and print its line; return whether a callback asks to stop.

        A callback that wants a fitted estimator gets one with a copy of ``snapshot()``.
        """
        every = int(self._estimator.verbose)
        if every:
            self._unprinted = format_epoch(history, seconds)
            if history.n_epochs % every == 0:
                self.print_last()
        return self._epoch.call_on_fit_task_end(
            reconstruction_attributes=lambda: snapshot().copy().attributes(),
            **self._arguments,
        )

    def print_last(self):
        """Print the last epoch, if it was not."""
        if self._unprinted is not None:
            print(self._unprinted)
            self._unprinted = None


def format_epoch(history, seconds):
    """Return one line on the last epoch in ``history``, which took ``seconds``."""
    parts = [f"Iteration {history.n_epochs:4d}", f"loss {history.loss_curve[-1]:.6f}"]
    if history.validation_scores is not None:
        loss, score = history.validation_loss_curve[-1], history.validation_scores[-1]
        if not isnan(loss):
            parts.append(f"validation loss {loss:.6f}")
            if score != -loss:
                parts.append(f"validation score {score:.6f}")
    if history.learning_rate_curve:
        parts.append(f"learning rate {history.learning_rate_curve[-1]:.3g}")
    parts.append(f"{seconds:.3f} s")
    return ", ".join(parts)


class RaceTask(Task):
    """Reports a committee's fit and its rungs, to callbacks and on the screen."""

    def begin_rung(self, name, n_candidates, n_networks):
        """Open the task of a rung that trains ``n_networks`` networks."""
        self._line = f"{name}, candidates {n_candidates}, "
        self._started, self._stop = perf_counter(), False
        self._rung = self._context.subcontext("rung", max_subtasks=n_networks)
        self._rung.call_on_fit_task_begin(**self._arguments)

    def end_member(self):
        """Open and close the task of a network: one fold of one candidate."""
        member = self._rung.subcontext("fold")
        member.call_on_fit_task_begin(**self._arguments)
        self._stop |= member.call_on_fit_task_end(**self._arguments)

    def end_rung(self, best):
        """Close the rung and print its line; return whether a callback asks to stop.

        ``best`` is its best `Candidate`.
        """
        if self._estimator.verbose:
            seconds = perf_counter() - self._started
            print(
                f"{self._line}best score {best.scores.mean():.6f} by epochs "
                f"{best.best_epochs}, {seconds:.3f} s"
            )
        self._stop |= self._rung.call_on_fit_task_end(**self._arguments)
        return self._stop
