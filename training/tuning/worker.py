"""A process that trains one condition after another, so that TRL is imported once.

Reads one JSON object a line from standard input (folder, base) and writes one a line to standard
output: how far it is, and how each condition ended. It ends when its input does, also in the
middle of a step, so that nothing goes on training when nobody waits for it.
"""

import errno
import gc
import json
import logging
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

#: A disk with less room than this is full.
FULL = 2**20

Say = Callable[[dict[str, Any]], None]


def main(words: list[str]) -> int:
    """Serve standard input, or train the one folder named with its base model."""
    say = _sayer(_own_output())
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    if len(words) == 2:
        threading.Thread(target=_end_with_input, daemon=True).start()
        return 0 if do_task({"folder": words[0], "base": words[1]}, say) else 1
    tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read_tasks, args=(tasks,), daemon=True).start()
    while (task := tasks.get()) is not None:
        do_task(task, say)
        # What is left are imported modules, which every later collection would search in vain.
        gc.collect()
        gc.freeze()
    return 0


def _end_with_input() -> None:
    """End the process with its standard input, whatever it is doing."""
    sys.stdin.read()
    os._exit(1)


def _own_output() -> TextIO:
    """Standard output for our lines alone; what libraries print goes to standard error."""
    own = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return own


def _sayer(output: TextIO) -> Say:
    first = _is_first()

    def say(news: dict[str, Any]) -> None:
        if first:
            output.write(json.dumps(news, ensure_ascii=False) + "\n")
            output.flush()

    return say


def _is_first() -> bool:
    """Whether this process speaks and writes, of several that train one condition."""
    return os.environ.get("RANK", "0") == "0"


def _read_tasks(tasks: "queue.Queue[dict[str, Any] | None]") -> None:
    """Queue what standard input holds; end the process with it, whatever it is doing."""
    for line in sys.stdin:
        task = json.loads(line)
        tasks.put(task)
        if task is None:
            return
    os._exit(1)


def do_task(task: dict[str, Any], say: Say) -> bool:
    """Train one condition; say how it ended.

    Parameters
    ----------
    task
        folder: the run folder to be; base: folder or hub name of the base model.
    say
        Is told: news ``step`` with stage, step and of; at the end ``done`` with passed, or
        ``failed`` with error and full (whether the disk is).
    """
    folder = Path(task["folder"])
    try:
        from training.folders import only_one

        with only_one(folder) if _is_first() else nullcontext():
            passed = _train(folder, task["base"], say)
    except BaseException as error:
        say({"news": "failed", **_told(error, folder)})
        if not isinstance(error, Exception):
            raise
        return False
    say({"news": "done", "passed": passed})
    return True


def _train(folder: Path, base: str, say: Say) -> bool:
    from training.tuning.run import train_condition

    def tell(stage: str, step: int, of: int) -> None:
        say({"news": "step", "stage": stage, "step": step, "of": of})

    return train_condition(folder, base, tell)


def _told(error: BaseException, folder: Path) -> dict[str, Any]:
    """One line for what went wrong, and whether the disk is full."""
    from pluralign_stats.errors import PluralignError

    if is_full(error, folder):
        return {
            "error": f"the disk of {folder.parent} is full; make room and run the command again: "
            "it goes on from the last checkpoint",
            "full": True,
        }
    said = " ".join(str(error).split())
    if not isinstance(error, PluralignError):
        logging.getLogger(__name__).exception("training of %s failed", folder.name)
        said = f"{type(error).__name__}: {said}"
    return {"error": said, "full": False}


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
