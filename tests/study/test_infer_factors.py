import pandas as pd
import pytest

from pluralign_stats.study.infer_factors import infer_factor


def infer(values, name="x", order=()):
    return infer_factor(name, pd.Series(values, dtype="str"), order)


@pytest.mark.parametrize("name", ["age", "Age", "rater_age", "raterAge", "Alter", "AGE_YEARS"])
def test_ages_by_their_name(name):
    taken = infer(["18", "44", "61"], name)
    assert list(taken.content["bands"]) == ["18-30", "41-50", "over 60"]
    assert taken.content["ordered"]


@pytest.mark.parametrize("name", ["x", "page", "language", "wage"])
def test_other_numbers_are_cut_into_equal_parts(name):
    taken = infer([str(k) for k in range(20, 60)], name)
    assert list(taken.content["bands"]) == ["20 to 29", "30 to 39", "40 to 49", "50 to 59"]


def test_ages_of_half_years_are_cut_into_equal_parts():
    assert len(infer(["20.5", *map(str, range(30, 45))], "age").content["bands"]) == 4


def test_codes_of_age_groups_are_levels():
    taken = infer(["1", "2", "3", "4"], "Age")
    assert taken.content == {"levels": ["1", "2", "3", "4"], "ordered": True}


def test_years_of_birth():
    assert list(infer(["1980", "1999"], "year_of_birth").content["bands"]) == [
        "1980-1989",
        "1990-1999",
    ]


def test_words_are_levels_and_the_largest_group_the_reference():
    taken = infer(["b", "b", "a", "c"])
    assert taken.content == {"levels": ["a", "b", "c"], "reference": "b"}


def test_spellings_that_differ_in_case_are_one_level():
    taken = infer(["Female", "female", "Female", "male"])
    assert taken.content["levels"] == ["Female", "male"]
    assert "case only" in taken.why


def test_words_for_no_answer_are_no_levels():
    taken = infer(["a", "b", "Prefer not to say", "CONSENT_REVOKED", "nan"])
    assert taken.content["levels"] == ["a", "b"]
    assert taken.content["declined"] == ["Prefer not to say"]
    assert taken.content["missing"] == ["CONSENT_REVOKED", "nan"]
    assert "declined: 'Prefer not to say'; no answer: 'CONSENT_REVOKED', 'nan'" in taken.told
    ages = infer(["19", "44", "DATA_EXPIRED"], "age").content
    assert (list(ages["bands"]), ages["missing"]) == (["18-30", "41-50"], ["DATA_EXPIRED"])


@pytest.mark.parametrize(
    "levels",
    [
        ["18-30", "31-40", "60<"],
        ["under 18", "18 to 24", "25+"],
        ["<18", "18–30", "over 60"],
        ["unter 20", "20 bis 29", "30 und älter"],
    ],
)
def test_ranges_are_in_their_order(levels):
    taken = infer(levels[::-1])
    assert taken.content == {"levels": levels, "ordered": True}


def test_known_answers_are_in_their_order():
    assert infer(["often", "never", "rarely"]).content["levels"] == ["never", "rarely", "often"]


def test_categories_keep_their_order():
    taken = infer(["b", "a", "No answer"], order=("z", "b", "a", "No answer"))
    assert taken.content == {"levels": ["z", "b", "a"], "declined": ["No answer"]}


def test_several_answers_a_cell():
    taken = infer(["Asian;White", "White", "Asian", "Prefer not to say;White"])
    assert taken.content["multiple"] == {"separator": [";"]}
    assert taken.content["levels"] == ["Asian", "White"]
    assert taken.content["declined"] == ["Prefer not to say"]
    listed = infer(['["Asian", "White"]', '["White"]'])
    assert listed.content["levels"] == ["Asian", "White"]


def test_many_words_are_left_as_found():
    assert infer([f"town {k}" for k in range(60)]).content == {}
