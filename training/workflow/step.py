"""One step of a run, or a part of one, by plain commands; its mark is written last.

Snakemake starts ``python -m training.workflow.step FOLDER STEP``; nothing else needs to.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.outcomes.schema import ITEM_SCORES, OUTCOMES
from pluralign_stats.storage.files import read_json, write_json, write_text
from pluralign_stats.storage.folders import remove_folder
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.shard import Shard, read_shard
from training.bases.find import find_base
from training.conditions.condition import Control
from training.judges.choose import judge_kind
from training.workflow.command import is_alive, pluralign
from training.workflow.config import RunConfig
from training.workflow.devices import one_device
from training.workflow.layout import Layout
from training.workflow.marks import (
    conditions,
    digest,
    open_study,
    study_changes,
)

Told = dict[str, Any]

#: Parameters of notebooks that take what comes of tuned models and judges.
_MODEL_FILES = ("outcomes_file", "judge_scores_file", "other_judge_file")

#: How far the report on the ratings stands back behind training on the same cores.
_NICE = 10

#: Seconds before a judge that cannot be reached is tried again: first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 120.0


@dataclass(frozen=True)
class Step:
    """One step and all that it knows.

    Attributes
    ----------
    name
        The step's name, such as ``judge-embedded``.
    part
        Which part of it; None is the step itself.
    run, layout
        The run and where it lies.
    driver
        Process at whose end the step ends.
    environment
        What its commands get.
    """

    name: str
    part: Shard | None
    run: RunConfig
    layout: Layout
    driver: int | None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The name of its mark and log."""
        return self.name if self.part is None else f"{self.name}-{self.part.name}"

    @property
    def study(self) -> list[object]:
        """The study as options of a command."""
        return ["--study", self.layout.study(self.run), *self.data]

    @property
    def data(self) -> list[object]:
        """The folder of the study's data, as an option."""
        return ["--data", self.run.study.data] if self.run.study.data else []

    def command(self, *words: object) -> Told:
        """Run a command."""
        return pluralign(words, self.layout.log(self.file), self.driver, self.environment)


def do_study(step: Step) -> Told:
    """Simulate the study unless it is there, or look at the one that is given."""
    made = step.run.study.simulate
    if made is None:
        given_study = open_study(step.layout.study(step.run), step.run.study.data)
        return {"fingerprint": given_study.fingerprint}
    folder = step.layout.study(step.run).parent
    new = step.layout.steps / "new-study"
    shutil.rmtree(new, ignore_errors=True)
    given = made.model_dump(exclude={"embedded"}, exclude_none=True)
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    step.command("simulate", "--out", new, *options, *["--embedded"] * made.embedded)
    fresh = open_study(new / "study.yaml").fingerprint
    if folder.exists():
        there = open_study(folder / "study.yaml").fingerprint
        written = read_json(step.layout.steps / "written.json").get("fingerprint")
        if there not in (fresh, written):
            raise InputError(
                f"{folder} holds another study than the one to be simulated; move it away, or "
                "name another folder with --out"
            )
        remove_folder(folder)
    new.rename(folder)
    write_json(step.layout.steps / "written.json", {"fingerprint": fresh})
    return {"fingerprint": fresh}


def do_base(step: Step) -> Told:
    """Pre-train a miniature base model unless it is there; training would, but only then."""
    return {"model": find_base(step.name.partition("-")[2])}


def do_plan(step: Step) -> Told:
    """Check all feedback, name all conditions, and set aside what belongs to none of them."""
    planned = step.command(
        "train", step.layout.grid, *step.study, "--out", step.layout.runs, "--dry-run"
    )
    names = {row["id"] for row in planned["conditions"]}
    controls = {
        Control(base_model=b.model, chat_template=b.chat_template, pad_token=b.pad_token).id
        for b in step.run.bases()
    }
    for folder in (step.layout.runs, step.layout.generations):
        set_aside(folder, step.layout.out / "set-aside" / folder.name, names | controls)
    write_json(step.layout.plan, planned)
    return {"conditions": len(names)}


def set_aside(folder: Path, aside: Path, wanted: set[str]) -> None:
    """Move the folders of what is not wanted aside, and back what is wanted again."""
    for source, target, goes in ((folder, aside, False), (aside, folder, True)):
        inside = source.iterdir() if source.is_dir() else ()
        for path in [p for p in inside if p.is_dir() and not p.name.startswith(".")]:
            if (path.name.removesuffix(".partial") in wanted) is goes:
                target.mkdir(parents=True, exist_ok=True)
                if not (target / path.name).exists():
                    path.rename(target / path.name)


def do_train(step: Step) -> Told:
    """Train a part of the conditions, or bring the parts together."""
    if step.part is None:
        return _joined(step, ("trained", "kept"))
    layout = step.layout
    told = step.command(
        "train", layout.grid, *step.study, "--out", layout.runs, "--part", step.part
    )
    if told["waiting"]:
        reasons = list(told["failed"].values())
        raise InputError(reasons[-1] if reasons else "the disk is full")
    return {key: told[key] for key in ("trained", "kept", "failed")}


def do_generate(step: Step) -> Told:
    """Let a part of the models answer, or bring the parts together."""
    if step.part is None:
        return _joined(step, ("runs",))
    given = step.run.generate.model_dump(exclude_none=True, exclude={"thinking"})
    options = [w for k, v in given.items() for w in (f"--{k.replace('_', '-')}", v)]
    told = step.command(
        "generate", step.layout.runs, "--out", step.layout.generations, *step.study, *options,
        "--thinking" if step.run.generate.thinking else "--no-thinking",
        "--part", step.part, "--renew",
    )  # fmt: skip
    return {"runs": [*told["made"], *told["kept"]], "failed": told["failed"]}


def _joined(step: Step, lists: Sequence[str]) -> Told:
    """What all parts did; a failed condition stands in every part of the answers."""
    found = sorted(step.layout.steps.glob(f"{step.name}-part-*.json"))
    parts = [read_json(path) for path in found]
    failed = {name: why for part in parts for name, why in part["failed"].items()}
    whole: Told = {key: sorted({v for part in parts for v in part[key]}) for key in lists}
    return {**whole, "failed": failed}


def do_judge(step: Step) -> Told:
    """Score the answers."""
    judge = step.name.partition("-")[2]
    out = step.layout.scores(step.run, judge)
    told = _patiently(step, judge, step.layout.generations, out, step.study)
    return {"scores": told["scores"], "missing": told["missing"]}


def do_items(step: Step) -> Told:
    """Score the study's own responses, by which the judge is held against the raters."""
    judge = step.name.partition("-")[2]
    out = step.layout.judged(step.run, judge)
    told = _patiently(step, judge, step.layout.study(step.run), out, step.data)
    return {"scores": told["scores"], "missing": told["missing"]}


def _patiently(step: Step, judge: str, source: Path, out: Path, study: list[object]) -> Told:
    """Judge; a judge that is down for a while is tried again, and pays for nothing twice."""
    settings = step.run.judges[judge]
    options = [w for k, v in settings.options.items() for w in _option(k, v)]
    cache = ["--cache", step.layout.replies(judge)] if judge_kind(settings.judge).paid else []
    words = ["judge", source, "--out", out, "--judge", settings.judge, *study, *options, *cache]
    until, pause = time.monotonic() + 60 * settings.patience, _FIRST_PAUSE
    while True:
        try:
            return step.command(*words)
        except InputError:
            if time.monotonic() + pause > until:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _option(name: str, value: object) -> list[object]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag] if value else []
    return [flag, value]


def do_ratings(step: Step) -> Told:
    """Report on the ratings alone, for which no model is waited and none waits."""
    os.nice(_NICE)
    chapters = [n for n, taken in _chapters(step).items() if taken.isdisjoint(_MODEL_FILES)]
    return _report(step, step.layout.ratings, chapters, {}, origin(step.run, step.layout))


def do_report(step: Step) -> Told:
    """Run the notebooks and write the report."""
    run, layout = step.run, step.layout
    scores = [layout.scores(run, judge) / OUTCOMES for judge in run.judges]
    files = [scores[0], layout.judged(run, run.main_judge) / ITEM_SCORES, *scores[1:2]]
    given = dict(zip(_MODEL_FILES, files, strict=False))
    return _report(step, layout.report, list(_chapters(step)), given, provenance(run, layout))


def _chapters(step: Step) -> dict[str, set[str]]:
    """The notebooks of the report, by name, with the names of their parameters."""
    found = {n["name"]: set(n["parameters"]) for n in step.command("report", "--list")["chapters"]}
    left_out = step.run.report.leave_out if step.run.report else []
    return {n: p for n, p in found.items() if not {n, n.partition("_")[0]} & set(left_out)}


def _report(step: Step, out: Path, chapters: Sequence[str], files: Told, told: Told) -> Told:
    run, layout = step.run, step.layout
    for left in out.parent.glob(f".{out.name}.building-*"):  # of a killed call
        shutil.rmtree(left, ignore_errors=True)
    study = open_study(layout.study(run), run.study.data)
    own = run.report.parameters if run.report else {}
    given = {"told": run.told(study.simulated), **files, **own}
    parameters = [w for k, v in given.items() for w in ("-p", f"{k}={_text(v)}")]
    chosen = [word for name in chapters for word in ("--chapter", name)]
    lines = layout.steps / f"{step.name}-provenance.json"
    write_json(lines, told)
    return step.command(
        "report", layout.study(run), *step.data, "--out", out, *parameters, *chosen,
        "--provenance", lines, "--keep", layout.chapters,
    )  # fmt: skip


def _text(value: object) -> str:
    if isinstance(value, bool | tuple | list):
        return json.dumps(value)
    return str(value)


def origin(run: RunConfig, layout: Layout) -> Told:
    """What a report says of the run that it comes from, before any model is tuned."""
    typed = read_json(layout.steps / "workflow.json").get("typed", "")
    told: Told = {"command": typed, "run": run.title}
    if run.is_quick:
        told["variant"] = "quick: fewer seeds, conditions and chapters than the whole run has"
    return told


def provenance(run: RunConfig, layout: Layout) -> Told:
    """What the report says of the run that it comes from."""
    trained, asked = (read_json(layout.mark(s)) for s in ("train", "generate"))
    failed = {**asked.get("failed", {}), **trained.get("failed", {})}
    told = origin(run, layout) | {"conditions": len(conditions(layout))}
    if failed:
        told["failed conditions"] = [f"{name}: {why}" for name, why in sorted(failed.items())]
    changes = study_changes(layout)
    if changes:
        now = changes[-1]
        told["study changed"] = (
            f"{len(changes)} times since this run was begun, last from fingerprint "
            f"{now['from'][:12]} to {now['to'][:12]}; in the last call "
            f"{len(trained.get('trained', []))} conditions were trained, and "
            f"{len(trained.get('kept', []))}, whose feedback is the same, were kept"
        )
    return told


DO: dict[str, Callable[[Step], Told]] = {
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


def do(step: Step) -> None:
    """Do a step and write its mark, or why it failed.

    Raises
    ------
    PluralignError
        If it fails.
    """
    layout = step.layout
    layout.error(step.file).unlink(missing_ok=True)
    began = time.monotonic()
    try:
        told = DO[step.name.partition("-")[0]](step)
        seconds = round(time.monotonic() - began, 1)
        made = {"digest": digest(step.name, step.run, layout), "seconds": seconds, **told}
        write_json(layout.mark(step.file), made)
    except (PluralignError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else None
        write_text(layout.error(step.file), f"{said or error}\n")
        raise


def read_config(layout: Layout) -> RunConfig:
    """The resolved configuration of a run's folder."""
    return RunConfig.model_validate(read_json(layout.config))


def main(words: Sequence[str]) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m training.workflow.step")
    parser.add_argument("folder", type=Path)
    parser.add_argument("step")
    parser.add_argument("--part", type=read_shard)
    parser.add_argument("--driver", type=int)
    given = parser.parse_args(words)
    if given.driver is not None and not is_alive(given.driver):
        return 1
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    layout = Layout(given.folder)
    step = Step(given.step, given.part, read_config(layout), layout, given.driver)
    heavy = given.part is not None or given.step.startswith("judge")
    try:
        with ExitStack() as held:
            # A job that a killed run left on a cluster is waited for.
            held.enter_context(held_alone(layout.steps / step.file, wait=True))
            environment = held.enter_context(one_device()) if heavy else {}
            do(replace(step, environment=environment))
    except (PluralignError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
