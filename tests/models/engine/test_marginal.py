import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gumbel_l, logistic, norm

from pluralign_stats.models.engine.marginal import marginalize

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
