"""The chapters of Bayesian models, run as a report runs them, with few draws."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from pluralign_stats.models.bayes.options import FEWEST_DRAWS
from reports import build_report, notebook_folder

pytestmark = pytest.mark.extended

FEW = {"draws": FEWEST_DRAWS, "tune": FEWEST_DRAWS}
EFFECTS, STYLE, CROSSED = "07_bayesian_effects", "05_response_style", "06_intersections"


def chapter(name: str, codebook: Path, out: Path, **given: object) -> tuple[BeautifulSoup, dict]:
    """The page of a chapter, and what is told of each of its exhibits."""
    index = build_report(
        pls.read_study(codebook),
        codebook,
        out,
        parameters=FEW | given,
        notebooks=[notebook_folder() / f"{name}.ipynb"],
        progress=False,
    )
    page = (index.parent / f"{name}.html").read_text("utf-8")
    told = {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in (index.parent / "tables").glob("*.json")
    }
    return BeautifulSoup(page, "html.parser"), told


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "study"
    return pls.write_simulated_study(folder, 3, n_raters=160, n_prompts=10, responses_per_prompt=2)


@pytest.mark.extended
def test_the_chapter_of_effects(small, tmp_path):
    page, told = chapter(EFFECTS, small, tmp_path / "r", demographics="gender,politics")
    study = pls.read_study(small)
    label = study.codebook.label(study.dimensions[0])
    (finding,) = [about["sentence"] for about in told.values() if about["finding"]]
    assert label.lower() in finding.lower()
    assert {"bayes_sampling", "bayes_differences"} <= set(told)
    assert not any(name.startswith("joint") for name in told)
    assert len(page.find_all("img")) >= 6
    raters = study.raters["rater"].astype(str)
    shown = set(re.findall(r"[\w-]+", page.get_text()))
    assert not shown & set(raters)


@pytest.mark.extended
def test_the_chapter_of_intersections(small, tmp_path):
    wanted = {"demographics": "gender,politics", "intersection": "gender,politics"}
    page, told = chapter(CROSSED, small, tmp_path / "r", **wanted)
    assert list(told) == ["intersections"]
    assert "No population was given" in page.get_text()
    cells = pd.read_csv(tmp_path / "r" / "tables" / "intersections.csv")
    assert (cells["n_raters"].dropna() >= 10).all()


@pytest.mark.extended
def test_the_chapter_of_response_style(small, tmp_path):
    _, told = chapter(STYLE, small, tmp_path / "r", group="gender")
    assert {"style_ratings", "style_differences", "style_models"} <= set(told)
    assert "by Gender" in told["style_differences"]["title"]


def test_a_study_with_nothing_to_compare(tmp_path):
    rows = "".join(f"p{i},x,{1 + i % 5}\n" for i in range(12))
    (tmp_path / "ratings.csv").write_text("rater,item,good\n" + rows)
    codebook = tmp_path / "study.yaml"
    codebook.write_text(
        "name: bare\nfiles: {ratings: ratings.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {good: {}}\n"
    )
    page, told = chapter(EFFECTS, codebook, tmp_path / "r")
    assert told == {}
    assert "No groups were compared" in page.get_text()
    for name, why in (
        (STYLE, "there are no two groups"),
        (CROSSED, "there are no two demographics"),
    ):
        page, told = chapter(name, codebook, tmp_path / name)
        assert why in page.get_text()
        assert not page.find_all("img")


def test_without_the_packages_the_chapter_says_how_to_install_them(small, tmp_path, monkeypatch):
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "xarray.py").write_text("raise ImportError('no xarray', name='xarray')\n")
    monkeypatch.setenv("PYTHONPATH", str(lacking))
    for name in (EFFECTS, STYLE, CROSSED):
        page, told = chapter(name, small, tmp_path / name)
        assert not {"bayes_differences", "style_differences_figure"} & set(told)
        assert "pip install 'pluralign[bayes]'" in page.get_text()
