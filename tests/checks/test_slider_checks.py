"""Checks of ordered beta models, by data sets drawn from them."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta

import pluralign_stats as pls
from pluralign_stats.checks.replicates import compare
from pluralign_stats.models.between import ranks
from pluralign_stats.models.rows import rows_of
from tests.effects.test_ordered_beta_effects import slider_ratings

FORMULA = "rating ~ gender + (1|rater) + (1|item)"


@pytest.fixture(scope="module")
def drawn():
    """Ratings that such a model draws."""
    data = slider_ratings(60)
    fit = pls.fit_ordered_beta(FORMULA, data, bounds=(0, 100))
    return data.assign(rating=fit.simulate(3).reindex(data.index))


@pytest.fixture(scope="module")
def fit(drawn):
    return pls.fit_ordered_beta(FORMULA, drawn, bounds=(0, 100))


def test_ranks_are_those_of_the_distribution_function(fit):
    data = fit.design.data.head(3).reset_index(drop=True)
    place, sd = np.array([0.0, 0.3, 1.0]), np.zeros(3)
    low, high = ranks(fit, rows_of(fit, data, "zero"), place, fit.joint.estimates, sd)
    eta = fit.design.fixed.columns[:3] @ fit.params.to_numpy()
    bottom, top = expit(fit.thresholds.iloc[0] - eta), expit(eta - fit.thresholds.iloc[1])
    inside = beta.cdf(0.3, fit.phi * expit(eta[1]), fit.phi * expit(-eta[1]))
    middle = bottom[1] + (1 - bottom[1] - top[1]) * inside
    np.testing.assert_allclose(low, [0, middle, 1 - top[2]], atol=1e-10)
    np.testing.assert_allclose(high, [bottom[0], middle, 1], atol=1e-10)


def test_a_right_model_passes(fit):
    checked = pls.checks.check(fit, n_simulations=60)
    assert all(each.passed for each in checked)
    assert [each.name for each in checked] == ["residuals", "calibration", "influence"]


def test_raters_who_spread_ratings_otherwise_are_found(drawn):
    """Ratings drawn to the ends: more there, and fewer between, than one precision allows."""
    odd = drawn["rating"].sub(50).mul(2.2).add(50).clip(2, 98)
    ends = drawn["rating"].isin([0, 100])
    fit = pls.fit_ordered_beta(FORMULA, drawn.assign(rating=odd.mask(ends, drawn["rating"])),
                               bounds=(0, 100))  # fmt: skip
    assert not pls.checks.residual_check(fit, n_simulations=60).passed


def test_one_step_is_about_a_fit(fit):
    """A replicate's mean prediction is that of the model fitted to it."""
    seen = []

    def statistic(data):
        seen.append(data)
        return np.array([data.mean.mean()])

    made = compare(fit, statistic, 19, seed=1)
    data = fit.design.data.assign(rating=seen[1].y)
    again = pls.fit_ordered_beta(FORMULA, data, bounds=(0, 100))
    assert made.replicates[0, 0] == pytest.approx(again.predict().mean(), abs=0.4)
