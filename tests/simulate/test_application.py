"""The tables of the survey's application: written as it stores them, read back to the truth."""

import json

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.simulate.application import CHANGES, simulate_application
from pluralign_stats.study.format_periods import shortest_period
from pluralign_stats.study.read import read_study

GERMAN = ["stimme überhaupt nicht zu", "stimme nicht zu", "neutral", "stimme zu", "stimme voll zu"]
ENGLISH = ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"]
DIMENSIONS = ["stereotypical_bias", "toxicity", "emotional_awareness", "sensitivity", "helpfulness"]


@pytest.fixture(scope="module")
def tables():
    return simulate_application(3, n_raters=400, n_prompts=20).frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("application") / "study"
    pls.write_simulated_study(path, 2, layout="application")
    return path


@pytest.fixture(scope="module")
def read(folder):
    return read_study(folder / "study.yaml")


@pytest.mark.parametrize(("suffix", "words"), [("", ENGLISH), ("_german", GERMAN)])
def test_ratings_are_words_of_their_language(tables, suffix, words):
    frame = tables[f"df_ratings{suffix}.csv"]
    assert list(frame) == [
        "participant_id", "question_id", "prompt_id", "gender_focused",
        *(f"rating_{d}" for d in DIMENSIONS), "attention", "attention2", "attention3",
    ]  # fmt: skip
    found = pd.unique(frame[[f"rating_{d}" for d in DIMENSIONS]].to_numpy(object).ravel())
    assert {word for word in found if isinstance(word, str)} == set(words)
    assert set(frame["gender_focused"]) == ({"Ja", "Nein"} if suffix else {"yes", "no"})


@pytest.mark.parametrize("suffix", ["", "_german"])
def test_raters_are_described_as_the_last_page_stores_it(tables, suffix):
    frame = tables[f"df_participants{suffix}.csv"]
    assert list(frame["participant_id"]) == list(range(1, len(frame) + 1))
    assert "60<" in set(frame["age"])
    for column in ("country_of_residence", "ancestry", "ethnicity"):
        assert frame[column].map(json.loads).map(len).between(1, 3).all()
    both = set(tables["df_participants.csv"]["gender_identity"])
    both |= set(tables["df_participants_german.csv"]["gender_identity"])
    assert len({each for each in both if "/" in each}) >= 6


def test_the_slider_has_five_steps_and_then_three(tables):
    for suffix, five in (("", "Rather liberal"), ("_german", "Eher liberal")):
        frame = tables[f"df_participants{suffix}.csv"]
        early = np.arange(len(frame)) / len(frame) < CHANGES["spectrum"]
        assert five in set(frame["political_spectrum"][early])
        assert frame["political_spectrum"][~early].nunique() == 3


@pytest.mark.parametrize("suffix", ["", "_german"])
def test_three_options_are_a_period_and_attention_comes_late(tables, suffix):
    frame = tables[f"df_ratings{suffix}.csv"]
    after = (frame["participant_id"] - 1) / frame["participant_id"].max()
    ends = GERMAN if suffix else ENGLISH
    strong = frame[[f"rating_{d}" for d in DIMENSIONS]].isin([ends[0], ends[4]]).any(axis=1)
    three = (after >= CHANGES["three"] + 0.01) & (after < CHANGES["five"] - 0.01)
    assert not strong[three].any()
    assert strong[~three].mean() > 0.4
    assert frame["attention"][after < CHANGES["attention"] - 0.01].isna().all()
    assert frame["attention"][after > CHANGES["attention"] + 0.01].notna().mean() > 0.9


def test_early_answers_are_given_out_once_and_late_ones_often(tables):
    frame = tables["df_ratings.csv"]
    early = frame[frame["participant_id"] <= 10]
    assert not early["prompt_id"].duplicated().any()
    assert frame["prompt_id"].value_counts().max() > 10


def test_rows_can_be_incomplete_and_are_not_counted(tables):
    frame = tables["df_ratings.csv"]
    whole = frame[[f"rating_{d}" for d in DIMENSIONS]].notna().all(axis=1)
    assert 0 < (~whole).sum() < 0.1 * len(frame)
    assert (whole.groupby(frame["participant_id"]).sum() == 5).all()


def test_equal_seeds_give_equal_tables(tables):
    again = simulate_application(3, n_raters=400, n_prompts=20).frames
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, again[name])


def test_numbers_of_both_languages_are_told_apart(read):
    ids = read.raters["rater"]
    assert ids.str.startswith("en:").sum() > 400
    assert ids.str.startswith("de:").sum() > 400
    assert set(read.ratings["language"]) == {"en", "de"}


def test_every_kind_of_answer_is_read(read):
    levels = {name: set(read.levels(name)) for name in read.demographics}
    assert levels["politics"] == {"Liberal", "Centre", "Conservative"}
    assert levels["gender"] == {"Female", "Male", "Non-binary"}
    assert levels["country"] == {"US", "Germany", "Several"}
    assert {"White", "Multiple"} <= levels["ethnicity"]
    assert set(read.nonresponse["reason"]) == {"declined"}
    assert read.nonresponse["demographic"].ne("politics").all()
    assert read.codebook.demographics["politics"].default == "Liberal"


def test_those_who_answered_at_random_are_left_out(read):
    checks = read.exclusions.set_index("filter")
    assert checks.loc[[f"attention check {k}" for k in (1, 2, 3)], "rows"].gt(0).all()


def test_the_period_of_three_options_is_found(read):
    first = read.ratings.drop_duplicates("rater").assign(
        language=lambda f: f["rater"].astype(str).str[:2],
        number=lambda f: f["rater"].astype(str).str[3:].astype(int),
    )
    for _, rows in first.groupby("language"):
        after = (rows["number"] - 1) / rows["number"].max()
        truth = (after >= CHANGES["three"]) & (after < CHANGES["five"])
        assert ((rows["format"] == "3 options") == truth).mean() > 0.985
    assert shortest_period(np.zeros(0, dtype=bool)) is None


@pytest.mark.extended
def test_the_round_trip_recovers_what_was_planted(read):
    """Effects, thresholds of both formats and SDs, within what their errors allow."""
    truth, z = read.truth, []
    assert truth.thresholds_three is not None
    for dimension in DIMENSIONS:
        effects = pls.demographic_effects(read, dimensions=[dimension])
        fit = effects.fits[dimension, "gender"]
        assert fit.converged
        planted = truth.effects[truth.effects["dimension"] == dimension]
        for row in planted.itertuples():
            name = f"{row.term}[T.{row.level}]"
            z.append((fit.params[name] - row.estimate) / fit.se[name])
        three = (
            truth.thresholds_three.loc[dimension] - truth.thresholds.loc[dimension, ["2|3", "3|4"]]
        )
        for cut, change in three.items():
            name = f"{cut}: format[T.3 options]"
            z.append((fit.params[name] - change) / fit.se[name])
        # The general level of thresholds moves with those who named several countries.
        gaps = np.diff(fit.thresholds) - np.diff(truth.thresholds.loc[dimension])
        assert np.abs(gaps).max() < 0.2
        assert fit.random_sd.iloc[0] == pytest.approx(truth.rater_sd[dimension], abs=0.15)
    assert len(z) == 5 * 18
    assert np.mean(np.abs(z) < 1.96) > 0.9
    assert np.abs(np.mean(z)) < 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "applicaton"}, "did you mean 'application'"),
        ({"layout": "application", "missing": 0.2}, "numbers of rows, empty cells"),
        ({"layout": "application", "reading": "mean"}, "leave out items_per_rater"),
    ],
)
def test_what_does_not_go_with_the_layout_is_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        pls.write_simulated_study(tmp_path / "s", 1, **options)
    assert not (tmp_path / "s").exists()


def test_the_shipped_codebook_reads_the_tables_as_they_are(folder, tmp_path):
    for path in folder.glob("df_*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    study = read_study("pluralistic_values", tmp_path)
    assert not study.simulated
    assert study.summary_counts() == read_study(folder / "study.yaml").summary_counts()
