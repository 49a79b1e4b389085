"""Regularised neural networks for tables, as scikit-learn estimators."""

from skreg.classifier import RegMLPClassifier
from skreg.committee import RegMLPClassifierCV, RegMLPRegressorCV
from skreg.encoder import TabularEncoder
from skreg.regressor import RegMLPRegressor

__all__ = [
    "RegMLPClassifier",
    "RegMLPClassifierCV",
    "RegMLPRegressor",
    "RegMLPRegressorCV",
    "TabularEncoder",
]
__version__ = "0.2.0"
