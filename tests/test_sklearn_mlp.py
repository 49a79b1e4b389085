"""scikit-learn's own tests of MLPClassifier, with RegMLPClassifier in its place.

The settings that the tests leave out are those of MLPClassifier.
"""

import functools

import numpy as np
import pytest

from skreg import RegMLPClassifier

test_mlp = pytest.importorskip(
    "sklearn.neural_network.tests.test_mlp",
    reason="this scikit-learn is installed without its tests",
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IN_ITS_PLACE = functools.partial(
    RegMLPClassifier,
    hidden_layer_sizes=(100,),
    alpha=1e-4,
    keep_prob=1.0,
    learning_rate="constant",
    max_iter=200,
    n_iter_no_change=10,
    dtype="float64",
)

# Left out are those that read or set private attributes, one that wants a message to
# name the class as MLPClassifier encodes it, one that wants a warning where a fixed
# number of epochs was asked for, and one that wants to train in the precision of X.
RUN = [
    "test_alpha",
    "test_early_stopping",
    "test_lbfgs_classification",
    "test_lbfgs_classification_maxfun",
    "test_mlp_classifier_dtypes_casting",
    "test_mlp_early_stopping_string_labels",
    "test_mlp_partial_fit_after_fit",
    "test_mlp_warm_start_with_early_stopping",
    "test_multilabel_classification",
    "test_partial_fit_classes_error",
    "test_partial_fit_classification",
    "test_partial_fit_errors",
    "test_partial_fit_unseen_classes",
    "test_predict_proba_binary",
    "test_predict_proba_multiclass",
    "test_sparse_matrices",
    "test_tolerance",
    "test_verbose_sgd",
    "test_warm_start",
    "test_warm_start_full_iteration",
]
FAIL = {
    "test_predict_proba_multilabel": "It wants log-probabilities to be the logarithms "
    "of rounded probabilities; here they come from the logits, and are more exact.",
    "test_preserve_feature_names": "It fits one class, which is refused here.",
}


@pytest.fixture(autouse=True)
def _in_its_place(monkeypatch):
    monkeypatch.setattr(test_mlp, "MLPClassifier", IN_ITS_PLACE)
    np.random.seed(0)  # noqa: NPY002  (some of theirs draw from it)


def with_ours(mark):
    """Replace the class among the arguments of a test, and leave out regressors."""
    if mark.name != "parametrize":
        return mark
    names = mark.args[0].replace(" ", "").split(",")
    rows = [row if len(names) > 1 else (row,) for row in mark.args[1]]
    rows = [
        [IN_ITS_PLACE if v is test_mlp.MLPClassifier else v for v in row]
        for row in rows
        if not any(value is test_mlp.MLPRegressor for value in row)
    ]
    return pytest.mark.parametrize(names, rows)


def adopted(name):
    """Return a test of theirs as one of this module."""
    theirs = getattr(test_mlp, name)
    ours = functools.wraps(theirs)(lambda **arguments: theirs(**arguments))
    ours.pytestmark = [*map(with_ours, getattr(theirs, "pytestmark", []))]
    return pytest.mark.xfail(reason=FAIL[name])(ours) if name in FAIL else ours


# Not every version of scikit-learn has every test.
globals().update({n: adopted(n) for n in [*RUN, *FAIL] if hasattr(test_mlp, n)})
