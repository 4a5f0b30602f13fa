import numpy as np
import pandas as pd
import pytest
from made_outcomes import make_table, outcomes_of

from pluralign_stats import InputError
from pluralign_stats.outcomes import select_experiment
from pluralign_stats.outcomes.experiments import OPTIMIZERS


@pytest.fixture(scope="module")
def grid():
    """Strategies; scales; and two strategies again with equal budgets and on another scale."""
    quick = {"n_prompts": 2, "n_samples": 1}
    strategies = {"majority": -0.5, "random": -0.2, "preserve": -1.0}
    pair = {"preserve": -1.0, "majority": -0.5}
    return outcomes_of(
        make_table(strategies, bases={"one": 0, "two": 0}, **quick),
        make_table({"binary": 0.0, "3-point": 0.0}, factor="scale", **quick),
        make_table(pair, setting={"budget": "320"}, **quick),
        make_table(pair, setting={"scale": "binary"}, n_seeds=1, **quick),
    )


def test_conditions_differ_in_the_factor_only(grid):
    made = select_experiment(grid, "strategy")
    assert made.levels == ("preserve", "majority", "random")
    assert made.fixed["scale"] == "5-point"
    assert made.fixed["budget"] == "natural"
    assert list(made.table["design"].cat.categories) == ["control", *made.levels]
    assert made.table["run"].nunique() == 2 * (3 * 3 + 1)
    chosen = grid.table[grid.table["run"].isin(made.table["run"].unique())]
    tuned = chosen[chosen["optimizer"] != "control"]
    assert (tuned["budget"] == "natural").all()
    assert tuned["scale"].unique().tolist() == ["5-point"]


def test_stated_values_decide(grid):
    assert select_experiment(grid, "strategy", fixed={"budget": "equal"}).fixed["budget"] == "320"
    binary = select_experiment(grid, "strategy", fixed={"scale": "binary"})
    assert (binary.levels, binary.fixed["scale"]) == (("preserve", "majority"), "binary")
    turned = select_experiment(grid, "strategy", levels=["random", "preserve"])
    assert turned.levels == ("random", "preserve")
    one = select_experiment(grid, "strategy", fixed={"base_model": "two", "seed": [1, 2]})
    assert set(one.table["base_model"]) == {"two"}
    assert set(one.table["seed"]) == {0, 1, 2}


def test_scales_come_in_the_order_of_the_study(grid):
    tables = make_table({"preserve": -1.0}, n_prompts=2, n_samples=1)
    scales = make_table({"binary": 0.0, "3-point": 0.0}, factor="scale", n_prompts=2, n_samples=1)
    assert select_experiment(outcomes_of(tables, scales), "scale").levels == (
        "5-point",
        "3-point",
        "binary",
    )


def test_optimizers_by_objective_whatever_their_options():
    several = "toxicity+helpfulness"
    tables = [
        make_table(
            {"toxicity": -1, several: -0.5},
            factor="objective",
            setting={"optimizer": name, "settings": name},
            n_prompts=2,
            n_samples=1,
        )
        for name in ("grpo", "dpo")
    ]
    made = select_experiment(outcomes_of(*tables), OPTIMIZERS)
    assert made.levels == (
        "dpo, toxicity",
        "dpo, 2 objectives",
        "grpo, toxicity",
        "grpo, 2 objectives",
    )


def test_the_commonest_training_options_are_kept_and_the_others_told():
    quick = {"n_prompts": 2, "n_samples": 1}
    common = make_table({"preserve": -1, "majority": 0}, **quick)
    other = make_table({"preserve": -3}, setting={"settings": "bbbb"}, n_seeds=5, **quick)
    made = select_experiment(outcomes_of(common, other), "strategy")
    assert made.table["run"].nunique() == 7
    assert any("5 runs" in note for note in made.notes)


def test_malformed_generations_are_left_out_and_counted(small_study):
    table = make_table({"preserve": -1.0, "majority": -0.5}, malformed=0.2, n_samples=5)
    told = outcomes_of(table, codebook=small_study.codebook)
    dropped = select_experiment(told, "strategy")
    n_bad = int(table["malformed"].sum())
    assert n_bad > 20
    assert len(dropped.table) == len(table) - n_bad
    assert dropped.excluded["n"].sum() == n_bad
    control = table[table["optimizer"] == "control"]
    assert f"control {control['malformed'].sum()} of {len(control)}" in dropped.left_out()
    worst = select_experiment(told, "strategy", malformed="worst")
    assert len(worst.table) == len(table)
    assert (worst.table["score"] == 5).sum() == n_bad
    assert worst.excluded.empty
    scored = table.assign(score=table["score"].fillna(2.0))
    kept = select_experiment(outcomes_of(scored), "strategy", malformed="kept")
    assert len(kept.table) == len(table)
    assert len(select_experiment(outcomes_of(scored), "strategy").table) == len(table) - n_bad


def test_missing_scores_of_sound_text_are_counted_apart():
    table = make_table({"preserve": -1.0}, n_samples=3)
    lost = outcomes_of(table.assign(score=table["score"].mask(table.index < 4)))
    excluded = select_experiment(lost, "strategy").excluded
    assert excluded["reason"].tolist() == ["that are missing"]
    assert excluded["n"].tolist() == [4]


def test_overall_turns_bad_dimensions_round(small_study):
    table = make_table(
        {"preserve": -1.0}, dimensions=("toxicity", "helpfulness"), categories=True, malformed=0.1
    )
    made = select_experiment(outcomes_of(table, codebook=small_study.codebook), "strategy")
    overall = made.with_overall().of("overall").sort_values(["run", "prompt", "sample"])
    wide = made.table.pivot_table(
        index=["run", "prompt", "sample"], columns="dimension", values="score"
    )
    expected = (wide["helpfulness"] + 6 - wide["toxicity"]) / 2
    np.testing.assert_allclose(overall["score"], expected)
    with pytest.raises(InputError, match="which end of 'toxicity' is good"):
        select_experiment(outcomes_of(table), "strategy").with_overall()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"factor": "stratagem"}, "did you mean 'strategy'"),
        ({"factor": "strategy", "fixed": {"strategy": "preserve"}}, "state 'levels' instead"),
        ({"factor": "strategy", "fixed": {"colour": "red"}}, "a factor to fix must be one of"),
        ({"factor": "strategy", "levels": ["preserv"]}, "did you mean 'preserve'"),
        ({"factor": "strategy", "fixed": {"scale": "7-point"}}, "no run meets scale='7-point'"),
        ({"factor": "strategy", "fixed": {"base_model": "three"}}, "'base_model' must be one of"),
        ({"factor": "strategy", "malformed": "fixed"}, "'malformed' must be one of"),
    ],
)
def test_what_there_is_not_is_refused(grid, options, told):
    factor = options.pop("factor")
    with pytest.raises(InputError, match=told):
        select_experiment(grid, factor, **options)


def test_a_base_model_without_control_is_told_of():
    quick = {"n_prompts": 2, "n_samples": 1}
    with_one = make_table({"preserve": -1.0}, **quick)
    without = make_table({"preserve": -1.0}, bases={"bare": 0}, controls=False, **quick)
    made = select_experiment(outcomes_of(with_one, without), "strategy")
    assert "Without a control: 'bare'." in made.notes
    with pytest.raises(InputError, match="no control of 'bare'"):
        select_experiment(
            outcomes_of(with_one, without), "strategy", fixed={"base_model": ["bare"]}
        )


def test_parts_can_be_left_out(grid):
    made = select_experiment(grid, "strategy")
    assert set(made.without("seed", 1).table["seed"]) == {0, 2, 3}
    assert set(made.without("base_model", "one").table["base_model"]) == {"two"}
    some = made.only("preserve")
    assert list(some.table["design"].cat.categories) == ["control", "preserve"]
    assert isinstance(some.counts("toxicity"), pd.DataFrame)


def test_one_base_model_under_two_templates_is_two(grid):
    quick = {"n_prompts": 2, "n_samples": 1}
    own = make_table({"preserve": -1.0}, **quick)
    other = make_table({"preserve": -1.0}, **quick).assign(chat_template="chatml")
    other["run"] += "-chatml"
    made = select_experiment(outcomes_of(own, other), "strategy")
    assert set(made.table["base_model"]) == {"base (own)", "base (chatml)"}
    assert made.counts("toxicity")["n_runs"].tolist() == [2, 6]
