import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import composition, rating_distribution


@pytest.mark.parametrize("by", [None, "gender", "country", "politics"])
def test_shares_sum_to_one_and_are_the_counted_ones(small_study, by):
    table = rating_distribution(small_study, by).table
    keys = ["dimension", "group"] if by else ["dimension"]
    np.testing.assert_allclose(table.groupby(keys)["share"].sum(), 1)
    ratings = small_study.ratings.dropna(subset="rating")
    for row in table.itertuples():
        block = ratings[ratings["dimension"].map(small_study.codebook.label) == row.dimension]
        block = block[block[by] == row.group] if by else block
        assert row.share == pytest.approx((block["rating"] == row.rating).mean())
        if by and row.group in withheld(small_study, by):
            assert pd.isna(row.n_ratings)
            assert pd.isna(row.n_raters)
        else:
            assert row.n_ratings == len(block)
            assert row.n_raters == block["rater"].nunique()


def withheld(study, by):
    """Levels that the table of raters does not show."""
    table = composition(study).table
    table = table[table["term"] == study.codebook.label(by)]
    return set(table.loc[table["n_raters"].isna(), "group"])


def test_every_rating_of_the_scale_has_a_row(small_study):
    table = rating_distribution(small_study).table
    assert table["rating"].tolist() == [1, 2, 3, 4, 5] * 5
    assert list(table) == ["dimension", "rating", "share", "n_raters", "n_ratings"]


def test_small_groups_are_left_out_and_named(small_study):
    sizes = small_study.raters["gender"].value_counts()
    small = [g for g in small_study.levels("gender") if sizes[g] < 10]
    assert small
    result = rating_distribution(small_study, "gender")
    assert not set(small) & set(result.table["group"])
    assert result.meta.notes[0] == f"Left out, with fewer than 10 raters: {', '.join(small)}."


def groups(study_of, answered):
    """Two groups; the second has 12 raters of whom only some answered the second dimension."""
    n = 42
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(n)], "item": "a"})
    frame["one"] = np.arange(n) % 5 + 1
    frame["two"] = pd.array(np.arange(n) % 4 + 1, dtype="Int64")
    frame.loc[30 + answered :, "two"] = pd.NA
    frame["g"] = np.repeat(["many", "few"], [30, 12])
    return study_of(
        frame, dimensions={"one": {}, "two": {}}, demographics={"g": {"levels": ["many", "few"]}}
    )


@pytest.mark.parametrize("answered", [0, 4, 9, 10])
def test_no_dimension_shows_a_group_of_which_too_few_answered(study_of, answered):
    table = rating_distribution(groups(study_of, answered), "g").table
    # With few in one dimension, no count is left from which theirs could be computed.
    hidden = 0 < answered < 10
    assert table["n_raters"].isna().all() if hidden else (table["n_raters"] >= 10).all()
    np.testing.assert_allclose(table.groupby(["dimension", "group"])["share"].sum(), 1)
    shown = set(zip(table["dimension"], table["group"], strict=True))
    expected = {("One", "many"), ("Two", "many"), ("One", "few")}
    assert shown == expected | ({("Two", "few")} if answered >= 10 else set())


@pytest.mark.parametrize("by", [None, "gender"])
def test_a_study_too_small_to_show_anything(toy, by):
    result = rating_distribution(toy.read(), by)
    assert result.table.empty
    assert next(iter(result.table)) == "dimension"
    assert "fewer than 10 raters" in result.meta.notes[0]


def test_the_sentence_names_highest_and_lowest_mean(toy):
    study = toy.read()
    means = study.ratings.groupby("dimension", observed=True)["rating"].mean()
    sentence = rating_distribution(study, min_cell=2).sentence
    assert f"highest for Helpfulness ({means['helpfulness']:.2f})" in sentence
    assert f"lowest for Toxicity ({means['toxicity']:.2f})" in sentence


def test_by_group_the_sentence_names_the_largest_difference(small_study):
    result = rating_distribution(small_study, "gender")
    ratings = small_study.ratings[small_study.ratings["gender"].isin(result.table["group"])]
    keys = ["dimension", "gender"]
    means = ratings.groupby(keys, observed=True)["rating"].mean().unstack()
    top = (means.max(axis=1) - means.min(axis=1)).idxmax()
    assert f"on {small_study.codebook.label(top)}: " in result.sentence
    for pick in ("idxmax", "idxmin"):
        group = getattr(means.loc[top], pick)()
        assert f"{means.loc[top, group]:.2f} for {group}" in result.sentence


def test_an_unknown_demographic(small_study):
    with pytest.raises(InputError, match="did you mean 'country'"):
        rating_distribution(small_study, "contry")


def test_many_ratings_are_shown_in_parts(slider_study):
    result = rating_distribution(slider_study)
    own = result.table[result.table["dimension"] == "Toxicity"]
    assert own["rating"].iloc[[0, 4, 9]].tolist() == ["0 to 9", "40 to 50", "91 to 100"]
    data = slider_study.ratings
    given = data.loc[data["dimension"] == "toxicity", "rating"]
    assert own["share"].sum() == pytest.approx(1)
    assert own["share"].iloc[4] == pytest.approx(given.between(40, 50).mean())
    assert any("Toxicity and Warmth are shown in parts" in note for note in result.meta.notes)
    assert f"Toxicity {given.mean():.2f} of 0 to 100" in result.sentence  # not of the parts
    trust = result.table[result.table["dimension"] == "Trust"]
    assert trust["rating"].tolist() == ["1", "2", "3", "4", "5"]


def test_means_by_group_are_those_of_the_ratings(slider_study):
    only = slider_study.where(dimension="warmth")
    means = only.ratings.groupby("gender", observed=True)["rating"].mean()
    told = rating_distribution(only, "gender").sentence
    assert f"{means['Male']:.2f} for Male and {means['Female']:.2f} for Female" in told


def test_two_ratings_are_told_by_the_share_of_the_higher_one(study_of):
    frame = pd.DataFrame(
        {
            "rater": [f"r{i}" for i in range(40)],
            "item": "x",
            "irony": [0, 0, 1, 1] * 10,
            "other": ["1", "2", *[""] * 38],
            "side": ["a", "b"] * 20,
        }
    )
    labels = {0: "no", 1: "yes"}
    study = study_of(
        frame,
        dimensions={"irony": {"scale": [0, 1], "labels": labels}, "other": {}},
        demographics={"side": {}},
    )
    told = rating_distribution(study).sentence
    assert told == "The share of yes (1) among ratings on Irony is 50%."
    frame["irony"] = [0, 1, 1, 1] * 10
    study = study_of(
        frame.drop(columns="other"),
        dimensions={"irony": {"scale": [0, 1]}},
        demographics={"side": {}},
    )
    assert rating_distribution(study, "side").sentence == (
        "By Side, the share of 1 among ratings on Irony is 100% for b and 50% for a."
    )
