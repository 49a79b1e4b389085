"""
Checkpoints
===========

Train with checkpoints, and after a crash go on from the last one, bit for bit.

``python examples/checkpoints.py digits.joblib`` trains on handwritten digits and saves
the network every five epochs. Kill it whenever you like, also with ``kill -9``, and run
the same command again: the final network equals that of an undisturbed run.
Without the name of a file it saves to a temporary folder, which it removes.
"""

import os
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits

from skreg import RegMLPClassifier


def save(model, path):
    """Save so that ``path`` always holds a whole file: the one before, or this."""
    unfinished = path.with_suffix(".unfinished")
    with open(unfinished, "wb") as file:
        joblib.dump(model, file)
        file.flush()
        os.fsync(file.fileno())  # on the disk before it gets its name
    os.replace(unfinished, path)


def fit_with_checkpoints(model, X, y, path, n_epochs, every):
    """Return the model after ``n_epochs`` epochs; save it after ``every`` few."""
    path = Path(path)
    if path.exists():
        model = joblib.load(path)
    # Each call carries out its epochs; with early_stopping the best weights are kept.
    model.set_params(warm_start=True, max_iter=every, n_iter_no_change=float("inf"))
    while len(getattr(model, "loss_curve_", [])) < n_epochs:
        model.fit(X, y)
        save(model, path)
        if model.n_iter_ < every:  # Ctrl-C, or the training diverged
            break
    return model


def main(path=None):
    X, y = load_digits(return_X_y=True)
    # A plan would take the rate to zero before every checkpoint.
    network = RegMLPClassifier(
        64, learning_rate="constant", early_stopping=True, random_state=0
    )
    print("training", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = path or Path(folder) / "digits.joblib"
        model = fit_with_checkpoints(network, X / 16, y, path, n_epochs=40, every=5)
    print(
        f"{len(model.loss_curve_)} epochs, best validation loss "
        f"{-np.max(model.validation_scores_):.4f} in epoch {model.best_iter_}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
