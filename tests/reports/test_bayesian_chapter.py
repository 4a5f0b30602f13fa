"""The chapter of Bayesian effects, run as a report runs it, with few draws."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from pluralign_stats.models.bayes.options import FEWEST_DRAWS
from reports import build_report, notebook_folder

CHAPTER = notebook_folder() / "05_bayesian_effects.ipynb"
FEW = {"draws": FEWEST_DRAWS, "tune": FEWEST_DRAWS}


def chapter(codebook: Path, out: Path, **parameters: object) -> tuple[BeautifulSoup, dict]:
    """The page of the chapter, and what is told of each of its exhibits."""
    index = build_report(
        pls.read_study(codebook),
        codebook,
        out,
        parameters=FEW | parameters,
        notebooks=[CHAPTER],
        progress=False,
    )
    page = (index.parent / f"{CHAPTER.stem}.html").read_text("utf-8")
    told = {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in (index.parent / "tables").glob("*.json")
    }
    return BeautifulSoup(page, "html.parser"), told


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "study"
    return pls.write_simulated_study(folder, 3, n_raters=160, n_prompts=10, responses_per_prompt=2)


@pytest.mark.slow
def test_the_chapter_of_a_study(small, tmp_path):
    wanted = {"demographics": "gender,politics", "intersection": "gender,politics"}
    page, told = chapter(small, tmp_path / "r", **wanted)
    findings = [about["sentence"] for about in told.values() if about["finding"]]
    first = pls.read_study(small).dimensions[0]
    label = pls.read_study(small).codebook.label(first)
    assert 1 <= len(findings) <= 3
    assert all(label.lower() in sentence.lower() for sentence in findings)
    assert {"bayes_sampling", "bayes_differences", "bayes_intersections"} <= set(told)
    assert not any(name.startswith("joint") for name in told)
    assert len(page.find_all("img")) >= 7
    assert "No population was given" in page.get_text()
    cells = pd.read_csv(tmp_path / "r" / "tables" / "bayes_intersections.csv")
    assert (cells["n_raters"].dropna() >= 10).all()
    raters = pls.read_study(small).raters["rater"].astype(str)
    shown = set(re.findall(r"[\w-]+", page.get_text()))
    assert not shown & set(raters)


def test_a_study_with_nothing_to_compare(tmp_path):
    rows = "".join(f"p{i},x,{1 + i % 5}\n" for i in range(12))
    (tmp_path / "ratings.csv").write_text("rater,item,good\n" + rows)
    codebook = tmp_path / "study.yaml"
    codebook.write_text(
        "name: bare\nfiles: {ratings: ratings.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {good: {}}\n"
    )
    page, told = chapter(codebook, tmp_path / "r")
    assert told == {}
    assert "No demographic has two levels" in page.get_text()


def test_without_the_packages_the_chapter_says_how_to_install_them(small, tmp_path, monkeypatch):
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "xarray.py").write_text("raise ImportError('no xarray', name='xarray')\n")
    monkeypatch.setenv("PYTHONPATH", str(lacking))
    page, told = chapter(small, tmp_path / "r")
    assert told == {}
    assert "pip install 'pluralign[bayes]'" in page.get_text()
