import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import composition
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.text import joined, parted

LEVELS = ["White", "Black, African American", "Asian"]
ASKED = {
    "levels": LEVELS,
    "label": {"en": "Ethnicity", "de": "Herkunft"},
    "multiple": {"separator": [";", ","], "as": "indicators"},
    "declined": "no answer",
}
ANSWERS = ["White", "White;Asian", "black, african american,White", "Asian", "no answer", ""]


@pytest.fixture
def origins(study_of):
    def made(answers=ANSWERS, **factor):
        n = len(answers)
        frame = pd.DataFrame({"rater": [f"p{k:02}" for k in range(n)], "item": "a"})
        frame["rating"] = [1 + k % 5 for k in range(n)]
        frame["origin"] = answers
        return study_of(frame, demographics={"origin": ASKED | factor})

    return made


def test_each_answer_becomes_a_demographic(origins):
    study = origins()
    assert study.demographics == ("origin_white", "origin_black_african_american", "origin_asian")
    assert study.labels["origin_asian"] == "Ethnicity: Asian"
    assert study.codebook.in_language("de").label("origin_white") == "Herkunft: White"
    raters = study.raters.astype("str")
    assert raters["origin_white"].tolist()[:4] == ["White", "White", "White", "not White"]
    assert raters["origin_asian"].tolist()[:4] == ["not Asian", "Asian", "not Asian", "Asian"]
    black = raters["origin_black_african_american"].tolist()[:4]
    assert black == [f"{k}Black, African American" for k in ("not ", "not ", "", "not ")]
    assert raters["origin_selected"].tolist()[1] == "Asian; White"


def test_nonresponse_is_that_of_the_question(origins):
    study = origins()
    lost = study.nonresponse.groupby("demographic")["reason"].agg(list).to_dict()
    assert lost == {key: ["declined", "missing"] for key in study.demographics}


def test_those_who_did_not_name_it_are_the_reference(origins):
    study = origins(reference="White")
    assert study.levels("origin_white") == ("not White", "White")
    assert list(study.raters["origin_white"].cat.categories) == ["not White", "White"]


def test_unknown_answers_are_told_once_for_the_question(origins):
    with pytest.raises(
        InputError, match=r"column 'origin', row 3: value 'White;Martian'"
    ) as caught:
        origins(["White", "White;Martian", "Asian", "Black, African American"])
    assert "Martian" in caught.value.draft
    assert caught.value.draft.count("multiple") == 1


def test_the_old_way_stays(origins):
    study = origins(multiple={"separator": [";", ","], "level": "Several"})
    assert study.levels("origin") == ("White", "Asian", "Several")


def test_the_codebook_of_the_study_reads_the_same_again(origins, study_of):
    study = origins()
    written = study.codebook.model_dump(mode="json", exclude_unset=True)
    again = codebook_from(written, "again.yaml")
    assert again.indicated.demographics == study.codebook.demographics


def test_the_table_counts_who_named_it(origins):
    answers = [*["White"] * 20, *["White;Asian"] * 12, *["Asian"] * 11]
    table = composition(origins(answers)).table
    white = table[table["term"] == "Ethnicity: White"].set_index("group")["n_raters"]
    assert white.to_dict() == {"White": 32, "not White": 11}
    asian = table[table["term"] == "Ethnicity: Asian"].set_index("group")["n_raters"]
    assert asian.to_dict() == {"Asian": 23, "not Asian": 20}


@pytest.mark.parametrize(
    ("factor", "told"),
    [
        ({"levels": None}, "state 'levels'"),
        ({"multiple": {"as": "many"}}, "'level' or 'indicators'"),
        ({"levels": ["a b", "a-b"]}, "make one name"),
        ({"named": "Martian"}, "'named' is one of the 'levels'"),
    ],
)
def test_what_cannot_be_an_indicator_is_refused(origins, factor, told):
    with pytest.raises(InputError, match=told):
        origins(["a b", "a-b"], **factor)


@pytest.mark.parametrize("mark", [":", "; ", " vs "])
@pytest.mark.parametrize("parts", [["a"], ["a", "b"], ["", "x; y"], ["a:b", "\\", "c\\; "], [" v"]])
def test_joined_parts_come_apart_again(parts, mark):
    assert parted(joined(parts, mark), mark) == parts
