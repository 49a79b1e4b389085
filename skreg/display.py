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

from skreg._plotting import (
    BEST,
    COLORS,
    DASHES,
    MARKERS,
    THICK,
    THIN,
    curve_of,
    draw_penalty,
    find_inside,
    has_own_scores,
    networks_of,
    pyplot,
    spread,
    training_curves_of,
)


def _present(kinds, all_curves):
    return [k for k in kinds if any(curves[k] is not None for curves in all_curves)]


def _flat(layers):
    return np.concatenate([np.ravel(weights) for weights in layers])


class TrainingCurveDisplay:
    """Losses and validation score of one or more networks against epochs.

    The training loss is the objective without its penalty, so it can be compared with
    the validation loss. The penalty of a single estimator is a dotted line, which is
    cut off where it is far above the losses. (The networks of `sklearn.neural_network`
    do not record their penalty: it stays in the loss.)

    The training loss is drawn thin, validation losses and scores are drawn thick. The
    scores have separate axes, unless they are the negated validation losses. Epochs
    without a validation set leave a gap.

    For a committee, a line shows the mean over the folds, and a band their range. Both
    cover the folds that still trained in an epoch; a mark shows the best epoch of each
    fold.

    Use `from_estimator` to create a display.

    Parameters
    ----------
    curves : dict of dict
        For each name ``"training_loss"``, ``"penalty"``, ``"validation_loss"`` and
        ``"validation_score"``, which are arrays of shape (n_epochs,) or None, and
        ``"best_epoch"``, an int counted from 1, or None. For a committee, arrays of
        shape (n_folds, n_epochs), padded with nan, and a list of int.

    Attributes
    ----------
    ax_ : matplotlib Axes or None
        Shows the losses.
    score_ax_ : matplotlib Axes or None
        Shows the validation scores.
    figure_ : matplotlib Figure
        Has the axes.
    lines_ : dict of dict of matplotlib Line2D
        For each name its curves, by the keys of ``curves``, and ``"best_loss"`` and
        ``"best_score"``, the marks at the best epochs.
    bands_ : dict of dict of matplotlib PolyCollection
        For each name the bands of a committee, by the keys of ``curves``.

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
            A fitted network or committee, or a `sklearn.pipeline.Pipeline` or search
            with one at its end; or a dict of several, by their names for the legend.
        ax : matplotlib Axes, default=None
            Where to draw the losses.
        score_ax : matplotlib Axes, default=None
            Where to draw the scores. With neither ``ax`` nor ``score_ax`` there is a
            new figure; with one of them, only the curves that belong there are drawn.
        log_scale : bool, default=False
            Whether the losses have a logarithmic axis.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, after drawing.

        Raises
        ------
        NotFittedError, TypeError or ValueError
            If some estimator holds no fitted network with a ``loss_curve_``, or if none
            has scores for ``score_ax``.
        """
        curves = {}
        for name, networks in networks_of(estimator, "loss_curve_").items():
            best = [getattr(network, "best_iter_", None) for network in networks]
            training_loss, penalty = training_curves_of(networks)
            curves[name] = {
                "training_loss": training_loss,
                "penalty": penalty,
                "validation_loss": curve_of(networks, "validation_loss_curve_"),
                "validation_score": curve_of(networks, "validation_scores_"),
                "best_epoch": best if len(best) > 1 else best[0],
            }
        return cls(curves).plot(ax, score_ax=score_ax, log_scale=log_scale)

    def plot(self, ax=None, *, score_ax=None, log_scale=False):
        """Plot the curves.

        Parameters
        ----------
        ax, score_ax, log_scale : optional
            As in `from_estimator`.

        Returns
        -------
        display : TrainingCurveDisplay
            The same display.
        """
        plt = pyplot()
        all_curves = list(self.curves.values())
        if score_ax is not None and not _present(["validation_score"], all_curves):
            message = "score_ax was passed, but no estimator has validation_scores_."
            raise ValueError(message)
        own_figure = ax is None and score_ax is None
        if own_figure and any(map(has_own_scores, all_curves)):
            _, (ax, score_ax) = plt.subplots(
                2, sharex=True, figsize=(6.4, 6.4), layout="constrained"
            )
        elif own_figure:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.score_ax_ = ax, score_ax
        self.figure_ = (score_ax if ax is None else ax).figure
        self.lines_: dict = {name: {} for name in self.curves}
        self.bands_: dict = {name: {} for name in self.curves}
        if score_ax is not None:
            self._draw(score_ax, ["validation_score"], "best_score")
            score_ax.set_ylabel("validation score")
        if ax is not None:
            self._draw(ax, ["training_loss", "validation_loss"], "best_loss")
            ax.set_ylabel("loss")
            if log_scale:
                ax.set_yscale("log")
            ((name, first), *others) = self.curves.items()
            if first["penalty"] is not None and not others:
                self.lines_[name]["penalty"] = draw_penalty(ax, first["penalty"])
        if own_figure:
            for panel in self.figure_.axes:
                panel.locator_params(axis="x", integer=True)
                panel.label_outer()
        return self

    def _draw(self, ax, kinds, mark):
        """Draw the curves of these kinds, the last one thick; mark its best epoch."""
        from matplotlib.lines import Line2D

        present = _present(kinds, self.curves.values())
        styles = {kind: THICK if kind == present[-1] else THIN for kind in present}
        several = len(self.curves) > 1
        named = []
        looks = zip(self.curves.items(), cycle(COLORS), cycle(MARKERS), strict=False)
        for i, ((name, curves), color, marker) in enumerate(looks):
            lines = self.lines_[name]
            line = None
            for kind in (kind for kind in present if curves[kind] is not None):
                folds = np.ma.masked_invalid(np.atleast_2d(curves[kind]))
                epochs = np.arange(1, folds.shape[1] + 1)
                mean = folds.mean(axis=0).filled(np.nan)
                (line,) = ax.plot(epochs, mean, color=color, **styles[kind])
                lines[kind] = line
                if len(folds) > 1:
                    limits = folds.min(axis=0), folds.max(axis=0)
                    look = {"color": color, "alpha": 0.15, "linewidth": 0}
                    self.bands_[name][kind] = ax.fill_between(epochs, *limits, **look)
                if several:
                    where = spread(len(epochs), i / len(self.curves))
                    line.set(marker=marker, markevery=where)
            if line is None:
                continue
            if name:
                line.set_label(name)
                named.append(line)
            best = np.atleast_1d(curves["best_epoch"])
            if all(best):
                bests = best, folds[np.arange(len(best)), best - 1]
                (lines[mark],) = ax.plot(*bests, color=color, marker=marker, **BEST)
        key = styles if len(present) > 1 or not named else {}
        if any(mark in lines for lines in self.lines_.values()):
            key = {**key, "best epoch": {"marker": "o", **BEST}}
        color = "0.4" if several else COLORS[0]
        handles = [
            Line2D([], [], color=color, label=label.split("_")[0], **style)
            for label, style in key.items()
        ]
        ax.set_xlabel("epoch")
        ax.legend(handles=named + handles)


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
                _flat(layer)
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
        looks = zip(self.weights, cycle(COLORS), cycle(DASHES), strict=False)
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
            weights = {name: [_flat(layers)] for name, layers in weights.items()}
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
        return cls(epochs, scores, numbers[repr(race.best_params_)], name).plot(ax)

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
