import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gumbel_l, logistic, norm

from pluralign_stats.models.engine.marginal import (
    LOGISTIC,
    distribution,
    marginal_probability,
    marginalize,
)

LAWS = {"logit": logistic, "probit": norm, "cloglog": gumbel_l}


@pytest.mark.parametrize("link", LAWS)
@pytest.mark.parametrize("sd", [0.0, 0.4, 1.5, 5.0, 12.0])
def test_averages_are_the_integrals(link, sd):
    cuts, k = np.array([[-2.0, 0.3, 4.0]]), np.array([0.8])
    found = marginalize(cuts, k, np.array([sd]), link)

    def integral(cut):
        def f(z):
            return LAWS[link].cdf(k[0] * (cut - sd * z)) * norm.pdf(z)

        return quad(f, -9, 9, epsabs=1e-11, limit=400, points=[cut / sd if sd else 0.0])[0]

    np.testing.assert_allclose(found.probability[0], [integral(c) for c in cuts[0]], atol=2e-6)


@pytest.mark.parametrize("link", LAWS)
def test_slopes_are_those_of_finite_differences(link):
    cuts, k, sd, h = np.array([[-1.0, 0.5]]), np.array([1.3]), np.array([0.9]), 1e-5

    def at(c=0.0, s=0.0, log_k=0.0):
        return marginalize(cuts + c, k * np.exp(log_k), sd + s, link).probability

    found = marginalize(cuts, k, sd, link)
    for slope, move in ((found.by_cut, "c"), (found.by_sd, "s"), (found.by_scale, "log_k")):
        expected = (at(**{move: h}) - at(**{move: -h})) / (2 * h)
        np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-8)


def test_the_mixture_of_normals_is_the_logistic_distribution():
    x = np.linspace(-30, 30, 20_001)
    made = sum(share * norm.cdf(scale * x) for share, scale in LOGISTIC)
    assert np.abs(made - distribution(x, "logit")[0]).max() < 2.2e-9


@pytest.mark.parametrize("link", LAWS)
def test_probabilities_alone_are_those_with_slopes(link):
    rng = np.random.default_rng(1)
    cuts = np.sort(rng.normal(scale=4, size=(50, 3)), axis=1)
    k, sd = np.exp(rng.normal(scale=0.3, size=50)), np.abs(rng.normal(scale=3, size=50))
    for spread in (sd, 0 * sd):
        found = marginal_probability(cuts, k, spread, link)
        exact = marginalize(cuts, k, spread, link).probability
        np.testing.assert_allclose(found, exact, atol=1e-7)
        assert (np.diff(found, axis=1) >= 0).all()
