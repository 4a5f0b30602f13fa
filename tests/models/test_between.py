"""Expectations of ordered beta models against numerical integration, and slopes by differences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import beta, norm

from pluralign_stats import fit_ordered_beta
from pluralign_stats.models.average import Averager
from pluralign_stats.models.predict import predict, rating_sd


def ratings(seed=1, n_raters=60, each=8, bounds=(0.0, 100.0)):
    rng = np.random.default_rng(seed)
    rater = np.repeat(np.arange(n_raters), each)
    group = rng.choice(["a", "b"], n_raters)[rater]
    x = rng.normal(size=len(rater))
    eta = 0.3 + 0.5 * (group == "b") + 0.2 * x + 0.8 * rng.normal(size=n_raters)[rater]
    mu, at = expit(eta), rng.random(len(eta))
    y = rng.beta(4 * mu, 4 * (1 - mu))
    y = np.where(at < expit(-2 - eta), 0, np.where(at > expit(1.5 - eta), 1, y))
    low, high = bounds
    return pd.DataFrame({"rating": low + (high - low) * y, "group": group, "x": x, "rater": rater})


@pytest.fixture(scope="module")
def fit():
    return fit_ordered_beta("rating ~ group + x + (1 + x|rater)", ratings(), bounds=(0, 100))


def density_parts(fit, eta):
    """Shares at either end, and parameters of the beta distribution between."""
    c1, c2 = fit.thresholds
    low, high = expit(c1 - eta), expit(eta - c2)
    return low, high, fit.phi * expit(eta), fit.phi * expit(-eta)


def by_integration(fit, row, of):
    """Average over the random part of what `of` gives at a predictor."""
    X = fit.design.fixed.of(row)[0]
    eta, z = X @ fit.params.to_numpy(), np.array([1.0, row["x"].iloc[0]])
    sd = float(np.sqrt(z @ fit.random[0].covariance @ z))
    return quad(lambda u: of(eta + sd * u) * norm.pdf(u), -9, 9, epsabs=1e-11, limit=400)[0]


@pytest.mark.parametrize("kind", ["mean", "positive", "probability"])
def test_expectations_are_integrals(fit, kind):
    row = pd.DataFrame({"group": ["b"], "x": [0.7]})

    def mean(eta):
        low, high, a, b = density_parts(fit, eta)
        return 100 * (high + (1 - low - high) * a / (a + b))

    def positive(eta):
        low, high, a, b = density_parts(fit, eta)
        return high + (1 - low - high) * beta.sf(0.7, a, b)

    found = np.atleast_1d(predict(replace(fit, positive_from=70.0), row, kind).to_numpy()).ravel()
    shares = [
        lambda eta: density_parts(fit, eta)[0],
        lambda eta: 1 - sum(density_parts(fit, eta)[:2]),
        lambda eta: density_parts(fit, eta)[1],
    ]
    of = {"mean": [mean], "positive": [positive], "probability": shares}[kind]
    filled = fit.design.complete(row)[0]
    expected = [by_integration(fit, filled, each) for each in of]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_shares_of_positive_ratings_are_integrals_however_precise(fit):
    """A narrow beta distribution passes a rating fast."""
    f = fit.joint.sizes[0]
    values = fit.joint.estimates.copy()
    values[f] = np.log(2000.0)
    sharp = replace(fit, joint=replace(fit.joint, estimates=values))
    row = fit.design.complete(pd.DataFrame({"group": ["a"], "x": [0.0]}))[0]

    def positive(eta):
        low, high, a, b = density_parts(sharp, eta)
        return high + (1 - low - high) * beta.sf(0.5, a, b)

    expected = by_integration(sharp, row, positive)
    assert predict(sharp, row, "positive").iloc[0] == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("kind", ["mean", "positive", "probability"])
@pytest.mark.parametrize("averaging", ["marginal", "conditional", "zero"])
def test_slopes_are_those_of_finite_differences(fit, kind, averaging):
    data = fit.design.data.head(40)
    averager = Averager(fit, data, np.arange(40) % 3, 3, kind, averaging)
    values = fit.joint.estimates
    found = averager.at(values).slopes
    for k in range(len(values)):
        move = np.zeros(len(values))
        move[k] = 1e-5
        up, down = averager.at(values + move).estimates, averager.at(values - move).estimates
        np.testing.assert_allclose(found[:, :, k], (up - down) / 2e-5, rtol=1e-4, atol=1e-6)


def test_the_spread_of_a_rating_is_that_of_simulated_ones(fit):
    drawn = np.concatenate([fit.simulate(seed) for seed in range(40)])
    shifts = predict(fit).to_numpy()
    spread = np.sqrt(((drawn.reshape(40, -1) - shifts) ** 2).mean())
    assert rating_sd(fit) == pytest.approx(spread, rel=0.02)
