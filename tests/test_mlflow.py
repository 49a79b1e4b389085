"""The recipe for mlflow in docs/saving.md, with a store in a temporary folder."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers import run_python

from skreg import RegMLPClassifier

# Importing it here would take a second of every run.
pytestmark = pytest.mark.skipif(
    not (find_spec("mlflow") and find_spec("skops")), reason="extra: mlflow"
)

PAGE = Path(__file__).parents[1] / "docs" / "saving.md"
BEFORE = """
import sys
import mlflow
folder = sys.argv[1]
# It would load every model in another process, to see which packages that imports.
mlflow.models.infer_pip_requirements = lambda *_, fallback, **__: fallback
mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
mlflow.create_experiment("recipe", artifact_location=f"file://{folder}/artifacts")
mlflow.set_experiment("recipe")
"""
AFTER = """
import json
import numpy as np
data = mlflow.get_run(run.info.run_id).data
losses = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
served = mlflow.pyfunc.load_model(logged.model_uri)
with mlflow.start_run() as bare:
    network.fit(X, y)
untrusted = ""
try:
    mlflow.sklearn.log_model(network, name="bare", serialization_format="skops")
except mlflow.MlflowException as error:
    untrusted = str(error)
print(json.dumps({
    "params": data.params,
    "metrics": data.metrics,
    "losses": [m.value for m in sorted(losses, key=lambda m: m.step)],
    "expected": model[-1].loss_curve_,
    "same": np.array_equal(loaded.predict_proba(X), model.predict_proba(X)),
    "served": np.array_equal(served.predict(X), model.predict(X)),
    "bare": mlflow.get_run(bare.info.run_id).data.params,
    "untrusted": untrusted,
}))
"""


def recipe():
    section = PAGE.read_text(encoding="utf-8").split("\n## mlflow\n")[1]
    return section.split("```python\n")[1].split("```")[0]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Run the recipe in a process that keeps autolog's patches to itself."""
    store, here = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("here")
    script = BEFORE + recipe() + AFTER
    silent = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    done = run_python("-c", script, store, cwd=here, **silent)
    return json.loads(done.stdout.splitlines()[-1]) | {"left": [*here.iterdir()]}


def test_autolog_logs_the_network_in_a_pipeline(outcome):
    sizes = RegMLPClassifier().hidden_layer_sizes
    assert outcome["params"]["regmlpclassifier__hidden_layer_sizes"] == str(sizes)
    assert outcome["metrics"]["training_score"] > 0.9


def test_the_curve_is_a_metric(outcome):
    assert outcome["losses"] == pytest.approx(outcome["expected"])


def test_a_model_in_the_format_of_skops_comes_back(outcome):
    assert outcome["same"]
    assert outcome["served"]


def test_only_the_class_has_to_be_trusted(outcome):
    assert "['skreg.classifier.RegMLPClassifier']" in outcome["untrusted"]


def test_nothing_is_written_to_the_current_folder(outcome):
    assert outcome["left"] == []


def test_autolog_passes_over_a_bare_estimator(outcome):
    """When this fails, mlflow has changed, and the page can become shorter."""
    assert outcome["bare"] == {}
