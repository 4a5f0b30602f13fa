"""Compiled densities of ratings and priors against scipy, far into the tails too."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from pluralign_stats.models.bayes import log_densities

CATEGORY = {"logit": log_densities.logit_category, "probit": log_densities.probit_category}
LOG_CDF = {"logit": special.log_expit, "probit": special.log_ndtr}


@pytest.mark.parametrize(
    ("kind", "arguments", "law"),
    [
        (log_densities.NORMAL, (0.5, 2.0, 0.0), stats.norm(0.5, 2)),
        (log_densities.STUDENT, (3.0, 0.5, 2.0), stats.t(3, 0.5, 2)),
        (log_densities.EXPONENTIAL, (2.0, 0.0, 0.0), stats.expon(scale=0.5)),
    ],
)
def test_priors_have_the_densities_of_their_names(kind, arguments, law):
    x = np.array([0.1, 0.7, 3.0])
    values, slopes = zip(*[log_densities.log_prior(kind, *arguments, v) for v in x], strict=True)
    np.testing.assert_allclose(np.diff(values), np.diff(law.logpdf(x)), rtol=1e-10)
    by_difference = (law.logpdf(x + 1e-6) - law.logpdf(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(slopes, by_difference, rtol=1e-7)


@pytest.mark.parametrize("concentration", [0.6, 1.0, 2.5])
@pytest.mark.parametrize(
    ("family", "scale"), [(log_densities.LOGIT, 1.0), (log_densities.PROBIT, math.tau)]
)
def test_threshold_prior_is_the_dirichlet_of_shares(family, scale, concentration):
    """With two categories it integrates to the beta function of the concentration."""

    def density(x):
        cuts, slope = np.array([[x]]), np.zeros((1, 1))
        value = log_densities.threshold_prior(
            log_densities.DIRICHLET,
            log_densities.FLAT,
            concentration,
            0.0,
            0.0,
            family,
            cuts,
            slope,
        )
        return math.exp(value)

    area = integrate.quad(density, -60, 60, limit=200, points=[0])[0]
    expected = math.sqrt(scale) if family == log_densities.PROBIT else 1.0
    assert area == pytest.approx(special.beta(concentration, concentration) * expected, rel=1e-6)


def log_between(link, a, b):
    """Log-probability between two cuts, from the tail in which both lie."""
    low, high = (a, b) if a + b < 0 else (-b, -a)
    first, second = LOG_CDF[link](high), LOG_CDF[link](low)
    return first + np.log(-np.expm1(second - first))


@pytest.mark.parametrize("link", CATEGORY)
@pytest.mark.parametrize("eta", [0.0, 3.0, -8.0, 30.0, -36.9, 37.1, 150.0, -700.0, 700.0])
def test_categories_are_right_far_into_the_tails(link, eta):
    for a, b in [(-np.inf, -0.5), (-0.5, 0.8), (0.8, 1.0), (1.0, np.inf)]:
        a, b = a - eta, b - eta
        value, by_a, by_b = CATEGORY[link](a, b)
        assert value == pytest.approx(log_between(link, a, b), rel=1e-9, abs=1e-14)
        assert np.isfinite([value, by_a, by_b]).all()
        law = stats.norm if link == "probit" else stats.logistic
        for cut, slope, sign in ((a, by_a, -1), (b, by_b, 1)):
            expected = sign * np.exp(law.logpdf(cut) - value) if np.isfinite(cut) else 0.0
            assert slope == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("family", [log_densities.LOGIT, log_densities.PROBIT])
@pytest.mark.parametrize("scaled", [False, True])
def test_rows_agree_with_single_categories(family, scaled):
    rng = np.random.default_rng(1)
    n, cuts = 600, np.array([[-1.0, 0.2, 1.5], [-2.0, -1.9, 0.1]])
    y, section = rng.integers(0, 4, n), rng.integers(0, 2, n)
    eta, weight = 3 * rng.normal(size=n), rng.uniform(0.5, 2, n)
    inverse = np.exp(rng.normal(size=n)) if scaled else np.empty(0)
    by_eta, by_cuts, by_scale = np.empty(n), np.zeros((2, 3)), np.empty(n if scaled else 0)
    total = log_densities.ordinal_rows(
        family, y, weight, True, section, cuts, eta, inverse, by_eta, by_cuts, by_scale
    )
    link = "probit" if family == log_densities.PROBIT else "logit"
    padded = np.hstack([np.full((2, 1), -np.inf), cuts, np.full((2, 1), np.inf)])
    k = inverse if scaled else np.ones(n)
    low, high = (padded[section, y] - eta) * k, (padded[section, y + 1] - eta) * k
    each = [log_between(link, a, b) for a, b in zip(low, high, strict=True)]
    assert total == pytest.approx(weight @ each, rel=1e-11)
    assert by_eta.sum() == pytest.approx(-by_cuts.sum(), rel=1e-10)


@pytest.mark.parametrize("family", [log_densities.LOGIT, log_densities.PROBIT])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("eta", [-700.0, 700.0])
def test_rows_are_finite_for_huge_predictors(family, weighted, eta):
    n, cuts = 512, np.array([[-1.0, 0.2, 1.5]])
    y, zero, one = np.arange(n) % 4, np.zeros(n, dtype=np.int64), np.ones(n)
    by_eta, by_cuts = np.empty(n), np.zeros((1, 3))
    empty = np.empty(0)
    total = log_densities.ordinal_rows(
        family, y, one, weighted, zero, cuts, eta * one, empty, by_eta, by_cuts, empty
    )
    assert np.isfinite(total)
    assert np.isfinite(by_eta).all()
    assert np.isfinite(by_cuts).all()


@pytest.mark.parametrize("link", CATEGORY)
def test_category_without_width_has_no_probability_and_stops_nothing(link):
    assert CATEGORY[link](1.0, 1.0)[0] == -np.inf
