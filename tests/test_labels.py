"""Labels of any type: which classes they are, and which are none."""

import numpy as np
import pytest
from estimators import SHORT_FITS, network, problem
from sklearn.exceptions import DataConversionWarning

pytestmark = SHORT_FITS
X, y = problem()


@pytest.mark.parametrize(
    "labels", [[(1, 2), (1,)] * 30, [[1, 2], [2]] * 30, [[1], [2]] * 30]
)
def test_lists_of_labels_are_told_of_the_binarizer(labels):
    given = np.empty(60, object)
    given[:] = labels
    for lists in (given, labels) if len(labels[0]) == 2 else (given,):
        with pytest.raises(ValueError, match=r"^y .*MultiLabelBinarizer"):
            network().fit(X, lists)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("boolean", "b"),
        ("Int64", "i"),
        ("UInt8", "i"),
        ("int64[pyarrow]", "i"),
        ("bool[pyarrow]", "b"),
    ],
)
def test_nullable_columns_keep_their_kind(dtype, kind):
    pd = pytest.importorskip("pandas")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    column = pd.Series(y.astype(bool) if kind == "b" else y).astype(dtype)
    model = network().fit(X, column)
    assert model.classes_.dtype.kind == kind
    assert model.predict(X).dtype.kind == kind
    with pytest.warns(DataConversionWarning):
        framed = network().fit(X, column.to_frame(), X_val=X, y_val=column.to_frame())
    np.testing.assert_array_equal(framed.classes_, model.classes_)
    assert framed.classes_.dtype == model.classes_.dtype


def test_large_integers_do_not_become_floats():
    pd = pytest.importorskip("pandas")
    model = network().fit(X, pd.Series(2**60 + y, dtype="Int64"))
    assert list(model.classes_) == [2**60, 2**60 + 1]
    with pytest.warns(DataConversionWarning):
        model = network().fit(X, pd.DataFrame({"y": 2**60 + y}, dtype="Int64"))
    assert list(model.classes_) == [2**60, 2**60 + 1]
    classes = pd.Series([2**60, 2**60 + 1], dtype="Int64")
    model = network().partial_fit(X, 2**60 + y, classes)
    assert list(model.classes_) == [2**60, 2**60 + 1]


def test_integers_of_another_type_are_the_same_labels():
    large = 2**60 + y
    model = network().fit(X, large, X_val=X, y_val=large.astype(np.uint64))
    expected = network().fit(X, large, X_val=X, y_val=large)
    assert model.validation_loss_curve_ == expected.validation_loss_curve_


def test_nulls_in_a_dictionary_of_pyarrow_are_no_class():
    pyarrow = pytest.importorskip("pyarrow")
    labels = pyarrow.array(["a", "b", None] * 20).dictionary_encode()
    with pytest.raises(ValueError, match="missing labels, 20 of 60"):
        network().fit(X, pyarrow.table({"y": labels})["y"])


@pytest.mark.parametrize("dtype", ["string", "string[pyarrow]", "category", "str"])
def test_a_missing_text_is_no_label(dtype):
    pd = pytest.importorskip("pandas")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    labels = pd.Series(["a", "b", None] * 20, dtype=dtype)
    with pytest.raises(ValueError, match="missing labels, 20 of 60"):
        network().fit(X, labels)
    labels = labels.fillna("a")
    assert network().fit(X, labels).classes_.tolist() == ["a", "b"]


def test_labels_of_time_may_have_another_unit():
    spans = np.array([1, 2], "m8[s]")[y]
    model = network().fit(X, spans, X_val=X, y_val=spans.astype("m8[ns]"))
    assert model.best_validation_score_ is not None
    days = np.array(["2000-01-01", "2000-01-02"], "M8[D]")[y]
    model = network().fit(X, days, X_val=X, y_val=days.astype("M8[s]"))
    expected = network().fit(X, days, X_val=X, y_val=days)
    assert model.validation_loss_curve_ == expected.validation_loss_curve_
    with pytest.raises(ValueError, match=r"y_val has classes .* not among"):
        model.fit(X, days, X_val=X, y_val=days + np.timedelta64(5, "h"))
