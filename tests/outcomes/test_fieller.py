"""Sizes of ratios against their definition, closed form, delta method and simulated coverage."""

import numpy as np
import pytest

from pluralign_stats.outcomes.gain import ratio_sizes

QUANTILE = 2.0


def constant(quantile):
    return lambda weights: np.full(len(weights), quantile)


def holds(a, b, covariance, ratio):
    """The definition: a - r b is within so many standard errors of 0."""
    variance = covariance[0, 0] - 2 * ratio * covariance[0, 1] + ratio**2 * covariance[1, 1]
    return abs(a - ratio * b) <= QUANTILE * np.sqrt(variance)


@pytest.mark.parametrize(
    ("a", "b", "variances", "correlation"),
    [
        (2.0, 1.0, (0.04, 0.01), 0.5),
        (-2.0, 1.0, (0.04, 0.01), -0.3),
        (2.0, 0.1, (0.04, 0.01), 0.5),
        (-1.0, -0.05, (0.01, 0.01), 0.2),
        (0.1, 0.1, (0.04, 0.04), 0.0),
        (0.01, 1.0, (0.04, 0.04), 0.9),
        (-0.3, 1.0, (0.04, 0.04), 0.9),
    ],
)
def test_the_sizes_are_those_of_the_definition(a, b, variances, correlation):
    sd = np.sqrt(variances)
    covariance = np.outer(sd, sd) * np.array([[1, correlation], [correlation, 1]])
    least, most = ratio_sizes(a, b, covariance, constant(QUANTILE))
    ratios = np.tan(np.linspace(-1.5707, 1.5707, 40001))
    sizes = np.abs(ratios[[holds(a, b, covariance, r) for r in ratios]])
    assert sizes.min() == pytest.approx(least, abs=1e-4, rel=1e-3)
    assert most == np.inf or sizes.max() == pytest.approx(most, rel=1e-3)
    assert (most == np.inf) == (abs(b) <= QUANTILE * sd[1])
    assert (least == 0) == (abs(a) <= QUANTILE * sd[0])


def test_worked_by_hand():
    """a = 2, b = 1, variances 0.01, independent, 2 standard errors: 0.96 r^2 - 4 r + 3.96 = 0."""
    root = np.sqrt(16 - 4 * 0.96 * 3.96)
    found = ratio_sizes(2.0, 1.0, np.eye(2) * 0.01, constant(2.0))
    assert found == pytest.approx(((4 - root) / 1.92, (4 + root) / 1.92))


def test_a_sharp_denominator_gives_the_delta_method():
    covariance = np.array([[1e-6, 3e-7], [3e-7, 1e-6]])
    slope = np.array([1.0, -1.5])
    half = 1.96 * np.sqrt(slope @ covariance @ slope)
    found = ratio_sizes(1.5, 1.0, covariance, constant(1.96))
    assert found == pytest.approx((1.5 - half, 1.5 + half), abs=1e-5)


def test_signs_do_not_matter():
    covariance = np.array([[0.04, 0.01], [0.01, 0.02]])
    turned = covariance * [[1, -1], [-1, 1]]
    expected = ratio_sizes(2.0, 1.0, covariance, constant(QUANTILE))
    assert ratio_sizes(-2.0, 1.0, turned, constant(QUANTILE)) == pytest.approx(expected)
    assert ratio_sizes(-2.0, -1.0, covariance, constant(QUANTILE)) == pytest.approx(expected)


@pytest.mark.parametrize("truth", [(1.0, 0.5), (1.0, 0.02), (0.0, 1.0), (-1.0, 0.5)])
def test_coverage_whatever_the_denominator(truth):
    rng = np.random.default_rng(3)
    covariance = np.array([[0.04, 0.02], [0.02, 0.04]])
    n = 600
    drawn = rng.multivariate_normal(truth, covariance, n)
    sets = [ratio_sizes(a, b, covariance, constant(1.959964)) for a, b in drawn]
    size = abs(truth[0] / truth[1])
    covered = np.mean([least <= size <= most for least, most in sets])
    # Three standard errors of a share of 0.95.
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)
    if truth[1] == 0.02:
        assert np.mean([most == np.inf for _, most in sets]) > 0.9
