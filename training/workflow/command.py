"""Runs one of Pluralign's own commands, as a person would type it, and reads what it tells."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError

#: Seconds that a command is given to end in order.
_GRACE = 10


def pluralign(
    words: Sequence[object], log: Path, driver: int | None, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Run a command with ``--json``.

    Parameters
    ----------
    words
        The command and its arguments.
    log
        Gets what it writes to standard error.
    driver
        Process at whose end the command is ended; None where there is none to watch.
    environment
        What to set for it.

    Returns
    -------
    dict
        What it printed. A command that did some of its work and names what failed has printed as
        much, and ends with status 2; that is no error here.

    Raises
    ------
    InputError
        If it printed nothing, with its last line.
    """
    command = [sys.executable, "-P", "-m", "pluralign_stats", *map(str, words), "--json"]
    with log.open("a", encoding="utf-8") as said:
        began = said.tell()
        process = subprocess.Popen(  # noqa: S603
            command,
            stdout=subprocess.PIPE,
            stderr=said,
            encoding="utf-8",
            env={**os.environ, **environment},
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        if driver is not None:
            threading.Thread(target=_watch, args=(driver, process), daemon=True).start()
        try:
            printed, _ = process.communicate()
        except BaseException:
            _end(process)
            raise
    try:
        told = json.loads(printed)
    except ValueError:
        raise InputError(_last_line(log, began, process.returncode)) from None
    return told


def _end_with_parent() -> None:
    """Ask the kernel to interrupt this process when its parent dies, however it does."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def is_alive(process: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watch(driver: int, process: "subprocess.Popen[str]") -> None:
    while process.poll() is None:
        if not is_alive(driver):
            _end(process)
            return
        time.sleep(0.3)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


def _last_line(log: Path, began: int, status: int) -> str:
    with log.open(encoding="utf-8", errors="replace") as said:
        said.seek(began)
        lines = [line.strip() for line in said if line.strip()]
    if status < 0:
        name = signal.Signals(-status).name
        why = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"it was ended by {name}{why}"
    last = lines[-1] if lines else f"it ended with status {status} and said nothing"
    return last.removeprefix("pluralign: ")
