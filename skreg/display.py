"""Plots of trained networks, in scikit-learn's Display convention.

They read only fitted attributes: those of skreg's estimators, and of the estimators in
`sklearn.neural_network` that have the same ones, alone or at the end of a pipeline or
search. Several estimators differ in colour, by a palette that colour-blind readers can
tell apart [1]_, and in markers or dashes.

Plots need matplotlib (``pip install 'skreg[plot]'``), which is imported on use; without
it they raise an ImportError.

References
----------
.. [1] M. Okabe and K. Ito, "Color Universal Design (CUD): How to make figures and
   presentations that are friendly to colorblind people", 2008,
   https://jfly.uni-koeln.de/color/
"""

from itertools import cycle

import numpy as np

from skreg._curves import TrainingCurveDisplay
from skreg._plotting import COLORS, THICK, THIN, find_inside, networks_of, pyplot

__all__ = ["RaceDisplay", "TrainingCurveDisplay", "WeightHistogramDisplay"]
_DASHES = ["-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))]


class WeightHistogramDisplay:
    """Distribution of the weights of one or more networks; biases are left out.

    Use `from_estimator` to create a display.

    Parameters
    ----------
    weights : dict of list of ndarray of shape (n_weights,)
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
            A fitted network or committee, whose networks are pooled, or a
            `sklearn.pipeline.Pipeline` or search that ends in one; or a dict of
            several, by their names for the legend.
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw; with ``per_layer`` one for each layer. None means a new
            figure.
        per_layer : bool, default=False
            Whether each layer has separate axes.
        bins : int, str or array-like of float, default=50
            Bins, or their edges, as in `numpy.histogram_bin_edges`. All networks
            share them. Weights outside the edges are not shown.

        Returns
        -------
        display : WeightHistogramDisplay
            The display, after drawing.

        Raises
        ------
        NotFittedError, TypeError or ValueError
            If some estimator holds no fitted network, or if there are not as many axes
            as layers.
        """
        weights = {
            name: [
                np.concatenate(layer, axis=None)
                for layer in zip(*(network.coefs_ for network in networks), strict=True)
            ]
            for name, networks in networks_of(estimator, "coefs_").items()
        }
        return cls(weights).plot(ax, per_layer=per_layer, bins=bins)

    def plot(self, ax=None, *, per_layer=False, bins=50):
        """Plot the weights.

        Parameters
        ----------
        ax, per_layer, bins : optional
            As in `from_estimator`.

        Returns
        -------
        display : WeightHistogramDisplay
            The same display.
        """
        plt = pyplot()
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
        looks = zip(self.weights, cycle(COLORS), cycle(_DASHES), strict=False)
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
        weights = self.weights
        if not per_layer:
            weights = {
                name: [np.concatenate(layers, axis=None)]
                for name, layers in weights.items()
            }
        return [
            {name: layers[k] for name, layers in weights.items() if k < len(layers)}
            for k in range(max(map(len, weights.values())))
        ]


class RaceDisplay:
    """Scores of the candidates in a race against the epochs that they trained.

    Each candidate has a line, with a mark at the end of each rung that it ran. Use
    `from_estimator` to create a display.

    Parameters
    ----------
    epochs, scores : ndarray of shape (n_candidates, n_rungs)
        Epochs trained and mean out-of-fold score at the end of each rung; nan for rungs
        that a candidate did not run.
    winner : int
        Row of the winner.
    score_name : str, default="score"
        Label of the axis.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where the race was drawn.
    lines_ : list of matplotlib Line2D
        One for each candidate.

    See Also
    --------
    TrainingCurveDisplay : How the training of the winner went.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from skreg import RegMLPClassifierCV
    >>> from skreg.display import RaceDisplay
    >>> grid = {"alpha": [1e-3, 1e-2, 1e-1, 1.0]}
    >>> race = RegMLPClassifierCV(param_distributions=grid, random_state=0)
    >>> display = RaceDisplay.from_estimator(race.fit(*load_iris(return_X_y=True)))
    >>> len(display.lines_)
    4
    >>> plt.close(display.figure_)
    """

    def __init__(self, epochs, scores, winner, score_name="score"):
        self.epochs = epochs
        self.scores = scores
        self.winner = winner
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Plot the race of a fitted committee.

        Parameters
        ----------
        estimator : estimator
            A fitted committee, or a `sklearn.pipeline.Pipeline` or search that ends in
            one. After a race by "loss", the losses are shown.
        ax : matplotlib Axes, default=None
            Where to draw. None means a new figure.

        Returns
        -------
        display : RaceDisplay
            The display, after drawing.

        Raises
        ------
        NotFittedError, TypeError or ValueError
            If the estimator holds no fitted committee.
        """
        kind = "RegMLPClassifierCV or RegMLPRegressorCV"
        race = find_inside(estimator, ["members_"], kind)
        results, by_loss = race.cv_results_, race.scoring == "loss"
        names = [*map(repr, results["params"])]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        rows = [numbers[name] for name in names]
        epochs = np.full((len(numbers), results["iter"].max() + 1), np.nan)
        scores = epochs.copy()
        epochs[rows, results["iter"]] = results["n_resources"]
        scores[rows, results["iter"]] = results["mean_test_score"] * (1 - 2 * by_loss)
        name = "out-of-fold loss" if by_loss else "out-of-fold score"
        return cls(epochs, scores, rows[race.best_index_], name).plot(ax)

    def plot(self, ax=None):
        """Plot the race.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None means a new figure.

        Returns
        -------
        display : RaceDisplay
            The same display.
        """
        plt = pyplot()
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        rungs = self.epochs.T, self.scores.T
        self.lines_ = ax.plot(*rungs, color="0.4", marker="o", **THIN)
        winner = {"color": COLORS[0], "alpha": 1, "zorder": 3, "label": "winner"}
        self.lines_[self.winner].set(**winner, **THICK)
        ax.set(xlabel="epoch", ylabel=self.score_name)
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.legend()
        return self
