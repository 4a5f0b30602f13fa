"""Where everything of a run lies in its folder."""

from pathlib import Path

from pluralign_stats.errors import InputError
from pluralign_stats.simulate.study import simulated_codebook
from pluralign_stats.storage.files import read_json
from pluralign_stats.study.codebook_file import read_codebook
from training.workflow.config import OWN_STUDY, RunConfig

#: What a run writes into its folder, beside hidden files.
NAMES = frozenset(
    ("run.json", "grid.yaml", "plan.json", "study", "bases", "runs", "trained", "generations",
     "answered", "scores", "judged", "replies", "set-aside", "report", "report-failed", "ratings",
     "ratings-failed", "Snakefile", "profiles")
)  # fmt: skip


class Layout:
    """The folder of a run.

    Attributes
    ----------
    out
        The folder.
    config, grid, plan
        The resolved configuration and training grid; every condition, with its examples.
    runs, trained
        Tuned models, and what came of each part of the training.
    generations, answered
        Their answers, and what came of each part of these.
    ratings, report
        The report on the ratings alone, which waits for no model, and the whole one.
    steps, call, chapters
        Logs of the steps and which ended in the last call; what was typed last, and how many
        conditions are trained at once; what the notebooks made last.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.config, self.grid, self.plan = out / "run.json", out / "grid.yaml", out / "plan.json"
        self.runs, self.trained = out / "runs", out / "trained"
        self.generations, self.answered = out / "generations", out / "answered"
        self.ratings, self.report = out / "ratings", out / "report"
        self.steps = out / ".steps"
        self.call, self.chapters = self.steps / "call.json", self.steps / "chapters"

    def study(self, run: RunConfig) -> Path:
        """The study's codebook."""
        return run.study.codebook or self.out / OWN_STUDY

    def base(self, name: str) -> Path:
        """What tells a miniature base model from others of its name."""
        return self.out / "bases" / f"{name}.json"

    def scores(self, judge: str) -> Path:
        """Scores of the answers."""
        return self.out / "scores" / judge

    def judged(self, judge: str) -> Path:
        """Scores of the study's own responses."""
        return self.out / "judged" / judge

    def replies(self, judge: str) -> Path:
        """Paid replies of a judge."""
        return self.out / "replies" / f"{judge}.jsonl"

    def done(self, step: str) -> Path:
        """Says that a step ended well in this call."""
        return self.steps / f"{step}.done"

    def error(self, step: str) -> Path:
        """Why a step failed in this call."""
        return self.steps / f"{step}.error"

    def why(self, step: str) -> str:
        """Why a step failed in this call, in one line; empty if it did not."""
        error = self.error(step)
        return " ".join(error.read_text("utf-8").split()) if error.is_file() else ""

    def conditions(self) -> list[str]:
        """Names of the conditions of the plan; none before there is one."""
        return [row["id"] for row in read_json(self.plan).get("conditions", [])]

    def failed(self) -> dict[str, str]:
        """Conditions that failed, with the reason."""
        parts = range(1, read_json(self.plan).get("parts", 0) + 1)
        files = [folder / f"{k}.json" for folder in (self.answered, self.trained) for k in parts]
        told = [read_json(file).get("failed", {}) for file in files]
        return {name: why for failed in told for name, why in failed.items()}


def study_files(run: RunConfig, layout: Layout) -> list[Path]:
    """The files of the study: its codebook and those that this names.

    Raises
    ------
    InputError
        If the codebook cannot be read.
    """
    codebook, made = layout.study(run), run.study.simulate
    book = simulated_codebook(made.seed) if made else read_codebook(codebook)
    folder = run.study.data or codebook.parent
    named = [path for spec in book.files.specs for path in spec.paths]
    named += [book.truth] if book.truth else []
    return [codebook, *dict.fromkeys(folder / name for name in named)]


def check_folder(layout: Layout) -> None:
    """Refuse a folder that holds something else than a run.

    Raises
    ------
    InputError
        If it does, or is a file.
    """
    if layout.out.exists() and not layout.out.is_dir():
        raise InputError(f"{layout.out} is a file; name a folder with --out")
    if not layout.out.exists() or layout.config.is_file():
        return
    names = (p.name for p in layout.out.iterdir())
    foreign = [n for n in names if n not in NAMES and not n.startswith(".")]
    if foreign:
        raise InputError(
            f"{layout.out} holds something else than a run of the study ('{foreign[0]}'); name "
            "another folder with --out"
        )
