"""
Pruning with Optuna
===================

Optuna prunes trials between epochs, on the workers of a Dask cluster.

A trial trains with ``partial_fit`` and reports a validation score after every epoch; a
trial that is worse than the median of the others at the same epoch ends there. The
workers share one study through a file. Takes about half a minute on two cores. Needs
Optuna and the extra ``dask``.
"""

import tempfile
from pathlib import Path

import numpy as np
import optuna
from dask.distributed import Client, LocalCluster
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skreg import RegMLPClassifier

N_TRIALS, N_EPOCHS = 24, 20
STUDY = "digits"


def objective(trial):
    """Return the validation accuracy after the last epoch."""
    X, y = load_digits(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X / 16, y, stratify=y, random_state=0)
    network = RegMLPClassifier(
        50,
        alpha=trial.suggest_float("alpha", 1e-6, 1.0, log=True),
        keep_prob=trial.suggest_float("keep_prob", 0.3, 1.0),
        learning_rate_init=trial.suggest_float("rate", 1e-5, 1.0, log=True),
        batch_size=trial.suggest_categorical("batch_size", [16, 64, 256]),
        random_state=0,
    )
    for epoch in range(N_EPOCHS):
        network.partial_fit(X, y, classes=np.unique(y))
        score = network.score(X_val, y_val)
        trial.report(score, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return score


def run_trials(path, n_trials, seed):
    """Take part in the study of a file; runs on a worker."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.load_study(
        study_name=STUDY,
        storage=JournalStorage(JournalFileBackend(path)),
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
    )
    study.optimize(objective, n_trials=n_trials)


def run_study(client, path):
    """Spread the trials of a study over the workers of a client; return the study."""
    storage = JournalStorage(JournalFileBackend(path))
    study = optuna.create_study(study_name=STUDY, storage=storage, direction="maximize")
    n_workers = len(client.scheduler_info()["workers"])
    share = -(-N_TRIALS // n_workers)
    client.gather(
        [client.submit(run_trials, path, share, seed) for seed in range(n_workers)]
    )
    return study


def main():
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    with tempfile.TemporaryDirectory() as folder:
        with cluster, Client(cluster) as client:
            study = run_study(client, str(Path(folder) / "study.log"))
        trials, best = study.trials, study.best_value
    epochs = [len(trial.intermediate_values) for trial in trials]
    pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in trials)
    print(
        f"{len(trials)} trials, {pruned} pruned: {sum(epochs)} epochs instead of "
        f"{N_EPOCHS * len(trials)}; best accuracy {best:.3f}"
    )


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
