import numpy as np
import pandas as pd
import pytest

from pluralign_stats.simulate.parameters import DECLINED, LEVELS, analysis_levels
from pluralign_stats.simulate.population import (
    DECLINE_RATES,
    SHARES,
    deal_by_rank,
    draw_population,
    quotas,
)


def draw(n_raters, seed=1, declined=1.0):
    return draw_population(n_raters, declined, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def published():
    return draw(1095)


@pytest.mark.parametrize(
    ("shares", "n", "counts"),
    [
        ([0.5, 0.5], 7, [4, 3]),
        ([0.48, 0.28, 0.24], 100, [48, 28, 24]),
        ([0.9, 0.1], 10, [8, 2]),
        ([0.7, 0.3], 3, [3, 0]),
        ([0.5, 0.3, 0.15, 0.05], 8, [4, 2, 2, 0]),
    ],
)
def test_quotas(shares, n, counts):
    assert quotas(np.array(shares), n).tolist() == counts


def test_quotas_split_everyone_and_leave_no_single_rater():
    rng = np.random.default_rng(0)
    for n in range(2, 120):
        counts = quotas(rng.dirichlet(np.full(9, 0.5)), n)
        assert counts.sum() == n
        assert counts.min() >= 0
        assert 1 not in counts


def test_quotas_of_large_groups_are_within_one_rater_of_the_share():
    shares = np.array([0.37, 0.33, 0.2, 0.1])
    assert np.abs(quotas(shares, 1095) - 1095 * shares).max() < 1


@pytest.mark.parametrize("n_raters", [20, 21, 37, 60, 200, 1095])
def test_no_level_has_exactly_one_rater(n_raters):
    for seed in range(20):
        raters = draw(n_raters, seed).raters
        answers = raters[list(DECLINE_RATES)].join(analysis_levels(raters).add_prefix("level_"))
        for question in answers:
            assert answers[question].value_counts(dropna=False).min() >= 2


@pytest.mark.parametrize("n_raters", [20, 60, 1095])
def test_group_sizes_do_not_depend_on_the_seed(n_raters):
    first, second = (
        analysis_levels(draw(n_raters, seed).raters).apply(pd.Series.value_counts)
        for seed in (1, 2)
    )
    pd.testing.assert_frame_equal(first, second)


def test_raters_come_in_an_order_of_their_own_for_every_seed():
    assert not draw(60, 1).raters.equals(draw(60, 2).raters)


def test_published_groups_are_large_enough(published):
    levels = analysis_levels(published.raters)
    assert levels["ethnicity"].eq("Black or African American").sum() >= 60
    assert levels["politics"].eq("Conservative").sum() >= 200
    assert levels["gender"].eq("Male").sum() > 450
    for term, known in LEVELS.items():
        assert set(levels[term].dropna()) == set(known)


def test_shares_add_up_to_one():
    for questions in SHARES.values():
        for question, shares in questions.items():
            assert sum(shares.values()) == pytest.approx(1, abs=1e-12), question


@pytest.mark.parametrize("declined", [0.0, 1.0, 2.5])
def test_declining_rates(declined):
    raters = draw(4000, declined=declined).raters
    for question, rate in DECLINE_RATES.items():
        share = raters[question].eq(DECLINED).mean()
        assert share == pytest.approx(declined * rate, abs=2 / 4000), question


def test_language_follows_the_country_of_recruitment(published):
    country = published.raters["country_of_residence"]
    assert set(published.language[country == "US"]) == {"en"}
    assert set(published.language[country == "Germany"]) == {"de"}
    assert set(published.language[country == DECLINED]) == {"en", "de"}
    assert abs((published.language == "en").sum() - 1095 / 2) < 1


def test_some_raters_select_up_to_three_ethnicities(published):
    selected = published.raters["ethnicity"].str.count(";") + 1
    assert set(selected) == {1, 2, 3}
    assert 0.02 < (selected > 1).mean() < 0.06


def test_party_follows_politics(published):
    levels = analysis_levels(published.raters)
    by_party = levels["politics"].groupby(published.raters["political_party"])
    conservative = by_party.apply(lambda politics: politics.eq("Conservative").mean())
    assert conservative["Republican Party"] > 0.6 > 0.1 > conservative["Democratic Party"]
    assert conservative["AfD"] > 0.5 > 0.1 > conservative["Die Linke"]


def test_other_demographics_are_independent(published):
    levels = analysis_levels(published.raters).dropna()
    male, conservative = levels["gender"].eq("Male"), levels["politics"].eq("Conservative")
    # Four standard errors of a correlation of zero.
    assert abs(np.corrcoef(male, conservative)[0, 1]) < 4 / np.sqrt(len(levels))


def test_deal_by_rank_keeps_the_cards_and_follows_the_scores():
    cards = np.array(["right", "left", "centre", "left"], dtype=object)
    positions = np.array([1.0, -1.0, 0.0, -1.0])
    dealt = deal_by_rank(cards, positions, scores=np.array([0.2, 5.0, -3.0, 0.1]))
    assert dealt.tolist() == ["centre", "right", "left", "left"]
