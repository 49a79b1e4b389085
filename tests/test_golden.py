"""Losses and saved models of fixed seeds, as `golden.py` wrote them."""

import json
import pickle
import warnings

import golden
import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
"""Another BLAS or processor sums in another order, which a few steps amplify."""

EXPECTED = json.loads(golden.LOSSES.read_text())
MODELS = sorted(path.stem for path in golden.DATA.glob("skreg-*.json"))
NETWORKS = [stem for stem in MODELS if not stem.endswith(("-committee", "-encoder"))]


@pytest.mark.parametrize("case", golden.CASES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_losses_are_those_of_the_table(case, dtype):
    np.testing.assert_allclose(
        golden.fit(case, dtype).loss_curve_,
        EXPECTED[dtype][case],
        rtol=TOLERANCE[dtype],
    )


def loaded_from_pickle(stem):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return pickle.loads((golden.DATA / f"{stem}.pickle").read_bytes())


def loaded_from_skops(stem):
    io = pytest.importorskip("skops.io", reason="extra: skops")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return io.load(
            golden.DATA / f"{stem}.skops",
            trusted=[
                "skreg.classifier.RegMLPClassifier",
                "skreg.committee.RegMLPClassifierCV",
                "skreg.encoder.TabularEncoder",
                "skreg.regressor.RegMLPRegressor",
            ],
        )


@pytest.mark.parametrize("load", [loaded_from_pickle, loaded_from_skops])
@pytest.mark.parametrize("stem", MODELS)
def test_models_of_every_version_load_and_predict_the_same(stem, load):
    expected = json.loads((golden.DATA / f"{stem}.json").read_text())
    # A logit errs by some eps times its size, and by as much a probability's logarithm.
    np.testing.assert_allclose(golden.predicted(load(stem)), expected, rtol=1e-11)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("load", [loaded_from_pickle, loaded_from_skops])
@pytest.mark.parametrize("stem", NETWORKS)
def test_networks_of_every_version_train_on(stem, load):
    model = load(stem).set_params(warm_start=True)
    n_epochs = len(model.loss_curve_)
    model.fit(golden.X, golden.targets(model), golden.WEIGHTS)
    assert len(model.loss_curve_) == n_epochs + model.n_iter_
