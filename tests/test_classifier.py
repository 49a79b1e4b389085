"""What RegMLPClassifier learns, against independent truths."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier
from skreg.engine import Engine
from skreg.optimizers import Adam

pytestmark = pytest.mark.filterwarnings(
    "ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning",
)

SOLVERS = {
    "sgd": {"solver": "sgd"},
    "nesterov": {"solver": "sgd", "nesterovs_momentum": True},
    "adam": {"solver": "adam"},
    "lbfgs": {"solver": "lbfgs"},
}
STEPPING = {name: SOLVERS[name] for name in ("sgd", "nesterov", "adam")}
DROPOUT = {
    "none": {},
    "per row": {"keep_prob": 0.5},
    "per batch": {"keep_prob": 0.5, "dropout_mask": "batch"},
}


def by_name(configurations):
    return pytest.mark.parametrize(
        "params", configurations.values(), ids=configurations.keys()
    )


def problem(kind="binary", n=60):
    """Return rows and labels; the classes can be told apart, but for a few rows."""
    n_classes = 2 if kind == "binary" else 3
    X, y = make_classification(
        n,
        5,
        n_informative=4,
        n_redundant=0,
        n_classes=n_classes,
        flip_y=0.1,
        random_state=3,
    )
    if kind == "multilabel":
        y = np.column_stack([y == 0, y == 1, X[:, 0] > 0]).astype(int)
    return X, y


def network(**params):
    params = {
        "hidden_layer_sizes": (6,),
        "batch_size": 16 if params.get("solver") != "lbfgs" else "auto",
        "max_iter": 5,
        "random_state": 0,
    } | params
    return RegMLPClassifier(**params)


def assert_same_network(a, b, **tolerance):
    """To the bit, unless a tolerance is given."""
    for one, other in zip(
        a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True
    ):
        if tolerance:
            np.testing.assert_allclose(one, other, **tolerance)
        else:
            np.testing.assert_array_equal(one, other)


def fitted_attributes(estimator):
    return {name: v for name, v in vars(estimator).items() if name.endswith("_")}


# Labels and outputs


@pytest.mark.parametrize(
    "labels",
    [
        np.array([-7, 40]),
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([False, True]),
        np.array([0.0, 1.0]),
        np.array([1, 2, 5], dtype=np.uint8),
        np.array(["a", "bb", "ccc"]),
    ],
    ids=lambda labels: f"{labels.dtype}-{len(labels)}",
)
def test_labels_of_any_type_train_the_network_of_their_codes(labels):
    X, codes = problem("binary" if len(labels) == 2 else "multiclass")
    coded = network(max_iter=30).fit(X, codes)
    labelled = network(max_iter=30).fit(X, labels[codes])
    assert_same_network(labelled, coded)
    np.testing.assert_array_equal(labelled.classes_, labels)
    predicted = labelled.predict(X)
    np.testing.assert_array_equal(predicted, labels[coded.predict(X)])
    assert predicted.dtype == labels.dtype
    assert labelled.score(X, labels[codes]) == np.mean(predicted == labels[codes])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_probabilities_decide_the_prediction(kind):
    X, y = problem(kind)
    model = network(max_iter=50, learning_rate_init=0.03).fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(
        np.exp(model.predict_log_proba(X)), probabilities, rtol=1e-12
    )
    if kind == "multilabel":
        np.testing.assert_array_equal(model.predict(X), probabilities > 0.5)
    else:
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(model.predict(X), probabilities.argmax(axis=1))
    assert model.score(X, y) > 0.6


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@by_name(SOLVERS)
def test_fitted_attributes_have_the_layout_of_scikit_learn(kind, params):
    X, y = problem(kind)
    ours = network(hidden_layer_sizes=(6, 3), **params).fit(X, y)
    theirs = MLPClassifier((6, 3), solver=params["solver"], max_iter=5).fit(X, y)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    for name in ("coefs_", "intercepts_"):
        shapes = [array.shape for array in getattr(theirs, name)]
        assert [array.shape for array in getattr(ours, name)] == shapes
    assert len(ours.loss_curve_) == ours.n_iter_ == 5
    assert ours.loss_ == ours.loss_curve_[-1]
    assert ours.best_loss_ == min(ours.loss_curve_)
    assert ours.t_ == 5 * len(X)
    assert ours.validation_scores_ is ours.best_validation_score_ is None


def test_one_sigmoid_is_a_softmax_over_two_classes():
    X, y = problem()
    model = network().fit(X, y)
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    logit = hidden @ model.coefs_[1] + model.intercepts_[1]
    expected = log_softmax(np.hstack([np.zeros_like(logit), logit]), axis=1)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=1e-10)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_log_probabilities_are_finite_where_probabilities_underflow(kind):
    X, y = problem(kind)
    model = network().fit(X, y)
    model.coefs_ = [coef * 1e3 for coef in model.coefs_]
    assert model.predict_proba(X).min() == 0
    assert np.isfinite(model.predict_log_proba(X)).all()


# The objective


def precise(**params):
    return network(solver="lbfgs", max_iter=2000, tol=1e-9, **params)


@pytest.mark.parametrize("class_weight", [None, {0: 0.3, 1: 2.0}])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_without_hidden_layer_it_is_logistic_regression(kind, weighted, class_weight):
    X, y = problem(kind)
    alpha = 0.05
    weights = np.random.default_rng(0).uniform(0, 3, len(y)) if weighted else None
    total = np.ones(len(y)) if weights is None else weights
    if class_weight:
        class_weight = class_weight | ({2: 1.5} if kind == "multiclass" else {})
        total = total * [class_weight[label] for label in y]
    ours = precise(hidden_layer_sizes=(), alpha=alpha, class_weight=class_weight)
    ours.fit(X, y, weights)
    reference = LogisticRegression(
        C=1 / (alpha * total.sum()), class_weight=class_weight, tol=1e-9, max_iter=2000
    ).fit(X, y, weights)
    np.testing.assert_allclose(
        ours.predict_proba(X), reference.predict_proba(X), atol=1e-3
    )
    minimum = log_loss(y, reference.predict_proba(X), sample_weight=total)
    minimum += alpha / 2 * np.sum(reference.coef_**2)
    np.testing.assert_allclose(ours.loss_, minimum, rtol=1e-6)


def test_multilabel_outputs_without_hidden_layer_are_independent():
    X, Y = problem("multilabel")
    together = precise(hidden_layer_sizes=(), alpha=0.05).fit(X, Y)
    alone = [precise(hidden_layer_sizes=(), alpha=0.05).fit(X, y) for y in Y.T]
    np.testing.assert_allclose(
        together.coefs_[0], np.hstack([model.coefs_[0] for model in alone]), atol=1e-3
    )
    np.testing.assert_allclose(
        together.loss_, sum(model.loss_ for model in alone), rtol=1e-6
    )


def from_the_same_weights(X, y, ours, theirs):
    """Fit both from weights that ours draws; theirs has to have ``warm_start``."""
    params = ours.get_params()
    ours.set_params(solver="lbfgs", tol=1e9, batch_size="auto", warm_start=True).fit(
        X, y
    )
    ours.set_params(**params | {"warm_start": True})
    theirs.set_params(max_iter=1).fit(X, y)
    theirs.coefs_ = [coef.copy() for coef in ours.coefs_]
    theirs.intercepts_ = [bias.copy() for bias in ours.intercepts_]
    return ours.fit(X, y), theirs.set_params(max_iter=params["max_iter"]).fit(X, y)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_lbfgs_objective_is_that_of_mlpclassifier_at_alpha_times_n(kind):
    X, y = problem(kind)
    common = {"solver": "lbfgs", "activation": "tanh", "max_iter": 12}
    ours, theirs = from_the_same_weights(
        X,
        y,
        network(alpha=0.02, **common),
        MLPClassifier((6,), alpha=0.02 * len(X), warm_start=True, **common),
    )
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-6)
    assert_same_network(ours, theirs, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@by_name(STEPPING)
def test_steps_are_those_of_mlpclassifier_at_other_units(kind, params):
    """Its alpha is ours × the batch size, its sgd rate ours × (1 - momentum)."""
    X, y = problem(kind)
    beta, batch_size = 0.7, 20
    rate = 0.01 if params["solver"] == "adam" else 0.2
    common = {"activation": "tanh", "batch_size": batch_size, "shuffle": False}
    common |= {"max_iter": 4, "solver": params["solver"], "epsilon": 1e-14}
    nesterov = params.get("nesterovs_momentum", False)
    ours, theirs = from_the_same_weights(
        X,
        y,
        network(
            alpha=0.02,
            momentum=beta,
            nesterovs_momentum=nesterov,
            learning_rate_init=rate,
            **common,
        ),
        MLPClassifier(
            (6,),
            alpha=0.02 * batch_size,
            momentum=beta,
            beta_1=beta,
            nesterovs_momentum=nesterov,
            learning_rate_init=rate
            if params["solver"] == "adam"
            else rate * (1 - beta),
            warm_start=True,
            **common,
        ),
    )
    assert_same_network(ours, theirs, rtol=1e-8)


def test_lbfgs_that_has_nothing_to_improve_knows_its_loss():
    X, y = problem()
    model = network(solver="lbfgs", tol=1e9, alpha=0.5).fit(X, y)
    penalty = 0.25 * sum(np.sum(coef**2) for coef in model.coefs_)
    np.testing.assert_allclose(
        model.loss_, log_loss(y, model.predict_proba(X)) + penalty
    )
    assert model.best_loss_ == model.loss_ == model.loss_curve_[-1]


@pytest.mark.parametrize("batch_size", [1, 7, 60])
def test_alpha_shrinks_weights_alike_at_every_batch_size(batch_size):
    """Where X is zero, only the penalty moves W, by the factor 1 - rate · alpha."""
    X, y = np.zeros((60, 3)), np.arange(60) % 2
    params = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0, "alpha": 0.5}
    model = network(learning_rate_init=0.01, batch_size=batch_size, **params)
    model.set_params(warm_start=True, max_iter=1).fit(X, y)
    before = model.coefs_[0].copy()
    model.set_params(max_iter=4).fit(X, y)
    n_steps = 4 * -(-len(X) // batch_size)
    np.testing.assert_allclose(model.coefs_[0], before * (1 - 0.01 * 0.5) ** n_steps)


# Weights


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@by_name(SOLVERS)
def test_weight_k_is_k_copies_and_weight_0_is_absence(kind, params):
    X, y = problem(kind)
    copies = np.random.default_rng(0).integers(0, 4, len(y))
    if params["solver"] != "lbfgs":
        params = params | {"batch_size": 1000}
    model = network(max_iter=10, activation="tanh", alpha=0.01, **params)
    weighted = clone(model).fit(X, y, copies)
    repeated = clone(model).fit(X.repeat(copies, axis=0), y.repeat(copies, axis=0))
    assert_same_network(weighted, repeated, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_)


@by_name(SOLVERS)
def test_only_ratios_of_sample_weights_count(params):
    X, y = problem()
    weights = np.random.default_rng(0).uniform(0, 1, len(y))
    model = network(**params).fit(X, y, weights)
    assert_same_network(network(**params).fit(X, y, 8 * weights), model)
    for extreme in (np.finfo(float).max, np.finfo(float).tiny):
        scaled = network(**params).fit(X, y, extreme * weights)
        assert_same_network(scaled, model, rtol=1e-9, atol=1e-12)


def test_partial_fit_takes_sample_weights_as_they_are():
    """Plain gradient descent at a weight of two goes twice as far."""
    X, y = problem()
    params = {"solver": "sgd", "momentum": 0, "alpha": 0, "batch_size": 1000}
    start = network(**params, learning_rate_init=1e-30).partial_fit(X, y, [0, 1])
    moved = {
        weight: network(**params).partial_fit(X, y, [0, 1], np.full(len(y), weight))
        for weight in (1.0, 2.0)
    }
    steps = {
        weight: model.coefs_[0] - start.coefs_[0] for weight, model in moved.items()
    }
    np.testing.assert_allclose(steps[2.0], 2 * steps[1.0], rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@by_name(SOLVERS)
def test_class_weight_is_a_factor_on_sample_weight(params, weighted):
    X, y = problem("multiclass")
    labels = np.array(["a", "b", "c"])
    sample_weight = np.random.default_rng(0).uniform(1, 2, len(y)) if weighted else None
    by_class = np.array([0.25, 1.0, 4.0])
    balanced = dict(zip(labels, by_class, strict=True))
    product = by_class[y] * (1 if sample_weight is None else sample_weight)
    assert_same_network(
        network(class_weight=balanced, **params).fit(X, labels[y], sample_weight),
        network(**params).fit(X, labels[y], product),
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_gives_every_class_the_same_share(weighted):
    X, y = problem("multiclass")
    X, y = X[y < 2 + (np.arange(len(y)) % 3)], y[y < 2 + (np.arange(len(y)) % 3)]
    sample_weight = np.random.default_rng(0).uniform(1, 2, len(y)) if weighted else None
    weights = np.ones(len(y)) if sample_weight is None else sample_weight.copy()
    for label in range(3):
        weights[y == label] /= weights[y == label].sum()
    assert_same_network(
        network(class_weight="balanced").fit(X, y, sample_weight),
        network().fit(X, y, weights),
        rtol=1e-9,
    )


def test_balanced_takes_weights_whose_sum_overflows():
    X, y = problem("multiclass")
    assert_same_network(
        network(class_weight="balanced").fit(X, y, np.full(len(y), 1e308)),
        network(class_weight="balanced").fit(X, y),
    )


def test_class_weights_of_multilabel_targets_multiply_over_the_columns():
    X, Y = problem("multilabel")
    per_column = [{0: 1, 1: 3}, {0: 0.5, 1: 1}, {0: 1, 1: 1}]
    product = np.prod(
        [[w[k] for k in y] for w, y in zip(per_column, Y.T, strict=True)], axis=0
    )
    assert_same_network(
        network(class_weight=per_column).fit(X, Y), network().fit(X, Y, product)
    )


# Precision and memory


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@by_name(SOLVERS | {"early stopping": {"early_stopping": True}} | DROPOUT)
def test_float32_stays_float32(kind, params):
    X, y = problem(kind)
    model = network(**params).fit(X.astype(np.float32), y)
    arrays = [*model.coefs_, *model.intercepts_, model.predict_proba(X[:3])]
    arrays.append(model.predict_log_proba(X[:3].astype(np.float32)))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    precise = network(**params).fit(X.astype(np.float32).astype(np.float64), y)
    np.testing.assert_allclose(model.loss_curve_[0], precise.loss_curve_[0], rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.longdouble, bool])
def test_everything_else_becomes_float64(dtype):
    X, y = problem()
    X = (3 * X).astype(dtype)
    model = network().fit(X, y)
    assert {array.dtype for array in model.coefs_} == {np.dtype(np.float64)}
    assert_same_network(model, network().fit(X.astype(np.float64), y))


def memmap(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def read_only(X, folder):
    X = X.copy()
    X.flags.writeable = False
    return X


LAYOUTS = {
    "F-ordered": lambda X, folder: np.asfortranarray(X),
    "every other row and column": lambda X, folder: X.repeat(2, 0).repeat(2, 1)[
        ::2, ::2
    ],
    "reversed": lambda X, folder: X[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda X, folder: X.astype(">f8"),
    "read-only": read_only,
    "memmap": memmap,
    "list": lambda X, folder: X.tolist(),
}


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"early_stopping": True}])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_X_does_not_matter(layout, params, tmp_path):
    X, y = problem()
    other = LAYOUTS[layout](X, tmp_path)
    model = network(**params).fit(X, y)
    assert_same_network(network(**params).fit(other, y), model)
    np.testing.assert_allclose(
        model.predict_proba(other), model.predict_proba(X), rtol=1e-12
    )


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@by_name(SOLVERS | DROPOUT | {"input dropout": {"input_keep_prob": 0.5}})
def test_inputs_are_not_modified(make, params):
    X, y = problem()
    X, weights = make(X), np.ones(len(y))
    given = X.copy(), y.copy(), weights.copy()
    model = network(early_stopping=True, **params)
    model.fit(X, y, weights)
    model.predict_proba(X)
    if params.get("solver") != "lbfgs":
        model.set_params(early_stopping=False).partial_fit(X, y, None, weights)
    assert abs(X - given[0]).max() == 0
    np.testing.assert_array_equal(y, given[1])
    np.testing.assert_array_equal(weights, given[2])


def peak_bytes(function):
    """Return the most memory that a call holds at once, beyond what was there."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "params",
    [{}, {"keep_prob": 0.5, "input_keep_prob": 0.9}, {"early_stopping": True}],
    ids=str,
)
def test_no_copy_of_X_is_taken(order, params):
    X = np.asarray(np.random.default_rng(0).normal(size=(10_000, 100)), order=order)
    y = (X[:, 0] > 0).astype(int)
    model = RegMLPClassifier((5,), max_iter=1, random_state=0, **params)
    weights = np.ones(len(y))
    assert peak_bytes(lambda: model.fit(X, y, weights)) < X.nbytes / 3
    assert peak_bytes(lambda: model.predict(X)) < X.nbytes / 3
    model.set_params(early_stopping=False)
    assert peak_bytes(lambda: model.partial_fit(X, y)) < X.nbytes / 3


def test_memory_does_not_grow_with_the_square_of_the_classes():
    y = np.arange(4000) % 2000
    X = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32)
    model = RegMLPClassifier((2,), batch_size=10, max_iter=1, random_state=0)
    assert peak_bytes(lambda: model.fit(X, y)) < 2000**2


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"early_stopping": True}])
def test_sparse_X_is_never_dense_as_a_whole(params):
    X = sp.random(400, 10_000, density=1e-3, format="csr", random_state=0)
    y = np.arange(400) % 2
    model = RegMLPClassifier((2,), max_iter=1, random_state=0, **params)
    dense = X.shape[0] * X.shape[1] * 8
    assert peak_bytes(lambda: model.fit(X, y)) < dense / 3
    assert peak_bytes(lambda: model.predict(X)) < dense / 3


# Sparse X and frames


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix])
def test_sparse_formats_give_what_dense_gives(container, format, index):
    X, y = problem("multiclass")
    X[np.abs(X) < 1] = 0
    sparse = container(X).asformat(format)
    for name in ("indices", "indptr", "row", "col"):
        if hasattr(sparse, name) and not isinstance(sparse, sp.coo_array):
            setattr(sparse, name, getattr(sparse, name).astype(index))
    dense = network().fit(X, y)
    model = network().fit(sparse, y)
    assert_same_network(model, dense, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.predict_proba(sparse), dense.predict_proba(X))
    np.testing.assert_array_equal(model.predict(sparse), dense.predict(X))
    dense.partial_fit(X, y)
    model.partial_fit(sparse, y)
    assert_same_network(model, dense, rtol=1e-9, atol=1e-12)


@by_name(
    SOLVERS
    | DROPOUT
    | {
        "early stopping": {"early_stopping": True},
        "scored": {"early_stopping": True, "scoring": "accuracy"},
        "input dropout per batch": {"input_keep_prob": 0.5, "dropout_mask": "batch"},
    }
)
def test_every_way_to_train_is_the_same_on_sparse_X(params):
    X, y = problem("multiclass")
    X[np.abs(X) < 1] = 0
    dense = network(**params).fit(X, y)
    model = network(**params).fit(sp.csr_matrix(X), y)
    assert_same_network(model, dense, rtol=1e-6, atol=1e-9)


def test_input_dropout_per_row_trains_on_sparse_X():
    X, y = problem(n=200)
    model = network(input_keep_prob=0.9, max_iter=60).fit(sp.csr_matrix(X), y)
    assert model.score(X, y) > 0.75


@by_name(SOLVERS | DROPOUT | {"input dropout": {"input_keep_prob": 0.5}})
def test_entries_of_sparse_X_may_come_in_parts_and_in_any_order(params):
    X, y = problem("multiclass")
    X[np.abs(X) < 1] = 0
    whole = sp.csr_array(X)
    parts = sp.csr_array(
        (
            np.repeat(whole.data / 2, 2)[::-1],
            np.repeat(whole.indices, 2)[::-1],
            2 * (whole.nnz - whole.indptr[::-1]),
        ),
        shape=X.shape,
    )
    before = parts.copy()
    model = network(**params).fit(parts, y[::-1])
    expected = network(**params).fit(whole[::-1], y[::-1])
    assert_same_network(model, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(parts.data, before.data)
    np.testing.assert_array_equal(parts.indices, before.indices)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_feature_names_of_frames_are_checked(library):
    frames = pytest.importorskip(library)
    X, y = problem()
    names = [f"x{k}" for k in range(X.shape[1])]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    labels = frames.Series(np.array(["no", "yes"])[y])
    model = network().fit(frame, labels)
    assert model.feature_names_in_.tolist() == names
    assert_same_network(model, network().fit(X, y))
    np.testing.assert_array_equal(
        model.predict(frame), np.array(["no", "yes"])[network().fit(X, y).predict(X)]
    )
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[names[::-1]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    model.partial_fit(frame, labels)
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame[names[::-1]], labels)


# Hyperparameters


@pytest.mark.parametrize("sizes", [6, [6], (6,), np.array([6])], ids=repr)
def test_hidden_layer_sizes_may_be_a_number_or_any_sequence(sizes):
    X, y = problem()
    assert_same_network(
        network(hidden_layer_sizes=sizes).fit(X, y), network().fit(X, y)
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"batch_size": 10**12}, {"batch_size": 60}),
        ({"batch_size": "auto"}, {"batch_size": 60}),
        ({"learning_rate_init": "auto"}, {"learning_rate_init": 1e-3}),
        ({"solver": "sgd"}, {"solver": "sgd", "learning_rate_init": 0.1}),
        ({"dropout_mask": "batch"}, {"dropout_mask": "sample"}),
        ({"keep_prob": [1.0]}, {"keep_prob": 1.0}),
        ({"keep_prob": [0.5]}, {"keep_prob": 0.5}),
        ({"keep_prob": np.array([0.5], np.float32)}, {"keep_prob": 0.5}),
        ({"hidden_layer_sizes": (), "keep_prob": 0.5}, {"hidden_layer_sizes": ()}),
        ({"random_state": np.random.RandomState(0)}, {"random_state": 0}),
    ],
    ids=str,
)
def test_equal_settings(a, b):
    X, y = problem()
    assert_same_network(network(**a).fit(X, y), network(**b).fit(X, y))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", np.float16(0.01)),
        ("alpha", np.float64(0.01)),
        ("batch_size", np.uint8(7)),
        ("beta_2", np.float16(0.9)),
        ("epsilon", np.float16(0.01)),
        ("learning_rate_decay", np.float32(0.1)),
        ("learning_rate_init", np.float16(0.01)),
        ("max_iter", np.uint8(200)),
        ("momentum", np.float16(0.7)),
        ("power_t", np.int64(1)),
        ("power_t", np.uint8(1)),
        ("tol", np.float16(0.001)),
        ("validation_fraction", np.float32(0.3)),
    ],
    ids=repr,
)
def test_numbers_of_numpy_are_taken_as_those_of_python(name, value):
    X, y = problem(n=20)
    params = {
        "learning_rate": "invscaling",
        "early_stopping": name == "validation_fraction",
        "warm_start": True,
    }
    X = X.astype(np.float32)
    one = network(**params | {name: value}).fit(X, y).fit(X, y)
    two = network(**params | {name: value.item()}).fit(X, y).fit(X, y)
    assert_same_network(one, two)
    assert one.loss_curve_ == two.loss_curve_
    assert {type(rate) for rate in one.learning_rate_curve_} == {float}


def test_automatic_batches_have_200_rows():
    X, y = problem(n=450)
    assert_same_network(
        network(batch_size="auto").fit(X, y), network(batch_size=200).fit(X, y)
    )


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["keep_prob", "input_keep_prob"])
def test_batch_dropout_moves_only_weights_between_kept_units(name, solver):
    X, y = problem("multiclass")
    model = network(
        solver=solver,
        alpha=0.1,
        activation="tanh",
        hidden_layer_sizes=(20,),
        batch_size=1000,
        dropout_mask="batch",
        **{name: 0.5},
    )
    model.partial_fit(X, y, classes=[0, 1, 2])
    counts = []
    for _ in range(5):
        before = [*map(np.copy, model.coefs_ + model.intercepts_)]
        model.partial_fit(X, y)
        after = model.coefs_ + model.intercepts_
        first, second, hidden, output = (
            a != b for a, b in zip(after, before, strict=True)
        )
        np.testing.assert_array_equal(first, np.outer(first.any(axis=1), hidden))
        np.testing.assert_array_equal(second, np.outer(hidden, output))
        assert output.all()
        counts.append((first.any(axis=1).sum(), hidden.sum()))
    n_inputs, n_hidden = np.array(counts).T
    if name == "keep_prob":
        assert (n_inputs == 5).all()
        assert 0 < n_hidden.min() < n_hidden.max() < 20
    else:
        assert (n_hidden == 20).all()
        assert n_inputs.min() < 5


SCHEDULES = {
    "constant": lambda t, n: 1.0,
    "invscaling": lambda t, n: (t * n + 1) ** -0.3,
    "cosine": lambda t, n: (1 + np.cos(np.pi * t / 12)) / 2,
    "adaptive": lambda t, n: 0.2 ** (t // 3),
}


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_learning_rate_curve(solver, schedule, decay):
    X, y = problem()
    # A stall every third epoch, for "adaptive"; the others never stall.
    patience = {"tol": 1e9, "n_iter_no_change": 3} if schedule == "adaptive" else {}
    model = network(
        solver=solver,
        learning_rate=schedule,
        learning_rate_init=0.02,
        learning_rate_decay=decay,
        power_t=0.3,
        max_iter=12,
        **{"n_iter_no_change": np.inf} | patience,
    ).fit(X, y)
    expected = [
        0.02 * SCHEDULES[schedule](t, len(X)) * (1 - decay) ** t for t in range(12)
    ]
    # The first epoch is always an improvement: the first stall comes one epoch later.
    if schedule == "adaptive":
        expected = [
            0.02 * 0.2 ** (max(t - 1, 0) // 3) * (1 - decay) ** t for t in range(12)
        ]
    np.testing.assert_allclose(model.learning_rate_curve_, expected)


def test_the_learning_rate_is_used():
    """Plain gradient descent at a rate of nearly zero stands still."""
    X, y = problem()
    params = {"solver": "sgd", "momentum": 0, "learning_rate_decay": 1 - 1e-12}
    one, many = (network(max_iter=n, **params).fit(X, y) for n in (1, 20))
    assert_same_network(many, one, rtol=1e-9)


def test_adaptive_ends_at_a_rate_of_one_millionth():
    X, y = problem()
    model = network(
        solver="sgd",
        learning_rate="adaptive",
        tol=1e9,
        n_iter_no_change=2,
        max_iter=200,
    ).fit(X, y)
    assert model.n_iter_ < 200
    assert 1e-6 / 5 < model.learning_rate_curve_[-1] <= 1e-6


# Stopping


def stopping_epoch(scores, tol, patience):
    """Return the first epoch that ends ``patience`` epochs without improvement."""
    best, count = -np.inf, 0
    for epoch, score in enumerate(scores, 1):
        count = 0 if score > best + tol else count + 1
        best = max(best, score)
        if count == patience:
            return epoch
    return None


@pytest.mark.parametrize("patience", [1, 2, 5, 10])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_n_iter_no_change_is_counted_exactly(early_stopping, patience):
    X, y = problem(n=200)
    model = network(
        solver="sgd",
        max_iter=500,
        tol=1e-3,
        n_iter_no_change=patience,
        early_stopping=early_stopping,
    ).fit(X, y)
    assert model.n_iter_ < 500
    scores = (
        model.validation_scores_ if early_stopping else -np.array(model.loss_curve_)
    )
    assert stopping_epoch(scores, 1e-3, patience) == model.n_iter_ == len(scores)


def test_infinite_patience_runs_to_the_end():
    X, y = problem()
    model = network(tol=1e9, n_iter_no_change=np.inf, max_iter=30).fit(X, y)
    assert model.n_iter_ == 30


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_early_stopping_restores_the_best_epoch(kind, scoring):
    X, y = problem(kind, n=120)
    params = {"learning_rate_init": 0.03, "scoring": scoring}
    model = network(early_stopping=True, max_iter=100, **params)
    model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    best = 1 + int(np.argmax(model.validation_scores_))
    assert model.best_iter_ == best < model.n_iter_ < 100
    assert model.best_validation_score_ == max(model.validation_scores_)
    short = network(max_iter=best, **params).fit(X[:60], y[:60])
    assert_same_network(model, short)
    assert_same_network(
        model,
        network(max_iter=best, early_stopping=True, **params).fit(
            X[:60], y[:60], X_val=X[60:], y_val=y[60:]
        ),
    )
    if scoring == "accuracy":
        assert model.score(X[60:], y[60:]) == model.best_validation_score_
    assert model.best_loss_ is None


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_held_out_rows_are_stratified_and_never_trained_on(kind):
    """Their labels are seen by the scorer alone: changing them changes no weight."""
    X, y = problem(kind, n=200)
    seen = []

    def scoring(estimator, X, y):
        seen.append((X, y))
        return len(seen)

    params = {"early_stopping": True, "scoring": scoring, "validation_fraction": 0.25}
    model = network(**params).fit(X, y)
    assert all(
        np.array_equal(X, seen[0][0]) and np.array_equal(y, seen[0][1]) for X, y in seen
    )
    assert len(seen[0][1]) == 50
    np.testing.assert_allclose(
        np.bincount(seen[0][1]) / 50, np.bincount(y) / 200, atol=0.02
    )
    held_out = (X[:, None] == seen[0][0]).all(axis=2).any(axis=1)
    X = np.where(held_out[:, None], X + 5, X)
    assert held_out.sum() == 50
    assert_same_network(network(**params).fit(X, y), model)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_that_diverges_keeps_the_last_finite_weights(early_stopping):
    X, y = problem()
    params = {"solver": "sgd", "activation": "identity", "learning_rate_init": 50.0}
    params |= {"hidden_layer_sizes": (5, 5), "n_iter_no_change": 100, "max_iter": 100}
    params |= {"early_stopping": early_stopping, "scoring": "accuracy"}
    with pytest.warns(ConvergenceWarning, match="diverged") as record:
        model = network(**params).fit(X, y)
    message = str(record[0].message)
    assert f"epoch {model.n_iter_ + 1}" in message
    assert "learning rate 50" in message
    assert 0 < model.n_iter_ < 100
    assert np.isfinite(model.loss_curve_).all()
    assert_same_network(
        model, network(**params | {"max_iter": model.n_iter_}).fit(X, y)
    )
    assert all(np.isfinite(array).all() for array in model.coefs_ + model.intercepts_)


@by_name(SOLVERS)
def test_divergence_in_the_first_epoch_is_an_error(params):
    X, y = problem()
    huge = np.abs(X) / np.abs(X).max() * np.finfo(X.dtype).max
    model = network(hidden_layer_sizes=(5, 5), activation="identity", **params)
    with pytest.raises(
        ValueError, match=r"diverged in epoch 1\b.*lower learning_rate_init"
    ):
        model.fit(huge, y)
    assert fitted_attributes(model) == {}
    if params["solver"] != "lbfgs":
        with pytest.raises(ValueError, match="diverged in epoch 1"):
            model.partial_fit(huge, y, [0, 1])
        assert fitted_attributes(model) == {}
    model.fit(X, y)
    before = fitted_attributes(model)
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        model.fit(huge, y)
    assert fitted_attributes(model) == before


# Interrupts


def interrupting_engine(monkeypatch, epoch):
    """Let Ctrl-C be pressed at the end of an epoch's last step."""
    calls = []

    def run_epoch(self, *args):
        calls.append(1)
        loss = original(self, *args)
        if len(calls) == epoch:
            raise KeyboardInterrupt
        return loss

    original = Engine.run_epoch
    monkeypatch.setattr(Engine, "run_epoch", run_epoch)


@pytest.mark.parametrize("params", [{}, {"keep_prob": 0.5}, {"early_stopping": True}])
def test_an_interrupt_keeps_the_epochs_done_and_training_can_go_on(monkeypatch, params):
    X, y = problem()
    params = {"warm_start": True} | params
    three, seven = (network(max_iter=n, **params).fit(X, y) for n in (3, 7))
    model = network(max_iter=7, **params)
    with monkeypatch.context() as patch:
        interrupting_engine(patch, 4)
        with pytest.warns(UserWarning, match="interrupted by user in epoch 4"):
            model.fit(X, y)
    assert model.n_iter_ == 3
    assert_same_network(model, three)
    assert_same_network(model.set_params(max_iter=4).fit(X, y), seven)


def test_an_interrupt_in_the_first_epoch_leaves_a_model_that_predicts(monkeypatch):
    X, y = problem()
    interrupting_engine(monkeypatch, 1)
    with pytest.warns(UserWarning, match="interrupted by user in epoch 1"):
        model = network().fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.n_iter_ == 0


@by_name(DROPOUT)
def test_an_interrupt_within_the_first_epoch_keeps_the_steps_taken(monkeypatch, params):
    X, y = problem()
    step, n_steps = Adam.step, []

    def interrupted_step(*arguments):
        if len(n_steps) == 2:
            raise KeyboardInterrupt
        n_steps.append(1)
        step(*arguments)

    monkeypatch.setattr(Adam, "step", interrupted_step)
    with pytest.warns(UserWarning, match="interrupted by user in epoch 1"):
        model = network(**params).fit(X, y)
    assert all(bias.any() for bias in model.intercepts_)  # they begin at zero


@pytest.mark.parametrize("scoring", ["loss", "accuracy", lambda model, X, y: 1.0])
def test_nothing_keeps_the_training_data_after_a_fit(monkeypatch, scoring):
    """Not even until the garbage is collected."""
    X, y = problem()
    engines = []

    def run_epoch(self, *arguments):
        engines.append(weakref.ref(self))
        return original(self, *arguments)

    original = Engine.run_epoch
    monkeypatch.setattr(Engine, "run_epoch", run_epoch)
    gc.disable()
    try:
        network(early_stopping=True, scoring=scoring).fit(X, y)
        assert engines[0]() is None
    finally:
        gc.enable()


@by_name(SOLVERS)
def test_an_interrupt_in_a_scorer_keeps_what_was_learned(params):
    X, y = problem()
    scores = []

    def scoring(estimator, X, y):
        scores.append(estimator.score(X, y))
        if len(scores) == 4:
            raise KeyboardInterrupt
        return scores[-1]

    model = network(scoring=scoring, max_iter=10, **params)
    with pytest.warns(UserWarning, match="interrupted by user in epoch 4"):
        model.fit(X, y, X_val=X, y_val=y)
    assert model.validation_scores_ == scores[:3]
    assert len(model.loss_curve_) == len(model.validation_loss_curve_) == 3
    assert model.score(X, y) == scores[2]


# Printing


@pytest.mark.parametrize(
    ("verbose", "epochs"),
    [(False, []), (0, []), (True, [1, 2, 3, 4, 5]), (2, [2, 4]), (10, [])],
)
@by_name(SOLVERS)
def test_verbose_prints_a_line_for_every_nth_epoch(capsys, params, verbose, epochs):
    X, y = problem()
    model = network(verbose=verbose, **params).fit(X, y, X_val=X, y_val=y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(epochs)
    for epoch, line in zip(epochs, lines, strict=True):
        assert line.split(",")[0].split() == ["Iteration", str(epoch)]
        assert f"{model.loss_curve_[epoch - 1]:.6f}" in line
        assert f"{model.validation_loss_curve_[epoch - 1]:.6f}" in line


# The conventions of scikit-learn


def test_parameters_survive_fit_and_clone():
    X, y = problem()
    params = {"hidden_layer_sizes": [6], "keep_prob": [0.5], "class_weight": {0: 2}}
    model = network(learning_rate_init="auto", **params)
    before = model.get_params()
    model.fit(X, y)
    after = model.get_params()
    assert before.keys() == after.keys()
    assert all(after[name] is value for name, value in before.items())
    copy = clone(model)
    assert copy.get_params() == before
    assert fitted_attributes(copy) == {}
    assert params == {
        "hidden_layer_sizes": [6],
        "keep_prob": [0.5],
        "class_weight": {0: 2},
    }
    with pytest.raises(ValueError, match="dropout"):
        model.set_params(dropout=0.5)


def test_in_a_pipeline_in_a_grid_search():
    X, y = problem(n=120)
    labels = np.array(["no", "yes"])[y]
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network(max_iter=30, learning_rate_init=0.01)),
        {
            "regmlpclassifier__keep_prob": [1.0, 0.8],
            "regmlpclassifier__alpha": [1e-4, 1e3],
        },
        cv=2,
        error_score="raise",
    ).fit(1000 * X, labels)
    assert search.best_params_["regmlpclassifier__alpha"] == 1e-4
    assert search.score(1000 * X, labels) > 0.7


def test_tags_are_true():
    tags = RegMLPClassifier().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class


# Determinism


@by_name(STEPPING | DROPOUT | {"early stopping": {"early_stopping": True}})
def test_an_int_seed_decides_everything_and_disturbs_nothing(params):
    X, y = problem()
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other = (network(**params).fit(X, y) for _ in range(2))
    assert_same_network(one, other)
    assert one.loss_curve_ == other.loss_curve_
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    changed = network(**params | {"random_state": 1}).fit(X, y)
    assert not np.array_equal(changed.coefs_[0], one.coefs_[0])


def test_without_a_seed_every_fit_is_another():
    X, y = problem()
    one, other = (network(random_state=None).fit(X, y) for _ in range(2))
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_a_random_state_instance_moves_on():
    X, y = problem()
    random_state = np.random.RandomState(0)
    one, other = (network(random_state=random_state).fit(X, y) for _ in range(2))
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_shuffle():
    X, y = problem()
    reversed_rows = slice(None, None, -1)
    ordered = network(shuffle=False).fit(X, y)
    assert not np.array_equal(network().fit(X, y).coefs_[0], ordered.coefs_[0])
    backwards = network(shuffle=False).fit(X[reversed_rows], y[reversed_rows])
    assert not np.array_equal(backwards.coefs_[0], ordered.coefs_[0])


def test_html_representation_links_to_the_documentation():
    link = "https://skreg.readthedocs.io/en/stable/api/skreg.RegMLPClassifier.html"
    assert link in RegMLPClassifier()._repr_html_()
