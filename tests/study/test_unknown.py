import pickle

import pandas as pd
import pytest
from ruamel.yaml import YAML

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import codebook_from

FAITH = {"levels": ["Christian", "none"], "recode": {"catholic": "Christian"}, "label": "Faith"}
FAITHS = ["Christian", "none", "catholic", "Catholics", "Jedi", "Jedi", 'a "b": c', "yes", "1.5"]


@pytest.fixture
def frame():
    n = len(FAITHS)
    made = pd.DataFrame({"rater": [f"p{k}" for k in range(n)], "item": "a", "faith": FAITHS})
    made["rating"] = [1 + k % 5 for k in range(n)]
    made["origin"] = ["A;B", "A;x", "y;x", "A", "B", "A", "B", "A", "B"]
    made["source"] = ["web", "app", *["web"] * (n - 2)]
    return made


BOOK = {
    "demographics": {"faith": FAITH, "origin": {"levels": ["A", "B"], "multiple": {}}},
    "covariates": {"source": {"levels": ["web"]}},
}


def refused(study_of, frame, **book):
    with pytest.raises(InputError) as caught:
        study_of(frame, **(book or BOOK))
    return caught.value


def test_all_unknown_answers_are_told_in_one_line(study_of, frame):
    error = refused(study_of, frame)
    assert "\n" not in str(error)
    assert str(error).startswith(
        "8 answers to 3 questions are not in the codebook: ratings.csv, column 'faith': 5 ('Jedi', "
    )
    assert "column 'origin': 2 ('x', 'y')" in str(error)
    assert "column 'source': 1 ('app')" in str(error)
    assert "'pluralign check'" in str(error)


def test_one_question_is_told_as_ever(study_of, frame):
    told = str(refused(study_of, frame, demographics={"faith": FAITH}))
    assert told.startswith("ratings.csv: column 'faith', rows 5, 6, 7, 8, 9, … (6 in all): value")
    assert "(5 in all); allowed: 'Christian', 'none'; add the level" in told


def drafted(error):
    return YAML(typ="safe").load(error.draft)


def test_the_draft_takes_the_place_of_the_entries_and_then_works(study_of, frame):
    made = drafted(refused(study_of, frame))
    assert made["demographics"]["faith"] == FAITH | {
        "label": {"en": "Faith"},
        "recode": {
            "catholic": "Christian",
            "Jedi": None,
            "Catholics": "Christian",
            'a "b": c': None,
            "yes": None,
            "1.5": None,
        },
    }
    assert made["demographics"]["origin"]["recode"] == {"x": None, "y": None}
    study = study_of(frame, **made)
    assert study.levels("faith") == ("Christian", "none")
    assert study.nonresponse["reason"].value_counts().to_dict() == {"missing": 6}
    assert codebook_from(
        {"name": "d", "files": {"ratings": "r"}, "columns": {"rater": "r", "item": "i"}}
        | {"dimensions": {"x": {}}}
        | made,
        "d.yaml",
    )


def test_a_guess_is_marked_as_one(study_of, frame):
    lines = refused(study_of, frame).draft.splitlines()
    assert '      "Catholics": "Christian"  # 1 time; a guess by its looks' in lines
    assert '      "Jedi": null  # 2 times' in lines


def test_numbers_outside_of_bands_are_drafted_too(study_of, frame):
    frame["age"] = ["20", "45", "200", "young", *["30"] * 5]
    error = refused(study_of, frame, demographics={"age": {"bands": {"young": [18, 99]}}})
    assert "allowed: numbers 18 to 99" in str(error)
    assert drafted(error)["demographics"]["age"]["recode"] == {"200": None}


def test_the_draft_survives_a_process(study_of, frame):
    error = refused(study_of, frame)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.draft) == (str(error), error.draft)
    assert InputError("x").draft == ""
    assert pls.InputError is InputError


@pytest.mark.parametrize(
    ("factor", "advice"),
    [
        ({"levels": ["18", "40"]}, "add the level to the codebook, lead the value to a level"),
        ({"bands": {"young": [18, 30], "old": [31, 90]}}, "mend the number, add a band that holds"),
    ],
)
def test_one_unknown_answer_may_be_no_answer(study_of, factor, advice):
    frame = pd.DataFrame({"rater": ["p1", "p2", "p3"], "item": "a", "rating": [1, 2, 3]})
    frame["age"] = ["18", "40", "999"]
    told = str(refused(study_of, frame, demographics={"age": factor}))
    assert advice in told
    assert "or list it under 'missing' there if it stands for no answer" in told
    study_of(frame, demographics={"age": factor | {"missing": ["999"]}})
