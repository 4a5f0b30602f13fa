"""Names that hold what contrasts, designs and groups are put together with stay whole."""

import matplotlib.pyplot as plt
import pytest
from made_outcomes import make_table, outcomes_of
from matplotlib.text import Text

import pluralign_stats as pls
from pluralign_stats.designs import CONTROL, design_words, parse_objective, plain_design
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.recipe import Recipe, group_name
from pluralign_stats.outcomes.survey import survey_pairs

LEVELS = ("Black, African American", "A vs B", "x: y", "p & q", "r|s", "t=u", "under_score", "all")
SIZE = {"n_seeds": 2, "n_prompts": 2, "n_samples": 1}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["gender", "a=b", "c & d"])
def test_a_group_is_called_by_its_levels(name, level):
    group = group_name({name: [level], "country": ["US"]})
    shown = plain_design("it", {"it": {"group": group}})
    assert shown == f"{name}: {level} & country: US"


@pytest.mark.parametrize(
    "weights",
    [{"toxicity": 1.0}, {"a+b": 1.0, "c": 1.0}, {"3*x": 1.0}, {"3*x": 2.0, "y\\z": 1e6}],
)
def test_an_objective_is_read_as_it_was_written(weights):
    objective = Recipe(weights=weights).objective
    assert list(parse_objective(objective)) == list(weights)
    if len(set(weights.values())) > 1:
        assert parse_objective(objective) == weights


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        ("tox*help", r"not 'tox\*help'"),
        ("2*a*b", r"not '2\*a\*b'"),
        ("1*a+nan*b", r"not 'nan\*b'"),
        ("inf*a", r"not 'inf\*a'"),
        ("-1*a", r"not '-1\*a'"),
        ("2*", r"not '2\*'"),
        ("a+", "not ''"),
        ("", "not ''"),
        ("a+2*a", "names 'a' twice"),
    ],
)
def test_what_is_no_objective_is_refused_in_one_line(objective, told):
    with pytest.raises(InputError, match=told) as caught:
        parse_objective(objective)
    assert "\n" not in str(caught.value)
    assert f"objective '{objective}'" in str(caught.value)


def texts(picture: pls.figures.Plot) -> list[str]:
    return [" ".join(text.get_text().split()) for text in picture.figure.findobj(Text)]


def outcomes(*levels: str):
    groups = {group_name({"gender": [level]}): -0.3 * k for k, level in enumerate(levels, 1)}
    return outcomes_of(make_table(groups, factor="group", **SIZE))


def test_tables_figures_and_sentences_have_whole_names():
    found = outcomes(*LEVELS[:3])
    experiment = pls.outcomes.select_experiment(found, "group")
    result = pls.outcomes.pairwise(experiment)
    named = set(result.table["level"]) | set(result.table["reference"])
    assert named == {group_name({"gender": [level]}) for level in LEVELS[:3]}
    words = " ".join(texts(pls.figures.pairwise(result)))
    against = pls.outcomes.against_control(experiment)
    assert set(against.table["reference"]) == {CONTROL}
    beside = " ".join(texts(pls.figures.against_control(against)))
    for level in LEVELS[:3]:
        assert f"gender: {level}" in words
        assert f"gender: {level} (2 runs, 4)" in beside
    first, second = experiment.levels[:2]
    (told,) = pls.outcomes.findings([pls.outcomes.relative_gain(experiment, first, second)])
    assert "gender: Black, African American" in told
    assert "gender: A vs B" in told
    plt.close("all")


def test_contrasts_of_different_pairs_have_different_names():
    table = make_table({"A": -0.2, "A vs B": -0.4, "B vs C": -0.6, "C": -0.8}, **SIZE)
    result = pls.outcomes.pairwise(pls.outcomes.select_experiment(outcomes_of(table), "strategy"))
    assert result.table["contrast"].is_unique
    assert len(result.table) == 6


def test_a_design_called_control_is_none():
    table = make_table({"control": -0.5, "toxicity": -0.3}, factor="objective", **SIZE)
    experiment = pls.outcomes.select_experiment(outcomes_of(table), "objective")
    assert experiment.levels == ("toxicity", "objective: control")
    assert len(pls.outcomes.against_control(experiment).table) == 2


def test_optimizers_and_objectives_are_told_by_what_they_are():
    objectives = ("a, b", "2 objectives", "c+d")
    tables = [
        make_table(
            {"dpo": -0.5, "grpo": -0.3}, factor="optimizer", setting={"objective": one}, **SIZE
        )
        for one in objectives
    ]
    found = outcomes_of(*tables)
    result = pls.outcomes.by_base_model(found, ("optimizer", "objective"))
    words = texts(pls.figures.optimizers(result))
    assert "Objectives, all tuned by DPO" in words
    assert {"a, b", "2 objectives", "DPO", "GRPO"} <= set(words)
    pairs = pls.outcomes.pairwise(pls.outcomes.select_experiment(found, ("optimizer", "objective")))
    told = pls.outcomes.optimizer_findings(pairs)
    assert sum("DPO on a, b than under GRPO on a, b" in sentence for sentence in told) == 1
    assert len(told) == len(objectives)
    plt.close("all")


def test_words_for_strategies_are_for_strategies_only():
    assert design_words("mean", {"mean": {"strategy": "mean"}}) == "averaging ratings"
    assert design_words("mean", {"mean": {"objective": "mean"}}) == "mean"
    assert design_words(CONTROL, {}) == "the untuned model"
    both = {"it": {"strategy": "mean", "scale": "binary"}}
    assert design_words("it", both) == "averaging ratings on binary"


def test_pairs_of_groups_are_asked_for_by_their_whole_names(small_study):
    found = outcomes("Female", "Male")
    assert survey_pairs(small_study, found) == [("gender", "Female", "Male")]
    asked = ["gender:Male:Female"]
    assert survey_pairs(small_study, found, asked) == [("gender", "Male", "Female")]
    with pytest.raises(InputError, match="the pair of groups must be"):
        survey_pairs(small_study, found, ["gender:Male"])


def test_a_dimension_called_overall_is_not_averaged_over(small_study):
    table = make_table({"preserve": -0.5}, dimensions=("overall", "toxicity"), **SIZE)
    found = outcomes_of(table, codebook=small_study.codebook)
    with pytest.raises(
        InputError, match="an overall score needs to know which end of 'overall' is good"
    ):
        pls.outcomes.select_experiment(found, "strategy").with_overall()
