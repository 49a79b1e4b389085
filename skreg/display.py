"""Plots of what a network learned, in scikit-learn's Display convention.

They read fitted attributes only, and find them in the networks of skreg, and as far as
these have them in those of `sklearn.neural_network`, alone or at the end of a pipeline
or a search. Several networks are told apart by colours that need no colour
vision [1]_, and by markers or dashes besides.

Plots need matplotlib (``pip install skreg[plot]``), which is imported on use.

References
----------
.. [1] M. Okabe and K. Ito, "Color Universal Design (CUD): How to make figures and
   presentations that are friendly to colorblind people", 2008,
   https://jfly.uni-koeln.de/color/
"""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

_COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000", "#56B4E9"]
_MARKERS = ["o", "s", "^", "D", "v"]
_DASHES = ["-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))]
_THIN = {"linewidth": 1.2, "alpha": 0.55, "markersize": 5}
_THICK = {"linewidth": 2.2, "markersize": 7, "markeredgecolor": "white"}
_BEST = {
    "linestyle": "",
    "markersize": 10,
    "markerfacecolor": "white",
    "markeredgewidth": 2,
    "zorder": 3,
}


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "skreg.display needs matplotlib. Install it with: pip install skreg[plot]"
        ) from error
    return plt


def _networks(estimator, attribute):
    """Return the fitted network of each estimator, by name.

    An estimator on its own has no name: it gets the empty string.
    """
    if not isinstance(estimator, Mapping):
        return {"": _network(estimator, attribute, "The estimator")}
    if not estimator:
        raise ValueError("The dict of estimators is empty: there is nothing to plot.")
    return {
        str(name): _network(inner, attribute, f"The estimator named {name!r}")
        for name, inner in estimator.items()
    }


def _network(estimator, attribute, what):
    """Return the network with a fitted attribute inside a pipeline or a search."""
    network = estimator
    while isinstance(network, BaseEstimator) or hasattr(network, attribute):
        if hasattr(network, attribute):
            return network
        try:
            check_is_fitted(network)
        except NotFittedError as error:
            raise NotFittedError(
                f"{what} is not fitted yet: call fit before plotting {estimator!r}."
            ) from error
        if isinstance(network, Pipeline):
            network = network.steps[-1][1]
        elif hasattr(network, "best_estimator_"):
            network = network.best_estimator_
        elif getattr(network, "refit", None) is False:
            raise ValueError(
                f"{what} holds no fitted network, since it was searched with "
                f"refit=False: {estimator!r}. Search with refit=True."
            )
        else:
            break
    found = "" if network is estimator else f", where {network!r} was found"
    raise TypeError(
        f"{what} has to be a fitted network of skreg or another one with "
        f"{attribute}, or a Pipeline or a search such as GridSearchCV with one at its "
        "end; several go into a dict from names to estimators. Got "
        f"{estimator!r}{found}."
    )


def _curve(network, attribute):
    values = getattr(network, attribute, None)
    return None if values is None else np.asarray(values, dtype=float)


def _has_own_scores(curves):
    """Whether there are scores, other than the negated validation losses."""
    scores, losses = curves["validation_score"], curves["validation_loss"]
    if scores is None:
        return False
    return losses is None or not np.array_equal(scores, -losses, equal_nan=True)


def _present(kinds, all_curves):
    return [k for k in kinds if any(curves[k] is not None for curves in all_curves)]


def _spread(n, offset):
    """Return a few epochs to put a marker at, on a linear axis or a logarithmic one."""
    steps = (np.arange(5) + offset) / 5
    return np.unique(np.r_[steps * n, n**steps - 1].astype(int)).tolist()


def _flat(layers):
    return np.concatenate([np.ravel(weights) for weights in layers])


class TrainingCurveDisplay:
    """Losses and validation score of one or more networks against epochs.

    The training loss is drawn thin, what was measured on a validation set thick. The
    scores have axes of their own, unless they are the validation losses over again.
    Epochs without a validation set leave a gap.

    It is recommended to use `from_estimator` to create a display.

    Parameters
    ----------
    curves : dict of dict
        For each name ``"training_loss"``, ``"validation_loss"`` and
        ``"validation_score"``, which are arrays of shape (n_epochs,) or None, and
        ``"best_epoch"``, an int counted from 1, or None.

    Attributes
    ----------
    ax_ : matplotlib Axes or None
        Shows the losses.
    score_ax_ : matplotlib Axes or None
        Shows the validation scores.
    figure_ : matplotlib Figure
        Has the axes.
    lines_ : dict of dict of matplotlib Line2D
        For each name what was drawn of it: the curves, by the keys of ``curves``, and
        ``"best_loss"`` and ``"best_score"``, the marks at the best epoch.

    See Also
    --------
    WeightHistogramDisplay : The weights at the end of training.
    sklearn.inspection.DecisionBoundaryDisplay : The regions of the classes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import make_moons
    >>> from skreg import RegMLPClassifier
    >>> from skreg.display import TrainingCurveDisplay
    >>> X, y = make_moons(200, noise=0.3, random_state=0)
    >>> model = RegMLPClassifier(
    ...     early_stopping=True, scoring="accuracy", random_state=0
    ... ).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(model, log_scale=True)
    >>> _ = display.score_ax_.set_ylabel("validation accuracy")
    >>> plt.close(display.figure_)
    """

    def __init__(self, curves):
        self.curves = curves

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, score_ax=None, log_scale=False):
        """Plot the curves of fitted networks.

        Parameters
        ----------
        estimator : estimator or dict of estimators
            A fitted network, or a `sklearn.pipeline.Pipeline` or search with one at its
            end; or several, by the names for the legend.
        ax : matplotlib Axes, default=None
            Where to draw the losses.
        score_ax : matplotlib Axes, default=None
            Where to draw the scores. If neither is passed, there is a new figure; if
            one is, only what belongs there is drawn.
        log_scale : bool, default=False
            Whether the losses have a logarithmic axis.

        Returns
        -------
        display : TrainingCurveDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        TypeError
            If it holds no network with a ``loss_curve_``.
        ValueError
            If there is no estimator, if a search was not refitted, or if there are no
            scores for ``score_ax``.
        ImportError
            If matplotlib is missing.
        """
        curves = {
            name: {
                "training_loss": _curve(network, "loss_curve_"),
                "validation_loss": _curve(network, "validation_loss_curve_"),
                "validation_score": _curve(network, "validation_scores_"),
                "best_epoch": getattr(network, "best_iter_", None),
            }
            for name, network in _networks(estimator, "loss_curve_").items()
        }
        return cls(curves).plot(ax, score_ax=score_ax, log_scale=log_scale)

    def plot(self, ax=None, *, score_ax=None, log_scale=False):
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw the losses.
        score_ax : matplotlib Axes, default=None
            Where to draw the scores. If neither is passed, there is a new figure; if
            one is, only what belongs there is drawn.
        log_scale : bool, default=False
            Whether the losses have a logarithmic axis.

        Returns
        -------
        display : TrainingCurveDisplay
            Itself, with what was drawn.
        """
        plt = _pyplot()
        all_curves = list(self.curves.values())
        if score_ax is not None and not _present(["validation_score"], all_curves):
            raise ValueError(
                "score_ax was passed, but no estimator has validation_scores_."
            )
        own_figure = ax is None and score_ax is None
        if own_figure and any(map(_has_own_scores, all_curves)):
            _, (ax, score_ax) = plt.subplots(
                2, sharex=True, figsize=(6.4, 6.4), layout="constrained"
            )
        elif own_figure:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.score_ax_ = ax, score_ax
        self.figure_ = (score_ax if ax is None else ax).figure
        self.lines_: dict = {name: {} for name in self.curves}
        if score_ax is not None:
            self._draw(score_ax, ["validation_score"], "best_score")
            score_ax.set_ylabel("validation score")
        if ax is not None:
            self._draw(ax, ["training_loss", "validation_loss"], "best_loss")
            ax.set_ylabel("loss")
            if log_scale:
                ax.set_yscale("log")
        if own_figure:
            for panel in self.figure_.axes:
                panel.locator_params(axis="x", integer=True)
                panel.label_outer()
        return self

    def _draw(self, ax, kinds, mark):
        """Draw the curves of these kinds, the last thick, with the best epoch on it."""
        from matplotlib.lines import Line2D

        present = _present(kinds, self.curves.values())
        styles = {kind: _THICK if kind == present[-1] else _THIN for kind in present}
        several = len(self.curves) > 1
        named = []
        looks = zip(self.curves.items(), cycle(_COLORS), cycle(_MARKERS), strict=False)
        for i, ((name, curves), color, marker) in enumerate(looks):
            lines = self.lines_[name]
            line = None
            for kind in (kind for kind in present if curves[kind] is not None):
                values, epochs = curves[kind], np.arange(1, len(curves[kind]) + 1)
                (line,) = ax.plot(epochs, values, color=color, **styles[kind])
                lines[kind] = line
                if several:
                    where = _spread(len(values), i / len(self.curves))
                    line.set(marker=marker, markevery=where)
            if line is None:
                continue
            if name:
                line.set_label(name)
                named.append(line)
            if curves["best_epoch"]:
                best = curves["best_epoch"], values[curves["best_epoch"] - 1]
                (lines[mark],) = ax.plot(*best, color=color, marker=marker, **_BEST)
        key = styles if len(present) > 1 or not named else {}
        if any(mark in lines for lines in self.lines_.values()):
            key = {**key, "best epoch": {"marker": "o", **_BEST}}
        color = "0.4" if several else _COLORS[0]
        handles = [
            Line2D([], [], color=color, label=label.split("_")[0], **style)
            for label, style in key.items()
        ]
        ax.set_xlabel("epoch")
        ax.legend(handles=named + handles)


class WeightHistogramDisplay:
    """Distribution of the weights of one or more networks; biases are left out.

    It is recommended to use `from_estimator` to create it.

    Parameters
    ----------
    weights : dict of list of ndarray
        For each name the weights of every layer.

    Attributes
    ----------
    ax_ : matplotlib Axes or ndarray of Axes
        The axes; with ``per_layer`` an array of shape (n_layers,).
    figure_ : matplotlib Figure
        Has the axes.
    stairs_ : dict of list of matplotlib StepPatch
        For each name the outline of its histogram; with ``per_layer`` one per layer.

    See Also
    --------
    TrainingCurveDisplay : How the training went.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import make_moons
    >>> from skreg import RegMLPClassifier
    >>> from skreg.display import WeightHistogramDisplay
    >>> X, y = make_moons(200, noise=0.3, random_state=0)
    >>> plain = RegMLPClassifier(10, solver="lbfgs", alpha=1e-2, random_state=0)
    >>> decayed = RegMLPClassifier(10, solver="lbfgs", alpha=0.1, random_state=0)
    >>> display = WeightHistogramDisplay.from_estimator(
    ...     {"plain": plain.fit(X, y), "decayed": decayed.fit(X, y)}, per_layer=True
    ... )
    >>> [ax.get_title() for ax in display.ax_]
    ['layer 1', 'layer 2']
    >>> plt.close(display.figure_)
    """

    def __init__(self, weights):
        self.weights = weights

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, per_layer=False, bins=50):
        """Plot the weights of fitted networks.

        Parameters
        ----------
        estimator : estimator or dict of estimators
            A fitted network, or a `sklearn.pipeline.Pipeline` or search that ends in
            one; or several, by the names for the legend.
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw; with ``per_layer`` one for each layer. If None, in a new
            figure.
        per_layer : bool, default=False
            Whether each layer has axes of its own.
        bins : int, str or array-like of float, default=50
            Bins, or their edges, as in `numpy.histogram_bin_edges`. All networks
            share them. Weights outside of edges are not shown.

        Returns
        -------
        display : WeightHistogramDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        TypeError
            If it holds no network with ``coefs_``.
        ValueError
            If there is no estimator, if a search was not refitted, or if there are
            not as many axes as layers.
        ImportError
            If matplotlib is missing.
        """
        networks = _networks(estimator, "coefs_")
        weights = {name: list(network.coefs_) for name, network in networks.items()}
        return cls(weights).plot(ax, per_layer=per_layer, bins=bins)

    def plot(self, ax=None, *, per_layer=False, bins=50):
        """Plot the weights.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw; with ``per_layer`` one for each layer. If None, in a new
            figure.
        per_layer : bool, default=False
            Whether each layer has axes of its own.
        bins : int, str or array-like of float, default=50
            Bins, or their edges, as in `numpy.histogram_bin_edges`. All networks
            share them. Weights outside of edges are not shown.

        Returns
        -------
        display : WeightHistogramDisplay
            Itself, with what was drawn.
        """
        plt = _pyplot()
        panels = self._panels(per_layer)
        if ax is None:
            size = (max(6.4, 3.4 * len(panels)), 3.6 if per_layer else 4.8)
            _, ax = plt.subplots(
                1, len(panels), figsize=size, squeeze=False, layout="constrained"
            )
        axes = np.ravel(np.asarray(ax, dtype=object))
        if len(axes) != len(panels):
            raise ValueError(
                f"ax has to hold {len(panels)} Axes, one per layer with per_layer=True "
                f"and one without. Got {len(axes)}."
            )
        self.ax_ = axes if per_layer else axes[0]
        self.figure_ = axes[0].figure
        self.stairs_: dict = {name: [] for name in self.weights}
        looks = zip(self.weights, cycle(_COLORS), cycle(_DASHES), strict=False)
        styles = {name: {"color": c, "linestyle": d} for name, c, d in looks}
        for k, (panel, weights) in enumerate(zip(axes, panels, strict=True), start=1):
            edges = np.histogram_bin_edges(np.concatenate([*weights.values()]), bins)
            for name, values in weights.items():
                counts, _ = np.histogram(values, edges)
                self.stairs_[name].append(
                    panel.stairs(
                        counts, edges, linewidth=1.8, label=name, **styles[name]
                    )
                )
            panel.set_xlabel("weight")
            panel.set_ylabel("number of weights")
            if per_layer:
                panel.set_title(f"layer {k}")
        if any(self.weights):
            axes[0].legend()
        return self

    def _panels(self, per_layer):
        """Return, for each panel, the weights to show of every network, by name."""
        if not per_layer:
            return [{name: _flat(layers) for name, layers in self.weights.items()}]
        return [
            {
                name: _flat(layers[k : k + 1])
                for name, layers in self.weights.items()
                if k < len(layers)
            }
            for k in range(max(map(len, self.weights.values())))
        ]
