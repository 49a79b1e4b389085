"""What is refused: one clear error, and the estimator is as it was before."""

import copy
import re
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import SHORT_FITS, network
from sklearn.exceptions import NotFittedError
from sklearn.metrics import make_scorer, max_error
from sklearn.model_selection import GroupKFold
from sklearn.utils._param_validation import StrOptions

from skreg import RegMLPClassifier, RegMLPClassifierCV
from skreg._engine.activations import ACTIVATIONS

N = 40
X = np.random.default_rng(0).normal(size=(N, 3))
y = np.arange(N) % 2
Y = np.column_stack([y, 1 - y, X[:, 0] > 0]).astype(int)
ONES = np.ones(N)
HIDDEN_X = np.ma.masked_greater(X, 1)
HIDDEN_Y = np.ma.masked_array(y, mask=np.arange(N) < 3)
HIDDEN_WEIGHTS = np.ma.masked_array(ONES, mask=np.arange(N) < 3)
HIDDEN_CLASSES = np.ma.masked_array([0, 1, 2], mask=[False, False, True])
HUGE = np.full((N, 3), 10**400, object)
NO_DATES = np.where(y, np.datetime64("NaT", "D"), np.datetime64("2020-01-01"))
DATES = {
    "dates": np.full(X.shape, np.datetime64("2020-01-01")),
    "durations": np.full(X.shape, np.timedelta64(3, "h"), ">m8[h]"),
    "dates as objects": np.array([[np.datetime64("NaT", "D")] * 3] * N, object),
    "lists of dates": [[np.datetime64("2020-01-01"), 1.0, 2.0]] * N,
}
SPARSE_Y = sp.coo_array(y)
OPPOSITE = np.where(X > 0, np.inf, -np.inf)

pytestmark = SHORT_FITS


class Lazy:
    """A frame that is not computed yet, such as that of polars."""

    def collect(self):
        return X


def replaced(array, value):
    """Return a copy with one entry replaced."""
    array = np.array(array, dtype=np.asarray(value).dtype if array.ndim == 1 else None)
    array.flat[5] = value
    return array


def fit(*args, **kwargs):
    return lambda model: model.fit(*args, **kwargs)


def partial_fit(*args, **kwargs):
    return lambda model: model.partial_fit(*args, **kwargs)


PARAMETERS = {
    "hidden_layer_sizes": [
        0,
        10**20,
        -1,
        2.5,
        "ab",
        None,
        (0,),
        (3, -1),
        (2.5,),
        ((2,),),
        [""],
        np.array(2),
    ],
    "activation": ["sigmoid", None, np.tanh],
    "solver": ["rmsprop", None],
    "alpha": [
        -1e-9,
        np.nan,
        np.inf,
        "1",
        None,
        [],
        [0.1],
        [0.1, 0.1, 0.1],
        [0.1, -1e-9],
        [np.nan, 0.1],
        [0.1, np.inf],
        ["1", "1"],
        [None, 0.1],
        [[0.1], [0.1]],
        [0.1, 1j],
        {"first": 0.1, "second": 0.1},
        np.array(0.1),
        np.array([[0.1, 0.1]]),
    ],
    "keep_prob": [
        0,
        1.1,
        -0.5,
        np.nan,
        "a",
        None,
        [0.0],
        [1.1],
        [np.nan],
        [[0.5]],
        np.array(0.5),
    ],
    "feature_scales": ["on", 2, None, [True]],
    "input_keep_prob": [0, 1.1, np.nan, [0.5], None],
    "dropout_mask": ["row", None],
    "batch_size": [0, -1, 2.5, "all", None],
    "learning_rate_init": [0, -1, np.nan, np.inf, "constant", None],
    "learning_rate": ["exponential", 0.1, None],
    "power_t": [-0.1, np.nan],
    "learning_rate_decay": [1, -0.1, np.nan],
    "momentum": [1, -0.1, np.nan, None],
    "nesterovs_momentum": ["yes", None],
    "beta_2": [1, -0.1, np.nan],
    "epsilon": [0, -1, np.nan],
    "max_iter": [0, 1.5, np.inf, "all", None],
    "max_fun": [0, 1.5],
    "tol": [-1e-9, np.nan],
    "n_iter_no_change": [0, 1.5, np.nan],
    "early_stopping": ["yes", None],
    "validation_fraction": [0, 1, -0.1, np.nan],
    "scoring": ["nope", None, 3],
    "dtype": ["float16", "single", None, np.float32, np.dtype("float64")],
    "engine": ["cython", None],
    "shuffle": ["yes", None],
    "warm_start": ["yes", None],
    "random_state": ["a", 1.5],
    "verbose": [-1, "yes"],
}

OWN_PARAMETERS = {
    "binary": {"class_weight": ["auto", 3]},
    "number": {
        "loss": ["mse", None],
        "quantile": [0, 1, -0.1, np.nan, "a", None],
    },
}

BAD_WEIGHTS = {
    "negative": replaced(ONES, -1.0),
    "NaN": replaced(ONES, np.nan),
    "zero": 0 * ONES,
    "too short": ONES[:-1],
    "text": ["a"] * N,
    "one NaN for all": np.nan,
    "one infinity for all": np.inf,
}
# (what is wrong, part of the message, call, parameters)
CASES = [
    # Parameters that do not go with the data or with each other.
    *(
        (f"{name} huge", f"{name}: int too large", fit(X, y), {name: 10**400})
        for name in ["alpha", "epsilon", "learning_rate_init", "power_t", "tol"]
    ),
    *(
        (f"{name} huge in a layer", f"{name}: int too large", fit(X, y), {name: value})
        for name, value in {"alpha": [0, 10**400]}.items()
    ),
    ("alpha too short", "1 entries.* 2 layers", fit(X, y), {"alpha": [0.5]}),
    ("keep_prob too long", "1 hidden layer", fit(X, y), {"keep_prob": [0.5, 0.5]}),
    ("keep_prob empty", "1 hidden layer", fit(X, y), {"keep_prob": []}),
    *(
        (f"lbfgs with {name}", f"{name}=", fit(X, y), {"solver": "lbfgs", name: value})
        for name, value in [
            ("keep_prob", 0.5),
            ("input_keep_prob", 0.5),
            ("batch_size", 10),
        ]
    ),
    # X
    ("NaN", "X contains NaN.*TabularEncoder", fit(replaced(X, np.nan), y), {}),
    ("inf", "Input X contains infinity", fit(replaced(X, np.inf), y), {}),
    ("inf and -inf", "Input X contains infinity", fit(OPPOSITE, y), {}),
    ("sparse NaN", "contains NaN", fit(sp.csr_matrix(replaced(X, np.nan)), y), {}),
    ("text", "^X: could not convert string", fit(np.full(X.shape, "a"), y), {}),
    ("complex X", "^X: Complex data", fit(X * 1j, y), {}),
    ("X of one dimension", "^X: Expected 2D array", fit(X[:, 0], y), {}),
    ("X of three dimensions", "^X: .*dim 3", fit(X[None], y), {}),
    ("no rows", "^X: .*0 sample", fit(X[:0], y[:0]), {}),
    ("no features", "^X: .*0 feature", fit(X[:, :0], y), {}),
    ("X is None", "^X: .*2D array", fit(None, y), {}),
    # y
    ("y is None", "y cannot be None|requires y", fit(X, None), {}),
    ("y of another length", "^y: .*inconsistent", fit(X, y[:-1]), {}),
    ("y with NaN", "y contains NaN", fit(X, replaced(y, np.nan)), {}),
    ("y of three dimensions", "^y: .*dim", fit(X, np.ones((N, 2, 2))), {}),
    # sample_weight
    *(
        (f"sample_weight {kind}", "sample_weight", fit(X, y, weights), {})
        for kind, weights in {
            **BAD_WEIGHTS,
            "infinite": replaced(ONES, np.inf),
            "inf and -inf": np.where(y, np.inf, -np.inf),
            "negative for all": -1,
            "zero for all": 0,
            "empty": [],
            "a column": ONES[:, None],
            "a row": ONES[None],
            "sparse": sp.csr_array(ONES[:, None]),
            "of None": [None] * N,
            "huge": [10**400] * N,
            "a dict": {0: 1, 1: 2},
            "the name of a class weight": "balanced",
        }.items()
    ),
    ("sample_weight a matrix", "1D array", fit(X, y, np.ones((N, 2))), {}),
    (
        "sample_weight of both signs",
        "sample_weight .*non-negative.* from -2.0 to 1.0",
        fit(X, y, replaced(ONES, -2)),
        {},
    ),
    # The rows held out
    (
        "too few rows to hold out",
        "validation_fraction",
        fit(X[:4], y[:4]),
        {"early_stopping": True},
    ),
    (
        "too few rows of columns to hold out",
        "would have 1 rows, of n_samples",
        fit(X, Y),
        {"early_stopping": True, "validation_fraction": 0.01},
    ),
    (
        "no rows left to train on",
        "validation_fraction",
        fit(X, Y),
        {"early_stopping": True, "validation_fraction": 0.99},
    ),
    (
        "held-out rows without weight",
        "sample_weight",
        fit(X, Y, replaced(0 * ONES, 1.0)),
        {"early_stopping": True},
    ),
    (
        "held-out rows whose weight float32 rounds to zero",
        "sample_weight.*(validation|training) rows",
        fit(X, y, replaced(1e-50 * ONES, 1.0)),
        {"early_stopping": True, "dtype": "float32"},
    ),
    (
        "weights of too different sizes",
        "sample_weight.*(validation|training) rows",
        fit(X, y, replaced(1e-200 * ONES, 1e200)),
        {"early_stopping": True},
    ),
    ("scoring unknown", "scoring", fit(X, y, X_val=X, y_val=y), {"scoring": "nope"}),
    *(
        (
            f"scoring returns {score!r}",
            "scoring",
            fit(X, y),
            {"early_stopping": True, "scoring": lambda model, X, y, score=score: score},
        )
        for score in [None, "high", {"accuracy": 1.0}, np.ones(2)]
    ),
    (
        "scoring returns what no float holds",
        "^scoring: ",
        fit(X, y),
        {"early_stopping": True, "scoring": lambda model, X, y: 10**400},
    ),
    *(
        (
            f"scoring without weights, {scoring!r:.12}",
            f"scoring=.* takes no sample_weight.*{instead}.* leave the weights out",
            fit(X, y, ONES),
            {"early_stopping": True, "scoring": scoring},
        )
        for scoring, instead in {
            "neg_max_error": "Choose a metric",
            make_scorer(max_error): "Choose a metric",
            (lambda model, X, y: 0.0): "Write scorer.*sample_weight=None",
        }.items()
    ),
    # The validation set
    *(
        (
            f"{name} too large for float32",
            rf"^{name} has values up to .*e\+200 .*StandardScaler.*dtype='float64'",
            call,
            {"dtype": "float32"},
        )
        for name, call in [
            ("X", fit(replaced(X, -1e200), y)),
            ("X", fit(sp.csr_array(replaced(X, 1e200)), y)),
            ("X_val", fit(X, y, X_val=replaced(X, 1e200), y_val=y)),
            ("X_val", fit(X, y, X_val=sp.csr_array(replaced(X, -1e200)), y_val=y)),
        ]
    ),
    ("X_val alone", "y_val", fit(X, y, X_val=X), {}),
    ("y_val alone", "X_val", fit(X, y, y_val=y), {}),
    ("X_val shorter", "[Xy]_val", fit(X, y, X_val=X[:-1], y_val=y), {}),
    (
        "sample_weight_val alone",
        "sample_weight_val",
        fit(X, y, sample_weight_val=y),
        {},
    ),
    *(
        (f"X_val {kind}", "X_val", fit(X, y, X_val=X_val, y_val=y), {})
        for kind, X_val in {
            "NaN": replaced(X, np.nan),
            "inf": replaced(X, np.inf),
            "inf and -inf": OPPOSITE,
            "of fewer features": X[:, :2],
            "of one dimension": X[:, 0],
            "without rows": X[:0],
            "complex": X * 1j,
            "text": "abc",
            "sparse and NaN": sp.csr_array(replaced(X, np.nan)),
            "of objects": np.full(X.shape, {}, object),
            "a column": X[:, :1].tolist(),
        }.items()
    ),
    *(
        (f"y_val {kind}", "y_val", fit(X, y, X_val=X, y_val=y_val), {})
        for kind, y_val in {
            "NaN": replaced(y, np.nan),
            "text": np.array(["a", "b"])[y],
            "a matrix": Y,
            "too short": y[:-1],
        }.items()
    ),
    ("y_val a column for columns", "y_val", fit(X, Y, X_val=X, y_val=y), {}),
    ("y_val fewer columns", "y_val", fit(X, Y, X_val=X, y_val=Y[:, :2]), {}),
    *(
        (
            f"sample_weight_val {kind}",
            "sample_weight_val",
            fit(X, y, X_val=X, y_val=y, sample_weight_val=weights),
            {},
        )
        for kind, weights in BAD_WEIGHTS.items()
    ),
    # Masks that hide something, numbers that no float holds, and stranger things.
    *(
        (f"{name} masked", f"{name} has masked entries", fit(**arguments), {})
        for name, arguments in {
            "X": {"X": HIDDEN_X, "y": y},
            "y": {"X": X, "y": HIDDEN_Y},
            "sample_weight": {"X": X, "y": y, "sample_weight": HIDDEN_WEIGHTS},
            "X_val": {"X": X, "y": y, "X_val": HIDDEN_X, "y_val": y},
            "y_val": {"X": X, "y": y, "X_val": X, "y_val": HIDDEN_Y},
            "sample_weight_val": {
                "X": X,
                "y": y,
                "X_val": X,
                "y_val": y,
                "sample_weight_val": HIDDEN_WEIGHTS,
            },
        }.items()
    ),
    ("X of masked rows", "X has masked entries", fit(list(HIDDEN_X), y), {}),
    ("y of masked labels", "y has masked entries", fit(X, list(HIDDEN_Y)), {}),
    ("X huge", "^X: ", fit(HUGE, y), {}),
    ("X_val huge", "X_val", fit(X, y, X_val=HUGE, y_val=y), {}),
    (
        "y of objects and NaN",
        "^y has missing labels, 20 of 40|^y contains NaN",
        fit(X, np.array([np.nan, "b"] * 20, object)),
        {},
    ),
    ("y inf and -inf", "infinity", fit(X, np.where(y, np.inf, -np.inf)), {}),
    ("y infinite", "infinity", fit(X, np.where(y, np.inf, 1.0)), {}),
    ("y a matrix of NumPy", "^y: np.matrix", fit(X, y.view(np.matrix)), {}),
    ("y a dict", "^y: ", fit(X, {"a": 1}), {}),
    ("y None", "y", fit(X, None), {}),
    ("X complex", "Complex", fit(X + 1j, y), {}),
    ("X sparse and complex", "^X: Complex", fit(sp.csr_array(X + 1j), y), {}),
    ("X ragged", "^X: .*inhomogeneous", fit([[1, 2], [3]] * 20, y), {}),
    ("X of dates", "^X has", fit(np.full(X.shape, date(2020, 1, 1), object), y), {}),
    (
        "X of objects",
        "^X: .*Encode text and other",
        fit(np.full_like(X, {}, object), y),
        {},
    ),
    *(
        (f"X of {kind}", "^X has dates or durations", fit(dates, y), {})
        for kind, dates in DATES.items()
    ),
    *(
        (f"X_val of {kind}", "^X_val has dates", fit(X, y, X_val=dates, y_val=y), {})
        for kind, dates in DATES.items()
    ),
    ("X a structured array", "^X: ", fit(np.zeros((N, 2), "f8,f8"), y), {}),
    ("y complex", "^y: Complex", fit(X, 1j * y), {}),
    ("y a number", "^y: ", fit(X, 1), {}),
    ("y empty", "^y: ", fit(X, []), {}),
    ("y a row", "^y: .*inconsistent", fit(X, y[None]), {}),
    ("y of sequences", "^y has .*MultiLabelBinarizer", fit(X, [[0], [1, 2]] * 20), {}),
    ("y without columns", "^y: .*0 feature", fit(X, Y[:, :0]), {}),
    ("y of NaN columns", "y contains NaN", fit(X, np.where(Y, np.nan, 0)), {}),
    ("y sparse and NaN", "y contains NaN", fit(X, sp.csr_array(Y * np.nan)), {}),
    ("y sparse and complex", "^y: Complex", fit(X, sp.csr_array(Y * 1j)), {}),
    *(
        (
            f"{name} sparse of one dimension",
            # Before SciPy 1.13 it has two, and one row.
            rf"^{name} is sparse, of one dimension|^{name}: .*samples: \[40, 1\]",
            call,
            {},
        )
        for name, call in {
            "y": fit(X, SPARSE_Y),
            "y_val": fit(X, y, X_val=X, y_val=SPARSE_Y),
        }.items()
    ),
    ("y sparse of one column", "for y", fit(X, sp.csr_array(y[:, None])), {}),
    ("X a matrix of NumPy", "^X: np.matrix", fit(X.view(np.matrix), y), {}),
    ("weights complex", "sample_weight", fit(X, y, 1j * ONES), {}),
    (
        "early stopping on two rows",
        "validation",
        fit(X[:2], y[:2]),
        {"early_stopping": True},
    ),
]

LABELS = [
    *(
        (f"{name} lazy", rf"{name} is lazy\. .*collect\(\)", fit(**arguments), {})
        for name, arguments in {
            "X": {"X": Lazy(), "y": y},
            "y": {"X": X, "y": Lazy()},
            "X_val": {"X": X, "y": y, "X_val": Lazy(), "y_val": y},
        }.items()
    ),
    ("y of bytes", "bytes", fit(X, np.array([b"a", b"b"])[y]), {}),
    *(
        (
            f"class_weight {weights}",
            r"class_weight has to have finite, non-negative weights, got \{0",
            fit(X, y),
            {"class_weight": weights},
        )
        for weights in [{0: -1}, {0: np.nan}, {0: np.inf}]
    ),
    *(
        (
            f"class_weight {weights}",
            "class_weight",
            fit(X, y),
            {"class_weight": weights},
        )
        for weights in [
            {0: "a"},
            {0: None},
            {0: 0, 1: 0},
            {0: 1, "other": 2},
            {"0": 1, "1": 2},
            {np.nan: 1},
            {0: [1]},
            {0: 1j},
        ]
    ),
    *(
        (
            f"class_weight {weights}",
            "class_weight is a list, which is for multilabel targets",
            fit(X, y),
            {"class_weight": weights},
        )
        for weights in [[{0: 1}], []]
    ),
    *(
        (
            f"class_weight {weights} for columns",
            "class_weight",
            fit(X, Y),
            {"class_weight": weights},
        )
        for weights in [[{2: 1}] * 3, [{0: -1}] * 3]
    ),
    *(
        (
            f"class_weight {weights} for columns",
            "class_weight for multilabel .* a list of 3 dicts, one per column; got",
            fit(X, Y),
            {"class_weight": weights},
        )
        for weights in [
            {0: 1},
            {0: 1, 1: 1, 2: 1},
            [{0: 1}],
            [1, 2, 3],
            ["balanced"] * 3,
            [None] * 3,
            [{0: 1}, None, {0: 1}],
            [[1, 2]] * 3,
        ]
    ),
    ("y continuous", "Unknown label type: continuous", fit(X, X[:, 0]), {}),
    ("y continuous columns", "Unknown label type: continuous", fit(X, X), {}),
    ("y of mixed types", "label type", fit(X, np.array([1, "a"] * 20, object)), {}),
    ("y of several columns", "several columns", fit(X, np.c_[y, 2 * y]), {}),
    ("one class", "greater than one.* 1 class", fit(X, ONES), {}),
    ("one text class", "greater than one.*'a'", fit(X, ["a"] * N), {}),
    (
        "sample_weight × class_weight zero",
        "class_weight",
        fit(X, y, 1.0 - y),
        {"class_weight": {0: 0, 1: 1}},
    ),
    (
        "sample_weight × class_weight too large",
        "class_weight",
        fit(X, y, 1e200 * ONES),
        {"class_weight": {0: 1e200, 1: 1}},
    ),
    (
        "class_weight too large over the columns",
        "class_weight",
        fit(X, Y),
        {"class_weight": [{0: 1e200, 1: 1e200}] * 3},
    ),
    (
        "class_weight too large over the columns, but for zeros",
        "class_weight is too large for some row",
        fit(X, Y),
        {"class_weight": [{0: 1e200, 1: 1e200}] * 2 + [{0: 0, 1: 1}]},
    ),
    *(
        (f"y_val {kind}", "y_val", fit(X, y, X_val=X, y_val=y_val), {})
        for kind, y_val in {
            "with unseen classes": y + 1,
            "continuous": X[:, 0],
        }.items()
    ),
    ("y huge", "y", fit(X, np.array([10**30, 3] * 20, object)), {}),
    ("y of NaT", "y contains NaT", fit(X, NO_DATES), {}),
    ("y_val of NaT", "y_val contains", fit(X, y, X_val=X, y_val=NO_DATES), {}),
    ("y of integer objects", r"\by\b.*astype", fit(X, y.astype(object)), {}),
    (
        "y of None",
        "^y has missing labels, 20 of 40",
        fit(X, np.where(y, None, "a")),
        {},
    ),
    ("y of other columns", "y may contain only zeros and", fit(X, 2 * Y - 1), {}),
    ("y sparse, of twos", "y may contain only zeros", fit(X, sp.csr_array(2 * Y)), {}),
    ("one row", "1 class", fit(X[:1], y[:1]), {}),
    (
        "classes masked",
        "classes has masked entries",
        partial_fit(X, y, HIDDEN_CLASSES),
        {},
    ),
    ("classes with None", "^classes: ", partial_fit(X, y, [0, 1, None]), {}),
    ("classes of one row", "^classes: ", partial_fit(X, y, [[0, 1]]), {}),
    *(
        (f"classes {kind}", "^classes: ", partial_fit(X, y, classes), {})
        for kind, classes in {
            "infinite": [0, 1, np.inf],
            "complex": [0, 1j],
            "sparse": sp.csr_array([[0, 1]]),
            "a number": 2,
            "text": "01",
            "ragged": [[0], [1, 2]],
            "of three dimensions": np.zeros((2, 1, 1)),
        }.items()
    ),
    ("classes empty", "classes", partial_fit(X, y, []), {}),
    ("classes a set", "classes", partial_fit(X, y, {0, 1}), {}),
    ("classes of text for numbers", "classes", partial_fit(X, y, ["0", "1"]), {}),
    # partial_fit
    ("classes of one", r"classes(=\[1\]| has only 1)", partial_fit(X, ONES, [1]), {}),
    ("classes without those of y", "classes", partial_fit(X, y, [1, 2]), {}),
    ("classes of mixed types", "classes", partial_fit(X, y, [0, "a"]), {}),
    ("classes with NaN", "classes", partial_fit(X, y, [0, 1, np.nan]), {}),
    ("classes a matrix", "classes", partial_fit(X, y, [[0, 1], [2, 3]]), {}),
    ("classes names of columns", "indices", partial_fit(X, Y, ["c", "a", "b"]), {}),
    ("classes from one", "the column indices", partial_fit(X, Y, [1, 2, 3]), {}),
    ("classes too few columns", "classes", partial_fit(X, Y, [0, 1]), {}),
    (
        "partial_fit balances",
        "class_weight='balanced'",
        partial_fit(X, y, [0, 1]),
        {"class_weight": "balanced"},
    ),
    (
        "partial_fit on rows without weight",
        "class_weight",
        partial_fit(X[::2], y[::2], [0, 1]),
        {"class_weight": {0: 0, 1: 1}},
    ),
    ("partial_fit weights", "sample_weight", partial_fit(X, y, [0, 1], -ONES), {}),
    (
        "partial_fit NaN",
        "X contains NaN",
        partial_fit(replaced(X, np.nan), y, [0, 1]),
        {},
    ),
    (
        "partial_fit stops early",
        "early_stopping",
        partial_fit(X, y, [0, 1]),
        {"early_stopping": True},
    ),
]

WRONG_ROWS = {
    "complex": X * 1j,
    "text": np.full(X.shape, "a"),
    "objects": np.full(X.shape, {}, object),
    "None": None,
    "sparse and NaN": sp.csr_array(replaced(X, np.nan)),
    "sparse of other features": sp.csr_array(X[:, :2]),
    "of three dimensions": X[None],
    "without features": X[:, :0],
    "without rows": X[:0],
    "of one row": X[0],
    "too large": 1e308 * np.sign(X),
    "sparse and too large": sp.csr_array(1e308 * np.sign(X)),
} | DATES


def predictions_of(method):
    """Return the cases of rows that a method refuses."""
    return [
        (f"{method} {kind}", r"\bX\b|2D array|0 sample", calling(method, rows), {})
        for kind, rows in WRONG_ROWS.items()
    ]


def calling(method, rows):
    return lambda model: getattr(model, method)(rows)


# The same, for what is refused only after a fit on X, y.
AFTER_FIT = [
    ("partial_fit other features", "2 features", partial_fit(X[:, :2], y), {}),
    (
        "partial_fit other network",
        "hidden_layer_sizes",
        partial_fit(X, y),
        {"hidden_layer_sizes": (5,)},
    ),
    (
        "partial_fit other activation",
        "activation='tanh' does not match",
        partial_fit(X, y),
        {"activation": "tanh"},
    ),
    ("warm_start columns", "warm_start", fit(X, Y[:, :2]), {"warm_start": True}),
    ("warm_start other features", "2 features", fit(X[:, :2], y), {"warm_start": True}),
    (
        "warm_start other network",
        "hidden_layer_sizes",
        fit(X, y),
        {"warm_start": True, "hidden_layer_sizes": (4, 4)},
    ),
    ("predict lazy", r"X is lazy. .*collect\(\)", lambda m: m.predict(Lazy()), {}),
    ("predict masked", "X has masked entries", lambda m: m.predict(HIDDEN_X), {}),
    ("predict huge", "X", lambda m: m.predict(HUGE), {}),
    ("predict NaN", "X contains NaN", lambda m: m.predict(replaced(X, np.nan)), {}),
    ("predict inf and -inf", "X contains infinity", lambda m: m.predict(OPPOSITE), {}),
    *predictions_of("predict"),
    ("predict other features", "2 features", lambda m: m.predict(X[:, :2]), {}),
]

LABELS_AFTER_FIT = [
    ("partial_fit unseen class", r"\[2\]", partial_fit(X, 2 * y), {}),
    ("partial_fit other classes", "classes", partial_fit(X, y, [0, 1, 2]), {}),
    ("partial_fit columns", "column of labels", partial_fit(X, Y), {}),
    ("warm_start other classes", "same classes", fit(X, 2 * y), {"warm_start": True}),
    *predictions_of("predict_proba"),
    *predictions_of("predict_log_proba"),
]

# What is wrong for a regressor alone.
NUMBERS = [
    ("y of bytes", "^y: .*RegMLPClassifier", fit(X, np.array([b"a", b"b"])[y]), {}),
    ("y of text", "^y: .*'a'.*RegMLPClassifier", fit(X, np.array(["a", "b"])[y]), {}),
    ("y of mixed types", "^y: .*'a'", fit(X, np.array([1, "a"] * 20, object)), {}),
    ("y of None", r"\by contains NaN", fit(X, np.array([None, 1.0] * 20, object)), {}),
    ("y of dates", "^y has dates", fit(X, y.astype("datetime64[D]")), {}),
    ("y of NaT", "^y has dates", fit(X, NO_DATES), {}),
    ("y_val of dates", "^y_val has dates", fit(X, y, X_val=X, y_val=NO_DATES), {}),
    ("y of durations", "^y has dates", fit(X, [timedelta(days=1)] * N), {}),
    ("y of huge integers", "^y: ", fit(X, np.array([10**400, 3] * 20, object)), {}),
    ("y sparse", "dense data is required", fit(X, sp.csr_array(Y)), {}),
    ("y too large to square", "Change y's unit", fit(X, 1e200 * X[:, 0]), {}),
    ("y too small to square", "Change y's unit", fit(X, 1e-200 * X[:, 0]), {}),
    ("y too large to add", "Change y's unit", fit(X, np.where(y, -1.7e308, 1e308)), {}),
    (
        "y_val far away",
        "^y_val has values too large",
        fit(X, y, X_val=X, y_val=1e50 * y),
        {"dtype": "float32"},
    ),
    ("y_val of columns", "^y_val has 3 targets", fit(X, y, X_val=X, y_val=Y), {}),
    ("y of NaN in a column", "y contains NaN", fit(X, replaced(X, np.nan)), {}),
    ("y of inf in a column", "y contains infinity", fit(X, replaced(X, np.inf)), {}),
    (
        "negative counts",
        "^y has negative values, down to -",
        fit(X, X[:, 0]),
        {"loss": "poisson"},
    ),
    (
        "negative counts in y_val",
        "^y_val has negative values, down to -1",
        fit(X, y, X_val=X, y_val=-y),
        {"loss": "poisson"},
    ),
    ("no counts", "positive sum", fit(X, 0 * y), {"loss": "poisson"}),
    (
        "no counts in a column",
        "positive sum",
        fit(X, np.c_[y, 0 * y]),
        {"loss": "poisson"},
    ),
    (
        "no counts in rows with a weight",
        "positive sum",
        fit(X, y, 1 - y),
        {"loss": "poisson"},
    ),
    ("partial_fit NaN", "X contains NaN", partial_fit(replaced(X, np.nan), y), {}),
    ("partial_fit NaN in y", "y contains NaN", partial_fit(X, replaced(y, np.nan)), {}),
    ("partial_fit weights", "sample_weight", partial_fit(X, y, -ONES), {}),
    (
        "partial_fit stops early",
        "early_stopping",
        partial_fit(X, y),
        {"early_stopping": True},
    ),
]

FIRST_CALLS = [
    ("partial_fit of one row", "constant in its 1 row", partial_fit(X[:1], y[:1]), {}),
    ("partial_fit of a constant", "y is constant", partial_fit(X, ONES), {}),
    (
        "partial_fit of constants",
        r"y is constant in its 40 row\(s\), in the columns \[0, 2\]\.",
        partial_fit(X, np.c_[ONES, y, ONES]),
        {},
    ),
]

NUMBERS_AFTER_FIT = [
    ("partial_fit columns", "y has 3 targets", partial_fit(X, Y), {}),
    (
        "partial_fit far away",
        "y has values too large",
        partial_fit(X, np.full(N, 1e308) * (1 - 2 * y)),
        {},
    ),
    ("warm_start columns", "y has 3 targets", fit(X, Y), {"warm_start": True}),
    (
        "another link",
        "loss needs out_activation_='exp'",
        partial_fit(X, y),
        {"loss": "poisson"},
    ),
]


def bad_parameters(parameters, n_values=None):
    """Return cases for the first values of each parameter, or for all."""
    return [
        (f"{name}={value!r}", re.escape(name), fit(X, y), {name: value})
        for name, values in parameters.items()
        for value in values[:n_values]
    ]


ONE_VALUE_EACH = bad_parameters(PARAMETERS, 1)
"""Where the check of the others would be the same code once more."""


def rows(labels, numbers):
    """Run through the cases of a classifier and of a regressor."""
    cases = [
        pytest.param(kind, *case, id=f"{kind}-{name}")
        for kind, own in {"binary": labels, "number": numbers}.items()
        for name, *case in bad_parameters(OWN_PARAMETERS[kind]) + CASES + own
    ]
    return pytest.mark.parametrize(("kind", "match", "call", "params"), cases)


@pytest.mark.parametrize("kind", OWN_PARAMETERS)
def test_every_parameter_has_a_row(kind):
    names = PARAMETERS.keys() | OWN_PARAMETERS[kind].keys()
    assert names == network(kind=kind).get_params().keys()


@rows(
    bad_parameters(PARAMETERS) + LABELS,
    ONE_VALUE_EACH + NUMBERS + FIRST_CALLS,
)
def test_a_new_estimator_stays_unfitted(kind, match, call, params):
    model = network(kind=kind, **params)
    with pytest.raises((ValueError, TypeError), match=match):
        call(model)
    assert vars(model).keys() == model.get_params().keys()


@cache
def fitted_once(kind):
    return network(kind=kind).fit(X, y)


@rows(
    ONE_VALUE_EACH + LABELS + AFTER_FIT + LABELS_AFTER_FIT,
    ONE_VALUE_EACH
    + [case for case in NUMBERS if case[-1].get("loss") != "poisson"]
    + AFTER_FIT
    + NUMBERS_AFTER_FIT,
)
def test_a_fitted_estimator_stays_as_it_was(kind, match, call, params):
    model = copy.deepcopy(fitted_once(kind))
    good_params = model.get_params()
    before = vars(model).copy()
    predicted, losses = model.predict(X), list(model.loss_curve_)
    model.set_params(**params)
    with pytest.raises((ValueError, TypeError), match=match):
        call(model)
    model.set_params(**good_params)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(model.predict(X), predicted)
    assert model.loss_curve_ == losses


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("dtype", ["datetime64[us]", "timedelta64[us]"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_column_of_dates_in_a_frame(library, dtype, alone):
    frames = pytest.importorskip(library)
    columns = {} if alone else {"length": X[:, 0]}
    frame = frames.DataFrame(columns | {"when": np.arange(N).astype(dtype)})
    match = "^X has dates or durations in column 'when'"
    with pytest.raises(ValueError, match=match):
        network().fit(frame, y)
    with pytest.raises(ValueError, match=match.replace("X", "X_val")):
        network().fit(X[:, : frame.shape[1]], y, X_val=frame, y_val=y)


@pytest.mark.parametrize(
    "moment", ["date", "timedelta", "Timestamp", "Timedelta", "Period", "timedelta64"]
)
def test_a_column_of_objects_that_are_dates(moment):
    pd = pytest.importorskip("pandas")
    value = {
        "date": date(2020, 1, 1),
        "timedelta": timedelta(days=1),
        "Timestamp": pd.Timestamp("2020"),
        "Timedelta": pd.Timedelta("1D"),
        "Period": pd.Period("2020"),
        "timedelta64": np.timedelta64(1, "D"),
    }[moment]
    when = pd.Series(np.full(N, value, object), dtype=object)
    frame = pd.DataFrame({"length": X[:, 0], "when": when})
    with pytest.raises(ValueError, match="X has dates or durations in column 'when'"):
        network().fit(frame, y)
    periods = frame.assign(when=pd.period_range("2020", periods=N, freq="D"))
    with pytest.raises(ValueError, match="in column 'when'"):
        network().fit(periods, y)


def test_a_missing_value_of_pandas_among_objects():
    pd = pytest.importorskip("pandas")
    labels = pd.Series(np.array(["a", "b"])[y], dtype=object)
    labels[3] = pd.NA
    with pytest.raises((TypeError, ValueError), match="y contains NaN"):
        network().fit(X, labels)
    frame = pd.DataFrame({"a": X[:, 0], "b": labels.replace({"a": 1, "b": 2})})
    with pytest.raises((TypeError, ValueError), match=r"X contains NaN\. Fill in"):
        network().fit(frame, y)
    groups = pd.Series(["a", pd.NA] * (N // 2), dtype="string")
    committee = RegMLPClassifierCV(network(), cv=GroupKFold(2))
    with pytest.raises((TypeError, ValueError), match=r"^groups.*Give every row"):
        committee.fit(X, y, groups=groups)


@pytest.mark.parametrize("weight", [1e-50, 1e39])
def test_weights_of_a_part_that_float32_does_not_hold(weight):
    model = network(dtype="float32")
    with pytest.raises(ValueError, match=r"sample_weight.* sums to (0\.0|inf)"):
        model.partial_fit(X, y, [0, 1], weight * ONES)
    assert not hasattr(model, "coefs_")
    model.set_params(dtype="float64").partial_fit(X, y, [0, 1], weight * ONES)


def test_rows_of_a_part_that_float32_does_not_hold():
    model = network(dtype="float32").partial_fit(X, y, [0, 1])
    before = model.coefs_[0].copy()
    with pytest.raises(ValueError, match=r"^X has values up to 1e\+200 in size"):
        model.partial_fit(replaced(X, 1e200), y)
    np.testing.assert_array_equal(model.coefs_[0], before)


def test_a_network_that_no_memory_holds():
    with pytest.raises(MemoryError, match=r"^hidden_layer_sizes: "):
        network(hidden_layer_sizes=10**14).fit(X, y)


def test_an_error_names_some_of_many_labels():
    names = np.array([f"a label with a long name that ends in {k}" for k in range(60)])
    model = network().fit(np.zeros((120, 1)), np.tile(names, 2))
    with pytest.raises(ValueError, match=r"classes \['new'\], .* in 26', \.\.\.\]\. "):
        model.partial_fit([[0.0]], ["new"])


def test_an_activation_that_this_process_lacks(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "other", ACTIVATIONS["tanh"])
    monkeypatch.setitem(
        RegMLPClassifier._parameter_constraints, "activation", [StrOptions({"other"})]
    )
    model = network(activation="other").fit(X, y)
    monkeypatch.delitem(ACTIVATIONS, "other")
    message = "activation='other' is not known in this process"
    with pytest.raises(ValueError, match=message):
        model.predict(X)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_training_goes_on_after_a_refused_call():
    """To the bit: not even the generator has moved."""
    refused, other = network().fit(X, y), network().fit(X, y)
    with pytest.raises(ValueError, match="not among the known"):
        refused.partial_fit(X, 2 * y)
    refused.partial_fit(X, y)
    other.partial_fit(X, y)
    np.testing.assert_array_equal(refused.coefs_[0], other.coefs_[0])


def test_warm_start_refuses_classes_with_the_numbers_of_columns():
    model = network(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="same classes"):
        model.fit(X, np.arange(N) % 3)
    assert model.out_activation_ == "logistic"
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predicting_before_fit(method):
    with pytest.raises(NotFittedError):
        getattr(network(), method)(X)


def test_lbfgs_has_no_partial_fit():
    model = network(solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as refused:
        model.partial_fit(X, y, [0, 1])
    assert "solver='lbfgs'" in str(refused.value.__cause__)


def test_first_partial_fit_needs_classes():
    with pytest.raises(ValueError, match="classes must be passed"):
        network().partial_fit(X, y)


def test_a_refused_call_leaves_a_generator_as_it_was():
    generator = np.random.RandomState(0)
    model = network(random_state=generator, keep_prob=[0.5, 0.5])
    with pytest.raises(ValueError, match="keep_prob"):
        model.fit(X, y)
    assert generator.randint(1000) == np.random.RandomState(0).randint(1000)


STRANGE_BUT_RIGHT = {
    "masks that hide nothing": lambda: (np.ma.masked_array(X), np.ma.masked_array(y)),
    "big-endian": lambda: (X.astype(">f8"), y.astype(">i4")),
    "the largest integers as labels": lambda: (X, np.where(y, 2**63 - 1, -(2**63))),
    "unsigned labels": lambda: (X, np.array([3, 2**64 - 1], np.uint64)[y]),
    "a column of labels": lambda: (X, y.reshape(-1, 1)),
    "labels in any alphabet": lambda: (X, np.array(["é", "ß"])[1 - y]),
    **{
        f"sparse {format}": lambda format=format: (sp.csr_array(X).asformat(format), y)
        for format in ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]
    },
    "sparse entries in halves": lambda: (
        sp.coo_array(
            (np.r_[X.flat, X.flat] / 2, np.indices((2, N, 3)).reshape(3, -1)[1:])
        ),
        y,
    ),
    "lists": lambda: (X.tolist(), y.tolist()),
    "objects that are numbers": lambda: (X.astype(object), y),
    "text that is numbers": lambda: (X.astype(str), y),
    "Fortran's order": lambda: (np.asfortranarray(X), y),
    "backwards in memory": lambda: (X[::-1, ::-1].copy()[::-1, ::-1], y),
    "whole floats as labels": lambda: (X, y.astype(np.float16)),
    "booleans as labels": lambda: (X, y.astype(bool)),
    "text objects as labels": lambda: (X, np.array(["a", "b"], object)[y]),
    "dates as labels": lambda: (X, y.astype("datetime64[D]")),
    "64-bit indices": lambda: (with_long_indices(sp.csr_array(X)), y),
    "read-only": lambda: (read_only(X), read_only(y)),
    "not contiguous": lambda: (np.repeat(X, 2, axis=1)[:, ::2], np.repeat(y, 2)[::2]),
}


STRANGE_NUMBERS = {
    name: make for name, make in STRANGE_BUT_RIGHT.items() if "labels" not in name
} | {
    "a column of numbers": lambda: (X, y.reshape(-1, 1)),
    "objects": lambda: (X, y.astype(object)),
    "booleans": lambda: (X, y.astype(bool)),
    "half precision": lambda: (X, y.astype(np.float16)),
    "unsigned": lambda: (X, y.astype(np.uint64)),
}


def with_long_indices(matrix):
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.filterwarnings(
    "ignore:A column-vector y:sklearn.exceptions.DataConversionWarning"
)
@pytest.mark.parametrize("name", STRANGE_BUT_RIGHT)
def test_strange_input_that_means_the_same_gives_the_same(name):
    given_X, given_y = STRANGE_BUT_RIGHT[name]()
    own, expected = network().fit(given_X, given_y), network().fit(X, y)
    np.testing.assert_allclose(
        own.predict_proba(given_X), expected.predict_proba(X), rtol=1e-9
    )
    np.testing.assert_array_equal(
        own.predict(given_X), own.classes_[expected.predict(X)]
    )


@pytest.mark.filterwarnings(
    "ignore:A column-vector y:sklearn.exceptions.DataConversionWarning"
)
@pytest.mark.parametrize("name", STRANGE_NUMBERS)
def test_strange_numbers_that_mean_the_same_give_the_same(name):
    given_X, given_y = STRANGE_NUMBERS[name]()
    own = network(kind="number").fit(given_X, given_y)
    expected = network(kind="number").fit(X, y)
    np.testing.assert_allclose(own.predict(given_X), expected.predict(X), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sum_that_overflows_is_not_warned_of(dtype):
    model = network(dtype=dtype).fit(X, y)
    large = np.full(X.shape, np.finfo("f4").max / 100, "f4")
    assert np.isfinite(model.predict_proba(large)).all()
