"""Where everything of a run lies in its folder, and which step needs which."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pluralign_stats.storage.digest import digest_values
from training.bases.find import EMBEDDED
from training.workflow.config import OWN_STUDY, RunConfig

#: What a run writes into its folder.
NAMES = frozenset(
    ("run.json", "grid.yaml", "plan.json", "study", "runs", "generations", "scores", "judged",
     "replies", "set-aside", "report", "report-failed", "ratings", "ratings-failed")
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """The folder of a run.

    Attributes
    ----------
    out
        The folder, absolute.
    """

    out: Path

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.out / "run.json"

    @property
    def grid(self) -> Path:
        """The resolved training grid."""
        return self.out / "grid.yaml"

    @property
    def plan(self) -> Path:
        """Every condition, with how many examples it has."""
        return self.out / "plan.json"

    @property
    def steps(self) -> Path:
        """Marks and logs of the steps."""
        return self.out / ".steps"

    @property
    def runs(self) -> Path:
        """Tuned models."""
        return self.out / "runs"

    @property
    def generations(self) -> Path:
        """Their answers."""
        return self.out / "generations"

    @property
    def report(self) -> Path:
        """The report."""
        return self.out / "report"

    @property
    def ratings(self) -> Path:
        """The report on the ratings alone, which does not wait for the models."""
        return self.out / "ratings"

    @property
    def chapters(self) -> Path:
        """What the notebooks made last."""
        return self.steps / "chapters"

    def study(self, run: RunConfig) -> Path:
        """The study's codebook."""
        return run.study.codebook or self.out / OWN_STUDY

    def scores(self, run: RunConfig, judge: str) -> Path:
        """Scores of the answers; a judge that is set otherwise gets another folder."""
        return self.out / "scores" / f"{judge}-{digest_values(judge_inputs(run, judge))[:8]}"

    def judged(self, run: RunConfig, judge: str) -> Path:
        """Scores of the study's own responses."""
        source = run.study.model_dump(mode="json")
        return (
            self.out / "judged" / f"{judge}-{digest_values([judge_inputs(run, judge), source])[:8]}"
        )

    def replies(self, judge: str) -> Path:
        """Paid replies of a judge."""
        return self.out / "replies" / f"{judge}.jsonl"

    def mark(self, step: str) -> Path:
        """What says that a step, or a part of one, is done."""
        return self.steps / f"{step}.json"

    def error(self, step: str) -> Path:
        """Why a step, or a part of one, failed."""
        return self.steps / f"{step}.error"

    def log(self, step: str) -> Path:
        """What the commands of a step wrote to standard error."""
        return self.steps / f"{step}.log"


def judge_inputs(run: RunConfig, judge: str) -> dict[str, Any]:
    """What decides the scores of a judge; how long to be patient with it does not."""
    return run.judges[judge].model_dump(exclude={"patience"})


def needs(run: RunConfig) -> dict[str, tuple[str, ...]]:
    """Every step of a run, in an order in which they can be done, with the steps that it needs."""
    steps: dict[str, tuple[str, ...]] = {
        **{f"base-{model.model}": () for model in run.bases() if model.model in EMBEDDED},
        "study": (),
        "plan": ("study",),
        "train": ("plan",),
        "generate": ("train",),
    }
    for judge in run.judges:
        steps[f"judge-{judge}"] = ("generate",)
        steps[f"items-{judge}"] = ("study",)
    if run.report is not None:
        steps["ratings"] = ("study",)
        judges = (f"judge-{judge}" for judge in run.judges)
        steps["report"] = ("ratings", *judges, f"items-{run.main_judge}")
    return steps
