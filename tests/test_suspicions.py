"""Input that is allowed, but suspicious: a warning says what to check."""

from types import SimpleNamespace

import numpy as np
import pytest
from estimators import SHORT_FITS, network, problem
from scipy.sparse import csr_array, csr_matrix
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPRegressor, TabularEncoder
from skreg._inputs.suspicions import (
    warn_of_many_classes,
    warn_of_other_range,
    warn_of_scale,
)

pytestmark = SHORT_FITS
rng = np.random.default_rng(0)
X, y = problem()


def test_a_validation_set_that_was_not_transformed_is_suspected():
    images, labels = load_digits(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), network())
    given = {
        "regmlpclassifier__X_val": images[900:],
        "regmlpclassifier__y_val": labels[900:],
    }
    with pytest.warns(UserWarning, match="X_val lies far outside.*transform_input"):
        pipeline.fit(images[:900], labels[:900], **given)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_validation_targets_in_another_unit_are_suspected(n_outputs):
    targets = np.arange(len(X))[:, None] % [7, 9][:n_outputs]
    other = 100 * targets if n_outputs == 1 else targets * [1, 100]
    match = f"y_val lies far outside.*Column {n_outputs - 1} .*Was y_val transformed"
    model = RegMLPRegressor(5, max_iter=4, random_state=0)
    with pytest.warns(UserWarning, match=match):
        model.fit(X, targets.squeeze(), X_val=X, y_val=other.squeeze())
    model.fit(X, targets.squeeze(), X_val=X, y_val=2 * targets.squeeze())


@pytest.mark.parametrize("kind", ["same", "tails", "constant", "sparse"])
def test_a_validation_set_of_the_same_kind_is_not(kind):
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(2, 300, 5))
    if kind == "tails":
        train, other = train**3, other**3
    if kind == "constant":
        train[:, 0], other[:, 0] = 0, 1
    if kind == "sparse":
        train, other = csr_array(train), csr_array(other)
    labels = np.arange(300) % 2
    network().fit(train, labels, X_val=other, y_val=labels)


def test_numbers_as_classes_are_suspected():
    numbers = np.arange(len(X)) % (len(X) // 2 + 1)
    with pytest.warns(UserWarning, match=r"y has \d+ classes in .* RegMLPRegressor"):
        network().fit(X, numbers)
    network().fit(X, np.arange(len(X)) % (len(X) // 2))


@pytest.mark.parametrize(("n_classes", "n_rows"), [(25, 50), (49, 49)])
def test_half_as_many_classes_as_rows_and_few_rows_are_not(n_classes, n_rows):
    warn_of_many_classes(n_classes, n_rows)  # warnings are errors
    with pytest.warns(UserWarning, match="26 classes in 50 rows"):
        warn_of_many_classes(26, 50)


def test_the_warning_of_another_range_has_that_of_the_column_that_is_farthest():
    inside = np.column_stack([np.arange(20.0), np.linspace(-2, -1.5, 20)])
    other = np.column_stack([np.arange(20.0), np.linspace(-1.5, -0.5, 20)])
    message = (
        r"X_val lies far .* of X: 25% of its values .* Column 'b' is from -2 to -1\.5 "
        r"in X, and from -1\.5 to -0\.5 in X_val\. Was X_val .* like X\? In a pipeline"
    )
    named = SimpleNamespace(feature_names_in_=["a", "b"])
    with pytest.warns(UserWarning, match=message):
        warn_of_other_range(named, inside, other)
    with pytest.warns(UserWarning, match=r"of y: .* Column 1 is .* like y\?$"):
        warn_of_other_range(None, inside, other, name="y")


@pytest.mark.parametrize(("n_far", "n_columns"), [(20, 2), (30, 3), (10, 1)])
def test_a_tenth_of_the_values_may_be_far(n_far, n_columns):
    inside = np.linspace(10, 12, 100)[:, np.newaxis].repeat(n_columns, 1)
    other = inside.copy()
    other[:n_far, 0] = 14.1
    warn_of_other_range(None, inside, other)  # warnings are errors
    other[n_far, 0] = 14.1
    with pytest.warns(UserWarning, match="Column 0 is from 10 to 12 in X"):
        warn_of_other_range(None, inside, other)


def test_the_warning_of_scales_has_the_largest_size_and_counts_columns():
    table = np.ones((50, 4)) * [1, -70, 2e-4, 90]
    table[::2] *= [1, 1, -1, 1]
    table[3, 1] = -123
    message = (
        "Column 1 of X has values up to 123 in size; of 4 columns 2 have a root mean "
        "square above 40, and 1 stay below 0.001"
    )
    with pytest.warns(UserWarning, match=message):
        warn_of_scale(None, table)
    with pytest.warns(UserWarning, match="Column 3 .* 90 in size; .* 1 have .* 1 stay"):
        warn_of_scale(None, table * [1, 0, 1, 1])
    with pytest.warns(UserWarning, match="Column 1 .* 123 in size; of 4 columns 1"):
        warn_of_scale(None, csr_array(table * [1, 1, 0, 0]))
    with pytest.warns(UserWarning, match="Column 'c' of X has"):
        warn_of_scale(
            SimpleNamespace(feature_names_in_=[*"abcd"]), table * [0, 0, 1, 0]
        )


def test_small_columns_are_judged_by_their_largest_size_in_fifty_rows():
    table = np.ones((50, 4)) * [1, 0, 1e-5, 0]
    table[:, 1] = np.linspace(-5e-4, -1e-4, 50)
    table[:, 3] = np.linspace(-2e-4, 6e-4, 50)
    message = "Column 1 of X has values up to 0.0005 in size; of 4 columns 0 .* and 2 "
    with pytest.warns(UserWarning, match=message):
        warn_of_scale(None, table)
    warn_of_scale(None, table[:49])  # warnings are errors


@pytest.mark.filterwarnings("ignore:The training loss ended")
@pytest.mark.parametrize(
    ("factor", "convert"),
    [
        (1e4, np.asarray),
        (80, np.asarray),
        (80, csr_array),
        (80, csr_matrix),
        (1e-5, np.asarray),
    ],
)
def test_a_column_of_extreme_scale_is_named(factor, convert):
    scaled = convert(X * [1, 1, factor, 1, 1])
    with pytest.warns(UserWarning, match="Column 2 of X.*StandardScaler"):
        network().fit(scaled, y)
    with pytest.warns(UserWarning, match="Column 2"):
        model = network().partial_fit(scaled, y, [0, 1])
    model.partial_fit(scaled, y)  # once is enough


@pytest.mark.filterwarnings("ignore:The training loss ended")
def test_the_column_that_is_named_is_large_in_most_rows():
    table = rng.normal(size=(100, 2)) * [1, 80]
    table[0, 0] = 350
    with pytest.warns(UserWarning, match="Column 1 of X.* of 2 columns 1 have"):
        network().fit(table, table[:, 1] > 0)


def test_tiny_values_underflow_without_a_warning():
    with np.errstate(all="raise"):
        network().fit(np.where(X > 1, 1e-170, X), y)


def test_a_rare_indicator_is_not_suspected_behind_a_scaler():
    table = rng.normal(size=(3000, 2))
    table[:, 1] = np.arange(3000) == 0  # 55 deviations above the mean
    make_pipeline(StandardScaler(), network()).fit(table, table[:, 0] > 0)


def test_a_column_whose_larger_values_are_in_few_rows_is_not_suspected():
    table = np.zeros((1200, 2))
    table[:, 0] = np.arange(1200) % 2
    table[0, 1], table[1, 1] = 1e-6, 1  # of three rows, one is looked at
    network().fit(table, table[:, 0].astype(int))


@pytest.mark.parametrize("scaler", [StandardScaler(), TabularEncoder()])
def test_a_constant_is_not_suspected_behind_a_scaler(scaler):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 3))
    table[:, 0] = 0.1  # whose mean is off by rounding
    make_pipeline(scaler, network()).fit(table, table[:, 1] > 0)


def test_sparse_text_features_are_not_suspected():
    rng = np.random.default_rng(0)
    counts = csr_array(rng.random((60, 500)) * (rng.random((60, 500)) < 0.01))
    network().fit(counts, y)
