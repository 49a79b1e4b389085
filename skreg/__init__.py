"""Regularised neural networks for tables, as scikit-learn estimators."""

from skreg.classifier import RegMLPClassifier
from skreg.committee import RegMLPClassifierCV
from skreg.encoder import TabularEncoder

__all__ = ["RegMLPClassifier", "RegMLPClassifierCV", "TabularEncoder"]
__version__ = "0.2.0"
