"""Every notebook that ships, run to its end on a small study and on one of next to nothing."""

import nbformat
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from reports import build_report
from reports.notebook import find_notebooks
from tests.reports.little_work import LITTLE_WORK

pytestmark = pytest.mark.extended


def pages(codebook, out, **given):
    """The text of every chapter's page, by its number; also of those without an answer."""
    every = [notebook.name for notebook in find_notebooks()]
    asked = {"parameters": LITTLE_WORK | given, "chapters": every, "progress": False}
    index = build_report(pls.read_study(codebook), codebook, out, **asked)
    for copy in (index.parent / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(copy, as_version=4).cells:
            assert all(out.output_type != "error" for out in cell.get("outputs", []))
    return {
        page.name[:2]: BeautifulSoup(page.read_text("utf-8"), "html.parser").main.get_text(" ")
        for page in index.parent.glob("[0-9]*.html")
    }


@pytest.mark.usefixtures("notebooks_here")
def test_a_small_study_that_lacks_what_is_asked_for(tmp_path):
    codebook = pls.write_simulated_study(
        tmp_path / "s", 3, n_raters=120, n_prompts=8, responses_per_prompt=2
    )
    asked = {"by": "religion", "demographics": "gender,religion", "dimensions": "toxicity,warmth"}
    shown = pages(codebook, tmp_path / "r", **asked)
    assert len(shown) == len(find_notebooks()) == 17
    for number in ("01", "02", "08", "13"):
        assert "This study has no demographic 'religion'; it has" in shown[number], number
    for number in ("03", "04", "06", "07"):
        assert "'religion'; it has" in shown[number], number
        assert "shown is 'gender'." in shown[number], number
    for number in ("03", "09", "10", "11", "12"):
        assert "This study has no dimension 'warmth'" in shown[number], number
    assert "Toxicity" in shown["03"]


@pytest.mark.usefixtures("notebooks_here")
def test_a_study_with_next_to_nothing(tmp_path):
    """One dimension, no demographics, no prompts: every chapter says what it cannot show."""
    rows = "".join(f"p{i // 3},x{i % 3},{1 + (i * 7) % 5}\n" for i in range(36))
    (tmp_path / "ratings.csv").write_text("rater,item,good\n" + rows)
    codebook = tmp_path / "study.yaml"
    codebook.write_text(
        "name: bare\nfiles: {ratings: ratings.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {good: {}}\n"
    )
    shown = pages(codebook, tmp_path / "r", by="gender")
    assert len(shown) == 17
    assert "This study has no demographic at all" in shown["01"]
    for number in ("09", "10", "11", "12", "14", "15"):
        assert "No tuned models have been scored yet" in shown[number], number
