"""Kappa, alpha and bias against brute force, the krippendorff package and known truth."""

from itertools import permutations

import krippendorff
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pluralign_stats.describe.alpha import ordinal_alpha
from pluralign_stats.judging.contrasts import judge_contrasts
from pluralign_stats.judging.resample import Influence, resampled_item_sums, resampled_sums
from pluralign_stats.judging.statistics import (
    Pairs,
    judge_influences,
    judge_statistics,
    nearest,
    rater_statistics,
    text_coincidences,
)
from pluralign_stats.settings import CONF_LEVEL
from tests.validation.halves import halved, simulated, study_of

LEVELS = np.arange(1.0, 6)


def statistics(score, rating, levels=LEVELS):
    sums = Pairs(np.asarray(score, float), np.asarray(rating, float), levels).moments().sum(axis=0)
    return judge_statistics(sums[None], levels)[0]


def ceiling(text, rating, levels=LEVELS):
    return rater_statistics(text_coincidences(text, rating, levels).sum(axis=0)[None], levels)[0]


def kappa_by_table(score, rating, levels=LEVELS):
    """Cohen (1968) by the table of two coders, with disagreement weights (i - j)^2."""
    observed = np.array([[((score == a) & (rating == b)).mean() for b in levels] for a in levels])
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    weights = (levels[:, None] - levels) ** 2
    return 1 - (weights * observed).sum() / (weights * expected).sum()


@pytest.mark.parametrize("seed", range(5))
def test_kappa_alpha_and_bias_of_random_ratings(seed):
    rng = np.random.default_rng(seed)
    rating = rng.integers(1, 6, 80).astype(float)
    score = np.clip(rating + rng.integers(-2, 3, 80), 1, 5)
    kappa, alpha, bias = statistics(score, rating)
    assert kappa == pytest.approx(kappa_by_table(score, rating), abs=1e-12)
    package = krippendorff.alpha(
        reliability_data=np.array([score, rating]),
        value_domain=LEVELS,
        level_of_measurement="ordinal",
    )
    assert alpha == pytest.approx(package, abs=1e-12)
    assert bias == pytest.approx((score - rating).mean(), abs=1e-12)


def test_a_worked_example():
    # Fleiss & Cohen (1973): quadratic weights and the intraclass correlation, by hand.
    kappa, _, bias = statistics([1, 2, 3, 4], [1, 2, 3, 5])
    observed, mean_x, mean_y = 1 / 4, 2.5, 2.75
    chance = 7.5 + 9.75 - 2 * mean_x * mean_y
    assert kappa == pytest.approx(1 - observed / chance)
    assert bias == pytest.approx(-0.25)


def test_perfect_agreement_opposition_and_no_variation():
    x = np.array([1, 2, 3, 4, 5])
    assert statistics(x, x) == pytest.approx([1, 1, 0])
    assert statistics(x, 6 - x)[0] == pytest.approx(-1)
    flat = statistics([3, 3, 3], [3, 3, 3])
    assert np.isnan(flat[:2]).all()
    assert flat[2] == 0
    assert statistics([3, 3, 3, 3], [1, 2, 4, 5])[0] == pytest.approx(0)


def test_scores_between_ratings_count_as_they_are_in_kappa_and_rounded_in_alpha():
    rating = np.array([1.0, 2, 3, 4, 5, 3])
    score = rating + 0.4
    kappa, alpha, bias = statistics(score, rating)
    assert bias == pytest.approx(0.4)
    assert kappa < 1
    assert alpha == pytest.approx(1)
    assert nearest(np.array([1.0, 1.49, 1.5, 4.5, 5.0]), LEVELS).tolist() == [0, 0, 1, 4, 4]


def all_pairs(text, rating):
    """Every ordered pair of raters of one text, each rating with a total weight of one."""
    pairs = []
    for unit in np.unique(text):
        own = rating[text == unit]
        pairs += [(a, b, 1 / (len(own) - 1)) for a, b in permutations(own, 2)]
    return np.array(pairs).T


@pytest.mark.parametrize("seed", range(5))
def test_the_ceiling_is_a_rater_against_another_of_the_same_text(seed):
    rng = np.random.default_rng(seed)
    text = rng.integers(0, 15, 60)
    rating = np.clip(text % 5 + 1 + rng.integers(-2, 3, 60), 1, 5).astype(float)
    a, b, weight = all_pairs(text, rating)
    mean = np.average(a, weights=weight)
    spread = np.average((a - mean) ** 2, weights=weight)
    kappa, alpha, bias = ceiling(text, rating)
    assert kappa == pytest.approx(1 - np.average((a - b) ** 2, weights=weight) / (2 * spread))
    counts = np.array([[((text == t) & (rating == k)).sum() for k in LEVELS] for t in set(text)])
    package = krippendorff.alpha(
        value_counts=counts[counts.sum(axis=1) >= 2],
        value_domain=LEVELS,
        level_of_measurement="ordinal",
    )
    assert alpha == pytest.approx(package, abs=1e-12)
    assert bias == 0


def test_no_text_with_two_raters_has_no_ceiling():
    assert np.isnan(ceiling(np.arange(4), np.array([1.0, 2, 3, 4]))).all()


def test_a_judge_who_is_just_another_rater_is_at_the_ceiling():
    rng = np.random.default_rng(1)
    quality = rng.normal(size=4000)
    raters = np.clip(np.round(3 + quality[:, None] + rng.normal(size=(4000, 3))), 1, 5)
    text = np.repeat(np.arange(4000), 2)
    judged = statistics(np.repeat(raters[:, 2], 2), raters[:, :2].ravel())
    assert judged == pytest.approx(ceiling(text, raters[:, :2].ravel()), abs=0.03)


def test_alpha_of_several_tables_at_once():
    rng = np.random.default_rng(2)
    tables = rng.integers(0, 9, (4, 5, 5)).astype(float)
    tables = tables + tables.transpose(0, 2, 1)
    assert ordinal_alpha(tables) == pytest.approx([ordinal_alpha(t[None])[0] for t in tables])


def test_resamples_draw_items_and_raters_alike_for_all_parts():
    rng = np.random.default_rng(3)
    items, raters = rng.integers(0, 8, 50), rng.integers(0, 9, 50)
    items[:8], raters[:9] = range(8), range(9)
    part = np.arange(50) < 20
    everyone, some, rest = resampled_sums(
        np.ones((50, 1)), items, raters, [np.ones(50, bool), part, ~part], 200, 7
    )
    assert everyone == pytest.approx(some + rest)
    assert everyone.mean() == pytest.approx(50, rel=0.1)
    again = resampled_sums(np.ones((50, 1)), items, raters, [part], 200, 7)
    assert (again[0] == some).all()


def test_resamples_of_items_draw_all_texts_of_an_item_together():
    sums = resampled_item_sums(np.eye(4), np.array([0, 0, 2, 3]), 5, 4000, 7)
    assert (sums[:, 0] == sums[:, 1]).all()
    assert (sums[:, [0, 2, 3]].sum(axis=1) <= 5).all()
    assert sums.mean(axis=0) == pytest.approx(1, abs=0.06)


def test_the_interval_of_the_ceiling_covers_that_of_all_texts():
    """Texts with two raters each, of whom every text has its own."""
    rng = np.random.default_rng(4)

    def texts(n):
        quality = rng.normal(size=n)
        return np.clip(np.round(3 + quality[:, None] + rng.normal(size=(n, 2))), 1, 5).ravel()

    truth = ceiling(np.repeat(np.arange(200_000), 2), texts(200_000))[:2]
    held = []
    for seed in range(200):
        pairs = text_coincidences(np.repeat(np.arange(60), 2), texts(60), LEVELS)
        drawn = resampled_item_sums(pairs, np.arange(60), 60, 200, seed)
        low, high = np.quantile(rater_statistics(drawn, LEVELS)[:, :2], [0.025, 0.975], axis=0)
        held.append((low <= truth) & (truth <= high))
    assert (np.mean(held, axis=0) > 0.89).all()


def _study(rng, n_raters=60, n_items=40, per_rater=5):
    """Ratings of a judge's own items; half the raters are of a group that rates as the other."""
    rater = np.repeat(np.arange(n_raters), per_rater)
    item = rng.integers(0, n_items, rater.size)
    quality, lenient = rng.normal(size=n_items), rng.normal(size=n_raters)
    rating = 3 + quality[item] + lenient[rater] + rng.normal(size=rater.size)
    return rater, item, rating, rater < n_raters // 2


def _interval_holds_zero(seed, over_raters):
    rng = np.random.default_rng(seed)
    rater, item, rating, first = _study(rng)
    moments = np.column_stack([np.ones_like(rating), 3 - rating])
    units = rater if over_raters else np.zeros_like(rater)
    sums = resampled_sums(moments, item, units, [first, ~first], 300, seed)
    means = sums[..., 1] / sums[..., 0]
    low, high = np.quantile(means[0] - means[1], [0.025, 0.975])
    return low <= 0 <= high


def test_intervals_of_differences_between_groups_cover_the_truth():
    held = [_interval_holds_zero(seed, over_raters=True) for seed in range(200)]
    assert 0.91 <= np.mean(held) <= 0.995


def test_resampling_items_alone_would_not():
    held = [_interval_holds_zero(seed, over_raters=False) for seed in range(200)]
    assert np.mean(held) < 0.85


def test_the_influence_of_pairs_gives_the_error_of_the_bias_in_closed_form():
    """Of independent pairs it is the standard error of a mean."""
    rng = np.random.default_rng(3)
    levels = np.arange(1.0, 6.0)
    score, rating = rng.integers(1, 6, 200) * 1.0, rng.integers(1, 6, 200) * 1.0
    rows = judge_influences(Pairs(score, rating, levels).moments(), levels)
    np.testing.assert_allclose(rows.sum(axis=0)[[0, 2]], 0, atol=1e-5)
    apart = score - rating
    np.testing.assert_allclose(rows[:, 2], (apart - apart.mean()) / 200, atol=1e-8)
    alone = np.arange(200)
    errors = Influence(rows, alone, alone).std_errors()
    wide = stats.t.ppf((1 + CONF_LEVEL) / 2, 199) / stats.norm.ppf((1 + CONF_LEVEL) / 2)
    assert errors[2] == pytest.approx(wide * apart.std(ddof=1) / np.sqrt(200))
    # Of kappa and alpha, those of leaving out one pair after the other.
    kept = [np.delete(alone, k) for k in alone]
    left = [
        judge_statistics(Pairs(score[k], rating[k], levels).moments().sum(axis=0)[None], levels)[0]
        for k in kept
    ]
    jackknife = np.sqrt(199 / 200 * ((left - np.mean(left, axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(errors, jackknife, rtol=0.02)


@pytest.mark.extended
def test_halves_of_raters_by_chance_differ_as_often_as_they_may():
    """Products of weights alone reject in about 0 of 100."""
    found = []
    for seed in range(120):
        data = halved(simulated(seed, 0.5, n_raters=80), "rater", seed)
        means = data.groupby("item")["rating"].mean()
        noise = np.random.default_rng([seed, 5]).normal(0, 0.5, len(means))
        scores = pd.DataFrame(
            {
                "item": means.index.astype(str),
                "dimension": "rating",
                "score": (means + noise).to_numpy(),
                "judge": "made",
            }
        )
        contrasts = judge_contrasts(study_of(data), scores, ["half"], n_bootstrap=200, seed=seed)
        found.append(contrasts.table["p_value"].iloc[0] < 0.05)
    assert stats.binomtest(sum(found), len(found), 0.05).pvalue > 0.01
    assert sum(found) > 0


@pytest.mark.parametrize("seed", range(3))
def test_numbers_have_the_interval_metric(seed):
    rng = np.random.default_rng(seed)
    rating = rng.uniform(0, 1, 50)
    score = (rating + rng.normal(0, 0.2, 50)).clip(0, 1)
    kappa, alpha, bias = statistics(score, rating, None)
    both = np.array([score, rating])
    expected = krippendorff.alpha(reliability_data=both, level_of_measurement="interval")
    assert alpha == pytest.approx(expected, rel=1e-9)
    apart, chance = ((score - rating) ** 2).mean(), ((score[:, None] - rating) ** 2).mean()
    assert kappa == pytest.approx(1 - apart / chance, rel=1e-9)
    assert bias == pytest.approx((score - rating).mean())


def test_the_ceiling_of_numbers_is_that_of_categories_but_for_the_metric():
    rng = np.random.default_rng(4)
    text, rating = np.repeat(np.arange(30), 4), rng.integers(1, 6, 120).astype(float)
    numbers, categories = ceiling(text, rating, None), ceiling(text, rating)
    assert numbers[[0, 2]] == pytest.approx(categories[[0, 2]], rel=1e-9)
    table = rating.reshape(30, 4).T
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="interval")
    assert numbers[1] == pytest.approx(expected, rel=1e-9)
