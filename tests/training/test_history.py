from math import nan

import numpy as np

from skreg._training.history import Best, History
from skreg._training.schedules import Clock


def test_curves_and_bests_grow_by_an_epoch():
    history = History()
    history.append(3.0, 1.5, 0.5, 10)
    assert history.validation_scores is None
    for validation_loss, score in [(7.0, nan), (6.0, 0.6), (5.0, nan), (4.0, 0.6)]:
        history.append(2.0, 0.5, nan, 10, (validation_loss, score))
    assert history.loss_curve == [3.0, 2.0, 2.0, 2.0, 2.0]
    assert history.penalty_curve == [1.5, 0.5, 0.5, 0.5, 0.5]
    assert history.learning_rate_curve == [0.5]
    np.testing.assert_array_equal(history.validation_loss_curve, [nan, 7, 6, 5, 4])
    np.testing.assert_array_equal(history.validation_scores, [nan, nan, 0.6, nan, 0.6])
    assert history.best_loss == Best(-2.0, 2)
    assert history.best_score == Best(0.6, 3)
    assert history.clock(7) == Clock(epoch=5, samples=50, horizon=7, stalls=0)
    history.forget_scores()
    assert np.isnan(history.validation_scores).all()
    assert history.best_score.epoch == 0
