"""Ctrl-C after a block that has to be done whole, not within it."""

import signal
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_wait(then=None):
    """Let a Ctrl-C within the block come at its end, or call ``then`` instead.

    If the block raises an error, that comes instead. Python interrupts the main thread
    of the main interpreter alone; in others nothing changes.
    """
    handler: Any = signal.getsignal(signal.SIGINT)
    waiting: list = []
    try:
        if callable(handler):
            signal.signal(signal.SIGINT, lambda *arguments: waiting.append(arguments))
    except ValueError:  # not in the main thread, as only `signal` can tell for sure
        handler = None
    try:
        yield
    finally:
        if callable(handler):
            signal.signal(signal.SIGINT, handler)
    if waiting:
        then() if then else handler(*waiting[0])


@contextmanager
def finishing(task, then):
    """Do the whole block, then end the task of a fit; a Ctrl-C calls ``then``."""
    with interrupts_wait(then):
        yield
    try:
        task.end()
    except KeyboardInterrupt:
        then()
