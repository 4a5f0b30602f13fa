"""Names are never missing, answers that are stated go before codes, and what is lost is counted."""

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.study.questions import Dimension

CODES = ["NA", "None", "nan", "null", "NaN", "99", "N/A", "-", "<NA>"]


def rename(toy, old, new):
    """The toy study's files, one of its names replaced in all of them."""
    return {name: text.replace(old, new) for name, text in toy.files.items() if "csv" in name}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("old", ["p2", "a2", "b"], ids=["rater", "item", "prompt"])
def test_a_name_is_never_missing(toy, code, old):
    book = toy.files["study.yaml"] + f"missing: ['', NA, '{code}']\n"
    if old == "b":
        files = {"items.csv": toy.changed("items.csv", "b1,b,", f"b1,{code},")}
    else:
        files = rename(toy, f"{old},", f"{code},")
    study, before = toy.read({**files, "study.yaml": book}), toy.read()
    assert study.summary_counts() == before.summary_counts()
    found = {str(v) for c in ("rater", "item", "prompt") for v in study.ratings[c].unique()}
    assert code in found
    if code not in ("", "NA"):
        named = study.codes.query("read_as == 'a name'")
        assert set(named["code"]) == {code}


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_names_of_any_file_format(toy, name):
    frame = pd.read_csv(toy.write().parent / "ratings.csv", dtype=str, keep_default_na=False)
    frame = frame.replace({"person": {"p1": "NA", "p2": "None", "p3": "nan"}})
    target = toy.folder / name
    if name.endswith("csv"):
        frame.to_csv(target, index=False)
    elif name.endswith("jsonl"):
        frame.to_json(target, orient="records", lines=True)
    else:
        frame.to_parquet(target)
    raters = toy.files["raters.csv"].replace("p1,", "NA,").replace("p2,", "None,")
    book = toy.changed("study.yaml", "ratings.csv", name)
    files = {"study.yaml": book, "raters.csv": raters.replace("p3,", "nan,")}
    assert set(toy.read(files).raters["rater"]) == {"NA", "None", "nan", "p4", "p5", "p6"}


def test_a_country_named_na_is_kept(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(8)], "item": "a"})
    frame["rating"], frame["country"] = [1, 2, 3, 4] * 2, ["US", "NA", "na", ""] * 2
    study = study_of(frame, demographics={"country": {"levels": ["US", "NA"]}})
    assert study.raters["country"].value_counts().to_dict() == {"NA": 4, "US": 2}
    assert study.codes.query("column == 'country'").values.tolist() == [
        ["ratings.csv", "country", "country", "", 2, "missing"],
        ["ratings.csv", "country", "country", "NA", 2, "an answer"],
    ]


def test_a_code_may_be_missing_on_one_question_and_a_rating_on_another(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(5)], "item": "a"})
    frame["x"], frame["y"] = ["1", "6", "6.0", "NA", "2"], ["6", "7", "NA", "1", "6"]
    study = study_of(frame, dimensions={"x": {"missing": [6]}, "y": {"scale": [1, 7]}})
    by = study.ratings.groupby("dimension", observed=True)["rating"]
    assert {k: v.dropna().tolist() for k, v in by} == {"x": [1, 2], "y": [6, 7, 1, 6]}
    assert study.codes[["column", "code", "cells"]].values.tolist() == [
        ["x", "NA", 1],
        ["x", "6", 2],
        ["y", "NA", 1],
    ]


def test_a_rating_of_the_scale_goes_before_a_general_code(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(4)], "item": "a"})
    frame["x"], frame["y"] = ["1", "2", "99", "3"], ["99", "7", "99", "100"]
    dimensions = {"x": {}, "y": {"scale": [1, 100]}}
    study = study_of(frame, dimensions=dimensions, missing=["", "99"])
    ratings = study.ratings.set_index(["dimension", "rater"])["rating"]
    assert ratings["x"].isna().tolist() == [False, False, True, False]
    assert ratings["y"].tolist() == [99, 7, 99, 100]
    assert study.codes[["column", "code", "cells", "read_as"]].values.tolist() == [
        ["x", "99", 1, "missing"],
        ["y", "99", 2, "an answer"],
    ]
    own = {"x": {}, "y": {"scale": [1, 100], "missing": [99]}}
    study = study_of(frame, dimensions=own, missing=["", "99"])
    ratings = study.ratings.set_index(["dimension", "rater"])["rating"]
    assert ratings["y"].isna().tolist() == [True, False, True, False]


def test_words_of_ratings_go_before_codes(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(3)], "item": "a"})
    frame["x"] = ["NA", "none", "always"]
    study = study_of(
        frame,
        dimensions={"x": {"scale": [0, 2], "labels": {0: "None", 1: "NA", 2: "Always"}}},
        missing=["", "NA", "None", "none"],
    )
    assert study.ratings["rating"].tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("labels", "missing", "says"),
    [
        ({1: "No", 2: "no"}, [], "'No' stands for two ratings"),
        ({1: {"en": "gift"}, 5: {"de": "Gift"}}, [], "'gift' stands for two ratings"),
        ({1: "NA"}, ["na"], "'missing' names 'na'"),
    ],
)
def test_words_that_are_not_clear_are_refused(labels, missing, says):
    with pytest.raises(ValueError, match=says):
        Dimension(labels=labels, missing=missing)


def test_long_files_count_by_dimension(toy):
    wide = pd.read_csv(toy.write().parent / "ratings.csv", dtype=str)
    long = wide.melt(["person", "response"], var_name="what", value_name="value")
    long.loc[0, "value"], long.loc[20, "value"] = "NA", "6"
    book = toy.changed(
        "study.yaml", "item: response,", "item: response, dimension: what, rating: value,"
    )
    book = book.replace("rating_helpfulness\n", "rating_helpfulness\n    missing: 6\n", 1)
    (toy.folder / "study.yaml").write_text(book)
    long.to_csv(toy.folder / "ratings.csv", index=False)
    study = pls.read_study(toy.folder / "study.yaml")
    assert study.ratings["rating"].isna().sum() == 2
    counted = study.codes.query("column == 'value'")
    assert counted[["read", "code", "cells"]].values.tolist() == [
        ["toxicity", "NA", 1],
        ["helpfulness", "6", 1],
    ]


def test_codes_are_counted_in_the_files_as_they_are_before_any_filter(study_of):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(4)], "item": "a"})
    frame["rating"], frame["ok"] = ["1", "NA", "", "3"], ["yes", "no", "no", "yes"]
    study = study_of(frame, filters={"f": {"columns": "ok", "keep": "yes"}})
    assert study.codes[["code", "cells"]].values.tolist() == [["", 1], ["NA", 1]]


@pytest.mark.parametrize("empty", ["", " null", " ~"])
def test_no_codes_are_none(toy, empty):
    book = toy.changed("study.yaml", "name: toy", f"name: toy\nmissing:{empty}")
    with pytest.raises(InputError, match="value 'NA'"):
        toy.read({"study.yaml": book, "ratings.csv": toy.files["ratings.csv"].replace(",5", ",NA")})
    assert toy.read({"study.yaml": book}).codes.empty


CODED = "p1,a1,1,99\np2,a1,2,4\n2,a1,3,5\np1,b1,2,2\n"


def test_a_code_hits_answers_and_never_names(toy):
    """A rater, an item and a prompt may be called as a missing-value code is."""
    book = toy.files["study.yaml"].replace("name: toy", 'name: toy\nmissing: ["", 2]')
    book = book.replace("levels: [home, work]", "{}").replace("topic:\n    {}", "topic: {}")
    raters = toy.files["raters.csv"].replace("p2,", "2,").replace("Male,Centre", "2,Centre")
    ratings = toy.files["ratings.csv"].replace("p2,", "2,").replace("b1", "2")
    items = toy.files["items.csv"].replace("b1,b,work", "2,2,2")
    study = toy.read(
        {"study.yaml": book, "raters.csv": raters, "ratings.csv": ratings, "items.csv": items}
    )
    assert "2" in study.raters["rater"].tolist()
    assert study.items["item"].tolist()[-1] == study.items["prompt"].tolist()[-1] == "2"
    assert (study.ratings["rating"] == 2).any()
    assert study.nonresponse["rater"].tolist() == ["p4"]
    assert study.ratings.loc[study.ratings["item"] == "2", "topic"].isna().all()


def test_a_code_of_one_dimension_is_its_own(toy):
    ratings = toy.files["ratings.csv"].replace("p1,a1,1,5", "p1,a1,1,99")
    book = toy.changed(
        "study.yaml", "column: rating_helpfulness", "column: rating_helpfulness\n    missing: 99"
    )
    study = toy.read({"study.yaml": book, "ratings.csv": ratings})
    assert study.ratings["rating"].isna().sum() == 1
