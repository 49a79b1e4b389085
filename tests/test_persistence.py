"""A model that was saved and loaded trains on as if it had not been, bit for bit."""

import copy
import io
import pickle
from importlib import import_module
from importlib.util import find_spec

import joblib
import numpy as np
import pytest
from estimators import assert_same_committee, committee, predicted
from helpers import every_engine, run_python
from sklearn.base import is_classifier

from skreg import RegMLPClassifier, RegMLPRegressor

TRUSTED = {
    RegMLPClassifier: ["skreg.classifier.RegMLPClassifier"],
    RegMLPRegressor: ["skreg.regressor.RegMLPRegressor"],
}

# Every fit is cut short, so that there is something to go on with.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
CLASSES = np.array(["no", "maybe", "yes"], dtype=object)
SCORES = X @ rng.normal(size=(4, 3))
y = CLASSES[SCORES.argmax(axis=1)]


def fit(model):
    return model.fit(X, y if is_classifier(model) else SCORES)


def partial_fit(model):
    if isinstance(model, RegMLPRegressor):
        return model.partial_fit(X, SCORES)
    return model.partial_fit(X, y, classes=CLASSES)


DROPOUT = {"keep_prob": 0.7, "input_keep_prob": 0.9, "batch_size": 10}
NESTEROV = {
    "solver": "sgd",
    "nesterovs_momentum": True,
    "learning_rate": "adaptive",
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


OWN = {
    RegMLPClassifier: {"class_weight": {"no": 2.0, "maybe": 1.0, "yes": 0.5}},
    RegMLPRegressor: {"loss": "quantile", "quantile": 0.3},
}


def make(kind, parameters):
    return kind(
        6, max_iter=3, warm_start=True, random_state=0, **OWN[kind], **parameters
    )


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(file)


def through_skops(model, trusted=None):
    skops_io = pytest.importorskip("skops.io")
    data = skops_io.dumps(model)
    trusted = trusted or TRUSTED[type(model)]
    assert skops_io.get_untrusted_types(data=data) == trusted
    return skops_io.loads(data, trusted=trusted)


def through_skops_trusting_committees(model):
    kind = type(model)
    network = kind.__name__.removesuffix("CV")
    own = f"skreg.{network.removeprefix('RegMLP').lower()}.{network}"
    return through_skops(model, sorted([own, f"skreg.committee.{kind.__name__}"]))


@pytest.mark.parametrize("through", [through_pickle, through_joblib, through_skops])
@pytest.mark.parametrize(("train", "parameters"), TRAINING.values(), ids=TRAINING)
@pytest.mark.parametrize("n_before", [0, 1, 2])
@pytest.mark.parametrize("kind", TRUSTED)
def test_trains_on(kind, n_before, train, parameters, through):
    model = make(kind, parameters)
    for _ in range(n_before):
        train(model)
    loaded = through(model)
    np.testing.assert_equal(vars(loaded), vars(model))
    if n_before:
        assert predicted(loaded, X).tobytes() == predicted(model, X).tobytes()
    train(model)
    train(loaded)
    np.testing.assert_equal(vars(loaded), vars(model))
    assert predicted(loaded, X).tobytes() == predicted(model, X).tobytes()


def swapped(value):
    """Return what a pickle from a machine with the other byte order has for a value."""
    if isinstance(value, np.ndarray):
        return value.astype(value.dtype.newbyteorder())
    if isinstance(value, list):
        return [*map(swapped, value)]
    if isinstance(value, dict):
        return {name: swapped(entry) for name, entry in value.items()}
    return value


@every_engine
@pytest.mark.parametrize(("train", "parameters"), TRAINING.values(), ids=TRAINING)
@pytest.mark.parametrize("kind", TRUSTED)
def test_trains_on_from_a_machine_with_another_byte_order(
    kind, train, parameters, engine
):
    model = train(make(kind, {"feature_scales": True, "engine": engine, **parameters}))
    loaded = copy.deepcopy(model)
    vars(loaded).update(swapped(vars(loaded)))
    assert not loaded.coefs_[0].dtype.isnative
    assert predicted(loaded, X).tobytes() == predicted(model, X).tobytes()
    train(model)
    train(loaded)
    assert loaded.coefs_[0].dtype.isnative
    np.testing.assert_equal(vars(loaded), vars(model))


@pytest.mark.parametrize(
    "through", [through_pickle, through_joblib, through_skops_trusting_committees]
)
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("kind", ["multiclass", "numbers"])
@pytest.mark.parametrize(
    "distributions", [None, {"alpha": [0.1, 1.0], "keep_prob": [[0.5], [0.9]]}]
)
def test_a_committee_is_loaded_as_it_was_saved(distributions, kind, fitted, through):
    model = committee(DROPOUT, distributions, kind=kind)
    if fitted:
        fit(model)
    loaded = through(model)
    if fitted:
        assert_same_committee(loaded, model)
        assert predicted(loaded, X).tobytes() == predicted(model, X).tobytes()
        for own, other in zip(loaded.members_, model.members_, strict=True):
            np.testing.assert_equal(vars(own), vars(other))
        assert loaded.cv_results_.keys() == model.cv_results_.keys()
        for name, column in model.cv_results_.items():
            assert [*loaded.cv_results_[name]] == [*column], name
    assert_same_committee(fit(loaded), fit(model))


FORMATS = {"pickle": "", "joblib": "", "skops.io": ", trusted={trusted}"}
SCRIPT = """
import numpy as np
import {module}
with open("{name}", "rb") as file:
    model = {module}.load(file{options})
data = np.load("{kind}.npz")
predict = getattr(model, "predict_proba", model.predict)
before = predict(data["X"])
model.fit(data["X"], data["y"])
np.savez("{name}", before=before, after=predict(data["X"]))
"""


def test_trains_on_in_another_process(tmp_path):
    formats = {m: o for m, o in FORMATS.items() if find_spec(m.partition(".")[0])}
    models, script = {}, ""
    for kind, trusted in TRUSTED.items():
        model = fit(make(kind, EARLY_STOPPING))
        targets = SCORES if kind is RegMLPRegressor else y.astype(str)
        np.savez(tmp_path / kind.__name__, X=X, y=targets)
        for module, options in formats.items():
            name = f"{kind.__name__}-{module}"
            models[name] = model
            with open(tmp_path / name, "wb") as file:
                import_module(module).dump(model, file)
            options = options.format(trusted=trusted)
            script += SCRIPT.format(
                kind=kind.__name__, module=module, name=name, options=options
            )
    run_python("-c", script, cwd=tmp_path)
    for name, model in models.items():
        out = np.load(tmp_path / f"{name}.npz")
        assert out["before"].tobytes() == predicted(model, X).tobytes(), name
        after = predicted(fit(copy.deepcopy(model)), X)
        assert out["after"].tobytes() == after.tobytes(), name
