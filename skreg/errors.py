"""What becomes of an estimator and of a message when an input is refused."""

import re
from contextlib import contextmanager

import numpy as np


@contextmanager
def unchanged_on_error(estimator):
    """Give an estimator its attributes back if it cannot be fitted.

    A generator passed as ``random_state`` goes back as well.
    """
    before, generator = vars(estimator).copy(), estimator.random_state
    if isinstance(generator, np.random.RandomState):
        generator_state = generator.get_state()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        if isinstance(generator, np.random.RandomState):
            generator.set_state(generator_state)
        raise


@contextmanager
def naming(argument):
    """Name the argument in the message of an error about it.

    NumPy does not warn of numbers that are about to be refused, nor of a sum of finite
    ones that overflows.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        named = re.search(rf"\b{argument}\b", str(error))
        if named and not isinstance(error, OverflowError):
            raise
        kinds = TypeError, MemoryError, ValueError
        kind = next((kind for kind in kinds if isinstance(error, kind)), ValueError)
        raise kind(f"{argument}: {error}") from None


def refuse_masked(**arguments):
    """Refuse masked arrays that mask something: it would be taken for data."""
    for name, value in arguments.items():
        parts = value if isinstance(value, list | tuple) else [value]
        if any(map(np.ma.is_masked, parts)):
            raise ValueError(
                f"{name} has masked entries, which would be taken for data. Fill them "
                "in (SimpleImputer, or their filled method) or leave out their rows."
            )
