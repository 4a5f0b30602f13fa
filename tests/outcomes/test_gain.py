from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_outcomes import make_table, outcomes_of
from scipy.stats import t as student

from pluralign_stats import InputError
from pluralign_stats.figures import specification_curve
from pluralign_stats.outcomes import (
    against_control,
    compare_budgets,
    findings,
    leave_one_out,
    model_kinds,
    optimizer_findings,
    pairwise,
    relative_gain,
    select_experiment,
)
from pluralign_stats.outcomes.gain import ratio_sizes
from pluralign_stats.outcomes.models import UNIT, fit_outcomes
from pluralign_stats.outcomes.paper_findings import NOT_REPEATED
from pluralign_stats.outcomes.robust import _sentence as sentence_without_parts

EFFECTS = {"preserve": -1.2, "majority": -0.8}


def chosen(effects=EFFECTS, **how):
    how = {"run_sd": 0.1, "n_prompts": 10, "n_samples": 6, **how}
    return select_experiment(outcomes_of(make_table(effects, **how)), "strategy")


@pytest.fixture(scope="module")
def experiment():
    return chosen()


def test_the_gain_is_that_of_the_differences_from_control(experiment):
    gain = relative_gain(experiment, "preserve", "majority").table.iloc[0]
    change = against_control(experiment).table["estimate"]
    assert gain["estimate"] == pytest.approx(100 * (change[0] / change[1] - 1))
    assert (gain["change_first"], gain["change_second"]) == pytest.approx(tuple(change))
    assert gain["bounded"]
    assert gain["same_direction"]
    assert gain["conf_low"] < 50 < gain["conf_high"]
    assert gain["df"] <= 4


def test_its_interval_is_fiellers_from_the_joint_covariance(experiment):
    """The covariance of run means by hand: both differences share the control's noise."""
    fit = fit_outcomes(experiment, "toxicity")
    table = against_control(experiment).table
    noise = fit.sigma**2 / 60
    covariance = np.diag(table["std_error"] ** 2 - noise) + noise
    gain = relative_gain(experiment, "preserve", "majority").table.iloc[0]

    def quantile(weights):
        slopes = weights @ np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return student.ppf(0.975, fit.degrees(slopes))

    low, high = ratio_sizes(*table["estimate"], covariance, quantile)
    assert gain["conf_low"] == pytest.approx(100 * (low - 1), rel=1e-3)
    assert gain["conf_high"] == pytest.approx(100 * (high - 1), rel=1e-3)


def test_a_gain_is_bounded_just_where_the_second_change_is_clear():
    for seed, effect in enumerate((-0.1, -0.2, -0.3, -0.5, -0.9)):
        made = chosen({"preserve": -1.0, "majority": effect}, n_prompts=4, seed=seed)
        gain = relative_gain(made, "preserve", "majority").table.iloc[0]
        change = against_control(made).table.iloc[1]
        clear = change["conf_low"] > 0 or change["conf_high"] < 0
        assert gain["bounded"] == clear


def test_no_upper_end_where_the_second_design_changes_nothing():
    still = chosen({"preserve": -1.2, "majority": 0.0}, seed=3)
    result = relative_gain(still, "preserve", "majority")
    row = result.table.iloc[0]
    assert (row["conf_high"], row["bounded"]) == (np.inf, False)
    assert "no upper end" in result.sentence
    assert any("Not bounded" in note for note in result.meta.notes)
    assert "under majority vote cannot be told from none" in findings([result])[0]


def test_ordinal_gains_are_near(experiment):
    whole = chosen(categories=True, seed=2)
    linear, ordinal = (
        relative_gain(whole, "preserve", "majority", kind=kind).table.iloc[0]["estimate"]
        for kind in ("linear", "ordinal")
    )
    assert ordinal == pytest.approx(linear, abs=12)


def test_opposite_changes_are_said(experiment):
    apart = chosen({"preserve": -1.2, "majority": 0.9})
    result = relative_gain(apart, "preserve", "majority")
    assert result.table["same_direction"].tolist() == [False]
    assert "opposite directions" in findings([result])[0]


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (("preserve", "preserve"), "two different designs"),
        (("preserve", "control"), "two different designs"),
        (("preserv", "majority"), "did you mean 'preserve'"),
    ],
)
def test_pairs_that_cannot_be(experiment, pair, told):
    with pytest.raises(InputError, match=told):
        relative_gain(experiment, *pair)


@pytest.mark.extended
def test_coverage_of_gains_in_whole_experiments():
    """Nominal or above, as the degrees of freedom are cautious."""
    covered = 0
    for seed in range(60):
        made = chosen(run_sd=0.3, seed=seed, n_prompts=4, n_samples=3)
        row = relative_gain(made, "preserve", "majority").table.iloc[0]
        covered += row["conf_low"] <= 50 <= row["conf_high"]
    assert covered >= 60 * 0.95 - 3 * np.sqrt(60 * 0.95 * 0.05)


def test_leaving_out_one_part_equals_an_analysis_without_it(experiment):
    result = leave_one_out(experiment, "preserve", "majority", "toxicity")
    table = result.table.set_index(["left_out", "which"])
    assert table.index.get_level_values(0).value_counts().to_dict() == (
        {"prompt": 10, "seed": 3, "nothing": 1}
    )
    whole = pairwise(experiment).table.iloc[0]
    assert table.loc[("nothing", ""), "estimate"] == pytest.approx(whole["estimate"])
    without = pairwise(experiment.without("seed", 2)).table.iloc[0]
    for column in ("estimate", "conf_low", "conf_high"):
        assert table.loc[("seed", "2"), column] == pytest.approx(without[column])
    assert table["agrees"].all()
    top = specification_curve(result).figure.axes[0]
    assert "14 of 14 analyses agree in sign" in top.get_title("left")


def test_what_hangs_on_one_seed_is_said():
    table = make_table({"preserve": 0.0, "majority": 0.0}, n_prompts=10, n_samples=4, noise_sd=0.1)
    odd = (table["strategy"] == "preserve") & (table["seed"] == 3)
    table.loc[odd, "score"] -= 2.0
    third = (table["strategy"] == "preserve") & (table["seed"] != 3)
    table.loc[third, "score"] += 0.5
    made = select_experiment(outcomes_of(table), "strategy")
    result = leave_one_out(made, "preserve", "majority", "toxicity")
    assert "its sign hangs on seed 3" in result.sentence
    row = result.table.query("left_out == 'seed' and which == '3'").iloc[0]
    assert not row["agrees"]


def test_with_one_run_left_there_is_an_estimate_and_no_interval():
    made = chosen(n_seeds=2)
    rows = leave_one_out(made, "preserve", "control", "toxicity").table.query("left_out == 'seed'")
    assert rows["estimate"].notna().all()
    assert rows["conf_low"].isna().all()
    assert rows["reason"].str.contains("one run of each design").all()


def test_a_base_model_without_which_there_is_no_answer_is_a_row_with_its_reason():
    one = make_table(EFFECTS, bases={"one": 0.0}, n_prompts=3)
    two = make_table({"preserve": -1.2}, bases={"two": 0.5}, n_prompts=3)
    made = select_experiment(outcomes_of(one, two), "strategy")
    result = leave_one_out(made, "preserve", "majority", "toxicity")
    row = result.table.query("left_out == 'base model' and which == 'one'").iloc[0]
    assert np.isnan(row["estimate"])
    assert "'majority' has no usable score" in row["reason"]
    assert result.sentence.endswith("; 1 of 8 could not be estimated.")


def left_out(*rows):
    """A table of `leave_one_out`: all data, then rows of what is left out."""
    names = ["left_out", "which", "estimate", "excludes_zero", "agrees", "reason"]
    table = pd.DataFrame([("nothing", "", -0.4, True, True, ""), *rows], columns=names)
    return table.astype({"excludes_zero": "boolean", "agrees": "boolean"})


STEADY = ("prompt", "p1", -0.3, True, True, "")
TURNED = ("seed", "2", 0.1, False, False, "")
LOST = ("base model", "one", np.nan, None, None, "no usable score")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "There is one seed, prompt and base model only, so nothing can be left out."),
        (
            [LOST, LOST],
            "Without any one of 2 parts nothing could be estimated: no usable score.",
        ),
        (
            [STEADY],
            "goes from −0.30 to −0.30 when one seed, prompt or base model is left out; "
            "neither its sign nor its clearness hangs on one.",
        ),
        (
            [STEADY, TURNED, LOST],
            "goes from −0.30 to +0.10 when one seed, prompt or base model is left out; "
            "its sign hangs on seed 2 and its being clear of 0 or not hangs on seed 2; "
            "1 of 3 could not be estimated.",
        ),
    ],
)
def test_the_sentence_counts_what_was_left_out_and_names_what_it_hangs_on(rows, told):
    all_data = "The estimate is −0.40 score points with all data and "
    assert sentence_without_parts(left_out(*rows), UNIT).removeprefix(all_data) == told


def test_of_many_parts_that_an_answer_hangs_on_four_are_named():
    rows = [("prompt", f"p{k}", 0.1, True, False, "") for k in range(5)]
    told = sentence_without_parts(left_out(*rows), UNIT)
    assert "its sign hangs on prompt p0, prompt p1, prompt p2, prompt p3 and 1 other." in told
    told = sentence_without_parts(left_out(*rows, TURNED), UNIT)
    assert "prompt p3 and 2 others and its being clear" in told


def test_gains_too(experiment):
    result = leave_one_out(experiment, "preserve", "majority", "toxicity", quantity="gain")
    gain = relative_gain(experiment, "preserve", "majority").table.iloc[0]
    assert result.table["estimate"].iloc[0] == pytest.approx(gain["estimate"])
    assert result.meta.unit == "percent"
    with pytest.raises(InputError, match="'quantity' must be one of"):
        leave_one_out(experiment, "preserve", "majority", "toxicity", quantity="ratio")


def test_budgets_side_by_side():
    natural = make_table({"preserve": -1.5, "majority": -0.2}, n_prompts=8, n_samples=6, run_sd=0.1)
    equal = make_table(
        {"preserve": -0.2, "majority": -0.2},
        setting={"budget": "320"},
        n_prompts=8,
        n_samples=6,
        run_sd=0.1,
        seed=2,
    )
    result = compare_budgets(outcomes_of(natural, equal), "strategy")
    table = result.table
    assert table["budget"].unique().tolist() == ["natural", "equal (320)"]
    own = pairwise(
        select_experiment(outcomes_of(natural, equal), "strategy", fixed={"budget": "natural"})
    )
    pair = table[table["contrast"] == "preserve vs majority"].set_index("budget")
    assert pair.loc["natural", "estimate"] == pytest.approx(own.table["estimate"].iloc[0])
    assert (~pair["agree"]).all()
    assert "preserve vs majority on Toxicity" in result.sentence
    alone = compare_budgets(outcomes_of(natural), "strategy")
    assert "quantity is not held equal" in alone.sentence
    assert "No runs with the equal budget" in alone.warnings[0]


def test_findings_hold_the_numbers_of_the_tables(experiment):
    gain = relative_gain(experiment, "preserve", "majority")
    row = gain.table.iloc[0]
    (told,) = findings([gain])
    assert told.startswith("In this run, keeping every rating reduced Toxicity ")
    assert f"{row['estimate']:.0f} % more than majority vote" in told
    assert "95% interval" in told
    clear = findings([against_control(experiment)])
    assert len(clear) == 2
    assert all("lower under" in text and "the untuned model" in text for text in clear)
    none = chosen({"preserve": 0.0, "majority": 0.0}, run_sd=0.5)
    assert findings([pairwise(none)]) == (
        "In this run no difference is clear (Differences between designs by strategy).",
    )


def test_budgets_are_compared_where_both_were_tried():
    """Not the strategies and base models that have the natural budget only."""
    how = {"n_prompts": 3, "n_samples": 2}
    bases = {"one": 0.0, "two": 0.0}
    natural = make_table({"preserve": -1.0, "majority": -0.5, "mean": 0.0}, bases=bases, **how)
    equal = make_table({"preserve": -1.0, "majority": -0.5}, setting={"budget": "90"},
                       bases={"one": 0.0}, seed=2, **how)  # fmt: skip
    result = compare_budgets(outcomes_of(natural, equal), "strategy")
    assert not result.table["contrast"].str.contains("mean").any()
    assert (result.table["n_runs"] == 3).all()
    assert "With 'preserve', 'majority' on 'one'" in result.meta.notes[0]


def test_kinds_of_models_side_by_side():
    whole = chosen(categories=True, seed=2)
    result = model_kinds(whole, "preserve", "majority", "toxicity", quantity="gain")
    assert result.table["model"].tolist() == ["linear", "ordinal"]
    for kind, row in zip(("linear", "ordinal"), result.table.to_dict("records"), strict=True):
        own = relative_gain(whole, "preserve", "majority", kind=kind).table.iloc[0]
        assert (row["estimate"], row["conf_low"]) == (own["estimate"], own["conf_low"])
    assert "does not hang on the kind of model" in result.sentence
    with pytest.raises(InputError, match="a kind of model must be one of"):
        model_kinds(whole, "preserve", "majority", "toxicity", kinds=["cubic"])


def test_findings_without_repeated_training_say_so():
    once = chosen(n_seeds=1)
    told = findings([relative_gain(once, "preserve", "majority"), pairwise(once)])
    assert told[-1] == NOT_REPEATED
    assert told.count(NOT_REPEATED) == 1
    assert NOT_REPEATED not in findings([pairwise(chosen())])


def optimizers():
    """DPO reduces toxicity, GRPO and several objectives do nothing."""
    tables = [
        make_table({"toxicity": effect, "toxicity+helpfulness": 0.0}, factor="objective",
                   setting={"optimizer": name, "settings": name}, n_prompts=6, run_sd=0.05)
        for name, effect in (("dpo", -1.5), ("grpo", 0.0))
    ]  # fmt: skip
    return pairwise(select_experiment(outcomes_of(*tables), ("optimizer", "objective")))


def test_optimizers_are_told_of_whether_clear_or_not():
    first, second = optimizer_findings(optimizers())
    assert "lower under DPO on toxicity than under GRPO on toxicity" in first
    assert "not clear" not in first
    assert second.endswith("which is not clear of zero.")


def test_an_interval_clear_of_zero_with_a_corrected_p_that_is_not():
    result = optimizers()
    result = replace(result, table=result.table.assign(p_adjusted=0.059))
    first, _ = optimizer_findings(result)
    assert "adjusted p 0.059), which is not clear of zero once corrected" in first
