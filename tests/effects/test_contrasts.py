import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from pluralign_stats import InputError, fit_linear, fit_ordinal
from pluralign_stats.effects.adjust import holm


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(9)
    n, m = 90, 3
    rater = np.repeat(np.arange(n), m)
    frame = pd.DataFrame({"rater": rater})
    frame["group"] = pd.Categorical(rng.choice(list("abcd"), n)[rater], list("cabd"))
    frame["sex"] = pd.Categorical(rng.choice(["f", "m"], n, p=[0.7, 0.3])[rater])
    frame["wave"] = pd.Categorical(np.tile([1, 2, 3], n))
    frame["age"] = rng.normal(size=n)[rater]
    frame["word"] = rng.choice(["x", "y"], n)[rater]
    frame["rating"] = 3 + rng.normal(size=n)[rater] + rng.normal(size=n * m)
    return frame


@pytest.fixture(scope="module")
def fit(data):
    return fit_linear("rating ~ group + sex + age + word + wave + (1|rater)", data)


def test_in_a_model_of_main_effects_contrasts_are_the_coefficients(fit):
    table = fit.contrasts("group").table.set_index("contrast")
    for level in "abd":
        row, name = table.loc[f"{level} vs c"], f"group[T.{level}]"
        b, se = fit.params[name], fit.se[name]
        assert row["estimate"] == pytest.approx(b)
        assert row["std_error"] == pytest.approx(se)
        # Between raters, of whom there are 90: Satterthwaite's degrees of freedom are fewer.
        assert 80 < row["df"] < 90
        assert row["conf_low"] == pytest.approx(b - student.ppf(0.975, row["df"]) * se)
        assert row["conf_high"] == pytest.approx(b + student.ppf(0.975, row["df"]) * se)
        assert row["p_value"] == pytest.approx(2 * student.sf(abs(b / se), row["df"]))
        spread = np.sqrt((fit.random_sd**2).sum())
        assert row["standardized"] == pytest.approx(b / spread)
    np.testing.assert_allclose(table["p_adjusted"], holm(table["p_value"].to_numpy()))


def test_with_interactions_they_are_averages_over_the_data(data):
    fit = fit_linear("rating ~ group * sex + group:age + (1|rater)", data)
    row = fit.contrasts("group").table.set_index("contrast").loc["b vs c"]
    men, age = (data["sex"] == "m").mean(), data["age"].mean()
    b = fit.params
    weights = pd.Series(0.0, b.index)
    weights["group[T.b]"], weights["group[T.b]:sex[T.m]"] = 1, men
    weights["group[b]:age"], weights["group[c]:age"] = age, -age
    assert row["estimate"] == pytest.approx(weights @ b)
    assert row["std_error"] == pytest.approx(np.sqrt(weights @ fit.vcov @ weights))
    both = [data.assign(group=pd.Categorical([k] * len(data), list("cabd"))) for k in "bc"]
    first, second = (fit.predict(d).mean() for d in both)
    assert row["estimate"] == pytest.approx(first - second)


def test_all_pairs(fit):
    table = fit.contrasts("group", pairs="all").table
    assert list(table["contrast"]) == [
        *("a vs c", "b vs c", "d vs c", "b vs a", "d vs a", "d vs b")
    ]
    found = table.set_index("contrast")
    b, V = fit.params, fit.vcov
    difference = b["group[T.d]"] - b["group[T.a]"]
    variance = V.loc["group[T.d]", "group[T.d]"] + V.loc["group[T.a]", "group[T.a]"]
    variance -= 2 * V.loc["group[T.d]", "group[T.a]"]
    assert found.loc["d vs a", "estimate"] == pytest.approx(difference)
    assert found.loc["d vs a", "std_error"] == pytest.approx(np.sqrt(variance))
    np.testing.assert_allclose(found["p_adjusted"], holm(found["p_value"].to_numpy()))
    part = fit.contrasts("group").table.set_index("contrast")
    assert (found.loc[part.index, "p_adjusted"] >= part["p_adjusted"] - 1e-12).all()


def test_raters_and_ratings_are_those_of_the_level_named_first(fit, data):
    table = fit.contrasts("group", pairs="all").table
    for row in table.itertuples():
        block = data[data["group"] == row.contrast[0]]
        assert row.n_ratings == len(block)
        assert row.n_raters == block["rater"].nunique()


def test_factors_of_words_and_of_numbers(fit):
    words = fit.contrasts("word").table
    assert words["contrast"].tolist() == ["y vs x"]
    assert words["estimate"].tolist() == [pytest.approx(fit.params["word[T.y]"])]
    numbers = fit.contrasts("wave").table
    assert numbers["contrast"].tolist() == ["2 vs 1", "3 vs 1"]
    np.testing.assert_allclose(numbers["estimate"], fit.params[["wave[T.2]", "wave[T.3]"]])


def test_the_level_of_the_interval(fit):
    narrow, wide = (fit.contrasts("sex", conf_level=c) for c in (0.5, 0.99))
    width = [(r.table["conf_high"] - r.table["conf_low"]).iloc[0] for r in (narrow, wide)]
    df = wide.table["df"].iloc[0]
    assert width[1] / width[0] == pytest.approx(student.ppf(0.995, df) / student.ppf(0.75, df))
    assert wide.meta.conf_level == 0.99


def test_a_term_that_others_determine_has_no_contrast(data):
    twice = data.assign(again=data["sex"].cat.rename_categories({"f": "one", "m": "two"}))
    fit = fit_linear("rating ~ sex + again + group + (1|rater)", twice)
    for factor in ("again", "sex"):
        result = fit.contrasts(factor)
        assert result.table[["estimate", "std_error", "p_value"]].isna().all(axis=None)
        assert result.warnings == fit.warnings != ()
        assert "other terms" in result.sentence
    assert fit.contrasts("group").table["estimate"].notna().all()


def test_an_empty_cell_of_an_interaction_is_not_averaged_over(data):
    holes = data[~((data["group"] == "b") & (data["sex"] == "m"))]
    table = fit_linear("rating ~ group * sex + (1|rater)", holes).contrasts("group").table
    table = table.set_index("contrast")
    assert np.isnan(table.loc["b vs c", "estimate"])
    assert table.loc[["a vs c", "d vs c"], "estimate"].notna().all()


def test_the_sentence_counts_and_names_the_largest(fit):
    result = fit.contrasts("group")
    clear = (result.table["p_adjusted"] < 0.05).sum()
    largest = result.table.loc[result.table["estimate"].abs().idxmax(), "contrast"]
    assert result.sentence.startswith(f"{clear} of 3 differences by group have an adjusted p")
    assert f"the largest is {largest}: " in result.sentence


def test_the_sentence_of_shares_names_the_rating(data):
    rated = data.assign(rating=pd.qcut(data["rating"], 3, labels=["low", "mid", "high"]))
    ordinal = fit_ordinal("rating ~ group + sex + (1|rater)", rated)
    result = ordinal.contrasts("group", kind="probability", by="sex")
    row = result.table.loc[result.table["estimate"].abs().idxmax()]
    assert f"{row['contrast']} (rating {row['rating']}, {row['group']}): " in result.sentence


@pytest.mark.parametrize("factor", ["grop", "age", "rater"])
def test_what_is_no_factor_of_the_model(fit, factor):
    with pytest.raises(
        InputError, match="the factor must be one of 'group', 'sex', 'wave', 'word'"
    ):
        fit.contrasts(factor)


def test_bad_options(fit):
    with pytest.raises(
        InputError, match="'pairs' must be one of 'reference', 'all', 'sequential', not 'every'"
    ):
        fit.contrasts("sex", pairs="every")
    with pytest.raises(InputError, match="conf_level must lie between 0 and 1"):
        fit.contrasts("sex", conf_level=95)
