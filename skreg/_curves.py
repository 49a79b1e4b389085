"""The plot of losses and scores against epochs."""

from itertools import cycle
from typing import Any

import numpy as np

from skreg._plotting import COLORS, THICK, THIN, networks_of, pyplot

_MARKERS = ["o", "s", "^", "D", "v"]
_DOTTED = {"linewidth": 1.4, "linestyle": ":"}
_BEST = {
    "linestyle": "",
    "markersize": 10,
    "markerfacecolor": "white",
    "markeredgewidth": 2,
    "zorder": 3,
}


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
            training_loss, penalty = _training_curves_of(networks)
            curves[name] = {
                "training_loss": training_loss,
                "penalty": penalty,
                "validation_loss": _curve_of(networks, "validation_loss_curve_"),
                "validation_score": _curve_of(networks, "validation_scores_"),
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
        if own_figure and any(map(_has_own_scores, all_curves)):
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
                self.lines_[name]["penalty"] = _draw_penalty(ax, first["penalty"])
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
        looks = zip(self.curves.items(), cycle(COLORS), cycle(_MARKERS), strict=False)
        for i, ((name, curves), color, marker) in enumerate(looks):
            drawn = [kind for kind in present if curves[kind] is not None]
            if not drawn:
                continue
            for kind in drawn:
                line, folds = self._draw_curve(ax, name, kind, color, styles[kind])
                if several:
                    where = _spread(folds.shape[1], i / len(self.curves))
                    line.set(marker=marker, markevery=where)
            if name:
                line.set_label(name)
                named.append(line)
            best = np.atleast_1d(curves["best_epoch"])
            if all(best):
                bests = best, folds[np.arange(len(best)), best - 1]
                (line,) = ax.plot(*bests, color=color, marker=marker, **_BEST)
                self.lines_[name][mark] = line
        key = styles if len(present) > 1 or not named else {}
        if any(mark in lines for lines in self.lines_.values()):
            key = {**key, "best epoch": {"marker": "o", **_BEST}}
        color = "0.4" if several else COLORS[0]
        handles = [
            Line2D([], [], color=color, label=label.split("_")[0], **style)
            for label, style in key.items()
        ]
        ax.set_xlabel("epoch")
        ax.legend(handles=named + handles)

    def _draw_curve(self, ax, name, kind, color, style):
        """Draw a curve, of a committee with a band; return the line and all folds."""
        folds = np.ma.masked_invalid(np.atleast_2d(self.curves[name][kind]))
        epochs = np.arange(1, folds.shape[1] + 1)
        mean = folds.mean(axis=0).filled(np.nan)
        (line,) = ax.plot(epochs, mean, color=color, **style)
        self.lines_[name][kind] = line
        if len(folds) > 1:
            limits = folds.min(axis=0), folds.max(axis=0)
            look = {"color": color, "alpha": 0.15, "linewidth": 0}
            self.bands_[name][kind] = ax.fill_between(epochs, *limits, **look)
        return line, folds


def _present(kinds, all_curves):
    return [k for k in kinds if any(curves[k] is not None for curves in all_curves)]


def _curve_of(networks, attribute):
    """Return the curve of a network, or those of the folds of a committee."""
    curves: Any = [getattr(network, attribute, None) for network in networks]
    if any(curve is None for curve in curves):
        return None
    longest = max(map(len, curves))
    rows = [[*curve, *[np.nan] * (longest - len(curve))] for curve in curves]
    return np.array(rows if len(rows) > 1 else rows[0], dtype=float)


def _spread(n, offset):
    """Return a few epochs for markers that suit a linear and a logarithmic axis."""
    steps = (np.arange(5) + offset) / 5
    return np.unique(np.r_[steps * n, n**steps - 1].astype(int)).tolist()


def _training_curves_of(networks):
    """Return the objective without its penalty, and the penalty if there is any."""
    objective = _curve_of(networks, "loss_curve_")
    penalty = _curve_of(networks, "penalty_curve_")
    if penalty is None or not np.nansum(penalty):
        return objective, None
    return objective - penalty, penalty


def _has_own_scores(curves):
    """Return whether there are scores other than the negated validation losses."""
    scores, losses = curves["validation_score"], curves["validation_loss"]
    if scores is None:
        return False
    return losses is None or not np.array_equal(scores, -losses, equal_nan=True)


def _draw_penalty(ax, penalty):
    """Draw the penalty of a network, or its mean over the folds; return the line.

    It does not raise the upper limit of linear axes.
    """
    mean = np.nanmean(np.atleast_2d(penalty), axis=0)
    epochs = np.arange(1, len(mean) + 1)
    low, high = ax.get_ylim()
    (line,) = ax.plot(epochs, mean, color=COLORS[0], label="penalty", **_DOTTED)
    if mean.max() > high and ax.get_yscale() == "linear":
        ax.set_ylim(min(low, mean.min()), high)
    ax.legend(handles=[*ax.get_legend().legend_handles, line])
    return line
