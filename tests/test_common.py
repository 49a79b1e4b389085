"""scikit-learn's own checks, on the configurations that take different paths."""

from functools import cache
from importlib.util import find_spec

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    RegMLPRegressorCV,
)

ENGINE = "numba" if find_spec("numba") else "numpy"
DROPOUT_PER_ROW = RegMLPClassifier((32,), keep_prob=0.5)
EARLY_STOPPING = RegMLPClassifier((32,), early_stopping=True, validation_fraction=0.3)
COUNTS = RegMLPRegressor((20,), loss="poisson", learning_rate_init=0.01)
SMALL = RegMLPClassifier((16,), max_iter=9)
# One step per epoch on half of the units needs a larger rate for the checks that want
# an accuracy. Unshuffled, the masks do not depend on the number of rows.
PER_BATCH = RegMLPClassifier(
    (32, 32),
    keep_prob=0.5,
    dropout_mask="batch",
    learning_rate_init=0.01,
    batch_size=40,
    shuffle=False,
)

ESTIMATORS = [
    RegMLPClassifier(),
    RegMLPClassifier((32,), solver="sgd", engine=ENGINE),
    DROPOUT_PER_ROW,
    PER_BATCH,
    EARLY_STOPPING,
    # Smooth and penalised, so that rounding does not decide where a line search ends,
    # and no probability rounds to one.
    RegMLPClassifier((30,), solver="lbfgs", activation="tanh", alpha=0.01, tol=1e-3),
    # Two folds are enough to be a committee, and take the least time.
    RegMLPClassifierCV(SMALL, {"alpha": [1e-3, 0.1]}, cv=2),
    RegMLPRegressor(),
    RegMLPRegressor((32,), solver="sgd", loss="huber"),
    RegMLPRegressor((30,), solver="lbfgs", activation="tanh", alpha=0.1, tol=1e-2),
    COUNTS,
    RegMLPRegressorCV(RegMLPRegressor((16,)), cv=2),
]

MASK_PER_ROW = "A row with weight 2 has one mask, a row that occurs twice has two."
SPLIT_COUNTS_ROWS = "The validation split counts rows, whatever they weigh."
NEGATIVE_COUNTS = "The check has negative targets, whatever the tags say."
NO_PARTIAL_FIT = "The check calls partial_fit, which refuses early_stopping=True."

EXPECTED_FAILURES = [
    (
        DROPOUT_PER_ROW,
        {
            "check_sample_weight_equivalence_on_dense_data": MASK_PER_ROW,
            "check_sample_weight_equivalence_on_sparse_data": MASK_PER_ROW,
        },
    ),
    (
        EARLY_STOPPING,
        {
            "check_sample_weight_equivalence_on_dense_data": SPLIT_COUNTS_ROWS,
            "check_sample_weight_equivalence_on_sparse_data": SPLIT_COUNTS_ROWS,
            "check_fit_score_takes_y": NO_PARTIAL_FIT,
            "check_n_features_in_after_fitting": NO_PARTIAL_FIT,
            "check_estimators_partial_fit_n_features": NO_PARTIAL_FIT,
        },
    ),
    (COUNTS, {"check_regressor_multioutput": NEGATIVE_COUNTS}),
]


def expected_failed_checks(estimator):
    for configuration, failures in EXPECTED_FAILURES:
        alike = estimator.get_params() == configuration.get_params()
        if alike and type(estimator) is type(configuration):
            return failures
    return {}


# A list, since scikit-learn 1.6 gives pytest a generator, which pytest 9 warns about.
CHECKS = parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=expected_failed_checks
)
# Without a cache, the name of each estimator is made once per check.
CHECKS.kwargs["ids"] = cache(CHECKS.kwargs["ids"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Column . of X has values up to 10")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [RegMLPClassifier, RegMLPRegressor])
def test_the_default_configuration_has_no_expected_failure(kind):
    assert expected_failed_checks(kind()) == {}
