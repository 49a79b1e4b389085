"""Quality and fit time of the estimators and their rivals over many tables.

``python -m benchmarks.quality --data FOLDER --output docs/quality.md`` makes the page.
A new model is one line in `CLASSIFIERS` or `REGRESSORS`.
"""

import argparse
import json
import re
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from scipy.stats import gmean, sem
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_selector
from sklearn.compose import make_column_transformer as by_column
from sklearn.ensemble import HistGradientBoostingClassifier as HGBClassifier
from sklearn.ensemble import HistGradientBoostingRegressor as HGBRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import skreg
from benchmarks.chart import CHARTS, draw
from benchmarks.markdown import number, publish, table
from benchmarks.tables import find_tables
from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    RegMLPRegressorCV,
    TabularEncoder,
)

LEAST_PROBABILITY = 1e-15


def scaled(model):
    """Return a model behind standardised numbers and one-hot categories."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(
        min_frequency=10, handle_unknown="infrequent_if_exist",
        sparse_output=False, dtype=np.float32,
    )  # fmt: skip
    encoder = by_column(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_include="category")),
    )
    return make_pipeline(encoder, model)


CLASSIFIERS = {
    "MLPClassifier": scaled(MLPClassifier()),
    "MLPClassifier, early stopping": scaled(MLPClassifier(early_stopping=True)),
    "HistGradientBoosting": make_pipeline(HGBClassifier()),
    "LogisticRegression": scaled(LogisticRegression(max_iter=1000)),
    "RegMLP": scaled(RegMLPClassifier()),
    "RegMLP, early stopping": scaled(RegMLPClassifier(early_stopping=True)),
}
REGRESSORS = {
    "MLPRegressor": scaled(
        TransformedTargetRegressor(MLPRegressor(), transformer=StandardScaler())
    ),
    "HistGradientBoosting": make_pipeline(HGBRegressor()),
    "RidgeCV": scaled(RidgeCV(np.logspace(-3, 3, 13))),
    "RegMLP": scaled(RegMLPRegressor()),
    "RegMLP, early stopping": scaled(RegMLPRegressor(early_stopping=True)),
}
if find_spec("pytabkit"):
    import torch
    from pytabkit import RealMLP_TD_S_Classifier, TabM_D_Classifier

    device = "cuda" if torch.cuda.is_available() else "cpu"
    CLASSIFIERS["RealMLP-TD-S"] = make_pipeline(
        RealMLP_TD_S_Classifier(device=device, n_threads=1)
    )
    CLASSIFIERS["TabM"] = make_pipeline(TabM_D_Classifier(device=device, n_threads=1))
for models, committee in (
    (CLASSIFIERS, RegMLPClassifierCV()),
    (REGRESSORS, RegMLPRegressorCV()),
):
    raced = clone(committee).set_params(param_distributions="auto")
    behind_encoder = {
        "RegMLP": models["RegMLP"][-1],
        "RegMLP, early stopping": models["RegMLP, early stopping"][-1],
        "RegMLP committee": committee,
        "RegMLP committee, raced": raced,
    }
    if find_spec("numba"):
        compiled = clone(committee).set_params(estimator__engine="numba")
        behind_encoder["RegMLP committee, numba"] = compiled
    for name, model in behind_encoder.items():
        models[f"{name}, encoder"] = make_pipeline(TabularEncoder(), model)


class Group(NamedTuple):
    """Tables to average over."""

    title: str
    models: dict
    loss: str = "log-loss"
    score: str = "accuracy"


GROUPS = {
    "small": Group("Small tables of numbers", CLASSIFIERS),
    "raw": Group("Raw tables", CLASSIFIERS),
    "regression": Group("Regression", REGRESSORS, "relative error", "R²"),
}

PAGE = """\
# Quality

Loss on test rows and the time of a fit, beside other libraries, all with their
defaults. Error bars are standard errors, over the tables, of the difference from the
first model. `python -m benchmarks.quality --data FOLDER --output docs/quality.md` makes
this page.

{sections}

## Protocol

- Every table is split 70 to 30, stratified by class, with the seeds {seeds}. At most
  6,000 rows are used for training. Classes with fewer than 10 rows are left out.
- Numbers are float32. Encoding and model are fitted on the training part only.
  Gradient boosting and pytabkit take the raw table. Otherwise, unless a row names the
  encoder, numbers are imputed and standardised, and categories are one-hot.
- Every model has the defaults of its library, except that `LogisticRegression` may take
  1,000 iterations and `RidgeCV` chooses among 13 penalties. `MLPRegressor` is fitted to
  standardised targets.
- The log-loss is computed in float64 from probabilities clipped at {least:g}. The
  relative error is the RMSE over the standard deviation of the test targets. Its mean
  over the tables is geometric, and its difference is that of the logarithms.
- Seconds are {seconds}, for encoding and fit, and only
  of models that ran on the same machine. RealMLP and TabM use a GPU if there is one.
- *Out of fold* is the loss that a committee itself reports, its `best_score_`.
- Wins, losses and the difference compare the loss of a table, averaged over the seeds,
  with that of the first model. Behind ± is the standard error over the tables.

<!-- notes begin -->
<!-- notes end -->
"""
NOTES = re.compile("<!-- notes begin -->.*<!-- notes end -->", re.DOTALL)


def prepared(name, group, seed, cores):
    """Return a new model with its random states and its number of cores set."""
    model = clone(GROUPS[group].models[name])
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
    """Return the score, the loss, the seconds and the loss out of fold of one fit."""
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
    p = p[np.arange(len(y_test)), y_test].clip(LEAST_PROBABILITY)
    return score, -np.log(p).mean(), seconds, -getattr(model[-1], "best_score_", np.nan)


def warm_up():
    """Compile or load the numba engine, so that no fit has to."""
    if find_spec("numba"):
        network = RegMLPClassifier(2, engine="numba", dtype="float32", max_iter=1)
        network.fit([[-1.0], [1.0]], [0, 1])


def run(jobs, n_processes, cache):
    """Return the results of jobs, those of the cache unrun.

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
    return {job: known[keys[job]] for job in jobs}


def summarize(group, tables, models, seeds, results):
    """Return a section of the page."""
    title, _, loss_name, score_name = GROUPS[group]
    figures = {
        name: np.mean([[results[name, t, s] for s in seeds] for t in tables], axis=1)
        for name in models
    }
    header = ["model", score_name, loss_name, "s per fit", "wins–losses", "difference"]
    reported = any(np.isfinite(values[:, 3]).any() for values in figures.values())
    rows = []
    for name, values in figures.items():
        score, loss, seconds, out_of_fold = values.mean(axis=0)
        change = values[:, 1] - figures[models[0]][:, 1]
        if group == "regression":  # relative errors are compared by their ratios
            loss = gmean(values[:, 1])
            change = np.log(values[:, 1] / figures[models[0]][:, 1])
        wins = f"{np.sum(change < 0)}–{np.sum(change > 0)}"
        difference = f"{change.mean():+.4f} ± {sem(change):.4f}"
        duration = "" if np.isnan(seconds) else number(seconds)
        row = [name, f"{score:.4f}", f"{loss:.4f}", duration, wins, difference]
        if reported:
            row.append("" if np.isnan(out_of_fold) else f"{out_of_fold:.4f}")
        rows.append(row)
    if reported:
        header.append("out of fold")
    parts = [f"## {title}", f"Means over {len(tables)} tables."]
    parts += [
        f"![{label.capitalize()} and fit time](figures/{file})"
        for file, (heading, label, _) in CHARTS.items()
        if heading == parts[0]
    ]
    parts.append(table(header, rows))
    if group == "raw":
        parts.append(
            "*adult* has an official split, used whole; *mnist* is its first 5,000 "
            "images."
        )
        header = [loss_name, *(t.name for t in tables)]
        rows = [[name, *(f"{v:.3f}" for v in figures[name][:, 1])] for name in models]
        parts.append(table(header, rows))
    return "\n\n".join(parts)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    parser.add_argument("--data", required=True, help="the folder of the tables")
    parser.add_argument("--models", nargs="*", help="their names; all")
    parser.add_argument("--tables", nargs="*", help="names or groups; all")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--cores", type=int, default=1, help="per fit; with several, fit in turn"
    )
    parser.add_argument("--cache", type=Path, default=Path("quality.jsonl"))
    parser.add_argument("--output", default="")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    found = [
        t
        for t in find_tables(options.data)
        if not options.tables or {t.name, t.group} & set(options.tables)
    ]
    tables, models, jobs = {}, {}, []
    for group in sorted({t.group for t in found}, key=list(GROUPS).index):
        tables[group] = [t for t in found if t.group == group]
        names = GROUPS[group].models
        models[group] = [m for m in names if m in (options.models or names)]
        jobs += product(models[group], tables[group], seeds, [options.cores])
    in_turn = options.cores > 1
    measured = run(jobs, 1 if in_turn else options.processes, options.cache)
    results = {job[:3]: result for job, result in measured.items()}
    sections = [
        summarize(group, tables[group], models[group], seeds, results)
        for group in tables
    ]
    output = Path(options.output)
    before = output.read_text("utf-8") if output.is_file() else PAGE
    page = PAGE.format(
        sections="\n\n".join(sections),
        seeds=", ".join(map(str, seeds)),
        seconds=(
            f"those of the clock on {options.cores} cores"
            if in_turn
            else "processor time on one thread"
        ),
        least=LEAST_PROBABILITY,
    )
    publish(NOTES.sub(lambda _: NOTES.search(before)[0], page), options.output)
    if options.output:
        draw(page, output.parent / "figures")


if __name__ == "__main__":
    main()
