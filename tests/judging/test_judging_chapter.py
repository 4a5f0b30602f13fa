"""The chapter on the judge, run as a report runs it."""

import json

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from reports import build_report, notebook_folder

pytestmark = pytest.mark.extended

CHAPTER = notebook_folder() / "13_judge_against_humans.ipynb"


@pytest.fixture(scope="module")
def codebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged") / "study"
    return pls.write_simulated_study(folder, 3, n_raters=160, n_prompts=10, responses_per_prompt=2)


def chapter(codebook, out, **parameters):
    """The page's text without code, and what is told of each of its exhibits."""
    index = build_report(
        pls.read_study(codebook),
        codebook,
        out,
        parameters={"n_bootstrap": 100, **parameters},
        notebooks=[CHAPTER],
        progress=False,
    )
    page = (index.parent / f"{CHAPTER.stem}.html").read_text("utf-8")
    told = {p.stem: json.loads(p.read_text("utf-8")) for p in index.parent.glob("tables/*.json")}
    soup = BeautifulSoup(page, "html.parser")
    for code in soup.find_all("details"):
        code.decompose()
    return soup.get_text(), told


@pytest.mark.extended
def test_the_chapter_with_scores(codebook, tmp_path, monkeypatch):
    """The scores are named from the folder of the command; no page tells where they lie."""
    study = pls.read_study(codebook)
    items = study.items["item"].astype(str)
    rng = pd.Series(range(len(items))) % 5 + 1
    scores = pd.concat(
        pd.DataFrame({"item": items, "dimension": d, "score": rng.to_numpy(), "judge": "round"})
        for d in study.dimensions
    )
    scores.to_csv(tmp_path / "scores.csv", index=False)
    monkeypatch.chdir(tmp_path)
    text, told = chapter(codebook, tmp_path / "r", judge_scores_file="scores.csv")
    assert set(told) == {
        *("judge_agreement", "judge_agreement_by_group"),
        *("judge_bias_between_groups", "judge_kappa_between_groups"),
    }
    assert "No judge has scored" not in text
    for page in (tmp_path / "r").rglob("*.*"):
        if page.suffix in (".html", ".ipynb", ".json"):
            assert str(tmp_path) not in page.read_text("utf-8"), page
    assert "judge_scores_file=scores.csv" in (tmp_path / "r" / "index.html").read_text("utf-8")
    table = pd.read_csv(tmp_path / "r" / "tables" / "judge_agreement_by_group.csv")
    assert (table["n_raters"].dropna() >= 10).all()
    assert set(table["data"]) == {"simulated"}


@pytest.mark.extended
def test_the_chapter_without_scores_says_how_to_make_them(codebook, tmp_path):
    text, told = chapter(codebook, tmp_path / "r")
    assert told == {}
    assert text.count("No judge has scored this study's responses yet") == 1
    assert "pluralign judge STUDY --out SCORES --judge JUDGE" in text
    assert "judge_scores_file=SCORES/item_scores.parquet" in text
    assert "Weighted kappa" not in text
    assert "Is it nearer to some groups" not in text
