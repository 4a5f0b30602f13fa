"""Score the generations of every run by a judge: the outcome table, and their quality."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.designs import CONTROL
from pluralign_stats.errors import InputError, PluralignError, listing
from pluralign_stats.outcomes.schema import (
    ANSWER,
    FACTORS,
    GENERATION,
    GENERATIONS,
    HEALTH,
    OUTCOMES,
    RUN,
    SCORES,
    VERSION,
    VERSION_KEY,
    check_scores,
    check_version,
)
from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.files import read_json
from pluralign_stats.storage.folders import (
    MARK,
    commit,
    is_complete,
    read_mark,
    staging_folder,
    write_mark,
)
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.tables import write_frame
from training.judgement import Judge
from training.judges.quality import generation_quality
from training.judges.table import add_up, answers_of, judge_all, score_table, tally

_NEEDED = [*GENERATION, "prompt_text", "response"]


@dataclass(frozen=True)
class Generations:
    """The generations of one run.

    Attributes
    ----------
    id, base_model
        Name of the run, and what it was tuned from.
    factors
        The outcome table's columns that say what the run is.
    folder
        Where its generations lie.
    identity
        Hash of the generations.
    control
        Those of the untuned model beside a tuned one, if there are any.
    """

    id: str
    base_model: str
    factors: dict[str, str | int]
    folder: Path
    identity: str
    control: "Generations | None" = None

    @property
    def is_control(self) -> bool:
        """Whether this is an untuned model."""
        return self.factors.get("optimizer") == CONTROL

    @property
    def untuned(self) -> tuple[str, str | int | None]:
        """What a control shares with the runs beside it: base model and chat template."""
        return self.base_model, self.factors.get("chat_template")

    @property
    def source(self) -> dict[str, str | None]:
        """What scores and quality are made from."""
        control = self.control.identity if self.control else None
        return {"generations": self.identity, "control": control}


@dataclass(frozen=True)
class Scored:
    """What a call of `score_generations` or `score_items` did.

    Attributes
    ----------
    table
        The collected scores.
    made, kept
        Parts that were judged, and those whose scores were there already.
    unfinished
        Runs whose generations are not complete, and were left out.
    tally
        Answers, how many were malformed, why scores are missing, and other notes.
    usage
        What the judge says it took.
    """

    table: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]
    unfinished: tuple[str, ...]
    tally: dict[str, Any]
    usage: dict[str, Any]


def score_generations(
    generations: Path, out: Path, judge: Judge, *, progress: bool = False
) -> Scored:
    """Judge the generations of every complete run, and collect the scores in one table.

    Safe to repeat: runs whose scores are there are not judged again unless their generations have
    changed. A judge that stops before its end leaves the runs scored so far; called again, judging
    goes on.

    Parameters
    ----------
    generations
        What `pluralign generate` wrote: one folder for each run.
    out
        Gets a folder for each run, and ``outcomes.parquet`` (one row per generation and
        dimension) and ``health.parquet`` (one per run and language) over all of them.
    judge
        The judge.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    InputError
        If there is no complete run, or `out` holds scores by another judge or something else.
    PluralignError
        If the judge stops, or nothing can be written.
    """
    runs, unfinished = find_generations(generations)
    if out.resolve() == generations.resolve():
        raise InputError(f"{out} is the folder that is read; name another with --out")
    check_out(out, "runs", "scores of generations")
    with held_alone(out):
        done = {run.id: _is_done(out / run.id, run, judge) for run in runs}
        left = [run for run in runs if not done[run.id]]
        if left:
            (out / MARK).unlink(missing_ok=True)
        for run in left:
            _take_away(out / run.id)
        frames = {run.id: _read(run) for run in left}
        answers = {name: len(frame) for name, frame in frames.items()}
        with WorkProgress("Judging", "answers", answers, progress) as bar:
            for run in left:
                _score(run, frames[run.id], out, judge, bar)
        total = _collect(runs, out, judge, unfinished, bool(left))
    made = tuple(run.id for run in left)
    kept = tuple(run.id for run in runs if done[run.id])
    return Scored(out / OUTCOMES, made, kept, unfinished, total, judge.usage)


def find_generations(folder: Path) -> tuple[list[Generations], tuple[str, ...]]:
    """Find the complete runs of a folder of generations, controls first; and the others' names.

    Raises
    ------
    InputError
        If there is no complete run.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of generations; make one with: pluralign generate")
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    found, unfinished = [], []
    for path in inside:
        if path.suffix == ".partial":
            unfinished.append(path.stem)
        elif (path / GENERATIONS).is_file():
            found.append(_generated(path))
    if not found:
        left = f" ({len(unfinished)} are unfinished)" if unfinished else ""
        raise InputError(
            f"{folder} holds no complete run{left}; make generations with: pluralign generate"
        )
    controls = {run.untuned: run for run in found if run.is_control}
    runs = [r if r.is_control else replace(r, control=controls.get(r.untuned)) for r in found]
    return sorted(runs, key=lambda r: (not r.is_control, r.id)), tuple(unfinished)


def _generated(path: Path) -> Generations:
    identity = read_mark(path)["files"][GENERATIONS]
    try:
        told = json.loads((path / RUN).read_text(encoding="utf-8"))
        factors = {name: told["factors"][name] for name in FACTORS}
        return Generations(told["id"], told["base_model"], factors, path, identity)
    except (OSError, ValueError, KeyError) as error:
        lacking = f" ({error} is missing)" if isinstance(error, KeyError) else ""
        raise InputError(
            f"{path / RUN} does not say which run this is{lacking}; generate the run again with "
            "this version"
        ) from error


def check_out(out: Path, key: str, what: str) -> None:
    """Refuse to write in place of a file, or into a folder that holds something else.

    Parameters
    ----------
    out
        The folder to be.
    key, what
        What the mark of such a folder has, and what it holds in words.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder with --out")
    check_version(read_json(out / MARK).get(VERSION_KEY), out)
    if (out / MARK).exists() and not {key, "judge"} <= read_json(out / MARK).keys():
        raise InputError(f"{out} holds something else than {what}; name another with --out")


def refuse_other_judge(folder: Path, known: Any, settings: dict[str, Any]) -> None:
    """Refuse scores by another judge, or by the same asked otherwise."""
    if not isinstance(known, dict):
        known = {}
    differs = [k for k in {**known, **settings} if known.get(k) != settings.get(k)]
    if differs:
        told = "; ".join(f"{k} {known.get(k)}, now {settings.get(k)}" for k in differs[:3])
        raise InputError(
            f"{folder} holds scores by a judge that was set otherwise ({told}); choose another "
            "folder with --out, or judge as before"
        )


def _is_done(folder: Path, run: Generations, judge: Judge) -> bool:
    """Whether a run's scores are there, whole, and of its generations."""
    if not folder.exists():
        return False
    mark = read_json(folder / MARK)
    if not {"judge", "generations"} <= mark.keys():
        raise InputError(
            f"{folder} is there already and holds no scores; choose another folder with --out"
        )
    if not is_complete(folder) or not run.source.items() <= mark.items():
        return False
    refuse_other_judge(folder, mark["judge"], judge.settings)
    return True


def _take_away(folder: Path) -> None:
    """Remove scores that are out of date; what a kill leaves of them has no complete name."""
    if folder.exists():
        shutil.rmtree(staging_folder(folder))
        shutil.rmtree(folder.rename(folder.with_name(f"{folder.name}.partial")))


def _score(
    run: Generations, frame: pd.DataFrame, out: Path, judge: Judge, bar: WorkProgress
) -> None:
    texts = (frame["prompt_text"], frame["response"].fillna(""), frame["language"])
    judgements = judge_all(judge, answers_of(*texts), run.id, bar)
    keys = pd.concat([frame[["run"]].assign(**run.factors), frame[[*ANSWER]]], axis=1)
    flagged = frame.assign(malformed=[judged.malformed for judged in judgements])
    usual = pd.read_parquet(out / run.control.id / HEALTH) if run.control else None
    working = staging_folder(out / run.id)
    write_frame(working / SCORES, score_table(keys, judgements, judge.name))
    write_frame(working / HEALTH, generation_quality(flagged, usual))
    record = {"judge": judge.settings, **run.source, "tally": tally(judgements)}
    commit(working, out / run.id, record)


def _read(run: Generations) -> pd.DataFrame:
    frame = pd.read_parquet(run.folder / GENERATIONS)
    missing = [c for c in _NEEDED if c not in frame]
    if missing:
        raise InputError(
            f"{run.folder / GENERATIONS} lacks {listing(missing)}; generate the run again"
        )
    return frame.reset_index(drop=True)


def _collect(
    runs: Sequence[Generations], out: Path, judge: Judge, unfinished: tuple[str, ...], changed: bool
) -> dict[str, Any]:
    """Write the collected tables unless they are there, and the mark; return the sum of tallies."""
    marks = {run.id: read_mark(out / run.id) for run in runs}
    total = add_up([mark["tally"] for mark in marks.values()])
    parts = {name: mark["files"] for name, mark in marks.items()}
    record = {VERSION_KEY: VERSION, "judge": judge.settings, "runs": parts}
    record |= {"unfinished": list(unfinished), "tally": total}
    if not changed and is_complete(out) and record.items() <= read_mark(out).items():
        return total
    (out / MARK).unlink(missing_ok=True)
    for part, whole in ((SCORES, OUTCOMES), (HEALTH, HEALTH)):
        frames = [pd.read_parquet(out / run.id / part) for run in runs]
        table = pd.concat(frames, ignore_index=True)
        if part == SCORES:
            check_scores(table, out / whole)
        table.attrs[VERSION_KEY] = VERSION
        write_frame(out / whole, table)
    mark_folder(out, [OUTCOMES, HEALTH], record)
    return total


def mark_folder(folder: Path, files: Sequence[str], record: dict[str, Any]) -> None:
    """Mark a folder as complete that is filled in place.

    Raises
    ------
    PluralignError
        If the mark cannot be written.
    """
    try:
        write_mark(folder, record, files)
    except OSError as error:
        raise PluralignError(
            f"{folder} could not be completed ({error.strerror}); make room and run the command "
            "again: it goes on from here"
        ) from error
