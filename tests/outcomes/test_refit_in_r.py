"""The tables behind figures 2 to 5, refitted by lme4 from the scores that reports offer.

The numbers of lme4 are stored in ``tests/reference/outcomes.json``; where R and lme4 are installed
they are also computed anew. To store them again, from the top folder:
``python tests/outcomes/test_refit_in_r.py``.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from made_outcomes import make_table, outcomes_of

import pluralign_stats as pls
from pluralign_stats.outcomes.score_table import scores

pytestmark = pytest.mark.extended

REFERENCE = Path(__file__).parents[1] / "reference"
STORED = REFERENCE / "outcomes.json"
SCRIPT = REFERENCE / "refit_outcomes.R"

BASES = {"one": 0.0, "two": 0.6}
SIZE = {"dimensions": ("toxicity", "helpfulness"), "n_prompts": 5, "n_samples": 2, "run_sd": 0.3}
GENDER = [("gender", "Female", "Male")]

#: Name of the table, and the base model that it is of; all where there is none.
FIGURES = {
    "2": None,
    "3A": None,
    "3B": None,
    "4A": None,
    "4B": None,
    "5-one": "one",
    "5-two": "two",
}


@cache
def study() -> pls.Study:
    return pls.simulate_study(7, n_raters=150, n_prompts=12, responses_per_prompt=3)


@cache
def outcomes() -> pls.outcomes.Outcomes:
    """All four experiments, unbalanced: a design on one base model only, and malformed text."""
    groups = {"gender=Female": -0.8, "gender=Male": -0.2}
    grpo = {"settings": "bbbb", "optimizer": "grpo"}
    several = "toxicity+helpfulness"
    table = pd.concat(
        [
            make_table(groups, factor="group", n_seeds=2, seed=2, **SIZE),
            make_table({"5-point": -0.6, "binary": -0.3}, factor="scale", bases=BASES, seed=3,
                       malformed=0.05, **SIZE),
            make_table({"3-point": -0.5}, factor="scale", bases={"one": 0.0}, seed=4, **SIZE),
            make_table({"majority": -0.3, "mean": 0.0}, bases=BASES, seed=5, **SIZE),
            make_table({"toxicity": -0.2, several: -0.4}, factor="objective", setting=grpo,
                       bases=BASES, seed=6, **SIZE),
            make_table({several: -0.5}, factor="objective", bases=BASES, seed=7, **SIZE),
        ]
    )  # fmt: skip
    table["base_model"] = table["base_model"].replace("base", "one")
    table.loc[table["run"] == "control-base", "run"] = "control-one"
    prompts = dict(zip(table["prompt"].unique(), study().items["prompt"].unique(), strict=False))
    table["prompt"] = table["prompt"].map(prompts)
    table["score"] = table["score"].clip(1, 5)
    return outcomes_of(table, codebook=study().codebook)


def offered(figure: str) -> tuple[pls.Result, pls.Result]:
    """The table behind a figure, and the scores that its chapter offers."""
    if figure == "2":
        both = pls.outcomes.survey_and_models(study(), outcomes(), GENDER)
        return both, pls.outcomes.survey_scores(outcomes(), GENDER)
    if figure.startswith("5"):
        by = ("optimizer", "objective")
        table = pls.outcomes.by_base_model(outcomes(), by)
        return table, pls.outcomes.scores(pls.outcomes.select_experiment(outcomes(), by))
    experiment = pls.outcomes.select_experiment(
        outcomes(), {"3": "scale", "4": "strategy"}[figure[0]]
    )
    compare = pls.outcomes.against_control if figure[1] == "A" else pls.outcomes.pairwise
    return compare(experiment), pls.outcomes.scores(experiment)


def ours(figure: str) -> pd.DataFrame:
    table = offered(figure)[0].table
    if figure == "2":
        table = table[table["source"] == "models"]
        table = table.assign(contrast="gender=Female vs gender=Male")
    if FIGURES[figure]:
        table = table[table["base_model"] == FIGURES[figure]]
    return table.set_index(["dimension", "contrast"])[["estimate", "std_error"]]


def formula(figure: str, told: pls.Result) -> str:
    """The formula that the notes give to readers; of one base model without its effect."""
    note = next(note for note in told.meta.notes if note.startswith("In R: "))
    text = re.search(r"lmer\((.*), subset", note)[1]
    return text.replace(" + base_model", "") if FIGURES[figure] else text


def refit(figure: str, folder: Path) -> dict:
    told = offered(figure)[1]
    file = folder / "scores.csv"
    file.write_text(told.to_csv_text(), "utf-8")
    only = [FIGURES[figure]] if FIGURES[figure] else []
    command = ["Rscript", str(SCRIPT), str(file), formula(figure, told), *only]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return {"scores": digest, **json.loads(made.stdout)}


def compare_with(figure: str, found: dict) -> None:
    theirs = pd.DataFrame(found["differences"]).set_index(["dimension", "contrast"])
    own = ours(figure)
    pd.testing.assert_frame_equal(own, theirs.loc[own.index], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("figure", FIGURES)
def test_stored_numbers_of_lme4_are_those_of_the_table(figure, tmp_path):
    found = json.loads(STORED.read_text("utf-8"))[figure]
    csv = offered(figure)[1].to_csv_text()
    digest = hashlib.sha256(csv.encode()).hexdigest()
    assert digest == found["scores"], "made of other scores: store the numbers again"
    compare_with(figure, found)


def lme4_is_installed() -> bool:
    if not shutil.which("Rscript"):
        return False
    return not subprocess.run(
        ["Rscript", "-e", "library(lme4); library(jsonlite)"], capture_output=True, check=False
    ).returncode


@pytest.mark.extended
@pytest.mark.parametrize("figure", FIGURES)
def test_lme4_gives_the_same_numbers_from_the_scores(figure, tmp_path):
    if not lme4_is_installed():
        pytest.skip("R with lme4 and jsonlite is not installed")
    compare_with(figure, refit(figure, tmp_path))


def test_scores_hold_every_condition_once_and_no_text():
    experiment = pls.outcomes.select_experiment(outcomes(), "strategy")
    table = scores(experiment).table
    assert len(table) == len(experiment.table)
    assert not table.duplicated(["run", "prompt", "language", "sample", "dimension"]).any()
    assert set(table.loc[table["tuned"] == 0, "strategy"]) == {"control"}
    assert {"base_model", "seed", "objective", "optimizer"} <= set(table)
    assert not {"text", "note"} & set(table)
    twice = scores([experiment, experiment]).table
    pd.testing.assert_frame_equal(twice, table)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        stored = {figure: refit(figure, Path(folder)) for figure in FIGURES}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{STORED} written\n")
