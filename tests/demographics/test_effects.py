import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, demographic_effects, fit_linear, fit_ordinal, with_reference
from pluralign_stats.effects.adjust import holm


def made(study_of, n=120, seed=0, **columns):
    """A study of `n` raters with the given demographics, three ratings each."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(n)], 3)})
    frame["item"] = ["a", "b", "c"] * n
    frame["rating"] = rng.integers(1, 6, 3 * n)
    for name, values in columns.items():
        frame[name] = np.repeat(np.asarray(values, dtype=object), 3)
    return study_of(frame, demographics={name: {} for name in columns})


@pytest.fixture(scope="module")
def effects(small_effects):
    return small_effects


@pytest.mark.parametrize("model", ["linear", "ordinal"])
def test_estimates_are_those_of_one_model_a_dimension(
    small_study, effects, small_linear_effects, model
):
    data = small_study.ratings
    data = data[data["dimension"] == "toxicity"]
    factors = "gender + age + country + ethnicity + politics"
    fitted = {"linear": fit_linear, "ordinal": fit_ordinal}[model]
    fit = fitted(f"rating ~ {factors} + (1|rater) + (1|item)", data)
    made = {"linear": small_linear_effects, "ordinal": effects}[model]
    table = made.differences.table
    rows = table[table["dimension"] == "Toxicity"].set_index("contrast")
    for factor, contrast in (("gender", "Male vs Female"), ("country", "Germany vs US")):
        own = fit.contrasts(factor).table.set_index("contrast").loc[contrast]
        for column in ("estimate", "std_error", "p_value", "conf_low"):
            assert rows.loc[contrast, column] == pytest.approx(own[column])


def test_few_items_are_fixed_effects(study_of):
    group = np.repeat(list("ab"), 60)
    effects = demographic_effects(made(study_of, g=group))
    assert next(iter(effects.fits.values())).formula == "rating ~ g + (1|rater) + item"


def test_an_unknown_model(small_study):
    with pytest.raises(
        InputError,
        match=r"'model' must be one of 'auto', 'ordinal', 'linear', 'ordered beta', .*, not",
    ):
        demographic_effects(small_study, model="probit")


def test_readers_see_labels(small_study, effects):
    for result in (effects.differences, effects.percents):
        assert list(dict.fromkeys(result.table["dimension"])) == [
            small_study.codebook.label(d) for d in small_study.dimensions
        ]
        known = {small_study.codebook.label(d) for d in small_study.demographics}
        assert set(result.table["term"]) <= known
        assert result.meta.data == "simulated"
    assert "Gender: Female; " in " ".join(effects.differences.meta.notes)
    assert "Compared with" in " ".join(effects.differences.meta.notes)


def test_what_only_describes_raters_has_no_effects_by_default(small_study, effects):
    assert "Political party" not in set(effects.differences.table["term"])
    asked = demographic_effects(small_study, ["party"], ["toxicity"], min_cell=2)
    assert set(asked.differences.table["term"]) == {"Political party"}
    assert set(asked.differences.table["dimension"]) == {"Toxicity"}


def test_holm_adjusts_within_one_demographic_and_dimension(study_of):
    group = np.tile(list("abcd"), 30)
    sex = np.repeat(["f", "m"], 60)
    result = demographic_effects(made(study_of, g=group, s=sex))
    for _, family in result.differences.table.groupby(["dimension", "term"]):
        np.testing.assert_allclose(family["p_adjusted"], holm(family["p_value"].to_numpy()))
    alone = result.differences.table.set_index("term").loc["S"]
    assert alone["p_adjusted"] == alone["p_value"]
    for _, family in result.percents.table.groupby(["dimension", "term", "reading"]):
        np.testing.assert_allclose(family["p_adjusted"], holm(family["p_value"].to_numpy()))


def test_small_levels_are_in_the_model_but_not_shown(study_of):
    group = np.repeat(["a", "b", "c"], [70, 41, 9])
    study = made(study_of, g=group)
    result = demographic_effects(study)
    for shown in (result.differences, result.percents):
        assert set(shown.table["contrast"]) == {"b vs a"}
        assert any("fewer than 10 raters: G: c vs a" in note for note in shown.meta.notes)
    fit = result.fits["rating", "g"]
    assert "g[T.c]" in fit.params
    row = result.differences.table.set_index("contrast").loc["b vs a"]
    # Adjusted beside the hidden level, p would tell of it.
    assert row["p_adjusted"] == row["p_value"]


def test_the_size_of_a_small_level_cannot_be_computed(study_of):
    """One small level alone: the next smallest keeps its estimate and loses its counts."""
    result = demographic_effects(made(study_of, g=np.repeat(["a", "b", "c"], [70, 41, 9])))
    for shown in (result.differences, result.percents):
        assert shown.table["estimate"].notna().all()
        assert shown.table[["n_raters", "n_ratings"]].isna().all(axis=None)


def test_names_of_levels_do_not_matter_to_what_is_withheld(study_of):
    group = np.repeat(["a", "b vs a", "c"], [70, 41, 9])
    result = demographic_effects(made(study_of, g=group))
    for shown in (result.differences, result.percents):
        assert set(shown.table["contrast"]) == {"b vs a vs a"}
        assert shown.table[["n_raters", "n_ratings"]].isna().all(axis=None)


def test_in_place_of_a_small_reference_stands_the_largest_group(study_of):
    """As if the codebook had named it; the small group stays in the model and is not shown."""
    group = np.repeat(["a", "b", "c"], [4, 46, 70])
    study = made(study_of, g=group)
    result = demographic_effects(study)
    named = demographic_effects(with_reference(study, "g", "c"))
    for found, other in (
        (result.differences, named.differences),
        (result.percents, named.percents),
    ):
        assert set(found.table["contrast"]) == {"b vs c"}
        pd.testing.assert_frame_equal(found.table, other.table)
        notes = " ".join(found.meta.notes)
        assert "Compared with: G: c. " in notes
        assert (
            "G is compared with 'c', the largest group, as 'a' has fewer than 10 raters." in notes
        )
        assert "the largest group" not in " ".join(other.meta.notes)


def test_a_reference_that_only_one_dimension_lacks_is_replaced_there_alone(study_of):
    """Nine raters of the reference group rated the second dimension."""
    group = np.repeat(["a", "b", "c"], [40, 50, 30])
    frame = made(study_of, g=group).ratings[["rater", "item", "rating", "g"]].astype(object)
    frame = frame.assign(second=frame["rating"].where((frame["g"] != "a") | rated_by_nine(frame)))
    study = study_of(frame, dimensions={"rating": {}, "second": {}}, demographics={"g": {}})
    result = demographic_effects(study).differences
    shown = result.table.groupby("dimension")["contrast"].agg(set).to_dict()
    assert shown == {"Rating": {"b vs a", "c vs a"}, "Second": {"c vs b"}}
    notes = " ".join(result.meta.notes)
    assert "Compared with: G: a (Rating); G: b (Second)" in notes
    assert "as 'a' has fewer than 10 raters (Second)." in notes


def rated_by_nine(frame):
    return frame["rater"].isin(sorted(frame["rater"].unique(), key=lambda r: int(r[1:]))[:9])


def test_counts_of_raters_and_ratings(small_study, effects):
    ratings = small_study.ratings
    factors = ["gender", "age", "country", "ethnicity", "politics"]
    used = ratings.dropna(subset=["rating", *factors])
    used = used[used["dimension"] == "toxicity"]
    table = effects.differences.table
    row = table[(table["dimension"] == "Toxicity") & (table["contrast"] == "Male vs Female")].iloc[
        0
    ]
    men = used[used["gender"] == "Male"]
    assert (row["n_raters"], row["n_ratings"]) == (men["rater"].nunique(), len(men))


def test_nothing_is_shown_where_no_level_has_enough_raters(small_study):
    result = demographic_effects(small_study, ["gender"], ["toxicity"], min_cell=1000)
    for shown in (result.differences, result.percents):
        assert shown.table.empty
        assert shown.sentence


def test_a_demographic_not_asked_in_one_country_costs_no_other_effect_a_rating(study_of):
    country = np.repeat(["US", "China", "Peru"], 40)
    sex = np.tile(["f", "m"], 60)
    politics = np.where(country == "China", "", np.tile(["l", "l", "r"], 40))
    study = made(study_of, country=country, sex=sex, politics=politics)
    whole = demographic_effects(study).differences
    without = demographic_effects(study, ["country", "sex"]).differences
    rows = whole.table[whole.table["term"] != "Politics"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, without.table)
    assert set(whole.table["contrast"]) == {"Peru vs China", "US vs China", "m vs f", "r vs l"}
    own = whole.table.set_index("term").loc["Politics"]
    assert own["n_raters"] == (politics == "r").sum()
    assert "Politics (Country = China)" in " ".join(whole.meta.notes)


def test_a_demographic_asked_in_one_of_two_countries_still_has_its_effect(study_of):
    """In that country the country itself does not vary, and must not stop the model."""
    country = np.repeat(["US", "Germany"], 60)
    politics = np.where(country == "US", np.tile(["l", "r", "r"], 40), "")
    result = demographic_effects(made(study_of, country=country, politics=politics))
    table = result.differences.table.set_index("contrast")
    assert set(table.index) == {"US vs Germany", "r vs l"}
    assert table.loc["r vs l", "n_raters"] == (politics == "r").sum()
    assert np.isfinite(
        table.loc["r vs l", ["estimate", "conf_low", "conf_high"]].astype(float)
    ).all()


def test_demographics_that_say_the_same_have_no_estimates(study_of):
    country = np.repeat(["US", "Germany"], 60)
    result = demographic_effects(
        made(study_of, country=country, home=np.where(country == "US", "yes", "no"))
    )
    table = result.differences.table
    assert table["estimate"].isna().all()
    assert any("other terms" in text for text in result.differences.warnings)


def test_a_demographic_within_another_is_told_of_and_has_effects_in_one_group(study_of):
    country = np.repeat(["US", "Germany"], 60)
    party = np.where(country == "US", np.tile(["a", "b"], 60), np.tile(["c", "d"], 60))
    study = made(study_of, country=country, party=party)
    result = demographic_effects(study).differences
    assert result.table["estimate"].isna().all()
    assert result.warnings[0] == (
        "Rating: Party and Country cannot be told apart, as each group of the first is in one "
        "group of the second; look at one Country at a time, or leave one of the two out"
    )
    assert sum("cannot be told apart" in text for text in result.warnings) == 1
    one = demographic_effects(study.where(country="US")).differences
    assert list(one.table["contrast"]) == ["b vs a"]
    assert one.table["estimate"].notna().all()


def test_warnings_name_the_dimension(study_of):
    frame = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(60)], 5)})
    frame["item"] = list("abcdefg" * 50)[:300]
    frame["rating"] = [1, 2, 3, 4, 5] * 60
    frame["g"] = np.repeat(["x", "y"], 150)
    study = study_of(frame, dimensions={"rating": {"label": "Warmth"}}, demographics={"g": {}})
    warned, *_ = demographic_effects(study).differences.warnings
    assert warned.startswith("Warmth: the variance between levels of 'rater' is estimated as 0")


def test_a_scale_about_zero_has_differences_and_no_percentage_of_the_mean(study_of):
    n = 60
    frame = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(n)], 3)})
    frame["item"] = ["a", "b", "c"] * n
    frame["rating"] = np.random.default_rng(1).integers(-2, 3, 3 * n)
    frame.loc[frame.index < 90, "rating"] -= frame.loc[frame.index < 90, "rating"].mean() > 0
    frame["rating"] = frame["rating"].clip(-2, 2)
    frame["g"] = np.repeat(["x", "y"], 90)
    study = study_of(frame, dimensions={"rating": {"scale": [-2, 2]}}, demographics={"g": {}})
    result = demographic_effects(study)
    assert result.differences.table["estimate"].notna().all()
    means = result.percents.table[result.percents.table["reading"] == "mean"]
    assert means["estimate"].isna().all()


def test_unknown_names(small_study):
    with pytest.raises(InputError, match=r"the demographic must be one of .*did you mean 'gender'"):
        demographic_effects(small_study, ["gendr"])
    with pytest.raises(InputError, match=r"the dimension must be one of .*did you mean 'toxicity'"):
        demographic_effects(small_study, dimensions=["toxicty"])


def test_the_sentences_name_what_is_clear(study_of):
    study = made(study_of, g=np.repeat(["a", "b"], 60))
    ratings = study.ratings
    lift = pd.DataFrame(
        {
            "rater": ratings["rater"].astype(str),
            "item": ratings["item"].astype(str),
            "rating": np.where(ratings["g"] == "b", 4, 2) + ratings["rating"] % 2,
            "g": ratings["g"].astype(str),
        }
    )
    result = demographic_effects(study_of(lift, demographics={"g": {}}))
    row = result.differences.table.iloc[0]
    assert row["p_adjusted"] < 0.001
    told = "The one difference between groups has an adjusted p below 0.05: on Rating, G: b vs a, "
    assert result.differences.sentence.startswith(f"{told}+{row['estimate']:.2f} rating points")
    assert "b vs a" in result.percents.sentence
    assert "as odds" in result.percents.sentence


# The real study -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trust(trustamas):
    names = ["gender", "age", "country"]
    one = ["trustworthy"]
    return (
        demographic_effects(trustamas, names, one).differences,
        demographic_effects(trustamas, [*names, "politics"], one).differences,
    )


def test_politics_costs_no_rows_in_other_demographics_effects(trust):
    without, whole = trust
    rows = whole.table[whole.table["term"] != "Political ideology"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, without.table)
    assert "China vs USA" in set(whole.table["contrast"])
    assert {"Male vs Female", "Centre (4) vs Left (1–3)"} <= set(whole.table["contrast"])
    assert "Political ideology (Country = China)" in " ".join(whole.meta.notes)


def test_country_counts_are_those_of_the_data(trust, trustamas):
    rows = trustamas.where(dimension="trustworthy").ratings
    rows = rows.dropna(subset=["rating", "gender", "age", "country"])
    table = trust[1].table.set_index("contrast")
    china = rows[rows["country"] == "China"]
    assert table.loc["China vs USA", "n_ratings"] == len(china)
    assert table.loc["China vs USA", "n_raters"] == china["rater"].nunique()
