"""The chapters on outcomes, run as a report runs them: with scores, with few, and without."""

import json
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from made_outcomes import make_table

import pluralign_stats as pls
from reports import build_report, notebook_folder

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
TOLD = "simulated study, miniature model"
DIMENSIONS = (
    "stereotypical_bias",
    "toxicity",
    "emotional_awareness",
    "sensitivity",
    "helpfulness",
)
SIZE = {"n_seeds": 2, "n_prompts": 3, "n_samples": 1, "languages": ("en", "de"),
        "dimensions": DIMENSIONS}  # fmt: skip

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def codebook(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rated") / "study"
    return pls.write_simulated_study(folder, 3, n_raters=160, n_prompts=10, responses_per_prompt=2)


def write(path: Path, *tables: pd.DataFrame) -> Path:
    """Write an outcome table; runs that several tables have are kept once."""
    keys = ["run", "prompt", "language", "sample", "dimension"]
    table = pd.concat(tables, ignore_index=True).drop_duplicates(keys)
    table["score"] = table["score"].clip(1, 5)
    table.to_parquet(path)
    return path


def report(codebook: Path, out: Path, chapters=CHAPTERS, **parameters: object):
    """By chapter its text without code; what is told of each exhibit; the folder."""
    index = build_report(
        pls.read_study(codebook),
        codebook,
        out,
        parameters=parameters,
        notebooks=chapters,
        progress=False,
    )
    texts = {}
    for chapter in chapters:
        page = (index.parent / f"{chapter.stem}.html").read_text("utf-8")
        soup = BeautifulSoup(page, "html.parser")
        for code in soup.find_all("details"):
            code.decompose()
        texts[chapter.stem] = soup.get_text()
    told = {p.stem: json.loads(p.read_text("utf-8")) for p in index.parent.glob("tables/*.json")}
    return texts, told, index.parent


def test_the_chapters_with_scores(codebook, tmp_path):
    scores = write(
        tmp_path / "outcomes.parquet",
        make_table(
            {"all": -0.6, "gender=Female": -0.8, "gender=Male": -0.4}, factor="group", **SIZE
        ),
        make_table({"5-point": -0.6, "binary": -0.3}, factor="scale", **SIZE),
        make_table({"preserve": -0.6, "majority": -0.3}, **SIZE),
        make_table({"preserve": -0.6, "majority": -0.5}, setting={"budget": "50"}, **SIZE),
        make_table({"dpo": -0.6}, factor="optimizer", **SIZE),
        make_table({"grpo": -0.4}, factor="optimizer", setting={"settings": "bbbb"}, **SIZE),
    )
    texts, told, folder = report(codebook, tmp_path / "r", outcomes_file=str(scores), told=TOLD)
    assert not [name for name, text in texts.items() if "No tuned models" in text]
    figures = {path.stem for path in folder.glob("figures/*.svg")}
    assert figures == {
        *("survey_and_models", "groups_against_control"),
        *("scales_against_control", "scales_pairwise"),
        *("strategies_against_control", "strategies_pairwise", "strategies_budgets"),
        *("optimizers", "optimizers_pairwise"),
        *("multiverse_strategy", "multiverse_scale", "multiverse_optimizer"),
        *RATERS,
    }
    for path in folder.glob("figures/*.svg"):
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
    assert {about["told"] for name, about in told.items() if name not in RATED} == {TOLD}
    survey = pd.read_csv(folder / "tables" / "survey_and_models.csv")
    assert set(survey["contrast"]) == {"Female vs Male"}
    assert set(survey["data"]) == {"simulated"}
    assert "overall" in " ".join(pd.read_csv(folder / "tables" / "optimizers_pairwise.csv")
                                 ["dimension"].str.lower())  # fmt: skip


def test_the_chapters_with_a_single_design(codebook, tmp_path):
    scores = write(tmp_path / "outcomes.parquet", make_table({"mean": -0.6}, **SIZE))
    texts, told, _ = report(codebook, tmp_path / "r", outcomes_file=str(scores))
    assert set(told) == RATED | {
        *("scales_against_control", "strategies_against_control", "optimizers"),
        *("scales_scores", "strategies_scores", "optimizers_scores"),
    }
    assert "No models were tuned on two groups" in texts["09_survey_and_models"]
    assert "Only 5-point was tried" in texts["10_rating_scales"]
    assert "Only mean was tried" in texts["11_disagreement"]
    assert "Relative gain" not in texts["11_disagreement"]
    assert "No two strategies, scales or optimizers" in texts["14_multiverse"]


def test_the_chapters_without_scores_say_how_to_make_them(codebook, tmp_path):
    texts, told, _ = report(codebook, tmp_path / "r")
    assert set(told) == RATED
    claims = told["reported"]["sentence"]
    assert claims.startswith("Of 6 numbers of this run set beside the paper's")
    assert claims.endswith("4 more are not in this run.")
    for name, text in texts.items():
        assert text.count("No tuned models have been scored yet") == 1, name
        assert "outcomes_file=SCORES/outcomes.parquet" in text, name
        assert "(figure" not in text, name
        assert "Only " not in text, name
