"""The family of a model, and what follows from it."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls

N = 240
DATA = pd.DataFrame(
    {
        "x": np.linspace(-1, 1, N),
        "g": np.tile(np.arange(12), N // 12),
        "rating": np.random.default_rng(3).integers(1, 5, N),
        "w": np.tile([1.0, 4.0], N // 2),
    }
)


@pytest.mark.parametrize(
    ("link", "unit", "sd"),
    [
        ("logit", "log odds", np.pi / np.sqrt(3)),
        ("probit", "latent standard deviations", 1.0),
        ("cloglog", "complementary log-log", np.pi / np.sqrt(6)),
    ],
)
def test_categories(link, unit, sd):
    fit = pls.fit_ordinal("rating ~ x + (1|g)", DATA, link=link)
    family = fit.family
    assert (family.link, family.unit, family.ordered) == (link, unit, True)
    assert (family.labels, family.categories) == (("1", "2", "3", "4"), [1.0, 2.0, 3.0, 4.0])
    assert family.latent_sd == sd
    assert family.odds_scale == pytest.approx(np.pi / np.sqrt(3) / sd)
    assert family.odds_exact is (link == "logit")
    assert fit.latent_sd == pytest.approx(np.hypot(sd, fit.random_sd["g"]))
    # Of thresholds, the effect and the random effect: the effect first, then the thresholds.
    np.testing.assert_array_equal(fit.combinations, np.eye(5)[[3, 0, 1, 2]])


def test_words_are_called_by_their_words_and_scored_by_place():
    words = pd.Categorical(
        DATA["rating"].map(dict(enumerate("abcd", 1))), list("abcd"), ordered=True
    )
    family = pls.fit_ordinal("rating ~ x", DATA.assign(rating=words)).family
    assert family.categories == list("abcd")
    assert family.scores.tolist() == [1, 2, 3, 4]


def test_numbers():
    fit = pls.fit_linear("rating ~ x + (1|g)", DATA, weights="w")
    family = fit.family
    assert (family.link, family.unit, family.ordered) == ("identity", "rating points", False)
    assert (family.labels, family.categories, len(family.scores)) == ((), [], 0)
    assert family.latent_sd == fit.sigma
    assert family.residual == pytest.approx(fit.sigma**2 * (1 + 1 / 4) / 2)
    assert family.odds_scale == pytest.approx(np.pi / np.sqrt(3) / fit.sigma)
    assert not family.odds_exact
    np.testing.assert_array_equal(fit.combinations, np.eye(2))


def test_estimates_are_one_point():
    fit = pls.fit_linear("rating ~ x", DATA)
    assert not fit.bayesian
    np.testing.assert_array_equal(fit.points.parameters, [fit.params])
    assert fit.points.effects == ()
