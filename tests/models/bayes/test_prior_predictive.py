"""Draws from the priors against closed forms, and what is said of them."""

import numpy as np
import pytest
from scipy import stats

from pluralign_stats import InputError
from pluralign_stats.fits.bayes import fit_bayes
from pluralign_stats.models.bayes.layout import constrain
from pluralign_stats.models.bayes.prior_predictive import (
    draw_cuts,
    draw_parameters,
    draw_sets,
    prior_predictive,
)

SIZE = 4000

#: Smallest p-value of a Kolmogorov-Smirnov test with a fixed seed.
SMALLEST = 0.001


def drawn(build, ratings, formula, priors, **options):
    model = build(formula, ratings, priors=priors, **options)
    phi = draw_parameters(model.layout, model.prior, SIZE, np.random.default_rng(1))
    return dict(zip(model.layout.names, phi.T, strict=True)), model, phi


def uniform(values):
    return stats.kstest(values, "uniform").pvalue > SMALLEST


def test_single_parameters_follow_their_priors(build, ratings):
    priors = {
        "x": "normal(1, 2)",
        "z": "student_t(3, 1, 2)",
        "sd(rater)": "exponential(2)",
        "sd(item)": "normal(1, 2)",
        "sd(place)": "student_t(4, 0, 1)",
    }
    formula = "r4 ~ x + z + (1|rater) + (1|item) + (1|place)"
    found, _, _ = drawn(build, ratings, formula, priors)
    assert uniform(stats.norm(1, 2).cdf(found["x"]))
    assert uniform(stats.t(3, 1, 2).cdf(found["z"]))
    assert uniform(stats.expon(scale=0.5).cdf(np.exp(found["sd(rater)"])))
    assert uniform(stats.truncnorm(-0.5, np.inf, 1, 2).cdf(np.exp(found["sd(item)"])))
    assert uniform(2 * stats.t(4).cdf(np.exp(found["sd(place)"])) - 1)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_category_shares_follow_the_dirichlet(build, ratings, link):
    """Each share of one of four is beta-distributed."""
    _, model, _ = drawn(build, ratings, "r4 ~ x", {"thresholds": "dirichlet(1.5)"}, link=link)
    cuts = draw_cuts(model.layout, model.prior, SIZE, np.random.default_rng(1))
    law = stats.norm if link == "probit" else stats.logistic
    shares = np.diff(law.cdf(cuts), prepend=0.0, append=1.0, axis=1)
    for share in shares.T:
        assert uniform(stats.beta(1.5, 4.5).cdf(share))


def test_ordered_thresholds_are_independent_ones_kept_where_they_rise(build, ratings):
    found, _, _ = drawn(build, ratings, "r3 ~ x", {"thresholds": "normal(0.5, 2)"})
    first = found["threshold 1|2 (0)"]
    second = first + np.exp(found["threshold 2|3 (0)"])
    pairs = np.random.default_rng(2).normal(0.5, 2, (SIZE * 3, 2))
    kept = pairs[pairs[:, 0] < pairs[:, 1]]
    assert stats.ks_2samp(first, kept[:, 0]).pvalue > SMALLEST
    assert stats.ks_2samp(second, kept[:, 1]).pvalue > SMALLEST
    assert stats.ks_2samp(second - first, kept[:, 1] - kept[:, 0]).pvalue > SMALLEST


def test_each_correlation_follows_the_lkj_margin(build, ratings):
    """Of three effects each is beta-distributed with eta + 1/2 (Lewandowski et al. 2009)."""
    formula = "r3 ~ x + (1 + x + z|rater)"
    _, model, phi = drawn(build, ratings, formula, {"correlations": "lkj(1.5)"})
    covariances = np.array([constrain(model.layout, one).covariances[0] for one in phi])
    sd = np.sqrt(np.einsum("see->se", covariances))
    for i, j in ((1, 0), (2, 0), (2, 1)):
        correlation = covariances[:, i, j] / (sd[:, i] * sd[:, j])
        assert uniform(stats.beta(2, 2).cdf((correlation + 1) / 2))


def test_ratings_follow_the_parameters(build, ratings):
    """Shares of each category, and spread of numbers, given parameters that are all but fixed."""
    fixed = {"x": "normal(0.7, 1e-6)", "thresholds": "normal(0, 1e-6)"}
    model = build("r2 ~ x + (1|rater)", ratings, "bernoulli", fixed | {"sd": "normal(1, 1e-6)"})
    sets = list(draw_sets(model.start, model.layout, model.prior, 400, np.random.default_rng(1)))
    share = np.mean([one.y for one in sets])
    grid = np.random.default_rng(2).normal(size=(2000, 1))
    centred = ratings["x"].to_numpy() - ratings["x"].mean()
    assert share == pytest.approx(stats.logistic.cdf(0.7 * centred + grid).mean(), abs=0.02)
    fixed = {"x": "normal(1, 1e-6)", "Intercept": "normal(3, 1e-6)", "residual": "normal(2, 1e-6)"}
    model = build("y ~ x", ratings, "gaussian", fixed, weights="weight")
    sets = draw_sets(model.start, model.layout, model.prior, 400, np.random.default_rng(1))
    y = np.array([one.y for one in sets])
    np.testing.assert_allclose(y.mean(axis=0), 3 + centred, atol=0.6)
    residual = (y - 3 - centred) * np.sqrt(ratings["weight"].to_numpy())
    assert residual.std() == pytest.approx(2, rel=0.02)


def test_table_has_a_row_for_each_rating(ratings):
    found = prior_predictive("r4 ~ x + group + (1 + x|rater) + (1|item)", ratings, draws=200)
    table = found.table
    columns = ["rating", "estimate", "conf_low", "conf_high", "observed"]
    assert list(table) == columns
    assert table["rating"].tolist() == [1, 2, 3, 4]
    assert table["estimate"].sum() == pytest.approx(1)
    assert (
        table["observed"].tolist()
        == ratings["r4"].value_counts(normalize=True).sort_index().tolist()
    )
    assert (table["conf_low"] < table["conf_high"]).all()
    assert found.sentence.startswith("No absurd ratings")
    assert "All that was observed lies within the intervals." in found.sentence


def test_wide_priors_are_absurd(ratings):
    wide = {"coefficients": "normal(0, 30)", "sd": "normal(0, 30)"}
    found = prior_predictive("r4 ~ x + (1|rater)", ratings, priors=wide, draws=200)
    assert found.sentence.startswith("The priors expect the absurd: one rating is all but certain")
    assert "Outside its interval is what was observed for: 2, 3" in found.sentence


def test_thresholds_in_one_place_leave_all_ratings_alike(ratings):
    high = {"thresholds": "normal(9, 0.1)", "sd": "exponential(5)"}
    found = prior_predictive("r2 ~ x + (1|rater)", ratings, family="bernoulli", priors=high)
    assert "of the data sets more than 90% of ratings are alike" in found.sentence


def test_numbers_have_mean_and_spread(ratings):
    found = prior_predictive("y ~ x + (1|rater)", ratings, family="gaussian", draws=200)
    assert found.table["term"].tolist() == ["mean", "SD"]
    assert found.table["observed"].iloc[0] == pytest.approx(ratings["y"].mean())
    assert found.sentence.startswith("No absurd responses")
    far = {"Intercept": "normal(1000, 1)"}
    found = prior_predictive("y ~ x", ratings, family="gaussian", priors=far, draws=200)
    assert "100% of the responses drawn lie farther outside the observed range" in found.sentence


def test_sets_of_thresholds_and_scale_are_drawn_too(ratings):
    found = prior_predictive("r3 ~ x + (1|rater)", ratings, nominal="group", scale="x", draws=150)
    assert found.table["estimate"].sum() == pytest.approx(1)


def test_a_fit_tells_the_same_of_its_priors(ratings):
    given = {"priors": {"x": "normal(0, 3)"}}
    before = prior_predictive("r4 ~ x + (1|rater)", ratings, draws=150, seed=5, **given)
    fit = fit_bayes("r4 ~ x + (1|rater)", ratings, draws=100, tune=100, progress=False, **given)
    after = fit.prior_predictive(draws=150, seed=5)
    assert after.table.equals(before.table)
    assert after.sentence == before.sentence
    with pytest.raises(InputError, match="'draws' must be a whole number of 100 or more, not 0"):
        fit.prior_predictive(draws=0)
    with pytest.raises(InputError, match="conf_level must lie between 0 and 1"):
        fit.prior_predictive(conf_level=95)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 10}, "'draws' must be a whole number of 100 or more, not 10"),
        ({"seed": -1}, "'seed' must be a whole number of 0 or more, not -1"),
        ({"family": "poisson"}, "'family' must be one of"),
        ({"priors": {"q": "normal(0, 1)"}}, "the name of a prior must be one of"),
        ({"conf_level": 2}, "conf_level"),
    ],
)
def test_says_what_is_wrong(ratings, options, message):
    with pytest.raises(InputError) as error:
        prior_predictive("r4 ~ x", ratings, **options)
    assert message in str(error.value)
