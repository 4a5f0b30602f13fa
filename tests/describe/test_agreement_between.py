"""Agreement between groups, against closed forms, a plain loop and simulation."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.describe.cross_alpha import (
    cross_counts,
    cross_moments,
    interval_cross_alpha,
    ordinal_cross_alpha,
)
from pluralign_stats.study.read import read_study


def counted(ratings, k):
    """(items, k) counts of lists of ratings from 0."""
    return np.array([np.bincount(r, minlength=k) for r in ratings])


def ordinal(first, second, k):
    sums = cross_counts(counted(first, k), counted(second, k)).sum(axis=0)
    return float(ordinal_cross_alpha(sums[None])[0])


def interval(first, second):
    rows = [(i, r, a) for a, s in ((1, first), (0, second)) for i, own in enumerate(s) for r in own]
    item, rating, of_first = map(np.array, zip(*rows, strict=True))
    sums = cross_moments(item, rating, of_first == 1, len(first)).sum(axis=0)
    return float(interval_cross_alpha(sums[None])[0])


def by_loops(first, second, distance):
    """The definition, pair by pair: items count by their ratings, chance is any against any."""
    shared = [(a, b) for a, b in zip(first, second, strict=True) if len(a) and len(b)]
    weight = [len(a) + len(b) for a, b in shared]
    apart = [np.mean([distance(x, y) for x in a for y in b]) for a, b in shared]
    xs, ys = ([r for pair in shared for r in pair[side]] for side in (0, 1))
    chance = np.mean([distance(x, y) for x in xs for y in ys])
    return 1 - np.average(apart, weights=weight) / chance


@pytest.fixture
def one_each():
    rng = np.random.default_rng(1)
    x = rng.integers(5, size=60)
    return x, np.clip(x + rng.integers(-2, 3, size=60), 0, 4)


def test_with_one_rater_each_it_is_lins_concordance(one_each):
    x, y = one_each
    lin = 2 * np.cov(x, y, ddof=0)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert interval([[v] for v in x], [[v] for v in y]) == pytest.approx(lin)


def test_with_one_rater_each_and_two_categories_it_is_cohens_kappa(one_each):
    x, y = (v > 1 for v in one_each)
    agree = (x == y).mean()
    chance = x.mean() * y.mean() + (1 - x.mean()) * (1 - y.mean())
    found = ordinal([[int(v)] for v in x], [[int(v)] for v in y], 2)
    assert found == pytest.approx((agree - chance) / (1 - chance))


def test_unequal_numbers_of_raters_and_unshared_items_follow_the_definition():
    rng = np.random.default_rng(2)
    first = [rng.integers(4, size=n) for n in (1, 3, 0, 2, 5, 2)]
    second = [rng.integers(4, size=n) for n in (2, 2, 4, 0, 1, 3)]
    assert interval(first, second) == pytest.approx(
        by_loops(first, second, lambda x, y: (x - y) ** 2)
    )
    shared = [a for a, b in zip(first, second, strict=True) if len(a) and len(b)]
    shared += [b for a, b in zip(first, second, strict=True) if len(a) and len(b)]
    n = np.bincount(np.concatenate(shared), minlength=4)
    below = np.cumsum(n) - n / 2
    assert ordinal(first, second, 4) == pytest.approx(
        by_loops(first, second, lambda x, y: (below[x] - below[y]) ** 2)
    )


def test_perfect_agreement_is_1_and_none_at_all_is_missing():
    same = [[0], [1], [3]]
    assert ordinal(same, same, 4) == interval(same, same) == 1
    assert np.isnan(ordinal([[2], [2]], [[2], [2]], 4))
    assert np.isnan(ordinal([[2], []], [[], [1]], 4))
    assert np.isnan(interval([[2], [2]], [[2], [2]]))


def made(tmp_path, shift_of_b, n_items=400, raters=12, scale=5):
    """A study of two groups of raters who all rate all items, the one by its own view of them."""
    rng = np.random.default_rng(3)
    view = rng.normal(size=n_items)
    other = shift_of_b * view + np.sqrt(1 - shift_of_b**2) * rng.normal(size=n_items)
    rows = [
        {"rater": f"{g}{r}", "item": f"i{i}", "rating": int(np.digitize(v + e, [-1, 0, 1]) + 1)}
        for g, seen in (("a", view), ("b", other))
        for r in range(raters)
        for i, (v, e) in enumerate(zip(seen, rng.normal(size=n_items), strict=True))
    ]
    people = [{"rater": f"{g}{r}", "side": g} for g in "ab" for r in range(raters)]
    pd.DataFrame(rows).to_csv(tmp_path / "ratings.csv", index=False)
    pd.DataFrame(people).to_csv(tmp_path / "raters.csv", index=False)
    (tmp_path / "study.yaml").write_text(
        "name: made\nfiles: {ratings: ratings.csv, raters: raters.csv}\n"
        "columns: {rater: rater, item: item}\n"
        "dimensions: {rating: {scale: [1, 4]}}\n"
        "demographics: {side: {levels: [a, b]}}\n"
    )
    return read_study(tmp_path / "study.yaml")


@pytest.mark.parametrize("shared", [1.0, 0.5, 0.0])
def test_groups_that_see_items_apart_agree_less_between_than_within(tmp_path, shared):
    study = made(tmp_path, shared)
    table = pls.describe.agreement_between(study, "side", n_bootstrap=200).table
    value = table.set_index(["group", "other"])["estimate"]
    within = (value["a", "a"] + value["b", "b"]) / 2
    assert value["a", "b"] / within == pytest.approx(shared, abs=0.12)
    row = table[table["group"] != table["other"]].iloc[0]
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    assert (row["n_items"], row["n_raters"], row["n_raters_other"]) == (400, 12, 12)
    sentence = pls.describe.agreement_between(study, "side", n_bootstrap=200).sentence
    assert ("agree with each other clearly less than" in sentence) == (shared < 1)


def test_within_a_group_it_is_the_alpha_of_agreement(small_study):
    within = pls.describe.agreement(small_study, "politics", n_bootstrap=100).table
    between = pls.describe.agreement_between(small_study, "politics", n_bootstrap=100).table
    own = between[between["group"] == between["other"]].set_index(["dimension", "group"])
    for row in within[within["group"].isin(between["group"])].itertuples():
        found = own.loc[(row.dimension, row.group)]
        assert found["estimate"] == pytest.approx(row.estimate, nan_ok=True)
        assert found["conf_low"] == pytest.approx(row.conf_low, nan_ok=True)
        assert pd.isna(found["n_raters"]) == pd.isna(row.n_raters)


def test_small_groups_and_small_overlaps_are_withheld(small_study):
    table = pls.describe.agreement_between(small_study, "ethnicity", n_bootstrap=100).table
    counts = table[["n_raters", "n_raters_other"]].to_numpy(dtype=float)
    assert not (counts < 10).any()
    sizes = small_study.raters["ethnicity"].value_counts()
    assert set(table["group"]) | set(table["other"]) <= set(sizes[sizes >= 10].index)
    few = pls.describe.agreement_between(small_study, "gender", n_bootstrap=100, min_cell=10**6)
    assert few.table.empty
    assert few.sentence == "No two groups have raters enough who rated the same items."


def test_an_unknown_demographic_is_refused(small_study):
    with pytest.raises(pls.InputError, match="'by' must be one of 'gender'"):
        pls.describe.agreement_between(small_study, "genders")
