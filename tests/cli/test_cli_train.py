"""``pluralign train``: the plan, and what is refused before anything is trained."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pluralign_stats.simulate.study import write_simulated_study

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def codebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "study"
    return write_simulated_study(folder, 7, n_raters=60, n_prompts=8, responses_per_prompt=2)


def test_a_dry_run_prints_the_plan_and_writes_nothing(pluralign, codebook, tmp_path) -> None:
    out = tmp_path / "runs"
    ran = pluralign(
        "train", "embedded-small", "--study", codebook, "--out", out, "--dry-run", "--json"
    )
    assert ran.status == 2
    assert "cells of the grid cannot be trained, and nothing was" in ran.err
    grid = tmp_path / "grid.yaml"
    grid.write_text("scales: [5-point, binary]\nstrategies: mean\nmin_examples: 1\n")
    ran = pluralign("train", grid, "--study", codebook, "--out", out, "--dry-run", "--json")
    assert ran.status == 0, ran.err
    told = json.loads(ran.out)["conditions"]
    assert [row["scale"] for row in told] == ["5-point", "binary"]
    assert all(row["examples"] > 0 and not row["done"] and row["excluded"] for row in told)
    assert not out.exists()
    ran = pluralign("train", grid, "--study", codebook, "--out", out, "--dry-run")
    assert "2 conditions, 0 of them done." in ran.out
    assert "prompts held out" in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grups: all", "did you mean 'groups'"),
        ("groups: [{gender: Femal}]", "did you mean 'Female'"),
        ("strategies: mean\nbase_models: /no/such/model\nmin_examples: 1", "/no/such/model does"),
    ],
)
def test_what_cannot_be_trained_is_one_line(pluralign, codebook, tmp_path, text, said) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(text + "\n")
    ran = pluralign("train", grid, "--study", codebook, "--out", tmp_path / "runs")
    assert ran.status == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_prompts_that_are_joined_are_told_of(pluralign, codebook, tmp_path) -> None:
    grid, study = tmp_path / "grid.yaml", tmp_path / "study"
    grid.write_text("strategies: mean\nmin_examples: 1\n")
    shutil.copytree(codebook.parent, study)
    prompts = pd.read_csv(study / "prompts.csv")
    first, second, third = prompts["question_id"].unique()[:3]
    for column in ("prompt", "prompt_de"):
        text = prompts.loc[prompts["question_id"] == first, column].iloc[0]
        prompts.loc[prompts["question_id"].isin([second, third]), column] = f" {text.upper()}"
    prompts.to_csv(study / "prompts.csv", index=False)
    command = ["train", grid, "--study", study / codebook.name, "--out", tmp_path / "runs"]
    told = "3 of 8 prompts have a text that another one has too, and were split together"
    assert f"{told}.\n" in pluralign(*command, "--dry-run").out
    assert json.loads(pluralign(*command, "--dry-run", "--json").out)["split"] == told


def test_an_unknown_grid_names_those_that_ship(pluralign, codebook, tmp_path) -> None:
    ran = pluralign("train", "papr", "--study", codebook, "--out", tmp_path)
    assert ran.status == 2
    assert "'embedded', 'embedded-small', 'paper'" in ran.err


def test_help_names_the_grids(pluralign) -> None:
    ran = pluralign("train", "--help")
    assert ran.status == 0
    for word in ("embedded-small", "paper", "--accelerate", "--dry-run"):
        assert word in ran.out
