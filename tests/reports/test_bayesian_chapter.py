"""The chapters of Bayesian models, run as a report runs them, with few draws."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from reports import build_report, notebook_folder
from tests.reports.executed import Executed, write_study
from tests.reports.little_work import LITTLE_WORK

pytestmark = pytest.mark.extended

EFFECTS, STYLE, CROSSED = "07_bayesian_effects", "05_response_style", "06_intersections"


def build(codebook: Path, out: Path) -> Path:
    """A report of the three chapters; returns its folder."""
    own = [notebook_folder() / f"{name}.ipynb" for name in (STYLE, CROSSED, EFFECTS)]
    few = {name: LITTLE_WORK[name] for name in ("draws", "tune")}
    study = pls.read_study(codebook)
    build_report(study, codebook, out, parameters=few, notebooks=own, progress=False)
    return out


def page(report: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((report / f"{name}.html").read_text("utf-8"), "html.parser")


def tables(report: Path, name: str = "") -> dict[str, dict]:
    """What is told of each exhibit, or of those that a chapter's page links to."""
    paths = report.glob("tables/*.json")
    links = str(page(report, name)) if name else ""
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in paths
        if not name or f"tables/{path.stem}.csv" in links
    }


def test_the_chapter_of_effects(executed):
    told = tables(executed.report, EFFECTS)
    shown = page(executed.report, EFFECTS)
    study = pls.read_study(executed.codebook)
    label = study.codebook.label(study.dimensions[0])
    (finding,) = [about["sentence"] for about in told.values() if about["finding"]]
    assert label.lower() in finding.lower()
    assert {"bayes_sampling", "bayes_differences"} <= set(told)
    assert not any(name.startswith("joint") for name in told)
    assert len(shown.find_all("img")) >= 6
    raters = study.raters["rater"].astype(str)
    assert not set(re.findall(r"[\w-]+", shown.get_text())) & set(raters)


def test_the_chapter_of_intersections(executed):
    assert list(tables(executed.report, CROSSED)) == ["intersections"]
    headings = {h.get_text() for h in page(executed.report, CROSSED).find_all("h2")}
    assert "Groups that two demographics make together" in headings
    assert "Weighted by a population" not in headings  # none was given
    cells = pd.read_csv(executed.report / "tables" / "intersections.csv")
    assert (cells["n_raters"].dropna() >= 10).all()


def test_the_chapter_of_response_style(executed):
    told = tables(executed.report, STYLE)
    assert {"style_ratings", "style_differences", "style_models"} <= set(told)
    assert "by Gender" in told["style_differences"]["title"]


@pytest.mark.usefixtures("notebooks_here")
def test_a_study_with_nothing_to_compare(tmp_path):
    rows = "".join(f"p{i},x,{1 + i % 5}\n" for i in range(12))
    (tmp_path / "ratings.csv").write_text("rater,item,good\n" + rows)
    codebook = tmp_path / "study.yaml"
    codebook.write_text(
        "name: bare\nfiles: {ratings: ratings.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {good: {}}\n"
    )
    report = build(codebook, tmp_path / "r")
    assert tables(report, EFFECTS) == {}
    assert "No groups were compared" in page(report, EFFECTS).get_text()
    for name, why in (
        (STYLE, "there are no two groups"),
        (CROSSED, "there are no two demographics"),
    ):
        assert why in page(report, name).get_text()
    assert not list(report.glob("figures/*"))


def test_without_the_packages_the_chapter_says_how_to_install_them(tmp_path, monkeypatch):
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "xarray.py").write_text("raise ImportError('no xarray', name='xarray')\n")
    monkeypatch.setenv("PYTHONPATH", str(lacking))
    write_study(tmp_path)
    report = build(Executed(tmp_path).codebook, tmp_path / "r")
    assert not {"bayes_differences", "style_differences_figure"} & set(tables(report))
    for name in (EFFECTS, STYLE, CROSSED):
        assert "pip install 'pluralign[bayes]'" in page(report, name).get_text(), name
