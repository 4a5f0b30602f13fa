"""Runs one of Pluralign's own commands, as a person would type it, and reads what it tells."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError

#: The variable of the environment that names the process at whose end all others end; it is set
#: where there is one to watch, on one machine.
DRIVER = "PLURALIGN_DRIVER"

#: Why a process may have been killed, in words that can follow its name.
KILLED = "it was killed, perhaps for want of memory"

#: Seconds that a process is given to end in order.
_GRACE = 10


def pluralign(words: Sequence[object], log: Path) -> dict[str, Any]:
    """Run a command with ``--json``.

    Parameters
    ----------
    words
        The command and its arguments.
    log
        Where standard error goes.

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
    process = subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=end_with_parent(signal.SIGTERM),
    )
    try:
        printed, _ = process.communicate()
    except BaseException:
        process.terminate()
        process.wait(_GRACE)
        raise
    try:
        told = json.loads(printed)
    except ValueError:
        raise InputError(_last_line(log, process.returncode)) from None
    return told


def _last_line(log: Path, status: int) -> str:
    if status < 0:
        return KILLED
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    said = [line.strip() for line in lines if line.strip()]
    last = said[-1] if said else f"it ended with status {status} and said nothing"
    return last.removeprefix("pluralign: ")


def end_with_parent(sent: signal.Signals) -> Callable[[], object] | None:
    """What a new process does so that the kernel ends it when its parent dies, however it does."""
    if sys.platform != "linux":
        return None
    return lambda: ctypes.CDLL(None).prctl(1, sent)  # 1 is PR_SET_PDEATHSIG


def end_with_driver() -> None:
    """End this process when the driver does, however that ends; at once if it has."""
    driver = os.environ.get(DRIVER)
    # A request to end is met as Ctrl-C is, so that unfinished folders are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if driver is not None:
        threading.Thread(target=_watch, args=(int(driver),), daemon=True).start()


def _watch(driver: int) -> None:
    while _is_alive(driver):
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
