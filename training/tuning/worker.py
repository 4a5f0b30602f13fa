"""What a worker process does: it trains one condition after another, importing TRL once."""

import errno
import gc
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from pluralign_stats.storage.files import read_json
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.workers.processes import Tell, WorkStoppedError, is_first
from training.conditions.names import FAILED
from training.process import prepare_process

#: A disk with less room than this is full.
FULL = 2**20


@dataclass(frozen=True)
class TrainingTask:
    """One condition to train: the run folder to be, and the base model's folder or hub name."""

    folder: Path
    base: str


def train_task(task: TrainingTask, tell: Tell) -> bool:
    """Train one condition; `tell` is told stage, step, and of how many.

    Returns
    -------
    bool
        Whether its adapter passed verification.

    Raises
    ------
    WorkStoppedError
        If the disk is full.
    PluralignError
        If it fails otherwise.
    """
    prepare_process()
    from training.tuning.run import train_condition

    folder = task.folder
    try:
        with held_alone(folder) if is_first() else nullcontext():
            return train_condition(folder, task.base, lambda *step: tell(step))
    except BaseException as error:
        if not is_full(error, folder):
            raise
        raise WorkStoppedError(
            f"the disk of {folder.parent} is full; make room and run the command again: it goes "
            "on from the last checkpoint"
        ) from error
    finally:
        # What is left are imported modules, which every later collection would search in vain.
        gc.collect()
        gc.freeze()


def failure(working: Path) -> str | None:
    """Why the last training in a working folder failed; None if it did not."""
    return read_json(working / FAILED).get("error")


def is_full(error: BaseException, folder: Path) -> bool:
    """Whether an error came of a full disk; writers of tensors raise errors of their own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return not isinstance(error, KeyboardInterrupt) and shutil.disk_usage(folder.parent).free < FULL
