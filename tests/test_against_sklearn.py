"""The objective and the steps, against LogisticRegression and MLPClassifier."""

import numpy as np
import pytest
from estimators import (
    SHORT_FITS,
    STEPPING,
    assert_same_network,
    by_name,
    network,
    problem,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

pytestmark = [
    SHORT_FITS,
    pytest.mark.filterwarnings(
        "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning",
        "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning",
    ),
]


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
        ours.predict_proba(X), reference.predict_proba(X), atol=1e-6
    )
    minimum = log_loss(y, reference.predict_proba(X), sample_weight=total)
    minimum += alpha / 2 * np.sum(reference.coef_**2)
    np.testing.assert_allclose(ours.loss_, minimum, rtol=1e-6)


def test_multilabel_outputs_without_hidden_layer_are_independent():
    X, Y = problem("multilabel")
    together = precise(hidden_layer_sizes=(), alpha=0.05).fit(X, Y)
    alone = [precise(hidden_layer_sizes=(), alpha=0.05).fit(X, y) for y in Y.T]
    np.testing.assert_allclose(
        together.coefs_[0], np.hstack([model.coefs_[0] for model in alone]), atol=1e-5
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
