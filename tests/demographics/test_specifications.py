from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import demographic_effects
from pluralign_stats.demographics import side_by_side
from pluralign_stats.demographics.effects import ADJUSTED
from pluralign_stats.effects.estimates import COLUMNS


@pytest.fixture(scope="module")
def both(small_effects, small_linear_effects):
    return [small_effects, small_linear_effects]


def test_every_difference_stands_twice(both):
    result = side_by_side(*both)
    table = result.table
    assert table["model"].tolist() == ["ordinal", "linear"] * (len(table) // 2)
    for effects, model in zip(both, ("ordinal", "linear"), strict=True):
        own = effects.differences.table
        block = table[table["model"] == model].reset_index(drop=True)
        assert block["estimate"].tolist() == own["estimate"].tolist()
        assert block["contrast"].tolist() == own["contrast"].tolist()
    gap = table["estimate"].iloc[::2].to_numpy() - table["estimate"].iloc[1::2].to_numpy()
    assert f"{abs(gap).max():.2f} rating points" in result.sentence


def test_disagreement_is_about_what_is_clear(both):
    ordinal, linear = both
    changed = linear.differences.table.copy()
    changed["p_adjusted"] = 1.0
    changed.loc[3, ["p_adjusted", "estimate"]] = 0.001, 2.0
    own = ordinal.differences.table
    own = own.assign(p_adjusted=1.0)
    own.loc[3, ["p_adjusted", "estimate"]] = 0.001, -2.0
    own.loc[5, "p_adjusted"] = 0.001
    pair = [replaced(ordinal, own), replaced(linear, changed)]
    result = side_by_side(*pair)
    differ = result.table[result.table["disagree"]]
    assert set(differ["contrast"]) == {own.loc[3, "contrast"], own.loc[5, "contrast"]}
    assert len(differ) == 4
    assert "disagree on whether 2 of" in result.sentence


def test_models_are_called_what_they_are_in_either_order(both):
    table, other = side_by_side(*both).table, side_by_side(*both[::-1]).table
    keys = ["model", "dimension", "term", "contrast"]
    there, back = (t.set_index(keys)["estimate"].sort_index() for t in (table, other))
    assert there.equals(back)
    assert other["model"].tolist()[:2] == ["linear", "ordinal"]


def test_what_one_model_says_is_told_of_it_in_either_order(both):
    ordinal, linear = both
    few = noted(ordinal, "Trust: 'topic' differs between 12 items only.")
    for pair in ((few, linear), (linear, few)):
        result = side_by_side(*pair)
        assert "Ordinal model: Trust: 'topic' differs between 12 items only." in result.meta.notes
        assert "Ordinal model: Trust: it did not settle." in result.meta.warnings
        assert ADJUSTED in result.meta.notes
        shared = set(ordinal.differences.meta.notes) & set(linear.differences.meta.notes)
        assert shared <= set(result.meta.notes)


def test_beside_a_bayesian_model_notes_of_the_other_stay_but_for_those_on_p(both):
    ordinal, linear = both
    drawn = linear.differences.table.drop(columns=["p_value", "p_adjusted", "std_error"])
    meta = replace(linear.differences.meta, notes=(COLUMNS, "From draws."))
    sampled = replaced(linear, drawn.assign(sd=0.1, prob_positive=0.5))
    sampled = replace(sampled, differences=replace(sampled.differences, meta=meta))
    few = noted(ordinal, "Few items.")
    for pair in ((few, sampled), (sampled, few)):
        result = side_by_side(*pair)
        assert {"Frequentist model: Few items.", "Bayesian model: From draws."} <= set(
            result.meta.notes
        )
        assert not any(ADJUSTED in note or COLUMNS in note for note in result.meta.notes)
        assert not {"p_value", "p_adjusted", "prob_positive"} & set(result.table)
        rows = result.table[result.table["model"] == "Bayesian"]
        assert rows["estimate"].tolist() == drawn["estimate"].tolist()


def test_two_models_of_a_kind_are_the_first_and_the_second(both):
    first = both[0].differences.table
    other = replaced(both[0], first.assign(method="ordinal by another link"))
    result = side_by_side(both[0], other)
    assert result.table["model"].tolist()[:2] == ["first", "second"]
    assert result.sentence.startswith("The first and the second model agree")


@pytest.fixture(scope="module")
def marginal(small_study):
    return [effects_on(small_study, model) for model in ("GEE", "linear GEE", "OLS")]


@pytest.fixture(scope="module")
def mixed(small_study):
    return [effects_on(small_study, model) for model in ("ordinal", "linear")]


def effects_on(study, model):
    return demographic_effects(study, dimensions=["helpfulness"], model=model)


def test_models_without_random_effects_stand_beside_the_two(mixed, marginal):
    result = side_by_side(*mixed, *marginal)
    table, pair = result.table, side_by_side(*mixed)
    names = ["ordinal", "linear", "ordinal GEE", "linear GEE", "OLS"]
    assert table["model"].tolist() == names * (len(table) // 5)
    two = table[table["model"].isin(names[:2])].reset_index(drop=True)
    pd.testing.assert_frame_equal(two, pair.table)
    assert result.sentence.startswith(pair.sentence)
    own = table[table["model"] == "ordinal"].reset_index(drop=True)
    for effects, model in zip(marginal, names[2:], strict=True):
        rows = table[table["model"] == model].reset_index(drop=True)
        assert rows["estimate"].tolist() == effects.differences.table["estimate"].tolist()
        turned = np.sign(rows["estimate"]) != np.sign(own["estimate"])
        clear = [t["p_adjusted"] < 0.05 for t in (rows, own)]
        differ = (clear[0] != clear[1]) | (clear[0] & clear[1] & turned)
        assert rows["disagree"].tolist() == differ.tolist()
    gap = (rows["estimate"] - own["estimate"]).abs()
    assert gap.max() < own["std_error"].max()


def test_further_models_are_told_of_where_they_judge_otherwise(mixed, marginal):
    gee = marginal[0]
    own = mixed[0].differences.table.assign(p_adjusted=1.0)
    other = gee.differences.table.assign(p_adjusted=1.0)
    pair = [replaced(e, e.differences.table.assign(p_adjusted=1.0)) for e in mixed]
    same = side_by_side(*pair, replaced(gee, other))
    assert "By ordinal GEE the same is clear as by the ordinal model; their" in same.sentence
    other.loc[3, "p_adjusted"] = 0.001
    result = side_by_side(*pair, replaced(gee, other))
    told = f"By one or more of ordinal GEE, 1 of {len(own)} differences is judged otherwise"
    assert told in result.sentence
    assert own.loc[3, "contrast"] in result.sentence.partition("otherwise")[2]


def test_a_further_model_that_is_the_same_as_one_before_is_left_out(mixed, marginal):
    twice = side_by_side(*mixed, marginal[1], marginal[1])
    assert set(twice.table["model"]) == {"first", "second", "third"}


def noted(effects, note):
    meta = effects.differences.meta
    meta = replace(meta, notes=(*meta.notes, note), warnings=("Trust: it did not settle.",))
    return replace(effects, differences=replace(effects.differences, meta=meta))


def replaced(effects, table):
    return replace(effects, differences=replace(effects.differences, table=table))
