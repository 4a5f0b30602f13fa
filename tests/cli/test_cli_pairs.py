import json

import pandas as pd
import pytest

from pluralign_stats import read_study
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.split import split_prompts


@pytest.fixture
def study(toy):
    return toy.write()


WORDS = ("--dimension", "toxicity", "--dimension", "helpfulness=0.5", "--group", "gender=Female")


def test_pairs_are_written_once(study, pluralign, tmp_path):
    out = tmp_path / "out"
    ran = pluralign("pairs", study, *WORDS, "--strategy", "mean", "--held-out", 0, "--out", out)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"{out}\n  examples: 1\n")
    assert "left out: rated responses of raters outside the group: 9" in ran.out
    recipe = Recipe(
        weights={"toxicity": 1, "helpfulness": 0.5}, group={"gender": "Female"}, strategy="mean"
    )
    made = preference_pairs(read_study(study), recipe)
    pd.testing.assert_frame_equal(pd.read_parquet(out / "pairs.parquet"), made.table)
    again = pluralign("pairs", study, *WORDS, "--strategy", "mean", "--held-out", 0, "--out", out)
    assert (again.status, again.err) == (0, "")
    assert "holds this already; examples: 1; nothing was done" in again.out
    other = pluralign("pairs", study, *WORDS, "--held-out", 0, "--out", out)
    assert other.status == 2
    assert "holds feedback of another recipe" in other.err


def test_a_recipe_file_and_json(study, pluralign, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("weights: {toxicity: 1}\nscale: 3-point\nlanguages: pooled\n")
    out = tmp_path / "out"
    words = ("--recipe", recipe, "--held-out", 0, "--format", "csv", "--json", "--out", out)
    ran = pluralign("pairs", study, *words)
    assert (ran.status, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content["written"] is True
    assert content["recipe"]["scale"] == "3-point"
    assert content["examples"] == pd.read_csv(out / "pairs.csv")["n"].sum()
    clash = pluralign("pairs", study, "--recipe", recipe, "--seed", 1, "--out", tmp_path / "b")
    assert (clash.status, clash.err.count("\n")) == (2, 1)
    assert "leave out --seed" in clash.err


def test_held_out_prompts_are_not_used(pluralign, tmp_path):
    pluralign("simulate", "--raters", 60, "--prompts", 10, "--out", tmp_path / "s")
    study, out = tmp_path / "s" / "study.yaml", tmp_path / "out"
    ran = pluralign("pairs", study, "--dimension", "toxicity", "--unpaired", "--out", out)
    assert ran.status == 0
    split = split_prompts(read_study(study))
    used = pd.read_parquet(out / "unpaired.parquet")["prompt"]
    assert set(used) == set(split.train)
    assert json.loads((out / "split.json").read_text())["held_out"] == list(split.held_out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a --dimension"),
        (["--dimension", "toxicty"], "did you mean 'toxicity'"),
        (["--dimension", "toxicity=x"], "NAME=WEIGHT with a number, not 'toxicity=x'"),
        (["--dimension", "toxicity", "--dimension", "toxicity=2"], "'toxicity' is given twice"),
        (["--dimension", "toxicity", "--group", "gender"], "--group takes NAME=LEVEL"),
        (["--dimension", "toxicity", "--group", "gender=Woman"], "'Female', not 'Woman'"),
        (["--dimension", "toxicity", "--strategy", "meen"], "did you mean 'mean'"),
        (["--dimension", "toxicity", "--scale", "4"], "'scale' must be one of '5-point'"),
        (["--dimension", "toxicity", "--balance", "age"], "the demographic must be one of"),
        (["--dimension", "toxicity", "--budget", "9999"], "the budget is 9,999 examples, but"),
        (["--dimension", "toxicity", "--min-margin", "9"], "gives no preference pairs"),
        (["--dimension", "toxicity", "--held-out", "1"], "held_out must lie between 0 and 1"),
        (["--dimension", "toxicity", "--held-out", "0.5", "--split-seed", "-1"], "be 0 or more"),
        (["--recipe", "absent.yaml"], "absent.yaml: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(words, message, study, pluralign, tmp_path):
    out = tmp_path / "out"
    held = [] if "--held-out" in words else ["--held-out", 0]
    ran = pluralign("pairs", study, *words, *held, "--out", out)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert message in ran.err
    assert not out.exists()
