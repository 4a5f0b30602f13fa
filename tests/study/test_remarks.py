from decimal import Decimal

import pandas as pd
import pytest

from pluralign_stats.study.remarks import remarks
from pluralign_stats.study.text import look_alikes


def made(study_of, answers, **factor):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(2 * len(answers))], "item": "a"})
    frame["rating"] = [1 + i % 5 for i in range(len(frame))]
    frame["g"] = list(answers) * 2
    return remarks(study_of(frame, demographics={"g": factor}))


@pytest.mark.parametrize(
    "levels",
    [
        ["Female", "female", "FEMALE"],
        ["New York", "New  York", "new york", "New\u00a0York"],
        ["x", "x\u200b"],
        ["A", "\uff21"],  # a full-width letter
        ["straße", "STRASSE"],
    ],
)
def test_levels_that_look_alike_are_told(study_of, levels):
    (told,) = made(study_of, [*levels, "Other"])
    assert "are different levels of 'g'" in told
    assert all(f"'{level}'" in told for level in levels)
    assert "'recode'" in told
    assert look_alikes(levels) == [levels]


def test_stated_levels_take_all_spellings(study_of):
    assert made(study_of, ["Female", "female", "FEMALE", "Male"], levels=["Female", "Male"]) == ()


@pytest.mark.parametrize("levels", [["-1", "1"], ["C", "C++"], ["18-30", "1830"], ["a", "b"]])
def test_levels_that_differ_are_not_remarked_upon(study_of, levels):
    assert made(study_of, levels) == ()


def test_many_numbers_as_levels_are_told(study_of):
    (told,) = made(study_of, [Decimal(k) / 10 for k in range(12)])
    assert told.startswith("the 12 numbers of 'g' are read as the levels of a factor")
    assert made(study_of, range(1, 6)) == ()
    assert made(study_of, range(20, 40), bands={"young": [20, 29], "old": [30, 39]}) == ()


def test_names_that_look_alike_are_counted_and_those_of_raters_not_shown(study_of):
    frame = pd.DataFrame({"rater": ["p1", "P1", "p2", "p3"], "item": ["a", "A", "b", "b"]})
    raters, items = remarks(study_of(frame.assign(rating=[1, 2, 3, 4])))
    assert raters.startswith("2 names of 'rater' differ from another in case")
    assert "'a', 'A' are different levels of 'item'" in items
    assert "p1" not in raters.casefold()


def test_a_valence_that_is_not_declared_is_told(study_of):
    frame = pd.DataFrame({"rater": ["p1", "p2"], "item": "a", "odd": [1, 2], "good": [1, 2]})
    (told,) = remarks(study_of(frame, dimensions={"odd": {"valence": None}, "good": {}}))
    assert told.startswith("whether a high rating is good is not declared of 'odd';")
    assert "'valence: 1' (good) or 'valence: -1' (bad)" in told
