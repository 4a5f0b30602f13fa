"""Raking of a study's raters, against R's survey."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.weighting import rake


def test_weights_are_those_of_r(rated, by_r):
    raked = rake(rated, by_r["targets"])
    names = list(by_r["targets"])
    raters = rated.raters.assign(w=raked.weights.to_numpy())
    raters[names] = raters[names].astype("str").fillna("")
    found = raters.groupby(names)["w"].agg(["min", "max"])
    expected = pd.DataFrame(by_r["cells"]).set_index(names)["w"]
    assert len(found) == len(expected) > 40
    for end in ("min", "max"):
        np.testing.assert_allclose(found[end], expected.reindex(found.index), rtol=1e-6)
    assert raked.design_effect == pytest.approx(by_r["design_effect"], rel=1e-6)
    assert raked.effective_raters == pytest.approx(len(raters) / by_r["design_effect"], rel=1e-6)
    assert raked.weights.index.tolist() == rated.raters["rater"].tolist()


def test_the_table_has_shares_before_and_after(complete, by_r):
    raked = rake(complete, by_r["targets"])
    table = raked.result.table.set_index(["term", "group"])
    sizes = complete.raters["age"].value_counts(normalize=True)
    for level, target in by_r["targets"]["age"].items():
        row = table.loc[("Age", level)]
        assert row["sample_share"] == pytest.approx(sizes[level])
        assert row["target_share"] == pytest.approx(target)
        assert row["weighted_share"] == pytest.approx(target, abs=1e-8)
    whole = table.loc[("All raters", "All raters")]
    assert whole["design_effect"] == pytest.approx(raked.design_effect)
    assert whole["effective_raters"] == pytest.approx(raked.effective_raters)
    assert f"design effect is {raked.design_effect:.2f}" in raked.result.sentence
    assert raked.converged
    assert raked.weights.mean() == pytest.approx(1)
    with pytest.raises(AttributeError):
        raked.converged = False


def test_a_population_gives_the_margins_of_all_it_has(small_study):
    people = pls.example_population()
    raked = rake(small_study, people)
    target = raked.result.table.set_index(["term", "group"])["target_share"]
    share = people.groupby("age")["n"].sum() / people["n"].sum()
    for level, expected in share.items():
        assert target["Age", level] == pytest.approx(expected)
    assert any("no official statistics" in note for note in raked.result.meta.notes)


def test_who_has_no_target_keeps_a_share_and_is_told(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(100)], "item": "x"})
    frame["rating"] = [1, 2, 3, 4, 5] * 20
    frame["sex"] = ["f"] * 30 + ["m"] * 30 + ["x"] * 20 + [None] * 20
    raked = rake(study_of(frame, demographics={"sex": {}}), {"sex": {"f": 0.75, "m": 0.25}})
    np.testing.assert_allclose(raked.weights.to_numpy(), np.repeat([1.5, 0.5, 1.0], [30, 30, 40]))
    told = "raters without an answer, or who are x, have no target and keep their share"
    assert any(told in note for note in raked.result.meta.notes)


def test_small_groups_show_neither_share_nor_design_effect(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(100)], "item": "x"})
    frame["rating"] = [1, 2, 3, 4, 5] * 20
    frame["sex"] = ["f"] * 60 + ["m"] * 33 + ["x"] * 7
    study = study_of(frame, demographics={"sex": {}})
    raked = rake(study, {"sex": {"f": 0.5, "m": 0.4, "x": 0.1}})
    table = raked.result.table.set_index("group")
    assert table.loc["x", ["sample_share", "n_raters"]].isna().all()
    # Nor does any other row give it away.
    assert table.loc[["f", "m"], "n_raters"].isna().any()
    assert table["design_effect"].isna().all()
    assert "design effect is withheld" in raked.result.sentence
    assert raked.design_effect > 1
    shown = rake(study, {"sex": {"f": 0.5, "m": 0.4, "x": 0.1}}, min_cell=1).result.table
    assert shown["n_raters"].tolist() == [60, 33, 7, 100]


def test_trimming_limits_weights_and_says_what_it_cost(complete, by_r):
    raked = rake(complete, by_r["targets"], trim=1.2)
    assert raked.weights.max() == pytest.approx(1.2)
    assert not raked.converged
    assert "raise it, or merge small levels" in raked.result.warnings[0]
    assert "come near" in raked.result.sentence
    loose = rake(complete, by_r["targets"], trim=50)
    pd.testing.assert_series_equal(loose.weights, rake(complete, by_r["targets"]).weights)


CASES = [
    ({}, {}, "holds no demographic"),
    ({"sex": {"f": 1}}, {}, "a margin must be one of 'gender', 'politics', 'age', not 'sex'"),
    ({"gender": {}}, {}, "must be shares by level"),
    ({"gender": {"Female": 0.5, "Males": 0.5}}, {}, "has 'Males', which no rater is"),
    ({"gender": {"Female": 50, "Male": 50}}, {}, "must sum to 1, not 100"),
    ({"gender": {"Female": 1.2, "Male": -0.2}}, {}, "row Male has -0.2"),
    ({"gender": {"Female": np.nan, "Male": 1}}, {}, "row Female has nan"),
    ({"gender": {"Female": 1, "Male": 0}}, {}, "'Male' has a share of 0"),
    ({"gender": {"Female": 0.5, "Male": 0.5}}, {"trim": 1.0}, "trim must be a number above 1"),
    ({"gender": {"Female": 0.5, "Male": 0.5}}, {"min_cell": 0}, "min_cell must be 1 or more"),
    (pd.DataFrame({"town": ["a"], "n": [1]}), {}, "no column of a demographic"),
    (pd.DataFrame({"gender": ["Male", None], "n": [1, 1]}), {}, "no 'gender' in row 1"),
    (pd.DataFrame({"gender": ["Male"]}), {}, "it has neither"),
    (
        pd.DataFrame({"age": ["18-24", "over 60"], "n": [1, 1]}),
        {},
        "'age' has '18-24', which no rater is; the raters are '18-30'",
    ),
]


@pytest.mark.parametrize(("margins", "options", "told"), CASES)
def test_margins_that_cannot_be_used_are_refused(complete, margins, options, told):
    with pytest.raises(InputError) as error:
        rake(complete, margins, **options)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
