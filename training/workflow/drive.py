"""Carries out a whole run: what Snakemake needs, Snakemake over it, and what came of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pluralign_stats.errors import InputError, PluralignError, listing
from pluralign_stats.outcomes.schema import OUTCOMES
from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.files import read_json, write_json, write_text
from pluralign_stats.storage.folders import is_complete
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.study.read import read_study
from pluralign_stats.study.yaml_file import dump_yaml
from pluralign_stats.workers.processes import visible_devices
from training.workflow.command import DRIVER, end_with_parent
from training.workflow.config import RunConfig
from training.workflow.layout import Layout, check_folder
from training.workflow.monitor import ProgressMonitor

HERE = Path(__file__).parent

#: What decides, in the folder of a run, also where Snakemake is called there by hand.
DEFAULT = "profiles/default/config.yaml"

#: Name of Snakemake's own log.
SNAKEMAKE = "snakemake"

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
        Steps done now, and those of former calls that nothing has changed for.
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
        each core where there is none, unless stated. With a profile, how many jobs at most.
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
    write_settings(run, layout, jobs, profile, typed)
    forget_unfinished(layout)
    former = read_json(layout.plan).get("changes", [])
    _follow(layout, _command(run, jobs, profile), profile is None, progress)
    done = {path.stem for path in layout.steps.glob("*.done")}
    logs = {path.stem for path in layout.steps.glob("*.log")} - {SNAKEMAKE}
    return RunResult(
        report=layout.report / "index.html" if run.report is not None else None,
        study=layout.study(run),
        outcomes=layout.scores(run.main_judge) / OUTCOMES,
        done=tuple(sorted(done)),
        kept=tuple(sorted(logs - done)),
        failed=layout.failed(),
        study_changed=read_json(layout.plan).get("changes", []) != former,
    )


def write_settings(
    run: RunConfig, layout: Layout, jobs: int | None, profile: Path | None, typed: str
) -> None:
    """Write what Snakemake and the steps read, and take away what the last call told."""
    if run.study.codebook:
        read_study(run.study.codebook, run.study.data)
    layout.steps.mkdir(parents=True, exist_ok=True)
    for path in (*layout.steps.glob("*.error"), *layout.steps.glob("*.done")):
        path.unlink()
    write_json(layout.config, run.model_dump(mode="json"))
    write_text(layout.grid, dump_yaml(run.grid().model_dump(mode="json")))
    for name in ("Snakefile", DEFAULT):
        (layout.out / name).parent.mkdir(parents=True, exist_ok=True)
        write_text(layout.out / name, (HERE / name).read_text("utf-8"))
    # Nobody else works here, so that a lock of Snakemake's is one that a kill has left.
    shutil.rmtree(layout.out / ".snakemake" / "locks", ignore_errors=True)
    write_json(layout.call, {"typed": typed, "jobs": jobs or (1 if profile else _devices())})


def forget_unfinished(layout: Layout) -> None:
    """Take away what is known of parts in which a condition failed or something is lacking."""
    for known, folder in ((layout.trained, layout.runs), (layout.answered, layout.generations)):
        for path in known.glob("*.json"):
            told = read_json(path)
            if told.get("failed") or not all(is_complete(folder / r) for r in told.get("runs", ())):
                path.unlink()


def _devices() -> int:
    return len(visible_devices()) or os.cpu_count() or 1


def _command(run: RunConfig, jobs: int | None, profile: Path | None) -> list[str]:
    command = [sys.executable, "-P", "-m", "snakemake", "--nocolor"]
    if profile is not None:
        return [*command, "--profile", str(profile), *(["--jobs", str(jobs)] if jobs else [])]
    jobs = jobs or _devices()
    beside = len(run.miniatures()) + 2 * len(run.judges) + 2
    return [
        *command, "--cores", str(jobs + beside), "--resources", f"models={jobs}",
        "--latency-wait", str(_LATENCY),
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


def _follow(layout: Layout, command: list[str], watched: bool, progress: bool) -> None:
    """Let Snakemake work, show how far it is, and say which step failed."""
    log = layout.steps / f"{SNAKEMAKE}.log"
    own = {DRIVER: str(os.getpid())} if watched else {}
    with log.open("w", encoding="utf-8") as said, WorkProgress("Run", "steps", {}, progress) as bar:
        monitor = ProgressMonitor(layout, bar, time.time())
        process = subprocess.Popen(  # noqa: S603
            command, stdout=said, stderr=said, start_new_session=True, cwd=layout.out,
            env={**os.environ, **own}, preexec_fn=end_with_parent(signal.SIGKILL),
        )  # fmt: skip
        try:
            while process.poll() is None:
                monitor.look()
                time.sleep(0.5)
            monitor.look()
        except BaseException:
            bar.say("Ending what runs; this takes some seconds.")
            _interrupt(process)
            raise
    if process.returncode:
        raise PluralignError(_why(layout, log))


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """End Snakemake and its jobs, in order if they will."""
    for sent in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(_GRACE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _why(layout: Layout, log: Path) -> str:
    steps = sorted(path.stem for path in layout.steps.glob("*.error"))
    reasons = "; ".join(f"{step}: {layout.why(step)}" for step in steps) or f"{log} says why"
    return f"the run stopped ({reasons}); mend it and run the same command again: it goes on"
