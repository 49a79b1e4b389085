"""Shared by the plots: their looks, and the search for networks in pipelines."""

from collections.abc import Mapping

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000", "#56B4E9"]
THIN = {"linewidth": 1.2, "alpha": 0.55, "markersize": 5}
THICK = {"linewidth": 2.2, "markersize": 7, "markeredgecolor": "white"}


def pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "skreg.display needs matplotlib. Install it with: pip install 'skreg[plot]'"
        ) from error
    return plt


def networks_of(estimator, attribute):
    """Return the fitted networks of each estimator, by name; a committee has several.

    An estimator on its own has no name: it gets the empty string.
    """
    kind = f"network of skreg or another one with {attribute}"
    if not isinstance(estimator, Mapping):
        estimator, what = {"": estimator}, "The estimator"
    else:
        what = "The estimator named {!r}"
    if not estimator:
        raise ValueError("The dict of estimators is empty: there is nothing to plot.")
    several = "; several go into a dict from names to estimators"
    found = {
        str(name): find_inside(
            inner, (attribute, "members_"), kind, what.format(name), several
        )
        for name, inner in estimator.items()
    }
    return {name: getattr(model, "members_", [model]) for name, model in found.items()}


def find_inside(estimator, attributes, kind, what="The estimator", several=""):
    """Return the model with one of these attributes, alone or in a pipeline or search.

    In messages, ``what`` names the estimator, ``kind`` what it has to be, and
    ``several`` how to pass several.
    """
    model = estimator
    while True:
        if any(hasattr(model, attribute) for attribute in attributes):
            return model
        if not isinstance(model, BaseEstimator):
            break
        try:
            check_is_fitted(model)
        except NotFittedError as error:
            raise NotFittedError(
                f"{what} is not fitted yet: call fit before plotting {estimator!r}."
            ) from error
        if isinstance(model, Pipeline):
            model = model.steps[-1][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif getattr(model, "refit", None) is False:
            raise ValueError(
                f"{what} holds no fitted network, since it was searched with "
                f"refit=False: {estimator!r}. Search with refit=True."
            )
        else:
            break
    found = "" if model is estimator else f", where {model!r} was found"
    raise TypeError(
        f"{what} has to be a fitted {kind}, or a Pipeline or a search such as "
        f"GridSearchCV with one at its end{several}. Got {estimator!r}{found}."
    )
