"""The numerics, in NumPy and SciPy, and optionally in numba."""

from skreg._engine.engine import NumpyEngine
from skreg._engine.subnetwork import SubnetworkEngine


def make_engine(plan, start, training, evaluated=None):
    """Return an engine for a plan, with the arguments of `NumpyEngine`."""
    if plan.engine == "numba" and plan.optimizer is not None:
        from skreg._engine.numba_engine import NumbaEngine

        return NumbaEngine(plan, start, training, evaluated)
    kind = SubnetworkEngine if plan.one_mask else NumpyEngine
    return kind(plan, start, training, evaluated)
