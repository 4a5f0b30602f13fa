"""Tasks and the processes that do them: these end together, and are given what to run with."""

import base64
import os
import pickle
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from pluralign_stats.errors import PluralignError
from pluralign_stats.workers.fork_server import Process

#: Libraries that would else use several threads in each process.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class Processes:
    """Processes, each with a session of its own, that can be ended at once.

    Attributes
    ----------
    ended
        Whether they were.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._all: list[Process] = []
        self.ended = False

    def add(self, process: Process) -> None:
        """Count a process that has started; where all were ended meanwhile, end it too."""
        with self._lock:
            self._all.append(process)
            if self.ended:
                _kill(process)

    def end(self) -> None:
        """Kill every process with what it has started, and all that start from now on."""
        with self._lock:
            self.ended = True
            for process in self._all:
                _kill(process)
            for process in self._all:
                process.wait()


def _kill(process: Process) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def bounded_threads(n: int, processes: Processes) -> Iterator[ThreadPoolExecutor]:
    """Threads that attend to processes; all have ended when the block is left, however it is."""
    pool = ThreadPoolExecutor(max(n, 1))
    try:
        yield pool
    finally:
        processes.end()
        pool.shutdown(cancel_futures=True)


def one_thread(forced: bool) -> dict[str, str]:
    """The environment of a process with one thread, which is many times faster for small models.

    Parameters
    ----------
    forced
        Whether it has one also where the user asks for more.
    """
    threads = dict.fromkeys(_THREADS, "1")
    return {**os.environ, **threads} if forced else {**threads, **os.environ}


def visible_devices() -> list[str]:
    """GPUs that may be used, as CUDA_VISIBLE_DEVICES names them; none without a driver."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    if told is not None:
        return [name for name in told.split(",") if name not in ("", "-1")]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"],  # noqa: S607
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(i) for i, line in enumerate(listed.stdout.splitlines()) if line.startswith("GPU")]


#: Tells how far a task is.
Tell = Callable[[Any], None]

#: Does a task and returns what comes of it.
type Do[T] = Callable[[T, Tell], Any]


class WorkStoppedError(PluralignError):
    """A task failed in a way in which every other would, such as on a full disk."""


def is_first() -> bool:
    """Whether this process speaks and writes, of several that do one task."""
    return os.environ.get("RANK", "0") == "0"


def packed[T](do: Do[T], task: T) -> str:
    """What to do with which task, as a word of a command line."""
    return base64.b85encode(pickle.dumps((do, task))).decode()
