"""A bounded pool of worker processes: a dead one takes no other down, and none outlives the work.

Workers are interpreters of their own, not copies of this process, so that a plain script needs no
guard. The pools of joblib and concurrent.futures are broken as a whole by one worker that is
killed, and cannot say which task it was at.
"""

import os
import queue
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Literal

from pluralign_stats.workers.fork_server import start_python
from pluralign_stats.workers.processes import (
    Do,
    Processes,
    bounded_threads,
    one_thread,
    packed,
    visible_devices,
)

#: How a task goes: it goes on, was done, failed, or took its process with it.
Kind = Literal["progress", "done", "failed", "died"]


@dataclass(frozen=True)
class Event[T]:
    """What a worker says of a task.

    Attributes
    ----------
    task
        The task.
    kind
        How the task goes.
    value
        How far it is, what came of it, or in one line why it failed.
    fatal
        Whether no other can do better.
    """

    task: T
    kind: Kind
    value: Any = None
    fatal: bool = False

    @property
    def ended(self) -> bool:
        """Whether the task has ended, well or not."""
        return self.kind != "progress"

    @property
    def error(self) -> str | None:
        """Why it failed; of a process that died, what can follow its name. None if it did not."""
        return self.value if self.kind in ("failed", "died") else None


class Pool[T]:
    """Does tasks in several processes.

    Parameters
    ----------
    do
        Called in a worker with a task and with what to tell how far it is. It and the tasks are
        pickled: a function of a module, or an object of a class there, which may keep something
        from task to task.
    jobs
        Most processes at a time.
    log
        Folder of what they write to standard error; by default it is not kept.
    launch
        Module and arguments of a launcher that starts each task on its own, over several devices;
        by default each worker does one task after the other, on a device of its own if there are
        any.
    one_thread_each
        Whether a worker has one thread even where the user's environment says otherwise.
    """

    def __init__(
        self,
        do: Do[T],
        jobs: int,
        log: Path | None = None,
        launch: Sequence[str] = (),
        one_thread_each: bool = False,
    ) -> None:
        self._do = do
        self._jobs = jobs
        self._log = log
        self._launch = launch
        self._forced = one_thread_each

    def do(self, tasks: Sequence[T]) -> Iterator[Event[T]]:
        """Do tasks in their order; yields events until all have ended, or one was fatal.

        However the iteration ends, no worker outlives it.
        """
        waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        events: queue.SimpleQueue[Event[T] | BaseException] = queue.SimpleQueue()
        processes = Processes()
        left = len(tasks)
        with tempfile.TemporaryDirectory() as own:
            log = self._log or Path(own)
            log.mkdir(parents=True, exist_ok=True)
            n = min(self._jobs, len(tasks))
            with bounded_threads(n, processes) as threads:
                for number in range(n):
                    threads.submit(self._serve, number, log, waiting, events, processes)
                while left:
                    event = events.get()
                    if isinstance(event, BaseException):
                        raise event
                    left -= event.ended
                    yield event
                    if event.fatal:
                        return

    def _serve(
        self,
        number: int,
        log: Path,
        waiting: "queue.SimpleQueue[T]",
        events: "queue.SimpleQueue[Event[T] | BaseException]",
        processes: Processes,
    ) -> None:
        """Give tasks to one worker after another; a dead worker is replaced."""
        own = log / f"worker-{number}.log"
        own.unlink(missing_ok=True)
        worker: _Worker | None = None
        try:
            while not processes.ended:
                task = waiting.get_nowait()
                told: list[Any] = [] if self._launch else [task]
                if worker is None or self._launch or worker.process.poll() is not None:
                    worker = self._start(number, own, task)
                    processes.add(worker.process)
                    told = [] if self._launch else [self._do, task]
                for kind, value, fatal in worker.listen(told):
                    if kind == "died":
                        whole = f" (all of it: {own})" if self._log and own.stat().st_size else ""
                        worker, value = None, f"{value}{whole}"
                    events.put(Event(task, kind, value, fatal))
        except queue.Empty:
            return  # every task was given to a worker
        except BaseException as error:
            events.put(error)

    def _start(self, number: int, log: Path, task: T) -> "_Worker":
        module = ["-m", "pluralign_stats.workers.worker"]
        words = [*self._launch, *module, packed(self._do, task)] if self._launch else module
        return _Worker(words, log, self._environment(number))

    def _environment(self, number: int) -> dict[str, str]:
        """One thread for each of several processes, and one GPU each where there are some.

        What a launcher starts is as safe as it is itself from modules in the working folder.
        """
        own = {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
        if self._launch:
            return os.environ | own
        devices = visible_devices()
        if devices:
            own["CUDA_VISIBLE_DEVICES"] = devices[number % len(devices)]
        return one_thread(self._forced) | own


class _Worker:
    """One process and the pipes to it."""

    def __init__(self, words: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        given, self._tasks = Pipe(duplex=False)
        self._answers, own = Pipe(duplex=False)
        self._log = log
        with log.open("ab") as said, given, own:
            streams = (given.fileno(), own.fileno(), said.fileno())
            self.process = start_python(words, environment, streams)

    def listen(self, told: Sequence[Any]) -> Iterator[tuple[Kind, Any, bool]]:
        """Tell the process a task; what it says of it, up to its end, of which death is one.

        A process that was launched for its task is told nothing, and waited for.
        """
        try:
            for what in told:
                self._tasks.send(what)
            kind: Kind = "progress"
            while kind == "progress":
                kind, value, fatal = self._answers.recv()
                yield kind, value, fatal
            if not told:
                self.process.wait()
        except (EOFError, OSError):
            yield "died", self._death(), False

    def _death(self) -> str:
        """What befell the process, as far as can be told."""
        status = self.process.wait()
        if status == -signal.SIGKILL:
            return "was killed, perhaps for want of memory"
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()][-1:]
        return f"ended with status {status}" + "".join(f": {line}" for line in said)
