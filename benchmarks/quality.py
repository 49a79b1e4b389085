"""Loss and fit time of the estimators and their rivals over many tables.

``python -m benchmarks.quality --data FOLDER --output docs/quality.md`` puts the results
into the page. A new model is one line in `CLASSIFIERS` or `REGRESSORS`.
"""

import argparse
import json
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn import compose, ensemble
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import skreg
from benchmarks.chart import draw_quality
from benchmarks.markdown import number, publish, table
from benchmarks.tables import find_tables

RESULTS = ["score", "loss", "seconds", "out of fold"]


def scaled(model):
    """Return a model behind standardised numbers and one-hot categories."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(
        min_frequency=10, handle_unknown="infrequent_if_exist",
        sparse_output=False, dtype=np.float32,
    )  # fmt: skip
    select = compose.make_column_selector
    encoder = compose.make_column_transformer(
        (numbers, select(dtype_include="number")),
        (categories, select(dtype_include="category")),
    )
    return make_pipeline(encoder, model)


def ours(network, committee):
    """Return the models of skreg behind its encoder, by name."""
    models = {
        "RegMLP": network(),
        "RegMLP, early stopping": network(early_stopping=True),
        "RegMLP committee": committee(),
        "RegMLP committee, raced": committee(param_distributions="auto"),
        "RegMLP committee, numba": committee().set_params(estimator__engine="numba"),
    }
    return {
        f"{name}, encoder": make_pipeline(skreg.TabularEncoder(), model)
        for name, model in models.items()
    }


Trees = ensemble.HistGradientBoostingClassifier
CLASSIFIERS = {
    "MLPClassifier": scaled(MLPClassifier()),
    "MLPClassifier, early stopping": scaled(MLPClassifier(early_stopping=True)),
    "HistGradientBoosting": make_pipeline(Trees()),
    "HistGradientBoosting, early stopping": make_pipeline(Trees(early_stopping=True)),
    "LogisticRegression": scaled(LogisticRegression(max_iter=1000)),
    "RegMLP": scaled(skreg.RegMLPClassifier()),
    "RegMLP, early stopping": scaled(skreg.RegMLPClassifier(early_stopping=True)),
}
REGRESSORS = {
    "MLPRegressor": scaled(
        compose.TransformedTargetRegressor(MLPRegressor(), transformer=StandardScaler())
    ),
    "HistGradientBoosting": make_pipeline(ensemble.HistGradientBoostingRegressor()),
    "RidgeCV": scaled(RidgeCV(np.logspace(-3, 3, 13))),
    "RegMLP": scaled(skreg.RegMLPRegressor()),
    "RegMLP, early stopping": scaled(skreg.RegMLPRegressor(early_stopping=True)),
}
if find_spec("pytabkit"):
    import pytabkit
    import torch

    def rival(kind, **own):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return make_pipeline(getattr(pytabkit, kind)(device=device, n_threads=1, **own))

    loss = {"val_metric_name": "cross_entropy"}
    for name in ["CatBoost", "LGBM", "XGB"]:
        CLASSIFIERS[f"{name}-TD, for log-loss"] = rival(f"{name}_TD_Classifier", **loss)
        REGRESSORS[f"{name}-TD"] = rival(f"{name}_TD_Regressor")
    CLASSIFIERS["RealMLP-TD-S"] = rival("RealMLP_TD_S_Classifier")
    loss["use_ls"] = False
    CLASSIFIERS["RealMLP-TD-S, for log-loss"] = rival("RealMLP_TD_S_Classifier", **loss)
    CLASSIFIERS["TabM"] = rival("TabM_D_Classifier")
    REGRESSORS["RealMLP-TD-S"] = rival("RealMLP_TD_S_Regressor")
CLASSIFIERS |= ours(skreg.RegMLPClassifier, skreg.RegMLPClassifierCV)
REGRESSORS |= ours(skreg.RegMLPRegressor, skreg.RegMLPRegressorCV)
MODELS = {"small": CLASSIFIERS, "raw": CLASSIFIERS, "regression": REGRESSORS}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    add = parser.add_argument
    add("--data", required=True, help="the folder of the tables")
    add("--models", nargs="*", help="their names; all")
    add("--tables", nargs="*", help="names or groups; all")
    add("--seeds", default="0,1,2")
    add("--processes", type=int, default=2)
    add("--cores", type=int, default=1, help="per fit; with several, fit in turn")
    add("--cache", type=Path, default=Path("quality.jsonl"))
    add("--output", metavar="FILE", help="the page to update, instead of printing")
    return parser.parse_args()


def prepared(name, group, seed, cores):
    """Return a new model with its random states and its number of cores set."""
    model = clone(MODELS[group][name])
    states = [key for key in model.get_params() if key.endswith("random_state")]
    if "n_jobs" in model[-1].get_params():
        model[-1].set_params(n_jobs=cores)
    return model.set_params(**dict.fromkeys(states, seed))


def cache_key(name, data, seed, cores):
    """Return a hash of all that a result depends on."""
    model = prepared(name, data.group, seed, cores)
    sources = [Path(__file__).with_name("tables.py")]
    if model[-1].__module__.startswith("skreg"):
        sources += sorted(Path(skreg.__file__).parent.rglob("*.py"))
    texts = [path.read_text("utf-8") for path in sources]
    return joblib.hash((model, data.group, data.name, seed, cores, texts))


def evaluate(name, data, seed, cores):
    """Return the `RESULTS` of one fit."""
    X_train, X_test, y_train, y_test = data.split(seed)
    model = prepared(name, data.group, seed, cores)
    clock = time.process_time if cores == 1 else time.perf_counter
    with warnings.catch_warnings(), threadpool_limits(cores):
        warnings.simplefilter("ignore")
        start = clock()
        model.fit(X_train, y_train)
        seconds = clock() - start
        score = model.score(X_test, y_test)
        if data.group == "regression":
            return score, (1 - score) ** 0.5, seconds, np.nan
        p = model.predict_proba(X_test).astype(np.float64)
    p = p[np.arange(len(y_test)), y_test].clip(1e-15)
    return score, -np.log(p).mean(), seconds, -getattr(model[-1], "best_score_", np.nan)


def warm_up():
    """Compile or load the numba engine, so that no fit has to."""
    network = skreg.RegMLPClassifier(2, engine="numba", dtype="float32", max_iter=1)
    network.fit([[-1.0], [1.0]], [0, 1])


def run(jobs, n_processes, cache):
    """Return the `RESULTS` of jobs as a frame, those of the cache unrun.

    A job is a model, a table, a seed and a number of cores.
    """
    lines = cache.read_text("utf-8").splitlines() if cache.exists() else []
    known = dict(map(json.loads, lines))
    keys = {job: cache_key(*job) for job in jobs}
    pool = ProcessPoolExecutor(n_processes, initializer=warm_up)
    with pool, cache.open("a", 1) as file:
        todo = [job for job in jobs if keys[job] not in known]
        futures = {pool.submit(evaluate, *job): job for job in todo}
        for n_done, future in enumerate(as_completed(futures), start=1):
            name, data, seed, _ = job = futures[future]
            known[keys[job]] = list(map(float, future.result()))
            file.write(json.dumps([keys[job], known[keys[job]]]) + "\n")
            print(f"{n_done}/{len(todo)} {data.name}, seed {seed}: {name}")
    rows = [
        (data.group, data.name, name, *known[keys[name, data, *rest]])
        for name, data, *rest in jobs
    ]
    return pd.DataFrame(rows, columns=["group", "table", "model", *RESULTS])


def summarize(group, fits):
    """Return the tables of a group: means, and for raw tables also the loss of each."""
    losses = fits.pivot_table("loss", "table", "model", sort=False)
    means = fits.groupby("model", sort=False)[RESULTS].mean(skipna=False)
    score_name, loss_name, compared = "accuracy", "log-loss", losses
    if group == "regression":  # relative errors are compared by their ratios
        score_name, loss_name, compared = "R²", "relative error", np.log(losses)
        means["loss"] = np.exp(compared.mean())
    change = compared.sub(compared.iloc[:, 0], axis="index")
    wins, defeats = (change < 0).sum(), (change > 0).sum()
    columns = {
        score_name: means["score"].map("{:.4f}".format),
        loss_name: means["loss"].map("{:.4f}".format),
        "s per fit": means["seconds"].map(number, na_action="ignore"),
        "wins–losses": wins.astype(str) + "–" + defeats.astype(str),
        "difference": change.mean().map("{:+.4f} ± ".format)
        + change.sem().map("{:.4f}".format),
        "out of fold": means["out of fold"].map("{:.4f}".format, na_action="ignore"),
    }
    cells = pd.DataFrame(columns).dropna(axis="columns", how="all").fillna("")
    tables = [table(["model", *cells], cells.itertuples())]
    if group == "raw":
        cells = losses.T.map("{:.3f}".format)
        tables.append(table([loss_name, *cells], cells.itertuples()))
    return "\n\n".join([f"Means over {len(losses)} tables.", *tables])


def main():
    options = parse_arguments()
    jobs = [
        (name, data, int(seed), options.cores)
        for data in find_tables(options.data)
        if not options.tables or {data.name, data.group} & set(options.tables)
        for name in MODELS[data.group]
        if not options.models or name in options.models
        for seed in options.seeds.split(",")
    ]
    fits = run(jobs, 1 if options.cores > 1 else options.processes, options.cache)
    parts = {group: summarize(group, part) for group, part in fits.groupby("group")}
    publish(parts, options.output)
    if options.output:
        draw_quality(Path(options.output))


if __name__ == "__main__":
    main()
