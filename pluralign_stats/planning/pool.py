"""Worker processes that simulate studies side by side, and end when the work does."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO

from pluralign_stats.errors import PluralignError
from pluralign_stats.planning.replicate import Replicate
from pluralign_stats.planning.task import Task

#: Libraries that would else use several threads in each process.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_Answer = tuple[Task, list[Replicate]]


def do_tasks(tasks: Sequence[Task], jobs: int) -> Iterator[_Answer]:
    """Do tasks in so many processes; yields each with its replicates as it ends.

    Workers are interpreters of their own, not copies of this process, so that a plain script needs
    no guard; each has one thread, so that numbers do not depend on how many there are. However the
    iteration ends, no worker outlives it.

    Raises
    ------
    PluralignError
        If a worker dies.
    """
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    answers: queue.SimpleQueue[_Answer | BaseException] = queue.SimpleQueue()
    environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
    workers: list[subprocess.Popen[str]] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        try:
            workers.extend(_start(environment, log) for _ in range(min(jobs, len(tasks))))
            for worker in workers:
                serve = (worker, waiting, answers, log)
                threading.Thread(target=_serve, args=serve, daemon=True).start()
            for _ in tasks:
                told = answers.get()
                if isinstance(told, BaseException):
                    raise told
                yield told
        finally:
            _end(workers)


def _start(environment: dict[str, str], log: IO[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pluralign_stats.planning.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        encoding="utf-8",
        env=environment,
    )


def _serve(
    worker: "subprocess.Popen[str]",
    waiting: "queue.SimpleQueue[Task]",
    answers: "queue.SimpleQueue[_Answer | BaseException]",
    log: IO[str],
) -> None:
    """Hand tasks to one worker until none is left."""
    try:
        while True:
            answers.put(_ask(worker, waiting.get_nowait(), log))
    except queue.Empty:
        pass
    except Exception as error:
        answers.put(error)


def _ask(worker: "subprocess.Popen[str]", task: Task, log: IO[str]) -> _Answer:
    line = ""
    if worker.stdin is not None and worker.stdout is not None:
        with suppress(BrokenPipeError):
            worker.stdin.write(task.line())
            worker.stdin.flush()
            line = worker.stdout.readline()
    if not line.endswith("\n"):
        raise PluralignError(_death(worker.wait(), log))
    return task, [Replicate(*found) for found in json.loads(line)]


def _death(status: int, log: IO[str]) -> str:
    """Why a worker died, as far as can be told."""
    log.seek(0)
    last = log.read().strip().splitlines()[-1:]
    why = f"said: {last[0]}" if last else "perhaps for want of memory"
    return (
        f"a process that simulated studies ended unexpectedly (exit status {status}, {why}); run "
        "the same again, with fewer jobs: simulations that were kept are not repeated"
    )


def _end(workers: Sequence["subprocess.Popen[str]"]) -> None:
    """End all workers, at once if they are at work."""
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
