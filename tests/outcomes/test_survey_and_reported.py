from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_outcomes import make_table, outcomes_of

import pluralign_stats as pls
from pluralign_stats import InputError, preference_pairs
from pluralign_stats.backing import COUNT_WITHHELD
from pluralign_stats.designs import ONE_RUN, parse_objective
from pluralign_stats.feedback import Recipe
from pluralign_stats.outcomes import reported, survey_and_models
from pluralign_stats.outcomes.published import ABSTRACT, GAINS, SOURCE, verdict

GENDER = ("gender", "Female", "Male")


@pytest.fixture(scope="module")
def study():
    return pls.simulate_study(7, n_raters=150, n_prompts=12, responses_per_prompt=3)


@pytest.fixture(scope="module")
def outcomes(study):
    """Models tuned on women's and men's ratings of toxicity; held-out prompts are the study's."""
    groups = {"gender=Female": -1.0, "gender=Male": -0.2}
    table = make_table(groups, factor="group", run_sd=0.1, n_prompts=4, n_samples=4)
    names = dict(zip(table["prompt"].unique(), study.items["prompt"].unique(), strict=False))
    table["prompt"] = table["prompt"].map(names)
    return outcomes_of(table, codebook=study.codebook)


@pytest.fixture(scope="module")
def result(study, outcomes):
    return survey_and_models(study, outcomes, [GENDER])


def test_ratings_are_those_of_the_demographic_model(study, result):
    effects = pls.demographic_effects(study, dimensions=["toxicity"])
    table = effects.differences.table
    theirs = table[table["contrast"] == "Male vs Female"].iloc[0]
    ours = result.table[result.table["source"] == "ratings"].iloc[0]
    assert ours["contrast"] == "Female vs Male"
    assert ours["estimate"] == pytest.approx(-theirs["estimate"])
    assert ours["conf_low"] == pytest.approx(-theirs["conf_high"])
    women = effects.fits["toxicity", "gender"].design.data.query("gender == 'Female'")
    given = survey_and_models(study, _of(study), [GENDER], fits=effects.fits, min_cell=2).table
    counts = given[["n_ratings", "n_raters"]].iloc[0].tolist()
    assert counts == [len(women), women["rater"].nunique()]
    assert given["estimate"].iloc[0] == pytest.approx(ours["estimate"])


def _of(study):
    groups = {"gender=Female": 1.0, "gender=Male": 0.2}
    table = make_table(groups, factor="group", n_prompts=2)
    return outcomes_of(table, codebook=study.codebook)


def test_models_are_compared_as_pairwise_does(outcomes, result):
    row = result.table[result.table["source"] == "models"].iloc[0]
    made = pls.outcomes.pairwise(pls.outcomes.select_experiment(outcomes, "group")).table.iloc[0]
    for column in ("estimate", "std_error", "conf_low", "n_runs"):
        assert row[column] == pytest.approx(made[column])


def test_pairs_and_margins_are_those_of_the_feedback(study, outcomes, result):
    asked = set(outcomes.table["prompt"])
    prompts = [p for p in study.items["prompt"].unique() if p not in asked]
    for which, level in (("first", "Female"), ("second", "Male")):
        recipe = Recipe(weights={"toxicity": 1.0}, group={"gender": [level]})
        made = preference_pairs(study, recipe, prompts).table
        assert (result.table[f"n_pairs_{which}"] == made["n"].sum()).all()
        margin = (made["margin"] * made["n"]).sum() / made["n"].sum()
        np.testing.assert_allclose(result.table[f"margin_{which}"], margin)


def test_signs(study, outcomes, result):
    same = np.sign(result.table["estimate"]).nunique() == 1
    assert result.table["signs_agree"].unique().tolist() == [same]
    turned = outcomes.table.assign(score=6 - outcomes.table["score"])
    other = survey_and_models(study, replace(outcomes, table=turned), [GENDER]).table
    assert other["signs_agree"].iloc[0] != result.table["signs_agree"].iloc[0]


def test_tables_can_be_shown_and_written(result):
    assert "Female vs Male" in result.to_csv_text()
    assert "signs agree" in result._repr_html_()


def test_groups_that_were_not_tuned_on_have_ratings_only(study, outcomes):
    result = survey_and_models(study, outcomes, [("politics", "Liberal", "Conservative")])
    assert result.table["source"].tolist() == ["ratings"]
    assert result.table["signs_agree"].isna().all()
    assert any("no models to compare" in text for text in result.warnings)


def test_counts_that_would_betray_a_small_group_are_withheld(result):
    """The model has seven women fewer than the table of who rated: taken apart, these seven."""
    shown = result.released()
    assert shown.table.loc[shown.table["source"] == "ratings", "n_raters"].isna().all()
    assert COUNT_WITHHELD in shown.meta.notes


def test_groups_of_few_on_a_dimension_are_not_shown(study, outcomes):
    data = study.ratings.query("dimension == 'toxicity'")
    women = data.loc[data["gender"] == "Female", "rater"].unique()
    few = data[(data["gender"] == "Male") | data["rater"].isin(women[:5])]
    fits = {("toxicity", "gender"): pls.fit_linear("rating ~ gender + (1|rater)", few)}
    made = survey_and_models(study, outcomes, [GENDER], ["toxicity"], fits=fits)
    assert set(made.table["source"]) == {"models"}
    assert any("a group has fewer than 10 raters there" in text for text in made.warnings)


def test_small_groups_are_not_shown(study, outcomes):
    with pytest.raises(InputError, match="fewer than 1000 raters"):
        survey_and_models(study, outcomes, [GENDER], min_cell=1000)
    with pytest.raises(InputError, match="a level of 'gender' must be one of"):
        survey_and_models(study, outcomes, [("gender", "Female", "Men")])


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 2.0, "b": 1.0}])
def test_objectives_read_back(weights):
    assert parse_objective(Recipe(weights=weights).objective) == weights


@pytest.mark.parametrize(
    ("interval", "number", "told"),
    [
        ((10, 60), 53.0, "yes"),
        ((10, 40), 53.0, "direction only"),
        ((-10, 60), 53.0, "undecided"),
        ((-40, -10), 53.0, "no"),
        ((10, np.inf), 53.0, "yes"),
        ((10, 40), None, "yes"),
        ((np.nan, 1), 53.0, "undecided"),
    ],
)
def test_verdicts(interval, number, told):
    assert verdict(*interval, 1, number) == told
    if number is not None:
        assert verdict(-interval[1], -interval[0], -1, -number) == told


def test_the_paper_beside_this_run(study):
    percents = pls.demographic_effects(study, dimensions=["toxicity"]).percents
    effects = {"preserve": -1.2, "majority": -0.8}
    table = make_table(effects, run_sd=0.05, n_prompts=10, n_samples=6)
    made = pls.outcomes.select_experiment(outcomes_of(table, codebook=study.codebook), "strategy")
    gain = pls.outcomes.relative_gain(made, "preserve", "majority")
    tables = {"percents": {"who": percents}, "gains": {"kept": gain}}
    result = reported(study, **tables)
    told = result.table
    assert told["reported_in"].unique().tolist() == [ABSTRACT, SOURCE]
    men = told[told["reported_number"] == -18.0]
    assert men["table"].tolist() == ["who.csv"] * 2
    assert men["reported"].tolist() == ["−18 %"] * 2
    assert men["this_run"].iloc[0] == f"{men['estimate'].iloc[0]:+.1f} %".replace("-", "−")
    own = percents.table[percents.table["contrast"] == "Male vs Female"]
    assert men["estimate"].tolist() == pytest.approx(own["estimate"].tolist())
    kept = told[told["reported_number"] == GAINS[0].percent].iloc[0]
    assert kept["table"] == "kept.csv"
    assert kept["estimate"] == pytest.approx(gain.table["estimate"].iloc[0])
    absent = told[told["reported_number"] == GAINS[1].percent].iloc[0]
    assert absent["agrees"] == "not in this run"
    assert pd.isna(absent["estimate"])
    page = result._repr_html_()
    assert "this run</th>" in page
    assert not [name for name in ("reported number", "estimate", "lower") if f"{name}</th>" in page]
    other = replace(gain, meta=replace(gain.meta, conf_level=0.5))
    with pytest.raises(InputError, match="different levels"):
        reported(study, percents={"who": percents}, gains={"kept": other})


def test_without_repeated_training_nothing_is_decided(study):
    table = make_table({"preserve": -1.2, "majority": -0.5}, n_seeds=1, n_prompts=20, noise_sd=0.1)
    made = pls.outcomes.select_experiment(outcomes_of(table, codebook=study.codebook), "strategy")
    gain = pls.outcomes.relative_gain(made, "preserve", "majority")
    assert gain.table["conf_low"].iloc[0] > 0
    assert gain.warnings == (ONE_RUN,)
    told = reported(study, gains={"kept": gain}).table
    assert told.loc[told["table"] == "kept.csv", "agrees"].tolist() == ["undecided"]


def test_optimizers_beside_the_paper(study):
    several = "+".join(study.dimensions)
    dims = ("toxicity", "helpfulness")
    tables = [
        make_table(
            {"toxicity": single, several: multi},
            factor="objective",
            setting={"optimizer": name, "settings": name},
            dimensions=dims,
            n_prompts=8,
            n_samples=6,
            noise_sd=0.3,
        )
        for name, single, multi in (("dpo", -1.5, -1.0), ("grpo", -1.0, -1.0))
    ]
    # Toxicity falls and, as it should for a good model, helpfulness rises.
    whole = pd.concat(tables)
    rise = (whole["dimension"] == "helpfulness") & (whole["optimizer"] == "dpo")
    whole.loc[rise, "score"] += 2.5
    made = pls.outcomes.select_experiment(
        outcomes_of(whole, codebook=study.codebook), ("optimizer", "objective")
    )
    found = reported(study, comparisons={"both": pls.outcomes.pairwise(made.with_overall())}).table
    assert found["agrees"].tolist()[-2:] == ["yes", "yes"]
    assert found["estimate"].iloc[-1] == pytest.approx(0.5, abs=0.15)
    assert reported(study).sentence == "Nothing in this run speaks to what the paper reports."
