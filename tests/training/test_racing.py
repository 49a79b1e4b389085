"""The rungs of a race, and who goes on."""

from types import SimpleNamespace

import numpy as np
import pytest

from skreg._training.racing import parted, plan_rungs, ranked

COUNTS = [1, 2, 3, 4, 5, 9, 10, 27, 60, 1000]
FACTORS = [1.01, 1.5, 2, 3, 4.5, 10, np.inf]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("n", COUNTS)
def test_all_begin_fewer_go_on_and_the_last_train_to_the_end(n, factor):
    rungs = plan_rungs(n, factor)
    counts, ends = zip(*rungs, strict=True)
    assert counts[0] == n
    assert ends[-1] == 1
    assert (np.diff(counts) < 0).all()
    assert (np.diff(ends) > 0).all()
    assert min(counts) >= 1
    assert min(ends) > 0
    assert all(isinstance(count, int) for count in counts)


def test_every_rung_of_27_candidates_costs_the_same_at_a_factor_of_3():
    assert plan_rungs(27, 3) == [(27, 1 / 13), (9, 4 / 13), (3, 1)]


def test_one_candidate_has_no_race():
    assert plan_rungs(1, 3) == [(1, 1)]


@pytest.mark.parametrize("n", [n for n in COUNTS if n <= 60])
def test_a_race_costs_a_few_trainings(n):
    """At factor 3: of 60 candidates at most as much as training 8 to the end."""
    cost, done = 0.0, 0.0
    for rung in plan_rungs(n, 3):
        cost += rung.n_candidates * (rung.end - done)
        done = rung.end
    assert cost <= min(n, 8)


def test_the_best_come_first_ties_in_order_and_nan_last():
    scores = [-0.5, np.nan, 0.7, -np.inf, 0.7, np.nan]
    field = [SimpleNamespace(scores=np.full(2, s), k=k) for k, s in enumerate(scores)]
    assert [candidate.k for candidate in ranked(field)] == [2, 4, 0, 3, 1, 5]


def test_many_of_the_same_score_keep_their_order():
    field = [SimpleNamespace(scores=np.full(2, k % 2), k=k) for k in range(100)]
    order = [*range(1, 100, 2), *range(0, 100, 2)]
    assert [candidate.k for candidate in ranked(field)] == order


@pytest.mark.parametrize("place", [0, 2, 4, None])
@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_the_default_goes_on_in_the_place_of_another(n, place):
    field = [SimpleNamespace(params={"alpha": k}) for k in range(5)]
    if place is not None:
        field[place].params = {}
    first, others = parted(field, n)
    assert sorted(map(id, first + others)) == sorted(map(id, field))
    if place is None:
        assert (first, others) == (field[:n], field[n:])
    else:
        assert len(first) == max(2, n)
        assert field[place] in first
        rivals = [candidate for candidate in field if candidate.params]
        assert others == rivals[len(first) - 1 :]
