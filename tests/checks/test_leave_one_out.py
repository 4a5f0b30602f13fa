"""Leaving out ratings and raters, against exact answers and ArviZ."""

import re
from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logsumexp

import pluralign_stats as pls
from pluralign_stats.checks.leave_one_out import loo_check
from pluralign_stats.checks.model_comparison import stacking
from pluralign_stats.models.bayes.by_rater import rater_log_likelihood
from pluralign_stats.models.bayes.pointwise import log_likelihood

FORMULA = "rating ~ kind + x + (1|rater) + (1|item)"
QUICK = {"draws": 300, "tune": 200, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def fit(ratings):
    return pls.fit_bayes(FORMULA, ratings, **QUICK)


@pytest.fixture(scope="module")
def without_raters(ratings):
    return pls.fit_bayes("rating ~ kind + x + (1|item)", ratings, **QUICK)


@pytest.mark.parametrize("by", ["rating", "rater"])
def test_a_model_without_few_raters_does_not_tell_how_many_it_has(fit, by):
    """Nor by division of what is summed by what is averaged, nor by places in the figure."""
    n, raters = fit.nobs, fit.design.raters.n
    without = replace(fit, design=replace(fit.design, n_given=raters + 1))
    check = loo_check(without, by)
    shown = check.result.released()
    row = shown.table.iloc[0]
    assert row[["n_raters", "n_ratings", "per_rating"]].isna().all()
    told = [shown.sentence, *shown.warnings, check.details[0].sentence, check.figure().alt]
    assert not re.search(rf"\b({n:,}|{n}|{raters})\b", " ".join(told))
    assert "probability" not in shown.sentence
    share = check.details[0].table["share"]
    np.testing.assert_array_equal(share, share.round(2))
    assert check.result.table["n_ratings"].iloc[0] == n


def as_arviz(fit):
    by_chain = fit.draws.by_chain
    groups = {
        "posterior": {"b": by_chain(fit.draws.coefficients)},
        "log_likelihood": {"y": by_chain(log_likelihood(fit, np.arange(fit.nobs)))},
    }
    return az.loo(az.from_dict(groups), pointwise=True)


def test_a_normal_model_has_its_exact_predictive_densities():
    y = np.random.default_rng(4).normal(1.0, 1.5, 25)
    frame = pd.DataFrame({"y": y})
    priors = {"Intercept": "normal(0, 2)", "residual": "exponential(0.5)"}
    options = {**QUICK, "draws": 2000}
    fit = pls.fit_bayes("y ~ 1", frame, family="gaussian", priors=priors, **options)
    found = pls.checks.loo(fit).pointwise["elpd"]

    mu, sigma = np.meshgrid(np.linspace(-2, 4, 400), np.linspace(0.5, 5, 500), indexing="ij")
    each = stats.norm.logpdf(y[:, None, None], mu, sigma)
    prior = stats.norm.logpdf(mu, 0, 2) + stats.expon.logpdf(sigma, scale=2)
    total = logsumexp(each.sum(axis=0) + prior)
    exact = [total - logsumexp(each.sum(axis=0) - e + prior) for e in each]
    np.testing.assert_allclose(found, exact, atol=0.05)
    assert found.sum() == pytest.approx(sum(exact), abs=0.1)


def test_ratings_left_out_agree_with_arviz(fit):
    ours, theirs = pls.checks.loo(fit), as_arviz(fit)
    row = ours.table.iloc[0]
    assert row["estimate"] == pytest.approx(theirs.elpd, abs=0.1)
    assert row["std_error"] == pytest.approx(theirs.se, rel=0.01)
    assert row["p_loo"] == pytest.approx(theirs.p, abs=0.1)
    assert ours.largest_k == pytest.approx(theirs.good_k)
    assert ours.pointwise.index.equals(fit.design.data.index)


def test_a_rater_left_out_is_predicted_as_by_a_fit_to_the_others(ratings, fit):
    found = pls.checks.loo(fit, "rater").pointwise["elpd"].to_numpy()
    raters, names = pd.factorize(ratings["rater"])
    sizes = np.bincount(raters)
    rng = np.random.default_rng(1)
    for rater in rng.choice(np.flatnonzero(sizes == 5), 2, replace=False):
        # Without weight, all but, the rater tells the others' fit nothing.
        weight = np.where(raters == rater, 1e-9, 1.0)
        others = pls.fit_bayes(FORMULA, ratings, weights=weight, **QUICK)
        others.layout.data.weight[:] = 1.0
        ((_, values),) = rater_log_likelihood(others, raters)
        exact = logsumexp(values[:, rater]) - np.log(len(values))
        assert found[rater] == pytest.approx(exact, abs=0.12), names[rater]


def test_results_say_what_they_mean_and_name_nobody(fit):
    result = fit.loo(by="rater")
    shown = repr(result) + result._repr_html_()
    assert "person-" not in shown
    assert "the ratings of a rater who is new" in result.sentence
    share = np.exp(result.table["estimate"].iloc[0] / fit.nobs)
    assert f"{share:.1%}" in result.sentence
    assert list(result.pointwise.index) == list(range(120))


def test_a_large_pareto_k_is_told(fit, monkeypatch):
    monkeypatch.setattr("pluralign_stats.checks.leave_one_out.LARGEST_K", 0.2)
    check = loo_check(fit)
    bad = int((check.result.pointwise["pareto_k"] > 0.2).sum())
    assert check.passed is False
    assert check.result.table["n_bad"].iloc[0] == bad > 10
    assert f"{bad:,} of 600 ratings move the posterior too far" in check.result.warnings[-1]
    assert "by='rater'" in check.result.warnings[-1]
    assert loo_check(fit, "rater").name == "leave one rater out"


def test_comparison_agrees_with_arviz(fit, without_raters):
    """But for the standard error, which is over raters: their ratings are not independent."""
    result = pls.checks.compare_models({"both": fit, "items": without_raters})
    both, items = as_arviz(fit), as_arviz(without_raters)
    theirs = az.compare({"both": both, "items": items}, round_to="none")
    table = result.table.set_index("model")
    assert list(table.index) == ["both", "items"]
    np.testing.assert_allclose(table["estimate"], theirs["elpd_diff"], atol=0.1)
    apart = np.asarray(items.elpd_i) - np.asarray(both.elpd_i)
    sums = pd.Series(apart).groupby(fit.design.data["rater"].to_numpy()).sum()
    by_raters = np.sqrt(len(sums) * sums.var())
    assert by_raters > 1.2 * theirs["dse"].iloc[1]
    np.testing.assert_allclose(table["std_error"], [0, by_raters], rtol=0.02)
    np.testing.assert_allclose(table["weight"], theirs["weight"], atol=0.01)
    assert result.sentence.startswith("both predicts ratings left out best; the others predict")


def test_models_of_equal_merit_are_not_told_apart(ratings, fit):
    noise = ratings.assign(noise=np.random.default_rng(0).normal(size=len(ratings)))
    more = pls.fit_bayes(FORMULA.replace("x", "x + noise"), noise, **QUICK)
    result = pls.checks.compare_models({"plain": fit, "noise": more}, by="rater")
    assert "clearly better" in result.sentence
    assert abs(result.table["estimate"]).max() < 4


def test_stacking_does_not_underflow():
    rng = np.random.default_rng(0)
    elpd = rng.normal(0, 1, (200, 3)) - [0, 0.3, 3]
    weight = stacking(elpd)
    np.testing.assert_allclose(stacking(elpd - 2000), weight, atol=1e-4)
    assert weight.sum() == pytest.approx(1)
    mixed = np.exp(elpd) @ weight
    slopes = (np.exp(elpd) / mixed[:, None]).mean(axis=0)
    np.testing.assert_allclose(slopes[weight > 0.01], 1, atol=1e-3)
    assert (slopes <= 1.001).all()


def test_what_cannot_be_compared_is_refused(ratings, fit, ordinal_fit):
    fewer = pls.fit_bayes(FORMULA, ratings.iloc[:500], **QUICK)
    with pytest.raises(pls.InputError, match=r"different rows \(600 and 500\)"):
        pls.checks.compare_models({"a": fit, "b": fewer})
    gaussian = pls.fit_bayes(FORMULA, ratings, family="gaussian", **QUICK)
    with pytest.raises(pls.InputError, match="probabilities, the other"):
        pls.checks.compare_models({"a": fit, "b": gaussian})
    with pytest.raises(pls.InputError, match="two or more"):
        pls.checks.compare_models({"a": fit})
    with pytest.raises(pls.InputError, match="needs a Bayesian fit"):
        pls.checks.loo(ordinal_fit)
    with pytest.raises(pls.InputError, match="'by' must be one of 'rating', 'rater'"):
        pls.checks.loo(fit, "item")
    nobody = pls.fit_bayes("rating ~ x", ratings.drop(columns="rater"), **QUICK)
    with pytest.raises(pls.InputError, match="tells no raters apart"):
        pls.checks.loo(nobody, "rater")
    assert np.isnan(pls.checks.loo(nobody).table["n_raters"].iloc[0])


def test_models_that_tell_other_raters_apart_are_not_compared_by_rater(ratings):
    fits = {
        name: pls.fit_bayes(f"rating ~ kind + (1|{name})", data, **QUICK)
        for name, data in {
            "rater": ratings,
            "person": ratings.drop(columns="rater").assign(
                person=np.random.default_rng(1).permutation(ratings["rater"])
            ),
        }.items()
    }
    assert len(pls.checks.compare_models(fits).table) == 2
    with pytest.raises(pls.InputError, match=r"'rater' and 'person' .* different raters apart"):
        pls.checks.compare_models(fits, by="rater")
