"""The one report that is executed as a user's is, kernels and all, for all tests that read one."""

from collections.abc import Iterable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import pluralign_stats as pls
from reports import build_report
from tests.outcomes.made_outcomes import make_table
from tests.reports.little_work import LITTLE_WORK

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

#: What the chapters are asked for, those of Bayesian models among them.
ASKED = {
    "data_note": TOLD,
    "demographics": "gender,politics",
    "intersection": "gender,politics",
    "group": "gender",
    **LITTLE_WORK,
    "about_raters": True,
}


@dataclass(frozen=True)
class Executed:
    """A folder with a study and its report."""

    folder: Path

    @property
    def codebook(self) -> Path:
        """The study's codebook."""
        return self.folder / "study" / "study.yaml"

    @property
    def report(self) -> Path:
        """Folder of the report."""
        return self.folder / "report"


def write_study(folder: Path) -> None:
    """The simulated study that chapters are tried on."""
    size = {"n_raters": 160, "n_prompts": 10, "responses_per_prompt": 2}
    pls.write_simulated_study(folder / "study", 3, **size)


def write_outcomes(path: Path, *tables: pd.DataFrame) -> Path:
    """Write an outcome table; runs that several tables have are kept once."""
    keys = ["run", "prompt", "language", "sample", "dimension"]
    table = pd.concat(tables, ignore_index=True).drop_duplicates(keys)
    table["score"] = table["score"].clip(1, 5)
    table.to_parquet(path)
    return path


def every_factor() -> Iterable[pd.DataFrame]:
    """Made scores of models tuned in every way that a chapter asks about."""
    groups = {"all": -0.6, "gender=Female": -0.8, "gender=Male": -0.4}
    yield make_table(groups, factor="group", **SIZE)
    yield make_table({"5-point": -0.6, "binary": -0.3}, factor="scale", **SIZE)
    yield make_table({"preserve": -0.6, "majority": -0.3}, **SIZE)
    yield make_table({"preserve": -0.6, "majority": -0.5}, setting={"budget": "50"}, **SIZE)
    yield make_table({"dpo": -0.6}, factor="optimizer", **SIZE)
    yield make_table({"grpo": -0.4}, factor="optimizer", setting={"settings": "bbbb"}, **SIZE)


def write_judge_scores(codebook: Path, path: Path) -> None:
    """What a judge that goes round the scale says of the study's items."""
    study = pls.read_study(codebook)
    items = study.items["item"].astype(str)
    score = (pd.Series(range(len(items))) % 5 + 1).to_numpy()
    about = {"item": items, "score": score, "judge": "round"}
    table = pd.concat(pd.DataFrame(about | {"dimension": d}) for d in study.dimensions)
    table.to_csv(path, index=False)


def make_executed(folder: Path) -> None:
    """Write study, scores and judge's scores, and have all chapters executed in kernels.

    The judge's scores are named from the folder of the command.
    """
    write_study(folder)
    here = Executed(folder)
    scores = write_outcomes(folder / "outcomes.parquet", *every_factor())
    write_judge_scores(here.codebook, folder / "scores.csv")
    study = pls.read_study(here.codebook)
    asked = ASKED | {"outcomes_file": str(scores), "judge_scores_file": "scores.csv"}
    with chdir(folder):
        build_report(study, here.codebook, here.report, parameters=asked, progress=False)
