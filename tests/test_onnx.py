"""The graph in onnxruntime against the estimator that it was made from."""

import importlib
import sys

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import (
    RegMLPClassifier,
    RegMLPClassifierCV,
    RegMLPRegressor,
    RegMLPRegressorCV,
    TabularEncoder,
)
from skreg._engine.activations import ACTIVATIONS
from skreg._engine.network import Network

to_onnx = pytest.importorskip("skl2onnx").to_onnx
onnxruntime = pytest.importorskip("onnxruntime")
data_types = pytest.importorskip("skl2onnx.common.data_types")
importlib.import_module("skreg.onnx")

# A few epochs are enough to tell the classes apart.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(3, 2, (60, 4))
X32 = X.astype(np.float32)
SCORES = (X - 3) @ rng.normal(size=(4, 3))
TARGETS = {
    "binary": (SCORES[:, 0] > 0).astype(int),
    "multiclass": SCORES.argmax(axis=1),
    "multilabel": (SCORES > 0).astype(int),
    "two columns": (SCORES[:, :2] > 0).astype(int),
}
NAMES = np.array(["no", "maybe", "yes"])


def fit(y, **parameters):
    parameters = {
        "hidden_layer_sizes": 20,
        "alpha": 1e-4,
        "keep_prob": 1.0,
        "batch_size": 10,
        "learning_rate_init": 0.1,
        "learning_rate": "constant",
        "max_iter": 5,
        "random_state": 0,
    } | parameters
    mlp = RegMLPClassifier(**parameters)
    return make_pipeline(StandardScaler(), mlp).fit(X, y)


def fit_committee(y, **parameters):
    mlp = RegMLPClassifier(alpha=1e-3, learning_rate_init=0.1, **parameters)
    model = RegMLPClassifierCV(mlp, cv=3, random_state=0)
    return make_pipeline(StandardScaler(), model).fit(X, y)


def run(model, rows, **options):
    options = {id(model[-1]): options} if options else None
    graph = to_onnx(model, rows[:1], options=options)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": rows})


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(
    ("activation", "hidden"), [("relu", ()), *((name, (6, 5)) for name in ACTIVATIONS)]
)
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_same_labels_and_probabilities(y, activation, hidden, scaled):
    params = {"hidden_layer_sizes": hidden, "feature_scales": scaled}
    model = fit(y, activation=activation, dtype="float64", **params)
    assert_same_labels_and_probabilities(model)


def assert_same_labels_and_probabilities(model):
    for dtype, atol in {"float32": 1e-5, "float64": 1e-12, "int64": 1e-5}.items():
        rows = X.astype(dtype)
        labels, probabilities = run(model, rows, zipmap=False)
        assert len(np.unique(labels, axis=0)) > 1
        assert labels.dtype == np.int64
        np.testing.assert_array_equal(labels, model.predict(rows))
        assert probabilities.dtype == (np.float64 if dtype == "float64" else np.float32)
        np.testing.assert_allclose(
            probabilities, model.predict_proba(rows), rtol=0, atol=atol
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_any_precision_of_training_and_of_rows(precision, dtype):
    model = fit(TARGETS["multiclass"], dtype=precision)
    rows = X.astype(dtype)
    labels, probabilities = run(model, rows, zipmap=False)
    assert probabilities.dtype == dtype
    np.testing.assert_array_equal(labels, model.predict(rows))
    atol = 1e-12 if {precision, dtype} == {"float64"} else 1e-5
    np.testing.assert_allclose(
        probabilities, model.predict_proba(rows), rtol=0, atol=atol
    )


@pytest.mark.parametrize(
    "classes",
    [
        np.array([-5, 7, 2**40]),
        np.array([1, 2], np.uint8),
        np.array([1.0, 2.0, 5.0]),
        np.array([False, True]),
        np.array(["naïve", "b"]),
        NAMES.astype(object),
    ],
    ids=lambda classes: f"{classes.dtype.kind}{len(classes)}",
)
def test_labels_are_the_keys_of_the_probabilities(classes):
    model = fit(classes[SCORES[:, : len(classes)].argmax(axis=1)])
    labels, probabilities = run(model, X32)
    assert labels.tolist() == model.predict(X).tolist()
    for row, expected in zip(probabilities, model.predict_proba(X), strict=True):
        keyed = dict(zip(model.classes_.tolist(), expected.tolist(), strict=True))
        assert row == pytest.approx(keyed, abs=1e-5)


def test_labels_that_onnx_does_not_have_are_refused():
    classes = np.array([0, 1, 2**64 - 1], np.uint64)
    model = fit(classes[TARGETS["multiclass"]])
    with pytest.raises(ValueError, match=r"no type for the labels .*nocl"):
        to_onnx(model, X32[:1])
    numbers, _ = run(model, X32, zipmap=False, nocl=True)
    np.testing.assert_array_equal(classes[numbers], model.predict(X))


def test_multilabel_probabilities_have_the_column_numbers_as_keys():
    model = fit(TARGETS["multilabel"])
    _, probabilities = run(model, X32)
    assert [list(row) for row in probabilities] == [[0, 1, 2]] * len(X)


def test_zipmap_columns_has_an_output_for_each_class():
    model = fit(NAMES[TARGETS["multiclass"]])
    labels, *columns = run(model, X32, zipmap="columns")
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(
        np.column_stack(columns), model.predict_proba(X), rtol=0, atol=1e-5
    )


def test_nocl_numbers_the_classes():
    model = fit(NAMES[TARGETS["multiclass"]])
    numbers, _ = run(model, X32, zipmap=False, nocl=True)
    np.testing.assert_array_equal(model.classes_[numbers], model.predict(X))


def test_output_class_labels():
    model = fit(NAMES[TARGETS["multiclass"]])
    _, _, classes = run(model, X32, zipmap=False, output_class_labels=True)
    assert classes.tolist() == model.classes_.tolist()


@pytest.mark.parametrize("hidden", [(), (6, 5)])
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_a_committee_becomes_one_graph(y, hidden):
    assert_same_labels_and_probabilities(fit_committee(y, hidden_layer_sizes=hidden))


def test_a_committee_has_text_labels_and_the_options_of_a_classifier():
    model = fit_committee(NAMES[TARGETS["multiclass"]])
    labels, keyed = run(model, X32)
    assert labels.tolist() == model.predict(X).tolist()
    assert [*keyed[0]] == model.classes_.tolist()
    numbers, _ = run(model, X32, zipmap=False, nocl=True)
    np.testing.assert_array_equal(model.classes_[numbers], labels)


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_network_has_standard_operators_only(y):
    mlp = fit(y)[-1]
    nodes = to_onnx(mlp, X[:1], options={"zipmap": False}).graph.node
    assert {node.domain for node in nodes} == {""}
    assert [node.op_type for node in nodes][:4] == ["Cast", "Gemm", "Relu", "Gemm"]


NUMBERS = {
    "one target": 50 + 20 * SCORES[:, 0],
    "several targets": 50 + SCORES * [1, 10, 100],
}


@pytest.mark.parametrize(
    ("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12), ("int64", 1e-5)]
)
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("committee", [False, True])
@pytest.mark.parametrize("y", NUMBERS.values(), ids=NUMBERS)
def test_same_numbers(y, committee, loss, dtype, rtol):
    mlp = RegMLPRegressor(6, loss=loss, max_iter=5, dtype="float64", random_state=0)
    if committee:
        mlp = RegMLPRegressorCV(mlp, cv=3, random_state=0)
    model = make_pipeline(StandardScaler(), mlp).fit(X, y - y.min(axis=0))
    rows = X.astype(dtype)
    (predictions,) = run(model, rows)
    assert predictions.dtype == (np.float64 if dtype == "float64" else np.float32)
    expected = model.predict(rows).reshape(len(X), -1)
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(predictions / scale, expected / scale, rtol=0, atol=rtol)


def test_says_how_to_install_skl2onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    monkeypatch.delitem(sys.modules, "skreg.onnx")
    with pytest.raises(ImportError, match=r"pip install 'skreg\[onnx\]"):
        importlib.import_module("skreg.onnx")


# The encoder

N_ROWS = 120
TABLE = {
    "city": rng.choice(["Rome", "Oslo", "Graz"], N_ROWS, p=[0.5, 0.45, 0.05]),
    "age": np.where(rng.random(N_ROWS) < 0.1, np.nan, rng.uniform(20, 60, N_ROWS)),
    "visits": rng.integers(0, 4, N_ROWS),
    "year": (2000 + rng.uniform(0, 20, N_ROWS)).astype(np.float32),
    "member": rng.random(N_ROWS) < 0.5,
    "colour": rng.choice(np.array(["red", "blue", None]), N_ROWS),
}
TABLE_TYPES = {
    "city": data_types.StringTensorType([None, 1]),
    "age": data_types.DoubleTensorType([None, 1]),
    "visits": data_types.Int64TensorType([None, 1]),
    "year": data_types.FloatTensorType([None, 1]),
    "member": data_types.BooleanTensorType([None, 1]),
    "colour": data_types.StringTensorType([None, 1]),
}


def as_objects(table):
    return np.array([values.astype(object) for values in table.values()]).T


def run_encoder(encoder, initial_types, inputs):
    graph = to_onnx(encoder, initial_types=initial_types)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (encoded,) = session.run(None, inputs)
    return encoded


@pytest.mark.parametrize("committee", [False, True])
def test_a_table_in_a_pipeline(committee):
    X, y = as_objects(TABLE), (TABLE["visits"] > 1).astype(int)
    mlp = RegMLPClassifier((8,), learning_rate_init=0.1, max_iter=5, random_state=0)
    if committee:
        mlp = RegMLPClassifierCV(mlp, random_state=0)
    model = make_pipeline(TabularEncoder(min_frequency=15), mlp).fit(X, y)
    other = {**TABLE, "city": TABLE["city"].astype(object)}
    other["city"][:9] = "unseen"
    other["age"] = TABLE["age"] * 2
    graph = to_onnx(
        model, initial_types=list(TABLE_TYPES.items()), options={"zipmap": False}
    )
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for table in (TABLE, other):
        inputs = {name: values[:, None] for name, values in table.items()}
        labels, probabilities = session.run(None, inputs)
        rows = as_objects(table)
        np.testing.assert_array_equal(labels, model.predict(rows))
        np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)


@pytest.mark.parametrize("before", [[True, False], [True, True, None], [False]])
def test_booleans_may_come_as_text_of_numbers(before):
    column = np.array(before * 20, object)[:, np.newaxis]
    encoder = TabularEncoder().fit(column)
    types = [("x", data_types.StringTensorType([None, 1]))]
    texts = np.array([["1"], ["0"], ["True"], ["False"], ["2"]])
    encoded = run_encoder(encoder, types, {"x": texts})
    np.testing.assert_array_equal(encoded, encoder.transform(texts.astype(object)))


def test_a_data_frame_in_a_pipeline():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(TABLE)
    model = make_pipeline(TabularEncoder(), RegMLPClassifier((), solver="lbfgs"))
    model.fit(frame, TABLE["visits"] > 1)
    first = frame[:1].fillna({"colour": "missing"})
    graph = to_onnx(model, first, options={"zipmap": False})
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    _, probabilities = session.run(None, inputs)
    np.testing.assert_allclose(probabilities, model.predict_proba(frame), atol=1e-5)


@pytest.mark.parametrize("committee", [False, True])
def test_encoders_in_a_column_transformer(committee):
    rng = np.random.default_rng(0)
    pd = pytest.importorskip("pandas")
    amount = 1e9 + rng.uniform(0, 1, N_ROWS)
    stamp = 1_600_000_000 + rng.integers(0, 100, N_ROWS)
    frame = pd.DataFrame({**TABLE, "amount": amount, "stamp": stamp})
    mlp = RegMLPClassifier((8,), learning_rate_init=0.1, max_iter=5, random_state=0)
    if committee:
        mlp = RegMLPClassifierCV(mlp, random_state=0)
    for special in (["amount", "year"], ["member", "age", "stamp"], ["stamp", "city"]):
        encoder = make_column_transformer(
            (TabularEncoder(n_bins=20, min_frequency=15), special),
            remainder=TabularEncoder(min_frequency=15),
        )
        model = make_pipeline(encoder, mlp).fit(frame, TABLE["visits"] > 1)
        more_types = {"amount": TABLE_TYPES["age"], "stamp": TABLE_TYPES["visits"]}
        inputs = {name: frame[[name]].to_numpy() for name in frame}
        types = [*{**TABLE_TYPES, **more_types}.items()]
        encoded = run_encoder(encoder, types, inputs)
        np.testing.assert_array_equal(encoded, encoder.transform(frame))
        graph = to_onnx(model, initial_types=types, options={"zipmap": False})
        session = onnxruntime.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        labels, probabilities = session.run(None, inputs)
        np.testing.assert_array_equal(labels, model.predict(frame))
        np.testing.assert_allclose(probabilities, model.predict_proba(frame), atol=1e-5)


def test_an_encoder_of_what_a_column_transformer_returns():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(TABLE)
    columns = make_column_transformer(
        (StandardScaler(), ["age", "year"]),
        ("passthrough", ["member"]),
        ("passthrough", ["city"]),
    )
    model = make_pipeline(columns, TabularEncoder(min_frequency=15)).fit(frame)
    names = "age", "year", "member", "city"
    inputs = {name: frame[[name]].to_numpy() for name in names}
    types = [(name, TABLE_TYPES[name]) for name in inputs]
    encoded = run_encoder(model, types, inputs)
    np.testing.assert_allclose(encoded, model.transform(frame), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_encoder_before_any_classifier(dtype):
    """Whose graph takes numbers of the encoder's type, not of the table's."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=90), "b": list("xyz") * 30})
    mlp = RegMLPClassifier((4,), random_state=0)
    encoder = TabularEncoder(dtype=dtype)
    for classifier in (mlp, CalibratedClassifierCV(mlp, cv=2)):
        model = make_pipeline(encoder, classifier).fit(frame, frame["a"] > 0)
        graph = to_onnx(model, frame[:1], options={"zipmap": False})
        session = onnxruntime.InferenceSession(graph.SerializeToString())
        inputs = {name: frame[[name]].to_numpy() for name in frame}
        _, probabilities = session.run(None, inputs)
        assert probabilities.dtype == dtype
        np.testing.assert_allclose(
            probabilities, model.predict_proba(frame), rtol=0, atol=1e-5
        )


def test_the_columns_of_a_table_keep_their_order():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": TABLE["age"], "b": TABLE["age"] + 1})
    encoder = TabularEncoder().fit(frame)
    with pytest.raises(ValueError, match=r"\['b', 'a'\].*fitted on \['a', 'b'\]"):
        to_onnx(encoder, frame[["b", "a"]][:1])


def test_a_table_in_a_pipeline_for_numbers():
    X, y = as_objects(TABLE), 100 + 10.0 * TABLE["visits"]
    mlp = RegMLPRegressor((8,), max_iter=5, random_state=0)
    model = make_pipeline(TabularEncoder(min_frequency=15), mlp).fit(X, y)
    graph = to_onnx(model, initial_types=list(TABLE_TYPES.items()))
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    inputs = {name: values[:, None] for name, values in TABLE.items()}
    (predictions,) = session.run(None, inputs)
    np.testing.assert_allclose(predictions[:, 0], model.predict(X), rtol=1e-5)


@pytest.mark.parametrize("out", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("n_bins", [1, 8])
def test_one_input_of_numbers(n_bins, dtype, out):
    rows = X.astype(dtype)
    if dtype != "int64":
        rows[::5, 1] = np.nan
    encoder = TabularEncoder(n_bins, dtype=out).fit(rows)
    tensor = data_types.guess_data_type(rows)[0][1].__class__([None, 4])
    encoded = run_encoder(encoder, [("X", tensor)], {"X": rows})
    assert encoded.dtype == out
    np.testing.assert_array_equal(encoded, encoder.transform(rows))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_frequent_values(dtype):
    rows = np.repeat([[0, 9], [10, 9], [11, 8], [12, 7]], [60, 10, 11, 2], axis=0)
    rows = rows.astype(dtype) * (1 if dtype == "int64" else 0.1)
    encoder = TabularEncoder(n_bins=1).fit(rows)
    tensor = data_types.guess_data_type(rows)[0][1].__class__([None, 2])
    encoded = run_encoder(encoder, [("X", tensor)], {"X": rows})
    assert encoded[:, 2:].sum(axis=0).tolist() == [11, 10, 11]
    np.testing.assert_array_equal(encoded, encoder.transform(rows))


@pytest.mark.parametrize("min_frequency", [1, 25])
def test_one_input_of_categories(min_frequency):
    rows = np.array([TABLE["city"], TABLE["colour"]], dtype=object).T
    encoder = TabularEncoder(min_frequency=min_frequency).fit(rows)
    more = np.array([["unseen", "missing"], ["Graz", np.nan]], dtype=object)
    rows = np.vstack([rows, more])
    tensor = data_types.StringTensorType([None, 2])
    encoded = run_encoder(encoder, [("X", tensor)], {"X": rows})
    np.testing.assert_array_equal(encoded, encoder.transform(rows))


def test_categories_that_are_integers():
    rows = np.array([-1, 2, None], dtype=object)[:, None].astype(str)
    rows = np.where(rows == "None", None, rows)
    encoder = TabularEncoder(min_frequency=1).fit(rows)
    numbers = np.array([[2], [-1], [7]])
    tensor = data_types.Int64TensorType([None, 1])
    encoded = run_encoder(encoder, [("X", tensor)], {"X": numbers})
    np.testing.assert_array_equal(encoded, encoder.transform(numbers))


def test_inputs_that_do_not_fit_the_table():
    encoder = TabularEncoder(min_frequency=1).fit([["a", 1.0], ["b", 2.0]])
    floats = data_types.FloatTensorType([None, 2])
    with pytest.raises(
        TypeError, match="categories such as 'a' is declared as one of floats"
    ):
        to_onnx(encoder, initial_types=[("X", floats)])
    for values in ([True, False], [0.5, 1.0], ["x", "1"]):
        rows = np.array(values, dtype=str)[:, None]
        integers = data_types.Int64TensorType([None, 1])
        shown = "such as '(False|0.5|x)' is declared as one of integers"
        with pytest.raises(TypeError, match=shown):
            to_onnx(TabularEncoder().fit(rows), initial_types=[("X", integers)])
    wide = data_types.StringTensorType([None, 3])
    with pytest.raises(
        ValueError, match="3 columns, and TabularEncoder was fitted on 2"
    ):
        to_onnx(encoder, initial_types=[("X", wide)])


def test_parameters_that_the_graph_lacks_are_refused(monkeypatch):
    model = fit(TARGETS["binary"])
    names = ["coefs", "intercepts", "shifts"]
    monkeypatch.setattr(Network, "block_names", names)
    with pytest.raises(NotImplementedError, match="'shifts'"):
        to_onnx(model, X32[:1])
