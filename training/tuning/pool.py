"""Worker processes: each trains one condition after another, and none takes another down."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pluralign_stats.errors import PluralignError

#: How many of the last lines of a worker's log are looked at for the reason of its death.
_TAIL = 1


@dataclass(frozen=True)
class Task:
    """One condition to train: the run folder to be, and the base model's folder or hub name."""

    folder: Path
    base: str

    def line(self) -> str:
        """As a worker reads it."""
        return json.dumps({"folder": str(self.folder), "base": self.base}) + "\n"


@dataclass(frozen=True)
class News:
    """What a worker says of a task.

    Attributes
    ----------
    task
        The task.
    stage, step, of
        How far it is.
    ended
        Whether it has ended, well or not.
    passed
        Whether its canary passed.
    error
        Why it failed; None if it did not.
    full
        Whether the disk is full, so that no other can do better.
    """

    task: Task
    stage: str = ""
    step: int = 0
    of: int = 0
    ended: bool = False
    passed: bool = True
    error: str | None = None
    full: bool = False


class Pool:
    """Does tasks in several processes.

    Parameters
    ----------
    jobs
        Number of processes.
    log
        Folder of what they write to standard error.
    accelerate
        Configuration of `accelerate launch`; then every task is launched on its own, over all the
        devices that the configuration names.
    program
        What Python runs as a worker.
    """

    def __init__(
        self,
        jobs: int,
        log: Path,
        accelerate: Path | None = None,
        program: Sequence[str] = ("-m", "training.tuning.worker"),
    ) -> None:
        self._jobs = jobs
        self._program = program
        self._log = log
        self._accelerate = accelerate
        self._processes: set[subprocess.Popen[str]] = set()
        self._ending = False
        self._lock = threading.Lock()

    def do(self, tasks: Sequence[Task]) -> Iterator[News]:
        """Do tasks; yields news until all have ended, or the disk is full."""
        waiting: queue.Queue[Task] = queue.Queue()
        for task in tasks:
            waiting.put(task)
        news: queue.Queue[News | BaseException] = queue.Queue()
        self._log.mkdir(parents=True, exist_ok=True)
        for number in range(self._jobs):
            self._log_of(number).unlink(missing_ok=True)
        for number in range(min(self._jobs, len(tasks))):
            threading.Thread(target=self._serve, args=(number, waiting, news), daemon=True).start()
        left = len(tasks)
        try:
            while left:
                told = news.get()
                if isinstance(told, BaseException):
                    raise told
                yield told
                left -= told.ended
                if told.full:
                    return
        finally:
            self._end()

    def _serve(
        self, number: int, waiting: "queue.Queue[Task]", news: "queue.Queue[News | BaseException]"
    ) -> None:
        """Give tasks to one worker after another; a dead worker is replaced."""
        worker: subprocess.Popen[str] | None = None
        try:
            while True:
                task = waiting.get_nowait()
                if worker is None or worker.poll() is not None:
                    worker = self._start(number, task)
                for told in _listen(worker, task, self._log_of(number), self._accelerate is None):
                    news.put(told)
                if self._accelerate is not None:
                    worker.wait()
        except queue.Empty:
            if worker is not None and worker.stdin is not None:
                worker.stdin.close()
        except BaseException as error:
            news.put(error)

    def _log_of(self, number: int) -> Path:
        return self._log / f"worker-{number}.log"

    def _start(self, number: int, task: Task) -> "subprocess.Popen[str]":
        command = [sys.executable, *self._program]
        if self._accelerate is not None:
            launch = ["-m", "accelerate.commands.launch", "--config_file", str(self._accelerate)]
            own = [*self._program, str(task.folder), task.base]
            command = [sys.executable, *launch, *own]
        with self._lock, self._log_of(number).open("a", encoding="utf-8") as log:
            if self._ending:
                raise PluralignError("training has ended")
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env=_environment(number, self._jobs, self._accelerate is not None),
                start_new_session=True,
            )
            self._processes.add(process)
        return process

    def _end(self) -> None:
        """End every worker that still runs, with what it has launched."""
        with self._lock:
            self._ending = True
            for process in self._processes:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _listen(worker: Any, task: Task, log: Path, feed: bool) -> Iterator[News]:
    """What a worker says of one task, up to its end; its death is one as well."""
    try:
        if feed:
            worker.stdin.write(task.line())
            worker.stdin.flush()
        for line in worker.stdout:
            told = json.loads(line)
            if told["news"] == "step":
                yield News(task, told["stage"], told["step"], told["of"])
            elif told["news"] == "done":
                yield News(task, ended=True, passed=told["passed"])
                return
            else:
                yield News(task, ended=True, error=told["error"], full=told["full"])
                return
    except BrokenPipeError:
        pass
    yield News(task, ended=True, error=_death(worker.wait(), log))


def _death(status: int, log: Path) -> str:
    """Why a worker died, as far as can be told."""
    if status == -signal.SIGKILL:
        return (
            "the process that trained it was killed, perhaps for want of memory; run the command "
            "again, with fewer --jobs or a smaller batch_size: it goes on from the last checkpoint"
        )
    lines = [
        line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line
    ]
    said = f": {lines[-_TAIL]}" if lines else ""
    return f"the process that trained it ended with status {status}{said} (all of it: {log})"


def _environment(number: int, jobs: int, launched: bool) -> dict[str, str]:
    """One thread for each of several processes, and one GPU each where there are some."""
    own = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if launched:
        return own
    own.setdefault("OMP_NUM_THREADS", "1")
    devices = visible_devices()
    if devices:
        own["CUDA_VISIBLE_DEVICES"] = devices[number % len(devices)]
    return own


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
