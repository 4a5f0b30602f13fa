"""Train every condition of a grid, each in its own folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pluralign_stats.errors import InputError, PluralignError
from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.files import read_json, write_json
from pluralign_stats.storage.folders import read_mark, remove_folder, staging_folder
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.shard import WHOLE, Shard
from pluralign_stats.storage.tables import write_frame
from pluralign_stats.study.study import Study
from pluralign_stats.workers.pool import Event, Pool
from training.bases.find import base_fingerprint, find_base
from training.bases.packages import first_line
from training.conditions.condition import CONDITION, Condition
from training.conditions.grid import Grid
from training.conditions.names import EXCLUDED, FAILED, FEEDBACK, INPUTS
from training.engines.verification import require_verified
from training.optimize.data import feedback_hash
from training.tuning.plan import FoundBase, Plan, Planned, check_bases, plan_training
from training.tuning.worker import TrainingTask, train_task

#: How many times as long a run of GRPO takes: it tunes a reward model first, and writes what it
#: learns from.
_GRPO_COST = 3.0


@dataclass
class Trained:
    """What became of a grid.

    Attributes
    ----------
    trained
        Runs trained now.
    kept
        Runs that were complete, of the same feedback and base model.
    failed
        Runs that failed, with one line that says why.
    waiting
        Runs that were not trained, or not to their end, since the disk was full.
    """

    trained: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)


def train_all(
    grid: Grid,
    study: Study,
    out: Path,
    *,
    jobs: int = 1,
    accelerate: Path | None = None,
    shard: Shard = WHOLE,
    progress: bool = True,
) -> Trained:
    """Train every condition of a grid that is not there yet.

    All conditions are checked before the first is trained. A condition that fails is recorded in
    its folder, takes no other down, and is tried again by the next call; a complete one is kept
    as long as its feedback and its base model are the same.

    Parameters
    ----------
    grid
        The grid.
    study
        The study whose ratings are the feedback, with texts.
    out
        Gets one folder for each condition.
    jobs
        Number of processes that train at the same time.
    accelerate
        Configuration of `accelerate launch`, to train each condition over several devices.
    shard
        Which share of the conditions to train; other processes may train the others meanwhile.
    progress
        Whether to show how far training is.

    Raises
    ------
    InputError
        If a condition cannot be trained, or another process writes to `out`.
    PluralignError
        If nothing can be written to `out`.
    """
    plan = plan_training(grid, study)
    plan = replace(plan, planned=share_of(plan.planned, shard))
    log = out / ".workers" if shard.is_whole else out / ".workers" / shard.name
    with held_alone(out, shard):
        pool = Pool(train_task, jobs, log, launcher(accelerate))
        return _train(plan, out, pool, progress)


def launcher(accelerate: Path | None) -> tuple[str, ...]:
    """What starts a condition on the devices that a configuration of accelerate names."""
    if accelerate is None:
        return ()
    return ("-m", "accelerate.commands.launch", "--config_file", str(accelerate))


def share_of(planned: Sequence[Planned], shard: Shard) -> tuple[Planned, ...]:
    """The conditions of one shard.

    Each shard begins with another base model, so that shards that run side by side do not all wait
    for the same miniature one.
    """
    dealt = shard.take(planned, lambda p: _GRPO_COST if p.condition.optimizer == "grpo" else 1.0)
    bases = list(dict.fromkeys(p.condition.base_model for p in planned))
    first = (shard.number - 1) % max(len(bases), 1)
    order = bases[first:] + bases[:first]
    return tuple(sorted(dealt, key=lambda p: order.index(p.condition.base_model)))


def _train(plan: Plan, out: Path, pool: Pool[TrainingTask], progress: bool) -> Trained:
    result = Trained()
    left = pending(plan, out)
    for planned in plan.planned:
        if planned not in left:
            _note(result, result.kept, out / planned.condition.id)
    bases = check_bases(plan, left, out)
    try:
        tasks = [_prepare(plan, p.condition, bases[p.condition], out) for p in left]
        _do(tasks, pool, result, progress)
    except OSError as error:
        raise PluralignError(
            f"{out} could not be written ({error.strerror}); make room or choose another folder, "
            "and run the command again: it goes on from here"
        ) from error
    return result


def _do(
    tasks: list[TrainingTask], pool: Pool[TrainingTask], result: Trained, progress: bool
) -> None:
    """Let the pool train, and note what becomes of each task."""
    ended = set()
    parts = {t.folder.name: 1 for t in tasks}
    with WorkProgress("Training", "conditions", parts, progress and bool(tasks)) as bar:
        for event in pool.do(tasks):
            folder, error = event.task.folder, _error(event)
            if not event.ended:
                bar.step(folder.name, *event.value)
                continue
            ended.add(event.task)
            bar.end(
                folder.name,
                error or (None if event.value else "its adapter"),
            )
            if error is not None:
                _record(result, folder, error)
            else:
                _note(result, result.trained, folder)
    result.waiting = [t.folder.name for t in tasks if t not in ended]


def _error(event: Event[TrainingTask]) -> str | None:
    """Why a condition failed; None if it did not."""
    if event.kind != "died":
        return event.error
    return (
        f"the process that trained it {event.error}; run the command again, with fewer --jobs or "
        "a smaller batch_size: it goes on from the last checkpoint"
    )


def _note(result: Trained, among: list[str], folder: Path) -> None:
    """Count a complete run, which fails if its adapter did not pass verification."""
    try:
        require_verified(folder)
        among.append(folder.name)
    except InputError as error:
        result.failed[folder.name] = str(error)


def _record(result: Trained, folder: Path, error: str) -> None:
    result.failed[folder.name] = error
    try:
        write_json(staging_folder(folder) / FAILED, {"id": folder.name, "error": error})
    except OSError:
        return  # on a full disk the exit status and the message are all there is


def pending(plan: Plan, out: Path) -> tuple[Planned, ...]:
    """Conditions that are still to be trained.

    Raises
    ------
    InputError
        If a run folder was changed since it was written.
    """
    known = cache(_fingerprint)
    return tuple(p for p in plan.planned if not _is_done(plan, p.condition, out, known))


def _fingerprint(base_model: str) -> str:
    try:
        return base_fingerprint(find_base(base_model))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the base model {base_model} of complete runs cannot be looked at "
            f"({first_line(error)}), so that nothing shows whether it is still the same"
        ) from error


def _is_done(
    plan: Plan, condition: Condition, out: Path, fingerprint: Callable[[str], str]
) -> bool:
    folder = out / condition.id
    if not folder.exists():
        return False
    inputs = read_mark(folder).get("inputs", {})
    if inputs.get("base") != fingerprint(condition.base_model):
        return False
    if inputs.get("study") == plan.study.fingerprint:
        return True
    return inputs.get("feedback") == feedback_hash(plan.examples(condition))


def _prepare(plan: Plan, condition: Condition, base: FoundBase, out: Path) -> TrainingTask:
    """Write what a worker needs; what a killed one left is kept if it is of the same feedback."""
    folder = out / condition.id
    working = staging_folder(folder)
    feedback = plan.examples(condition)
    inputs = {
        "condition": condition.digest,
        "study": plan.study.fingerprint,
        "feedback": feedback_hash(feedback),
        "base": base.fingerprint,
    }
    if folder.exists():
        remove_folder(folder)
    (working / FAILED).unlink(missing_ok=True)
    former = read_json(working / INPUTS)
    if any(former.get(key) != inputs[key] for key in ("condition", "feedback", "base")):
        remove_folder(working)
        staging_folder(folder)
        write_frame(working / FEEDBACK, feedback)
        write_frame(working / EXCLUDED, plan.excluded(condition).assign(cause="ratings"))
        write_json(working / CONDITION, condition.model_dump(mode="json"))
        write_json(working / INPUTS, inputs)
    return TrainingTask(folder, base.path)
