"""The folds of a committee: dealt by class, or from what scikit-learn takes."""

import re

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from skreg import RegMLPClassifier, RegMLPClassifierCV
from skreg._inputs.folds import hold_out, make_folds

N = 30
GROUPS = np.arange(N) // 5
ROWS = [*range(N)]
CLASSES = {
    "two": np.arange(N) % 2,
    "text": np.array(["a", "b", "c"])[np.arange(N) % 3],
    "one row in a class": np.r_[0, np.ones(N - 1, int)],
    "two rows in a class": np.r_[0, 0, np.ones(N - 2, int)],
    "more classes than rows per fold": np.arange(N) // 2,
    "classes of one to seven rows": np.repeat(np.arange(7), np.arange(1, 8)),
    "no classes": None,
}


def folds_of(cv, y=None, groups=None, seed=0, n=N, weights=None):
    n = n if y is None else len(y)
    targets = np.zeros(n) if y is None else y
    return make_folds(cv, np.zeros((n, 1)), targets, y, groups, weights, seed)


@pytest.mark.parametrize("n_folds", [2, 3, 5, 7])
@pytest.mark.parametrize("y", CLASSES.values(), ids=CLASSES)
@pytest.mark.filterwarnings("ignore:cv validates on")
def test_rows_are_dealt_evenly_class_by_class(y, n_folds):
    folds = folds_of(n_folds, y)
    n_rows = N if y is None else len(y)
    times = np.zeros(n_rows, int)
    for train_rows, held_out in folds:
        assert sorted([*train_rows, *held_out]) == [*range(n_rows)]
        times[held_out] += 1
    sizes = [len(held_out) for _, held_out in folds]
    assert max(sizes) - min(sizes) <= 1
    if y is None:
        assert (times == 1).all()
        return
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(times, counts[codes] > 1)
    for train_rows, held_out in folds:
        assert set(codes[train_rows]) == set(codes)
        shares = np.bincount(codes[held_out], minlength=len(counts))
        assert (abs(shares - counts * (counts > 1) / n_folds) < 1).all()


@pytest.mark.parametrize("y", [None, np.arange(200) % 3], ids=["numbers", "classes"])
def test_rows_of_weight_zero_leave_the_others_dealt_evenly(y):
    weights = np.zeros(200)
    weights[:11] = 2.0
    folds = folds_of(5, y, n=200, weights=weights)
    counts = [(weights[held_out] > 0).sum() for _, held_out in folds]
    assert sorted(counts) == [2, 2, 2, 2, 3]
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == [*range(200)]
    weights[4:] = 0.0
    with pytest.raises(ValueError, match=r"but there are [24] of n_samples=200"):
        folds_of(5, y, n=200, weights=weights)


def test_without_classes_no_row_is_the_only_one_of_its_class():
    weights = np.r_[1.0, np.zeros(N - 1)]
    with pytest.raises(ValueError, match=rf"there are 1 of n_samples={N}\.$"):
        folds_of(2, weights=weights)


def test_the_only_row_of_a_class_with_a_weight_is_never_held_out():
    y = np.r_[0, 0, 0, np.ones(27, int)]
    weights = np.r_[0.0, 1.0, 0.0, np.ones(27)]
    assert all(1 in train_rows for train_rows, _ in folds_of(3, y, weights=weights))


def test_the_only_row_of_a_class_is_never_held_out_even_without_weight():
    y, weights = np.r_[0, np.ones(29, int)], np.r_[0.0, np.ones(29)]
    assert all(0 in train_rows for train_rows, _ in folds_of(3, y, weights=weights))


def test_there_are_five_folds_if_nothing_else_is_said():
    np.testing.assert_equal(folds_of(None), folds_of(5))


def test_there_may_be_a_fold_for_each_row():
    folds = folds_of(12, n=12)
    assert sorted(row for _, (row,) in folds) == [*range(12)]


def test_the_seed_decides_who_sits_where():
    y = CLASSES["two"]
    one, same, other = (folds_of(3, y, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_equal(one, same)
    assert any(len(np.setxor1d(a[1], b[1])) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("cv", "groups"),
    [
        (KFold(4), None),
        (StratifiedKFold(3, shuffle=True, random_state=0), None),
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0), None),
        (ShuffleSplit(3, random_state=0), None),
        (GroupKFold(3), GROUPS),
        (GroupKFold(3), np.array([*"abcdef"])[GROUPS]),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:cv validates on")
def test_a_splitter_is_taken_at_its_word(cv, groups):
    y = CLASSES["two"]
    expected = [*cv.split(np.zeros((N, 1)), y, groups)]
    np.testing.assert_equal(folds_of(cv, y, groups), expected)
    np.testing.assert_equal(folds_of(iter(expected), y), expected)


def test_training_parts_of_very_different_size_are_suspected(recwarn):
    X, y = np.zeros((N, 1)), np.arange(N) % 2
    halves = [(np.arange(10), np.arange(20, N)), (np.arange(20), np.arange(20, N))]
    make_folds(halves, X, y, y, None, None, 0)
    assert not recwarn.list
    with pytest.warns(UserWarning, match="on 5 to 25 rows.*TimeSeriesSplit, KFold"):
        make_folds(TimeSeriesSplit(), X, y, y, None, None, 0)
    more = [halves[0], (np.arange(21), np.arange(21, N))]
    with pytest.warns(UserWarning, match="on 10 to 21 rows"):
        make_folds(more, X, y, y, None, None, 0)


@pytest.mark.parametrize(
    ("cv", "n", "size"), [(LeaveOneOut(), 25, 1), (50, 200, 4), (KFold(13), 40, 3)]
)
def test_folds_of_very_few_rows_are_warned_of(cv, n, size):
    X, y = np.zeros((n, 1)), np.arange(n) % 2
    match = rf"on {size} row\(s\) per fold .* as with cv=5\."
    with pytest.warns(UserWarning, match=match):
        make_folds(cv, X, y, y, None, None, 0)


def test_groups_of_very_few_rows_are_warned_of():
    X, y = np.zeros((N, 1)), np.arange(N) % 2
    with pytest.warns(UserWarning, match=r"on 3 row\(s\) .* GroupKFold\(5\)\."):
        make_folds(LeaveOneGroupOut(), X, y, y, np.arange(N) // 3, None, 0)


@pytest.mark.parametrize(
    ("cv", "n"), [(5, 25), (5, 20), (LeaveOneOut(), 24), (20, 200)]
)
def test_folds_of_few_rows_are_not_warned_of_if_there_are_no_more(cv, n):
    X, y = np.zeros((n, 1)), np.arange(n) % 2
    make_folds(cv, X, y, y, None, None, 0)


@pytest.mark.parametrize("y", [[0, 1, 2], ["a", "b", "c"]])
def test_training_parts_without_some_classes_are_warned_of(y):
    sorted_y = np.repeat(y, N // 3)
    match = re.escape(f"cv trains 2 of 4 networks without some classes: {y[::2]}.")
    with pytest.warns(UserWarning, match=match) as caught:
        folds_of(KFold(4), sorted_y[5:-5])
    assert len(caught) == 1
    without_one = [np.arange(start, N) for start in (10, 12)]
    splits = [(rows, np.arange(10)) for rows in without_one]
    match = re.escape(f"cv trains 2 of 2 networks without some classes: {y[:1]}.")
    with pytest.warns(UserWarning, match=match):
        folds_of(splits, sorted_y)


def test_a_fold_may_be_a_pair_of_masks():
    splits = [(np.arange(N) % 2 == k, np.arange(N) % 2 != k) for k in range(2)]
    for (train_rows, held_out), fold in zip(splits, folds_of(splits), strict=True):
        np.testing.assert_array_equal(fold[0], np.flatnonzero(train_rows))
        np.testing.assert_array_equal(fold[1], np.flatnonzero(held_out))


def test_a_fold_may_draw_as_many_rows_as_there_are_with_repeats():
    drawn = np.random.default_rng(0).integers(N, size=(2, N))
    splits = [(rows, np.setdiff1d(ROWS, rows)) for rows in drawn]
    np.testing.assert_equal(folds_of(splits), splits)


def test_a_splitter_gets_the_rows_as_they_were_passed():
    pd = pytest.importorskip("pandas")

    class ByMonth:
        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

        def split(self, X, y=None, groups=None):
            early = X.index.month <= 2
            yield from ((early, ~early), (~early, early))

    days = pd.date_range("2020-01-01", periods=120)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 2)), index=days)
    model = RegMLPClassifierCV(RegMLPClassifier((2,)), cv=ByMonth())
    model.fit(frame, np.arange(120) % 2)
    assert len(model.members_) == 2


@pytest.mark.parametrize(
    ("cv", "groups", "match"),
    [
        (N + 1, None, rf"cv={N + 1} .* but there are {N} of n_samples={N}\.$"),
        (3, GROUPS, "groups were passed, but cv=3 .*GroupKFold"),
        (GroupKFold(3), None, "'groups' parameter should not be None"),
        (KFold(N + 1), None, "cv: .*number of splits"),
        (GroupKFold(7), GROUPS, "cv: .*number of groups"),
        ("five", None, "cv"),
        ([], None, r"cv gives 0 fold\(s\).* used before"),
        ([(ROWS[:9], ROWS[9:])], None, r"cv gives 1 fold\(s\).* X_val and"),
        ([(ROWS[:9], [])] * 2, None, "cv: .*some rows"),
        ([([], ROWS[9:])] * 2, None, "cv: .*some rows"),
        ([(np.zeros(0, int), ROWS[9:])] * 2, None, "cv: .*some rows"),
        ([([[0]], ROWS[9:])] * 2, None, "cv: .*some rows"),
        ([([0.5], ROWS[9:])] * 2, None, "cv: .*some rows"),
        ([(["a"], ROWS[9:])] * 2, None, "cv: .*some rows"),
        ([(np.ones(N - 1, bool), ROWS[9:])] * 2, None, "cv: .*some rows"),
        ([(ROWS[:9], [N])] * 2, None, f"cv: .*rows {N} to {N}, .*there are {N}"),
        ([([-1], ROWS[:9])] * 2, None, "cv: .*rows -1 to -1"),
        ([([-1, 0], ROWS[9:])] * 2, None, "cv: .*rows -1 to 0"),
        ([(ROWS[:9], [9, N])] * 2, None, f"cv: .*rows 9 to {N}"),
        ([(ROWS, ROWS[9:])] * 2, None, "cv: .*validates on rows that it trains on"),
        ([(ROWS[:9],)] * 2, None, "cv: .*values to unpack"),
        ([0, 1], None, "cv: "),
    ],
)
def test_folds_that_are_none_are_refused(cv, groups, match):
    with pytest.raises((ValueError, TypeError), match=match):
        folds_of(cv, groups=groups)


def test_rows_that_are_alone_in_their_class_do_not_fill_folds():
    with pytest.raises(ValueError, match=r"are 2 of n_samples=10\. 8 row"):
        folds_of(3, np.r_[0, 0, np.arange(1, 9)])


# Rows held out


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.6, 0.9])
@pytest.mark.parametrize("y", CLASSES.values(), ids=CLASSES)
def test_a_fraction_of_each_class_is_held_out_but_never_all_of_it(y, fraction):
    n_rows = N if y is None else len(y)
    train_rows, held_out = hold_out(n_rows, y, None, fraction, seed=0)
    np.testing.assert_array_equal(np.union1d(train_rows, held_out), np.arange(n_rows))
    assert len(train_rows) + len(held_out) == n_rows
    assert (np.diff(train_rows) > 0).all()
    assert (np.diff(held_out) > 0).all()
    codes = np.zeros(n_rows, int) if y is None else np.unique(y, return_inverse=True)[1]
    counts = np.bincount(codes)
    assert set(codes[train_rows]) == set(codes)
    n_held_out = min(np.ceil(fraction * n_rows), n_rows - len(counts))
    assert len(held_out) == n_held_out
    shares = (counts - 1) * n_held_out / (n_rows - len(counts))
    assert (
        abs(np.bincount(codes[held_out], minlength=len(counts)) - shares) <= 1
    ).all()


@pytest.mark.parametrize("n_first", range(2, 30))
def test_of_two_classes_the_number_nearest_to_their_share_is_held_out(n_first):
    """Of all rows but one of each class."""
    _, held_out = hold_out(31, np.arange(31) >= n_first, None, 4 / 31, seed=0)
    assert len(held_out) == 4
    assert (held_out < n_first).sum() == round(4 * (n_first - 1) / 29)


@pytest.mark.parametrize("n_rare", [2, 5, 10])
@pytest.mark.parametrize("rare", [0, 1])
def test_rare_rows_are_held_out_whatever_their_label(rare, n_rare):
    y = np.r_[np.full(1000 - n_rare, 1 - rare), np.full(n_rare, rare)]
    train_rows, held_out = hold_out(1000, y, None, 0.1, seed=3)
    assert len(held_out) == 100
    assert (y[held_out] == rare).sum() == 1
    assert (y[train_rows] == rare).sum() == n_rare - 1


def test_with_few_classes_a_row_of_each_is_held_out_and_large_ones_give_theirs():
    y = np.r_[np.repeat(np.arange(10), 60), np.repeat(np.arange(10, 40), 2)]
    _, held_out = hold_out(len(y), y, None, 0.25, seed=0)
    counts = np.bincount(y[held_out])
    assert counts.sum() == len(y) / 4
    assert (counts[10:] == 1).all()
    assert counts[:10].min() > 0.2 * 60


@pytest.mark.parametrize(("n_rows", "n_rare"), [(800, 1), (700, 0)])
def test_four_held_out_rows_per_class_leave_room_for_a_rare_one(n_rows, n_rare):
    y = np.arange(n_rows) < 2
    _, held_out = hold_out(n_rows, y, None, 0.01, seed=0)
    assert len(held_out) == n_rows / 100
    assert y[held_out].sum() == n_rare


def test_two_rows_may_be_held_out():
    train_rows, held_out = hold_out(20, None, None, 0.1, seed=0)
    assert (len(train_rows), len(held_out)) == (18, 2)


def test_rows_without_weight_do_not_fill_the_held_out_part():
    weights = (np.arange(200) < 20).astype(float)
    _, held_out = hold_out(200, np.arange(200) % 2, weights, 0.2, seed=0)
    assert (weights[held_out] > 0).sum() == pytest.approx(0.2 * 20, abs=1)


def test_a_row_of_each_class_with_a_weight_is_trained_on():
    y, weights = np.arange(N) % 2, np.where(np.arange(N) % 2, 0.0, 1.0)
    weights[7] = 1
    for seed in range(5):
        train_rows, _ = hold_out(N, y, weights, 0.8, seed)
        assert 7 in train_rows
