"""Effects of covariates in public sets, against lme4 and against means by hand."""

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.demographics import covariate_effects

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def irony(lewidi_folder):
    study = pls.read_study("multipico", lewidi_folder)
    return study, covariate_effects(study)


def test_the_source_of_a_reply_rests_on_replies(irony):
    _, made = irony
    fit = made.fits["irony", "source"]
    assert fit.formula.endswith("+ source + (1 + source|rater) + (1|item)")
    # lme4 1.1-31, glmer with Laplace's approximation, of the same rows; it stops a little sooner.
    assert fit.params["source[T.twitter]"] == pytest.approx(-0.19288, abs=2e-3)
    assert fit.random_sd.tolist() == pytest.approx([0.7627, 0.3735, 1.5417], rel=1e-2)
    assert -15916.11 <= fit.loglik <= -15915.5
    row = made.differences.table.set_index("term").loc["Source of the reply"]
    assert (row["contrast"], row["p_value"] < 0.01) == ("twitter vs reddit", True)


def test_languages_are_compared_with_that_of_most_raters(irony):
    study, made = irony
    table = made.differences.table
    found = table[table["term"] == "Language"]
    assert found["reference"].unique().tolist() == ["es"]
    told = "Language is the same in all ratings of a rater and of an item; model: rating ~"
    assert any(note.startswith(told) for note in made.differences.meta.notes)
    # Shares of ironic ratings by language differ as the estimates do.
    given = study.ratings.dropna(subset=["rating", "gender", "ethnicity", "age", "student"])
    means = given.groupby("language", observed=True)["rating"].mean()
    plain = pd.Series(means[found["level"]].to_numpy() - means["es"], found.index)
    assert plain.corr(found["estimate"]) > 0.9


def test_advice_and_advisor_rest_on_sixteen_responses(trustamas):
    made = covariate_effects(trustamas, dimensions=["blame"])
    table = made.differences.table.set_index("term")
    assert table["df"].tolist() == [13, 13]
    assert all(fit.formula.endswith("prompt + (1|rater) + (1|item)") for fit in made.fits.values())
    given = trustamas.ratings
    given = given[(given["dimension"] == "blame") & given["rating"].notna()]
    by_item = given.groupby(["advice", "item"], observed=True)["rating"].mean()
    means = by_item.groupby(level=0, observed=True).mean()
    gap = means["Utilitarian"] - means["Deontological"]
    assert table.loc["Advice", "estimate"] == pytest.approx(gap, abs=0.1)
    assert table.loc["Advice", "conf_low"] > 0 > table.loc["Advisor", "conf_low"]
