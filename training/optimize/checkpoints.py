"""Checkpoints that are either whole or not used."""

import json
import logging
import re
import shutil
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from pluralign_stats.storage.files import write_text
from pluralign_stats.storage.folders import is_complete, write_mark

_NAME = re.compile(r"checkpoint-(\d+)")
_log = logging.getLogger(__name__)


class Checkpoints(TrainerCallback):
    """Keeps a checkpoint now and then, and marks it once all of it is written.

    Parameters
    ----------
    minutes
        Time after which the next step is kept.
    steps
        Keep every so many steps as well; None for time alone.
    """

    def __init__(self, minutes: float, steps: int | None) -> None:
        self._minutes = minutes
        self._steps = steps
        self._kept = time.monotonic()
        self._step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count from the step at which training begins, or goes on."""
        self._step = state.global_step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint where it is time for one; never behind the last step.

        Only where metrics were just written: what trainers gather between two lines is lost with
        them.
        """
        if state.global_step >= state.max_steps:
            control.should_save = False
            return
        if state.global_step % args.logging_steps:
            return
        due = self._steps is not None and state.global_step - self._step >= self._steps
        late = time.monotonic() - self._kept > 60 * self._minutes
        control.should_save = _agreed(due or late)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the checkpoint just written."""
        self._kept = time.monotonic()
        self._step = state.global_step
        if state.is_world_process_zero:
            write_mark(Path(args.output_dir) / f"checkpoint-{state.global_step}", {})


def _agreed(wanted: bool) -> bool:
    """What the first of several processes wants; clocks differ, and all must do the same."""
    from accelerate.utils import broadcast_object_list

    return bool(broadcast_object_list([wanted], from_process=0)[0])


def last_checkpoint(folder: Path) -> Path | None:
    """The last whole checkpoint in a folder; torn ones behind it are removed with a warning."""
    found = [(int(m[1]), p) for p in folder.glob("checkpoint-*") if (m := _NAME.fullmatch(p.name))]
    for step, path in sorted(found, reverse=True):
        if is_complete(path):
            return path
        _log.warning(
            "the checkpoint of step %d in %s is torn or was changed; it is discarded", step, folder
        )
        shutil.rmtree(path)
    return None


class Metrics(TrainerCallback):
    """Writes what a trainer logs, one JSON object a line, whole at every time.

    Parameters
    ----------
    path
        The file. It holds what the trainer remembers, so that a resumed run writes what an
        uninterrupted one does.
    stage
        Name of the stage, on every line.
    """

    #: What a clock says is no property of a run, nor what counts from where a process began.
    DROPPED = frozenset({"step_time", "num_tokens"})

    def __init__(self, path: Path, stage: str) -> None:
        self._path = path
        self._stage = stage

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write all lines anew."""
        if state.is_world_process_zero:
            write_text(self._path, "".join(f"{line}\n" for line in self._lines(state.log_history)))

    def _lines(self, history: list[dict[str, Any]]) -> list[str]:
        kept = (entry for entry in history if "train_runtime" not in entry)
        return [
            json.dumps(
                {"stage": self._stage}
                | {k: v for k, v in sorted(entry.items()) if k not in self.DROPPED}
            )
            for entry in kept
        ]
