import numpy as np
import pytest

from pluralign_stats.feedback import strategies

VALUES = np.arange(1.0, 6.0)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(4)
    return rng.integers(0, 4, size=(300, 5)) * (rng.random((300, 5)) < 0.6).astype(float)


def ratings(row):
    return np.repeat(VALUES, row.astype(int))


def test_mean_and_median_are_numpys(counts):
    mean = strategies.mean_rating(counts, VALUES)
    median = strategies.median_rating(counts, VALUES)
    for k, row in enumerate(counts):
        if row.sum():
            assert mean[k] == pytest.approx(np.mean(ratings(row)), abs=1e-12)
            assert median[k] == np.median(ratings(row))
        else:
            assert np.isnan(mean[k])
            assert np.isnan(median[k])


def test_the_mode_is_the_only_commonest_rating(counts):
    found = strategies.modal_rating(counts, VALUES)
    tied = 0
    for k, row in enumerate(counts):
        modes = VALUES[(row == row.max()) & (row > 0)]
        tied += len(modes) > 1
        assert np.isnan(found[k]) if len(modes) != 1 else found[k] == modes[0]
    assert tied


def test_equal_weights_written_differently_tie():
    thirds = np.array([[1 / 3 + 1 / 3 + 1 / 3, 0, 1.0, 0, 0], [0.1 + 0.2, 0.3, 0, 0, 0]])
    assert np.isnan(strategies.modal_rating(thirds, VALUES)).all()
    assert strategies.median_rating(thirds, VALUES).tolist() == [2, 1.5]


def test_consensus_is_one_side_and_nothing_in_the_middle(counts):
    found = strategies.one_sided(counts, VALUES, 3)
    for k, row in enumerate(counts):
        given = ratings(row)
        assert found[k] == (len(given) > 0 and ((given > 3).all() or (given < 3).all()))
    assert found.any()


def test_weighted_medians_against_repeated_ratings():
    rng = np.random.default_rng(6)
    whole = rng.integers(0, 5, size=(200, 5)).astype(float)
    whole[:, 2] += 1
    for k, row in enumerate(whole * 0.37):
        expected = np.median(ratings(whole[k]))
        assert strategies.median_rating(row[None], VALUES)[0] == expected


def test_the_smallest_key_of_each_stratum():
    stratum = np.array([2, 0, 2, 0, 5])
    keys = np.array([0.3, 0.9, 0.1, 0.2, 0.7])
    assert strategies.first_drawn(stratum, keys).tolist() == [3, 2, 4]
