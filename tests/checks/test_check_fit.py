import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, kstest, norm

import pluralign_stats as pls
from pluralign_stats.checks.calibration import calibration_check
from pluralign_stats.checks.checks import check
from pluralign_stats.checks.replicates import (
    Comparison,
    LinearData,
    OrdinalData,
    compare,
    share_beyond,
)
from pluralign_stats.checks.residuals import part_shares, residual_check

ORDINAL = "rating ~ kind + x + (1|rater) + (1|item)"
LINEAR = "latent ~ kind + x + (1|rater) + (1|item)"


def p_values(data_sets, fit_to, by=None):
    """Those of both checks (2, k) for k data sets."""
    return np.array(
        [
            [
                made(fit, by, n_simulations=39, seed=1000 + k).p_value
                for made in (residual_check, calibration_check)
            ]
            for k, fit in enumerate(map(fit_to, data_sets))
        ]
    ).T


def flagged(*args):
    """How many of the data sets each check finds wanting."""
    return (p_values(*args) < 0.05).sum(axis=1).tolist()


def assert_uniform(p):
    """P-values (16,) of right models: no more than chance allows, at 3 in 1,000, near 0 or 1.

    Without fitting the replicates their mean is 0.95.
    """
    assert (p < 0.05).sum() <= 4
    assert p.mean() == pytest.approx(0.5, abs=3 / np.sqrt(12 * len(p)))


@pytest.mark.extended
def test_p_values_of_a_right_ordinal_model(draw):
    data_sets = (draw(seed, n_raters=60) for seed in range(16))
    for p in p_values(data_sets, lambda d: pls.fit_ordinal(ORDINAL, d), "kind"):
        assert_uniform(p)


@pytest.mark.extended
def test_p_values_of_a_right_linear_model(draw):
    first = pls.fit_linear(LINEAR, draw(1, n_raters=60))
    data_sets = (first.design.data.assign(latent=first.simulate(seed)) for seed in range(16))
    for p in p_values(data_sets, lambda d: pls.fit_linear(LINEAR, d)):
        assert_uniform(p)


def test_unequal_spread_is_found(draw):
    """Kind b uses the ends of the scale more; a location model cannot say so."""
    made = [draw(seed, spread=2.5) for seed in range(4)]
    assert min(flagged(made, lambda d: pls.fit_ordinal(ORDINAL, d), "kind")) >= 3
    assert flagged(made, lambda d: pls.fit_linear(LINEAR, d), "kind")[0] >= 3


def test_a_model_that_says_so_is_not_flagged(draw):
    made = [draw(seed, spread=2.5) for seed in range(4)]
    counts = flagged(made, lambda d: pls.fit_ordinal(ORDINAL, d, scale="kind"), "kind")
    assert max(counts) <= 1


def test_a_missing_variable_is_found(ratings):
    fit = pls.fit_ordinal("rating ~ kind + (1|rater) + (1|item)", ratings)
    assert calibration_check(fit, ratings["x"]).passed is False
    assert residual_check(fit, ratings["x"]).result.table["term"].eq("x").any()
    assert calibration_check(pls.fit_ordinal(ORDINAL, ratings), ratings["x"]).passed is True


def test_stretches_fall_into_tenths_by_length():
    low, high = np.array([0.0, 0.25, 0.55, 0.95]), np.array([1.0, 0.45, 0.55, 1.0])
    made = part_shares(low, high)
    np.testing.assert_allclose(made[0], 0.1)
    np.testing.assert_allclose(made[1], [0, 0, 0.25, 0.5, 0.25, 0, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(made[2], np.eye(10)[5])
    np.testing.assert_allclose(made[3], np.eye(10)[9], atol=1e-12)


def test_randomized_ranks_of_the_right_distribution_are_uniform():
    rng = np.random.default_rng(3)
    probability = rng.dirichlet(np.ones(4), 4000)
    codes = (rng.random((4000, 1)) > probability.cumsum(axis=1)[:, :-1]).sum(axis=1)
    low, high = OrdinalData(codes, probability, np.ones(4000)).ranks()
    assert kstest(rng.uniform(low, high), "uniform").pvalue > 0.01
    drawn = np.bincount((rng.uniform(low, high) * 10).astype(int), minlength=10) / 4000
    np.testing.assert_allclose(part_shares(low, high).mean(axis=0), drawn, atol=0.02)


def test_rounded_responses_have_stretches():
    low, high = LinearData(
        np.array([1.0, 2.0, 3.0]), np.zeros(3), np.full(3, 2.0), np.array([1.5, 2.5])
    ).ranks()
    np.testing.assert_allclose(low, [0, *norm.cdf([1.5, 2.5], scale=2)])
    np.testing.assert_allclose(high, [*norm.cdf([1.5, 2.5], scale=2), 1])


def test_replicates_are_predicted_as_by_a_fit_of_their_own(ordinal_fit, linear_fit):
    """One Newton step comes close to fitting anew, and far closer than not fitting at all."""
    for fit, again in ((ordinal_fit, pls.fit_ordinal), (linear_fit, pls.fit_linear)):
        seen = []
        compare(fit, lambda data, seen=seen: seen.append(data) or np.zeros(1), 19, 5)
        name = fit.formula.partition(" ")[0]
        ordinal = isinstance(fit, pls.OrdinalFit)
        off, moved = [], []
        for data in seen[1:9]:
            y = 1.0 + data.codes if ordinal else data.y
            fresh = again(fit.formula, fit.design.data.assign(**{name: y})).predict(
                kind="probability" if ordinal else "mean"
            )
            predicted = data.predicted().reshape(fresh.shape)
            off.append(np.abs(predicted - fresh.to_numpy()).mean())
            moved.append(np.abs(seen[0].predicted().reshape(fresh.shape) - fresh).to_numpy().mean())
        assert np.mean(off) < 0.15 * np.mean(moved)


def test_p_values_of_exchangeable_data_are_uniform():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(8, 8))
    p = [
        Comparison(draws[0], draws[1:]).p_value()
        for draws in (rng.normal(size=(40, 8)) @ mixed for _ in range(400))
    ]
    assert kstest(p, "uniform").statistic < 0.09
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_observed_shares_are_counts_and_predicted_ones_averages(ordinal_fit):
    table = calibration_check(ordinal_fit, "kind", n_simulations=19).result.table
    data = ordinal_fit.design.data
    probability = ordinal_fit.predict(kind="probability")
    for row in table.itertuples():
        rows = data["kind"] == row.group if row.term == "kind" else data["kind"].notna()
        assert row.observed == pytest.approx((data.loc[rows, "rating"] == row.rating).mean())
        expected = probability.loc[rows, f"{row.rating:g}"].mean()
        assert row.estimate == pytest.approx(expected)
        assert row.conf_low < row.estimate < row.conf_high
        assert row.n_raters == data.loc[rows, "rater"].nunique()
        assert row.n_ratings == rows.sum()


def test_limits_hold_what_they_say(draw):
    """Over data from the model, 95 % of observed shares lie within their limits."""
    inside = []
    for seed in range(8):
        fit = pls.fit_ordinal(ORDINAL, draw(100 + seed, n_raters=80))
        table = calibration_check(fit, "kind", n_simulations=60, seed=seed).result.table
        inside.append(table["observed"].between(table["conf_low"], table["conf_high"]).mean())
    assert 0.85 < np.mean(inside) < 0.995


def test_linear_models_are_calibrated_in_means(linear_fit):
    table = calibration_check(linear_fit, "kind", n_simulations=19).result.table
    assert "rating" not in table
    data = linear_fit.design.data
    means = data.groupby("kind", observed=True)["latent"].mean()
    np.testing.assert_allclose(table["observed"][1:], means)
    fitted = linear_fit.predict().groupby(data["kind"], observed=True).mean()
    np.testing.assert_allclose(table["estimate"][1:], fitted)


def test_weights_count_in_shares(ratings):
    weight = np.where(ratings["kind"] == "a", 2.0, 1.0)
    fit = pls.fit_ordinal(ORDINAL, ratings, weights=weight)
    table = calibration_check(fit, n_simulations=19).result.table
    expected = np.average(ratings["rating"] == 1, weights=weight)
    assert table["observed"].iloc[0] == pytest.approx(expected)


def test_all_checks_speak_one_language(fit):
    made = check(fit, n_simulations=39)
    assert [each.name for each in made] == ["residuals", "calibration", "influence"]
    for each in made:
        assert isinstance(each.passed, bool)
        assert each.result.meta.data == "simulated"
        assert {"term", "group", "estimate", "n_raters", "method"} <= set(each.result.table)
        assert each.result.sentence in each._repr_html_()
        assert "person-" not in each._repr_html_()
        assert isinstance(each.figure(), pls.figures.Plot)
    again = check(fit, n_simulations=39)
    for first, second in zip(made, again, strict=True):
        pd.testing.assert_frame_equal(first.result.table, second.result.table)


@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_every_kind_of_ordinal_model_can_be_checked(ratings, link):
    fit = pls.fit_ordinal(
        "rating ~ x + (1 + x|item)", ratings, link=link, nominal="kind", thresholds="flexible"
    )
    made = check(fit, n_simulations=19)
    assert [each.name for each in made] == ["residuals", "calibration", "influence"]
    assert np.isfinite(made[1].result.table["estimate"]).all()


def test_models_without_groups_or_coefficients(ratings):
    assert len(check(pls.fit_ordinal("rating ~ 1 + (1|rater)", ratings), n_simulations=19)) == 2
    made = check(pls.fit_linear("latent ~ x", ratings), n_simulations=19)
    assert [each.passed for each in made] == [True, True]


def test_too_few_simulations(ordinal_fit):
    with pytest.raises(pls.InputError, match="whole number of 19 or more, not 5"):
        residual_check(ordinal_fit, n_simulations=5)


def test_a_share_beyond_all_replicates_is_told_from_their_tail():
    """Against the chi-squared distribution that they come from."""
    rng = np.random.default_rng(1)
    others = rng.chisquare(8, size=400) / 8
    for beyond in (4.0, 6.0):
        share = share_beyond(np.append(beyond, others))
        true = chi2.sf(8 * beyond, 8)
        assert true / 8 < share < 8 * true
    assert share_beyond(np.append(1.0, others)) == pytest.approx(chi2.sf(8, 8), abs=0.06)
    assert share_beyond(np.append(6.0, others[:50])) == 1 / 51
