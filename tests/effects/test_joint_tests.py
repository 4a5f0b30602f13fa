"""Joint tests of variables and of interactions, against emmeans and lmerTest."""

import json
from pathlib import Path

import pandas as pd
import pytest

import pluralign_stats as pls

REFERENCE = Path(__file__).parents[1] / "reference"
STORED = json.loads((REFERENCE / "joint_tests.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def ratings() -> pd.DataFrame:
    """The rows that make_joint_tests_reference.R takes."""
    d = pd.read_csv(REFERENCE / "sim_toxicity.csv.gz", dtype={"rater": str, "item": str})
    d = d[d["gender"].isin(["Female", "Male"])].dropna()
    younger = d["age"].isin(["18-30", "31-40"]).map({True: "younger", False: "older"})
    return d.assign(age=younger)


@pytest.fixture(scope="module")
def clm(ratings: pd.DataFrame) -> pls.OrdinalFit:
    return pls.fit_ordinal("rating ~ gender * politics", ratings)


@pytest.fixture(scope="module")
def clmm(ratings: pd.DataFrame) -> pls.OrdinalFit:
    return pls.fit_ordinal("rating ~ gender * politics * age + (1|rater)", ratings)


@pytest.fixture(scope="module")
def lmer(ratings: pd.DataFrame) -> pls.LinearFit:
    formula = "rating ~ gender * politics * age + (1|rater) + (1|item)"
    return pls.fit_linear(formula, ratings)


@pytest.mark.parametrize("term", ["gender:politics", "politics:gender", " politics : gender "])
def test_an_interaction_of_an_ordinal_model_is_emmeans_whatever_its_order(clm, term):
    row, stored = pls.joint_test(clm, term).table.iloc[0], STORED["clm"]["gender:politics"]
    assert row["term"] == "gender:politics"
    assert row["statistic"] == pytest.approx(stored["chisq"], abs=2e-3)
    assert row["df"] == stored["df"]
    assert row["p_value"] == pytest.approx(stored["p"], rel=1e-3)


@pytest.mark.parametrize("term", ["gender:politics:age", "age:gender:politics"])
def test_a_three_way_interaction_of_an_ordinal_mixed_model_is_emmeans(clmm, term):
    result, stored = pls.joint_test(clmm, term), STORED["clmm"]["gender:politics:age"]
    row = result.table.iloc[0]
    assert set(row["term"].split(":")) == {"gender", "politics", "age"}
    assert row["statistic"] == pytest.approx(stored["chisq"], abs=2e-3)
    assert row["p_value"] == pytest.approx(stored["p"], rel=2e-3)
    assert "do not clearly depend on each other" in result.sentence


def test_a_three_way_interaction_of_a_linear_model_is_lmertests(lmer):
    row, stored = pls.joint_test(lmer, "age:politics:gender").table.iloc[0], STORED["lmer"]
    stored = stored["gender:politics:age"]
    assert row["statistic"] == pytest.approx(stored["F"], rel=1e-3)
    assert row["df"] == stored["df"]
    assert row["df_residual"] == pytest.approx(stored["df_residual"], rel=1e-2)
    assert row["p_value"] == pytest.approx(stored["p"], rel=1e-2)


def test_an_interaction_within_another_is_tested_with_it_and_says_so(lmer):
    result, stored = pls.joint_test(lmer, "politics:gender"), STORED["lmer_containing"]
    row, stored = result.table.iloc[0], stored["gender:politics"]
    assert row["df"] == stored["df"] == 4
    assert row["statistic"] == pytest.approx(stored["F"], rel=1e-3)
    assert row["p_value"] == pytest.approx(stored["p"], rel=1e-2)
    assert "Tested with the interactions that contain it" in " ".join(map(str, result.meta.notes))
    highest = pls.joint_test(lmer, "gender:politics:age")
    assert "that contain it" not in " ".join(map(str, highest.meta.notes))


def test_what_is_tested_hangs_on_no_reference_level(ratings, lmer):
    turned = ratings.assign(age=pd.Categorical(ratings["age"], ["younger", "older"]))
    other = pls.fit_linear(lmer.formula, turned)
    for term in ("gender:politics", "politics"):
        one, two = (pls.joint_test(fit, term).table.iloc[0] for fit in (lmer, other))
        assert one["statistic"] == pytest.approx(two["statistic"], rel=1e-4)


def test_numbers_cross_too(ratings):
    n = ratings.assign(years=ratings["item"].astype(int) % 7)
    fit = pls.fit_ordinal("rating ~ years * gender", n)
    row = pls.joint_test(fit, "years:gender").table.iloc[0]
    z = fit.params["years:gender[T.Male]"] / fit.se["years:gender[T.Male]"]
    assert row["statistic"] == pytest.approx(z**2)
    assert row["term"] == "gender:years"


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("gender:age", "the model has no interaction 'gender:age', its interactions are "
         "'gender:politics'; fit one with + gender:age in its formula"),
        ("gender:polit", "the variable must be one of 'gender', 'politics', 'age', not 'polit'; "
         "did you mean 'politics'?"),
        ("gender*politics", "the variable must be one of"),
        ("gender[T.Male]", "the variable must be one of"),
        ("", "the variable must be one of 'gender', 'politics', 'age', not ''"),
    ],
)  # fmt: skip
def test_what_is_no_term_of_the_model_is_refused_in_one_line(ratings, term, told):
    fit = pls.fit_ordinal("rating ~ gender * politics + age", ratings)
    with pytest.raises(pls.InputError) as caught:
        pls.joint_test(fit, term)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


def test_a_model_without_interactions_says_so(ratings):
    fit = pls.fit_ordinal("rating ~ gender + politics", ratings)
    with pytest.raises(pls.InputError, match="it has no interactions; fit one with"):
        pls.joint_test(fit, "gender:politics")


def test_an_interaction_that_others_determine_is_not_told_apart(ratings):
    twin = ratings["gender"].map({"Female": "x", "Male": "y"})
    fit = pls.fit_ordinal("rating ~ gender * twin", ratings.assign(twin=twin))
    with pytest.raises(pls.InputError, match="do not tell the effects of 'gender:twin' apart"):
        pls.joint_test(fit, "twin:gender")


def test_effects_of_an_interaction_on_thresholds_are_another_matter(ratings):
    fit = pls.fit_ordinal("rating ~ age", ratings, nominal="gender:politics")
    with pytest.raises(pls.InputError, match="'gender:politics' has effects on single thresholds"):
        pls.joint_test(fit, "gender:politics")


def test_a_test_of_small_cells_is_withheld(ratings):
    first = ratings["rater"].drop_duplicates()
    few = ratings[ratings["rater"].isin(first.head(60))]
    fit = pls.fit_ordinal("rating ~ gender * politics", few, rater="rater")
    cells = few.groupby(["gender", "politics"])["rater"].nunique()
    levels = few.groupby("gender")["rater"].nunique()
    assert cells.min() < 10 <= levels.min()
    assert pls.joint_test(fit, "gender:politics").released().table.empty
    assert len(pls.joint_test(fit, "gender:politics").table) == 1
