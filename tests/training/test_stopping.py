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


def test_an_improvement_has_to_be_above_tol():
    monitor, counts = Monitor(0.5, 9), []
    for score in [nan, 1.0, 1.5, 1.5, nan, 2.25]:
        monitor.update(score)
        counts.append(monitor.epochs_without_improvement)
    assert counts == [1, 0, 1, 2, 3, 0]


@pytest.mark.parametrize(("n_before", "n_after"), [(1, 1), (2, 0), (5, 0)])
def test_one_that_goes_on_has_patience_where_it_had_stalled(n_before, n_after):
    monitor = Monitor(0.0, 2)
    monitor.resume({"bar": 0.5, "epochs_without_improvement": n_before})
    assert (monitor.bar, monitor.epochs_without_improvement) == (0.5, n_after)
