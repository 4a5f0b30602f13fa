"""Covariates whose effects are asked for: found, drafted, or refused in one line."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    rater, item = np.repeat(np.arange(30), 6), np.tile(np.arange(12), 15)
    return pd.DataFrame(
        {
            "who": [f"p{r}" for r in rater],
            "reply": [f"i{i:02}" for i in item],
            "sex": np.where(rater % 2, "f", "m"),
            "source": np.where(item % 2, "web", "app"),
            "words": 20 + 3 * item,
            "lang": np.where(rater % 3, "en", "nl"),
            "text": [f"text {k}" for k in range(180)],
            "same": "x",
            "none": None,
            "toxic": rng.integers(1, 6, 180),
        }
    )


def made(frame, **more):
    roles = {"rater": "who", "item": "reply", "dimensions": ["toxic"], "demographics": ["sex"]}
    return pls.Study.from_frame(frame, **(roles | more))


@pytest.fixture
def read(frame, tmp_path):
    """Read the same from files, with what is said of effects."""
    path = tmp_path / "study.yaml"
    made(frame, language="lang").to_yaml(path)
    frame.to_csv(tmp_path / "ratings.csv", index=False)

    def reading(said):
        book = path.read_text("utf-8") + said
        other = tmp_path / "other.yaml"
        other.write_text(book, "utf-8")
        return pls.read_study(other)

    return reading


def test_columns_whose_effects_are_asked_for_become_covariates(frame):
    study = made(frame, effects=["source", "words", "lang"], language="lang")
    assert study.codebook.effects == ("source", "words", "language")
    assert study.covariates == ("source", "words", "language")
    assert study.levels("source") == ("app", "web")
    assert study.levels("words") == ()
    assert study.ratings["words"].tolist() == frame["words"].tolist()
    told = study.inferred.table.set_index("column")["taken_as"]
    assert told["words"] == "a number, by its standard deviation"
    assert made(frame).codebook.effects == ()


def test_an_entry_says_what_is_not_inferred(frame):
    entries = {"origin": {"column": "source", "reference": "web"}, "words": {"per": 10}}
    study = made(frame, covariates=entries, effects=["origin", "words"])
    assert study.codebook.effects == ("origin", "words")
    assert study.ratings["origin"].cat.categories.tolist() == ["web", "app"]
    assert study.codebook.covariates["words"].per == 10


def test_what_is_asked_for_is_written_and_read_again(frame, tmp_path):
    study = made(frame, effects=["source", "words"])
    study.to_yaml(tmp_path / "study.yaml")
    frame.to_csv(tmp_path / "ratings.csv", index=False)
    again = pls.read_study(tmp_path / "study.yaml")
    assert again.codebook.effects == study.codebook.effects
    pd.testing.assert_frame_equal(again.ratings, study.ratings)


def test_a_codebook_need_not_describe_them(read):
    study = read("effects: [source, words, lang]\n")
    assert study.codebook.effects == ("source", "words", "language")
    assert [note.split("'")[1] for note in study.notes] == ["source", "words"]
    assert "taken as a number, by its standard deviation" in study.notes[1]
    stated = "covariates: {origin: {column: source}, words: {per: sd}}\n"
    study = read(stated + "effects: [source, words]\n")
    assert (study.codebook.effects, study.notes) == (("origin", "words"), ())
    assert study.codebook.covariates["words"].per == "SD"


def test_nothing_is_asked_for_unless_it_is_said(read):
    plain, none = read(""), read("effects: []\n")
    assert plain.fingerprint == none.fingerprint
    assert plain.fingerprint != read("effects: [source]\n").fingerprint
    assert plain.codebook.effects == ()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("effects: [sauce]", "effects: a covariate must be one of .* did you mean 'source'"),
        ("effects: [sex]", "'sex' is a demographic, and effects of these are estimated unless"),
        ("effects: [rater]", "'rater' is who rated; name covariates only"),
        ("effects: [who]", "the column 'who' is the rater; name covariates only"),
        ("effects: [reply]", "the column 'reply' is the item; name covariates only"),
        ("effects: [toxic]", "'toxic' is what is rated; name covariates only"),
        ("effects: [source, source]", "'source' stands twice; name each covariate once"),
        ("effects: [same]", "it has one level only, 'x', so that there is nothing to compare"),
        ("effects: [none]", "all its values are missing"),
        ("effects: [text]", "it has 180 levels, as texts and names have; allowed: 50"),
        ("covariates: {source: {per: 1}}", "column 'source', rows 2, .*; allowed: numbers"),
        ("covariates: {words: {per: 0}}", "a number above 0, or SD .*, not 0"),
        ("covariates: {words: {per: 1, levels: [20]}}", "'per' makes it a number, and 'levels'"),
        ("covariates: {source: {effects: true}}", "named in 'effects' of the codebook itself"),
        ("covariates: {source: {pre: 1}}", "unknown key 'covariates.source.pre'"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_one_line(read, said, message):
    with pytest.raises(InputError, match=message) as error:
        read(said + "\n")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("effects", "message"),
    [
        (["sauce"], "effects must be one of .* did you mean 'source'"),
        (["sex"], "column 'sex' is named both demographics and effects"),
        (["who"], "column 'who' is named both rater and effects"),
        (["source", "source"], "column 'source' is named twice in effects"),
        (["same"], "it has one level only"),
        (["text"], "it has 180 levels"),
        (["none"], "all its values are missing"),
    ],
)
def test_frames_are_refused_alike(frame, effects, message):
    with pytest.raises(InputError, match=message):
        made(frame, effects=effects)


def test_what_raters_differ_in_is_no_covariate(toy):
    with pytest.raises(InputError, match="the column 'spectrum' is the demographic 'politics'"):
        toy.read({"study.yaml": toy.files["study.yaml"] + "effects: [spectrum]\n"})


def test_a_covariate_of_the_items_file_is_found_there(toy):
    study = toy.read({"study.yaml": toy.files["study.yaml"] + "effects: [topic]\n"})
    assert study.codebook.effects == ("topic",)


def test_a_number_may_be_missing(read):
    study = read("covariates: {words: {per: SD, missing: [20]}}\neffects: [words]\n")
    assert study.ratings["words"].isna().sum() == 15
    assert study.ratings["words"].min() == 23
