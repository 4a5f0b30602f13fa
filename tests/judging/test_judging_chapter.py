"""The chapter on the judge, run as a report runs it."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from reports import build_report, notebook_folder
from tests.reports.executed import Executed, write_study

pytestmark = pytest.mark.extended

CHAPTER = notebook_folder() / "13_judge_against_humans.ipynb"


def text_of(report: Path) -> str:
    """The text of the chapter's page, without what is folded."""
    page = (report / f"{CHAPTER.stem}.html").read_text("utf-8")
    soup = BeautifulSoup(page, "html.parser")
    for code in soup.find_all("details"):
        code.decompose()
    return soup.get_text()


def test_the_chapter_with_scores(executed):
    """The scores are named from the folder of the command; no page tells where they lie."""
    report = executed.report
    assert {path.stem for path in report.glob("tables/judge_*.json")} == {
        *("judge_agreement", "judge_agreement_by_group"),
        *("judge_bias_between_groups", "judge_kappa_between_groups"),
    }
    assert "No judge has scored" not in text_of(report)
    for page in report.rglob("*.*"):
        if page.suffix in (".html", ".ipynb", ".json"):
            assert str(executed.folder) not in page.read_text("utf-8"), page
    assert "judge_scores_file=scores.csv" in (report / "index.html").read_text("utf-8")
    table = pd.read_csv(report / "tables" / "judge_agreement_by_group.csv")
    assert (table["n_raters"].dropna() >= 10).all()
    assert set(table["data"]) == {"simulated"}


@pytest.mark.usefixtures("notebooks_here")
def test_the_chapter_without_scores_says_how_to_make_them(tmp_path):
    write_study(tmp_path)
    book, out = Executed(tmp_path).codebook, tmp_path / "r"
    asked = {"notebooks": [CHAPTER], "chapters": [CHAPTER.stem], "progress": False}
    build_report(pls.read_study(book), book, out, **asked)
    text = text_of(out)
    assert not list(out.glob("tables/*"))
    assert text.count("No judge has scored this study's responses yet") == 1
    assert "pluralign judge STUDY --out SCORES --judge JUDGE" in text
    assert "judge_scores_file=SCORES/item_scores.parquet" in text
    assert "Weighted kappa" not in text
    assert "Is it nearer to some groups" not in text
