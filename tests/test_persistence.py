"""A model that was saved and loaded goes on as if it had not been, bit for bit."""

import io
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest

from skreg import RegMLPClassifier

TRUSTED = ["skreg.classifier.RegMLPClassifier"]

# Every fit is cut short, so that there is something to go on with.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
CLASSES = np.array(["no", "maybe", "yes"], dtype=object)
y = CLASSES[(X @ rng.normal(size=(4, 3))).argmax(axis=1)]


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(file)


def through_skops(model):
    skops_io = pytest.importorskip("skops.io")
    data = skops_io.dumps(model)
    assert skops_io.get_untrusted_types(data=data) == TRUSTED
    return skops_io.loads(data, trusted=TRUSTED)


def fit(model):
    model.fit(X, y)


def partial_fit(model):
    model.partial_fit(X, y, classes=CLASSES)


DROPOUT = {"keep_prob": 0.7, "input_keep_prob": 0.9}
NESTEROV = {
    "solver": "sgd",
    "nesterovs_momentum": True,
    "learning_rate": "adaptive",
    "class_weight": {"no": 2.0, "maybe": 1.0, "yes": 1.0},
}
EARLY_STOPPING = {"early_stopping": True, "validation_fraction": 0.3, **DROPOUT}
TRAINING = {
    "adam": (fit, DROPOUT),
    "adam-early_stopping": (fit, EARLY_STOPPING),
    "adam-partial_fit": (partial_fit, DROPOUT),
    "sgd": (fit, NESTEROV),
    "sgd-partial_fit": (partial_fit, NESTEROV),
    "lbfgs": (fit, {"solver": "lbfgs"}),
}


def make(parameters):
    return RegMLPClassifier(
        6, batch_size=10, max_iter=3, warm_start=True, random_state=0, **parameters
    )


def assert_same(a, b):
    np.testing.assert_equal(vars(a), vars(b))
    assert a.predict_proba(X).tobytes() == b.predict_proba(X).tobytes()
    assert a.predict(X).tolist() == b.predict(X).tolist()


@pytest.mark.parametrize("through", [through_pickle, through_joblib, through_skops])
@pytest.mark.parametrize(("train", "parameters"), TRAINING.values(), ids=TRAINING)
@pytest.mark.parametrize("n_before", [0, 1, 2])
def test_trains_on(n_before, train, parameters, through):
    model = make(parameters)
    for _ in range(n_before):
        train(model)
    loaded = through(model)
    if n_before:
        assert_same(loaded, model)
    for either in (model, loaded):
        train(either)
    assert_same(loaded, model)


LOAD = {
    "pickle": "import pickle; model = pickle.load(open('model', 'rb'))",
    "joblib": "import joblib; model = joblib.load('model')",
    "skops": f"import skops.io; model = skops.io.load('model', trusted={TRUSTED})",
}
GO_ON = """
import numpy as np
X, y = np.load('X.npy'), np.load('y.npy').astype(object)
before = model.predict_proba(X)
np.save('probabilities.npy', [before, model.fit(X, y).predict_proba(X)])
"""


@pytest.mark.parametrize("format", LOAD)
def test_trains_on_in_another_process(format, tmp_path):
    dump = pytest.importorskip({"skops": "skops.io"}.get(format, format)).dump
    model = make(EARLY_STOPPING).fit(X, y)
    ...
