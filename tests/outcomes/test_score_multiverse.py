import numpy as np
import pytest
from made_outcomes import make_table, outcomes_of

from pluralign_stats import InputError
from pluralign_stats.outcomes import (
    Finding,
    multiverse,
    pairwise,
    reasonable_choices,
    relative_gain,
    select_experiment,
)

FINDING = Finding("Keeping all over majority", "strategy", "preserve", "majority", "toxicity")
EFFECTS = {"preserve": -1.2, "majority": -0.7}


@pytest.fixture(scope="module")
def outcomes():
    how = {"bases": {"one": 0.0, "two": 0.3}, "languages": ("en", "de"), "categories": True}
    natural = make_table(EFFECTS, run_sd=0.1, malformed=0.05, n_prompts=8, **how)
    equal = make_table(EFFECTS, setting={"budget": "320"}, run_sd=0.1, seed=2, n_prompts=8, **how)
    return outcomes_of(natural, equal)


def test_choices_are_those_that_the_data_offer(outcomes):
    offered = reasonable_choices(outcomes, FINDING)
    assert offered["language"] == ["all", "de", "en"]
    assert offered["base_model"] == ["all", "one", "two"]
    assert offered["budget"] == ["natural", "equal"]
    assert offered["malformed"] == ["dropped", "kept"]
    assert "scale" not in offered
    plain = outcomes_of(make_table(EFFECTS))
    assert set(reasonable_choices(plain, FINDING)) == {"judge", "model", "malformed"}


def test_every_row_is_the_analysis_that_it_names(outcomes):
    choices = {"model": ["linear", "ordinal"], "language": ["all", "de"], "budget": ["natural"]}
    result = multiverse(outcomes, FINDING, choices)
    assert len(result.table) == 4
    assert result.table["main"].tolist() == [True, False, False, False]
    row = result.table.iloc[3]
    assert (row["model"], row["language"]) == ("ordinal", "de")
    german = select_experiment(outcomes, "strategy", fixed={"language": "de", "budget": "natural"})
    own = relative_gain(german, "preserve", "majority", kind="ordinal").table.iloc[0]
    for column in ("estimate", "conf_low", "conf_high"):
        assert row[column] == pytest.approx(own[column])
    assert result.table["agrees"].all()
    assert "4 of 4 analyses (100%) agree in sign" in result.sentence


def test_differences_and_judges(outcomes):
    finding = Finding("x", "strategy", "preserve", "majority", "toxicity", "difference")
    turned = outcomes.table.assign(score=6 - outcomes.table["score"], judge="contrary")
    both = {"made": outcomes, "contrary": outcomes_of(turned)}
    table = multiverse(both, finding, {"judge": ["made", "contrary"]}).table
    own = pairwise(select_experiment(outcomes, "strategy")).table.iloc[0]
    assert table["estimate"].iloc[0] == pytest.approx(own["estimate"])
    assert table["estimate"].iloc[1] == pytest.approx(-own["estimate"])
    assert table["agrees"].tolist() == [True, False]


def test_what_cannot_be_fitted_is_a_row_with_its_reason(outcomes):
    choices = {"scale": ["5-point", "binary"], "malformed": ["dropped", "worst"]}
    table = multiverse(outcomes, FINDING, choices).table
    assert np.isfinite(table["estimate"].iloc[0])
    assert table["estimate"].iloc[1:].isna().all()
    assert "no run meets scale='binary'" in table["reason"].iloc[2]
    assert "which end" in table["reason"].iloc[1]


def test_single_runs_get_no_interval():
    single = outcomes_of(make_table(EFFECTS, n_seeds=1))
    table = multiverse(single, FINDING, {"model": ["linear"]}).table
    assert table["conf_low"].isna().all()
    assert table["reason"].tolist() == ["no interval: one run of each design"]


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"colour": ["red"]}, "a choice must be one of"),
        ({"strategy": ["mean"]}, "is part of the finding"),
        ({"model": ["cubic"]}, "'model' must be one of"),
        ({"model": []}, "has no option"),
        ({"seed": ["1"]}, "a choice must be one of"),
        ({"language": ["all"] * 1001}, "too many"),
    ],
)
def test_bad_choices(outcomes, choices, told):
    with pytest.raises(InputError, match=told):
        multiverse(outcomes, FINDING, choices)


def test_analyses_without_runs_or_of_the_same_runs_are_left_out():
    """The equal budget was tried on one of two base models: there "all" is that one."""
    bases = {"one": 0.0, "two": 0.3}
    natural = make_table(EFFECTS, bases=bases, n_prompts=3)
    equal = make_table(EFFECTS, bases={"one": 0.0}, setting={"budget": "90"}, n_prompts=3)
    result = multiverse(outcomes_of(natural, equal), FINDING)
    kept = result.table[["base_model", "budget"]].value_counts()
    assert kept.to_dict() == {
        ("all", "natural"): 6, ("one", "natural"): 6, ("two", "natural"): 6, ("all", "equal"): 6
    }  # fmt: skip
    assert "For 6 more combinations there are no runs." in result.meta.notes
    assert "6 more have the same runs as another, and are left out." in result.meta.notes


def test_runs_and_generations_of_both_designs_are_counted(outcomes):
    table = multiverse(outcomes, FINDING, {"language": ["all", "de"]}).table
    made = select_experiment(outcomes, "strategy", fixed={"language": "de"}).counts("toxicity")
    both = made.loc[["preserve", "majority"]]
    row = table.iloc[1]
    assert row["n_runs"] == both["n_runs"].sum()
    assert row["n_generations"] == both["n_generations"].sum()


def test_the_main_analysis_is_that_of_the_experiment():
    """Binary ratings have as many runs, so that the study's own scale decides."""
    both = {"preserve": -1.0, "majority": -0.5}
    scales = [make_table(both, setting={"scale": s}, n_prompts=3) for s in ("binary", "5-point")]
    made = outcomes_of(*scales)
    assert select_experiment(made, "strategy").fixed["scale"] == "5-point"
    assert reasonable_choices(made, FINDING)["scale"] == ["5-point", "binary"]


def test_without_repeated_training_no_analysis_has_an_interval():
    single = outcomes_of(make_table(EFFECTS, n_seeds=1))
    told = multiverse(single, FINDING).sentence
    assert "none has an interval, as training was not repeated" in told
