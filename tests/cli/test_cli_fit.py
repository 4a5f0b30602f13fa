"""``pluralign fit``: what the functions give, and one line for what cannot be fitted."""

import json

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls

FORMULA = "rating ~ gender + (1|rater)"


@pytest.fixture(scope="module")
def frame():
    """Ratings 1 to 5 of 40 raters in two groups, four each."""
    rng = np.random.default_rng(3)
    rater = np.repeat(np.arange(40), 4)
    latent = 0.8 * (rater % 2) + rng.normal(size=40)[rater] + rng.normal(size=160)
    return pd.DataFrame(
        {
            "rater": rater,
            "gender": np.where(rater % 2, "Male", "Female"),
            "age": 20 + rater,
            "rating": np.digitize(latent, [-1, 0, 1, 2]) + 1,
        }
    )


@pytest.fixture
def file(frame, tmp_path):
    path = tmp_path / "ratings.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("model", "fit"), [("ordinal", pls.fit_ordinal), ("linear", pls.fit_linear)]
)
def test_numbers_are_those_of_the_function(frame, file, pluralign, model, fit):
    ran = pluralign("fit", f"{FORMULA} + age", file, "--model", model, "--json")
    assert (ran.status, ran.err) == (0, "")
    shown = pd.DataFrame(json.loads(ran.out)["table"])
    expected = fit(f"{FORMULA} + age", frame).summary().released().table
    assert shown["term"].tolist() == expected["term"].tolist()
    np.testing.assert_allclose(shown["estimate"], expected["estimate"], rtol=1e-6)


def sliders(frame):
    """The same ratings as on a slider from 0 to 10."""
    moved = (frame["rating"] - 3) * 3 + 5 + (frame.index % 5 - 2) / 2
    return frame.assign(rating=moved.clip(0, 10))


def test_an_ordered_beta_model_of_a_file_needs_the_ends_of_the_scale(frame, tmp_path, pluralign):
    path = tmp_path / "sliders.csv"
    sliders(frame).to_csv(path, index=False)
    asked = ("fit", FORMULA, path, "--model", "ordered-beta")
    ran = pluralign(*asked)
    assert (ran.status, ran.out) == (2, "")
    assert "needs the ends of the scale, as in bounds=(0, 100)" in ran.err
    assert ran.err.count("\n") == 1
    ran = pluralign(*asked, "--bounds", "0", "10", "--json")
    assert (ran.status, ran.err) == (0, "")
    shown = pd.DataFrame(json.loads(ran.out)["table"])
    expected = pls.fit_ordered_beta(FORMULA, sliders(frame), bounds=(0, 10)).summary()
    np.testing.assert_allclose(shown["estimate"], expected.table["estimate"], rtol=1e-6)
    ran = pluralign("fit", FORMULA, path, "--model", "linear", "--bounds", "0", "10")
    assert ran.status == 2
    assert "--bounds is of an ordered beta model" in ran.err


def test_a_study_tells_an_ordered_beta_model_the_ends_of_its_scale(frame, tmp_path, pluralign):
    sliders(frame).assign(item=frame.index % 4).to_csv(tmp_path / "ratings.csv", index=False)
    (tmp_path / "study.yaml").write_text(
        "name: sliders\nfiles: {ratings: ratings.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions:\n  calm: {column: rating, scale: {from: 0, to: 10, continuous: true}, "
        "valence: 1}\ndemographics: {gender: {levels: [Female, Male]}}\n",
        "utf-8",
    )
    ran = pluralign("fit", FORMULA, tmp_path / "study.yaml", "--model", "ordered-beta", "--json")
    assert (ran.status, ran.err) == (0, "")
    terms = pd.DataFrame(json.loads(ran.out)["table"])["term"].tolist()
    assert terms[-2:] == ["threshold 0|between", "threshold between|10"]


def test_a_study_is_fitted_on_one_dimension(small_study, pluralign, tmp_path):
    size = {"n_raters": 60, "n_prompts": 8, "responses_per_prompt": 2}
    written = pls.write_simulated_study(tmp_path / "study", 7, **size)
    for dimension, asked in (("toxicity", ("--dimension", "toxicity")), ("", ())):
        ran = pluralign("fit", FORMULA, written, "--json", *asked)
        assert (ran.status, ran.err) == (0, "")
        content = json.loads(ran.out)
        rows = small_study.where(dimension=dimension or small_study.dimensions[0]).ratings
        expected = pls.fit_ordinal(FORMULA, rows).summary().released()
        assert content["sentence"] == expected.sentence
        assert content["data"] == "simulated"


def test_a_sampled_model(file, pluralign):
    pytest.importorskip("nutpie")
    ran = pluralign("fit", FORMULA, file, "--model", "bayes", "--seed", "2", "--json")
    assert ran.status == 0
    assert "prob_positive" in json.loads(ran.out)["table"][0]


def test_table_and_figure_are_written_and_told(file, pluralign, tmp_path):
    out = tmp_path / "new" / "fit"
    ran = pluralign("fit", FORMULA, file, "--out", out)
    assert (ran.status, ran.err) == (0, "")
    assert f"Table and figure: {out}" in ran.out
    assert "gender[T.Male]" in ran.out
    ends = ("csv", "html", "json", "pdf", "png", "svg", "tex")
    assert sorted(path.name for path in out.iterdir()) == [f"fit.{end}" for end in ends]
    assert "gender[T.Male]" in (out / "fit.svg").read_text("utf-8")


def test_raters_go_by_the_column_that_is_named(frame, pluralign, tmp_path):
    path = tmp_path / "renamed.csv"
    frame.rename(columns={"rater": "who"}).to_csv(path, index=False)
    words = ("fit", "rating ~ gender", path)
    assert pluralign(*words, "--rater", "who").status == 0
    refused = pluralign(*words)
    assert refused.status == 2
    assert "raters cannot be counted" in refused.err


def test_cells_as_r_and_pandas_write_missing_ones_are_missing(frame, file, pluralign):
    gaps = frame.astype({"rating": object})
    gaps.loc[[3, 7], "rating"], gaps.loc[11, "gender"] = "NA", "NA"
    gaps.to_csv(file, index=False)
    content = json.loads(pluralign("fit", FORMULA, file, "--json").out)
    expected = pls.fit_ordinal(FORMULA, frame.drop(index=[3, 7, 11])).summary().table
    shown = pd.DataFrame(content["table"])
    np.testing.assert_allclose(shown["estimate"], expected["estimate"], rtol=1e-6)
    assert "rows left out for missing values: 3" in content["sentence"]


@pytest.mark.parametrize(
    "names",
    [
        [f"{'0' * (k % 2)}{k // 2 + 1}" for k in range(40)],
        [str(10**22 + k) for k in range(40)],
    ],
    ids=["leading zeros", "more digits than numbers have"],
)
def test_raters_whose_names_are_one_number_stay_apart(frame, file, pluralign, names):
    frame.assign(rater=[names[k] for k in frame["rater"]]).to_csv(file, index=False)
    content = json.loads(pluralign("fit", FORMULA, file, "--json").out)
    assert "160 ratings, 40 raters" in content["sentence"]
    assert content["sentence"] == pls.fit_ordinal(FORMULA, frame).summary().sentence


def test_a_number_that_groups_is_a_number_in_fixed_effects(frame, file, pluralign):
    ran = pluralign("fit", "rating ~ age + (1|age)", file, "--rater", "rater", "--json")
    assert json.loads(ran.out)["table"][0]["term"] == "age"


def test_what_is_withheld_is_told_once(frame, file, pluralign):
    frame[frame["rater"] < 8].to_csv(file, index=False)
    ran = pluralign("fit", FORMULA, file)
    assert ran.status == 0
    assert ran.out.count("Rows withheld") == 1


#: Formula, further words, change of the file, and what the message holds.
BAD = {
    "unknown column": ("rating ~ gendr + (1|rater)", (), None, ["'gendr'", "gender"]),
    "unknown group": ("rating ~ gender + (1|ratr)", (), None, ["'ratr'", "rater"]),
    "unknown response": ("ratin ~ gender + (1|rater)", (), None, ["'ratin'", "rating"]),
    "no formula": ("rating gender", (), None, ["rating gender"]),
    "open bracket": ("rating ~ gender + (1|rater", (), None, ["(1|rater"]),
    "a comma left out": ("rating ~ poly(age 2) + (1|rater)", (), None, ["'poly(age 2)'"]),
    "empty formula": ("", (), None, ["formula"]),
    "constant outcome": (FORMULA, (), {"rating": 3}, ["rating"]),
    "one level": (FORMULA, (), {"gender": "Male"}, ["gender"]),
    "words as numbers": (FORMULA, ("--model", "linear"), {"rating": "good"}, ["'good'", "numbers"]),
    "words as ratings": (FORMULA, (), {"rating": "good"}, ["'good'", "rows 2, 3", "codebook"]),
    "unknown model": (FORMULA, ("--model", "cubic"), None, ["'cubic'", "'ordinal'"]),
    "unknown rater": (FORMULA, ("--rater", "who"), None, ["who"]),
    "dimension of a file": (FORMULA, ("--dimension", "x"), None, ["--dimension"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_line_and_nothing_is_written(
    name, frame, file, pluralign, tmp_path
):
    formula, words, change, parts = BAD[name]
    if change:
        frame.assign(**change).to_csv(file, index=False)
    ran = pluralign("fit", formula, file, *words, "--out", tmp_path / "out")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("pluralign: ")
    assert ran.err.count("\n") == 1
    assert all(part in ran.err for part in parts), ran.err
    assert "fault of Pluralign" not in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("absent.csv",), "absent.csv: no such file; name a codebook or a data file"),
        (("absent.yaml",), "absent.yaml"),
        (("ratings.dat",), "the ending '.dat' does not tell the format"),
        (("study.yaml", "--dimension", "toxicty"), "did you mean 'toxicity'"),
        (("study.yaml", "--rater", "person"), "--rater"),
    ],
)
def test_files_that_cannot_be_read(words, part, toy, pluralign, tmp_path):
    toy.write()
    (toy.folder / "ratings.dat").write_text("a b\n1 2\n", "utf-8")
    ran = pluralign("fit", FORMULA, toy.folder / words[0], *words[1:], "--out", tmp_path / "out")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert part in ran.err
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_of_the_folder(file, pluralign, tmp_path):
    (tmp_path / "out").write_text("in the way", "utf-8")
    ran = pluralign("fit", FORMULA, file, "--out", tmp_path / "out")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "out is a file" in ran.err
    assert (tmp_path / "out").read_text("utf-8") == "in the way"
