"""The figures of the page on scaling.

``python -m benchmarks.scaling --output docs/scaling_figures.md`` runs the examples and
trains on MNIST by local SGD (a file of which `SKREG_MNIST` names; scikit-learn's digits
where there is none).
"""

import argparse
import os
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path

import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from benchmarks.markdown import number, publish, table
from skreg import RegMLPClassifier
from skreg.dask import fit_local_sgd

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = "dask_search.py", "optuna_pruning.py", "out_of_core.py"
N_ROUNDS = 10
GIGABIT = 125e6
"""Bytes per second of the network that the extrapolation assumes."""
WORKERS = 1, 2, 4, 8, 16, 32, 64

TEXT = """\
Made by `python -m benchmarks.scaling --output docs/scaling_figures.md` on a machine
with two cores; the cluster is two processes on it, with one thread each.

### Searches and streams

What the examples print:

{examples}

### Local SGD against one machine

{data}, network {net}, {n_rounds} epochs or rounds, sgd; accuracy on {n_test:,} test
rows.

{accuracy}

### What a round costs

A network of this size, with what the optimizer keeps, is {megabytes:.1f} MB on its way,
and an epoch over all rows takes one thread {epoch:.2f} s, measured. On paper, with
equal parts of the rows, a tree of averages and a link of one gigabit per second for
each worker:

{paper}

So it pays as long as a worker's epoch takes longer than the network's way up and down
the tree: here up to about {pays} workers.
"""


def load():
    """Return a name, training rows and test rows."""
    path = os.environ.get("SKREG_MNIST")
    if path:
        with np.load(path) as file:
            X, y, X_test, y_test = (
                file[name] for name in ("X_train", "y_train", "X_test", "y_test")
            )
        shuffled = np.random.default_rng(0).permutation(len(X))
        X, y, scale, name = X[shuffled], y[shuffled], 255, "MNIST"
    else:
        X, X_test, y, y_test = train_test_split(
            *load_digits(return_X_y=True), random_state=0
        )
        scale, name = 16, "scikit-learn's digits"
    X, X_test = ((a / scale).astype(np.float32) for a in (X, X_test))
    return f"{name}, {len(X):,} rows", X, y, X_test, y_test


def new_network():
    return RegMLPClassifier(
        (256, 128), solver="sgd", batch_size=64, max_iter=N_ROUNDS, tol=0.0,
        random_state=0,
    )  # fmt: skip


def one_machine(X, y):
    """Return a network after as many epochs, and the seconds of one."""
    network, start = new_network(), time.perf_counter()
    for _ in range(N_ROUNDS):
        network.partial_fit(X, y, np.unique(y))
    return network, (time.perf_counter() - start) / N_ROUNDS


def accuracies(client, X, y, X_test, y_test):
    """Return rows of a table, the trained network and the seconds of an epoch."""
    network, epoch = client.submit(one_machine, X, y).result()
    alone = network.score(X_test, y_test)
    rows = [["one machine", f"{alone:.4f}", "", f"{epoch:.2f}"]]
    for n_parts in (2, 4, 8):
        size = -(-len(X) // n_parts)
        arrays = da.from_array(X, (size, -1)), da.from_array(y, size)
        start = time.perf_counter()
        score = fit_local_sgd(new_network(), *arrays).score(X_test, y_test)
        seconds = (time.perf_counter() - start) / N_ROUNDS
        rows.append(
            [
                f"{n_parts} partitions, 2 workers",
                f"{score:.4f}",
                f"{100 * (score - alone):+.2f}",
                f"{seconds:.2f}",
            ]
        )
    header = ["", "accuracy", "points", "seconds per round"]
    return table(header, rows), network, epoch


def sending_seconds(n_workers, n_bytes):
    """Return how long networks go up and down a binary tree of workers."""
    return 2 * np.ceil(np.log2(n_workers)) * n_bytes / GIGABIT


def on_paper(epoch, n_bytes):
    """Return a table of round times by workers, and for how many it pays."""
    rows, times = [], []
    for n in WORKERS:
        train, send = epoch / n, sending_seconds(n, n_bytes)
        times.append(train + send)
        speed_up = number(times[0] / times[-1])
        rows.append([n, number(train), number(send), f"{speed_up}×"])
    pays = max(n for n in WORKERS if epoch / n >= sending_seconds(n, n_bytes))
    header = ["workers", "training, s", "sending, s", "against one"]
    return table(header, rows), pays


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling")
    parser.add_argument("--output", default="")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    printed = []
    for script in SCRIPTS:
        command = [sys.executable, "-W", "ignore", EXAMPLES / script]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        printed.append(f"`{script}`:\n\n```text\n{done.stdout.strip()}\n```")
    data, X, y, X_test, y_test = load()
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        accuracy, network, epoch = accuracies(client, X, y, X_test, y_test)
    n_bytes = len(pickle.dumps(network))
    paper, pays = on_paper(epoch, n_bytes)
    text = TEXT.format(
        examples="\n\n".join(printed),
        data=data,
        net="-".join(map(str, [X.shape[1], *network.hidden_layer_sizes, 10])),
        n_rounds=N_ROUNDS,
        n_test=len(X_test),
        accuracy=accuracy,
        megabytes=n_bytes / 1e6,
        epoch=epoch,
        paper=paper,
        pays=pays,
    )
    publish(text, options.output)


if __name__ == "__main__":
    main()
