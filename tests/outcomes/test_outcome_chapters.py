"""The chapters on outcomes, run as a report runs them: with scores, with few, and without."""

import json
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from reports import build_report, notebook_folder
from tests.outcomes.made_outcomes import make_table
from tests.reports.executed import SIZE, TOLD, Executed, write_outcomes, write_study

CHAPTERS = [
    notebook_folder() / f"{name}.ipynb"
    for name in (
        "09_survey_and_models",
        "10_rating_scales",
        "11_disagreement",
        "12_optimizers",
        "14_multiverse",
        "15_reported_and_found",
    )
]
#: Figures of findings about raters, which need no model.
RATERS = {f"multiverse_ratings_{term}" for term in ("gender", "politics", "ethnicity")}
#: What chapters show without any model.
RATED = {"reported", "reported_percents", *RATERS}

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def codebook(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rated")
    write_study(folder)
    return Executed(folder).codebook


def report(codebook: Path, out: Path, **parameters: object) -> tuple[dict, dict]:
    """By chapter its text without code; what is told of each exhibit."""
    index = build_report(
        pls.read_study(codebook),
        codebook,
        out,
        parameters=parameters,
        notebooks=CHAPTERS,
        chapters=[chapter.stem for chapter in CHAPTERS],
        progress=False,
    )
    return texts_of(index.parent), tables_of(index.parent)


def texts_of(folder: Path) -> dict[str, str]:
    """The text of each chapter's page, without what is folded."""
    texts = {}
    for chapter in CHAPTERS:
        page = (folder / f"{chapter.stem}.html").read_text("utf-8")
        soup = BeautifulSoup(page, "html.parser")
        for code in soup.find_all("details"):
            code.decompose()
        texts[chapter.stem] = soup.get_text()
    return texts


def files_of(folder: Path, ending: str) -> list[Path]:
    """The files of an ending that the chapters' pages link to."""
    read = [(folder / f"{chapter.stem}.html").read_bytes() for chapter in CHAPTERS]
    pages = [BeautifulSoup(page, "html.parser") for page in read]
    links = {str(a["href"]) for page in pages for a in page.select(f"a[href$='.{ending}']")}
    return [folder / link for link in sorted(links)]


def tables_of(folder: Path) -> dict[str, dict]:
    """What is told of each exhibit of the chapters."""
    tables = [path.with_suffix(".json") for path in files_of(folder, "csv")]
    return {path.stem: json.loads(path.read_text("utf-8")) for path in tables}


def test_the_chapters_with_scores(executed):
    folder = executed.report
    texts = texts_of(folder)
    told = tables_of(folder)
    assert not [name for name, text in texts.items() if "No tuned models" in text]
    drawn = files_of(folder, "svg")
    figures = {path.stem for path in drawn}
    assert figures == {
        *("survey_and_models", "groups_against_control"),
        *("scales_against_control", "scales_pairwise"),
        *("strategies_against_control", "strategies_pairwise", "strategies_budgets"),
        *("optimizers", "optimizers_pairwise"),
        *("multiverse_strategy", "multiverse_scale", "multiverse_optimizer"),
        *RATERS,
    }
    for path in drawn:
        words = path.read_text("utf-8")
        assert ("miniature model" in words) == (path.stem not in RATERS), path.name
        assert "95%" in words, path.name
    assert set(told) - figures == RATED - RATERS | {
        *("scales_gain", "scales_left_out", "strategies_gain", "strategies_left_out"),
        *("groups_scores", "scales_scores", "strategies_scores", "optimizers_scores"),
        *("strategies_model_kinds", "reported_scale_gain", "reported_strategy_gain"),
        *("reported_optimizers", "optimizers_left_out"),
    }
    assert told["strategies_gain"]["finding"]
    assert all(told[name]["finding"] for name in RATERS)
    assert told["strategies_gain"]["sentence"].startswith("In this run, ")
    assert [name for name in told if told[name]["front"]] == ["reported"]
    claims = pd.read_csv(folder / "tables" / "reported.csv")
    here = claims[claims["agrees"] != "not in this run"]
    assert here["table"].map(lambda name: (folder / "tables" / name).is_file()).all()
    kinds = pd.read_csv(folder / "tables" / "strategies_model_kinds.csv")
    assert kinds["model"].tolist() == ["linear", "ordinal", "Bayesian"]
    assert {about["data_note"] for name, about in told.items() if name not in RATED} == {TOLD}
    survey = pd.read_csv(folder / "tables" / "survey_and_models.csv")
    assert set(survey["contrast"]) == {"Female vs Male"}
    assert set(survey["data"]) == {"simulated"}
    assert "overall" in " ".join(pd.read_csv(folder / "tables" / "optimizers_pairwise.csv")
                                 ["dimension"].str.lower())  # fmt: skip


@pytest.mark.usefixtures("notebooks_here")
def test_the_chapters_with_a_single_design(codebook, tmp_path):
    scores = write_outcomes(tmp_path / "outcomes.parquet", make_table({"mean": -0.6}, **SIZE))
    asked = {"outcomes_file": str(scores), "about_raters": False}
    texts, told = report(codebook, tmp_path / "r", **asked)
    assert set(told) == RATED - RATERS | {
        *("scales_against_control", "strategies_against_control", "optimizers"),
        *("scales_scores", "strategies_scores", "optimizers_scores"),
    }
    assert "No models were tuned on two groups" in texts["09_survey_and_models"]
    assert "Only 5-point was tried" in texts["10_rating_scales"]
    assert "Only mean was tried" in texts["11_disagreement"]
    assert "Relative gain" not in texts["11_disagreement"]
    assert "No two strategies, scales or optimizers" in texts["14_multiverse"]


@pytest.mark.usefixtures("notebooks_here")
def test_the_chapters_without_scores_say_how_to_make_them(codebook, tmp_path):
    texts, told = report(codebook, tmp_path / "r")
    assert set(told) == RATED
    claims = told["reported"]["sentence"]
    assert claims.startswith("Of 6 numbers of this run set beside the paper's")
    assert claims.endswith("4 more are not in this run.")
    for name, text in texts.items():
        assert text.count("No tuned models have been scored yet") == 1, name
        assert "outcomes_file=SCORES/outcomes.parquet" in text, name
        assert "(figure" not in text, name
        assert "Only " not in text, name
