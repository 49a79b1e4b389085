"""A regularised multilayer perceptron for scikit-learn."""

from skreg.classifier import RegMLPClassifier

__all__ = ["RegMLPClassifier"]
__version__ = "0.2.0"
