"""What users do besides plain training: predict, stop early, search a grid."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from benchmarks import limit
from benchmarks.rivals import OURS, fit_all_epochs, sklearn_classifier, skreg_classifier
from benchmarks.steps import LIMIT
from benchmarks.timing import interleave
from benchmarks.works import ALPHA, WORKS, Work, random_data, random_features

N_PREDICTED = 1_000_000
PREDICTION = Work("prediction", 2000, (50, 100, 10), 200, n_epochs=1)
GRID = Work("grid", 500, (20, 50, 3), 50, n_epochs=30)
N_FOLDS = 5
ALPHAS = [ALPHA * 10**k for k in range(4)]
RATES = [3e-4, 1e-3, 3e-3]
_LIMIT_BLOCK = 512


@dataclass
class Comparison:
    """Seconds of some ways to do one thing, one entry per round."""

    title: str
    what: str
    seconds: dict


def time_prediction(rivals, *, quick, repetitions, progress):
    """Time the probabilities of many rows, by everything that has a rival's name."""
    n_rows = N_PREDICTED // 10 if quick else N_PREDICTED
    sizes = PREDICTION.layer_sizes
    X = random_features(n_rows, sizes[0])
    tasks = {name: PREDICTORS[name](X) for name in rivals}
    blocks = [(_LIMIT_BLOCK, n_rows // _LIMIT_BLOCK), (n_rows % _LIMIT_BLOCK, 1)]
    run = limit.runner(sizes, blocks, limit.LAYOUTS[0], train=False)
    tasks[LIMIT] = lambda: run(1)
    return Comparison(
        "Prediction",
        f"`predict_proba` of {n_rows:,} × {sizes[0]}, net {PREDICTION.net}. PyTorch "
        "and JAX take all rows in one go. The limit is the products alone, "
        f"{_LIMIT_BLOCK} rows at a time.",
        interleave(tasks, repetitions, progress),
    )


def _estimator_predictor(build):
    def predictor(X):
        rows = random_data(PREDICTION.n_rows, X.shape[1], PREDICTION.n_classes)
        estimator = fit_all_epochs(build(PREDICTION, "adam"), *rows)
        return lambda: estimator.predict_proba(X)

    return predictor


def _torch_predictor(X):
    from benchmarks import rival_torch

    model = rival_torch.network(PREDICTION.layer_sizes).eval()
    return lambda: rival_torch.predict_proba(model, X)


def _jax_predictor(X):
    from benchmarks import rival_jax

    parameters = rival_jax.initial_parameters(PREDICTION.layer_sizes)
    return lambda: np.asarray(rival_jax.predict_proba(parameters, X))


PREDICTORS = {
    OURS: _estimator_predictor(skreg_classifier),
    "MLPClassifier": _estimator_predictor(sklearn_classifier),
    "PyTorch": _torch_predictor,
    "JAX": _jax_predictor,
}


def time_early_stopping(*, quick, repetitions, progress):
    """Time fits that validate after every epoch, over the same number of epochs."""
    work = WORKS["F"]
    n_epochs = 3 if quick else 10
    X, y = work.data()
    given = {"early_stopping": True, "max_iter": n_epochs}
    estimators = {
        OURS: skreg_classifier(work, "adam", **given),
        f'{OURS}, `scoring="accuracy"`': skreg_classifier(
            work, "adam", scoring="accuracy", **given
        ),
        "MLPClassifier": sklearn_classifier(work, "adam", **given),
    }
    tasks = {
        name: _bound_fit(estimator, X, y) for name, estimator in estimators.items()
    }
    return Comparison(
        "Early stopping",
        f"Work F with adam and `early_stopping=True`, {n_epochs} epochs: the patience "
        "is without end, so that all do the same. `MLPClassifier` scores the accuracy, "
        "skreg the loss unless told otherwise.",
        interleave(tasks, repetitions, progress),
    )


def _bound_fit(estimator, X, y):
    return lambda: fit_all_epochs(estimator, X, y)


def time_grid_search(*, quick, repetitions, progress):
    """Time a search over 60 small fits, in one process."""
    X, y = GRID.data()
    n_epochs = 5 if quick else GRID.n_epochs
    searches = {
        OURS: _search(skreg_classifier(GRID, "adam", max_iter=n_epochs), ALPHAS),
        "MLPClassifier": _search(
            sklearn_classifier(GRID, "adam", max_iter=n_epochs),
            [alpha * GRID.batch_size for alpha in ALPHAS],
        ),
    }
    tasks = {name: _bound_search(search, X, y) for name, search in searches.items()}
    return Comparison(
        "Grid search",
        f"`GridSearchCV`: {len(ALPHAS)} × {len(RATES)} candidates, {N_FOLDS} folds, "
        f"{len(ALPHAS) * len(RATES) * N_FOLDS} fits of {n_epochs} epochs with adam on "
        f"{GRID.n_rows} × {GRID.layer_sizes[0]}, net {GRID.net}, batch "
        f"{GRID.batch_size}, one process, no refit.",
        interleave(tasks, repetitions, progress),
    )


def _search(estimator, alphas):
    grid = {"alpha": alphas, "learning_rate_init": RATES}
    return GridSearchCV(estimator, grid, cv=N_FOLDS, refit=False, error_score="raise")


def _bound_search(search, X, y):
    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(X, y)

    return run


WORKFLOWS = {"early-stopping": time_early_stopping, "grid": time_grid_search}
