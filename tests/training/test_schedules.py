import pytest

from skreg._training.schedules import SCHEDULES, Clock, LearningRate


def rate(name, *, epoch=0, samples=0, stalls=0, **options):
    clock = Clock(epoch, samples, 10, stalls)
    return LearningRate(0.5, SCHEDULES[name], **options).at(clock)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_starts_at_the_initial_rate_and_takes_a_decay(name):
    assert rate(name) == 0.5
    later = {"epoch": 3, "samples": 30, "stalls": 2}
    assert rate(name, decay=0.1, **later) == pytest.approx(rate(name, **later) * 0.9**3)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("constant", {"epoch": 9, "samples": 99, "stalls": 3}, 0.5),
        ("invscaling", {"samples": 99, "power_t": 0.5}, 0.05),
        ("invscaling", {"samples": 99, "power_t": 1}, 0.005),
        ("adaptive", {"stalls": 2}, 0.02),
        ("cosine", {"epoch": 5}, 0.25),
        ("cosine", {"epoch": 10}, 0),
        ("cosine", {"epoch": 25}, 0),
    ],
)
def test_rates_equal_the_formulas(name, given, expected):
    assert rate(name, **given) == pytest.approx(expected)
