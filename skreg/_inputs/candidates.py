"""The candidates of a committee: all combinations of lists, or draws."""

from sklearn.base import is_classifier
from sklearn.model_selection import ParameterGrid, ParameterSampler

from skreg._inputs.auto import LONGER_STEPS, penalty_share
from skreg._inputs.errors import naming
from skreg._inputs.plan import hidden_layer_sizes
from skreg._inputs.sample import Sample

FIXED = {"early_stopping": True, "warm_start": False, "verbose": False}
"""Parameters of all networks of a committee."""
_OWNED = {*FIXED, "scoring", "random_state"}
_OF_LOSSES = {"class_weight", "loss", "quantile"}
"""Parameters that change the loss: losses under different values are not comparable."""
_N_CANDIDATES = 30
"""For "auto"."""


def draw_candidates(committee, network, table, rng):
    """Return the hyperparameters of each candidate, as dicts.

    ``network`` has the parameters that all candidates share.
    """
    space, n_candidates = committee.param_distributions, committee.n_candidates
    if space is None:
        if n_candidates is not None:
            raise ValueError(
                f"n_candidates={n_candidates} was passed, but param_distributions is "
                "None. Pass distributions to draw from."
            )
        return [{}]
    if isinstance(space, str):
        space = _auto_distributions(network, table)
        return [{}, *_draw(space, (n_candidates or _N_CANDIDATES) - 1, rng)]
    with naming("param_distributions"):
        candidates = _draw(space, n_candidates, rng)
        if not candidates:
            raise ValueError("there are no candidates. Pass None for no search.")
    _check_names({name for params in candidates for name in params}, committee.scoring)
    return candidates


def _check_names(names, scoring):
    """Refuse parameters that candidates of a committee cannot have."""
    owned = sorted(names & _OWNED)
    if owned:
        raise ValueError(
            f"param_distributions has {owned}, which the committee sets for all "
            "networks."
        )
    prefixed = sorted(name for name in names if str(name).startswith("estimator__"))
    if prefixed:
        raise ValueError(
            f"param_distributions has {prefixed}. Leave out 'estimator__': these are "
            "names of the networks' own parameters."
        )
    losses = sorted(names & _OF_LOSSES)
    if losses and scoring == "loss":
        raise ValueError(
            f"param_distributions has {losses}, but scoring='loss' cannot compare "
            "different losses. Choose another scoring, or set one value for all "
            "networks in estimator."
        )


def _auto_distributions(network, table):
    """Return values that help on some tables, around the defaults."""
    n_hidden = len(hidden_layer_sizes(network))
    n_layers = n_hidden + 1
    strengths = (2, 5, 12, 30) if is_classifier(network) else (0.5, 1, 4, 10)
    X, y, sample_weight, targets = table
    unit = 1 / X.shape[0]
    if n_hidden:
        weights, _ = network._row_weights(targets, y, sample_weight)
        sample = Sample.of(X, weights)
        unit = penalty_share(n_layers) / sample.effective_size
        unit *= targets.loss_size * sample.feature_size
    alphas = [[strength * unit, *[0.0] * n_hidden] for strength in strengths]
    space: dict = {"alpha": alphas}
    if n_hidden:
        space["activation"] = ["relu", "tanh"]
    if network.solver == "adam":
        factor = LONGER_STEPS.get(n_layers, 1)
        space["learning_rate_init"] = [factor * rate for rate in (4e-3, 8e-3, 0.016)]
    if network.solver != "lbfgs":
        space["input_keep_prob"] = [0.95, 1.0]
        if n_hidden:
            space["keep_prob"] = [0.8, 0.9, 1.0]
    return space


def _draw(space, n, rng):
    """Return ``n`` candidates, or all if there are fewer or ``n`` is None."""
    sampler = ParameterSampler(space, n, random_state=rng)
    parts = space if isinstance(space, list) else [space]
    if any(hasattr(values, "rvs") for part in parts for values in part.values()):
        if n is None:
            raise ValueError(
                "there are distributions, so n_candidates has to be the number of "
                "candidates to draw."
            )
        return [*sampler]
    grid = ParameterGrid(space)
    return [*grid] if n is None or len(grid) <= n else [*sampler]
