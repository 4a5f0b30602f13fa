import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.effects.joint_tests import joint_test


def test_shares_agree_with_the_contrast_of_means(ordinal_fit):
    table = pls.checks.predicted_shares(ordinal_fit, "kind").table
    np.testing.assert_allclose(table.groupby("group")["estimate"].sum(), 1)
    means = (table["rating"] * table["estimate"]).groupby(table["group"]).sum()
    (difference,) = pls.contrasts(ordinal_fit, "kind").table["estimate"]
    assert means["b"] - means["a"] == pytest.approx(difference)


def test_counts_are_those_of_the_groups(ordinal_fit):
    table = pls.checks.predicted_shares(ordinal_fit, "kind").table.drop_duplicates("group")
    data = ordinal_fit.design.data
    raters = data.groupby("kind", observed=True)["rater"].nunique()
    assert dict(zip(table["group"], table["n_raters"], strict=True)) == raters.to_dict()
    assert table["n_ratings"].sum() == len(data)


def test_the_factor_with_the_clearest_effect_is_chosen(ratings):
    rng = np.random.default_rng(2)
    idle = dict(zip(ratings["rater"].unique(), rng.choice(["u", "v"], 120), strict=True))
    data = ratings.assign(idle=pd.Categorical(ratings["rater"].map(idle)))
    fit = pls.fit_ordinal("rating ~ idle + kind + x + (1|rater) + (1|item)", data)
    p = [joint_test(fit, name).table["p_value"].iloc[0] for name in ("idle", "kind")]
    chosen = ("idle", "kind")[int(np.argmin(p))]
    assert set(pls.checks.predicted_shares(fit).table["term"]) == {chosen} == {"kind"}


def test_the_sentence_names_the_largest_gap(ordinal_fit):
    found = pls.checks.predicted_shares(ordinal_fit, "kind")
    wide = found.table.pivot_table(index="group", columns="rating", values="estimate")
    gaps = (wide.loc["b"] - wide.loc["a"]).abs()
    rating = gaps.idxmax()
    assert f"that of a rating of {rating:g}: " in found.sentence
    for group in ("a", "b"):
        assert f"{wide.loc[group, rating]:.0%} for {group}" in found.sentence


def test_small_groups_are_neither_shown_nor_given_away(ratings):
    few = ratings["rater"].isin([f"person-{k}" for k in range(4)])
    some = ratings["rater"].isin([f"person-{k}" for k in range(4, 20)])
    kind = np.select([few, some], ["few", "some"], "most")
    other = np.where(ratings["rater"].str.len() % 2, "more", "most")
    data = ratings.assign(kind=pd.Categorical(np.where(kind == "most", other, kind)))
    found = pls.checks.predicted_shares(pls.fit_ordinal("rating ~ kind + (1|rater)", data), "kind")
    assert set(found.table["group"]) == {"more", "most"}
    assert any("fewer than 10 raters" in note for note in found.meta.notes)


def test_a_factor_that_others_determine_has_no_shares(ratings):
    twin = ratings["kind"].cat.rename_categories({"a": "u", "b": "v"})
    fit = pls.fit_ordinal("rating ~ kind + twin + (1|rater)", ratings.assign(twin=twin))
    found = pls.checks.predicted_shares(fit)
    assert found.table.empty
    assert "cannot be predicted" in found.sentence
    assert "cannot be predicted" in pls.figures.shares(found).alt
    assert found.warnings == fit.warnings


def test_without_groups_large_enough_nothing_is_shown(ordinal_fit):
    found = pls.checks.predicted_shares(ordinal_fit, min_cell=1000)
    assert found.table.empty
    assert "no level of 'kind' has 1000 raters or more" in found.sentence


def test_what_has_no_shares_is_refused(ordinal_fit, ratings):
    with pytest.raises(pls.InputError, match="the factor"):
        pls.checks.predicted_shares(ordinal_fit, "x")
    with pytest.raises(pls.InputError, match="the model has no factor"):
        pls.checks.predicted_shares(pls.fit_ordinal("rating ~ x + (1|rater)", ratings))
    linear = pls.fit_linear("rating ~ kind + (1|rater)", ratings)
    with pytest.raises(pls.InputError, match="shares of single ratings come from ordinal models"):
        pls.checks.predicted_shares(linear, "kind")


def test_a_joint_test_of_what_others_determine_is_no_test(ratings):
    twin = ratings["kind"].cat.rename_categories({"a": "u", "b": "v"})
    fit = pls.fit_ordinal("rating ~ kind + twin + (1|rater)", ratings.assign(twin=twin))
    with pytest.raises(pls.InputError, match="the effects of 'twin' apart from"):
        pls.joint_test(fit, "twin")
