import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.outcomes import (
    RatingFinding,
    published_rating_findings,
    rating_choices,
    rating_multiverse,
    study_by_filter,
)
from pluralign_stats.settings import CONF_LEVEL

GENDER = RatingFinding("Toxicity by gender", "toxicity", "gender", "Male", "Female")
POLITICS = RatingFinding(
    "Awareness by politics", "emotional_awareness", "politics", "Conservative", "Liberal"
)
FEW = {"model": ["ordinal", "linear"], "scale": ["5-point", "binary"]}


@pytest.fixture(scope="module")
def study():
    return pls.simulate_study(5, n_raters=400, n_prompts=20, responses_per_prompt=2)


@pytest.fixture(scope="module")
def result(study):
    return rating_multiverse(study, GENDER, FEW)


def latent(fit):
    return np.sqrt(LATENT_SD["logit"] ** 2 + (fit.random_sd**2).sum())


def test_the_main_analysis_is_the_demographic_model(study, result):
    fit = pls.demographic_effects(study, dimensions=["toxicity"]).fits["toxicity", "gender"]
    row = result.table.iloc[0]
    estimate = fit.params["gender[T.Male]"] / latent(fit)
    width = norm.ppf((1 + CONF_LEVEL) / 2) * fit.se["gender[T.Male]"] / latent(fit)
    assert row["main"]
    assert row["estimate"] == pytest.approx(estimate)
    assert row["conf_low"] == pytest.approx(estimate - width)
    assert row["conf_high"] == pytest.approx(estimate + width)
    assert row["n_ratings"] == fit.nobs
    assert row["n_raters"] == fit.design.data["rater"].nunique()
    assert result.meta.unit == "SD of a rating"


def test_every_row_is_the_analysis_that_it_names(study):
    choices = {"adjustment": ["alone"], **FEW, "language": ["en"]}
    table = rating_multiverse(study, GENDER, choices).table
    data = study.where(dimension="toxicity", language="en").ratings.dropna(subset="rating")
    formula = "rating ~ gender + (1|rater) + (1|item)"
    linear = pls.fit_linear(formula, data)
    differences = pls.contrasts(linear, "gender").table
    own = differences[differences["contrast"] == "Male vs Female"].iloc[0]
    row = table[(table["model"] == "linear") & (table["scale"] == "5-point")].iloc[0]
    assert row["estimate"] == pytest.approx(own["standardized"])
    assert row["conf_low"] == pytest.approx(own["conf_low"] / linear.rating_sd)
    binary = pls.fit_ordinal(formula, data.assign(rating=(data["rating"] >= 4).astype(int)))
    row = table[(table["model"] == "ordinal") & (table["scale"] == "binary")].iloc[0]
    assert row["estimate"] == pytest.approx(binary.params["gender[T.Male]"] / latent(binary))
    assert "binary logit" in row["method"]


@pytest.mark.parametrize("finding", [GENDER, POLITICS])
def test_a_planted_effect_is_found_by_every_model(study, finding):
    models = ["ordinal", "linear", "ordinal GEE", "linear GEE", "OLS"]
    table = rating_multiverse(study, finding, {"model": models}).table
    assert np.ptp(table["estimate"]) < np.ptp(table.loc[0, ["conf_low", "conf_high"]]) / 2
    truth = study.truth
    effects = truth.effects.set_index(["dimension", "term", "level"])["estimate"]
    planted = effects[finding.dimension, finding.term, finding.level]
    variance = truth.rater_sd[finding.dimension] ** 2 + truth.item_sd[finding.dimension] ** 2
    standardized = planted / np.sqrt(LATENT_SD["logit"] ** 2 + variance)
    assert (np.sign(table["estimate"]) == np.sign(planted)).all()
    assert table["agrees"].all()
    assert table["conf_low"].iloc[0] < standardized < table["conf_high"].iloc[0]


def test_the_other_way_round_only_the_sign_changes(study, result):
    turned = RatingFinding("x", "toxicity", "gender", "Female", "Male")
    row = rating_multiverse(study, turned, {"model": ["ordinal"]}).table.iloc[0]
    assert row["estimate"] == pytest.approx(-result.table["estimate"].iloc[0])
    assert row["conf_low"] == pytest.approx(-result.table["conf_high"].iloc[0])


def test_choices_are_those_that_the_data_offer(study):
    assert rating_choices(study, GENDER) == {
        "model": ["ordinal", "linear", "ordinal GEE", "linear GEE", "OLS"],
        "scale": ["5-point", "3-point", "binary"],
        "adjustment": ["all demographics", "alone"],
        "language": ["all", "de", "en"],
    }
    assert "language" not in rating_choices(study, GENDER, min_cell=150)


def made(n_raters=60, seed=1):
    """A study of one country with an attention check that some rows fail, upside down."""
    rng = np.random.default_rng(seed)
    rater, item = np.arange(n_raters).repeat(8), np.tile(np.arange(8), n_raters)
    male = rater % 2
    quality = rng.normal(size=n_raters)[rater] / 2 + rng.normal(size=len(rater))
    failed = (rng.random(len(rater)) < 0.3) & (male == 1)
    score = np.where(failed, 1, np.clip(np.round(3 + quality + 0.9 * male), 1, 5)).astype(int)
    columns = {"rater": rater, "item": item, "rating": score, "attention": (~failed).astype(int),
               "sex": np.where(male, "m", "f")}  # fmt: skip
    return pd.DataFrame(columns).astype(str)


BOOK = {"demographics": {"sex": {"levels": ["f", "m"]}}}
SEX = RatingFinding("Rating by sex", "rating", "sex", "m", "f")


def test_a_study_without_filters_languages_or_other_demographics_offers_none(study_of):
    study = study_of(made(), **BOOK)
    assert set(rating_choices(study, SEX)) == {"model", "scale"}
    table = rating_multiverse(study, SEX).table
    assert len(table) == 15
    assert not {"filter", "language", "country", "adjustment"} & set(table)


def test_scales_go_from_the_one_that_was_used_to_the_coarsest(study_of):
    thirds = {"3-point": {1: 1, 2: 1, 3: 2, 4: 2, 5: 2, 6: 3, 7: 3}}
    wide = {**BOOK, "dimensions": {"rating": {"scale": [1, 7], "conversions": thirds}}}
    assert rating_choices(study_of(made(), **wide), SEX)["scale"] == ["as-rated", "3-point"]


@pytest.fixture
def filtered(tmp_path):
    made().to_csv(tmp_path / "ratings.csv", index=False)
    text = """\
name: made
files: {ratings: ratings.csv}
columns: {rater: rater, item: item}
dimensions: {rating: {}}
demographics: {sex: {levels: [f, m]}}
filters: {attention: {columns: [attention], keep: ["1"]}}
"""
    (tmp_path / "study.yaml").write_text(text, "utf-8")
    return tmp_path / "study.yaml"


def test_ratings_that_failed_a_check_are_a_choice(filtered):
    study = pls.read_study(filtered)
    assert study.exclusions["rows"].sum() > 0
    studies = study_by_filter(study, filtered)
    choices = {"model": ["linear"], "filter": ["passed", "all ratings"]}
    table = rating_multiverse(studies, SEX, choices).table
    assert table["n_ratings"].tolist() == [480 - study.exclusions["rows"].sum(), 480]
    assert table["estimate"].iloc[0] > table["estimate"].iloc[1] + 0.1
    assert rating_choices(studies, SEX)["filter"] == ["passed", "all ratings"]
    whole = pls.read_study(filtered, filters=False)
    assert set(study_by_filter(whole, filtered)) == {"passed"}


def test_what_filters_removed_and_cannot_be_read_is_told_of(filtered):
    path = filtered.parent / "ratings.csv"
    table = pd.read_csv(path, dtype=str)
    table.loc[table["attention"] == "0", "rating"] = "9"
    table.to_csv(path, index=False)
    studies = study_by_filter(pls.read_study(filtered), filtered)
    result = rating_multiverse(studies, SEX, {"model": ["linear"]})
    assert "filter" not in rating_choices(studies, SEX)
    told = [note for note in result.meta.notes if note.startswith("Without filters")]
    assert "ratings.csv" in told[0]
    choices = {"model": ["linear"], "filter": ["passed", "all ratings"]}
    row = rating_multiverse(studies, SEX, choices).table.iloc[1]
    assert "ratings.csv" in row["reason"]


def test_groups_too_small_are_never_compared(study):
    size = int((study.raters["gender"] == "Non-binary").sum())
    finding = RatingFinding("x", "toxicity", "gender", "Non-binary", "Female")
    result = rating_multiverse(study, finding, {"model": ["linear"]}, min_cell=size + 1)
    row = result.table.iloc[0]
    assert row["reason"] == f"fewer than {size + 1} raters of the group 'Non-binary'"
    assert row[["estimate", "n_raters", "n_ratings"]].isna().all()
    assert "the one analysis could not be carried out (" in result.sentence
    shown = rating_multiverse(study, finding, {"model": ["linear"]}, min_cell=2).table
    assert np.isfinite(shown["estimate"].iloc[0])


def test_a_main_analysis_that_is_impossible_stays_and_says_why(study_of):
    """Few men state their age, so that with it there are too few of them."""
    frame = made().assign(age=np.where(made()["rater"].astype(int) % 4 < 2, "old", "young"))
    men = (frame["sex"] == "m") & (frame["rater"].astype(int) > 8)
    frame.loc[men, "age"] = ""
    book = {"demographics": {**BOOK["demographics"], "age": {}}}
    table = rating_multiverse(study_of(frame, **book), SEX).table
    assert len(table) == 30
    assert table["main"].iloc[0]
    assert table["reason"].iloc[0] == "fewer than 10 raters of the group 'm'"
    alone = table["adjustment"] == "alone"
    assert table.loc[alone, "estimate"].notna().all()
    assert table.loc[~alone, "estimate"].isna().all()


def test_analyses_of_the_same_ratings_are_done_once(study_of):
    study = study_of(made(), **BOOK)
    result = rating_multiverse({"passed": study, "all ratings": study}, SEX)
    assert result.table["filter"].tolist() == ["passed"] * 15
    assert "15 more have the same ratings as another, and are left out." in result.meta.notes


def test_languages_are_not_crossed_with_everyone(study_of):
    frame = made().assign(tongue=np.where(made()["rater"].astype(int) < 24, "de", "en"))
    book = {**BOOK, "columns": {"rater": "rater", "item": "item", "language": "tongue"}}
    check = {"attention": {"columns": ["attention"], "keep": ["1"]}}
    studies = {
        "passed": study_of(frame, **book, filters=check),
        "all ratings": study_of(frame, **book),
    }
    result = rating_multiverse(studies, SEX)
    counts = result.table[["filter", "language"]].value_counts()
    assert counts.to_dict() == {
        ("passed", "all"): 15, ("passed", "de"): 6, ("passed", "en"): 6, ("all ratings", "all"): 15
    }  # fmt: skip
    told = "Single languages, countries and formats are looked at in ratings that passed only"
    assert any(told in note for note in result.meta.notes)


def test_languages_are_offered_only_without_giving_a_small_group_away(study_of):
    """Counts of all ratings less those of two languages would tell how many speak the third."""
    frame = made().assign(tongue="en")
    who = frame["rater"].astype(int)
    frame.loc[who < 24, "tongue"] = "de"
    book = {**BOOK, "columns": {"rater": "rater", "item": "item", "language": "tongue"}}
    assert rating_choices(study_of(frame, **book), SEX)["language"] == ["all", "de", "en"]
    frame.loc[who < 4, "tongue"] = "fr"
    assert "language" not in rating_choices(study_of(frame, **book), SEX)
    assert rating_choices(study_of(frame, **book), SEX, min_cell=2)["language"][-1] == "fr"


def test_published_findings_are_those_that_the_study_has(study, study_of):
    names = [finding.name for finding in published_rating_findings(study)]
    assert names == [
        "Toxicity, Male vs Female raters",
        "Emotional awareness, Conservative vs Liberal raters",
        "Emotional awareness, Black or African American vs White raters",
    ]
    assert len(published_rating_findings(study.where(dimension="toxicity"))) == 1
    assert published_rating_findings(study_of(made(), **BOOK)) == ()


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"colour": ["red"]}, "a choice must be one of"),
        ({"model": ["cubic"]}, "'model' must be one of"),
        ({"scale": ["10-point"]}, "'scale' must be one of"),
        ({"filter": ["all ratings"]}, "'filter' must be one of"),
        ({"language": ["fr"]}, "'language' must be one of"),
        ({"adjustment": []}, "has no option"),
    ],
)
def test_bad_choices(study, choices, told):
    with pytest.raises(InputError, match=told) as refused:
        rating_multiverse(study, GENDER, choices)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (RatingFinding("x", "wit", "gender", "Male", "Female"), "the dimension must be one of"),
        (RatingFinding("x", "toxicity", "shoes", "Male", "Female"), "the demographic must be"),
        (RatingFinding("x", "toxicity", "gender", "Men", "Female"), "the level of 'gender' must"),
        (RatingFinding("x", "toxicity", "gender", "Male", "Male"), "two different groups"),
    ],
)
def test_bad_findings(study, finding, told):
    for ask in (rating_multiverse, rating_choices):
        with pytest.raises(InputError, match=told):
            ask(study, finding)


def test_a_slider_is_analysed_as_numbers_first(slider_study):
    finding = RatingFinding("Toxicity by gender", "toxicity", "gender", "Male", "Female")
    assert rating_choices(slider_study, finding)["scale"] == [
        "as-rated",
        "5-point",
        "3-point",
        "binary",
    ]
    result = rating_multiverse(slider_study, finding)
    table = result.table
    assert table.loc[0, ["model", "scale", "main"]].tolist() == ["linear", "as-rated", True]
    ordinal = table["model"].isin(["ordinal", "ordinal GEE"])
    assert not (ordinal & (table["scale"] == "as-rated")).any()
    assert (table["reason"] == "").all()
    notes = " ".join(result.meta.notes)
    assert "Ordinal models are fitted on scales of 15 ratings or fewer" in notes
    assert "0 to 19 as 1, 20 to 39 as 2, 40 to 60 as 3, 61 to 80 as 4, 81 to 100 as 5" in notes
