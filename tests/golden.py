"""What fixed seeds gave, so that a change of numbers is seen and meant.

``python tests/golden.py losses`` adds new cases to ``data/losses.json``, and
``python tests/golden.py models VERSION`` the files of a released version, which are
then never written again: run it with the oldest versions supported, whose pickles the
newer ones can read.
"""

import json
import pickle
import sys
import warnings
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    TabularEncoder,
)
from skreg._engine.heads import LOSSES as HEADS

DATA = Path(__file__).parent / "data"
LOSSES = DATA / "losses.json"

# No generator: the data are the same whatever becomes of NumPy's.
GRID = np.arange(1, 241).reshape(60, 4)
X = np.sin(GRID**1.5) + np.cos(GRID[:, ::-1] * 0.7)
CLASSES = (X[:, 0] > 0.2).astype(int) + (X[:, 1] * X[:, 2] > 0)
NUMBERS = 100 + 30 * X[:, :2] * X[:, 2:]
WEIGHTS = 1 + np.arange(60) % 3

CASES = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "nesterov": {"solver": "sgd", "nesterovs_momentum": True, "momentum": 0.5},
    "lbfgs": {"solver": "lbfgs", "batch_size": "auto"},
    "l2": {"alpha": 0.1},
    "factors": {"feature_scales": True, "alpha": [0.1, 0, 0]},
    "l2 by layer": {"alpha": [0.3, 0, 0.1]},
    "sample": {"keep_prob": [0.5, 0.8], "input_keep_prob": 0.9},
    "batch": {"keep_prob": [0.5, 0.8], "input_keep_prob": 0.9, "dropout_mask": "batch"},
    "tanh": {"activation": "tanh", "learning_rate": "cosine"},
    "logistic": {"activation": "logistic", "shuffle": False},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.25},
    **{loss: {"loss": loss, "quantile": 0.8} for loss in HEADS},
}
"""With a loss, of a regressor."""
NETWORKS = {"": "early stopping", "-regressor": "quantile"}


def fit(case, dtype):
    """Return a network after six epochs, whatever the defaults are."""
    params = {
        "alpha": 1e-4,
        "keep_prob": 1.0,
        "feature_scales": False,
        "batch_size": 16,
        "learning_rate_init": 0.1 if "solver" in CASES[case] else 1e-3,
        "learning_rate": "constant",
        "max_iter": 6,
        "tol": 0.0,
        "n_iter_no_change": 10,
        "dtype": dtype,
        "random_state": 7,
    }
    kind = RegMLPRegressor if "loss" in CASES[case] else RegMLPClassifier
    model = kind((6, 5), **(params | CASES[case]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X.astype(dtype), targets(model), WEIGHTS)


def fit_committee():
    """Return a committee of networks with factors, on labels of text."""
    network = fit("factors", "float64")
    labels = np.array(["no", "maybe", "yes"])[CLASSES]
    return RegMLPClassifierCV(network, cv=2, random_state=7).fit(X, labels, WEIGHTS)


def targets(model):
    return NUMBERS if isinstance(model, RegMLPRegressor) else CLASSES


def predicted(model):
    names = "predict_proba", "predict", "transform"
    return next(getattr(model, name) for name in names if hasattr(model, name))(X[:20])


def write_losses():
    losses = json.loads(LOSSES.read_text())
    for dtype, known in losses.items():
        for case in CASES:
            known[case] = known.get(case) or fit(case, dtype).loss_curve_
    LOSSES.write_text(json.dumps(losses, indent=1) + "\n")


def write_models(version):
    import skops.io

    models = {name: fit(case, "float64") for name, case in NETWORKS.items()}
    models |= {"-committee": fit_committee(), "-encoder": TabularEncoder().fit(X)}
    for name, model in models.items():
        stem = str(DATA / f"skreg-{version}{name}")
        Path(f"{stem}.pickle").write_bytes(pickle.dumps(model, protocol=4))
        skops.io.dump(model, f"{stem}.skops", compression=ZIP_DEFLATED)
        Path(f"{stem}.json").write_text(json.dumps(predicted(model).tolist()) + "\n")


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    {"losses": write_losses, "models": write_models}[what](*arguments)
