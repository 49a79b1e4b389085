"""The encoder on a large table: time and peak memory.

``python -m benchmarks.encoding`` prints what docs/encoding.md says of them.
"""

import resource
import time

import numpy as np

from skreg import TabularEncoder

if __name__ == "__main__":
    X = np.random.default_rng(0).standard_normal((1_000_000, 50), np.float32)
    start = time.perf_counter()
    encoded = TabularEncoder().fit_transform(X)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"{len(X):,} rows of {X.shape[1]} numbers: X {X.nbytes / 1e9:.1f} GB, "
        f"encoded {encoded.nbytes / 1e9:.1f} GB, peak of the process "
        f"{peak / 1e9:.1f} GB, {seconds:.0f} s"
    )
