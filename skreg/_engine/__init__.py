"""The numerics, in NumPy and SciPy alone."""

from skreg._engine.engine import NumpyEngine
from skreg._engine.subnetwork import SubnetworkEngine


def make_engine(plan, start, training, validation=None):
    """Return an engine for a plan, with the arguments of `NumpyEngine`."""
    masks_batches = plan.dropout_mask == "batch" and min(plan.keep_probs) < 1
    kind = SubnetworkEngine if masks_batches else NumpyEngine
    return kind(plan, start, training, validation)
