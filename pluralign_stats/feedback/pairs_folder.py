"""A folder of feedback: table, examples, recipe, exclusions, split, and a mark written last."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.feedback.budget import feedback_of
from pluralign_stats.feedback.choice_pairs import response_texts
from pluralign_stats.feedback.choice_recipe import ChoiceRecipe
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.split import Split, split_prompts
from pluralign_stats.storage.files import read_json, write_json
from pluralign_stats.storage.folders import MARK, new_folder, read_mark, write_mark
from pluralign_stats.study.study import Study
from pluralign_stats.study.yaml_file import dump_yaml

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

    recipe: Recipe | ChoiceRecipe
    unpaired: bool = False
    held_out: float = 0.2
    split_seed: int = 0
    form: Form = "parquet"

    def inputs(self, study: Study | Choices) -> dict[str, Any]:
        """All that the content of the folder depends on, as plain values."""
        plain = {**asdict(self), "recipe": self.recipe.model_dump(mode="json")}
        return {"study": study.name, "fingerprint": study.fingerprint, **plain}

    def split(self, study: Study | Choices) -> Split:
        """Prompts to use and prompts held out."""
        if self.held_out == 0:
            of = study.choices if isinstance(study, Choices) else study.items
            return Split(tuple(sorted(of["prompt"].astype(str).unique())), ())
        return split_prompts(study, self.held_out, self.split_seed)

    def feedback(self, study: Study | Choices) -> Feedback:
        """The feedback of the prompts that are not held out."""
        prompts = self.split(study).train if self.held_out else None
        return feedback_of(study, self.recipe, prompts, unpaired=self.unpaired)


def write_feedback(study: Study | Choices, job: FeedbackJob, folder: Path) -> bool:
    """Write a folder of feedback, unless the same is there already.

    Parameters
    ----------
    study
        The study, or choices.
    job
        What to write.
    folder
        Takes pairs or unpaired (the table), examples, of choices the responses, excluded.csv,
        recipe.yaml, split.json, and complete.json with the inputs and the hash of every file. It
        appears under its name only when complete.

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
    if isinstance(study, Choices):
        tables["responses"] = response_texts(study)
    with new_folder(folder, "feedback") as staging:
        try:
            _fill(staging, job, tables, feedback.excluded, split)
            told = {"size": feedback.size, "split": split.summary, "notes": feedback.notes}
            write_mark(staging, {**inputs, **told})
        except OSError as error:
            raise PluralignError(
                f"{folder} could not be written ({error.strerror}); make room or choose another "
                "folder"
            ) from error
    return True


def _fill(
    staging: Path,
    job: FeedbackJob,
    tables: dict[str, pd.DataFrame],
    excluded: pd.DataFrame,
    split: Split,
) -> None:
    for name, table in tables.items():
        if job.form == "csv":
            table.to_csv(staging / f"{name}.csv", index=False)
        else:
            table.to_parquet(staging / f"{name}.parquet", index=False)
    excluded.to_csv(staging / "excluded.csv", index=False)
    text = dump_yaml(job.recipe.model_dump(mode="json"))
    (staging / "recipe.yaml").write_text(text, "utf-8")
    write_json(staging / "split.json", asdict(split))


def _holds(folder: Path, inputs: dict[str, Any]) -> bool:
    """Whether the folder is complete and of the same inputs; anything else there is refused."""
    if folder.is_dir() and not any(folder.iterdir()):
        return False
    record = read_json(folder / MARK)
    changed = [k for k, v in inputs.items() if record.get(k) != v]
    if not {"recipe", "files"} <= record.keys():
        raise InputError(f"{folder} exists and holds no feedback; choose another folder")
    if changed:
        raise InputError(
            f"{folder} holds feedback of another {', '.join(changed)}; choose another folder, or "
            "delete this one"
        )
    read_mark(folder)
    return True
