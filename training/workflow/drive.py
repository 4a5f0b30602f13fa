"""Carries out a whole run: what is to be done, Snakemake over it, and what came of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError, PluralignError, listing
from pluralign_stats.outcomes.schema import OUTCOMES
from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.files import read_json, write_json, write_text
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.study.yaml_file import dump_yaml
from pluralign_stats.workers.processes import visible_devices
from training.workflow.config import RunConfig
from training.workflow.layout import Layout, needs
from training.workflow.marks import check_folder, notice_study, to_do
from training.workflow.monitor import ProgressMonitor

HERE = Path(__file__).parent

#: Parts of training and generation where a profile, and not `jobs`, says how many run at once.
PARTS = 16

#: Seconds that Snakemake is given to end its jobs in order.
_GRACE = 30

#: Seconds for which Snakemake waits for the files of a step that has ended well, as on a slow disk.
_LATENCY = 600


@dataclass(frozen=True)
class RunResult:
    """What a call did.

    Attributes
    ----------
    report, study, outcomes
        The report's first page, the study's codebook, and the outcome table of the first judge.
    done, kept
        Steps done now, and those that nothing had changed for.
    failed
        Conditions that failed, with the reason.
    study_changed
        Whether the study's files had changed since the last call.
    """

    report: Path | None
    study: Path
    outcomes: Path
    done: tuple[str, ...]
    kept: tuple[str, ...]
    failed: dict[str, str] = field(default_factory=dict)
    study_changed: bool = False


def reproduce(
    run: RunConfig,
    out: Path,
    *,
    jobs: int | None = None,
    profile: str | None = None,
    typed: str = "",
    progress: bool = True,
) -> RunResult:
    """Carry out a run, or go on with it; what nothing has changed for is not done again.

    Parameters
    ----------
    run
        The run.
    out
        Its folder.
    jobs
        How many conditions to train at the same time on this machine: one for each GPU, or for
        each core where there is none, unless stated.
    profile
        ``"slurm"``, or the folder of a profile of Snakemake: where jobs run instead.
    typed
        The command that was typed, for the report.
    progress
        Whether to show how far the run is.

    Raises
    ------
    InputError
        If the folder holds something else, another process works in it, or the study cannot be
        read.
    PluralignError
        If a step fails; the same call goes on from there.
    """
    layout = Layout(out.resolve())
    check_folder(layout)
    where = find_profile(profile) if profile is not None else None
    with held_alone(layout.out):
        try:
            return _reproduce(run, layout, jobs, where, typed, progress)
        except OSError as error:
            raise PluralignError(
                f"{out} could not be written ({error.strerror}); make room and run the same "
                "command again: it goes on from here"
            ) from error


def _reproduce(
    run: RunConfig,
    layout: Layout,
    jobs: int | None,
    profile: Path | None,
    typed: str,
    progress: bool,
) -> RunResult:
    layout.steps.mkdir(parents=True, exist_ok=True)
    write_json(layout.config, run.model_dump(mode="json"))
    grid = run.grid().model_dump(mode="json")
    write_text(layout.grid, dump_yaml(grid))
    changed = notice_study(run, layout) is not None
    todo = to_do(run, layout)
    if todo:
        parts = _parts(jobs, profile)
        command = _prepare(run, layout, todo, parts, profile, typed)
        _follow(run, layout, todo, command, progress)
    failed = {
        **read_json(layout.mark("generate")).get("failed", {}),
        **read_json(layout.mark("train")).get("failed", {}),
    }
    report = layout.report / "index.html" if run.report is not None else None
    outcomes = layout.scores(run, run.main_judge) / OUTCOMES
    kept = tuple(step for step in needs(run) if step not in todo)
    return RunResult(report, layout.study(run), outcomes, tuple(todo), kept, failed, changed)


def _parts(jobs: int | None, profile: Path | None) -> int:
    if jobs is not None:
        return jobs
    if profile is not None:
        return PARTS
    return len(visible_devices()) or os.cpu_count() or 1


def _prepare(
    run: RunConfig,
    layout: Layout,
    todo: Sequence[str],
    parts: int,
    profile: Path | None,
    typed: str,
) -> list[str]:
    """Write what Snakemake reads, and take away what former calls left of the steps to do."""
    for pattern in ("*.error", "*-part-*.json"):
        for path in layout.steps.glob(pattern):
            path.unlink()
    told: dict[str, Any] = {
        "folder": str(layout.out),
        "marks": str(layout.steps),
        "todo": list(todo),
        "parts": parts,
        "python": sys.executable,
        "driver": None if profile else os.getpid(),
        "reported": list(needs(run).get("report", ())),
        "typed": typed,
    }
    settings = layout.steps / "workflow.json"
    write_json(settings, told)
    local = ["--cores", str(parts + len(todo)), "--latency-wait", str(_LATENCY)]
    where = ["--profile", str(profile)] if profile else local
    return [
        sys.executable, "-P", "-m", "snakemake", "--snakefile", str(HERE / "Snakefile"),
        "--configfile", str(settings), "--directory", str(layout.steps), *where,
        "--keep-going", "--nolock", "--ignore-incomplete", "--rerun-triggers", "mtime",
        "--nocolor",
    ]  # fmt: skip


def find_profile(name: str) -> Path:
    """Folder of a profile, given as one or by the name of one that ships.

    Raises
    ------
    InputError
        If there is none.
    """
    shipped = {path.name: path for path in (HERE / "profiles").iterdir() if path.is_dir()}
    folder = shipped.get(name, Path(name))
    if not (folder / "config.yaml").is_file():
        raise InputError(
            f"there is no profile {name}: no folder with config.yaml, and those that ship are "
            f"{listing(sorted(shipped))}"
        )
    return folder.resolve()


def _follow(
    run: RunConfig, layout: Layout, todo: Sequence[str], command: list[str], progress: bool
) -> None:
    """Let Snakemake work, show how far it is, and say which step failed."""
    log = layout.steps / "snakemake.log"
    own = {step: 1 for step in todo if step not in ("train", "generate")}
    with (
        log.open("w", encoding="utf-8") as said,
        WorkProgress("Run", "steps", own, progress) as bar,
    ):
        monitor = ProgressMonitor(run, layout, tuple(todo), bar, time.time())
        process = subprocess.Popen(  # noqa: S603
            command, stdout=said, stderr=said, start_new_session=True
        )
        try:
            while process.poll() is None:
                monitor.look()
                time.sleep(0.5)
            monitor.look()
        except BaseException:
            bar.say("Ending what runs; this takes some seconds.")
            _interrupt(process)
            raise
    undone = [step for step in todo if not layout.mark(step).is_file()]
    if undone:
        raise PluralignError(_why(layout, undone, log))


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """End Snakemake and its jobs, in order if they will."""
    for sent in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(_GRACE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _why(layout: Layout, undone: Sequence[str], log: Path) -> str:
    told = {p.stem: p.read_text(encoding="utf-8") for p in sorted(layout.steps.glob("*.error"))}
    reasons = "; ".join(f"{step}: {' '.join(why.split())}" for step, why in told.items())
    if not reasons:
        reasons = f"{undone[0]} did not come to its end, and {log} says why"
    return f"the run stopped ({reasons}); mend it and run the same command again: it goes on"
