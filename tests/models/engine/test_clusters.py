"""Score tests whose variance is that between clusters."""

import numpy as np
import pytest
from scipy import stats

from pluralign_stats.models.engine.clusters import cluster_covariance, score_test, spread_draws

RATER = np.repeat(np.arange(8), 3)


def drawn(q=1, seed=1):
    return np.random.default_rng(seed).normal(size=(len(RATER), q)) + 0.3


def of_two_groups(values):
    """Scores of the difference between two halves of clusters, given values (G, q) of these."""
    sign = np.where(np.arange(len(values)) % 2, 1.0, -1.0)
    return (values - values.mean(axis=0)) * sign[:, None]


def test_of_one_direction_it_is_students_test_of_two_groups():
    values = drawn()[:10]
    t, p = stats.ttest_ind(values[::2, 0], values[1::2, 0])
    found = score_test(of_two_groups(values), [np.arange(10)])
    assert found.statistic == pytest.approx(t**2)
    assert found.p_value == pytest.approx(p)
    assert (found.df, found.df_residual) == (1, 8)


def test_of_several_it_is_hotellings_whatever_their_units():
    values = drawn(3)[:12]
    one, other = values[::2], values[1::2]
    apart, spread = one.mean(axis=0) - other.mean(axis=0), (np.cov(one.T) + np.cov(other.T)) / 2
    squared = 3 * apart @ np.linalg.solve(spread, apart)
    scores, rater = of_two_groups(values), np.arange(12)
    found = score_test(scores, [rater])
    assert found.statistic == pytest.approx(squared * 8 / (10 * 3))
    assert found.p_value == pytest.approx(stats.f.sf(squared * 8 / 30, 3, 8))
    turned = score_test(scores @ np.array([[1e6, 0, 0], [2, 1, 0], [0, 3, 1e-3]]), [rater])
    assert turned.p_value == pytest.approx(found.p_value, rel=1e-5)


def test_its_size_is_right_where_clusters_are_few():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(4000, 10, 4))
    p = [score_test(of_two_groups(each), [np.arange(10)]).p_value for each in values]
    assert stats.binomtest(int((np.array(p) < 0.05).sum()), 4000, 0.05).pvalue > 0.01
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_nested_clusters_are_the_coarse_ones():
    scores, fine = drawn(2), np.arange(len(RATER))
    both = cluster_covariance(scores, [RATER, fine])
    np.testing.assert_allclose(both, cluster_covariance(scores, [RATER]))


def test_crossed_clusters_take_the_larger_where_inclusion_and_exclusion_gives_none():
    scores = np.array([[1.0], [-1.0], [-1.0], [1.0]])
    row, column = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert cluster_covariance(scores, [row, column]) == pytest.approx(0)
    found = score_test(np.vstack([scores, scores]), [np.r_[row, row + 2], np.r_[column, column]])
    assert np.isnan(found.p_value)


@pytest.mark.parametrize("scores", [drawn(8), np.zeros((24, 1)), np.ones((24, 2)), drawn(0)])
def test_where_there_is_nothing_to_test_it_is_missing(scores):
    assert np.isnan(score_test(scores, [RATER]).p_value)


def test_draws_are_spread_to_the_sandwich_and_never_drawn_together():
    rng = np.random.default_rng(6)
    C = np.array([[1.0, 0.3], [0.3, 0.5]])
    parameters = rng.multivariate_normal([1, 2], C, 200_000)
    combinations = np.array([[1.0, 0.0], [1.0, -2.0], [0.5, 1.0]]).T
    drawn = parameters @ combinations
    for factor, root in ((4.0, 2.0), (0.25, 1.0)):
        found = spread_draws(parameters, drawn, factor * np.linalg.inv(np.cov(parameters.T)))
        np.testing.assert_allclose(found.mean(axis=0), drawn.mean(axis=0))
        np.testing.assert_allclose(found.std(axis=0) / drawn.std(axis=0), root, rtol=1e-6)
    meat = np.diag([3.0, 40.0])
    found = spread_draws(parameters, drawn, meat)
    expected = np.diag(combinations.T @ C @ meat @ C @ combinations)
    np.testing.assert_allclose(found.var(axis=0), expected, rtol=0.02)


def test_what_is_not_linear_in_the_parameters_keeps_its_spread():
    rng = np.random.default_rng(7)
    parameters = rng.normal(size=(50_000, 1))
    drawn = np.hstack([parameters**2, np.ones_like(parameters)])
    found = spread_draws(parameters, drawn, np.array([[9.0]]))
    assert found[:, 0].var() == pytest.approx(drawn[:, 0].var(), rel=0.05)
    np.testing.assert_array_equal(found[:, 1], 1.0)
