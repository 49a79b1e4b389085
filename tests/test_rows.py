"""Rows in any layout and container: the same network."""

import numpy as np
import pytest
import scipy.sparse as sp
from estimators import (
    DROPOUT,
    NAMED_SCORER,
    SHORT_FITS,
    SOLVERS,
    assert_same_network,
    by_name,
    network,
    predicted,
    problem,
)

from skreg import TabularEncoder
from skreg._inputs.rows import check_features

pytestmark = SHORT_FITS

# Types and layouts


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.longdouble, bool])
def test_other_types_of_numbers_become_float64(dtype):
    X, y = problem()
    X = (3 * X).astype(dtype)
    model, expected = network().fit(X, y), network().fit(X.astype(np.float64), y)
    assert_same_network(model, expected)
    probabilities = model.predict_proba(X)
    assert probabilities.dtype == np.float64
    np.testing.assert_array_equal(probabilities, expected.predict_proba(X))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_without_columns_are_refused(library):
    module = pytest.importorskip(library)
    X, y = problem()
    options = {"index": range(len(X))} if library == "pandas" else {}
    empty = module.DataFrame(**options)
    match = rf"X has {len(empty)} rows and 0 columns\. Pass a table"
    fitted = network().fit(X, y)
    for call in (network().fit, fitted.score):
        with pytest.raises(ValueError, match=match):
            call(empty, y)
    with pytest.raises(ValueError, match=match):
        TabularEncoder().fit(empty)


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
@pytest.mark.parametrize("kind", ["binary", "numbers"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_X_does_not_matter(layout, kind, params, tmp_path):
    X, y = problem(kind)
    params = params | {"kind": kind}
    other = LAYOUTS[layout](X, tmp_path)
    model = network(**params).fit(X, y)
    assert_same_network(network(**params).fit(other, y), model)
    np.testing.assert_allclose(predicted(model, other), predicted(model, X), rtol=1e-12)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("kind", ["binary", "number", "numbers"])
@by_name(SOLVERS | DROPOUT | {"input dropout": {"input_keep_prob": 0.5}})
def test_inputs_are_not_modified(make, params, kind):
    X, y = problem(kind)
    X, weights = make(X), np.ones(len(y))
    given = X.copy(), y.copy(), weights.copy()
    model = network(kind=kind, early_stopping=True, **params)
    model.fit(X, y, weights)
    predicted(model, X)
    if params.get("solver") != "lbfgs":
        model.set_params(early_stopping=False)
        model.partial_fit(X, y, sample_weight=weights)
    assert abs(X - given[0]).max() == 0
    np.testing.assert_array_equal(y, given[1])
    np.testing.assert_array_equal(weights, given[2])


# Sparse X and frames


@pytest.mark.parametrize("kind", ["multiclass", "numbers"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix])
def test_sparse_formats_give_what_dense_gives(container, format, index, kind):
    X, y = problem(kind)
    X[np.abs(X) < 1] = 0
    sparse = container(X).asformat(format)
    for name in ("indices", "indptr", "row", "col"):
        if hasattr(sparse, name) and not isinstance(sparse, sp.coo_array):
            setattr(sparse, name, getattr(sparse, name).astype(index))
    dense = network(kind=kind).fit(X, y)
    model = network(kind=kind).fit(sparse, y)
    assert_same_network(model, dense, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(predicted(model, sparse), predicted(dense, X))
    np.testing.assert_allclose(model.predict(sparse), dense.predict(X))
    dense.partial_fit(X, y)
    model.partial_fit(sparse, y)
    assert_same_network(model, dense, rtol=1e-9, atol=1e-12)


@by_name(
    SOLVERS
    | DROPOUT
    | {
        "early stopping": {"early_stopping": True},
        "scored": {"early_stopping": True, "scoring": True},
        "input dropout per batch": {"input_keep_prob": 0.5, "dropout_mask": "batch"},
    }
)
@pytest.mark.parametrize("kind", ["multiclass", "numbers"])
def test_every_way_to_train_is_the_same_on_sparse_X(kind, params):
    X, y = problem(kind)
    params = params | {"kind": kind}
    if params.get("scoring"):
        params["scoring"] = NAMED_SCORER[kind]
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


def test_dates_in_a_table_of_pyarrow_are_refused():
    pyarrow = pytest.importorskip("pyarrow")
    X, y = problem()
    dates = np.arange(60).astype("M8[s]")
    table = pyarrow.table({"x": X[:, 0], "day": dates})
    with pytest.raises(ValueError, match="dates or durations in column 'day'"):
        network().fit(table, y)


def test_batches_of_pyarrow_are_refused_for_their_names():
    pyarrow = pytest.importorskip("pyarrow")
    X, y = problem()
    table = pyarrow.table({"a": X[:, 0], "b": X[:, 1]})
    (batch,) = table.to_batches()
    model = network().fit(table, y)
    for call in (lambda: network().fit(batch, y), lambda: model.predict(batch)):
        with pytest.raises(TypeError, match="X is a RecordBatch"):
            call()


def test_frames_of_narwhals_are_refused_for_their_names():
    narwhals = pytest.importorskip("narwhals")
    native = pytest.importorskip("polars").DataFrame(problem()[0])
    frame, (_, y) = narwhals.from_native(native), problem()
    fitted = network().fit(frame.to_native(), y)
    encoder = TabularEncoder().fit(frame.to_native())
    calls = [
        lambda: network().fit(frame, y),
        lambda: fitted.partial_fit(frame, y),
        lambda: fitted.predict(frame),
        lambda: encoder.fit(frame),
        lambda: encoder.transform(frame),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"X is a frame of narwhals.*X\.to_native"):
            call()


def test_a_frame_of_polars_without_names_is_refused():
    """Before 1.9, scikit-learn sees none in frames of polars 2."""

    class DataFrame:
        columns = ("a", "b", "c", "d", "e")

    DataFrame.__module__ = "polars.dataframe.frame"
    X, y = problem()
    for call in (network().fit, network().fit(X, y).predict, TabularEncoder().fit):
        with pytest.raises(TypeError, match="X is a data frame of polars, in which"):
            call(DataFrame(), *[y] * (call.__name__ == "fit"))


def test_a_series_is_no_table():
    pd = pytest.importorskip("pandas")
    X, y = problem()
    frame = pd.DataFrame(X)
    with pytest.raises(ValueError, match="X: Expected a 2-dimensional container"):
        network().fit(frame[0], y)
    with pytest.raises(ValueError, match="X: Expected a 2-dimensional container"):
        network().fit(frame, y).predict(frame.iloc[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", ["pandas", "nullable", "arrow", "polars", "tables"])
def test_a_frame_of_single_precision_becomes_an_array_of_it(library, dtype):
    X, _ = problem()
    columns = {f"x{k}": column for k, column in enumerate(X.T.astype(dtype))}
    if library == "tables":
        frame = pytest.importorskip("pyarrow").table(columns)
    elif library == "polars":
        frame = pytest.importorskip("polars").DataFrame(columns)
    else:
        frame = pytest.importorskip("pandas").DataFrame(columns)
        if library == "arrow":
            pytest.importorskip("pyarrow")
        kinds = {"nullable": dtype.title(), "arrow": f"{dtype}[pyarrow]"}
        frame = frame.astype(kinds.get(library, dtype))
    assert check_features(network(), frame, reset=True).dtype == dtype


def test_text_is_told_how_it_becomes_a_number():
    with pytest.raises(ValueError, match=r"X_val.*transform_input"):
        network().fit(*problem(), X_val=[["a"] * 5] * 2, y_val=[0, 1])
    with pytest.raises(ValueError, match=r"^X: .*OneHotEncoder"):
        network().fit([["a"]] * 4, [0, 1, 0, 1])
