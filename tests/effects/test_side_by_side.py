import pytest

from pluralign_stats import demographic_effects, side_by_side


@pytest.fixture(scope="module")
def both(small_study):
    return [demographic_effects(small_study, model=m) for m in ("ordinal", "linear")]


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
    differ = result.table[result.table["disagree"] == "yes"]
    assert set(differ["contrast"]) == {own.loc[3, "contrast"], own.loc[5, "contrast"]}
    assert len(differ) == 4
    assert "disagree on whether 2 of" in result.sentence


def replaced(effects, table):
    from dataclasses import replace

    return replace(effects, differences=replace(effects.differences, table=table))
