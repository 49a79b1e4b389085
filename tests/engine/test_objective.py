import numpy as np
import pytest
from estimators import one_in
from helpers import ALL_ROWS, HEADS, make_network, random_data, random_vector

from skreg._engine.activations import ACTIVATIONS
from skreg._engine.batches import Rows
from skreg._engine.objective import Objective
from skreg._engine.penalties import PENALTIES


@one_in(
    2,
    n_at_once=[2048, 2],
    layers=[("relu", ()), *((a, (5, 4, 3)) for a in (*ACTIVATIONS, "of_z"))],
    head=HEADS,
    scaled=[False, True],
)
@pytest.mark.usefixtures("of_z")
def test_the_objective_has_its_directional_difference_as_gradient(
    head, layers, n_at_once, scaled, monkeypatch
):
    activation, hidden = layers
    monkeypatch.setattr("skreg._engine.objective._ROWS_AT_ONCE", n_at_once)
    network = make_network(head, hidden, activation, scaled=scaled)
    data, vector = random_data(network, weighted=True), random_vector(network)
    strengths = (0.3, 0, 0.2, 0.1)[: len(network.layers)]
    penalties = [kind(strengths) for kind in PENALTIES.values()]
    objective = Objective(network, Rows(data, ALL_ROWS[::-1]), penalties)
    gradient = objective(vector)[1].copy()
    direction = np.random.default_rng(3).normal(size=len(vector))
    above, below = (objective(vector + s * direction)[0] for s in (1e-6, -1e-6))
    # Central differences err by step² and by rounding / step: 1e-12 and 1e-10.
    expected = (above - below) / 2e-6
    assert gradient @ direction == pytest.approx(expected, rel=1e-7, abs=1e-8)
