import re

import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import exclusions

TWICE = "p1,Male,Liberal\np2,,Centre\n"

DERIVED = """\
name: derived
files: {ratings: ratings.csv}
columns: {rater: person, item: response}
dimensions: {toxicity: {}}
demographics:
  gender: {levels: [Female, Male], declined: hidden}
  age: {bands: {young: [18, 40], old: [41, 99]}}
"""

ROWS = """\
person,response,toxicity,gender,age
p1,a,1,Female,39
p1,b,2,Male,40
p1,c,2,Female,41
p2,a,3,,20
p2,b,4,Male,20
p3,a,5,hidden,50
p3,b,5,Female,50
"""


def read(toy, rules, raters):
    book = toy.files["study.yaml"] + f"raters: {rules}\n"
    return toy.read({"raters.csv": raters, "study.yaml": book})


def answers(study, rater):
    row = study.raters.set_index("rater").loc[rater]
    return {name: (v if isinstance(v, str) else None) for name, v in row.items()}


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        ("first", {"gender": "Female", "politics": "Liberal"}, "Liberal"),
        ("last", {"gender": "Male", "politics": "Liberal"}, "Centre"),
        ("missing", {"gender": None, "politics": "Liberal"}, None),
    ],
)
def test_a_rater_who_is_described_twice(toy, rule, first, second):
    study = read(toy, f"{{described_twice: {rule}}}", toy.files["raters.csv"] + TWICE)
    assert study.raters["rater"].tolist() == [f"p{k}" for k in range(1, 7)]
    assert answers(study, "p1") == first
    assert answers(study, "p2") == {"gender": "Male", "politics": second}
    (told,) = study.exclusions.to_dict("records")
    assert (told["filter"], told["raters"]) == (f"raters: described twice, {rule}", 2)
    assert "2 raters" in exclusions(study, min_cell=1).sentence


def test_a_level_that_is_answered_away_is_missing(toy):
    raters = toy.files["raters.csv"] + TWICE
    study = read(toy, "{described_twice: missing}", raters)
    lost = study.nonresponse.set_index(["rater", "demographic"])["reason"]
    assert lost.to_dict() == {("p1", "gender"): "missing", ("p2", "politics"): "missing"}
    assert study.ratings.loc[study.ratings["rater"] == "p1", "gender"].isna().all()


def test_the_same_description_twice_contradicts_nothing(toy):
    raters = toy.files["raters.csv"] + "p1,Female,Liberal\n"
    study = read(toy, "{described_twice: missing}", raters)
    assert study.exclusions.empty
    assert study.nonresponse.empty


@pytest.mark.parametrize(
    ("rule", "gender", "age"),
    [
        ("first", ["Female", "Male", None], "young"),
        ("last", ["Female", "Male", "Female"], "old"),
        ("missing", [None, "Male", None], None),
    ],
)
def test_answers_repeated_in_the_ratings_file(toy, rule, gender, age):
    book = DERIVED + f"raters: {{described_twice: {rule}}}\n"
    study = toy.read({"study.yaml": book, "ratings.csv": ROWS})
    assert [answers(study, f"p{k}")["gender"] for k in (1, 2, 3)] == gender
    assert answers(study, "p1")["age"] == age
    assert study.exclusions["raters"].tolist() == [2]


def test_other_words_for_the_same_answer_are_no_contradiction(toy):
    rows = ROWS.replace("p1,b,2,Male,40", "p1,b,2,FEMALE,40").replace("41", "38")
    rows = rows.replace("p2,a,3,,", "p2,a,3,Male,").replace("hidden", "Female")
    study = toy.read({"study.yaml": DERIVED, "ratings.csv": rows})
    assert [answers(study, f"p{k}")["age"] for k in (1, 2, 3)] == ["young", "young", "old"]


@pytest.mark.parametrize("source", ["raters", "ratings"])
def test_without_a_rule_the_message_names_it(toy, source):
    derived = {"study.yaml": DERIVED, "ratings.csv": ROWS}
    stated = {"raters.csv": toy.files["raters.csv"] + TWICE}
    with pytest.raises(InputError, match=r"described_twice: ….*'first', 'last' or 'missing'"):
        toy.read(derived if source == "ratings" else stated)


def test_raters_whom_the_raters_file_lacks_are_added_or_dropped(toy):
    raters = re.sub("p4.*\n", "", toy.files["raters.csv"])
    with pytest.raises(InputError, match=r"not_described: ….*'add' .*or 'drop'"):
        toy.read({"raters.csv": raters})
    added = read(toy, "{not_described: add}", raters)
    assert len(added.ratings) == 36
    assert answers(added, "p4") == {"gender": None, "politics": None}
    assert set(added.nonresponse["reason"]) == {"missing"}
    assert added.exclusions.to_dict("records") == [
        {
            "filter": "raters: not described, add",
            "rows": 0,
            "raters": 1,
            "done": "added without demographics",
        }
    ]
    dropped = read(toy, "{not_described: drop}", raters)
    assert len(dropped.raters) == 5
    assert len(dropped.ratings) == 30
    (told,) = dropped.exclusions.to_dict("records")
    assert (told["rows"], told["raters"], told["done"]) == (3, 1, "left out")


@pytest.mark.parametrize("rule", ["add", "drop"])
def test_where_nobody_is_described_the_names_are_wrong(toy, rule):
    raters = toy.files["raters.csv"].replace("p", "q").replace("qerson", "person")
    raters = raters.replace("sqectrum", "spectrum")
    with pytest.raises(InputError, match=r"'p1', .*none of the raters is described"):
        read(toy, f"{{not_described: {rule}}}", raters)


def test_an_unknown_key_or_choice_is_refused(toy):
    with pytest.raises(InputError, match=r"unknown key 'raters.twice': it must be one of 'descri"):
        read(toy, "{twice: first}", toy.files["raters.csv"])
    with pytest.raises(InputError, match=r"'raters.not_described' is 'keep', but input should be"):
        read(toy, "{not_described: keep}", toy.files["raters.csv"])
