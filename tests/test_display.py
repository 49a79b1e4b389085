"""The displays against the fitted attributes that they show."""

import sys
from functools import partial
from itertools import zip_longest

import estimators
import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier
from skreg.display import RaceDisplay, TrainingCurveDisplay, WeightHistogramDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

X, y = make_moons(120, noise=0.3, random_state=0)
X_VAL, Y_VAL = make_moons(60, noise=0.3, random_state=1)
BOTH = [TrainingCurveDisplay, WeightHistogramDisplay]


network = partial(
    estimators.network, hidden_layer_sizes=(8, 6), batch_size=200, max_iter=12
)


def fit(validate=False, **kw):
    given = {"X_val": X_VAL, "y_val": Y_VAL} if validate else {}
    with pytest.warns(match="Maximum iterations"):
        return network(**kw).fit(X, y, **given)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def plain():
    return fit()


@pytest.fixture(scope="module")
def validated():
    return fit(validate=True)


@pytest.fixture(scope="module")
def scored():
    return fit(validate=True, scoring="accuracy", alpha=0.01)


def drawn(line):
    return [values.tolist() for values in line.get_data()]


def training_losses(model):
    return np.array(model.loss_curve_) - model.penalty_curve_


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_training_loss_alone(plain):
    display = TrainingCurveDisplay.from_estimator(plain)
    (lines,) = display.lines_.values()
    assert set(lines) == {"training_loss", "best_loss", "penalty"}
    losses = training_losses(plain).tolist()
    assert drawn(lines["training_loss"]) == [[*range(1, 13)], losses]
    assert drawn(lines["penalty"]) == [[*range(1, 13)], plain.penalty_curve_]
    best = plain.best_iter_
    assert drawn(lines["best_loss"]) == [[best], [losses[best - 1]]]
    assert display.score_ax_ is None
    assert display.figure_ is display.ax_.figure
    assert display.figure_.axes == [display.ax_]
    assert labels(display.ax_) == ["training", "best epoch", "penalty"]
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "loss"


def test_best_epoch_is_marked_on_the_validation_loss(validated):
    lines = TrainingCurveDisplay.from_estimator(validated).lines_[""]
    curve = validated.validation_loss_curve_
    assert drawn(lines["validation_loss"])[1] == curve
    assert drawn(lines["best_loss"]) == [[np.argmin(curve) + 1], [min(curve)]]


def test_scores_that_are_losses_get_no_axes(validated):
    assert TrainingCurveDisplay.from_estimator(validated).score_ax_ is None


def test_scores_get_axes_below(scored):
    display = TrainingCurveDisplay.from_estimator(scored)
    lines = display.lines_[""]
    scores = scored.validation_scores_
    assert drawn(lines["validation_score"])[1] == scores
    assert drawn(lines["best_score"]) == [[np.argmax(scores) + 1], [max(scores)]]
    assert lines["validation_score"].axes is display.score_ax_
    assert lines["best_loss"].axes is display.ax_
    assert display.figure_.axes == [display.ax_, display.score_ax_]
    assert display.ax_.get_xlabel() == ""
    assert display.score_ax_.get_xlabel() == "epoch"


@pytest.mark.parametrize("log_scale", [False, True])
def test_a_penalty_far_above_the_losses_leaves_linear_axes(log_scale):
    model = fit(alpha=10, validate=True)
    options = {"ax": plt.figure().add_subplot(), "log_scale": log_scale}
    display = TrainingCurveDisplay.from_estimator(model, **options)
    high = display.ax_.get_ylim()[1]
    losses = [*training_losses(model), *model.validation_loss_curve_]
    assert max(losses) < high
    assert (high > max(model.penalty_curve_)) == log_scale


def test_no_penalty_has_no_line():
    lines = TrainingCurveDisplay.from_estimator(fit(alpha=0)).lines_[""]
    assert set(lines) == {"training_loss", "best_loss"}
    theirs = MLPClassifier(max_iter=1000, tol=1e-2).fit(X, y)
    lines = TrainingCurveDisplay.from_estimator(theirs).lines_[""]
    assert drawn(lines["training_loss"])[1] == theirs.loss_curve_
    assert "penalty" not in lines


def test_log_scale(plain):
    for log_scale, scale in [(False, "linear"), (True, "log")]:
        display = TrainingCurveDisplay.from_estimator(plain, log_scale=log_scale)
        assert display.ax_.get_yscale() == scale


def test_several_estimators_differ_without_colour(plain, scored):
    both = {"plain": plain, 0.01: scored}
    display = TrainingCurveDisplay.from_estimator(both)
    assert list(display.lines_) == ["plain", "0.01"]
    assert not {"validation_loss", "penalty"} & set(display.lines_["plain"])
    assert labels(display.ax_) == [
        *["plain", "0.01"],
        *["training", "validation", "best epoch"],
    ]
    assert labels(display.score_ax_) == ["0.01", "best epoch"]
    for looks in ("get_color", "get_marker"):
        lines = [lines["training_loss"] for lines in display.lines_.values()]
        assert len({getattr(line, looks)() for line in lines}) == 2
    display = WeightHistogramDisplay.from_estimator(both)
    for looks in ("get_edgecolor", "get_linestyle"):
        (one,), (other,) = display.stairs_.values()
        assert getattr(one, looks)() != getattr(other, looks)()


def test_axes_of_ones_own(scored):
    _, axes = plt.subplots(1, 3)
    display = TrainingCurveDisplay.from_estimator(
        scored, ax=axes[0], score_ax=axes[1], log_scale=True
    )
    assert [display.ax_, display.score_ax_] == [*axes[:2]]
    assert [len(ax.lines) for ax in axes] == [4, 2, 0]
    assert axes[1].get_yscale() == "linear"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ax", {"training_loss", "validation_loss", "best_loss", "penalty"}),
        ("score_ax", {"validation_score", "best_score"}),
    ],
)
def test_one_of_the_axes_takes_what_belongs_there(scored, name, shown):
    figure, ax = plt.subplots()
    display = TrainingCurveDisplay.from_estimator(scored, **{name: ax})
    assert set(display.lines_[""]) == shown
    assert display.figure_ is figure
    assert figure.axes == [ax]


def test_score_axes_need_scores(plain):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="no estimator has validation_scores_"):
        TrainingCurveDisplay.from_estimator(plain, score_ax=ax)


def test_epochs_without_a_validation_set_leave_a_gap():
    model = fit(warm_start=True, max_iter=3)
    with pytest.warns(match="Maximum iterations"):
        model.fit(X, y, X_val=X_VAL, y_val=Y_VAL)
    display = TrainingCurveDisplay.from_estimator(model)
    values = drawn(display.lines_[""]["validation_loss"])[1]
    assert np.isnan(values).tolist() == [True] * 3 + [False] * 3
    assert display.score_ax_ is None
    display.figure_.canvas.draw()


@pytest.mark.parametrize("several", [False, True])
def test_few_epochs(several):
    curve = np.array([0.5])
    kinds = "training_loss", "penalty", "validation_loss", "validation_score"
    one = {**dict.fromkeys(kinds), "training_loss": curve}
    none = {**one, "training_loss": curve[:0], "best_epoch": 0}
    curves = {"one": {**one, "best_epoch": 1}, "none": none}
    curves = curves if several else {"none": none}
    display = TrainingCurveDisplay(curves).plot()
    assert "best_loss" not in display.lines_["none"]
    display.figure_.canvas.draw()


def test_partial_fit():
    model = network()
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1])
    lines = TrainingCurveDisplay.from_estimator(model).lines_[""]
    assert drawn(lines["training_loss"])[1] == training_losses(model).tolist()


def test_plotting_again_draws_on_new_axes(scored):
    first = TrainingCurveDisplay.from_estimator(scored)
    figure = first.figure_
    assert first.plot() is first
    assert first.figure_ is not figure


def test_weights_pooled(plain):
    display = WeightHistogramDisplay.from_estimator(plain, bins=20)
    ((stairs,),) = display.stairs_.values()
    weights = np.concatenate([w.ravel() for w in plain.coefs_])
    counts, edges = np.histogram(weights, 20)
    np.testing.assert_array_equal(stairs.get_data().values, counts)
    np.testing.assert_allclose(stairs.get_data().edges, edges)
    assert counts.sum() == sum(w.size for w in plain.coefs_)
    assert display.ax_.get_legend() is None
    assert display.ax_.get_xlabel() == "weight"


def test_weights_per_layer_share_bins_and_may_differ_in_depth(plain):
    shallow = fit(hidden_layer_sizes=5)
    models = {"deep": plain, "shallow": shallow}
    display = WeightHistogramDisplay.from_estimator(models, per_layer=True)
    assert {name: len(s) for name, s in display.stairs_.items()} == {
        "deep": 3,
        "shallow": 2,
    }
    assert display.ax_.shape == (3,)
    for k in range(2):
        deep, other = (display.stairs_[name][k].get_data() for name in models)
        np.testing.assert_array_equal(deep.edges, other.edges)
        assert deep.values.sum() == plain.coefs_[k].size
        assert other.values.sum() == shallow.coefs_[k].size
    assert labels(display.ax_[0]) == ["deep", "shallow"]
    assert [ax.get_title() for ax in display.ax_] == ["layer 1", "layer 2", "layer 3"]


def test_bins_may_be_a_rule(plain):
    display = WeightHistogramDisplay.from_estimator(plain, bins="auto")
    weights = np.concatenate([w.ravel() for w in plain.coefs_])
    edges = display.stairs_[""][0].get_data().edges
    np.testing.assert_allclose(edges, np.histogram_bin_edges(weights, "auto"))


def test_edges_of_ones_own(plain):
    edges = [-0.5, 0, 0.25, 0.5]
    display = WeightHistogramDisplay.from_estimator(plain, bins=edges)
    assert display.stairs_[""][0].get_data().edges.tolist() == edges


def test_weights_on_axes_of_ones_own(plain):
    _, axes = plt.subplots(1, 3)
    display = WeightHistogramDisplay.from_estimator(plain, ax=axes[1])
    assert display.ax_ is axes[1]
    display.plot(axes, per_layer=True)
    assert display.ax_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match=r"has to hold 3 Axes, .* Got 2"):
        display.plot(axes[:2], per_layer=True)
    with pytest.raises(ValueError, match=r"has to hold 1 Axes, .* Got 3"):
        display.plot(axes)


@pytest.mark.parametrize("display", BOTH)
def test_finds_the_network_inside(display):
    grid = {"regmlpclassifier__alpha": [0.0]}
    pipeline = make_pipeline(StandardScaler(), network(max_iter=2))
    search = GridSearchCV(pipeline, grid, cv=2)
    nested = make_pipeline(StandardScaler(), GridSearchCV(pipeline, grid, cv=2))
    for estimator in (pipeline, search, nested):
        with pytest.warns(match="Maximum iterations"):
            estimator.fit(X, y)
    plots = display.from_estimator({"a": pipeline, "b": search, "c": nested})
    shown = getattr(plots, "curves", None) or plots.weights
    assert list(shown) == ["a", "b", "c"]
    if display is TrainingCurveDisplay:
        inside = nested[-1].best_estimator_[-1]
        losses = training_losses(inside).tolist()
        assert shown["c"]["training_loss"].tolist() == losses


@pytest.mark.parametrize("early_stopping", [False, True])
def test_takes_what_an_mlp_classifier_has(early_stopping):
    model = MLPClassifier(8, max_iter=5, early_stopping=early_stopping, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        model.fit(X, y)
    lines = TrainingCurveDisplay.from_estimator(model).lines_[""]
    expected = {"training_loss", "validation_score"}
    assert set(lines) == (expected if early_stopping else {"training_loss"})
    WeightHistogramDisplay.from_estimator(model)


@pytest.mark.parametrize("display", BOTH)
@pytest.mark.parametrize(
    "unfitted",
    [
        network(),
        make_pipeline(StandardScaler(), network()),
        GridSearchCV(network(), {"alpha": [0.1]}),
        {"mine": network()},
    ],
    ids=["network", "pipeline", "search", "named"],
)
def test_unfitted(display, unfitted):
    name = "named 'mine' is" if isinstance(unfitted, dict) else "The estimator is"
    with pytest.raises(NotFittedError, match=rf"{name} not fitted (.|\n)*RegMLP"):
        display.from_estimator(unfitted)


@pytest.mark.parametrize("display", BOTH)
@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (LogisticRegression().fit(X, y), r"Got LogisticRegression\(\)\."),
        (make_pipeline(LogisticRegression()).fit(X, y), "where LogisticRegression"),
        (fit, "Got <function"),
        (RegMLPClassifier, "Got <class 'skreg"),
        ([network()], r"Got \[RegMLPClassifier"),
        (None, "Got None"),
    ],
)
def test_unsuitable(display, wrong, got):
    allowed = r"a fitted network of skreg .* Pipeline or a search .* dict"
    with pytest.raises(TypeError, match=allowed + r"(.|\n)*" + got):
        display.from_estimator(wrong)


@pytest.mark.parametrize("display", BOTH)
def test_a_regressor_in_a_pipeline(display):
    regressor = network(kind="number", early_stopping=True, scoring="r2")
    with pytest.warns(match="Maximum iterations"):
        pipeline = make_pipeline(StandardScaler(), regressor).fit(X, X[:, 0] + 100)
    drawn = display.from_estimator(pipeline)
    if display is TrainingCurveDisplay:
        (lines,) = drawn.lines_.values()
        scores = lines["validation_score"].get_ydata()
        assert list(scores) == pipeline[-1].validation_scores_


@pytest.mark.parametrize("display", BOTH)
def test_search_without_refit(display):
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, refit=False, cv=2)
    with pytest.raises(ValueError, match="refit=False"):
        display.from_estimator(search.fit(X, y))


@pytest.mark.parametrize("display", BOTH)
def test_nothing_to_plot(display):
    with pytest.raises(ValueError, match="nothing to plot"):
        display.from_estimator({})


@pytest.mark.parametrize("display", BOTH)
def test_says_how_to_install_matplotlib(display, plain, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'skreg\[plot\]"):
        display.from_estimator(plain)


# A committee


@pytest.fixture(scope="module")
def raced():
    params = {"max_iter": 9, "hidden_layer_sizes": (8, 6)}
    model = estimators.committee(params, {"alpha": [1e-4, 1e-3, 1e-2, 0.1, 1.0]})
    with pytest.warns(match="Maximum iterations"):
        return model.fit(X, y)


@pytest.fixture(scope="module")
def uneven():
    """A committee whose folds stop at different epochs."""
    params = {"max_iter": 60, "n_iter_no_change": 3, "learning_rate_init": 0.05}
    return estimators.committee(params, scoring="accuracy").fit(X, y)


def padded(curves):
    return np.ma.masked_invalid([*zip(*zip_longest(*curves, fillvalue=np.nan))])


@pytest.mark.parametrize("kind", ["training_loss", "validation_loss"])
def test_the_folds_of_a_committee_are_a_band_around_their_mean(uneven, kind):
    lengths = {member.n_iter_ for member in uneven.members_}
    assert len(lengths) > 1
    display = TrainingCurveDisplay.from_estimator(uneven)
    curves = {
        "training_loss": training_losses,
        "validation_loss": lambda member: member.validation_loss_curve_,
    }
    folds = padded(map(curves[kind], uneven.members_))
    epochs, mean = display.lines_[""][kind].get_data()
    assert epochs.tolist() == [*range(1, max(lengths) + 1)]
    np.testing.assert_allclose(mean, folds.mean(axis=0))
    (path,) = display.bands_[""][kind].get_paths()
    for epoch in epochs:
        at = path.vertices[path.vertices[:, 0] == epoch, 1]
        assert at.min() == folds[:, epoch - 1].min()
        assert at.max() == folds[:, epoch - 1].max()


def test_the_best_epoch_of_every_fold_is_marked(uneven):
    display = TrainingCurveDisplay.from_estimator(uneven)
    epochs = [member.best_iter_ for member in uneven.members_]
    scores = [member.best_validation_score_ for member in uneven.members_]
    assert drawn(display.lines_[""]["best_score"]) == [epochs, scores]
    assert labels(display.score_ax_) == ["validation", "best epoch"]


def test_committees_and_networks_are_compared(uneven, raced, plain):
    models = {"uneven": uneven, "raced": raced, "one": plain}
    display = TrainingCurveDisplay.from_estimator(models)
    assert set(display.bands_["uneven"]) == {
        *["training_loss", "validation_loss", "validation_score"]
    }
    assert display.bands_["one"] == {}
    weights = WeightHistogramDisplay.from_estimator(models, per_layer=True).weights
    pooled = [np.ravel(member.coefs_[0]) for member in raced.members_]
    np.testing.assert_array_equal(weights["raced"][0], np.concatenate(pooled))


def test_a_race_has_a_line_for_each_candidate(raced):
    display = RaceDisplay.from_estimator(raced)
    results = raced.cv_results_
    assert len(display.lines_) == 5
    assert display.ax_.get_ylabel() == "out-of-fold loss"
    for alpha, line in zip([1e-4, 1e-3, 1e-2, 0.1, 1.0], display.lines_, strict=True):
        rows = [k for k, own in enumerate(results["params"]) if own["alpha"] == alpha]
        epochs, losses = (values[~np.isnan(values)] for values in line.get_data())
        assert epochs.tolist() == results["n_resources"][rows].tolist()
        assert losses.tolist() == (-results["mean_test_score"][rows]).tolist()
        assert (line.get_label() == "winner") == (
            raced.best_params_ == {"alpha": alpha}
        )
    assert labels(display.ax_) == ["winner"]
    display.figure_.canvas.draw()


def test_a_race_by_a_score_shows_scores_and_takes_axes(uneven):
    _, ax = plt.subplots()
    pipeline = make_pipeline(StandardScaler(), uneven)
    display = RaceDisplay.from_estimator(pipeline, ax=ax)
    assert display.ax_ is ax
    assert ax.get_ylabel() == "out-of-fold score"
    assert [ax.get_xscale(), ax.get_yscale()] == ["log", "linear"]
    (line,) = display.lines_
    assert drawn(line)[1] == [uneven.best_score_]
    assert display.plot() is display
    assert display.ax_ is not ax


@pytest.mark.parametrize("wrong", [LogisticRegression().fit(X, y), None, {}])
def test_a_race_display_needs_a_committee(wrong, plain):
    for estimator in (wrong, plain):
        with pytest.raises(TypeError, match="a fitted RegMLPClassifierCV") as error:
            RaceDisplay.from_estimator(estimator)
        assert "dict" not in str(error.value)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        RaceDisplay.from_estimator(estimators.committee())
