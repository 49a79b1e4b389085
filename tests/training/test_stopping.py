from math import inf, nan

import pytest

from skreg._training.stopping import Monitor


@pytest.mark.parametrize("patience", [1, 3, inf])
@pytest.mark.parametrize("scores", [[1.0] + [1.05] * 9, [nan] * 10])
def test_it_stalls_after_exactly_so_many_epochs_without_improvement(scores, patience):
    monitor, stalled = Monitor(0.1, patience), []
    for score in scores:
        monitor.update(score)
        stalled.append(monitor.stalled)
    needed = patience + (scores[0] == 1)  # which is an improvement
    assert stalled == [k >= needed for k in range(1, 11)]
    monitor.reset_patience()
    assert not monitor.stalled


def test_an_improvement_has_to_be_above_tol_but_the_best_need_not():
    monitor, scores = Monitor(0.5, 9), [nan, 1.0, 1.5, 1.5, nan, 2.25]
    assert [*map(monitor.update, scores)] == [False, True, True, False, False, True]
    assert (monitor.best_score, monitor.epochs_without_improvement) == (2.25, 0)


@pytest.mark.parametrize(("n_before", "n_after"), [(1, 1), (2, 0), (5, 0)])
def test_one_that_goes_on_has_patience_where_it_had_stalled(n_before, n_after):
    monitor = Monitor(0.0, 2)
    state = {"best_score": 1.0, "bar": 0.5, "epochs_without_improvement": n_before}
    monitor.resume(state)
    assert (monitor.best_score, monitor.epochs_without_improvement) == (1.0, n_after)
