"""Generate answers of tuned models, and of the untuned ones beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pluralign_stats.errors import InputError
from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.folders import remove_folder
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.shard import WHOLE, Shard
from pluralign_stats.study.study import Study
from training.engines.engine import GenerationOptions
from training.generation.jobs import GenerationTask, do_all
from training.generation.prompts import read_prompts
from training.generation.run import inputs_of, is_done
from training.generation.runs import find_runs, prompts_of, refuse_trained

__all__ = ["Generated", "GenerationOptions", "generate_all"]


@dataclass(frozen=True)
class Generated:
    """What a call of `generate_all` did.

    Attributes
    ----------
    made
        Answers of each run that was asked, by run.
    kept
        Runs whose answers were there already.
    failed
        Runs that were refused or failed, with the reason.
    unfinished
        Runs that were left out since their training has not ended, with how it stands.
    """

    made: dict[str, int]
    kept: tuple[str, ...]
    failed: dict[str, str]
    unfinished: dict[str, str]


def generate_all(
    runs_folder: Path,
    out: Path,
    options: GenerationOptions | None = None,
    study: Study | None = None,
    prompts_file: Path | None = None,
    jobs: int = 1,
    shard: Shard = WHOLE,
    renew: bool = False,
    progress: bool = False,
) -> Generated:
    """Ask every complete run, and the untuned control of every base model, all prompts.

    Safe to repeat: runs whose answers are there are not asked again, and a run that was killed
    goes on after its last complete batch. A control comes before the runs of its base model.

    Parameters
    ----------
    runs_folder
        What `pluralign train` wrote.
    out
        Where each run gets a folder with generations.parquet and run.json.
    options
        How to generate.
    study
        Its prompts held out of training are asked, in every language it has them in.
    prompts_file
        More prompts, as `training.generation.prompts.read_prompts` reads them.
    jobs
        Worker processes, each with one thread and one model.
    shard
        Which share of the runs to ask; other processes may ask the others meanwhile.
    renew
        Whether answers that were made otherwise, or were changed, are made again.
    progress
        Whether to show a progress bar on standard error.

    Returns
    -------
    Generated
        A run that fails does not take others down; it is named in ``failed``.

    Raises
    ------
    InputError
        If there is no complete run or no prompt, a prompt of the file has the text of one that a
        run was trained on, or answers in `out` were made otherwise and are
        not to be renewed.
    PluralignError
        If nothing can be written.
    """
    options = options or GenerationOptions()
    if jobs < 1:
        raise InputError(f"jobs must be 1 or more, not {jobs}")
    found = find_runs(runs_folder)
    more = read_prompts(prompts_file) if prompts_file else ()
    refuse_trained(more, found.runs)
    asked = shard.take(found.runs)
    tasks = [GenerationTask(run, prompts_of(run, study, more), out / run.id) for run in asked]
    with held_alone(out, shard):
        done = [_is_done(task, options, renew) for task in tasks]
        left = [t for t, is_there in zip(tasks, done, strict=True) if not is_there]
        kept = tuple(t.run.id for t, is_there in zip(tasks, done, strict=True) if is_there)
        failed = _ask(left, options, jobs, progress)
    made = {t.run.id: len(t.prompts) * options.samples for t in left if t.run.id not in failed}
    return Generated(made, kept, {**found.refused, **failed}, found.unfinished)


def _is_done(task: GenerationTask, options: GenerationOptions, renew: bool) -> bool:
    try:
        return is_done(task.out, inputs_of(task.run, task.prompts, options))
    except InputError:
        if not renew:
            raise
        remove_folder(task.out)
        return False


def _ask(
    tasks: Sequence[GenerationTask], options: GenerationOptions, jobs: int, progress: bool
) -> dict[str, str]:
    """Do the tasks; what failed, with the reason."""
    failed: dict[str, str] = {}
    answers = {t.run.id: len(t.prompts) * options.samples for t in tasks}
    with WorkProgress("Generating", "answers", answers, progress) as bar:
        for event in do_all(tasks, options, jobs):
            name = event.task.run.id
            bar.advance(name, 0 if event.ended else event.value)
            if event.error:
                failed[name] = event.error
            if event.ended:
                bar.end(name, event.error)
    return failed
