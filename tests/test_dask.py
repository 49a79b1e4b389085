"""On a real Dask cluster: two worker processes on this machine, one thread each."""

import copy
import os
import re
import signal
import threading
import time
import warnings
from contextlib import nullcontext
from functools import partial
from itertools import chain
from pathlib import Path

import estimators
import numpy as np
import pytest
from estimators import (
    CONTROLS_BLAS,
    Hooks,
    assert_same_committee,
    assert_same_training,
    committee,
)
from helpers import run_python
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score

from skreg import RegMLPClassifier

pytest.importorskip("distributed", reason="extra: dask")

import dask
import dask.array as da
import joblib
from distributed import Client, LocalCluster
from distributed.utils import get_mp_context
from threadpoolctl import threadpool_info, threadpool_limits

from skreg.dask import fit_local_sgd

network = partial(estimators.network, hidden_layer_sizes=30, batch_size=200)
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:distributed"),
]

EXAMPLES = Path(__file__).parents[1] / "examples"
X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X, y, X_val, y_val = X[:1400], y[:1400], X[1400:], y[1400:]


@pytest.fixture(scope="module")
def client():
    # One process imports the packages, and each worker is a fork of it.
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        preload = ["distributed", "sklearn.model_selection", "skreg.dask"]
        get_mp_context().set_forkserver_preload(preload)
        with pytest.MonkeyPatch.context() as patch:
            # Dask decides how many threads the BLAS of a worker has.
            patch.delenv("OPENBLAS_NUM_THREADS", raising=False)
            cluster = LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
            )
        with cluster, Client(cluster) as client:
            yield client


def partitions(n):
    rows = -(-len(X) // n)
    return da.from_array(X, chunks=(rows, 64)), da.from_array(y, chunks=rows)


# Searches


@pytest.mark.parametrize("name", ["GridSearchCV", "HalvingGridSearchCV"])
def test_a_search_gives_what_it_gives_without_a_cluster(client, monkeypatch, name):
    monkeypatch.syspath_prepend(EXAMPLES)
    import dask_search

    def search(**params):
        made = dask_search.make_searches()[name].set_params(**params)
        made.estimator.set_params(regmlpclassifier__max_iter=5)
        return made

    data = X[:300], y[:300]
    there = dask_search.search_on(client, search(), *data)
    with threadpool_limits(1):
        here = search(n_jobs=1).fit(*data)
    for key in ("mean_test_score", "split0_test_score", "rank_test_score"):
        np.testing.assert_array_equal(there.cv_results_[key], here.cv_results_[key])
    assert there.best_params_ == here.best_params_
    with threadpool_limits(1):
        assert_same_training(there.best_estimator_[-1], here.best_estimator_[-1])


@pytest.mark.parametrize("y", [y, np.array([f"digit {k}" for k in y], object)])
def test_a_race_gives_what_it_gives_without_a_cluster(client, y):
    model = committee(
        {"hidden_layer_sizes": (20,), "keep_prob": 0.8, "max_iter": 4},
        {"alpha": [1e-4, 1e-2, 1.0]},
    )
    with threadpool_limits(1):
        here = clone(model).fit(X, y)
    with joblib.parallel_config("dask"):
        there = clone(model).fit(X, y)
    assert_same_committee(there, here)
    assert there.best_params_ == here.best_params_


def test_the_rows_travel_once_per_rung(client, monkeypatch):
    """Only an array that is an argument itself is sent ahead of the tasks."""
    sent, scatter = [], client.scatter

    def note(data, **options):
        sent.append(data)
        return scatter(data, **options)

    monkeypatch.setattr(client, "scatter", note)
    model = committee({"max_iter": 4}, {"alpha": [1e-4, 1e-3, 1e-2, 0.1, 1.0]})
    with joblib.parallel_config("dask", client=client):
        model.fit(X, y)
    n_rungs = model.cv_results_["iter"].max() + 1
    assert sum(data is X for data in sent) == n_rungs


@CONTROLS_BLAS
def test_a_worker_has_one_blas_thread(client):
    def blas_threads():
        RegMLPClassifier(5, max_iter=1).fit(X[:100], y[:100])
        return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]

    found = client.run(blas_threads)
    assert len(found) == 2
    assert {n for threads in found.values() for n in threads} == {1}


class Stopping(Hooks):
    """A callback that stops a fit after some epochs."""

    def __init__(self, n_epochs):
        self.n_left = n_epochs

    def on_fit_task_end(self, estimator, context):
        self.n_left -= context.task_name == "epoch"
        return self.n_left <= 0


def test_an_estimator_and_its_callbacks_survive_the_trip(client):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")
    model = network(Stopping(3), max_iter=20, keep_prob=0.8)
    there = client.submit(lambda m, *data: m.fit(*data), model, X, y).result()
    assert there.n_iter_ == 3
    with threadpool_limits(1):
        here = network(Stopping(3), max_iter=20, keep_prob=0.8).fit(X, y)
        assert_same_training(there, here)
        np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))


def test_pruned_trials_pay_for_the_epochs_they_ran(client, monkeypatch, capsys):
    pytest.importorskip("optuna", reason="extra: scaling")
    monkeypatch.syspath_prepend(EXAMPLES)
    import optuna_pruning

    client.upload_file(str(EXAMPLES / "optuna_pruning.py"))
    monkeypatch.setattr(optuna_pruning, "N_TRIALS", 16)
    monkeypatch.setattr(optuna_pruning, "LocalCluster", lambda **_: nullcontext())
    monkeypatch.setattr(optuna_pruning, "Client", lambda _: nullcontext(client))
    optuna_pruning.main()
    pattern = r"(\d+) trials, (\d+) pruned: (\d+) epochs instead of (\d+); .* 0\.9.*\n"
    found = re.fullmatch(pattern, capsys.readouterr().out)
    n_trials, n_pruned, n_epochs, n_most = map(int, found.groups())
    assert n_trials == 16
    assert n_pruned > 0
    assert n_epochs < 0.9 * n_most


STREAMS = f"""
import os, sys
sys.path.insert(0, {str(EXAMPLES)!r})
import out_of_core as example
import dask.array, dask_ml.wrappers, pyarrow.parquet

example.N_ROWS, example.CHUNK, example.MOST_EPOCHS = 120_000, 4_000, 2
example.N_VALIDATION = 10_000

def run_in_a_fork(command, text):
    pid = os.fork()
    if not pid:
        example.main(*command[2:])
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return ""

example.subprocess.check_output = run_in_a_fork
example.main()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone")
def test_streams_learn_as_much_as_all_rows_in_memory_and_take_less_of_it():
    for extra in ("pyarrow", "dask_ml"):
        pytest.importorskip(extra, reason="extra: scaling")
    first, *lines = run_python("-W", "ignore", "-c", STREAMS).stdout.splitlines()
    size = float(re.search(r"([\d.]+) MB", first)[1])
    found = [re.search(r"accuracy ([\d.]+), +([\d.]+) MB", line) for line in lines]
    scores, memory = np.array([match.groups() for match in found], float).T
    assert len(scores) == 4
    np.testing.assert_allclose(scores[1:], scores[0], atol=0.02)
    assert memory[0] > size
    assert (memory[1:] < size).all()


# Local SGD


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_one_partition_is_partial_fit(client, solver):
    own = network(solver=solver, random_state=3)
    fit_local_sgd(own, *partitions(1))
    assert len(own.loss_curve_) == 5
    seed = np.random.RandomState(3).randint(np.iinfo(np.int32).max)
    expected = network(solver=solver, random_state=seed)
    with threadpool_limits(1):
        expected.partial_fit(X, y, np.unique(y))
        for number in range(2, 6):
            generator = np.random.SFC64(np.random.SeedSequence((seed, number, 0)))
            expected._training["rng"] = generator.state
            expected.partial_fit(X, y)
    assert_same_training(own, expected)


def test_auto_means_the_same_as_in_a_fit_on_all_rows(client):
    own = RegMLPClassifier((20,), max_iter=3, random_state=0)
    fit_local_sgd(own, *partitions(1))
    whole = RegMLPClassifier((20,), max_iter=3, random_state=0).fit(X, y)
    assert own.learning_rate_curve_ == whole.learning_rate_curve_
    assert own._training["n_steps"] == whole._training["n_steps"]
    assert (own.feature_scales_ is None) == (whole.feature_scales_ is None)


def test_lbfgs_is_refused(client):
    model = network(solver="lbfgs")
    before = dict(vars(model))
    with pytest.raises(AttributeError, match="lbfgs"):
        fit_local_sgd(model, *partitions(2))
    assert vars(model) == before


def test_a_round_is_the_weighted_mean_of_epochs_on_the_partitions(client):
    own = fit_local_sgd(network(max_iter=1), *partitions(3))
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    rows = -(-len(X) // 3)
    parts = [slice(k * rows, min((k + 1) * rows, len(X))) for k in range(3)]
    with threadpool_limits(1):
        ends = [
            network(random_state=seed).partial_fit(X[part], y[part], np.unique(y))
            for part in parts
        ]
    weights = [part.stop - part.start for part in parts]
    assert own.feature_scales_ is not None
    arrays = zip(*(chain(*m._network().arrays_of(m)) for m in (own, *ends)))
    for mean, *of_ends in arrays:
        expected = np.average(of_ends, axis=0, weights=weights)
        np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-7)
    averages = [end._training["averages"] for end in ends]
    np.testing.assert_allclose(
        own._training["averages"],
        np.average(averages, axis=0, weights=weights),
        rtol=1e-4,
        atol=1e-8,
    )
    assert own.t_ == len(X)
    expected_loss = np.average([end.loss_ for end in ends], weights=weights)
    assert own.loss_ == pytest.approx(expected_loss, rel=1e-6)


def test_it_learns_and_stops_early_at_the_best_round(client):
    model = network(
        max_iter=200, early_stopping=True, scoring="accuracy", n_iter_no_change=4,
        batch_size=50, learning_rate_init=0.01,
    )  # fmt: skip
    fit_local_sgd(model, *partitions(2), X_val=X_val, y_val=y_val)
    assert model.n_iter_ == len(model.loss_curve_) < 200
    assert model.early_stopping
    assert model.best_iter_ == 1 + int(np.argmax(model.validation_scores_))
    assert model.score(X_val, y_val) == model.best_validation_score_ > 0.8
    for curve in ("learning_rate_curve_", "penalty_curve_", "validation_scores_"):
        assert len(getattr(model, curve)) == model.n_iter_
    assert model.t_ == model.n_iter_ * len(X)
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ is None


@pytest.mark.parametrize("validated", [False, True])
def test_the_best_values_are_those_of_the_curves(client, validated):
    given = {"X_val": X_val, "y_val": y_val} if validated else {}
    model = network(learning_rate_init=2.0, max_iter=8, scoring="accuracy")
    fit_local_sgd(model, *partitions(2), **given)
    losses, scores = model.loss_curve_, model.validation_scores_
    assert model.best_loss_ == min(losses)
    best = scores.index(max(scores)) if validated else losses.index(min(losses))
    assert model.best_iter_ == best + 1
    assert model.loss_ == losses[-1] != min(losses)
    before = model.best_iter_, model.best_validation_score_
    model.set_params(learning_rate_init=1e-9).partial_fit(X, y)
    if validated:
        assert (model.best_iter_, model.best_validation_score_) == before
    assert model.best_loss_ == min(model.loss_curve_)


def test_class_weights_count_in_the_validation_loss(client):
    class_weight = {k: 1.0 + 5 * (k == 3) for k in range(10)}
    model = network(class_weight=class_weight, max_iter=2)
    fit_local_sgd(model, *partitions(1), X_val=X_val, y_val=y_val)
    weights = 1 + 5 * (y_val == 3)
    loss = estimators.weighted_loss(model, X_val, y_val, weights)
    assert model.validation_loss_curve_[-1] == pytest.approx(loss)


def test_class_weights_of_several_labels(client):
    Y, Y_val = (np.column_stack([t == 0, t > 4]).astype(int) for t in (y, y_val))
    model = network(class_weight=[{0: 1.0, 1: 3.0}, {0: 2.0, 1: 1.0}], max_iter=1)
    targets = da.from_array(Y, (1400, 2))
    fit_local_sgd(model, partitions(1)[0], targets, X_val=X_val, y_val=Y_val)
    weights = np.where(Y_val[:, 0], 3, 1) * np.where(Y_val[:, 1], 1, 2)
    loss = estimators.weighted_loss(model, X_val, Y_val, weights)
    assert model.validation_loss_curve_[-1] == pytest.approx(loss)


def test_validation_rows_may_be_sparse(client):
    params = {"max_iter": 2, "early_stopping": True}
    dense, sparse = network(**params), network(**params)
    fit_local_sgd(dense, *partitions(2), X_val=X_val, y_val=y_val)
    fit_local_sgd(sparse, *partitions(2), X_val=csr_array(X_val), y_val=y_val)
    curves = sparse.validation_loss_curve_, dense.validation_loss_curve_
    np.testing.assert_allclose(*curves, rtol=1e-6)  # float32, summed in another order


def test_scores_that_are_no_number_are_not_the_best(client):
    class Undefined:
        """A scorer that is undefined, at least in the second round."""

        def __init__(self, always):
            self.always = always

        def __call__(self, estimator, X, y):
            second = len(estimator.loss_curve_) == 2
            return np.nan if self.always or second else len(estimator.loss_curve_)

    model = network(max_iter=3, early_stopping=True, scoring=Undefined(False))
    with pytest.warns(UserWarning, match="in some epochs"):
        fit_local_sgd(model, *partitions(2), X_val=X_val, y_val=y_val)
    assert model.best_iter_ == model.best_validation_score_ == 3
    model.scoring = Undefined(True)
    with pytest.raises(ValueError, match="not finite in any"):
        fit_local_sgd(model, *partitions(2), X_val=X_val, y_val=y_val)


def test_a_worker_killed_in_a_round_changes_nothing(client):
    undisturbed = fit_local_sgd(network(max_iter=12), *partitions(4))
    killed = []

    def kill_one():
        time.sleep(0.6)
        pids = client.run(os.getpid)
        victim = next(iter(pids.values()))
        os.kill(victim, signal.SIGKILL)
        killed.append(victim)

    killer = threading.Thread(target=kill_one)
    killer.start()
    n_rounds, own = 0, network(max_iter=12)
    while not killed or not n_rounds:
        fit_local_sgd(own, *partitions(4))
        n_rounds += 1
    killer.join()
    assert_same_training(own, undisturbed)


def test_without_a_cluster_it_runs_in_threads_and_gives_the_same(client):
    there = fit_local_sgd(network(), *partitions(2))
    threads = dask.config.set(scheduler="threads")
    with client.as_current(), threadpool_limits(1), threads:
        here = fit_local_sgd(network(), *partitions(2))
    assert_same_training(there, here)


def test_multilabel_and_text_labels(client):
    names = np.array([f"digit {k}" for k in range(10)])
    text = fit_local_sgd(
        network(max_iter=2), partitions(2)[0], da.from_array(names[y], 700)
    )
    codes = fit_local_sgd(network(max_iter=2), *partitions(2))
    assert_same_training(text, codes)
    np.testing.assert_array_equal(text.predict(X_val), names[codes.predict(X_val)])
    Y = np.column_stack([y == 0, y > 4]).astype(int)
    columns = fit_local_sgd(
        network(max_iter=2), partitions(2)[0], da.from_array(Y, (700, 2)), X_val=X_val,
        y_val=np.column_stack([y_val == 0, y_val > 4]).astype(int),
    )  # fmt: skip
    Y_val = np.column_stack([y_val == 0, y_val > 4])
    loss = estimators.weighted_loss(columns, X_val, Y_val)
    assert columns.validation_loss_curve_[-1] == pytest.approx(loss)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_numbers_have_the_scale_of_all_partitions(client, loss, n_targets):
    Y, Y_val = 100 + 30 * y, 100 + 30 * y_val
    if n_targets == 2:
        Y, Y_val = np.column_stack([Y, Y**2]), np.column_stack([Y_val, Y_val**2])
    model = network(kind="number", max_iter=10, loss=loss, batch_size=25)
    chunks = (350, 2)[:n_targets]
    fit_local_sgd(
        model, da.from_array(X, (350, 64)), da.from_array(Y, chunks),
        X_val=X_val, y_val=Y_val,
    )  # fmt: skip
    scale = Y.mean(axis=0) if loss == "poisson" else Y.std(axis=0)
    np.testing.assert_allclose(model.target_scale_, np.ravel(scale))
    assert model.score(X_val, Y_val) > 0.5
    if loss == "squared_error":
        error = estimators.weighted_loss(model, X_val, Y_val)
        np.testing.assert_allclose(model.validation_loss_curve_[-1], error, rtol=1e-5)


@pytest.mark.parametrize("kind", ["classes", "number"])
def test_targets_may_be_in_chunks_of_columns(client, kind):
    Y = np.column_stack([y == 0, y > 4, y % 2]).astype(int)
    whole, split = (
        fit_local_sgd(
            network(kind=kind, max_iter=2), partitions(2)[0], da.from_array(Y, chunks)
        )
        for chunks in ((700, 3), (400, 2))
    )
    assert_same_training(split, whole)


def test_another_unit_stops_in_the_same_round(client):
    fits = [
        fit_local_sgd(
            network(kind="number", tol=1e-2, n_iter_no_change=2, max_iter=100),
            partitions(2)[0],
            da.from_array(unit * y, 700),
        )
        for unit in (1, 1000)
    ]
    assert fits[0].n_iter_ == fits[1].n_iter_ < 100


BAD_ENTRIES = {"X_val": np.ma.masked_less(X_val, 0.5), "y_val": y_val}


@pytest.mark.parametrize(
    ("params", "given", "message"),
    [
        ({"early_stopping": True}, {}, "pass X_val and y_val"),
        ({"class_weight": "balanced"}, {}, "balanced"),
        ({}, {"classes": [0]}, "classes has only 1 class"),
        ({"kind": "number"}, {"classes": [0, 1]}, "classes is for classifiers"),
        ({}, {"y_val": y_val}, "y_val is provided, but X_val is not"),
        ({"learning_rate": "adaptive"}, {}, "'adaptive' is not supported"),
        (
            {"early_stopping": True, "scoring": "acuracy"},
            {"X_val": X_val, "y_val": y_val},
            "Did you mean 'accuracy'",
        ),
        ({"early_stopping": True}, BAD_ENTRIES, "X_val has masked entries"),
    ],
)
def test_what_is_refused_changes_nothing(client, params, given, message):
    generator = np.random.RandomState(0)
    model = network(random_state=generator, **params)
    before, state = dict(vars(model)), generator.get_state()[1].copy()
    with pytest.raises(ValueError, match=message):
        fit_local_sgd(model, *partitions(2), **given)
    assert vars(model) == before
    np.testing.assert_array_equal(generator.get_state()[1], state)


def test_what_is_no_dask_array_is_refused():
    dd = pytest.importorskip("dask.dataframe")
    pd = pytest.importorskip("pandas")
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=2)
    rows, targets = partitions(2)
    model = network()
    before = copy.deepcopy(vars(model))
    for bad, message in [
        ((X, targets), "X has to be a Dask array.*'ndarray'.*from_array"),
        ((rows, y), "y has to be a Dask array.*'ndarray'.*from_array"),
        ((frame, targets), "X has to be a Dask array.*'DataFrame'.*to_dask_array"),
        ((rows, frame[0]), "y has to be a Dask array.*'Series'.*to_dask_array"),
    ]:
        with pytest.raises(TypeError, match=message):
            fit_local_sgd(model, *bad)
    for bad, message in [
        ((rows[:, 0], targets), r"X has to have two dimensions. Got 1.*np.newaxis"),
        ((rows, targets[:1300]), "X has 1400 rows and y has 1300. Pass a target"),
    ]:
        with pytest.raises(ValueError, match=message):
            fit_local_sgd(model, *bad)
    assert vars(model) == before
    with pytest.raises(TypeError, match="Got RegMLPClassifierCV"):
        fit_local_sgd(committee(), rows, targets)


def test_the_sizes_of_partitions_may_be_unknown(client):
    dd = pytest.importorskip("dask.dataframe")
    pd = pytest.importorskip("pandas")
    rows, targets = partitions(2)
    frame = dd.from_pandas(pd.DataFrame(X).assign(y=y), chunksize=700)
    unknown = [part.to_dask_array() for part in (frame[[*range(64)]], frame["y"])]
    known = fit_local_sgd(network(max_iter=2), rows, targets)
    assert_same_training(fit_local_sgd(network(max_iter=2), *unknown), known)


def test_partitions_may_be_empty(client):
    rows, targets = partitions(2)
    first = da.arange(len(X), chunks=rows.chunks[0]) < rows.chunks[0][0]
    found = fit_local_sgd(network(max_iter=2), rows[first], targets[first])
    alone = rows.blocks[0], targets.blocks[0]
    assert_same_training(found, fit_local_sgd(network(max_iter=2), *alone))


def test_a_round_that_diverges_ends_training_with_the_network_before():
    steep = {"solver": "sgd", "activation": "identity", "learning_rate_init": 100.0}
    one = fit_local_sgd(network(max_iter=1, **steep), *partitions(2))
    with pytest.warns(ConvergenceWarning, match="diverged in round 2") as caught:
        model = fit_local_sgd(network(max_iter=5, **steep), *partitions(2))
    assert "The network of the round before is kept" in str(caught[-1].message)
    assert_same_training(model, one)


@pytest.mark.parametrize("kind", ["classes", "number"])
def test_a_network_that_is_worse_than_a_constant_is_warned_of(kind):
    steep = {"kind": kind, "alpha": 0.0, "learning_rate_init": 100.0, "max_iter": 2}
    with pytest.warns(ConvergenceWarning, match="far above"):
        fit_local_sgd(network(**steep), *partitions(2))


def test_a_function_scores_arrays():
    seen = set()

    def scorer(model, X, y):
        seen.update([type(X), type(y)])
        return model.score(X, y)

    model = network(max_iter=2, early_stopping=True, scoring=scorer)
    validation = {"X_val": X_val.tolist(), "y_val": y_val.tolist()}
    with dask.config.set(scheduler="threads"):  # in this process
        fit_local_sgd(model, *partitions(2), **validation)
    assert seen == {np.ndarray}


def test_two_columns_of_labels_are_scored_as_in_fit():
    Y = np.stack([y > 4, y % 2], axis=1).astype(int)
    model = network(max_iter=2, scoring="roc_auc")
    rows = da.from_array(X, chunks=(700, 64)), da.from_array(Y, chunks=(700, 2))
    Y_val = np.stack([y_val > 4, y_val % 2], axis=1).astype(int)
    fit_local_sgd(model, *rows, X_val=X_val, y_val=Y_val)
    area = roc_auc_score(Y_val, model.predict_proba(X_val))
    assert model.validation_scores_[-1] == area


class Counted:
    """Rows that count how often they are sent; they arrive as an array."""

    n_sent = 0

    def __init__(self, rows):
        self.rows = rows

    def __reduce__(self):
        Counted.n_sent += 1
        return np.array, (self.rows,)


def test_more_rounds_do_not_send_the_validation_rows_more_often(client):
    counts = []
    for max_iter in (1, 4):
        Counted.n_sent = 0
        given = {"X_val": Counted(X_val), "y_val": y_val}
        with client.as_current():
            fit_local_sgd(network(max_iter=max_iter), *partitions(2), **given)
        counts.append(Counted.n_sent)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_limit_is_warned_of_unless_it_is_planned(client, schedule):
    params = {"learning_rate": schedule, "max_iter": 2, "n_iter_no_change": 5}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        fit_local_sgd(network(**params), *partitions(2))
    found = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert len(found) == (schedule == "constant")


def test_it_says_what_auto_is(client):
    model = RegMLPClassifier((4,), keep_prob=0.5, dtype="float64")
    rows, targets = partitions(2)
    fit_local_sgd(model, rows[:100], targets[:100])
    assert model.auto_params_.keys() == {
        "feature_scales",
        "alpha",
        "input_keep_prob",
        "batch_size",
        "learning_rate",
        "learning_rate_init",
        "max_iter",
    }
    assert model.auto_params_["learning_rate"] == "cosine"
    assert len(model.loss_curve_) == model.auto_params_["max_iter"] == 32


@pytest.mark.parametrize("hidden", [(4,), ()])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_auto_is_that_of_all_rows(client, solver, hidden):
    model = RegMLPClassifier(hidden, solver=solver, max_iter=3, random_state=0)
    narrow, some_y = X[:40] / np.ptp(X[:40], axis=0).max(), y[:40]
    rows = da.from_array(narrow, chunks=(20, -1)), da.from_array(some_y, chunks=20)
    fit_local_sgd(model, *rows)
    alone = clone(model).fit(narrow, some_y)
    assert model.auto_params_ == alone.auto_params_
    assert model.learning_rate_curve_ == alone.learning_rate_curve_


@pytest.mark.parametrize("kind", ["csr", "bool", "object", "integer"])
def test_partitions_may_hold_what_a_network_takes(kind):
    convert = {
        "csr": csr_array,
        "bool": lambda part: part > 0,
        "object": lambda part: part.astype(object),
        "integer": lambda part: (10 * part).astype(np.int8),
    }[kind]

    def numbers(part):
        part = convert(part)
        return (part.toarray() if kind == "csr" else part).astype(float)

    rows, targets = partitions(2)
    model = fit_local_sgd(network(max_iter=2), rows.map_blocks(convert), targets)
    plain = fit_local_sgd(network(max_iter=2), rows.map_blocks(numbers), targets)
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-6)


def test_names_of_an_earlier_fit_are_forgotten(client):
    pd = pytest.importorskip("pandas")
    model = network(max_iter=1).fit(pd.DataFrame(X).add_prefix("x"), y)
    fit_local_sgd(model, *partitions(2))
    assert not hasattr(model, "feature_names_in_")
