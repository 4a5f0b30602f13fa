import numpy as np
import pytest
from scipy.stats import gumbel_l, logistic, norm

from pluralign_stats.models.engine.links import LINKS, cut_terms

LAWS = {"logit": logistic, "probit": norm, "cloglog": gumbel_l}


@pytest.mark.parametrize("link", LINKS)
def test_probabilities_are_those_of_the_distribution(link):
    a = np.array([-np.inf, -2.0, 0.3, 1.0])
    b = np.array([-1.0, 0.5, 0.9, np.inf])
    law = LAWS[link]
    np.testing.assert_allclose(cut_terms(a, b, link).log_p, np.log(law.cdf(b) - law.cdf(a)))


@pytest.mark.parametrize("link", LINKS)
def test_derivatives_are_those_of_finite_differences(link):
    rng = np.random.default_rng(1)
    a = rng.normal(size=30)
    b = a + rng.uniform(0.1, 3, 30)
    h = 1e-5

    def shifted(column, da, db):
        return getattr(cut_terms(a + da, b + db, link), column)

    def slope(column, da, db):
        return (shifted(column, da * h, db * h) - shifted(column, -da * h, -db * h)) / (2 * h)

    terms = cut_terms(a, b, link)
    close = {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(terms.l_a, slope("log_p", 1, 0), **close)
    np.testing.assert_allclose(terms.l_b, slope("log_p", 0, 1), **close)
    np.testing.assert_allclose(terms.l_ab, slope("l_a", 0, 1), **close)
    # H and T are the slopes by a and b of the first and second derivative along a shift of both.
    np.testing.assert_allclose(terms.h_a, slope("l_a", 1, 1), **close)
    np.testing.assert_allclose(terms.h_b, slope("l_b", 1, 1), **close)
    np.testing.assert_allclose(terms.t_a, slope("h_a", 1, 1), **close)
    np.testing.assert_allclose(terms.t_b, slope("h_b", 1, 1), **close)


@pytest.mark.parametrize("link", LINKS)
def test_far_in_the_tails_nothing_is_rounded_away(link):
    a, b = np.array([30.0, -31.0, -np.inf, 5.0]), np.array([31.0, -30.0, -600.0, np.inf])
    terms = cut_terms(a, b, link)
    assert all(np.isfinite(column).all() for column in vars(terms).values())
    law = LAWS[link]
    assert terms.log_p[1] == pytest.approx(law.logcdf(-30) + np.log1p(-law.cdf(-31) / law.cdf(-30)))
    assert terms.log_p[3] == pytest.approx(law.logsf(5.0))


@pytest.mark.parametrize("link", LINKS)
def test_cuts_out_of_order_have_no_likelihood(link):
    assert (cut_terms(np.array([1.0, 1.0]), np.array([0.5, 1.0]), link).log_p == -np.inf).all()
