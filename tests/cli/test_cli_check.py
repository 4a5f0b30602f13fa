import json

import pandas as pd
import pytest

from pluralign_stats import composition


def test_a_good_study_is_described(toy, pluralign):
    ran = pluralign("check", toy.write())
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("A toy study: no errors found.")
    assert "6 raters gave 36 ratings of 3 items on 2 dimensions." in ran.out
    assert "p1" not in ran.out


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
