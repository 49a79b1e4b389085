"""How many rows there are by their weights, and the size of their features."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import entropy

from skreg._inputs.sample import (
    Sample,
    effective_size,
    feature_size,
    kish_share,
    some_of,
)


def test_effective_size_is_the_perplexity_of_the_weights():
    weights = np.random.default_rng(0).lognormal(size=1000)
    assert effective_size(weights) == round(np.exp(entropy(weights)))


@pytest.mark.parametrize("weight", [1e-308, 0.1, 1, 1e308])
@pytest.mark.parametrize("n", [1, 3, 100_000])
def test_effective_size_of_equal_weights_is_their_number(n, weight):
    weights = np.r_[np.full(n, weight), np.zeros(7)]
    assert effective_size(weights) == n


def test_a_mean_by_weights_is_as_noisy_as_one_of_kishs_share_of_the_rows():
    rng = np.random.default_rng(0)
    weights = rng.lognormal(size=500)
    means = np.average(rng.normal(size=(4000, 500)), axis=1, weights=weights)
    assert kish_share(weights) == pytest.approx(1 / (500 * means.var()), rel=0.1)


@pytest.mark.parametrize("weight", [1e-308, 0.1, 1, 1e308])
@pytest.mark.parametrize("n", [1, 3, 100_000])
def test_kishs_share_of_equal_weights_is_that_of_their_rows(n, weight):
    weights = np.r_[np.full(n, weight), np.zeros(7)]
    assert kish_share(weights) == n / (n + 7)


def test_kishs_share_is_that_of_whole_rows():
    assert kish_share(np.r_[1.0, 2.0]) == 2 / 2  # 9 / 5 rows
    assert kish_share(np.r_[1.0, 4.0]) == 1 / 2  # 25 / 17


def test_a_sample_of_some_rows_counts_them_and_their_weights_alone():
    X, weights = np.arange(6.0).reshape(3, 2), np.r_[2.0, 2.0, 50.0]
    for given, kish in [(None, 1.0), (weights, kish_share(weights[:2]))]:
        sample = Sample.of(X, given, np.r_[0, 1])
        assert sample == Sample(2, 2, 2, feature_size(X), kish)


def test_rows_without_a_weight_do_not_count_in_the_size_of_features():
    X = np.array([[0, 0.1], [0.3, 0.2], [1, 1], [7, 8]])
    assert Sample.of(X, np.r_[1.0, 1, 1, 0]).feature_size == 1 / 4


@pytest.mark.parametrize("n", [1, 499, 500, 501, 1000, 1001, 12_345])
def test_some_rows_are_as_many_as_fit_in_500_with_even_spaces(n):
    step = next(step for step in range(1, n + 1) if len(range(0, n, step)) <= 500)
    assert some_of(np.arange(n)).tolist() == [*range(0, n, step)]
    assert len(some_of(np.arange(n), 5)) <= 100


def test_few_rows_say_how_large_the_features_are():
    X = np.random.default_rng(0).uniform(size=(1200, 2))
    size = feature_size(X)
    X[1::3] = 9  # between the rows that are looked at
    assert feature_size(X) == size


@pytest.mark.parametrize(
    ("columns", "size"),
    [
        ([[0, 0.2, 1], [0, 0.4, 1]], 1 / 4),  # as of MinMaxScaler
        ([[2, 3, 2.5], [0, 1, 0]], 1 / 4),
        ([[-0.6, 0.1, 0.6], [1, 1, 1]], 0.3),
        ([[0, 0, 0.01], [0, 0.01, 0.02]], 0.02 / 4),
        ([[-1, 0.5, 1], [0, 0, 0.1]], 1),  # as of a standardised one
        ([[-0.8, 0.1, 0.8], [0, 0.5, 1]], 1),
        ([[0, 0.5, 1], [-3, 0, 3]], 1),
        ([[0, 1, 1], [1, 0, 0]], 1),  # one-hot
        ([[0, 1, 1], [1, 0, 0], [1, 0, 0.5]], 1),
        ([[0, 1, 1], [1, 0, 0], [1, 1, 0], [0.5, 0, 1], [1, 0, 0.5]], 1),
        ([[0, 1, 1], [0.3, 0, 1], [1, 0, 0.5]], 1 / 4),
        ([[*[0] * 25, 0.5, 1], [*[0] * 25, 1, 0.3]], 1),  # counts of words
        ([[5, 5, 5], [2, 2, 2]], 1),
        ([[-1e308, 0, 1e308], [0, 0.5, 1]], 1),
    ],
)
def test_size_of_features(columns, size):
    X = np.transpose(columns).astype(float)
    assert feature_size(X) == pytest.approx(size)
    assert feature_size(csr_array(X)) == 1
    with_another = np.vstack([X, np.full(len(columns), 9)])
    assert feature_size(with_another, np.r_[np.ones(len(X)), 0]) == feature_size(X)
