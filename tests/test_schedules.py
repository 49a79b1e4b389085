import pytest

from skreg.schedules import SCHEDULES, Clock, LearningRate


def rate(name, *, epoch=0, samples=0, horizon=10, stalls=0, **options):
    learning_rate = LearningRate(0.5, SCHEDULES[name], **options)
    return learning_rate.at(Clock(epoch, samples, horizon, stalls))


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_starts_at_the_initial_rate(name):
    assert rate(name) == 0.5


@pytest.mark.parametrize("name", SCHEDULES)
def test_decay_is_on_top_of_every_schedule(name):
    clock = {"epoch": 3, "samples": 30, "stalls": 2}
    plain = rate(name, **clock)
    assert rate(name, decay=0.1, **clock) == pytest.approx(plain * 0.9**3)


def test_invscaling_falls_with_the_rows_seen():
    assert rate("invscaling", samples=99, power_t=0.5) == pytest.approx(0.05)
    assert rate("invscaling", samples=99, power_t=1) == pytest.approx(0.005)


def test_adaptive_is_a_fifth_per_stall():
    assert rate("adaptive", stalls=2) == pytest.approx(0.02)


def test_cosine_is_half_way_in_the_middle_and_ends_at_zero():
    assert rate("cosine", epoch=5) == pytest.approx(0.25)
    assert rate("cosine", epoch=10) == pytest.approx(0)
    assert rate("cosine", epoch=25) == pytest.approx(0)
