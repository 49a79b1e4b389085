"""The encoder: time and peak memory on a large table, and more bins for amounts.

``python -m benchmarks.encoding --data FOLDER`` prints what docs/encoding.md says of
them. Without a folder, which has the table adult, it leaves out the second.
"""

import argparse
import resource
import time

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skreg import RegMLPClassifier, RegMLPClassifierCV, TabularEncoder

N_ROWS, N_COLUMNS = 1_000_000, 50
AMOUNTS = ["capital-gain", "capital-loss"]


def encode_a_large_table():
    """Print the time and the memory."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_COLUMNS), dtype=np.float32)
    start = time.perf_counter()
    encoded = TabularEncoder().fit_transform(X)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"{N_ROWS:,} rows of {N_COLUMNS} numbers: X {X.nbytes / 1e9:.1f} GB, "
        f"encoded {encoded.nbytes / 1e9:.1f} GB, peak of the process "
        f"{peak / 1e9:.1f} GB, {seconds:.0f} s"
    )


def compare_bins_on_adult(folder):
    """Print test log-losses, means of three seeds, by the bins of the amounts."""
    from benchmarks.tables import find_tables  # which needs pandas

    found = [t for t in find_tables(folder) if (t.group, t.name) == ("raw", "adult")]
    X_train, X_test, y_train, y_test = found[0].split(seed=0)
    for model in (RegMLPClassifier(), RegMLPClassifierCV(n_jobs=-1)):
        for n_bins in (8, 128):
            encoder = make_column_transformer(
                (TabularEncoder(n_bins=n_bins), AMOUNTS), remainder=TabularEncoder()
            )
            losses = []
            for seed in range(3):
                pipeline = make_pipeline(encoder, model.set_params(random_state=seed))
                p = pipeline.fit(X_train, y_train).predict_proba(X_test)
                losses.append(log_loss(y_test, p))
            name = type(model).__name__
            print(f"adult, {n_bins} bins for amounts, {name}: {np.mean(losses):.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoding")
    parser.add_argument("--data", help="the folder of adult")
    options = parser.parse_args()
    encode_a_large_table()
    if options.data:
        compare_bins_on_adult(options.data)
