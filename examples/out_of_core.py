"""
More rows than memory
=====================

Train on rows that do not fit in memory, from three kinds of source.

``python examples/out_of_core.py`` writes a table to a temporary folder and trains the
same network on it from a NumPy memory map, a Parquet file and a Dask array, and once
with all rows in memory: the accuracy on validation rows and the memory that each took,
each measured in a separate process.

A source is read in another order in every epoch, chunk by chunk, and ``partial_fit``
shuffles the rows of a chunk. The classes are weighted, and the epochs end when the
validation score has not risen for three of them. Parquet needs pyarrow, Dask's arrays
dask-ml. Takes about a minute on two cores.
"""

import copy
import importlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from skreg import RegMLPClassifier

N_ROWS, N_FEATURES, CHUNK = 400_000, 60, 20_000
N_VALIDATION = 20_000
CLASSES = np.array([0, 1])
PATIENCE, MOST_EPOCHS = 3, 12
PACKAGES = {
    "Parquet": ["pyarrow.parquet"],
    "Dask array": ["dask.array", "dask_ml.wrappers"],
}


def make_chunks(seed, n_rows):
    """Yield rows of two classes, one in five rows of class 1, a chunk at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_rows, CHUNK):
        X = rng.normal(size=(min(CHUNK, n_rows - start), N_FEATURES))
        hidden = X[:, 0] * X[:, 1] + np.abs(X[:, 2]) + 0.5 * rng.normal(size=len(X))
        yield X.astype(np.float32), (hidden > 1.9).astype(np.int8)


def write(folder):
    """Write the table as files of NumPy, and as Parquet where pyarrow is there."""
    shape = N_ROWS, N_FEATURES
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", np.float32, shape)
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", np.int8, (N_ROWS,))
    for k, (rows, labels) in enumerate(make_chunks(0, N_ROWS)):
        X[k * CHUNK : (k + 1) * CHUNK], y[k * CHUNK : (k + 1) * CHUNK] = rows, labels
    X.flush()
    y.flush()
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return
    names = [f"x{i}" for i in range(N_FEATURES)]
    schema = pa.schema([(name, pa.float32()) for name in names] + [("y", pa.int8())])
    with pq.ParquetWriter(
        folder / "table.parquet", schema, use_dictionary=False
    ) as file:
        for rows, labels in make_chunks(0, N_ROWS):
            columns = [pa.array(column) for column in rows.T]
            file.write_table(pa.table([*columns, pa.array(labels)], schema=schema))


def memmap_chunks(folder, rng):
    """Yield the chunks of a memory map in a random order."""
    X = np.load(folder / "X.npy", mmap_mode="r")
    y = np.load(folder / "y.npy", mmap_mode="r")
    for start in rng.permutation(range(0, len(X), CHUNK)):
        yield X[start : start + CHUNK], y[start : start + CHUNK]


def parquet_chunks(folder, rng):
    """Yield the row groups of a Parquet file in a random order."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(folder / "table.parquet") as file:
        for group in rng.permutation(file.num_row_groups):
            table = file.read_row_group(group)
            X = np.column_stack([column.to_numpy() for column in table.columns[:-1]])
            yield X, table["y"].to_numpy()


def dask_array(path):
    """Return a Dask array whose tasks each read a chunk of a file of NumPy.

    ``dask.array.from_array`` would copy all of a memory map.
    """
    import dask
    import dask.array as da

    def read(start):
        return np.load(path, mmap_mode="r")[start : start + CHUNK]

    whole = np.load(path, mmap_mode="r")
    chunks = [
        da.from_delayed(
            dask.delayed(read)(start), whole[start : start + CHUNK].shape, whole.dtype
        )
        for start in range(0, len(whole), CHUNK)
    ]
    return da.concatenate(chunks)


def weigh_classes(folder):
    """Return a weight per class, from the labels alone."""
    y = np.load(folder / "y.npy")
    weights = compute_class_weight("balanced", classes=CLASSES, y=y)
    return dict(zip(CLASSES.tolist(), weights, strict=True))


def new_network(folder):
    weights = weigh_classes(folder)
    return RegMLPClassifier(
        (64, 32), keep_prob=0.9, class_weight=weights, random_state=0
    )


def fit_on_stream(network, chunks, X_val, y_val):
    """Return the network of the best epoch over ``chunks()``."""
    best, best_score, n_waited = network, -np.inf, 0
    for _ in range(MOST_EPOCHS):
        for X, y in chunks():
            network.partial_fit(X, y, classes=CLASSES)
        score = balanced_accuracy_score(y_val, network.predict(X_val))
        if score > best_score:
            best, best_score, n_waited = copy.deepcopy(network), score, 0
        elif (n_waited := n_waited + 1) == PATIENCE:
            break
    return best


def train(source, folder):
    """Return the validation score of a network trained on a source."""
    X_val, y_val = map(np.concatenate, zip(*make_chunks(1, N_VALIDATION), strict=True))
    network, rng = new_network(folder), np.random.default_rng(0)
    if source == "memory":
        X, y = np.load(folder / "X.npy"), np.load(folder / "y.npy")
        network.set_params(
            early_stopping=True, scoring="balanced_accuracy", n_iter_no_change=PATIENCE,
            max_iter=MOST_EPOCHS,
        )  # fmt: skip
        network.fit(X, y, X_val=X_val, y_val=y_val)
    elif source == "Dask array":
        import dask
        from dask_ml.wrappers import Incremental

        X, y = dask_array(folder / "X.npy"), dask_array(folder / "y.npy")
        wrapper = Incremental(network, shuffle_blocks=True, random_state=0)
        # One task after the other: threads would read chunks ahead of the training.
        with dask.config.set(scheduler="synchronous"):
            for _ in range(MOST_EPOCHS):
                wrapper.partial_fit(X, y, classes=CLASSES)
        network = wrapper.estimator_
    else:
        chunks = {"memory map": memmap_chunks, "Parquet": parquet_chunks}[source]
        network = fit_on_stream(network, lambda: chunks(folder, rng), X_val, y_val)
    return balanced_accuracy_score(y_val, network.predict(X_val))


class Memory(threading.Thread):
    """Watches how much memory this process has (Linux), without files that it maps."""

    def __init__(self):
        super().__init__(daemon=True)
        self.first, self.most = self.now(), 0
        self.start()

    @staticmethod
    def now():
        lines = Path("/proc/self/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return int(status["RssAnon"].split()[0]) / 1000

    def run(self):
        while True:
            self.most = max(self.most, self.now())
            time.sleep(0.01)


def main(source=None, folder=None):
    if source:
        for package in PACKAGES.get(source, []):
            importlib.import_module(package)  # before memory is looked at
        memory = Memory()
        score = train(source, Path(folder))
        used = memory.most - memory.first
        print(f"{source:12} balanced accuracy {score:.3f}, {used:6.0f} MB", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        size = N_ROWS * N_FEATURES * 4 / 1e6
        print(f"{N_ROWS:,} rows, {size:.0f} MB:", flush=True)
        for source in ("memory", "memory map", "Parquet", "Dask array"):
            command = [sys.executable, sys.argv[0], source, folder]
            print(subprocess.check_output(command, text=True), end="", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
