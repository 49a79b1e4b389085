"""Situations from public bug reports on neural networks in scikit-learn."""

import pickle
import sys
import tracemalloc
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import HalvingGridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier, RegMLPRegressor, TabularEncoder
from skreg._training.stopping import Monitor

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = (X[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(int)


def network(**params):
    settings = {
        "hidden_layer_sizes": 5,
        "keep_prob": 1.0,
        "learning_rate": "constant",
        "max_iter": 4,
        "n_iter_no_change": np.inf,
    }
    return RegMLPClassifier(**settings | {"random_state": 0} | params)


def operations(call):
    """Return how many functions, of Python and of C, a call calls."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


def allocated(call):
    """Return the peak of the bytes that a call allocates."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# A stream


@pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
def test_a_call_costs_the_same_after_hundreds_of_calls(way):
    model = network(max_iter=1, warm_start=True, batch_size=60)

    def call():
        if way == "partial_fit":
            model.partial_fit(X[:1], y[:1], classes=[0, 1])
        else:
            model.fit(X, y)

    def cost():
        # Of several calls: appending to a list moves it now and then.
        return operations(call), min(allocated(call) for _ in range(5))

    for _ in range(70):
        call()
    calls, memory = cost()
    for _ in range(600):
        call()
    calls_later, memory_later = cost()
    assert calls_later == calls
    assert memory_later < memory + 2000


def test_what_is_stored_per_call_is_a_few_numbers():
    model = network().partial_fit(X[:1], y[:1], classes=[0, 1])
    for _ in range(99):
        model.partial_fit(X[:1], y[:1])
    size = len(pickle.dumps(model))
    for _ in range(300):
        model.partial_fit(X[:1], y[:1])
    assert len(pickle.dumps(model)) - size <= 300 * 4 * 9  # 9 bytes a float


def test_a_refused_call_takes_back_what_it_appended():
    class ScorerError(Exception):
        pass

    def scoring(estimator, X, y):
        if len(curve) == 6:
            raise ScorerError
        return 0.0

    curve = []
    model = network(warm_start=True, scoring=scoring).fit(X, y, X_val=X, y_val=y)
    curve = model.loss_curve_
    before = pickle.dumps([curve, model.validation_scores_, model.coefs_])
    with pytest.raises(ScorerError):
        model.fit(X, y, X_val=X, y_val=y)
    assert model.loss_curve_ is curve
    assert pickle.dumps([curve, model.validation_scores_, model.coefs_]) == before


# Prediction


def test_wide_rows_are_predicted_in_blocks_of_64(monkeypatch):
    sizes = []
    from skreg._engine import predictor

    class Forward(predictor.Forward):
        def __init__(self, network, arrays, memory, x):
            sizes.append(x.shape[0])
            super().__init__(network, arrays, memory, x)

    wide = rng.normal(size=(130, 20_000)).astype(np.float32)
    model = network(max_iter=1).fit(wide, np.arange(130) % 2)
    monkeypatch.setattr(predictor, "Forward", Forward)
    model.predict(wide)
    assert sizes == [64, 64, 2]


@pytest.mark.parametrize("sparse", [False, True])
def test_predicting_a_row_copies_no_weights(sparse):
    row = rng.normal(size=(1, 3000)) * (rng.random(3000) < 0.1)
    model = network(hidden_layer_sizes=200, max_iter=1)
    model.fit(np.vstack([row, -row] * 2), [0, 1, 0, 1])
    given = csr_array(row) if sparse else row
    assert model.coefs_[0].nbytes == 4_800_000
    assert allocated(lambda: model.predict_proba(given)) < 100_000


def test_a_step_of_a_stream_copies_the_state_once():
    wide = rng.normal(size=(10, 3000))
    labels = np.arange(10) % 2
    model = network(hidden_layer_sizes=200).partial_fit(wide, labels, [0, 1])
    weights = model.coefs_[0].nbytes
    state = 3 * weights  # with two averages of adam
    gradient, scaled = weights, 2 * weights
    more = 0.1 * state
    used = allocated(lambda: model.partial_fit(wide, labels))
    assert used < state + gradient + scaled + more


# Rare classes


def test_a_class_of_one_row_stays_in_training():
    labels = y.copy()
    labels[7] = 2
    model = network(early_stopping=True).fit(X, labels)
    assert list(model.classes_) == [0, 1, 2]


def test_more_classes_than_rows_to_hold_out():
    model = network(early_stopping=True).fit(X, np.arange(60) % 20)
    assert len(model.classes_) == 20


def test_searches_meet_rare_classes():
    labels = y.copy()
    labels[7] = 2
    model = network(early_stopping=True, validation_fraction=0.3)
    scores = cross_val_score(model, X, labels, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()
    search = HalvingGridSearchCV(
        model, {"alpha": [0.01, 0.1]}, cv=KFold(2), min_resources=20, factor=2,
        error_score="raise", scoring="accuracy",
    )  # fmt: skip
    search.fit(X, labels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# Scores


def test_a_score_that_is_never_a_number_is_an_error():
    model = network(early_stopping=True, scoring=lambda *_: np.nan)
    with pytest.raises(ValueError, match=r"scoring=.*not finite in any of the 4"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_a_score_that_sometimes_is_no_number_is_warned_of():
    scores = iter([np.nan, 0.5, np.nan, 0.4])
    model = network(early_stopping=True, scoring=lambda *_: next(scores))
    with pytest.warns(UserWarning, match="scoring=.*not finite in some epochs"):
        model.fit(X, y)
    assert model.best_iter_ == 2


def test_another_function_begins_with_other_scores():
    def scorers(value):
        return lambda *_: value

    model = network(early_stopping=True, scoring=scorers(0.9), warm_start=True)
    model.fit(X, y).set_params(scoring=scorers(0.1)).fit(X, y)
    assert model.best_validation_score_ == 0.1
    assert np.isnan(model.validation_scores_[:4]).all()


def test_a_scorer_goes_on_when_it_is_the_same():
    scorer = make_scorer(f1_score)
    model = network(early_stopping=True, scoring=scorer, warm_start=True).fit(X, y)
    model = pickle.loads(pickle.dumps(model)).fit(X, y)
    assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize(
    ("scoring", "labels", "remedy"),
    [
        ("f1", np.where(y, "yes", "no"), r"make_scorer\(f1_score, pos_label"),
        ("roc_auc", np.arange(60) % 3, "roc_auc_ovr"),
        ("precision", np.arange(60) % 3, "precision_macro"),
        ("log_loss", y, "'loss' or 'neg_log_loss'"),
        ("acuracy", y, "'accuracy'"),
    ],
)
def test_an_error_of_a_scorer_names_it_and_says_what_to_write(scoring, labels, remedy):
    model = network(early_stopping=True, scoring=scoring)
    with pytest.raises(ValueError, match=f"scoring='{scoring}'.*{remedy}"):
        model.fit(X, labels)
    assert not hasattr(model, "coefs_")


# When to stop


def test_gains_below_tol_add_up():
    monitor = Monitor(tol=1.0, patience=3)
    stalls = []
    for score in np.arange(0, 6, 0.5):
        monitor.update(score)
        stalls.append(monitor.stalled)
    assert not any(stalls)
    for _ in range(4):
        monitor.update(5.5)
    assert monitor.stalled


@pytest.mark.parametrize(
    "plan", [{"n_iter_no_change": np.inf}, {"learning_rate": "cosine"}]
)
def test_a_plan_carried_out_is_no_failure(plan):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network(**{"n_iter_no_change": 10} | plan).fit(X, y)


def test_training_that_was_cut_off_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="max_iter=4"):
        network(n_iter_no_change=10).fit(X, y)


@pytest.mark.filterwarnings("ignore:Column 12 of X")
def test_an_explosion_that_stays_finite_keeps_the_calm_weights():
    wine, kinds = load_wine(return_X_y=True)
    model = network(
        solver="sgd", hidden_layer_sizes=100, alpha=1e-4, batch_size=200,
        learning_rate_init=1e4, max_iter=200, dtype="float64",
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(wine, kinds)
    assert max(model.loss_curve_) <= 1000 * (1 + min(model.loss_curve_))


# Validation sets and scales


def digits():
    return load_digits(return_X_y=True)


def test_a_validation_set_that_was_not_transformed_is_suspected():
    images, labels = digits()
    pipeline = make_pipeline(StandardScaler(), network())
    given = {
        "regmlpclassifier__X_val": images[900:],
        "regmlpclassifier__y_val": labels[900:],
    }
    with pytest.warns(UserWarning, match="X_val lies far outside.*transform_input"):
        pipeline.fit(images[:900], labels[:900], **given)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_validation_targets_in_another_unit_are_suspected(n_outputs):
    targets = np.arange(len(X))[:, None] % [7, 9][:n_outputs]
    other = 100 * targets if n_outputs == 1 else targets * [1, 100]
    match = f"y_val lies far outside.*Column {n_outputs - 1} .*Was y_val transformed"
    model = RegMLPRegressor(5, max_iter=4, random_state=0)
    with pytest.warns(UserWarning, match=match):
        model.fit(X, targets.squeeze(), X_val=X, y_val=other.squeeze())
    model.fit(X, targets.squeeze(), X_val=X, y_val=2 * targets.squeeze())


@pytest.mark.parametrize("kind", ["same", "tails", "constant", "sparse"])
def test_a_validation_set_of_the_same_kind_is_not(kind):
    train, other = rng.normal(size=(2, 300, 5))
    if kind == "tails":
        train, other = train**3, other**3
    if kind == "constant":
        train[:, 0], other[:, 0] = 0, 1
    if kind == "sparse":
        train, other = csr_array(train), csr_array(other)
    labels = np.arange(300) % 2
    network().fit(train, labels, X_val=other, y_val=labels)


def test_feature_names_that_only_one_of_x_and_x_val_has():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    with pytest.warns(UserWarning, match="^X has feature names, but X_val has none"):
        network().fit(frame, y, X_val=X, y_val=y)
    with pytest.warns(UserWarning, match="^X_val has feature names, but X has none"):
        network().fit(X, y, X_val=frame, y_val=y)
    for one, other in ((frame, X[:, :3]), (X, frame[list("abc")])):
        with (
            pytest.warns(UserWarning, match="has none"),
            pytest.raises(ValueError, match=r"X_val.* has 3 features"),
        ):
            network().fit(one, y, X_val=other, y_val=y)
    with pytest.raises(ValueError, match=r"X_val.*feature names should match"):
        network().fit(frame, y, X_val=frame[list("abdc")], y_val=y)


def test_text_is_told_how_it_becomes_a_number():
    with pytest.raises(ValueError, match=r"X_val.*transform_input"):
        network().fit(X, y, X_val=[["a"] * 4] * 2, y_val=[0, 1])
    with pytest.raises(ValueError, match=r"^X: .*OneHotEncoder"):
        network().fit([["a"]] * 4, [0, 1, 0, 1])


@pytest.mark.filterwarnings("ignore:The training loss ended")
@pytest.mark.parametrize("factor", [1e4, 1e-5])
def test_a_column_of_extreme_scale_is_named(factor):
    scaled = X * [1, 1, factor, 1]
    with pytest.warns(UserWarning, match="Column 2 of X.*StandardScaler"):
        network().fit(scaled, y)
    with pytest.warns(UserWarning, match="Column 2"):
        model = network().partial_fit(scaled, y, [0, 1])
    model.partial_fit(scaled, y)  # once is enough


def test_a_column_whose_larger_values_are_in_few_rows_is_not_suspected():
    table = np.zeros((1200, 2))
    table[:, 0] = np.arange(1200) % 2
    table[0, 1], table[1, 1] = 1e-6, 1  # of three rows, one is looked at
    network().fit(table, table[:, 0].astype(int))


def test_sparse_text_features_are_not_suspected():
    counts = csr_array(rng.random((60, 500)) * (rng.random((60, 500)) < 0.01))
    network().fit(counts, y)


# Labels and names


@pytest.mark.parametrize(
    "labels", [[(1, 2), (1,)] * 30, [[1, 2], [2]] * 30, [[1], [2]] * 30]
)
def test_lists_of_labels_are_told_of_the_binarizer(labels):
    given = np.empty(60, object)
    given[:] = labels
    for lists in (given, labels) if len(labels[0]) == 2 else (given,):
        with pytest.raises(ValueError, match=r"^y .*MultiLabelBinarizer"):
            network().fit(X, lists)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("boolean", "b"),
        ("Int64", "i"),
        ("UInt8", "i"),
        ("int64[pyarrow]", "i"),
        ("bool[pyarrow]", "b"),
    ],
)
def test_nullable_columns_keep_their_kind(dtype, kind):
    pd = pytest.importorskip("pandas")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    column = pd.Series(y.astype(bool) if kind == "b" else y).astype(dtype)
    model = network().fit(X, column)
    assert model.classes_.dtype.kind == kind
    assert model.predict(X).dtype.kind == kind
    with pytest.warns(DataConversionWarning):
        framed = network().fit(X, column.to_frame(), X_val=X, y_val=column.to_frame())
    np.testing.assert_array_equal(framed.classes_, model.classes_)
    assert framed.classes_.dtype == model.classes_.dtype


def test_large_integers_do_not_become_floats():
    pd = pytest.importorskip("pandas")
    model = network().fit(X, pd.Series(2**60 + y, dtype="Int64"))
    assert list(model.classes_) == [2**60, 2**60 + 1]
    with pytest.warns(DataConversionWarning):
        model = network().fit(X, pd.DataFrame({"y": 2**60 + y}, dtype="Int64"))
    assert list(model.classes_) == [2**60, 2**60 + 1]
    classes = pd.Series([2**60, 2**60 + 1], dtype="Int64")
    model = network().partial_fit(X, 2**60 + y, classes)
    assert list(model.classes_) == [2**60, 2**60 + 1]


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("dropout", "keep_prob"),
        ("lr", "learning_rate_init"),
        ("beta_1", "momentum"),
        ("weight_decay", "alpha"),
        ("epochs", "max_iter"),
    ],
)
def test_names_of_other_libraries_are_translated(name, own):
    with pytest.raises(TypeError, match=f"no parameter '{name}'.*{own}"):
        RegMLPClassifier(**{name: 0.5})
    with pytest.raises(ValueError, match=f"no parameter '{name}'.*{own}"):
        RegMLPClassifier().set_params(**{name: 0.5})


def test_an_unknown_name_is_refused_with_the_one_that_is_like_it():
    with pytest.raises(TypeError, match="has no parameter 'foo'"):
        RegMLPClassifier(foo=1)
    with pytest.raises(TypeError, match="Did you mean hidden_layer_sizes"):
        RegMLPClassifier(hiden_layer_sizes=1)
    with pytest.raises(ValueError, match="Did you mean n_bins"):
        TabularEncoder().set_params(n_bin=4)


def test_a_subclass_may_pass_parameters_on():
    class Wide(RegMLPClassifier):
        def __init__(self, width=8, **others):
            super().__init__((width,), **others)
            self.width = width

    assert Wide(4, alpha=0.1).alpha == 0.1
    with pytest.raises(TypeError, match="'foo'"):
        Wide(4, foo=1)


# Warnings and output


def fit_in_pipeline(model):
    make_pipeline(StandardScaler(), model).fit(X, y)


def fit(model):
    model.fit(X, y)


def partial_fit(model):
    model.partial_fit(X * 1e4, y, [0, 1])


@pytest.mark.parametrize("call", [fit, fit_in_pipeline, partial_fit])
def test_warnings_point_at_the_line_of_the_caller(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(network(n_iter_no_change=10))
    (warning,) = caught
    assert warning.filename == __file__
    assert warning.lineno == call.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("params", "last", "reason"),
    [
        ({"max_iter": 7}, 7, "as planned"),
        ({"n_iter_no_change": 2, "tol": 1e9, "max_iter": 50}, 3, "converged"),
        ({"solver": "lbfgs", "tol": 1e9}, 1, "converged"),
    ],
)
def test_verbose_shows_the_last_epoch_and_why_the_fit_ended(
    params, last, reason, capsys
):
    network(verbose=5, **params).fit(X, y)
    *epochs, end = capsys.readouterr().out.splitlines()
    assert f"{last}, loss" in epochs[-1]
    assert end.startswith("Training ended: ")
    assert reason in end


# Columns of pyarrow, pandas and polars


def test_nulls_in_a_dictionary_of_pyarrow_are_no_class():
    pyarrow = pytest.importorskip("pyarrow")
    labels = pyarrow.array(["a", "b", None] * 20).dictionary_encode()
    with pytest.raises(ValueError, match="missing labels, 20 of 60"):
        network().fit(X, pyarrow.table({"y": labels})["y"])


@pytest.mark.parametrize("dtype", ["string", "string[pyarrow]", "category", "str"])
def test_a_missing_text_is_no_label(dtype):
    pd = pytest.importorskip("pandas")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    labels = pd.Series(["a", "b", None] * 20, dtype=dtype)
    with pytest.raises(ValueError, match="missing labels, 20 of 60"):
        network().fit(X, labels)
    labels = labels.fillna("a")
    assert network().fit(X, labels).classes_.tolist() == ["a", "b"]


def test_dates_in_a_table_of_pyarrow_are_refused():
    pyarrow = pytest.importorskip("pyarrow")
    dates = np.arange(60).astype("M8[s]")
    table = pyarrow.table({"x": X[:, 0], "day": dates})
    with pytest.raises(ValueError, match="dates or durations in column 'day'"):
        network().fit(table, y)


def test_a_series_is_no_table():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X)
    with pytest.raises(ValueError, match="X: Expected a 2-dimensional container"):
        network().fit(frame[0], y)
    with pytest.raises(ValueError, match="X: Expected a 2-dimensional container"):
        network().fit(frame, y).predict(frame.iloc[0])


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("dtype", ["Float32", "Float64"])
def test_probabilities_have_the_precision_of_a_data_frame(library, dtype):
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({f"x{k}": X[:, k].astype(dtype.lower()) for k in range(4)})
    if library == "pandas":
        frame = frame.astype(dtype)
    assert network().fit(frame, y).predict_proba(frame).dtype == dtype.lower()


# Others


def test_labels_of_time_may_have_another_unit():
    days = np.array(["2000-01-01", "2000-01-02"], "M8[D]")[y]
    model = network().fit(X, days, X_val=X, y_val=days.astype("M8[s]"))
    expected = network().fit(X, days, X_val=X, y_val=days)
    assert model.validation_loss_curve_ == expected.validation_loss_curve_


def test_a_stream_does_not_go_on_at_a_rate_of_zero():
    model = network(learning_rate="cosine", max_iter=3)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="falls to zero in max_iter=3 epochs, and 3"):
        model.partial_fit(X, y)
    assert pickle.dumps(model) == before
    model.set_params(max_iter=5).partial_fit(X, y)


@pytest.mark.parametrize("scoring", ["average_precision", "neg_brier_score"])
def test_no_scorer_is_recommended_that_does_not_exist(scoring):
    labels = np.array(["no", "yes"])[y]
    with pytest.raises(ValueError, match="Use labels 0 and 1") as error:
        network(early_stopping=True, scoring=scoring).fit(X, labels)
    assert "macro" not in str(error.value)


def test_the_warning_of_the_limit_suits_the_solver():
    for solver, has_remedy in (("sgd", True), ("lbfgs", False)):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations") as caught:
            network(solver=solver, max_iter=1, n_iter_no_change=5).fit(X, y)
        assert ("n_iter_no_change=inf" in str(caught[0].message)) == has_remedy
