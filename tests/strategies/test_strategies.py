import numpy as np
import pytest

from pluralign_stats.strategies.registry import STRATEGIES

VALUES = np.arange(1.0, 6.0)


def rated(strategy, counts):
    return STRATEGIES[strategy].aggregate(counts, VALUES, 3.0)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(4)
    return rng.integers(0, 4, size=(300, 5)) * (rng.random((300, 5)) < 0.6).astype(float)


def ratings(row):
    return np.repeat(VALUES, row.astype(int))


def test_mean_and_median_are_numpys(counts):
    mean = rated("mean", counts)
    median = rated("median", counts)
    for k, row in enumerate(counts):
        if row.sum():
            assert mean[k] == pytest.approx(np.mean(ratings(row)), abs=1e-12)
            assert median[k] == np.median(ratings(row))
        else:
            assert np.isnan(mean[k])
            assert np.isnan(median[k])


def test_the_mode_is_the_only_commonest_rating(counts):
    found = rated("majority", counts)
    tied = 0
    for k, row in enumerate(counts):
        modes = VALUES[(row == row.max()) & (row > 0)]
        tied += len(modes) > 1
        assert np.isnan(found[k]) if len(modes) != 1 else found[k] == modes[0]
    assert tied


def test_equal_weights_written_differently_tie():
    thirds = np.array([[1 / 3 + 1 / 3 + 1 / 3, 0, 1.0, 0, 0], [0.1 + 0.2, 0.3, 0, 0, 0]])
    assert np.isnan(rated("majority", thirds)).all()
    assert rated("median", thirds).tolist() == [2, 1.5]


def test_consensus_is_one_side_and_nothing_in_the_middle(counts):
    found = rated("consensus", counts)
    for k, row in enumerate(counts):
        given = ratings(row)
        alone = len(given) > 0 and ((given > 3).all() or (given < 3).all())
        assert found[k] == pytest.approx(np.mean(given) if alone else np.nan, nan_ok=True)
    assert not np.isnan(found).all()


def test_weighted_medians_against_repeated_ratings():
    rng = np.random.default_rng(6)
    whole = rng.integers(0, 5, size=(200, 5)).astype(float)
    whole[:, 2] += 1
    for k, row in enumerate(whole * 0.37):
        expected = np.median(ratings(whole[k]))
        assert rated("median", row[None])[0] == expected


def test_every_strategy_says_who_speaks_and_in_what_words():
    for name, one in STRATEGIES.items():
        assert name == one.name
        assert one.words
        assert (one.aggregate is None) == (one.voices != "one")
