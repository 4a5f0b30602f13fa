"""Runs shared out among worker processes, each of which holds one base model at a time."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError, PluralignError
from training.engines.base import Base
from training.engines.choose import open_engine
from training.engines.protocol import Engine, GenerationOptions
from training.generation.prompts import Prompt
from training.generation.run import generate_run
from training.generation.runs import Run
from training.tuning.pool import visible_devices


@dataclass(frozen=True)
class Task:
    """One run to ask, what to ask it, and where to write."""

    run: Run
    prompts: tuple[Prompt, ...]
    out: Path


@dataclass(frozen=True)
class News:
    """How far a run is.

    Attributes
    ----------
    run
        Its name.
    answers
        Answers that were added.
    ended
        Whether the run has ended, well or not.
    error
        Why it failed; None if it did not.
    fatal
        Whether no other run can fare better, such as on a full disk.
    """

    run: str
    answers: int = 0
    ended: bool = False
    error: str | None = None
    fatal: bool = False


def do_all(tasks: Sequence[Task], options: GenerationOptions, jobs: int = 1) -> Iterator[News]:
    """Do tasks in this process, or in several; yields news until every task has ended.

    Raises
    ------
    PluralignError
        If a worker process dies.
    """
    if jobs == 1 or len(tasks) <= 1:
        yield from do_tasks(tasks, options)
    else:
        yield from _in_processes(tasks, options, min(jobs, len(tasks)))


def do_tasks(tasks: Iterable[Task], options: GenerationOptions) -> Iterator[News]:
    """Do tasks one after the other; a base model stays loaded while tasks share it."""
    engine: Engine | None = None
    held: Base | None = None
    for task in tasks:
        name = task.run.id
        try:
            if engine is None or held != task.run.base:
                engine = None  # frees the former model before the next one is loaded
                engine, held = open_engine(task.run.base, options), task.run.base
            for answers in generate_run(task.run, task.prompts, task.out, engine, options):
                yield News(name, answers)
            yield News(name, ended=True)
        except InputError as error:
            yield News(name, ended=True, error=str(error))
        except PluralignError as error:
            yield News(name, ended=True, error=str(error), fatal=True)
            return
        except OSError as error:
            said = (
                f"{task.out} could not be written ({error.strerror or error}); make room or choose "
                "another folder, and run the command again: it goes on from here"
            )
            yield News(name, ended=True, error=said, fatal=True)
            return


def _in_processes(tasks: Sequence[Task], options: GenerationOptions, jobs: int) -> Iterator[News]:
    """Do tasks in worker processes that end when this one does, however it ends."""
    context = multiprocessing.get_context("spawn")
    waiting, news = context.Queue(), context.Queue()
    for task in [*tasks, *[None] * jobs]:
        waiting.put(task)
    workers = [
        context.Process(target=_worker, args=(waiting, news, options), daemon=True)
        for _ in range(jobs)
    ]
    devices = visible_devices()
    for number, worker in enumerate(workers):
        with _environment(number, devices):
            worker.start()
    left = len(tasks)
    try:
        while left:
            told = _next_news(news, workers)
            left -= told.ended
            yield told
            if told.fatal:
                return
    finally:
        for worker in workers:
            if left:
                worker.kill()
            worker.join()


def _next_news(news: Any, workers: Sequence[Any]) -> News:
    while True:
        try:
            return news.get(timeout=1)
        except queue.Empty:
            dead = [w for w in workers if w.exitcode not in (None, 0)]
            if dead and news.empty():
                raise PluralignError(
                    f"a worker process ended unexpectedly (exit status {dead[0].exitcode}), "
                    "perhaps for want of memory; run the command again, with fewer jobs or a "
                    "smaller batch: it goes on from here"
                ) from None


def _worker(waiting: Any, news: Any, options: GenerationOptions) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        for told in do_tasks(iter(waiting.get, None), options):
            news.put(told)
    except Exception as error:  # the parent tells it: a worker has no one to tell it to
        said = f"unexpected {type(error).__name__}: {error}; this is a fault of Pluralign"
        news.put(News("", ended=True, error=said, fatal=True))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _environment(number: int, devices: Sequence[str]) -> Iterator[None]:
    """Let a process started here use one thread, and one of the GPUs if there are some."""
    own = {"OMP_NUM_THREADS": "1"}
    if devices:
        own["CUDA_VISIBLE_DEVICES"] = devices[number % len(devices)]
    former = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
