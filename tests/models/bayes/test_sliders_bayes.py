"""Bayesian ordered beta models: against the likelihood, brute force, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate
from scipy.special import expit
from scipy.stats import beta, norm

import pluralign_stats as pls
from pluralign_stats.models.bayes.bayes import starting_fit
from pluralign_stats.models.bayes.by_rater import rater_log_likelihood
from pluralign_stats.models.bayes.layout import build_layout
from pluralign_stats.models.bayes.pointwise import log_likelihood
from pluralign_stats.models.bayes.predictive import replicate
from pluralign_stats.models.bayes.prior_predictive import ALIKE, draw_sets
from pluralign_stats.models.bayes.priors import choose_priors

FORMULA = "slider ~ group + x + (1|rater) + (1|item)"
OPTIONS = {"family": "ordered_beta", "bounds": (0, 100), "progress": False}


@pytest.fixture(scope="module")
def fit(ratings):
    return pls.fit_bayes(FORMULA, ratings, draws=600, tune=300, chains=2, **OPTIONS)


@pytest.fixture(scope="module")
def most_likely(ratings):
    return pls.fit_ordered_beta(FORMULA, ratings, bounds=(0, 100))


def test_the_posterior_is_about_where_the_likelihood_is(fit, most_likely):
    """Under priors that say little: within half a standard error, and as wide."""
    off = (fit.params - most_likely.params) / most_likely.se
    assert off.abs().max() < 0.6
    np.testing.assert_allclose(fit.se, most_likely.se, rtol=0.3)
    cuts = (fit.thresholds - most_likely.thresholds) / most_likely.thresholds_se
    assert cuts.abs().max() < 0.6
    assert fit.phi == pytest.approx(most_likely.phi, rel=0.2)
    assert fit.phi_se > 0


@pytest.mark.extended
def test_it_has_the_verbs_of_every_fit(fit, most_likely):
    ours, theirs = (f.contrasts("group").table["estimate"] for f in (fit, most_likely))
    np.testing.assert_allclose(ours, theirs, atol=4)
    shares = fit.predictions(by="group", kind="positive").table
    assert {"sd", "conf_low"} <= set(shares)
    assert shares["estimate"].between(0, 1).all()
    percents = fit.percent("group").table.set_index(["reading", "contrast"])["estimate"]
    b = fit.draws.coefficients[:, 1]
    assert percents["odds", "b vs a"] == pytest.approx(100 * np.expm1(b).mean())
    assert fit.rating_sd == pytest.approx(most_likely.rating_sd, rel=0.1)


def test_the_table_tells_cuts_and_precision(fit):
    terms = fit.summary().table["term"].tolist()
    assert terms[4:7] == ["threshold 0|between", "threshold between|100", "precision"]
    assert "Bayesian ordered beta logit mixed model" in str(fit.method)


def parts_at(fit, s, eta):
    """Shares at either end, and parameters of the beta distribution, at one draw."""
    c1, c2 = fit.draws.cuts[s].ravel()
    phi = np.exp(fit.draws.log_scale[s, 0])
    return expit(c1 - eta), expit(eta - c2), phi * expit(eta), phi * expit(-eta)


def density(fit, s, y, eta):
    low, high, a, b = parts_at(fit, s, eta)
    inside = (1 - low - high) * beta.pdf(np.clip(y / 100, 1e-9, 1 - 1e-9), a, b)
    return np.where(y == 0, low, np.where(y == 100, high, inside))


def predictors(fit, ratings, s, without=()):
    eta = fit.design.fixed.columns @ fit.draws.coefficients[s]
    for part, effects in zip(fit.random, fit.draws.effects, strict=True):
        if part.design.term.group not in without:
            eta = eta + effects[s, part.design.codes, 0]
    return eta


def test_likelihoods_of_single_ratings(fit, ratings):
    rows, y = np.arange(len(ratings)), ratings["slider"].to_numpy()
    found = log_likelihood(fit, rows)
    for s in (0, 17, 150):
        expected = np.log(density(fit, s, y, predictors(fit, ratings, s)))
        np.testing.assert_allclose(found[s], expected, atol=1e-8)


def test_likelihoods_of_new_raters_are_integrals(fit, ratings):
    found = np.empty((len(fit.draws.joint), fit.design.raters.n))
    for which, made in rater_log_likelihood(fit, fit.design.raters.codes):
        found[:, which] = made
    y, s = ratings["slider"].to_numpy(), 5
    eta = predictors(fit, ratings, s, without=("rater",))
    sd = float(np.sqrt(fit.draws.covariances[0][s, 0, 0]))
    codes = fit.design.raters.codes
    for r in (0, 3):
        own = codes == r

        def joint(u, own=own):
            return np.prod(density(fit, s, y[own], eta[own] + sd * u)) * norm.pdf(u)

        expected = np.log(integrate.quad(joint, -8, 8, epsabs=0, epsrel=1e-9, limit=200)[0])
        assert found[s, r] == pytest.approx(expected, abs=2e-3)


def test_replicates_have_the_shares_of_the_model(fit, ratings):
    rng = np.random.default_rng(1)
    drawn = np.array(list(replicate(fit, np.full(400, 3), (), rng)))
    low, high, *_ = parts_at(fit, 3, predictors(fit, ratings, 3))
    assert (drawn == 0).mean() == pytest.approx(low.mean(), abs=0.006)
    assert (drawn == 100).mean() == pytest.approx(high.mean(), abs=0.006)
    assert ((drawn >= 0) & (drawn <= 100)).all()


def test_priors_are_told_and_can_be_changed(fit, ratings):
    table = fit.priors().table.set_index("parameter")["prior"]
    assert table["precision"] == "exponential(0.1)"
    assert table["Intercept"] == "normal(0, 1.5)"
    assert table["thresholds"] == "dirichlet(1)"
    expected = pls.prior_predictive(
        FORMULA, ratings, family="ordered_beta", bounds=(0, 100), draws=200,
        priors={"precision": "normal(6, 1)", "sd": "exponential(3)"},
    )  # fmt: skip
    assert expected.table["term"].tolist() == ["mean", "SD"]
    assert expected.table["estimate"].between(0, 100).all()
    assert "No absurd ratings" in expected.sentence


def test_a_fit_says_which_end_nobody_chose(ratings):
    inside = ratings.assign(slider=ratings["slider"].clip(upper=99))
    fit = pls.fit_bayes("slider ~ x + (1|rater)", inside, draws=100, tune=100, chains=1, **OPTIONS)
    assert any("no rating is 100, an end of the scale" in note for note in fit.warnings)
    assert fit.cuts == ["0|between"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"bounds": None}, "needs the ends of the scale"),
        ({"link": "probit"}, "has the link 'logit' only"),
        (
            {"scale": "x"},
            "'nominal' and 'scale' are for ordered categories, not for 'ordered_beta'",
        ),
        ({"family": "gaussian"}, "'bounds' and 'positive_from' are for family='ordered_beta'"),
        ({"method": "laplace"}, "the approximation is for ratings in categories"),
        ({"priors": {"residual": "normal(0, 1)"}}, "must be one of"),
    ],
)
def test_it_says_in_one_line_what_is_wrong(ratings, options, told):
    with pytest.raises(pls.InputError, match=told) as error:
        pls.fit_bayes(FORMULA, ratings, **{**OPTIONS, **options})
    assert "\n" not in str(error.value)


@pytest.mark.extended
def test_intervals_cover_the_truth():
    """Eighty of a hundred 80 % intervals, but for chance: by 25 data sets and four parameters."""
    covered = 0
    rng = np.random.default_rng(5)
    for seed in range(25):
        rater = np.repeat(np.arange(40), 6)
        group = np.where(rater % 2, "b", "a")
        eta = 0.2 + 0.5 * (group == "b") + 0.7 * rng.normal(size=40)[rater]
        mu, at = expit(eta), rng.random(len(eta))
        y = rng.beta(5 * mu, 5 * (1 - mu))
        y = np.where(at < expit(-2 - eta), 0, np.where(at > expit(1.8 - eta), 1, y))
        data = pd.DataFrame({"slider": 100 * y, "group": group, "rater": rater})
        fit = pls.fit_bayes(
            "slider ~ group + (1|rater)", data, draws=300, tune=300, chains=1, seed=seed, **OPTIONS
        )
        table = fit.summary(0.8).table.set_index("term")
        truth = {"group[T.b]": 0.5, "precision": 5, "sd(rater)": 0.7, "threshold 0|between": -2}
        covered += sum(
            table.loc[name, "conf_low"] < value < table.loc[name, "conf_high"]
            for name, value in truth.items()
        )
    assert 68 <= covered <= 92


@pytest.mark.parametrize(
    "formula", ["slider ~ group", FORMULA, "slider ~ group * x + (1 + x|item)"]
)
def test_the_default_priors_rarely_expect_the_absurd(ratings, formula):
    """Nine in ten ratings at the ends: in three of ten data sets by equal concentrations."""
    start = starting_fit(formula, ratings, "ordered_beta", bounds=(0, 100))
    layout = build_layout(start)
    prior = choose_priors(start, layout, None).numbers(layout)
    sets = draw_sets(start, layout, prior, 400, np.random.default_rng(1))
    assert np.mean([one.certain > ALIKE for one in sets]) < 0.04
