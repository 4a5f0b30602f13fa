import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.demographics.references import (
    groups_of,
    large_references,
    no_demographics,
    nothing_compared,
    replaced,
)
from pluralign_stats.explorer.choices import choices_of


def ratings(**sizes):
    """Two ratings each of so many raters by group, the groups in the order given."""
    group = [g for g, n in sizes.items() for _ in range(n)]
    frame = pd.DataFrame({"rater": range(len(group)), "g": pd.Categorical(group, list(sizes))})
    return pd.concat([frame, frame], ignore_index=True)


@pytest.mark.parametrize(
    ("sizes", "reference", "large"),
    [
        ({"a": 10, "b": 12}, "a", ("a", "b")),
        ({"a": 9, "b": 12, "c": 30}, "c", ("b", "c")),
        ({"a": 0, "b": 12, "c": 11}, "b", ("b", "c")),
        ({"a": 9, "b": 12}, "", ("b",)),
        ({"a": 3, "b": 4}, "", ()),
    ],
)
def test_the_first_group_is_the_reference_unless_it_is_too_small(sizes, reference, large):
    found = groups_of(ratings(**sizes), "g", "Group", 10)
    assert (found.reference, found.large) == (reference, large)
    assert bool(found.lacking) == (not reference)


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ({"a": 9, "b": 12}, "of the 2 groups of Group only 'b' has 10 raters or more"),
        ({"a": 3, "b": 4}, "of the 2 groups of Group none has 10 raters or more"),
        ({"a": 30, "b": 0}, "all raters with an answer to Group are of one group, 'a'"),
        ({"a": 0, "b": 0}, "no rater has an answer to Group"),
    ],
)
def test_why_there_are_no_two_groups(sizes, why):
    assert groups_of(ratings(**sizes), "g", "Group", 10).lacking.startswith(why)


def test_only_raters_of_complete_rows_count():
    """All of the first group's raters have an answer, but few of them one to the other question."""
    data = ratings(a=20, b=15)
    few = (data["g"] == "a") & (data["rater"] >= 5)
    data["h"] = pd.Categorical(data["rater"].mod(2).map({0: "x", 1: "y"}).mask(few))
    made = large_references(data, ["g", "h"], 5)
    assert list(made["g"].cat.categories) == ["a", "b"]
    assert list(large_references(data, ["g", "h"], 7)["g"].cat.categories) == ["a", "b"]
    wide = pd.concat([data, ratings(c=20).assign(h="x", rater=lambda f: f["rater"] + 100)])
    wide["g"] = pd.Categorical(wide["g"], ["a", "b", "c"])
    wide["h"] = pd.Categorical(wide["h"])
    assert list(large_references(wide, ["g", "h"], 7)["g"].cat.categories) == ["c", "a", "b"]


def test_what_is_said():
    assert replaced("Group", "a", "a", 10) == ""
    assert replaced("Group", "a", "b", 10).endswith("as 'a' has fewer than 10 raters")
    assert nothing_compared(["x", "x", "y"]).endswith("between them: x; y.")
    assert "records no demographics" in no_demographics([])
    assert "(Age and Gender)" in no_demographics(["Age", "Gender"])


def test_the_explorer_offers_the_largest_group_first(study_of):
    group = ["a"] * 4 + ["b"] * 20 + ["c"] * 30
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(54)], "item": "x", "g": group})
    frame["rating"] = [1 + i % 5 for i in range(54)]
    study = study_of(frame, demographics={"g": {}})
    assert choices_of(study).references == {"g": ("c", "b")}
    few = choices_of(study, min_cell=25)
    assert not few.references
    assert "of the 3 groups of G only 'c' has 25 raters or more" in few.missing


def test_judges_are_held_against_the_largest_group(study_of):
    group = [g for g, n in (("a", 4), ("b", 20), ("c", 30)) for _ in range(n) for _ in range(2)]
    frame = pd.DataFrame({"rater": [f"p{i // 2}" for i in range(108)], "item": list("xy") * 54})
    frame["g"], frame["rating"] = group, [1 + i % 5 for i in range(108)]
    study = study_of(frame, demographics={"g": {}})
    scores = pd.DataFrame({"item": ["x", "y"], "dimension": "rating", "score": [2.0, 4.0]})
    found = pls.judging.judge_contrasts(study, scores.assign(judge="one"), n_bootstrap=100)
    assert list(found.table["contrast"]) == ["b vs c"]
    assert any("as 'a' has fewer than 10 raters" in note for note in found.meta.notes)
    none = pls.judging.judge_contrasts(
        study, scores.assign(judge="one"), n_bootstrap=100, min_cell=25
    )
    assert none.table.empty
    assert "only 'c' has 25 raters or more" in none.sentence
