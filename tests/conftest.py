"""Lets the tests import `helpers` and `reference` from every folder.

Before NumPy is imported, it limits BLAS to one thread, which is faster for small nets.
"""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

# Tests that a shell starts in the background would ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Make thousands of tests without looking for garbage among them, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def of_z(monkeypatch):
    """Register softplus by another name; its derivative takes z, and spoils it."""
    # Not above, since the process that only hands out tests to others reads this file.
    import numpy as np
    from scipy.special import expit

    from skreg._engine.activations import ACTIVATIONS, Activation

    def derivative(z, ones, out):
        expit(z, out)
        z.fill(np.nan)

    kind = Activation(np.logaddexp, derivative, lambda n, m: 1.0, derivative_of_z=True)
    monkeypatch.setitem(ACTIVATIONS, "of_z", kind)
