"""The runs that are asked for answers: tuned ones in their folders, and the untuned controls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.split import split_prompts
from pluralign_stats.storage.digest import digest_file, digest_text
from pluralign_stats.storage.folders import MARK, read_mark
from pluralign_stats.storage.lock import was_held
from pluralign_stats.study.prompts import asked_text
from pluralign_stats.study.study import Study
from pluralign_stats.words import counted, has
from training.bases.find import base_fingerprint, find_base
from training.bases.packages import first_line
from training.conditions.condition import CONDITION, read_condition
from training.conditions.names import FEEDBACK
from training.engines.base import Base, base_of, untuned
from training.engines.verification import require_verified
from training.generation.prompts import Prompt, joined, study_prompts
from training.tuning.worker import failure


@dataclass(frozen=True)
class Run:
    """A model that is asked.

    Attributes
    ----------
    id
        Its name.
    base
        What to load, to which the run's adapter is added.
    factors
        What the outcome table says of it, by column.
    folder
        Its run folder; None for a control, which has no adapter.
    identity
        What tells whether it is still the same: the hash of its completion mark, or that of a
        control's base model.
    splits
        How the study's prompts were split in training: share held out, and seed. Those of all its
        runs, for a control.
    """

    id: str
    base: Base
    factors: dict[str, str | int]
    folder: Path | None
    identity: str
    splits: frozenset[tuple[float, int]]


@dataclass(frozen=True)
class FoundRuns:
    """Runs of a folder.

    Attributes
    ----------
    runs
        Those to ask, by base model; controls come first.
    refused
        Those that cannot be asked, such as after a failed training, with the reason.
    unfinished
        Those whose training has not ended, with how it stands, in words that can follow "is".
    """

    runs: tuple[Run, ...]
    refused: dict[str, str]
    unfinished: dict[str, str]


def find_runs(folder: Path) -> FoundRuns:
    """Find complete runs in a folder; make a control for each of their base models and templates.

    Raises
    ------
    InputError
        If there is no such folder, or no complete run in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of runs; make one with: pluralign train")
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    begun = [p for p in inside if p.suffix == ".partial"]
    tuned: list[Run] = []
    refused: dict[str, str] = {}
    unfinished: dict[str, str] = {}
    for path in (p for p in inside if (p / CONDITION).is_file() and p not in begun):
        try:
            tuned.append(_tuned(path))
        except InputError as error:
            refused[path.name] = str(error)
    for path in begun:
        reason = failure(path)
        if reason is None:
            unfinished[path.stem] = _standing(path.with_suffix(""))
        else:
            refused[path.stem] = (
                f"its training failed: {reason} (pluralign train, called again, tries it again)"
            )
    if not tuned and not refused:
        left = f" ({len(unfinished)} are unfinished)" if unfinished else ""
        raise InputError(f"{folder} holds no complete run{left}; make them with: pluralign train")
    runs = sorted(
        [*_controls(tuned, refused), *tuned],
        key=lambda r: (r.base.base_model, r.folder is not None),
    )
    return FoundRuns(tuple(runs), refused, unfinished)


def _standing(folder: Path) -> str:
    """How the training of a run stands that has neither ended nor failed."""
    match was_held(folder):
        case True:
            return "still in training"
        case False:
            return "broken off in training: pluralign train, called again, goes on with it"
    return "not begun: pluralign train, called again, begins it"


def _tuned(path: Path) -> Run:
    """A complete run whose adapter passed verification."""
    read_mark(path)
    verified, condition = require_verified(path), read_condition(path)
    return Run(
        id=path.name,
        base=base_of(condition, verified["number_format"]),
        factors=condition.factors(),
        folder=path,
        identity=digest_file(path / MARK),
        splits=frozenset({(condition.held_out, condition.split_seed)}),
    )


def _controls(tuned: Sequence[Run], refused: dict[str, str]) -> list[Run]:
    """An untuned control for each base model and template; `refused` gets what cannot be one."""
    controls: dict[str, Run] = {}
    for base in untuned([run.base for run in tuned]):
        control = base.control()
        kin = [r.splits for r in tuned if r.base.control() == control]
        try:
            identity = f"{base_fingerprint(find_base(base.base_model))} {base}"
        except (InputError, OSError, ValueError) as error:
            refused[control.id] = first_line(error)
            continue
        controls[control.id] = Run(
            id=control.id,
            base=base,
            factors=control.factors(),
            folder=None,
            identity=digest_text(identity),
            splits=frozenset().union(*kin),
        )
    return list(controls.values())


def prompts_of(run: Run, study: Study | None, more: Iterable[Prompt] = ()) -> tuple[Prompt, ...]:
    """What a run is asked: the prompts held out of its training, and those from a file.

    A control is asked whatever any run of its base model is asked.

    Raises
    ------
    InputError
        If there is nothing to ask, or one prompt has two texts.
    """
    held_out: set[str] = set()
    if study is not None:
        for share, seed in run.splits:
            held_out.update(split_prompts(study, share, seed).held_out if share else ())
    own = study_prompts(study, held_out) if study is not None and held_out else ()
    asked = joined([*own, *more], "the study and the file of prompts")
    if not asked:
        raise InputError(
            f"there is nothing to ask of {run.id}: give a study of which prompts were held out, "
            "a file of prompts, or both"
        )
    return asked


def refuse_trained(prompts: Sequence[Prompt], runs: Iterable[Run]) -> None:
    """Refuse prompts that any of the runs was trained on, under whatever name.

    Raises
    ------
    InputError
        If there are any; it says how many.
    """
    files = [run.folder / FEEDBACK for run in runs if prompts and run.folder]
    texts: set[str] = set()
    for file in files:
        if file.is_file():
            texts |= set(pd.read_parquet(file, columns=["prompt_text"])["prompt_text"])
    trained = {asked_text(text) for text in texts}
    twice = [each for each in prompts if asked_text(each.text) in trained]
    if twice:
        n, first = len(twice), twice[0]
        raise InputError(
            f"{n:,} of {counted(len(prompts), 'prompt')} in the file of prompts {has(n)} the text "
            f"of a prompt that a model was trained on (the first: '{first.prompt}' in "
            f"'{first.language}'); answers to these tell nothing of new prompts: leave them out"
        )


def describe(run: Run) -> dict[str, Any]:
    """What run.json says."""
    return {"id": run.id, "factors": run.factors, "base_model": run.base.base_model}
