"""One stage of a run, or a part of one, by plain commands; what it makes appears when it is whole.

A rule of the Snakefile starts ``python -m training.workflow.step STAGE`` in the run's folder.
"""

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.outcomes.schema import ITEM_SCORES, OUTCOMES
from pluralign_stats.storage.digest import digest_file
from pluralign_stats.storage.files import read_json, write_json, write_text
from pluralign_stats.storage.folders import MARK, remove_folder
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.study.read import read_study
from training.bases.find import base_fingerprint, find_base
from training.conditions.condition import Control
from training.conditions.names import INPUTS
from training.judges.choose import judge_kind
from training.workflow.command import KILLED, end_with_driver, pluralign
from training.workflow.config import RunConfig
from training.workflow.devices import one_device
from training.workflow.layout import Layout

Record = dict[str, Any]

#: Parameters of notebooks that take what comes of tuned models and judges.
_MODEL_FILES = ("outcomes_file", "judge_scores_file", "other_judge_file")

#: Most conditions of one job: a job loads what it trains with once, and that takes seconds.
_CONDITIONS = 12

#: How far the report on the ratings stands back behind training on the same cores.
_NICE = 10

#: Seconds before a judge that cannot be reached is tried again: first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 120.0


@dataclass(frozen=True)
class Step:
    """One step and all that it knows.

    Attributes
    ----------
    stage, name
        What is done, such as ``judge``, and by whom or to which part, such as ``embedded``.
    run, layout
        The run and where it lies.
    """

    stage: str
    name: str
    run: RunConfig
    layout: Layout

    @property
    def id(self) -> str:
        """Its name among all steps."""
        return f"{self.stage}-{self.name}" if self.name else self.stage

    @property
    def study(self) -> list[object]:
        """The study as options of a command."""
        return ["--study", self.layout.study(self.run), *self.data]

    @property
    def data(self) -> list[object]:
        """The folder of the study's data, as an option."""
        return ["--data", self.run.study.data] if self.run.study.data else []

    @property
    def part(self) -> list[object]:
        """The part of the conditions, as an option."""
        return ["--part", f"{self.name}/{read_json(self.layout.plan)['parts']}"]

    def command(self, *words: object) -> Record:
        """Run a command."""
        return pluralign(words, self.layout.steps / f"{self.id}.log")


def do_study(step: Step) -> None:
    """Simulate the study; one that is there and is another is not replaced."""
    made = step.run.study.simulate
    assert made is not None  # noqa: S101
    codebook, written = step.layout.study(step.run), step.layout.steps / "written.json"
    new = step.layout.steps / "new-study"
    shutil.rmtree(new, ignore_errors=True)
    given = made.model_dump(exclude={"embedded"}, exclude_none=True)
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    step.command("simulate", "--out", new, *options, *["--embedded"] * made.embedded)
    fresh = read_study(new / codebook.name).fingerprint
    if codebook.is_file() and read_study(codebook).fingerprint not in (
        fresh,
        read_json(written).get("fingerprint"),
    ):
        raise InputError(
            f"{codebook.parent} holds another study than the one to be simulated; move it away, "
            "or name another folder with --out"
        )
    if codebook.parent.exists():
        remove_folder(codebook.parent)
    new.rename(codebook.parent)
    write_json(written, {"fingerprint": fresh})


def do_base(step: Step) -> None:
    """Pre-train a miniature base model unless it is there; training would, but only then."""
    base = find_base(step.name)
    write_json(step.layout.base(step.name), {"fingerprint": base_fingerprint(base)})


def do_plan(step: Step) -> None:
    """Check all feedback, name all conditions, and set aside what belongs to none of them."""
    layout, former = step.layout, read_json(step.layout.plan)
    planned = step.command("train", layout.grid, *step.study, "--out", layout.runs, "--dry-run")
    names = {row["id"] for row in planned["conditions"]}
    controls = {
        Control(base_model=b.model, chat_template=b.chat_template, pad_token=b.pad_token).id
        for b in step.run.bases()
    }
    for folder in (layout.runs, layout.generations):
        set_aside(folder, layout.out / "set-aside" / folder.name, names | controls)
    source, changes = step.run.study.model_dump(mode="json"), former.get("changes", [])
    if former.get("source") == source and former["fingerprint"] != planned["fingerprint"]:
        changes = [*changes, {"from": former["fingerprint"], "to": planned["fingerprint"]}]
    jobs = read_json(layout.call).get("jobs", 1)
    parts = min(max(jobs, math.ceil(len(names) / _CONDITIONS)), len(names))
    write_json(layout.plan, {**planned, "parts": parts, "source": source, "changes": changes})


def set_aside(folder: Path, aside: Path, wanted: set[str]) -> None:
    """Move the folders of what is not wanted aside, and back what is wanted again."""
    for source, target, goes in ((folder, aside, False), (aside, folder, True)):
        inside = source.iterdir() if source.is_dir() else ()
        for path in [p for p in inside if p.is_dir() and not p.name.startswith(".")]:
            if (path.name.removesuffix(".partial") in wanted) is goes:
                target.mkdir(parents=True, exist_ok=True)
                if not (target / path.name).exists():
                    path.rename(target / path.name)


def do_train(step: Step) -> None:
    """Train a part of the conditions."""
    layout = step.layout
    told = step.command("train", layout.grid, *step.study, "--out", layout.runs, *step.part)
    if told["waiting"]:
        reasons = list(told["failed"].values())
        raise InputError(reasons[-1] if reasons else "the disk is full")
    runs = [name for name in (*told["trained"], *told["kept"]) if name not in told["failed"]]
    _record(layout.trained / f"{step.name}.json", layout.runs, runs, told["failed"])


def do_generate(step: Step) -> None:
    """Let a part of the models answer; a condition that failed stands in every part."""
    layout = step.layout
    given = step.run.generate.model_dump(exclude_none=True, exclude={"thinking"})
    options = [word for key, value in given.items() for word in _option(key, value)]
    told = step.command(
        "generate", layout.runs, "--out", layout.generations, *step.study, *options,
        "--thinking" if step.run.generate.thinking else "--no-thinking", *step.part, "--renew",
    )  # fmt: skip
    runs = [*told["made"], *told["kept"]]
    _record(layout.answered / f"{step.name}.json", layout.generations, runs, told["failed"])


def _record(file: Path, folder: Path, runs: Iterable[str], failed: dict[str, str]) -> None:
    """Write what came of some runs: the digest of each, or why it failed."""
    made = {name: digest_file(folder / name / MARK) for name in runs}
    write_json(file, {"runs": made, "failed": failed})


def do_judge(step: Step) -> None:
    """Score the answers."""
    _judge(step, step.layout.generations, step.layout.scores(step.name), step.study)


def do_items(step: Step) -> None:
    """Score the study's own responses, by which the judge is held against the raters."""
    _judge(step, step.layout.study(step.run), step.layout.judged(step.name), step.data)


def _judge(step: Step, source: Path, out: Path, study: list[object]) -> None:
    """Judge; a judge that is down for a while is tried again, and pays for nothing twice."""
    settings = step.run.judges[step.name]
    options = [w for k, v in settings.options.items() for w in _option(k, v)]
    cache = step.layout.replies(step.name)
    paid = ["--cache", cache] if judge_kind(settings.judge).paid else []
    words = ["judge", source, "--out", out, "--judge", settings.judge, *study, *options, *paid]
    drop_other(out, settings.model_dump(exclude={"patience"}), step.layout.steps / step.id)
    until, pause = time.monotonic() + 60 * settings.patience, _FIRST_PAUSE
    while True:
        try:
            step.command(*words)
            return
        except InputError:
            if time.monotonic() + pause > until:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def drop_other(out: Path, settings: Record, known: Path) -> None:
    """Take away scores of a judge that was set otherwise; paid replies are kept elsewhere."""
    file = known.with_suffix(".json")
    former = read_json(file)
    if out.exists() and former and former != settings:
        remove_folder(out)
    write_json(file, settings)


def _option(name: str, value: object) -> list[object]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag] if value else []
    return [flag, value]


def do_ratings(step: Step) -> None:
    """Report on the ratings alone, for which no model is waited and none waits."""
    os.nice(_NICE)
    chapters = [n for n, taken in _chapters(step).items() if taken.isdisjoint(_MODEL_FILES)]
    _report(step, step.layout.ratings, chapters, {}, origin(step.run, step.layout))


def do_report(step: Step) -> None:
    """Run the notebooks and write the report."""
    run, layout = step.run, step.layout
    scores = [layout.scores(judge) / OUTCOMES for judge in run.judges]
    files = [scores[0], layout.judged(run.main_judge) / ITEM_SCORES, *scores[1:2]]
    given = dict(zip(_MODEL_FILES, files, strict=False))
    _report(step, layout.report, list(_chapters(step)), given, provenance(run, layout))


def _chapters(step: Step) -> dict[str, set[str]]:
    """The notebooks of the report, by name, with the names of their parameters."""
    found = {n["name"]: set(n["parameters"]) for n in step.command("report", "--list")["chapters"]}
    left_out = step.run.report.leave_out if step.run.report else []
    return {n: p for n, p in found.items() if not {n, n.partition("_")[0]} & set(left_out)}


def _report(step: Step, out: Path, chapters: Sequence[str], files: Record, told: Record) -> None:
    run, layout = step.run, step.layout
    for left in out.parent.glob(f".{out.name}.building-*"):  # of a killed call
        shutil.rmtree(left, ignore_errors=True)
    study = read_study(layout.study(run), run.study.data)
    own = run.report.parameters if run.report else {}
    given = {"data_note": run.data_note(study.simulated), **files, **own}
    parameters = [w for k, v in given.items() for w in ("-p", f"{k}={_text(v)}")]
    chosen = [word for name in chapters for word in ("--chapter", name)]
    lines = layout.steps / f"{step.stage}-provenance.json"
    write_json(lines, told)
    step.command(
        "report", layout.study(run), *step.data, "--out", out, *parameters, *chosen,
        "--provenance", lines, "--keep", layout.chapters,
    )  # fmt: skip


def _text(value: object) -> str:
    if isinstance(value, bool | tuple | list):
        return json.dumps(value)
    return str(value)


def origin(run: RunConfig, layout: Layout) -> Record:
    """What a report says of the run that it comes from, before any model is tuned."""
    typed = read_json(layout.call).get("typed", "")
    told: Record = {"command": typed, "run": run.title}
    if run.is_quick:
        told["variant"] = "quick: fewer seeds, conditions and chapters than the whole run has"
    return told


def provenance(run: RunConfig, layout: Layout) -> Record:
    """What the report says of the run that it comes from."""
    plan, names = read_json(layout.plan), layout.conditions()
    told = origin(run, layout) | {"conditions": len(names)}
    failed = sorted(layout.failed().items())
    if failed:
        told["failed conditions"] = [f"{name}: {why}" for name, why in failed]
    if plan["changes"]:
        last = plan["changes"][-1]
        inputs = [read_json(layout.runs / name / INPUTS) for name in names]
        new = sum(given.get("study") == last["to"] for given in inputs)
        told["study changed"] = (
            f"{len(plan['changes'])} times since this run was begun, last from fingerprint "
            f"{last['from'][:12]} to {last['to'][:12]}; {new} conditions were trained since, and "
            f"{sum(map(bool, inputs)) - new}, whose feedback is the same, were kept"
        )
    return told


DO: dict[str, Callable[[Step], object]] = {
    "base": do_base,
    "study": do_study,
    "plan": do_plan,
    "train": do_train,
    "generate": do_generate,
    "judge": do_judge,
    "items": do_items,
    "ratings": do_ratings,
    "report": do_report,
}


def do(step: Step) -> str | None:
    """Do a step, and note that it is done; otherwise why not, also if the step is killed.

    Returns
    -------
    str or None
        Why it failed.
    """
    error = step.layout.error(step.id)
    try:
        write_text(error, f"{KILLED}\n")
        DO[step.stage](step)
        error.rename(step.layout.done(step.id))
    except Exception as failed:
        said = failed.strerror if isinstance(failed, OSError) else None
        known = isinstance(failed, PluralignError | OSError)
        told = said or (str(failed) if known else f"unexpected {type(failed).__name__}: {failed}")
        with suppress(OSError):
            write_text(error, f"{told}\n")
        return told
    return None


def main(words: Sequence[str]) -> str | None:
    """Do what the command line says, in the folder of a run; return why it failed."""
    parser = argparse.ArgumentParser(prog="python -m training.workflow.step")
    parser.add_argument("stage", choices=DO)
    parser.add_argument("--name", default="")
    given = parser.parse_args(words)
    end_with_driver()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    layout = Layout(Path.cwd())
    run = RunConfig.model_validate(read_json(layout.config))
    step = Step(given.stage, given.name, run, layout)
    with ExitStack() as held:
        # A job that a killed run left on a cluster is waited for.
        held.enter_context(held_alone(layout.steps / step.id, wait=True))
        if step.stage in ("train", "generate", "judge"):
            os.environ.update(held.enter_context(one_device()))
        return do(step)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
