"""What becomes of an estimator and of a message when an input is refused."""

from contextlib import contextmanager


@contextmanager
def unchanged_on_error(estimator):
    """Give an estimator its attributes back if it cannot be fitted."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def naming(argument):
    """Name the argument in the message of an error about it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if argument in str(error):
            raise
        raise ValueError(f"{argument}: {error}") from None
