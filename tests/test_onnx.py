"""The graph in onnxruntime against the estimator that it was made from."""

import importlib
import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier
from skreg._engine.activations import ACTIVATIONS

to_onnx = pytest.importorskip("skl2onnx").to_onnx
onnxruntime = pytest.importorskip("onnxruntime")
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
    mlp = RegMLPClassifier(
        batch_size=10, learning_rate_init=0.1, max_iter=5, random_state=0, **parameters
    )
    return make_pipeline(StandardScaler(), mlp).fit(X, y)


def run(model, rows, **options):
    graph = to_onnx(model, rows[:1], options={id(model[-1]): options})
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": rows})


@pytest.mark.parametrize(
    ("dtype", "atol"), [("float32", 1e-5), ("float64", 1e-12), ("int64", 1e-5)]
)
@pytest.mark.parametrize(
    ("activation", "hidden"), [("relu", ()), *((name, (6, 5)) for name in ACTIVATIONS)]
)
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_same_labels_and_probabilities(y, activation, hidden, dtype, atol):
    model = fit(y, activation=activation, hidden_layer_sizes=hidden)
    rows = X.astype(dtype)
    labels, probabilities = run(model, rows, zipmap=False)
    assert len(np.unique(labels, axis=0)) > 1
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, model.predict(rows))
    assert probabilities.dtype == (np.float64 if dtype == "float64" else np.float32)
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


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_network_has_standard_operators_only(y):
    mlp = fit(y)[-1]
    nodes = to_onnx(mlp, X[:1], options={"zipmap": False}).graph.node
    assert {node.domain for node in nodes} == {""}
    assert [node.op_type for node in nodes][:4] == ["Cast", "Gemm", "Relu", "Gemm"]


def test_says_how_to_install_skl2onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    monkeypatch.delitem(sys.modules, "skreg.onnx")
    with pytest.raises(ImportError, match=r"pip install skreg\[onnx\]"):
        importlib.import_module("skreg.onnx")
