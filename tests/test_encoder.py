"""The encoder against loops over its definition, and against scikit-learn's parts."""

import datetime
import pickle
import re
from decimal import Decimal
from importlib.util import find_spec

import numpy as np
import pytest
import sklearn
from helpers import run_python
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skreg import RegMLPClassifier, RegMLPRegressor, TabularEncoder

rng = np.random.default_rng(0)
NAN = np.nan


def numbers(n_rows=60, dtype=np.float64):
    """Return columns with and without ties and missing values."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5))
    X[::7, 1] = NAN
    X[:, 2] = rng.integers(0, 5, n_rows)
    X[:, 3] = np.maximum(X[:, 3], 0)
    X[:, 4] = 1e6 + rng.integers(0, 2, n_rows)
    return X.astype(dtype)


def names(encoder):
    return encoder.get_feature_names_out().tolist()


def part(encoder, X, pattern):
    """Return the encoded columns with certain names."""
    wanted = [bool(re.search(pattern, name)) for name in names(encoder)]
    return encoder.transform(X)[:, wanted]


def naive_code(x, edges):
    """Return the code of a number by its definition."""
    code = []
    for left, right in zip(edges[:-1], edges[1:]):
        if x < left:
            code.append(0)
        elif x > right:
            code.append(1)
        else:
            code.append((x - left) / (right - left))
    return code


def naive_edges(x, n_bins):
    """Return the edges by walking along the sorted values with their weights."""
    weights = {}
    for value in sorted(x):
        weights[value] = weights.get(value, 0) + 1
    if len(weights) <= n_bins + 1:
        return list(weights)
    for _ in range(n_bins):
        limit = sum(weights.values()) / n_bins
        weights = {value: min(weight, limit) for value, weight in weights.items()}
    points, passed = [], 0
    for value, weight in weights.items():
        points.append((passed + weight / 2, value))
        passed += weight
    edges = []
    for t in range(n_bins + 1):
        at = points[0][0] + (points[-1][0] - points[0][0]) * t / n_bins
        for (at_0, value_0), (at_1, value_1) in zip(points[:-1], points[1:]):
            if at_0 <= at <= at_1 or at_1 == points[-1][0]:
                share = min((at - at_0) / (at_1 - at_0), 1)
                edges.append(value_0 + share * (value_1 - value_0))
                break
    return edges


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numbers_are_those_of_the_imputer_and_the_scaler(dtype):
    X = np.nan_to_num(numbers()).astype(dtype) if dtype == np.int64 else numbers()
    encoder = TabularEncoder(dtype=np.float64).fit(X)
    theirs = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    expected = theirs.fit_transform(X)
    np.testing.assert_allclose(part(encoder, X, r"^x\d$"), expected, atol=1e-8)


def test_indicators_are_those_of_the_missing_indicator():
    X = numbers()
    encoder = TabularEncoder().fit(X)
    expected = MissingIndicator().fit_transform(X)
    np.testing.assert_array_equal(part(encoder, X, "missing"), expected)


@pytest.mark.parametrize("n_bins", [1, 2, 3, 8, 100])
def test_code_is_its_definition(n_bins):
    X = numbers()
    encoder = TabularEncoder(n_bins, dtype=np.float64).fit(X)
    rows = np.vstack([X, X - 0.3, [[-99.0] * 5, [99.0] * 5]])
    filled = np.where(np.isnan(rows), np.nanmedian(X, axis=0), rows)
    for j, edges in enumerate(encoder.bin_edges_):
        expected = naive_edges(X[~np.isnan(X[:, j]), j], n_bins)
        np.testing.assert_allclose(edges, expected, rtol=1e-12, atol=1e-12)
        code = np.array([naive_code(x, edges) for x in filled[:, j]])
        code -= code[: len(X)].mean(axis=0)
        if len(edges) == 2:
            code = np.empty((len(rows), 0))
        np.testing.assert_allclose(part(encoder, rows, f"x{j}_bin"), code, atol=1e-12)


@pytest.mark.parametrize("n_bins", [1, 2, 7, 8])
def test_edges_are_the_quantiles_where_no_value_occurs_twice(n_bins):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 1))
    (edges,) = TabularEncoder(n_bins).fit(x).bin_edges_
    expected = np.quantile(x, np.linspace(0, 1, n_bins + 1))
    np.testing.assert_allclose(edges, expected, rtol=1e-12)


def test_few_values_are_the_edges():
    rng = np.random.default_rng(0)
    x = rng.permutation([1.0] * 90 + [2.0, 5.0, 7.0, NAN])[:, None]
    (edges,) = TabularEncoder(3).fit(x).bin_edges_
    assert edges.tolist() == [1.0, 2.0, 5.0, 7.0]


def test_a_frequent_value_leaves_the_bins_to_the_others():
    x = np.r_[np.zeros(9000), np.arange(1, 1001)][:, None]
    (edges,) = TabularEncoder(8).fit(x).bin_edges_
    counts, _ = np.histogram(x[x > 0], edges)
    assert edges[0] == 0
    assert counts.min() > 50


def exceptions(n_values, n_rows=600):
    """Return a column that is mostly zero, and its other values with their numbers."""
    rng = np.random.default_rng(0)
    values = rng.permutation(n_values) * 100.1 - 200
    counts = np.arange(1, n_values + 1)
    zeros = np.zeros(n_rows - counts.sum())
    x = rng.permutation(np.r_[np.repeat(values, counts), zeros])
    return x[:, None], values, counts


@pytest.mark.parametrize("min_frequency", [1, 5, 10 / 600, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_frequent_values_have_indicators_in_a_column_that_is_mostly_one(
    min_frequency, dtype
):
    x, values, counts = exceptions(20)
    encoder = TabularEncoder(min_frequency=min_frequency).fit(x.astype(dtype))
    n_least = min_frequency if isinstance(min_frequency, int) else 10
    frequent = values[counts >= n_least][::-1]
    (found,) = encoder.frequent_values_
    np.testing.assert_array_equal(found, frequent.astype(dtype))
    named = ["x0_" + str(dtype(value)).removesuffix(".0") for value in frequent]
    assert names(encoder)[9:] == named
    for other in (np.float32, np.float64):
        indicators = encoder.transform(x.astype(other))[:, 9:]
        np.testing.assert_array_equal(indicators, x == frequent)


def test_of_very_many_frequent_values_fifty_have_indicators():
    x, values, _ = exceptions(70, 10_000)
    (found,) = TabularEncoder().fit(x).frequent_values_
    np.testing.assert_array_equal(found, values[:-51:-1])


def test_frequent_values_that_are_close_have_their_own_indicators():
    days = 20_240_101.0 + np.arange(12)
    x = np.r_[np.zeros(200), np.repeat(days, 10), days[-1] + 1][:, None]
    encoder = TabularEncoder(n_bins=1).fit(x)
    indicators = encoder.transform(x)[:, 1:]
    np.testing.assert_array_equal(indicators, x == days)
    assert names(encoder)[1:] == [f"x0_{day:.0f}" for day in days]


def test_a_number_beyond_the_largest_value_is_not_that_value():
    x = np.r_[np.zeros(30), np.arange(10), np.full(12, 99_999.0)][:, None]
    encoder = TabularEncoder().fit(x)
    assert names(encoder)[-1] == "x0_99999"
    assert encoder.transform([[1e6], [99_999]])[:, -1].tolist() == [0, 1]


def test_only_exceptions_have_indicators():
    values = 1.0 + np.arange(149) % 10
    more_than_half = np.r_[np.zeros(150), values]
    half = np.r_[5, more_than_half[1:]]
    missing = np.r_[half[:-3], [NAN] * 3]
    few = np.minimum(more_than_half, 8)
    X = np.c_[half, more_than_half, missing, few]
    encoder = TabularEncoder(min_frequency=1).fit(X)
    assert [len(values) for values in encoder.frequent_values_] == [0, 10, 0, 0]


@pytest.mark.parametrize("n_below", range(11))
def test_edges_differ_among_neighbouring_floats(n_below):
    neighbours = np.repeat(1 + np.arange(4) * np.spacing(1.0), 1000)
    others = np.r_[np.arange(-n_below, 0), np.arange(2, 12 - n_below)]
    x = np.r_[neighbours, others][:, None]
    encoder = TabularEncoder().fit(x)
    assert (np.diff(encoder.bin_edges_[0]) > 0).all()
    assert np.isfinite(encoder.transform(x)).all()


def test_copies_of_all_rows_change_nothing_but_the_rare_categories():
    X = numbers()
    once, thrice = (
        TabularEncoder().fit(X),
        TabularEncoder().fit(np.repeat(X, 3, axis=0)),
    )
    np.testing.assert_allclose(once.transform(X), thrice.transform(X), atol=1e-6)


def test_numbers_beyond_the_range_count_as_its_end():
    X = numbers()
    encoder = TabularEncoder().fit(X)
    ends = np.array([np.nanmin(X, axis=0), np.nanmax(X, axis=0)])
    beyond = ends + np.array([[-1e9], [1e9]])
    np.testing.assert_array_equal(encoder.transform(beyond), encoder.transform(ends))


def test_rows_do_not_depend_on_each_other():
    X = numbers(2500)
    encoder = TabularEncoder().fit(X)
    rows = [0, 1023, 1024, 2499]
    np.testing.assert_array_equal(
        encoder.transform(X)[rows], encoder.transform(X[rows])
    )


@pytest.mark.parametrize("min_frequency", [1, 10, 0.3])
def test_categories_are_those_of_the_one_hot_encoder(min_frequency):
    rng = np.random.default_rng(0)
    city = rng.choice(["Rome", "Oslo", "Bonn"], size=(100, 2), p=[0.6, 0.35, 0.05])
    unseen = np.array([["Rome", "Graz"], ["Bonn", "Oslo"]])
    encoder = TabularEncoder(min_frequency=min_frequency).fit(city)
    theirs = OneHotEncoder(
        min_frequency=min_frequency, handle_unknown="infrequent_if_exist"
    ).fit(city)
    for rows in (city, unseen):
        expected = theirs.transform(rows).toarray()
        np.testing.assert_array_equal(encoder.transform(rows), expected)
    assert names(encoder) == theirs.get_feature_names_out().tolist()


def test_unknown_categories_without_rare_ones_have_no_indicator():
    encoder = TabularEncoder(min_frequency=1).fit([["a"], ["b"]])
    assert encoder.transform([["c"], ["a"]]).tolist() == [[0, 0], [1, 0]]


def test_a_long_double_is_learned_as_float64():
    """It differs between platforms, and a pickle with one loads only on its own."""
    X = np.where(np.arange(60) % 5 < 3, 0, np.arange(60))[:, np.newaxis]
    long = X.astype(np.longdouble) / 3
    encoder = TabularEncoder(min_frequency=1).fit(long)
    expected = TabularEncoder(min_frequency=1).fit(long.astype(np.float64))
    assert expected.frequent_values_[0].size
    np.testing.assert_equal(vars(encoder), vars(expected))
    assert encoder.frequent_values_[0].dtype == np.float64
    np.testing.assert_array_equal(encoder.transform(long), expected.transform(long))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_text_of_numbers(dtype):
    texts = ["0", "0.1", "10000000000", "2", "missing", "x"]  # as they are sorted
    encoder = TabularEncoder(min_frequency=1).fit(np.reshape(texts, (-1, 1)))
    x = np.array([2, NAN, -0.0, 0.1, 1e10, NAN, 0.0], dtype)[:, None]
    found = encoder.transform(x).argmax(axis=1)
    expected = ["2", "missing", "0", "0.1", "10000000000", "missing", "0"]
    assert [texts[i] for i in found] == expected


def test_a_missing_category_is_one_like_the_others():
    encoder = TabularEncoder(min_frequency=2).fit([["a"], ["a"], [None], [NAN]])
    assert names(encoder) == ["x0_a", "x0_missing"]
    assert encoder.transform([[None], ["a"]]).tolist() == [[0, 1], [1, 0]]


def test_categories_are_compared_as_text():
    encoder = TabularEncoder(min_frequency=1).fit([[1], [2.0], ["1"], ["a"], [2.5]])
    assert names(encoder) == ["x0_1", "x0_2", "x0_2.5", "x0_a"]
    expected = [[1, 0, 0, 0], [0, 1, 0, 0]]
    assert encoder.transform(np.array([[1.0], [2.0]])).tolist() == expected


def test_columns_of_an_object_array_are_decided_one_by_one():
    X = [
        [1, "a", True, None],
        [Decimal("2.5"), None, False, None],
        [NAN, "b", None, None],
    ]
    encoder = TabularEncoder(min_frequency=1).fit(X)
    assert encoder.is_categorical_.tolist() == [False, True, True, True]
    assert names(encoder) == [
        "x0", "x0_missing", "x1_a", "x1_b", "x1_missing",
        "x2_False", "x2_True", "x2_missing", "x3_missing",
    ]  # fmt: skip
    np.testing.assert_array_equal(
        encoder.transform(np.array(X, dtype=object)), encoder.transform(X)
    )


# Columns of data frames, and the same values as objects.

PANDAS = {
    "int64": ([1, 2, 2, 5], False),
    "uint8": ([1, 2, 2, 5], False),
    "float32": ([1.5, None, 2.0, 5.0], False),
    "Int64": ([1, None, 2, 5], False),
    "Float32": ([1.5, None, 2.0, 5.0], False),
    "int64[pyarrow]": ([1, None, 2, 5], False),
    "double[pyarrow]": ([1.5, None, 2.0, 5.0], False),
    "Sparse[float]": ([0.0, 0.0, 1.0, 5.0], False),
    "object": (["a", None, "b", "a"], True),
    "str": (["a", "b", "b", "a"], True),
    "string": (["a", None, "b", "a"], True),
    "string[pyarrow]": (["a", None, "b", "a"], True),
    "category": (["a", None, "b", "a"], True),
    "bool": ([True, False, True, True], True),
    "boolean": ([True, None, False, True], True),
    "bool[pyarrow]": ([True, None, False, True], True),
}
POLARS = {
    "Int16": ([1, None, 2, 5], False),
    "Float32": ([1.5, None, 2.0, 5.0], False),
    "Boolean": ([True, None, False, True], True),
    "String": (["a", None, "b", "a"], True),
    "Categorical": (["a", None, "b", "a"], True),
}


def assert_encoded_as(frame, values, is_categorical):
    encoder = TabularEncoder(min_frequency=1).fit(frame)
    objects = np.array(values, dtype=object)[:, None]
    expected = TabularEncoder(min_frequency=1).fit(objects)
    assert encoder.is_categorical_.tolist() == [is_categorical]
    assert names(encoder) == expected.get_feature_names_out(["c"]).tolist()
    np.testing.assert_array_equal(encoder.transform(frame), expected.transform(objects))


@pytest.mark.parametrize("dtype", PANDAS)
def test_dtypes_of_pandas(dtype):
    pd = pytest.importorskip("pandas")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    values, is_categorical = PANDAS[dtype]
    frame = pd.DataFrame({"c": pd.Series(values, dtype=dtype)})
    assert_encoded_as(frame, values, is_categorical)


@pytest.mark.parametrize("dtype", [*POLARS, "Enum"])
def test_dtypes_of_polars(dtype):
    pl = pytest.importorskip("polars")
    values, is_categorical = POLARS.get(dtype, POLARS["String"])
    kind = pl.Enum(["b", "a"]) if dtype == "Enum" else getattr(pl, dtype)
    frame = pl.DataFrame({"c": values}).cast({"c": kind})
    assert_encoded_as(frame, values, is_categorical)


@pytest.mark.parametrize("n", [1, 2**60])
def test_a_category_of_integers_has_the_same_text_beside_a_missing_one(n):
    pd = pytest.importorskip("pandas")
    whole = pd.DataFrame({"c": pd.Categorical([n, n + 1, n])})
    partly = pd.DataFrame({"c": pd.Categorical([n, n + 1, None])})
    encoder = TabularEncoder(min_frequency=1).fit(whole)
    assert names(encoder) == [f"c_{n}", f"c_{n + 1}"]
    assert encoder.transform(partly).tolist() == [[1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize("marker", ["None", "nan", "pandas.NA", "pandas.NaT", "NaT"])
def test_markers_of_missing_values(marker):
    if marker.startswith("pandas."):
        value = getattr(pytest.importorskip("pandas"), marker[7:])
    else:
        value = {"None": None, "nan": NAN, "NaT": np.datetime64("NaT", "D")}[marker]
    X = np.array([[1.0, "a"], [value, value], [3.0, "b"]], dtype=object)
    encoder = TabularEncoder(min_frequency=1).fit(X)
    assert names(encoder) == ["x0", "x0_missing", "x1_a", "x1_b", "x1_missing"]
    assert encoder.transform(X)[1].tolist() == [0, 1, 0, 0, 1]


def test_constant_and_missing_columns_are_zeros():
    X = np.array([[0.1, NAN], [0.1, NAN], [0.1, NAN]])
    encoder = TabularEncoder().fit(X)
    assert names(encoder) == ["x0", "x1", "x1_missing"]
    rows = [[0.1, NAN], [7.0, 7.0], [NAN, NAN]]
    expected = [[0, 0, 1], [0, 0, 0], [0, 0, 1]]
    np.testing.assert_allclose(encoder.transform(rows), expected, atol=1e-15)


def test_one_row():
    row = [[1.0, "a", None, NAN]]
    encoded = TabularEncoder().fit_transform(row)
    assert encoded.tolist() == [[0, 1, 1, 1]]


def test_tiny_numbers_stay_finite():
    x = np.array([[0.0], [5e-324], [1e-200]])
    assert np.isfinite(TabularEncoder().fit_transform(x)).all()


def test_large_numbers_are_those_of_the_scaler():
    rng = np.random.default_rng(0)
    x = 1e150 * rng.uniform(-1, 1, size=(1000, 1))
    encoder = TabularEncoder(1, dtype=np.float64).fit(x)
    np.testing.assert_allclose(
        encoder.transform(x), StandardScaler().fit_transform(x), rtol=1e-9
    )
    for info in (np.finfo("f2"), np.finfo("f4"), np.iinfo("i8"), np.iinfo("u8")):
        ends = np.array([[info.min], [info.max]], info.dtype)
        expected = StandardScaler().fit_transform(ends.astype(np.float64))
        np.testing.assert_allclose(TabularEncoder().fit_transform(ends), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_output(dtype):
    X = numbers()
    before = X.copy()
    encoded = TabularEncoder(dtype=dtype).fit_transform(X)
    assert encoded.dtype == dtype
    assert encoded.flags.c_contiguous
    np.testing.assert_array_equal(X, before)


def test_names_follow_the_columns():
    pd = pytest.importorskip("pandas")
    ages = [20.0, NAN, 30.0, 50.0]
    frame = pd.DataFrame({"city": ["Rome", "Rome", None, "Oslo"], "age": ages})
    encoder = TabularEncoder(min_frequency=2).fit(frame)
    assert encoder.feature_names_in_.tolist() == ["city", "age"]
    assert names(encoder) == [
        "age", "age_missing", "age_bin0", "age_bin1",
        "city_Rome", "city_infrequent_sklearn",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="input_features is not equal"):
        encoder.get_feature_names_out(["town", "age"])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    module = pytest.importorskip(library)
    frame = module.DataFrame({"x": [1.0, 2.0, 4.0], "c": ["a", "b", "a"]})
    encoder = TabularEncoder(min_frequency=1).set_output(transform=library)
    encoded = encoder.fit_transform(frame)
    assert isinstance(encoded, module.DataFrame)
    assert list(encoded.columns) == ["x", "x_bin0", "x_bin1", "c_a", "c_b"]
    plain = encoder.set_output(transform="default").transform(frame)
    np.testing.assert_array_equal(encoded.to_numpy(), plain)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_that_the_table_has_already(library):
    module = pytest.importorskip(library)
    table = {
        "age_missing": [0.0, 1.0, 0.0, 0.0],
        "age": [20.0, None, 30.0, 50.0],
        "age_bin0_": [4.0, 5.0, 6.0, 9.0],
        "age_bin0": [1.0, 2.0, 3.0, 4.0],
        "a_b": ["c", "d", "c", "d"],
        "a": ["b_c", "d", "b_c", "d"],
    }
    frame = module.DataFrame(table)
    encoder = TabularEncoder(2, min_frequency=1)
    encoder.set_output(transform=library).fit(frame)
    assert names(encoder) == [
        "age_missing", "age", "age_bin0_", "age_bin0", "age_missing_",
        "age_bin0__", "age_bin1", "age_bin0__bin0", "age_bin0__bin1",
        "age_bin0_bin0", "age_bin0_bin1", "a_b_c", "a_b_d", "a_b_c_", "a_d",
    ]  # fmt: skip
    encoded = encoder.transform(frame)
    assert list(encoded.columns) == names(encoder)
    assert list(encoded["age_missing_"]) == table["age_missing"]
    expected = StandardScaler().fit_transform(frame[["age_missing"]].to_numpy())
    np.testing.assert_allclose(encoded["age_missing"], expected[:, 0], rtol=1e-6)


def test_set_output_keeps_the_index():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=["first", "second"])
    encoder = TabularEncoder().set_output(transform="pandas")
    assert encoder.fit_transform(frame).index.tolist() == ["first", "second"]


WITHOUT_PANDAS = """
import sys

class WithoutPandas:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, WithoutPandas())
from skreg import TabularEncoder

TABLES = {"list": [[1, "a"], [None, None], [3, "a"]]}
try:
    import polars

    TABLES["polars"] = polars.DataFrame({"x": [1, None, 3], "c": ["a", None, "a"]})
except ModuleNotFoundError as error:
    assert error.name == "polars"
for name, X in TABLES.items():
    print(name, TabularEncoder(min_frequency=2).fit_transform(X).shape)
"""


def test_needs_no_pandas():
    out = run_python("-c", WITHOUT_PANDAS).stdout
    kinds = ["list", "polars"] if find_spec("polars") else ["list"]
    assert out.splitlines() == [f"{kind} (3, 4)" for kind in kinds]


# What is refused


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_bins": 0}, "'n_bins'.* int in the range .*Got 0"),
        ({"n_bins": 2.5}, "'n_bins'.* int in the range .*Got 2.5"),
        ({"min_frequency": 0}, "'min_frequency'.* Got 0"),
        ({"min_frequency": 1.5}, "'min_frequency'.* Got 1.5"),
        ({"dtype": np.int64}, "'dtype'.* among {.*float32.*}"),
    ],
)
def test_bad_parameters(parameters, message):
    encoder = TabularEncoder().set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        encoder.fit([[1.0], [2.0]])


DATES = [
    datetime.date(2020, 1, 1),
    datetime.datetime(2020, 1, 1),
    datetime.time(12),
    datetime.timedelta(1),
    np.datetime64("2020-01-01"),
    np.timedelta64(1, "D"),
]
BAD_TABLES = {
    "infinity": (np.array([[0.0, 1.0], [0.0, np.inf]]), "Column 1 holds infinite"),
    "infinite object": ([["a", 1.0], ["b", -np.inf]], "Column 1 holds infinite"),
    "largest float": ([[np.finfo(float).max], [1.0]], r"1.8e\+308 in size.* by NaN"),
    "lowest float": (-np.array([[1.7e308], [1.0]]), r"up to 1.7e\+308.* by NaN"),
    "just too large": (np.array([[1.01e150], [1.0]]), r"1.01e\+150 in size"),
    "huge integer": (np.array([[10**400], [1]], object), "0 holds an integer beyond"),
    "masked": (np.ma.masked_array([[1.0]], [[True]]), "X has masked entries"),
    "one dimension": (np.array([1.0, 2.0]), "Expected 2D array"),
    "no rows": (np.empty((0, 2)), "0 sample"),
    "no columns": (np.empty((2, 0)), r"0 feature\(s\)"),
    "complex": (np.array([[1j]]), "Complex data not supported"),
    "dates": (np.array([["2020-01-01"]], "M8[D]"), "Column 0 holds dates"),
    **{str(type(d)): ([["a", d], ["b", None]], "Column 1 holds dates") for d in DATES},
    "complex object": (np.array([[1j], [2]], object), "Column 0 holds complex numbers"),
    "complex scalar": ([["a", np.complex64(1)]], "Column 1 holds complex numbers"),
    "dict": ([["a", {"b": 1}]], "Column 1 holds lists or structs. Split it"),
    "frozenset": ([["a", frozenset("b")]], "Column 1 holds lists or structs. Split it"),
    "set": ([["a", {"b"}]], "Column 1 holds lists or structs. Split it"),
    "tuple": ([["a", ("b",)]], "Column 1 holds lists or structs. Split it"),
    "object": ([["a", object()]], "Column 1 holds objects of <class 'object'>, which"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_refused_table_changes_nothing(name):
    X, message = BAD_TABLES[name]
    new, fitted = TabularEncoder(), TabularEncoder().fit(numbers())
    before = pickle.dumps(fitted)
    for encoder in (new, fitted):
        with pytest.raises(ValueError, match=message):
            encoder.fit(X)
    assert vars(new) == vars(TabularEncoder())
    assert pickle.dumps(fitted) == before


def test_other_columns_than_in_fit_are_refused_by_name():
    pd = pytest.importorskip("pandas")
    encoder = TabularEncoder().fit(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(ValueError, match=r"^X: The feature names should match"):
        encoder.transform(pd.DataFrame({"b": [1.0, 2.0]}))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_refused_column_is_named(library):
    module = pytest.importorskip(library)
    with pytest.raises(ValueError, match="Column 'x' holds infinite numbers"):
        TabularEncoder().fit(module.DataFrame({"x": [1.0, np.inf]}))
    days = module.Series([datetime.datetime(2020, 1, 1), None])
    with pytest.raises(ValueError, match="Column 'day' holds dates"):
        TabularEncoder().fit(module.DataFrame({"day": days}))
    with pytest.raises(ValueError, match="X has 0 rows and 1 columns"):
        TabularEncoder().fit(module.DataFrame({"x": []}))


def test_a_time_zone_is_no_way_around():
    pd = pytest.importorskip("pandas")
    days = pd.to_datetime(["2020-01-01", None]).tz_localize("UTC")
    with pytest.raises(ValueError, match="Column 'day' holds dates"):
        TabularEncoder().fit(pd.DataFrame({"day": days}))


def test_names_of_two_types_change_nothing():
    pd = pytest.importorskip("pandas")
    encoder = TabularEncoder()
    with pytest.raises(TypeError, match="string names"):
        encoder.fit(pd.DataFrame({"a": [1.0], 0: [2.0]}))
    assert vars(encoder) == vars(TabularEncoder())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_lists_in_a_column(library):
    module = pytest.importorskip(library)
    frame = module.DataFrame({"x": [1.0, 2.0], "a": [[1, 2], [3]]})
    with pytest.raises(ValueError, match="Column 'a' holds lists or structs"):
        TabularEncoder().fit(frame)


@pytest.mark.parametrize("kind", ["Array", "Struct"])
def test_nested_columns_of_polars(kind):
    pl = pytest.importorskip("polars")
    if kind == "Array":
        nested = pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2))
    else:
        nested = pl.Series([{"b": 1, "c": "x"}, {"b": 2, "c": "y"}])
    frame = pl.DataFrame({"a": nested, "x": [1.0, 2.0]})
    with pytest.raises(ValueError, match="Column 'a' holds lists or structs"):
        TabularEncoder().fit(frame)


def test_other_values_of_pandas():
    pd = pytest.importorskip("pandas")
    months = pd.DataFrame({"month": [*pd.period_range("2020-01", periods=3, freq="M")]})
    for frame in (months, months.astype("category")):
        with pytest.raises(ValueError, match="Column 'month' holds dates"):
            TabularEncoder().fit(frame)
    with pytest.raises(ValueError, match="Column 'z' holds complex numbers"):
        TabularEncoder().fit(pd.DataFrame({"z": [1j, 2]}))
    ranges = pd.DataFrame({"c": pd.cut([1, 2, 3], [0, 2, 4])})
    expected = ["c_(0, 2]", "c_(2, 4]"]
    assert names(TabularEncoder(min_frequency=1).fit(ranges)) == expected


@pytest.mark.parametrize(
    ("amount", "names", "n_rows"),
    [
        ("All", "ab", [9, 9]),
        ("All", "abcdef", [7] * 6),
        ("All", "abcdefghij", [9] * 10),
        ("All", [None, "a", "b"], [1, 6, 6]),
        ("Nearly all", "abcdefghijkl", [9] * 11 + [10]),
    ],
)
def test_categories_that_are_rare_are_not_taken_for_text(amount, names, n_rows):
    shops = np.repeat([*names], n_rows).astype(object)[:, None]
    match = f"^{amount} categories of column 0, such as 'a'.*Lower min_frequency"
    with pytest.warns(UserWarning, match=match) as caught:
        TabularEncoder().fit(shops)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("n_different", "message"),
    [(49, "All categories of column 0"), (50, "differs from row to row")],
)
def test_text_that_is_in_two_rows_on_average_is_no_category(n_different, message):
    texts = [[f"shop {k % n_different}"] for k in range(100)]
    with pytest.warns(UserWarning, match=message):
        TabularEncoder().fit(texts)


def test_fifty_rows_say_what_text_is_and_a_tenth_of_them_may_be_categories():
    texts = [[f"row {k}"] for k in range(100)]
    common = [["common"]] * 10
    for column in (texts[:50], texts[:91] + common[:9]):
        with pytest.warns(UserWarning, match="differs from row to row"):
            TabularEncoder().fit(column)
    for column in (texts[:49], texts[:90] + common):  # warnings are errors
        TabularEncoder().fit(column)


def test_rare_categories_are_named_although_no_sampled_row_has_one():
    column = np.full((1200, 1), None, object)
    column[[1, 2], 0] = "a", "b"  # of three rows, one is looked at
    with pytest.warns(UserWarning, match="All categories .* such as 'missing'"):
        TabularEncoder(min_frequency=5000).fit(column)


def test_a_column_with_more_than_a_thousand_indicators_is_suspected(recwarn):
    many = np.repeat([f"c{k}" for k in range(1001)], 2)[:, np.newaxis]
    with pytest.warns(
        UserWarning, match=r"Column 0 has 1001 categories.*TargetEncoder"
    ):
        TabularEncoder(min_frequency=2).fit(many)
    recwarn.clear()
    TabularEncoder(min_frequency=2).fit(many[2:])
    assert not recwarn.list


def test_a_few_rows_of_text_or_one_common_category_are_no_reason_to_warn():
    for column in (["a", "b", "c"], ["a"] * 10 + ["b"] * 8, ["a"] * 10, ["a"] * 9):
        TabularEncoder().fit(np.array(column, object)[:, None])


def test_a_table_of_pyarrow():
    pyarrow = pytest.importorskip("pyarrow")
    table = {"x": [1.0, 2.0, None], "c": ["a", None, "a"]}
    encoder = TabularEncoder(min_frequency=1).fit(pyarrow.table(table))
    assert names(encoder) == ["x", "x_missing", "c_a", "c_missing"]
    rows = [list(row) for row in zip(*table.values(), strict=True)]
    expected = TabularEncoder(min_frequency=1).fit_transform(rows)
    np.testing.assert_array_equal(encoder.transform(pyarrow.table(table)), expected)
    with pytest.raises(ValueError, match="Column 'x' holds infinite numbers"):
        encoder.fit(pyarrow.table({"x": [np.inf]}))
    (batch,) = pyarrow.table(table).to_batches()
    with pytest.raises(TypeError, match=r"Pass pyarrow.Table.from_batches\(\[X\]\)"):
        encoder.transform(batch)


def test_numbers_whose_squares_underflow_keep_their_differences():
    encoded = TabularEncoder(dtype=np.float64).fit_transform([[0.0], [1e-200]])
    np.testing.assert_array_equal(np.diff(encoded[:, 0]), 1)


@pytest.mark.parametrize("kind", ["Categorical", "Enum"])
def test_categories_of_polars_are_not_suspected_to_be_numbers(kind):
    pl = pytest.importorskip("polars")
    values = [*map(str, range(60))] * 2 + ["?"] * 20
    categories = {
        "Categorical": pl.Categorical,
        "Enum": pl.Enum([*dict.fromkeys(values)]),
    }
    column = pl.Series(values, dtype=categories[kind])
    assert (
        TabularEncoder(min_frequency=1).fit(pl.DataFrame({"c": column})).is_categorical_
    )


def test_columns_of_pyarrow_may_have_a_dictionary():
    pyarrow = pytest.importorskip("pyarrow")
    texts = pyarrow.array(["b", "a", None, "b"]).dictionary_encode()
    large = pyarrow.array([2**60, 2**60 + 1, None, 2**60]).dictionary_encode()
    table = pyarrow.table({"c": texts, "d": large})
    expected = [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    expected = np.c_[expected, np.array(expected)[:, [1, 0, 2]]].tolist()
    encoder = TabularEncoder(min_frequency=1).fit(table)
    numbers = [f"d_{2**60}", f"d_{2**60 + 1}", "d_missing"]
    assert names(encoder) == ["c_a", "c_b", "c_missing", *numbers]
    assert encoder.transform(table).tolist() == expected


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_configuration_for_all_transformers(library):
    pytest.importorskip("pandas")
    frames = pytest.importorskip(library)
    table = frames.DataFrame({"a": [1.0, 2.0, 4.0], "c": ["x", "y", "x"]})
    encoder = TabularEncoder(min_frequency=1)
    expected = encoder.fit_transform(table)
    with sklearn.config_context(transform_output=library):
        for found in (encoder.transform(table), encoder.fit_transform(table)):
            assert isinstance(found, frames.DataFrame)
            np.testing.assert_array_equal(found, expected)
        encoder.set_output(transform="default")
        np.testing.assert_array_equal(encoder.transform(table), expected)


def test_a_column_may_have_the_name_of_a_method():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"compute": [1.0, 2.0], "collect": [2.0, 1.0]})
    assert names(TabularEncoder(n_bins=1).fit(table)) == ["compute", "collect"]
    RegMLPClassifier(random_state=0).fit(table, [0, 1])


def test_a_lazy_frame():
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"X is lazy. Call its method collect\(\)"):
        TabularEncoder().fit(pl.LazyFrame({"a": [1.0]}))
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_dict({"a": [1.0, 2.0]}, npartitions=1)
    encoder = TabularEncoder().fit(frame.compute())
    for method in (encoder.fit, encoder.transform):
        with pytest.raises(TypeError, match=r"Call its method compute\(\) first"):
            method(frame)


@pytest.mark.parametrize("value", ["abc", "12", True, b"1"])
def test_what_is_no_number_in_a_column_of_numbers(value):
    encoder = TabularEncoder().fit([[1.0, "a"], [2.0, "b"]])
    message = f"Column 0 held numbers in fit and holds {value!r} now. Convert it"
    with pytest.raises(ValueError, match=re.escape(message)):
        encoder.transform([[1.0, "a"], [value, "b"]])


def test_sparse_tables():
    with pytest.raises(TypeError, match="dense data is required"):
        TabularEncoder().fit(csr_array(np.eye(2)))


def test_infinity_in_transform():
    encoder = TabularEncoder().fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match="Column 0 holds infinite numbers"):
        encoder.transform([[np.inf]])


def test_columns_of_numbers_may_be_missing_in_transform():
    encoder = TabularEncoder().fit([[1.0, 2], [3.0, 4]])
    assert encoder.transform([[None, NAN]]).tolist() == [[0, 0]]


def test_other_columns_than_in_fit():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    encoder = TabularEncoder().fit(frame)
    with pytest.raises(ValueError, match="same order"):
        encoder.transform(frame[["b", "a"]])
    with pytest.raises(ValueError, match="missing"):
        encoder.transform(frame[["a"]])
    with pytest.raises(ValueError, match=r"3 features, but .* 2 features"):
        TabularEncoder().fit([[1, 2]]).transform([[1, 2, 3]])


def test_not_fitted():
    for method in (TabularEncoder().transform, TabularEncoder().get_feature_names_out):
        with pytest.raises(NotFittedError):
            method([[1.0]])


# As a part of scikit-learn


def through_pickle(encoder):
    return pickle.loads(pickle.dumps(encoder))


def through_skops(encoder):
    skops_io = pytest.importorskip("skops.io")
    data = skops_io.dumps(encoder)
    trusted = ["skreg.encoder.TabularEncoder"]
    assert skops_io.get_untrusted_types(data=data) == trusted
    return skops_io.loads(data, trusted=trusted)


@pytest.mark.parametrize("through", [through_pickle, through_skops])
def test_saved_and_loaded(through):
    X = [[1.0, "a"], [None, "b"], [5.0, None]]
    encoder = TabularEncoder(4, min_frequency=1, dtype=np.float64).fit(X)
    loaded = through(encoder)
    assert loaded.get_params() == encoder.get_params()
    assert loaded.transform(X).tobytes() == encoder.transform(X).tobytes()
    assert names(loaded) == names(encoder)


def test_clone_has_the_parameters_alone():
    encoder = TabularEncoder(4, min_frequency=0.1, dtype=np.float64).fit([[1.0]])
    copy = clone(encoder)
    assert vars(copy) == encoder.get_params()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_over_a_pipeline():
    x = np.arange(200) * 77 % 200 / 200
    X = np.array([x, np.where(np.arange(200) % 3, "a", "b")], dtype=object).T
    y = (x * 4).astype(int) % 2
    network = RegMLPClassifier((), solver="lbfgs", alpha=1e-4, random_state=0)
    model = make_pipeline(TabularEncoder(), network)
    search = GridSearchCV(model, {"tabularencoder__n_bins": [1, 4]}, cv=2).fit(X, y)
    assert search.best_params_ == {"tabularencoder__n_bins": 4}
    assert search.score(X, y) > 0.9


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_over_a_pipeline_for_numbers():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=200)
    X = np.array([x, rng.choice(["a", "b"], 200)], dtype=object).T
    y = 1000 + 50 * np.abs(2 * x - 1) + 20 * (X[:, 1] == "a")
    network = RegMLPRegressor((), solver="lbfgs", alpha=1e-3, random_state=0)
    model = make_pipeline(TabularEncoder(), network)
    search = GridSearchCV(model, {"tabularencoder__n_bins": [1, 4]}, cv=2).fit(X, y)
    assert search.best_params_ == {"tabularencoder__n_bins": 4}
    assert search.score(X, y) > 0.95


# A list, since scikit-learn 1.6 gives pytest a generator, which pytest 9 warns about.
CHECKS = parametrize_with_checks([TabularEncoder(), TabularEncoder(1, min_frequency=1)])


@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_sklearn_checks(estimator, check):
    check(estimator)


def as_text(numbers, mark=None):
    texts = numbers.astype(str).astype(object)
    if mark is not None:
        texts[::9] = mark
    return texts.reshape(-1, 1)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (as_text(np.linspace(0, 1, 200), "?"), r"Column 0 has mostly numbers.*'\?'"),
        (as_text(np.linspace(0, 1, 200), "nan"), "Column 0 has mostly numbers.*'nan'"),
        (as_text(np.datetime64("2020-01-01") + np.arange(200)), "differs from row to"),
        (as_text(np.linspace(0, 1, 200)), "'0.0' that differs from row to row"),
    ],
)
def test_text_that_stands_for_numbers_or_dates_is_suspected(column, message):
    with pytest.warns(UserWarning, match=message):
        TabularEncoder().fit(column)


def numbers_and_marks(n_numbers, n_different=50, mark="?"):
    texts = [str(k % n_different) for k in range(n_numbers)]
    return np.array([texts + [mark] * (100 - n_numbers)], object).T


def test_most_of_a_text_has_to_be_more_than_ten_numbers():
    for n_numbers, n_different in [(51, 50), (80, 11), (95, 50)]:
        with pytest.warns(UserWarning, match="Column 0 has mostly numbers") as caught:
            TabularEncoder().fit(numbers_and_marks(n_numbers, n_different))
        assert len(caught) == 1
    TabularEncoder(min_frequency=1).fit(numbers_and_marks(50))  # warnings are errors
    TabularEncoder(min_frequency=1).fit(numbers_and_marks(80, 10))
    TabularEncoder(min_frequency=1).fit(numbers_and_marks(80, mark=None))


@pytest.mark.parametrize(
    "column",
    [
        as_text(np.arange(200) % 4, "3+"),
        as_text(np.arange(200) % 15),
        as_text(np.linspace(0, 1, 30)),  # too few rows to say
        np.array([["a"], [None], ["1"], [None]] * 50, object),
        np.array([[None]] * 200, object),
    ],
)
def test_categories_are_not_suspected(column, recwarn):
    TabularEncoder().fit(column)
    assert not recwarn.list


HELD = {
    "spelling": ([["01"], ["02"]], [[1], [2]], "'01', '02' in fit .* such as '1'"),
    "many": ([["a"], ["b"], ["c"], ["d"]], [["e"]], "'a', 'b', 'c', ... in fit"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_column_without_any_of_its_categories_is_suspected(name):
    before, now, message = HELD[name]
    encoder = TabularEncoder().fit(np.array(before * 50, object))
    now = np.array((now * 50)[:50], object)
    with pytest.warns(UserWarning, match=f"Column 0 held {message}"):
        encoder.transform(now)


@pytest.mark.parametrize(
    ("n", "held"), [(3, "'a', 'b', 'c'"), (4, "'a', 'b', 'c', ...")]
)
def test_three_of_the_categories_that_a_column_held_are_named(n, held):
    encoder = TabularEncoder().fit([[letter] for letter in "abcd"[:n]] * 20)
    with pytest.warns(UserWarning, match=f"held {re.escape(held)} in fit and now"):
        encoder.transform([["z"]] * 50)


@pytest.mark.parametrize("before", [[True, False], [True, False, None]])
def test_booleans_may_come_as_numbers(before):
    column = np.array(before * 20, object)[:, np.newaxis]
    numbers = np.array([None if v is None else int(v) for v in column[:, 0]], object)
    encoder = TabularEncoder().fit(column)
    same = encoder.transform(numbers[:, np.newaxis])
    np.testing.assert_array_equal(same, encoder.transform(column))


@pytest.mark.parametrize(
    "column",
    [
        [["c"]] * 49,  # too few rows to say
        [["c"]] * 99 + [["a"]],
        [["c"]] * 99 + [["rare"]],
        [[None]] * 100,
    ],
)
def test_other_categories_are_not_suspected(column, recwarn):
    TabularEncoder().fit([["a"], ["b"]] * 50 + [["rare"]]).transform(column)
    assert not recwarn.list


def test_integers_that_floats_do_not_tell_apart_are_suspected():
    times = 1_700_000_000_000_000_000 + 10**9 * np.arange(100)
    TabularEncoder().fit(times[:, np.newaxis])  # warnings are errors
    identifiers = 2**62 + np.arange(100)
    objects = np.append(identifiers.astype(object), None)
    for values in (identifiers, objects, np.array([*identifiers], object)):
        with pytest.warns(
            UserWarning, match="Column 0 has integers such as 4611686018427387904"
        ):
            TabularEncoder().fit(values[:, np.newaxis])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_categories_of_floats_are_the_same_in_every_precision(dtype):
    pd = pytest.importorskip("pandas")
    frame, same = (
        pd.DataFrame({"size": pd.Categorical(np.array([0.1, 0.2, np.nan] * 9, kind))})
        for kind in ("float64", dtype)
    )
    encoder = TabularEncoder(min_frequency=1).fit(frame)
    np.testing.assert_array_equal(encoder.transform(same), encoder.transform(frame))


def test_new_identifiers_are_suspected_once():
    with pytest.warns(UserWarning, match="differs from row to row"):
        encoder = TabularEncoder().fit([[f"u{i}"] for i in range(100)])
    others = encoder.transform([[f"v{i}"] for i in range(100)])  # warnings are errors
    assert others.tolist() == [[1]] * 100
