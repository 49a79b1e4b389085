"""scikit-learn's own tests of MLPClassifier, run with RegMLPClassifier in its place."""

import inspect
import itertools

import numpy as np
import pytest

from skreg import RegMLPClassifier

test_mlp = pytest.importorskip(
    "sklearn.neural_network.tests.test_mlp",
    reason="this scikit-learn is installed without its tests",
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RUN = [
    "test_alpha",
    "test_early_stopping",
    "test_lbfgs_classification",
    "test_lbfgs_classification_maxfun",
    "test_mlp_classifier_dtypes_casting",
    "test_mlp_early_stopping_string_labels",
    "test_mlp_param_dtypes",
    "test_mlp_partial_fit_after_fit",
    "test_mlp_warm_start_no_convergence",
    "test_mlp_warm_start_with_early_stopping",
    "test_partial_fit_classes_error",
    "test_partial_fit_classification",
    "test_partial_fit_errors",
    "test_partial_fit_unseen_classes",
    "test_predict_proba_binary",
    "test_predict_proba_multiclass",
    "test_sparse_matrices",
    "test_tolerance",
    "test_warm_start",
    "test_warm_start_full_iteration",
]

PRIVATE = "It reads or sets private attributes."
REGRESSOR = "It is about MLPRegressor."
LEFT_OUT = {
    "test_adaptive_learning_rate": PRIVATE,
    "test_fit": PRIVATE,
    "test_gradient": PRIVATE,
    "test_learning_rate_warmstart": PRIVATE,
    "test_n_iter_no_change": PRIVATE + " And there the count is one more.",
    "test_n_iter_no_change_inf": PRIVATE,
    "test_early_stopping_stratified": "It wants a message to name the class as "
    "MLPClassifier encodes it, 'True'; here it has the user's name.",
    "test_multilabel_classification": "Its learning rate is meant for classical "
    "momentum, where a step is ten times as long as with averaged momentum.",
    "test_predict_proba_multilabel": "It wants log-probabilities to be the logarithms "
    "of rounded probabilities; here they come from the logits, and are more exact.",
    "test_preserve_feature_names": "It fits one class, which is refused here.",
    "test_verbose_sgd": "It wants verbose=10 to print each of two epochs; here it "
    "prints every tenth.",
} | dict.fromkeys(
    [
        "test_lbfgs_regression",
        "test_lbfgs_regression_maxfun",
        "test_minimum_input_sample_size",
        "test_mlp_diverging_loss",
        "test_mlp_loading_from_joblib_partial_fit",
        "test_mlp_regressor_dtypes_casting",
        "test_mlp_sample_weight_with_early_stopping",
        "test_mlp_vs_poisson_glm_equivalent",
        "test_multioutput_regression",
        "test_nonfinite_params",
        "test_partial_fit_regression",
        "test_shuffle",
    ],
    REGRESSOR,
)

THEIRS = {
    name: function
    for name, function in inspect.getmembers(test_mlp, inspect.isfunction)
    if name.startswith("test_")
}
if "'True'" not in inspect.getsource(THEIRS["test_early_stopping_stratified"]):
    # scikit-learn 1.6 names no class in that message.
    del LEFT_OUT["test_early_stopping_stratified"]
    RUN.append("test_early_stopping_stratified")


def calls(function):
    """Yield the arguments that pytest would give a test, less those for regressors."""
    axes = []
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            names = mark.args[0].replace(" ", "").split(",")
            rows = mark.args[1] if len(names) > 1 else [[v] for v in mark.args[1]]
            axes.append([dict(zip(names, row, strict=True)) for row in rows])
    for row in itertools.product(*axes):
        arguments = {name: value for part in row for name, value in part.items()}
        if not any(value is test_mlp.MLPRegressor for value in arguments.values()):
            yield {
                name: RegMLPClassifier if value is test_mlp.MLPClassifier else value
                for name, value in arguments.items()
            }


def cases():
    for name, function in THEIRS.items():
        reason = LEFT_OUT.get(name)
        if reason != REGRESSOR:
            marks = []
            if reason:
                run = not reason.startswith(PRIVATE)
                marks = [pytest.mark.xfail(reason=reason, run=run)]
            for k, arguments in enumerate(calls(function)):
                yield pytest.param(function, arguments, id=f"{name}-{k}", marks=marks)


@pytest.mark.parametrize(("function", "arguments"), list(cases()))
def test_with_the_name_of_the_class_replaced(function, arguments, monkeypatch, request):
    monkeypatch.setattr(test_mlp, "MLPClassifier", RegMLPClassifier)
    np.random.seed(0)  # noqa: NPY002  (some of theirs draw from it)
    for name in inspect.signature(function).parameters.keys() - arguments.keys():
        arguments[name] = request.getfixturevalue(name)
    function(**arguments)


def test_every_test_is_run_or_has_a_reason():
    assert not set(RUN) & LEFT_OUT.keys()
    assert THEIRS.keys() <= set(RUN) | LEFT_OUT.keys()
    for name, function in THEIRS.items():
        names_it = "MLPClassifier" in inspect.getsource(function)
        assert names_it == (LEFT_OUT.get(name) != REGRESSOR), name
