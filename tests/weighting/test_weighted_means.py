"""Weighted mean ratings, against R's survey."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.weighting import rake, weighted_means


def means(result):
    keys = ["group", "weighting"] if "group" in result.table else ["weighting"]
    return result.table.set_index(keys)


def test_raked_means_and_errors_are_those_of_r(complete, rated, by_r):
    raked = rake(complete, by_r["targets"])
    row = means(weighted_means(complete, raked)).loc["weighted"]
    assert row["estimate"] == pytest.approx(by_r["complete"]["estimate"], abs=1e-8)
    assert row["std_error"] == pytest.approx(by_r["complete"]["std_error"], rel=1e-6)
    groups = means(weighted_means(complete, raked, by="gender"))
    for group, expected in by_r["complete"]["gender"].items():
        row = groups.loc[(group, "weighted")]
        assert row["estimate"] == pytest.approx(expected["estimate"], abs=1e-8)
        assert row["std_error"] == pytest.approx(expected["std_error"], rel=1e-6)
    # With raters who did not answer R takes their share as known, so that only means agree.
    row = means(weighted_means(rated, rake(rated, by_r["targets"]))).loc["weighted"]
    assert row["estimate"] == pytest.approx(by_r["raked"]["estimate"], abs=1e-8)
    assert row["std_error"] == pytest.approx(by_r["raked"]["std_error"], rel=0.01)


def test_means_with_given_weights_and_their_errors_are_those_of_r(rows, study_of, by_r):
    frame = rows.assign(w=(0.5 + (rows["rater"].astype(int) % 7) / 3).map(repr))
    columns = {"rater": "rater", "item": "item", "weight": "w"}
    study = study_of(frame, columns=columns, demographics={"gender": {}})
    assert study.raters["weight"].nunique() == 7
    found = {"all": means(weighted_means(study)).loc["weighted"]}
    groups = means(weighted_means(study, by="gender"))
    found |= {group: groups.loc[(group, "weighted")] for group in by_r["given"]["gender"]}
    for group, row in found.items():
        expected = by_r["given"] if group == "all" else by_r["given"]["gender"][group]
        assert row["estimate"] == pytest.approx(expected["estimate"], abs=1e-8)
        assert row["std_error"] == pytest.approx(expected["std_error"], rel=1e-6)
    # Raking begins with them.
    target = {"gender": study.raters.groupby("gender", observed=True)["weight"].sum()}
    target["gender"] /= target["gender"].sum()
    known = study.raters["gender"].notna().to_numpy()
    ratio = rake(study, target).weights.to_numpy() / study.raters["weight"]
    np.testing.assert_allclose(ratio[known], ratio[known].iloc[0])


def test_equal_weights_change_nothing(complete):
    shares = complete.raters["gender"].value_counts(normalize=True)
    table = means(weighted_means(complete, rake(complete, {"gender": shares})))
    assert table.loc["difference", "estimate"] == pytest.approx(0, abs=1e-12)
    ratings = complete.ratings["rating"]
    assert table.loc["sample", "estimate"] == pytest.approx(ratings.mean())


def test_a_part_of_the_study_takes_the_weights_of_the_whole(complete, by_r):
    raked = rake(complete, by_r["targets"])
    part = means(weighted_means(complete.where(gender="Male"), raked)).loc["weighted"]
    whole = means(weighted_means(complete, raked, by="gender")).loc[("Male", "weighted")]
    assert part["estimate"] == pytest.approx(whole["estimate"])
    assert part["std_error"] == pytest.approx(whole["std_error"])


def test_no_mean_or_interval_tells_a_count_that_is_withheld(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(120)], "item": "x"})
    frame["rating"] = [1, 2, 4, 5, 5, 2, 1, 3] * 15
    frame["sex"] = ["f"] * 70 + ["m"] * 43 + ["x"] * 7
    study = study_of(frame, demographics={"sex": {}})
    result = weighted_means(study, rake(study, {"sex": {"f": 0.5, "m": 0.5}}), by="sex")
    assert set(result.table["group"]) == {"f", "m"}
    table, _, _ = result.backing.shown(result.table, result.sentence, 10)
    row = table[(table["group"] == "m") & (table["weighting"] == "sample")].iloc[0]
    assert pd.isna(row["n_raters"])
    exact = frame.loc[frame["sex"] == "m", "rating"].mean()
    assert row["estimate"] != pytest.approx(exact, abs=1e-6)
    assert (row["conf_low"] + row["conf_high"]) / 2 != pytest.approx(exact, abs=1e-6)


def frame_with(weights):
    frame = pd.DataFrame({"rater": list("aabbcc"), "item": list("xyxyxy"), "w": weights})
    return frame.assign(rating=[1, 2, 3, 4, 5, 1])


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (["1", "1", "2", "2", "-1", "-1"], "column 'w', rows 6, 7: value '-1'; allowed: a number"),
        (["1", "1", "2", "2", "many", "many"], "value 'many'; allowed: a number from 0"),
        (["1", "1", "2", "2", None, None], "rows 6, 7: no value; allowed: a number"),
        (["1", "1", "2", "3", "1", "1"], "row 5: value '3'; allowed: a number from 0 upward"),
        (["0"] * 6, "column 'w': every weight is 0"),
        (["inf"] * 6, "value 'inf'; allowed"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(study_of, weights, told):
    columns = {"rater": "rater", "item": "item", "weight": "w"}
    with pytest.raises(InputError) as error:
        study_of(frame_with(weights), columns=columns)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_has_no_weights_is_refused(study_of, complete, by_r):
    columns = {"rater": "rater", "item": "item", "weight": "weights"}
    with pytest.raises(InputError, match=r"unknown column for .columns\.weight."):
        study_of(frame_with(["1"] * 6), columns=columns)
    with pytest.raises(InputError, match="the study has no weights; give those of"):
        weighted_means(complete)
    part = rake(complete.where(gender=["Female", "Male"]), {"age": by_r["targets"]["age"]})
    with pytest.raises(InputError, match="raters of the study have no weight"):
        weighted_means(complete, part)
    with pytest.raises(InputError, match="'by' must be one of"):
        weighted_means(complete, part, by="sex")
    with pytest.raises(InputError, match="the name 'weight' is taken"):
        study_of(
            frame_with(["1"] * 6).assign(weight="x"),
            columns={"rater": "rater", "item": "item", "weight": "w"},
            demographics={"weight": {}},
        )
