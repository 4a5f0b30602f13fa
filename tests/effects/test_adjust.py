import numpy as np
import pytest
from scipy.stats import norm, studentized_range
from statsmodels.stats.multitest import multipletests

from pluralign_stats.effects.adjust import (
    benjamini_hochberg,
    holm,
    single_step,
)


@pytest.mark.parametrize("m", [1, 2, 5, 30])
def test_against_statsmodels(m):
    rng = np.random.default_rng(m)
    for _ in range(3):
        p = rng.random(m) ** 4
        np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_by_hand():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03])), [0.06, 0.03, 0.06])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1, 1])
    np.testing.assert_allclose(holm(np.array([0.02, 0.02])), [0.04, 0.04])


def test_missing_values_do_not_count():
    adjusted = holm(np.array([0.02, np.nan, 0.3]))
    np.testing.assert_allclose(adjusted, [0.04, np.nan, 0.3])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert holm(np.array([])).size == 0


@pytest.mark.parametrize("m", [1, 2, 5, 30])
def test_the_false_discovery_rate_against_statsmodels(m):
    p = np.random.default_rng(m).random(m) ** 4
    expected = multipletests(p, method="fdr_bh")[1]
    np.testing.assert_allclose(benjamini_hochberg(p), expected, rtol=1e-12)
    assert np.isnan(benjamini_hochberg(np.array([np.nan, 0.2]))[0])


def all_pairs(k):
    """Correlation of all differences between k independent means of equal variance."""
    pairs = np.array([np.eye(k)[j] - np.eye(k)[i] for i in range(k) for j in range(i + 1, k)])
    return pairs @ pairs.T / 2


@pytest.mark.parametrize(("k", "df"), [(3, 12.0), (4, 30.0), (5, np.inf)])
def test_all_pairs_of_equal_means_are_tukeys_range(k, df):
    statistic = np.linspace(0.5, 3.2, k * (k - 1) // 2)
    expected = studentized_range.sf(statistic * np.sqrt(2), k, df if np.isfinite(df) else 1e6)
    found, critical = single_step(statistic, all_pairs(k), df, 0.9)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    quantile = studentized_range.ppf(0.9, k, df if np.isfinite(df) else 1e6) / np.sqrt(2)
    assert critical == pytest.approx(quantile, abs=0.01)


def test_independent_statistics_are_sidaks():
    statistic = np.array([1.0, 2.0, np.nan, 3.0])
    expected = 1 - (1 - 2 * norm.sf(statistic)) ** 3
    correlation = np.diag([1, 1, np.nan, 1])
    found = single_step(statistic, correlation, np.inf, 0.95)[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    _, critical = single_step(np.ones(1), np.eye(1), np.inf, 0.95)
    assert critical == pytest.approx(norm.ppf(0.975), abs=1e-3)


def test_tiny_p_values_stay_between_one_test_and_bonferroni():
    found = single_step(np.array([6.0, 7.0, 8.0]), all_pairs(3), np.inf, 0.95)[0]
    single = 2 * norm.sf([6.0, 7.0, 8.0])
    assert (found >= single).all()
    assert (found <= 3 * single).all()
