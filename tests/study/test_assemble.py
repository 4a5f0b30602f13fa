import re

import pandas as pd
import pytest

from pluralign_stats import InputError

DERIVED = """\
name: derived
files: {ratings: ratings.csv}
columns: {rater: person, item: [response, version], prompt: response, language: language}
dimensions: {toxicity: {valence: -1}}
demographics:
  gender: {levels: [Male, Female], reference: Female, declined: hidden}
covariates:
  arm: {levels: [new, old], reference: old}
"""

ROWS = """\
person,response,version,language,toxicity,gender,arm
p1,a,1,en,1,Female,old
p1,a,2,en,2,Female,new
p2,a,1,de,3,Male,old
p2,b,1,de,4,Male,old
p3,a,1,en,5,hidden,new
p4,a,2,en,1,Female,new
p5,b,1,de,2,Male,old
"""


def derived(toy, rows=ROWS, book=DERIVED):
    return toy.read({"study.yaml": book, "ratings.csv": rows})


def test_words_stand_for_ratings_in_either_language(toy):
    words = toy.files["ratings.csv"].replace(",1,", ",Stimme überhaupt nicht zu,")
    words = words.replace(",5,", ", STRONGLY AGREE ,")
    expected = toy.read().ratings
    pd.testing.assert_frame_equal(toy.read({"ratings.csv": words}).ratings, expected)


def test_whole_numbers_may_be_written_as_decimals(toy):
    decimal = toy.changed("ratings.csv", "p1,a1,1,5", "p1,a1,1.0,5.00")
    pd.testing.assert_frame_equal(toy.read({"ratings.csv": decimal}).ratings, toy.read().ratings)


def test_an_unanswered_rating_stays_as_a_missing_one(toy):
    study = toy.read({"ratings.csv": toy.changed("ratings.csv", "p1,a1,1,5", "p1,a1,,NA")})
    assert len(study.ratings) == 36
    assert study.ratings["rating"].isna().sum() == 2
    assert study.summary_counts()["ratings"] == 34


def test_raters_without_ratings_are_not_in_the_study(toy):
    raters = toy.files["raters.csv"] + "p7,Female,Liberal\np8,,Prefer not to say\n"
    book = toy.changed(
        "study.yaml", "column: spectrum", "column: spectrum\n    declined: Prefer not to say"
    )
    study = toy.read({"raters.csv": raters, "study.yaml": book})
    assert study.raters["rater"].tolist() == [f"p{i}" for i in range(1, 7)]
    assert study.nonresponse.empty


def test_a_group_of_one_rater_is_read(toy):
    raters = toy.changed("raters.csv", "p5,Female,Conservative", "p5,Female,Centre")
    study = toy.read({"raters.csv": raters})
    assert study.levels("politics") == ("Liberal", "Centre", "Conservative")
    assert (study.raters["politics"] == "Conservative").sum() == 1


def test_a_group_of_one_may_be_led_to_nothing(toy):
    raters = toy.changed("raters.csv", "p5,Female,Conservative", "p5,Female,Centre")
    book = toy.changed("study.yaml", "very liberal: Liberal", "Conservative: null")
    study = toy.read({"raters.csv": raters, "study.yaml": book})
    assert study.levels("politics") == ("Liberal", "Centre")
    lost = {"rater": "p6", "demographic": "politics", "reason": "missing"}
    assert study.nonresponse.to_dict("records") == [lost]


def test_nonresponse_names_rater_demographic_and_reason(toy):
    raters = toy.files["raters.csv"].replace("p1,Female,", "p1,Prefer not to say,")
    raters = raters.replace("p2,Male,Liberal", "p2,Male,")
    raters += "p7,Female,Liberal\n"
    ratings = toy.files["ratings.csv"] + "p7,a1,1,2\n"
    study = toy.read({"raters.csv": raters, "ratings.csv": ratings})
    assert study.nonresponse.to_dict("records") == [
        {"rater": "p1", "demographic": "gender", "reason": "declined"},
        {"rater": "p2", "demographic": "politics", "reason": "missing"},
    ]
    first = study.ratings[study.ratings["rater"] == "p1"]
    assert len(first) == 6
    assert first["gender"].isna().all()


def test_the_reference_is_the_first_category(toy):
    study = toy.read()
    for frame in (study.ratings, study.raters):
        assert list(frame["gender"].cat.categories) == ["Female", "Male"]
        assert frame["politics"].cat.categories[0] == "Liberal"
    assert list(study.ratings["topic"].cat.categories) == ["home", "work"]


def test_covariates_come_from_the_items_file_or_the_ratings(toy):
    ratings = toy.read().ratings
    assert set(ratings.loc[ratings["topic"] == "work", "item"]) == {"b1"}
    own = derived(toy).ratings
    assert own["arm"].tolist() == ["old", "new", "old", "old", "new", "new", "old"]
    assert own["arm"].cat.categories[0] == "old"


def test_raters_taken_from_the_ratings(toy):
    study = derived(toy)
    assert study.raters["rater"].tolist() == ["p1", "p2", "p3", "p4", "p5"]
    assert study.raters["gender"].astype(object).tolist()[:2] == ["Female", "Male"]
    assert study.nonresponse.to_dict("records") == [
        {"rater": "p3", "demographic": "gender", "reason": "declined"}
    ]


@pytest.mark.parametrize("other", ["Male", "", "hidden"])
def test_a_rater_taken_from_the_ratings_must_not_contradict_itself(toy, other):
    rows = ROWS.replace("p1,a,2,en,2,Female", f"p1,a,2,en,2,{other}")
    with pytest.raises(InputError, match=r"ratings.csv: column 'gender', row 3: .*'p1' has two"):
        derived(toy, rows)


def test_an_item_may_be_told_by_several_columns(toy):
    study = derived(toy)
    assert study.items["item"].tolist() == ["a:1", "a:2", "b:1"]
    assert study.items["prompt"].tolist() == ["a", "a", "b"]
    assert study.ratings["item"].tolist()[:2] == ["a:1", "a:2"]
    assert study.ratings["language"].tolist() == ["en", "en", "de", "de", "en", "en", "de"]


def test_without_a_prompt_column_every_item_is_its_own_prompt(toy):
    study = derived(toy, book=DERIVED.replace("prompt: response, ", ""))
    assert (study.items["prompt"] == study.items["item"]).all()


def test_the_prompt_may_stand_in_the_ratings_file_alone(toy):
    ratings = toy.files["ratings.csv"].replace("person,", "question,person,", 1)
    ratings = re.sub(r"^(p\d,(.))", r"\2,\1", ratings, flags=re.MULTILINE)
    items = "response,topic,answer\na1,home,Yes\na2,home,No\nb1,work,Perhaps\n"
    study = toy.read({"ratings.csv": ratings, "items.csv": items})
    pd.testing.assert_frame_equal(study.ratings, toy.read().ratings)


def test_a_filter_takes_rows_out_before_anything_is_checked(toy):
    ratings = toy.files["ratings.csv"].replace("person,", "check,person,", 1)
    ratings = re.sub("^p", "ok,p", ratings, flags=re.MULTILINE)
    ratings = ratings.replace("ok,p1,a1,1,5", "no,p1,a1,99,rubbish") + "no,p99,zz,,\n"
    ratings = ratings.replace("check,ok,person", "check,person")
    book = toy.files["study.yaml"] + "filters: {attention: {columns: check, keep: OK}}\n"
    study = toy.read({"ratings.csv": ratings, "study.yaml": book})
    lost = {"filter": "attention", "rows": 2, "raters": 1, "done": "left out"}
    assert study.exclusions.to_dict("records") == [lost]
    assert study.summary_counts() == {"raters": 6, "items": 3, "ratings": 34, "dimensions": 2}


def test_row_numbers_in_messages_hold_after_a_filter_and_blank_lines(toy):
    ratings = toy.files["ratings.csv"].replace("p1,a2,2,4", "\np1,a2,1,4")
    ratings = ratings.replace("p6,b1,3,4", "p6,b1,8,4")
    book = (
        toy.files["study.yaml"]
        + "filters: {f: {columns: rating_helpfulness, keep: [2, 3, 4, 5]}}\n"
    )
    with pytest.raises(InputError, match=r"'rating_toxicity', row 20: value '8'"):
        toy.read({"ratings.csv": ratings, "study.yaml": book})


def test_an_item_that_belongs_to_two_prompts_is_refused(toy):
    rows = ROWS.replace("person,", "q,person,", 1)
    rows = re.sub("^p", "q1,p", rows, flags=re.MULTILINE).replace("q1,p4", "q2,p4")
    rows = rows.replace("q1,person", "person").replace("q,q1,", "q,")
    book = DERIVED.replace("prompt: response", "prompt: q")
    with pytest.raises(InputError, match=r"ratings.csv: column 'q', row 7: .*'q2'"):
        derived(toy, rows, book)


TEXTED = DERIVED + "texts: {prompt: {en: asked}, response: {en: said}}\n"


def with_texts(said: str = "yes") -> str:
    header, *rows = ROWS.splitlines()
    told = {"a,1": "yes", "a,2": "no", "b,1": "perhaps"}
    lines = [f"{header},asked,said"]
    lines += [f"{row},Why?,{told[row[3:6]]}" for row in rows]
    lines[3] = lines[3].removesuffix("yes") + said
    return "\n".join(lines) + "\n"


def test_texts_come_from_the_ratings_where_there_is_no_file_of_items(toy):
    items = derived(toy, with_texts(), TEXTED).items
    assert items["response_text_en"].tolist() == ["yes", "no", "perhaps"]
    assert items["prompt_text_en"].tolist() == ["Why?"] * 3


@pytest.mark.parametrize("said", ["another", ""])
def test_two_texts_of_one_item_are_refused(toy, said):
    with pytest.raises(InputError, match=r"column 'said', row 4: .*one text an item; keep one"):
        derived(toy, with_texts(said), TEXTED)
