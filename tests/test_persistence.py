"""A model that was saved and loaded trains on as if it had not been, bit for bit."""

import io
import pickle
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import joblib
import numpy as np
import pytest
from estimators import assert_same_committee, committee

from skreg import RegMLPClassifier

TRUSTED = ["skreg.classifier.RegMLPClassifier"]

# Every fit is cut short, so that there is something to go on with.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
CLASSES = np.array(["no", "maybe", "yes"], dtype=object)
y = CLASSES[(X @ rng.normal(size=(4, 3))).argmax(axis=1)]


def fit(model):
    return model.fit(X, y)


def partial_fit(model):
    return model.partial_fit(X, y, classes=CLASSES)


DROPOUT = {"keep_prob": 0.7, "input_keep_prob": 0.9, "batch_size": 10}
NESTEROV = {
    "solver": "sgd",
    "nesterovs_momentum": True,
    "learning_rate": "adaptive",
    "class_weight": {"no": 2.0, "maybe": 1.0, "yes": 0.5},
    "batch_size": 10,
}
EARLY_STOPPING = {"early_stopping": True, "validation_fraction": 0.3, **DROPOUT}
TRAINING = {
    "adam": (fit, DROPOUT),
    "adam, early stopping": (fit, EARLY_STOPPING),
    "adam, stream": (partial_fit, DROPOUT),
    "sgd": (fit, NESTEROV),
    "sgd, stream": (partial_fit, NESTEROV),
    "lbfgs": (fit, {"solver": "lbfgs"}),
}


def make(parameters):
    return RegMLPClassifier(
        6, max_iter=3, warm_start=True, random_state=0, **parameters
    )


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(file)


def through_skops(model, trusted=TRUSTED):
    skops_io = pytest.importorskip("skops.io")
    data = skops_io.dumps(model)
    assert skops_io.get_untrusted_types(data=data) == trusted
    return skops_io.loads(data, trusted=trusted)


def through_skops_trusting_committees(model):
    return through_skops(model, [*TRUSTED, "skreg.committee.RegMLPClassifierCV"])


@pytest.mark.parametrize("through", [through_pickle, through_joblib, through_skops])
@pytest.mark.parametrize(("train", "parameters"), TRAINING.values(), ids=TRAINING)
@pytest.mark.parametrize("n_before", [0, 1, 2])
def test_trains_on(n_before, train, parameters, through):
    model = make(parameters)
    for _ in range(n_before):
        train(model)
    loaded = through(model)
    np.testing.assert_equal(vars(loaded), vars(model))
    if n_before:
        assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    train(model)
    train(loaded)
    np.testing.assert_equal(vars(loaded), vars(model))
    assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


@pytest.mark.parametrize(
    "through", [through_pickle, through_joblib, through_skops_trusting_committees]
)
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(
    "distributions", [None, {"alpha": [0.1, 1.0], "keep_prob": [[0.5], [0.9]]}]
)
def test_a_committee_is_loaded_as_it_was_saved(distributions, fitted, through):
    model = committee(DROPOUT, distributions)
    if fitted:
        fit(model)
    loaded = through(model)
    if fitted:
        assert_same_committee(loaded, model)
        assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
        for own, other in zip(loaded.members_, model.members_, strict=True):
            np.testing.assert_equal(vars(own), vars(other))
        assert loaded.cv_results_.keys() == model.cv_results_.keys()
        for name, column in model.cv_results_.items():
            assert [*loaded.cv_results_[name]] == [*column], name
    assert_same_committee(fit(loaded), fit(model))


FORMATS = {"pickle": "", "joblib": "", "skops.io": f", trusted={TRUSTED}"}
SCRIPT = """
import numpy as np
import {module}
with open("{module}", "rb") as file:
    model = {module}.load(file{options})
data = np.load("data.npz")
before = model.predict_proba(data["X"])
model.fit(data["X"], data["y"])
np.savez("{module}", before=before, after=model.predict_proba(data["X"]))
"""


def test_trains_on_in_another_process(tmp_path):
    formats = {m: o for m, o in FORMATS.items() if find_spec(m.partition(".")[0])}
    model, script = fit(make(EARLY_STOPPING)), ""
    for module, options in formats.items():
        with open(tmp_path / module, "wb") as file:
            import_module(module).dump(model, file)
        script += SCRIPT.format(module=module, options=options)
    np.savez(tmp_path / "data", X=X, y=y.astype(str))
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    before = model.predict_proba(X).tobytes()
    after = fit(model).predict_proba(X).tobytes()
    for module in formats:
        out = np.load(tmp_path / f"{module}.npz")
        assert out["before"].tobytes() == before, module
        assert out["after"].tobytes() == after, module
