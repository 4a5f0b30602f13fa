import json

import pandas as pd
import pytest

from pluralign_stats.describe import composition


def test_a_good_study_is_described(toy, pluralign):
    ran = pluralign("check", toy.write())
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("A toy study: no errors found.")
    assert "6 raters gave 36 ratings of 3 items on 2 dimensions." in ran.out
    assert "p1" not in ran.out
    assert "–: withheld, as fewer than 10 raters stand behind it" in ran.out


def test_a_dash_is_explained_where_there_is_one(pluralign, tmp_path):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(40)], "item": "a"})
    frame["rating"], frame["g"] = [1, 2, 3, 4] * 10, ["x", "y"] * 20
    frame.to_csv(tmp_path / "r.csv", index=False)
    (tmp_path / "s.yaml").write_text(
        "name: s\nfiles: {ratings: r.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {rating: {}}\ndemographics: {g: {}}\n"
    )
    assert "withheld" not in pluralign("check", tmp_path / "s.yaml").out


def test_json_is_one_object(toy, pluralign):
    study = toy.read()
    ran = pluralign("check", toy.folder / "study.yaml", "--json")
    assert (ran.status, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content["study"] == "toy"
    assert content["simulated"] is False
    assert content["fingerprint"] == study.fingerprint
    assert {k: content[k] for k in ("raters", "items", "ratings", "dimensions")} == (
        study.summary_counts()
    )
    shown = pd.DataFrame(content["tables"]["Who rated"])
    expected = composition(study).table
    assert list(shown) == list(expected)
    assert shown["n_raters"].isna().tolist() == expected["n_raters"].isna().tolist()
    assert "NaN" not in ran.out


def test_the_data_folder_may_be_named(toy, pluralign, tmp_path):
    codebook = toy.write().rename(tmp_path / "elsewhere.yaml")
    assert pluralign("check", codebook, "--data", toy.folder).status == 0


@pytest.mark.parametrize("level", ["Other [please specify]", "[/b] none", "[red]"])
def test_levels_with_brackets_are_printed_as_they_are(level, pluralign, tmp_path):
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(40)], "item": "a"})
    frame["rating"], frame["g"] = [1, 2, 3, 4] * 10, ["x", level] * 20
    frame.to_csv(tmp_path / "r.csv", index=False)
    (tmp_path / "s.yaml").write_text(
        "name: s\nfiles: {ratings: r.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {rating: {}}\ndemographics: {g: {}}\n"
    )
    ran = pluralign("check", tmp_path / "s.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert level in ran.out


def test_a_simulated_study_is_called_one(pluralign, tmp_path):
    pluralign("simulate", "--raters", 40, "--out", tmp_path / "s")
    assert "(simulated): no errors found." in pluralign("check", tmp_path / "s" / "study.yaml").out


def test_what_became_missing_is_counted_by_column_and_code(toy, pluralign):
    ratings = toy.changed("ratings.csv", "p1,a1,1,5", "p1,a1,6,NA")
    book = toy.changed("study.yaml", "valence: -1", "valence: -1\n    missing: [6]")
    ran = pluralign("check", toy.write({"ratings.csv": ratings, "study.yaml": book}), "--json")
    rows = json.loads(ran.out)["tables"]["No answer"]
    assert [(r["column"], r["code"], r["n_cells"], r["read_as"]) for r in rows] == [
        ("rating_toxicity", "6", 1, "missing"),
        ("rating_helpfulness", "NA", 1, "missing"),
    ]


def test_a_country_and_a_rater_that_look_missing_are_told(toy, pluralign):
    files = {name: toy.files[name].replace("p1,", "NA,") for name in ("ratings.csv", "raters.csv")}
    book = toy.changed("study.yaml", "[Liberal, Centre,", "[Liberal, Centre, NA,")
    files["raters.csv"] = files["raters.csv"].replace("Liberal", "NA")
    ran = pluralign("check", toy.write({**files, "study.yaml": book}))
    assert ran.status == 0
    assert (
        "0 cells hold no answer; fewer than 10 hold a missing-value code and were read as an "
        "answer; 4 hold a missing-value code and were read as a name."
    ) in " ".join(ran.out.split())


def test_languages_without_texts_are_told(toy, pluralign):
    lines = toy.files["ratings.csv"].splitlines()
    tags = ["tongue", *["en-GB", "EN", "de-DE", "de_AT", "fr", "nan"] * 3]
    ratings = "\n".join(f"{line},{tag}" for line, tag in zip(lines, tags, strict=True))
    book = toy.changed("study.yaml", "prompt: question", "prompt: question, language: tongue")
    book = book.replace("response: {en: answer}", "response: {en: answer, de: answer}")
    ran = pluralign("check", toy.write({"ratings.csv": ratings, "study.yaml": book}), "--json")
    told = json.loads(ran.out)["remarks"]
    assert [text.split(",")[0] for text in told] == [
        "6 ratings were given in 'fr'",
        "6 ratings were given in 'nan'",
    ]


def test_groups_of_few_raters_are_named_and_repeats_counted(toy, pluralign):
    book = toy.files["study.yaml"] + "repeats: retest\n"
    ratings = toy.files["ratings.csv"] + "p1,a1,3,4\n"
    codebook = toy.write({"study.yaml": book, "ratings.csv": ratings})
    out = " ".join(pluralign("check", codebook).out.split())
    assert "Note: of 'gender' 'Male', 'Female' have fewer than 10 raters: read, withheld" in out
    assert "By 'repeats: retest': fewer than 10 rows kept as later occasions." in out
    assert "Fewer than 10 raters rated an item again" in out
    told = json.loads(pluralign("check", codebook, "--json").out)
    assert [text.split("'")[1] for text in told["groups"]] == ["gender", "politics"]


def test_unknown_answers_are_drafted_to_paste(toy, pluralign):
    raters = toy.files["raters.csv"].replace("p1,Female,", "p1,Femal,").replace("p2,Male", "p2,?")
    raters = raters.replace("p3,Female,Centre", "p3,Female,Green")
    codebook = toy.write({"raters.csv": raters})
    ran = pluralign("check", codebook)
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "3 answers to 2 questions are not in the codebook" in ran.err
    assert '      "Femal": "Female"  # 1 time; a guess by its looks\n' in ran.out
    assert '      "Green": null  # 1 time\n' in ran.out
    assert pluralign("check", codebook, "--json").out == ""


def test_columns_that_became_covariates_are_told_of(toy, pluralign):
    study = toy.files["study.yaml"].replace("covariates:\n  topic:\n    levels: [home, work]\n", "")
    ran = pluralign("check", toy.write({"study.yaml": study + "effects: [topic]\n"}))
    assert (ran.status, ran.err) == (0, "")
    assert "Note: 'topic' is named under 'effects' and has no entry under 'covariates'" in ran.out
    ran = pluralign("check", toy.write({"study.yaml": study + "effects: [tropic]\n"}))
    assert (ran.status, ran.out) == (2, "")
    assert "did you mean 'topic'?" in ran.err
    assert ran.err.count("\n") == 1
