"""Tune a regularised network on handwritten digits, and test it on digits held out.

A pipeline is searched over five of its hyperparameters by cross-validation. Takes well
under a minute on two cores.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier

SHOWN = 6


def print_row(cells):
    print("".join(f"{cell!s:>21}" for cell in cells))


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.25, stratify=y, random_state=0
    )
    network = RegMLPClassifier(n_iter_no_change=5, tol=1e-3, random_state=0)
    grid = {
        "alpha": [1e-4, 1e-2],
        "keep_prob": [1.0, 0.5],
        "batch_size": [32, 128],
        "momentum": [0.8, 0.9],
        "learning_rate_decay": [0.0, 0.02],
    }
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network),
        {f"regmlpclassifier__{name}": values for name, values in grid.items()},
        cv=3,
        n_jobs=2,
    )
    search.fit(X_train, y_train)

    results = search.cv_results_
    print(f"The best {SHOWN} of {len(results['params'])} candidates:\n")
    print_row([*grid, "accuracy (cv)"])
    for i in results["rank_test_score"].argsort(kind="stable")[:SHOWN]:
        values = [results["params"][i][f"regmlpclassifier__{name}"] for name in grid]
        print_row([*values, f"{results['mean_test_score'][i]:.3f}"])

    best = search.best_estimator_[-1]
    print("\nBest parameters:", {name: getattr(best, name) for name in grid})
    print(
        f"Training stopped after {best.n_iter_} of at most {best.max_iter} epochs, at "
        f"a loss of {best.loss_:.4f}; it was least in epoch {best.best_iter_}."
    )

    default = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
    default.fit(X_train, y_train)
    print(f"\nAccuracy on {len(y_test)} test digits:")
    print(f"  RegMLPClassifier, tuned        {search.score(X_test, y_test):.3f}")
    print(f"  MLPClassifier, at its defaults {default.score(X_test, y_test):.3f}")


if __name__ == "__main__":
    main()
