"""Ctrl-C after a block that has to be done whole, not within it."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def interrupts_wait(then=None):
    """Let a Ctrl-C within the block come at its end, or call ``then`` instead.

    If the block raises an error, that comes instead. Python interrupts the main thread
    alone; in others nothing changes.
    """
    handler = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not (in_main and callable(handler)):
        yield
        return
    waiting = []
    signal.signal(signal.SIGINT, lambda *arguments: waiting.append(arguments))
    try:
        yield
    finally:
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
