"""Regularised neural networks for tables, as scikit-learn estimators."""

from skreg.classifier import RegMLPClassifier
from skreg.encoder import TabularEncoder

__all__ = ["RegMLPClassifier", "TabularEncoder"]
__version__ = "0.2.0"
