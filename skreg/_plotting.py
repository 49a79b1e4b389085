"""Shared by the plots: their looks, and the search for networks in pipelines."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000", "#56B4E9"]
MARKERS = ["o", "s", "^", "D", "v"]
DASHES = ["-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))]
THIN = {"linewidth": 1.2, "alpha": 0.55, "markersize": 5}
THICK = {"linewidth": 2.2, "markersize": 7, "markeredgecolor": "white"}
DOTTED = {"linewidth": 1.4, "linestyle": ":"}
BEST = {
    "linestyle": "",
    "markersize": 10,
    "markerfacecolor": "white",
    "markeredgewidth": 2,
    "zorder": 3,
}


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


def curve_of(networks, attribute):
    """Return the curve of a network, or those of the folds of a committee."""
    curves: Any = [getattr(network, attribute, None) for network in networks]
    if any(curve is None for curve in curves):
        return None
    longest = max(map(len, curves))
    rows = [[*curve, *[np.nan] * (longest - len(curve))] for curve in curves]
    return np.array(rows if len(rows) > 1 else rows[0], dtype=float)


def spread(n, offset):
    """Return a few epochs for markers that suit a linear and a logarithmic axis."""
    steps = (np.arange(5) + offset) / 5
    return np.unique(np.r_[steps * n, n**steps - 1].astype(int)).tolist()


def training_curves_of(networks):
    """Return the objective without its penalty, and the penalty if there is any."""
    objective = curve_of(networks, "loss_curve_")
    penalty = curve_of(networks, "penalty_curve_")
    if penalty is None or not np.nansum(penalty):
        return objective, None
    return objective - penalty, penalty


def has_own_scores(curves):
    """Return whether there are scores other than the negated validation losses."""
    scores, losses = curves["validation_score"], curves["validation_loss"]
    if scores is None:
        return False
    return losses is None or not np.array_equal(scores, -losses, equal_nan=True)


def draw_penalty(ax, penalty):
    """Draw the penalty of a network, or its mean over the folds; return the line.

    It does not raise the upper limit of linear axes.
    """
    mean = np.nanmean(np.atleast_2d(penalty), axis=0)
    epochs = np.arange(1, len(mean) + 1)
    low, high = ax.get_ylim()
    (line,) = ax.plot(epochs, mean, color=COLORS[0], label="penalty", **DOTTED)
    if mean.max() > high and ax.get_yscale() == "linear":
        ax.set_ylim(min(low, mean.min()), high)
    ax.legend(handles=[*ax.get_legend().legend_handles, line])
    return line
