"""Every chapter on studies that are odd in one way each: what cannot be asked is said."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from odd_studies import ODD, write_odd

import pluralign_stats as pls
from tests.reports.little_work import draw_as
from tests.reports.little_work import run_chapter as run

pytestmark = pytest.mark.extended

QUICK = ("01", "02", "03", "04", "08", "13", "14", "15", "17")
SHORT = ("01", "03", "04", "08")

#: Studies on which every quick chapter runs; on the others those that say most.
WHOLE = (
    "binary",
    "one_dimension",
    "no_demographic",
    "three_raters",
    "nought_to_hundred",
    "fractions",
)

#: Studies of which every dimension is looked at: the ordinary one, and those whose dimensions or
#: ratings differ. Of the others the first says as much.
EVERY_DIMENSION = (
    *WHOLE,
    "ordinary",
    "mixed_scales",
    "half_rated",
    "mostly_missing",
    "odd_words",
    "words_of_python",
    "two_languages",
)
SAMPLED = ("05", "06", "07", "16")

#: Studies whose names and numbers of groups are hard to draw: their figures are written in every
#: format, those of the others laid out.
HARD_TO_DRAW = ("odd_words", "many_levels", "words_of_python")


@pytest.fixture(autouse=True)
def drawn(request, monkeypatch):
    if request.node.callspec.params["name"] not in HARD_TO_DRAW:
        draw_as(monkeypatch)


def judged(study: pls.Study, folder: Path) -> str:
    """A file of a judge's scores of a study's items: of each the first rating it was given."""
    ratings = study.ratings.dropna(subset="rating")
    keys = ["item", "dimension", *(["language"] if "language" in ratings else [])]
    scores = ratings.groupby(keys, observed=True)["rating"].first().rename("score").reset_index()
    scores.assign(judge="made").to_csv(folder / "scores.csv", index=False)
    return str(folder / "scores.csv")


def sentences(codebook: Path) -> dict[str, str]:
    """What each exhibit of the chapters that were run says."""
    folder = codebook.parent / "out" / "tables"
    return {p.stem: json.loads(p.read_text("utf-8"))["sentence"] for p in folder.glob("*.json")}


@pytest.mark.parametrize("name", ODD)
def test_every_chapter_runs_and_says_no_nonsense(name, tmp_path, capsys):
    codebook = write_odd(tmp_path / name, ODD[name])
    chapters = ("01", "04") if name == "sixty_dimensions" else QUICK if name in WHOLE else SHORT
    study = pls.read_study(codebook)
    given = {} if name in EVERY_DIMENSION else {"dimensions": study.dimensions[:1]}
    scores = judged(study, codebook.parent)
    for number in chapters:
        run(number, codebook, capsys, judge_scores_file=scores, **given)
    for exhibit, sentence in sentences(codebook).items():
        assert not re.search(r"\b(nan|inf|None(?! of))\b", sentence), (exhibit, sentence)
        assert not re.search(r"\b1 (ratings|raters|items|dimensions|groups)\b", sentence), exhibit
    counts = [pd.read_csv(p) for p in (codebook.parent / "out" / "tables").glob("*.csv")]
    people = [t[t["term"] != "item"] for t in counts if {"n_raters", "group", "term"} <= set(t)]
    assert all((t["n_raters"].dropna() >= 10).all() for t in people)


@pytest.mark.parametrize("name", ["binary", "no_demographic", "three_raters", "fractions"])
def test_the_chapters_that_sample_run_too(name, tmp_path, capsys):
    codebook = write_odd(tmp_path / name, ODD[name])
    for number in SAMPLED:
        run(number, codebook, capsys)


@pytest.mark.parametrize("name", ["binary"])
def test_what_two_categories_cannot_tell_is_said(name, tmp_path, capsys):
    codebook = write_odd(tmp_path / "s", ODD[name])
    told = run("04", codebook, capsys)
    assert "This study cannot show it: with two categories there is one threshold" in told
    assert {"calibration", "residuals", "predicted_shares"} <= set(sentences(codebook))
