"""Factors of features, through the estimators; `engine/` has their equations."""

import numpy as np
import pytest
from helpers import every_engine
from sklearn.base import clone
from sklearn.datasets import make_classification

from skreg import RegMLPClassifier, RegMLPRegressor

X, y = make_classification(
    200, 12, n_informative=3, n_redundant=0, shuffle=False, random_state=0
)


def network(**params):
    params = {"max_iter": 5, "random_state": 0} | params
    return RegMLPClassifier((16, 8), **params)


@pytest.mark.parametrize("kind", [RegMLPClassifier, RegMLPRegressor])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Maximum iter:sklearn.exceptions.ConvergenceWarning")
def test_the_first_layer_sees_the_products(kind, solver):
    params = {"solver": solver, "max_iter": 5, "dtype": "float64", "random_state": 0}
    model = kind((16, 8), feature_scales=True, **params).fit(X, y)
    plain = clone(model).set_params(feature_scales=False).fit(X, y)
    assert plain.feature_scales_ is None
    assert model.feature_scales_.shape == (12,)
    assert (model.feature_scales_ != 1).all()
    first, *rest = model.coefs_
    plain.coefs_ = [model.feature_scales_[:, np.newaxis] * first, *rest]
    plain.intercepts_ = model.intercepts_
    run = "predict" if kind is RegMLPRegressor else "predict_proba"
    ours, theirs = (getattr(m, run)(X) for m in (model, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("hidden", [(), (5,), (16, 8)])
def test_at_a_minimum_a_factor_is_as_large_as_the_weights_of_its_feature(hidden):
    """Otherwise moving size from one to the other would lower the penalty."""
    params = {"solver": "lbfgs", "alpha": 0.01, "tol": 1e-10, "max_iter": 10_000}
    model = RegMLPClassifier(
        hidden, "tanh", feature_scales=True, random_state=0, **params
    )
    model.fit(X, y)
    sizes = np.linalg.norm(model.coefs_[0], axis=1)
    # alpha (s² - ‖W‖²) is at most the gradient left, 1e-10 times the parameters.
    np.testing.assert_allclose(abs(model.feature_scales_), sizes, atol=1e-6)
    assert sizes.max() > 0.1


def test_the_penalty_takes_features_that_do_not_help_out_of_the_network():
    model = RegMLPClassifier(random_state=0).fit(X, y)
    plain = RegMLPClassifier(feature_scales=False, random_state=0).fit(X, y)
    products = model.feature_scales_[:, np.newaxis] * model.coefs_[0]
    sizes, plain_sizes = (
        np.linalg.norm(w, axis=1) for w in (products, plain.coefs_[0])
    )
    assert sizes[3:].max() < 0.5 * sizes[:3].min()
    ratio, plain_ratio = (
        own[3:].mean() / own[:3].mean() for own in (sizes, plain_sizes)
    )
    assert ratio < 0.5 * plain_ratio


@pytest.mark.parametrize("dropout_mask", ["sample", "batch"])
@every_engine
def test_a_feature_without_effect_leaves_the_network(engine, dropout_mask):
    """Products that are subnormal, long before a factor is, would be slow."""
    params = {"alpha": [0.01, 0, 0], "batch_size": 10, "max_iter": 50}
    model = network(engine=engine, dropout_mask=dropout_mask, **params)
    model.fit(X * (np.arange(12) != 5), y)
    W, s = model.coefs_[0], model.feature_scales_
    assert s[5] == 0
    assert (W[5] == 0).all()
    others = np.delete(np.abs(s[:, np.newaxis] * W), 5, axis=0)
    assert (others.max(axis=1) > 1e-3).all()


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_stream_learns_a_feature_that_was_zero_before(solver):
    """Had it a factor and weights of zero, neither would have a gradient."""
    # The penalty takes 12 calls of sgd, and 26 of adam, to make a weight zero.
    params = {"solver": solver, "alpha": [0.3, 0], "feature_scales": True}
    model = RegMLPClassifier((16,), random_state=0, **params)
    rng = np.random.default_rng(0)

    def train(n_calls, feature):
        """Return the score on rows with a label for the sign of a feature."""
        for _ in range(n_calls):
            rows = rng.normal(size=(640, 4)) * [1, 1, 1, feature == 3]
            labels = rows[:, feature] > 0
            model.partial_fit(rows, labels, classes=[False, True])
        return model.score(rows, labels)

    assert train(60, feature=0) > 0.9
    assert (model.coefs_[0][3] == 0).all()
    assert train(20, feature=3) > 0.9


def test_a_stream_learns_after_all_features_were_zero():
    """Without weights, and with biases of zero, no unit would have a gradient."""
    model = RegMLPClassifier((16,), alpha=[0.1, 0], random_state=0)
    rng = np.random.default_rng(0)
    for k in range(150):
        rows = rng.normal(size=(640, 4))
        labels = rows[:, 0] > 0
        model.partial_fit(rows * (k >= 100), labels, classes=[False, True])
    assert model.score(rows, labels) > 0.9


def test_a_feature_that_a_fit_has_dropped_has_a_factor_of_zero():
    params = {"learning_rate": "constant", "max_iter": 60, "n_iter_no_change": np.inf}
    rows = np.random.default_rng(0).normal(size=(1000, 4)) * [1, 1, 1, 0]
    model = RegMLPClassifier((16,), alpha=[0.1, 0], random_state=0, **params)
    model.fit(rows, rows[:, 0] > 0)
    assert model.feature_scales_[3] == 0
    assert abs(model.feature_scales_[0]) > 0.1


@pytest.mark.parametrize("first", [True, False])
def test_training_goes_on_with_the_factors_it_has(first):
    model = network(feature_scales=first, warm_start=True).fit(X, y)
    model.set_params(feature_scales="auto").fit(X[:60], y[:60])
    assert (model.feature_scales_ is not None) is first
    model.set_params(feature_scales=not first)
    with pytest.raises(ValueError, match=f"feature_scales={not first} does not match"):
        model.fit(X, y)
    with pytest.raises(ValueError, match=f"which has {first}. Set it back"):
        model.partial_fit(X, y)
    model.set_params(warm_start=False).fit(X, y)
    assert (model.feature_scales_ is None) is first


def test_export_to_onnx():
    onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("skreg.onnx")
    model = network().fit(X, y)
    rows = X[:20].astype(np.float32)
    graph = onnx.to_onnx(model, rows[:1], options={"zipmap": False})
    session = runtime.InferenceSession(graph.SerializeToString())
    _, probabilities = session.run(None, {"X": rows})
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-6)
