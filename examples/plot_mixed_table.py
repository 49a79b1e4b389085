"""
A mixed table from end to end
=============================

Numbers beside categories, gaps, and a class that is rare and matters more: most tables
look like this. Here one goes all the way: encoded in a pipeline, with class weights, a
validation set for early stopping that passes through the same encoder, and a grid
search over two regularisers. The result is then compared with gradient boosting and
with scikit-learn's own network, by how well it ranks and by how well its probabilities
can be taken at their word.

The table is German credit data from OpenML, or the CSV file named by the environment
variable ``SKREG_CREDIT_G`` (with a header; the target is the column ``class``, good or
bad). Where neither can be had, a table of a similar kind is made up.
"""

import os
import socket
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibrationDisplay
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import fetch_openml
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skreg import RegMLPClassifier
from skreg.display import TrainingCurveDisplay

# %%
# The table
# ---------
# A row is an applicant; to be found are the bad risks. The published table has no gaps,
# so some of its cells are blanked out here.


def make_up(rng, n=1000):
    """Return a table of applicants who do not exist."""
    amount = rng.lognormal(8, 0.8, n)
    months = rng.choice([6, 12, 18, 24, 36, 48], n)
    age = 19 + rng.gamma(2, 8, n)
    purpose = rng.choice(["car", "furniture", "education", "business"], n)
    savings = rng.choice(["low", "middle", "high"], n, p=[0.6, 0.25, 0.15])
    housing = rng.choice(["own", "rent", "free"], n, p=[0.7, 0.2, 0.1])
    risk = 0.8 * np.log(amount / 3000) + 0.03 * (months - 24) - 0.03 * (age - 35)
    risk += 0.8 * (purpose == "education") + 0.7 * (housing == "rent")
    risk += 0.8 * (savings == "low") * (amount > 3000) - 1.6
    bad = rng.uniform(size=n) < 1 / (1 + np.exp(-risk))
    columns = ["amount", "months", "age", "purpose", "savings", "housing", "class"]
    kind = np.where(bad, "bad", "good")
    values = [amount, months, age, purpose, savings, housing, kind]
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def load(rng):
    """Return the name of the table, and the table."""
    path = os.environ.get("SKREG_CREDIT_G")
    if path:
        return "credit-g", pd.read_csv(path)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="A network error")
            bunch = fetch_openml("credit-g", version=1, as_frame=True, n_retries=1)
    except OSError as error:
        print(f"credit-g cannot be had ({error}): this run uses a made-up table.")
        return "made up", make_up(rng)
    finally:
        socket.setdefaulttimeout(timeout)
    return "credit-g", bunch.frame


rng = np.random.RandomState(0)
name, table = load(rng)
y = (table.pop("class") == "bad").to_numpy(int)
table = table.mask(rng.uniform(size=table.shape) < 0.05)
is_number = make_column_selector(dtype_include="number")
is_category = make_column_selector(dtype_exclude="number")
table = table.astype(dict.fromkeys(is_category(table), "category"))

print(f"{name}: {len(table)} rows, {y.mean():.0%} of them bad risks")
print(f"{len(is_number(table))} numeric columns, {len(is_category(table))} categorical")
print(f"{table.isna().to_numpy().mean():.1%} of the cells are missing")

rest, X_test, y_rest, y_test = train_test_split(
    table, y, test_size=0.3, stratify=y, random_state=0
)
X, X_val, y_train, y_val = train_test_split(
    rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0
)

# %%
# The pipeline
# ------------
# Missing numbers are replaced by the median, with a column that says so; a missing
# category is a category of its own. With metadata routing, ``fit`` of the pipeline
# hands the validation set on to the network, and ``transform_input`` has it encoded on
# the way by what was learned from the training rows.

sklearn.set_config(enable_metadata_routing=True)

encoder = make_column_transformer(
    (
        make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
        ),
        is_number,
    ),
    (
        OneHotEncoder(
            min_frequency=10, handle_unknown="infrequent_if_exist", sparse_output=False
        ),
        is_category,
    ),
)
network = RegMLPClassifier(
    hidden_layer_sizes=50,
    class_weight="balanced",
    early_stopping=True,
    n_iter_no_change=15,
    random_state=0,
).set_fit_request(X_val=True, y_val=True)
pipeline = Pipeline(
    [("encoder", encoder), ("network", network)], transform_input=["X_val"]
)

# %%
# The search
# ----------
# Every candidate stops by the validation set and is scored on the fold left out.

grid = {"network__alpha": [1e-4, 1e-2, 1e-1], "network__keep_prob": [1.0, 0.7, 0.4]}
search = GridSearchCV(pipeline, grid, scoring="roc_auc", cv=5)
search.fit(X, y_train, X_val=X_val, y_val=y_val)

scores = pd.DataFrame(search.cv_results_["params"]).assign(
    roc_auc=search.cv_results_["mean_test_score"],
    std=search.cv_results_["std_test_score"],
)
print(scores.to_string(index=False, float_format="{:.4g}".format))
print("chosen:", search.best_params_)

# %%
# The display finds the network inside the search. The training loss has the penalty and
# the noise of dropout in it, and so may lie above the validation loss.

curves = TrainingCurveDisplay.from_estimator(search)
_ = curves.ax_.set_title("The chosen network: stopped by its validation set")

# %%
# What others make of it
# ----------------------
# The rivals are tuned too. They cannot use the validation set, so they get its rows to
# learn from. ``MLPClassifier`` has a higher rate than its default and enough epochs to
# converge. To see what class weights do, the chosen network is fitted once more without
# them.

unweighted = clone(search.best_estimator_).set_params(network__class_weight=None)
unweighted.fit(X, y_train, X_val=X_val, y_val=y_val)
boosting = GridSearchCV(
    HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0),
    {"learning_rate": [0.02, 0.1], "max_leaf_nodes": [4, 31]},
    scoring="roc_auc",
).fit(rest, y_rest)
mlp = GridSearchCV(
    make_pipeline(
        encoder,
        MLPClassifier(50, learning_rate_init=0.01, max_iter=1000, random_state=0),
    ),
    {"mlpclassifier__alpha": [1e-4, 1e-1, 10]},
    scoring="roc_auc",
).fit(rest, y_rest)
models = {
    "RegMLP, balanced": search.best_estimator_,
    "RegMLP, unweighted": unweighted,
    "HistGradientBoosting": boosting.best_estimator_,
    "MLPClassifier": mlp.best_estimator_,
}
probability = {name: m.predict_proba(X_test)[:, 1] for name, m in models.items()}

# %%
# The area under the ROC curve is uncertain on so few test rows: its standard error, by
# bootstrap, stands beside it, and differences within that mean little. The last column
# compares the mean predicted probability of a bad risk with their share.

draws = rng.randint(len(y_test), size=(200, len(y_test)))
print(f"{'':22}{'ROC AUC':>16}{'balanced acc.':>15}{'Brier':>8}{'mean p':>8}")
for name, p in probability.items():
    auc = roc_auc_score(y_test, p)
    error = np.std([roc_auc_score(y_test[rows], p[rows]) for rows in draws])
    balanced = balanced_accuracy_score(y_test, p > 0.5)
    brier = brier_score_loss(y_test, p)
    print(f"{name:22}{auc:>8.3f} ± {error:.3f}{balanced:>15.3f}", end="")
    print(f"{brier:>8.3f}{p.mean():>8.2f}")
print(f"{'share of bad risks':61}{y_test.mean():>8.2f}")

# %%
# Class weights hardly change the ranking, and so the ROC curve. They move the
# probabilities, to those of a world in which both classes are equally frequent: more of
# the rare class is found at the usual threshold, and the curve of predicted against
# observed frequency leaves the diagonal. Weight the classes for decisions; leave them
# unweighted, or recalibrate, where the probability itself is used.

looks = {
    "RegMLP, balanced": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "RegMLP, unweighted": {"color": "#56B4E9", "linestyle": "--", "marker": "s"},
    "HistGradientBoosting": {"color": "#D55E00", "linestyle": "-.", "marker": "^"},
    "MLPClassifier": {"color": "#000000", "linestyle": ":", "marker": "D"},
}
_, (left, right) = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
for name, p in probability.items():
    fpr, tpr, _ = roc_curve(y_test, p)
    look = looks[name]
    left.plot(fpr, tpr, **{**look, "marker": None}, label=name)
    CalibrationDisplay.from_predictions(
        y_test, p, n_bins=6, strategy="quantile", name=name, ax=right, **look
    )
left.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
left.set(
    title="ROC curves",
    xlabel="share of good risks taken for bad",
    ylabel="share of bad risks found",
    aspect="equal",
)
left.legend(loc="lower right")
right.set(
    title="Calibration",
    xlabel="predicted probability, mean in bin",
    ylabel="observed share of bad risks",
    aspect="equal",
)
right.legend(loc="upper left")

sklearn.set_config(enable_metadata_routing=False)
plt.show()
