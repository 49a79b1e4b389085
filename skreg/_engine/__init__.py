"""The numerics, in NumPy and SciPy, and optionally in numba."""

from skreg._engine.engine import NumpyEngine
from skreg._engine.subnetwork import SubnetworkEngine


def make_engine(plan, start, training, validation=None):
    """Return an engine for a plan, with the arguments of `NumpyEngine`."""
    kind: type[NumpyEngine]
    if plan.engine == "numba" and plan.optimizer is not None:
        from skreg._engine.numba_engine import NumbaEngine

        kind = NumbaEngine
    elif plan.one_mask:
        kind = SubnetworkEngine
    else:
        kind = NumpyEngine
    return kind(plan, start, training, validation)
