"""One experiment in each base model by itself."""

import pandas as pd
import pytest
from made_outcomes import make_table, outcomes_of

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.designs import ONE_RUN

SIZE = {"bases": {"first": 0.0, "second": 0.5}, "dimensions": ("toxicity", "helpfulness")}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return make_table({"preserve": -0.8, "majority": -0.4}, **SIZE)


def test_each_base_model_has_what_it_would_have_alone(table):
    outcomes = outcomes_of(table)
    result = pls.outcomes.by_base_model(outcomes, "strategy")
    assert list(dict.fromkeys(result.table["base_model"])) == ["first", "second"]
    assert list(result.table.columns[:4]) == ["dimension", "term", "base_model", "contrast"]
    for model in ("first", "second"):
        experiment = pls.outcomes.select_experiment(
            outcomes, "strategy", fixed={"base_model": model}
        )
        alone = pls.outcomes.against_control(experiment)
        own = result.table[result.table["base_model"] == model]
        pd.testing.assert_frame_equal(
            own.drop(columns="base_model").reset_index(drop=True), alone.table
        )
        assert f"{model}: " in result.sentence
    assert result.meta.title.endswith("in each base model")


def test_a_base_model_without_the_design_is_told_of(table):
    elsewhere = make_table({"preserve": -0.8}, setting={"scale": "binary"}, bases={"third": 0.0})
    result = pls.outcomes.by_base_model(
        outcomes_of(table, elsewhere), "strategy", ["toxicity"], fixed={"scale": "5-point"}
    )
    assert set(result.table["base_model"]) == {"first", "second"}
    assert [w for w in result.warnings if w.startswith("third: ")]


def test_notes_that_differ_say_of_which_base_model(table):
    bad = table.assign(malformed=(table["base_model"] == "first") & (table["sample"] == 0))
    notes = pls.outcomes.by_base_model(outcomes_of(bad), "strategy").meta.notes
    left_out = [note for note in notes if "of malformed text" in note]
    assert [note.partition(": ")[0] for note in left_out] == ["first"]
    assert len([note for note in notes if note.startswith("Scores by the judge")]) == 1


def test_nothing_tuned(table):
    controls = table[table["optimizer"] == "control"]
    with pytest.raises(InputError, match="no model was tuned"):
        pls.outcomes.by_base_model(outcomes_of(controls), "strategy")
    with pytest.raises(
        InputError, match="the dimension must be one of 'toxicity', 'helpfulness', not 'kindness'"
    ):
        pls.outcomes.by_base_model(outcomes_of(table), "strategy", ["kindness"])


def test_what_is_doubted_in_all_base_models_is_said_once():
    once = make_table({"preserve": -0.8}, n_seeds=1, **SIZE)
    assert pls.outcomes.by_base_model(outcomes_of(once), "strategy").warnings == (ONE_RUN,)
