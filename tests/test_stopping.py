from math import inf, nan

import pytest

from skreg.stopping import Monitor


@pytest.mark.parametrize("patience", [1, 3])
def test_stalls_after_exactly_so_many_epochs(patience):
    monitor = Monitor(tol=0.1, patience=patience)
    monitor.update(1.0)
    for _ in range(patience):
        assert not monitor.stalled
        monitor.update(1.05)
    assert monitor.stalled


def test_an_improvement_has_to_be_above_tol_but_the_best_need_not():
    monitor = Monitor(tol=0.5, patience=2)
    assert monitor.update(1.0)
    assert monitor.update(1.5)  # better, not by more than tol
    assert monitor.best_score == 1.5
    assert monitor.epochs_without_improvement == 1
    assert monitor.update(2.25)
    assert monitor.epochs_without_improvement == 0


def test_infinite_patience_never_stalls():
    monitor = Monitor(tol=0, patience=inf)
    for _ in range(1000):
        monitor.update(0.0)
    assert not monitor.stalled


def test_nan_is_no_improvement():
    monitor = Monitor(tol=0, patience=2)
    assert not monitor.update(nan)
    assert monitor.update(-5.0)
    assert not monitor.update(nan)
    assert monitor.best_score == -5.0


def test_patience_can_be_renewed():
    monitor = Monitor(tol=0, patience=1)
    monitor.update(0.0)
    monitor.update(0.0)
    assert monitor.stalled
    monitor.be_patient_again()
    assert not monitor.stalled
    assert monitor.best_score == 0.0


@pytest.mark.parametrize("patience", [1, 4])
def test_scores_that_are_never_a_number_stall(patience):
    monitor = Monitor(tol=0, patience=patience)
    for _ in range(patience):
        assert not monitor.stalled
        monitor.update(nan)
    assert monitor.stalled


def test_a_patience_that_was_lowered_is_over():
    assert Monitor(tol=0, patience=2, epochs_without_improvement=5).stalled


def test_of_equal_scores_the_first_is_the_best():
    monitor = Monitor(tol=0, patience=5)
    assert monitor.update(1.0)
    assert not monitor.update(1.0)


def test_patience_begins_at_nought_again():
    monitor = Monitor(tol=0, patience=2)
    for score in (1.0, 1.0, 1.0):
        monitor.update(score)
    monitor.be_patient_again()
    assert monitor.epochs_without_improvement == 0
