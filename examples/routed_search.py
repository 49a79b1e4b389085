"""
A search with weights, a validation set and a progress bar
==========================================================

Half of the cells of a fifth of the rows are noise, and those rows are known to be less
reliable: they get a smaller weight. A grid search tunes a pipeline of a scaler and a
network. scikit-learn's metadata routing takes what is passed to ``fit`` of the search
to where it is wanted:

- ``sample_weight`` to the network, cut to the rows of each fold, and to the scorer, but
  not to the scaler, which declines it;
- ``X_val`` and ``y_val`` to the network. They are the same in every fold (with as many
  rows as ``X``, scikit-learn would split them, too), and they decide when each
  candidate stops. On its way ``X_val`` is scaled like the training rows, since the
  pipeline names it in ``transform_input``.

With scikit-learn 1.9 or later and rich installed, progress bars show the candidates
and folds and, nested in them, the steps of the pipeline and the epochs of the network.
Takes a few seconds.
"""

import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier


def progress_bars():
    """Return a progress bar, or nothing where scikit-learn or rich has none."""
    try:
        from sklearn.callback import ProgressBar

        return [ProgressBar(max_propagation_depth=None)]
    except ImportError:
        return []


def make_data():
    """Return training rows, their labels and weights, then validation and test rows."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    X, X_val, y, y_val = train_test_split(
        X, y, test_size=0.15, stratify=y, random_state=0
    )
    rng = np.random.RandomState(0)
    unreliable = rng.uniform(size=len(X)) < 0.2
    noise = rng.uniform(0, 16, size=X.shape)
    X = np.where(unreliable[:, np.newaxis] & (noise > 8), noise, X)
    return X, y, np.where(unreliable, 0.2, 1.0), X_val, y_val, X_test, y_test


def main():
    X, y, sample_weight, X_val, y_val, X_test, y_test = make_data()
    with sklearn.config_context(enable_metadata_routing=True):
        network = RegMLPClassifier((64,), early_stopping=True, random_state=0)
        network.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        network.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        search = GridSearchCV(
            Pipeline(
                [("scaler", scaler), ("network", network)], transform_input=["X_val"]
            ),
            {"network__alpha": [1e-4, 1e-2], "network__keep_prob": [1.0, 0.5]},
            scoring=make_scorer(accuracy_score).set_score_request(sample_weight=True),
            cv=3,
        )
        bars = progress_bars()
        if bars:
            search.set_callbacks(*bars)
        search.fit(X, y, sample_weight=sample_weight, X_val=X_val, y_val=y_val)

    print("\n    alpha  keep_prob  weighted accuracy (cv)")
    results = search.cv_results_
    scores = results["mean_test_score"]
    for parameters, score in zip(results["params"], scores, strict=True):
        alpha, keep_prob = parameters.values()
        print(f"{alpha:>9g}{keep_prob:>11g}{score:>24.3f}")
    best = search.best_estimator_["network"]
    print(f"\nThe best stopped after {best.n_iter_} epochs, and kept epoch ", end="")
    print(f"{best.best_iter_}.\nTest accuracy: {search.score(X_test, y_test):.3f}")


if __name__ == "__main__":
    main()
