"""scikit-learn's callbacks (1.9 and later), one task per epoch.

Older versions have none: the names are stand-ins there that do nothing.
"""

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


class EpochTasks:
    """Tells an estimator's callbacks when the fit and each of its epochs begin and end.

    Parameters
    ----------
    estimator : estimator
        What is being fitted.
    context : CallbackContext or None
        The task of the fit; None where scikit-learn has none.
    data : dict
        ``X``, ``y`` and ``metadata`` as the hooks take them.
    """

    def __init__(self, estimator, context, data):
        self._estimator = estimator
        self._context = context if hasattr(estimator, "_skl_callbacks") else None
        self._data = data
        if self._context is not None:
            self._context.call_on_fit_task_begin(estimator=estimator, **data)

    def begin_epoch(self):
        """Open the task of an epoch."""
        if self._context is not None:
            self._epoch = self._context.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end_epoch(self, parameters):
        """Close it; return whether a callback asks to stop.

        A callback that wants a fitted estimator gets one with a copy of ``parameters``.
        """
        if self._context is None:
            return False
        return self._epoch.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=parameters.as_attributes,
            **self._data,
        )

    def end(self, parameters):
        """Close the task of the fit."""
        if self._context is not None:
            self._context.call_on_fit_task_end(
                estimator=self._estimator,
                reconstruction_attributes=parameters.as_attributes,
                **self._data,
            )
