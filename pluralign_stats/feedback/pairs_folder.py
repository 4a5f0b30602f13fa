"""A folder of feedback: table, examples, recipe, exclusions, split, and a mark written last."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.split import Split, split_prompts
from pluralign_stats.feedback.unpaired import unpaired_feedback
from pluralign_stats.folders import building_folder, take_name
from pluralign_stats.study.study import Study
from pluralign_stats.study.yaml_file import dump_yaml

#: Written last; a folder without it is not complete.
MARK = "complete.json"

Form = Literal["parquet", "csv"]


@dataclass(frozen=True)
class FeedbackJob:
    """What a folder of feedback is to hold.

    Attributes
    ----------
    recipe
        How ratings become feedback.
    unpaired
        Whether responses are judged alone.
    held_out, split_seed
        Share of prompts held out for evaluation, 0 for none, and the seed that draws them.
    form
        Of the tables.
    """

    recipe: Recipe
    unpaired: bool = False
    held_out: float = 0.2
    split_seed: int = 0
    form: Form = "parquet"

    def inputs(self, study: Study) -> dict[str, Any]:
        """All that the content of the folder depends on, as plain values."""
        plain = {**asdict(self), "recipe": self.recipe.model_dump(mode="json")}
        return {"study": study.name, "fingerprint": study.fingerprint, **plain}

    def split(self, study: Study) -> Split:
        """Prompts to use and prompts held out."""
        if self.held_out == 0:
            return Split(tuple(sorted(study.items["prompt"].astype(str).unique())), ())
        return split_prompts(study, self.held_out, self.split_seed)

    def feedback(self, study: Study) -> Feedback:
        """The feedback of the prompts that are not held out."""
        make = unpaired_feedback if self.unpaired else preference_pairs
        return make(study, self.recipe, self.split(study).train if self.held_out else None)


def write_feedback(study: Study, job: FeedbackJob, folder: Path) -> bool:
    """Write a folder of feedback, unless the same is there already.

    Parameters
    ----------
    study
        The study.
    job
        What to write.
    folder
        Takes pairs or unpaired (the table), examples, excluded.csv, recipe.yaml, split.json, and
        complete.json with the inputs and the hash of every file. It appears under its name only
        when complete.

    Returns
    -------
    False if the folder held the same already, and nothing was written.

    Raises
    ------
    InputError
        If the recipe gives no feedback, or the folder holds something else or cannot be written.
    """
    folder = folder.resolve()
    inputs = json.loads(json.dumps(job.inputs(study)))
    if folder.exists() and _holds(folder, inputs):
        return False
    feedback = job.feedback(study)
    split = job.split(study)
    tables = {feedback.kind: feedback.table, "examples": feedback.examples()}
    with building_folder(folder, "feedback") as building:
        try:
            _fill(building, job, tables, feedback.excluded, split)
            told = {"size": feedback.size, "split": split.told, "notes": feedback.notes}
            write_mark(building, {**inputs, **told})
        except OSError as error:
            raise PluralignError(
                f"{folder} could not be written ({error.strerror}); make room or choose another "
                "folder"
            ) from error
        take_name(building, folder)
    return True


def _fill(
    building: Path,
    job: FeedbackJob,
    tables: dict[str, pd.DataFrame],
    excluded: pd.DataFrame,
    split: Split,
) -> None:
    for name, table in tables.items():
        if job.form == "csv":
            table.to_csv(building / f"{name}.csv", index=False)
        else:
            table.to_parquet(building / f"{name}.parquet", index=False)
    excluded.to_csv(building / "excluded.csv", index=False)
    text = dump_yaml(job.recipe.model_dump(mode="json"))
    (building / "recipe.yaml").write_text(text, "utf-8")
    _json(building / "split.json", asdict(split))


def _holds(folder: Path, inputs: dict[str, Any]) -> bool:
    """Whether the folder is complete and of the same inputs; anything else there is refused."""
    if folder.is_dir() and not any(folder.iterdir()):
        return False
    record = read_mark(folder)
    changed = [k for k, v in inputs.items() if record is not None and record.get(k) != v]
    if record is None or "recipe" not in record:
        raise InputError(f"{folder} exists and holds no feedback; choose another folder")
    if changed:
        raise InputError(
            f"{folder} holds feedback of another {', '.join(changed)}; choose another folder, or "
            "delete this one"
        )
    for name, known in record["files"].items():
        if not (folder / name).is_file() or _hash(folder / name) != known:
            raise InputError(
                f"{folder / name} is missing or was changed since it was written; delete {folder} "
                "and run the command again"
            )
    return True


def write_mark(building: Path, record: dict[str, Any]) -> None:
    """Mark a folder as complete, with `record` and the hash of every file in it."""
    files = {p.name: _hash(p) for p in sorted(building.iterdir())}
    _json(building / MARK, {**record, "files": files})


def read_mark(folder: Path) -> dict[str, Any] | None:
    """What the mark of a folder says; None without one."""
    try:
        record = json.loads((folder / MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("files"), dict) else None


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
