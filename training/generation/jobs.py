"""Runs shared out among worker processes, each of which holds one base model at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pluralign_stats.errors import InputError, MissingExtraError, PluralignError
from pluralign_stats.workers.pool import Event, Pool
from pluralign_stats.workers.processes import Tell, WorkStoppedError
from training.bases.packages import require_packages
from training.engines.base import Base
from training.engines.engine import Engine, GenerationOptions
from training.generation.prompts import Prompt
from training.generation.run import generate_run
from training.generation.runs import Run
from training.process import prepare_process


@dataclass(frozen=True)
class GenerationTask:
    """One run to ask, what to ask it, and where to write."""

    run: Run
    prompts: tuple[Prompt, ...]
    out: Path


class Asker:
    """Asks one run after the other; a base model stays loaded while runs share it."""

    def __init__(self, options: GenerationOptions) -> None:
        self._options = options
        self._engine: Engine | None = None
        self._base: Base | None = None

    def __call__(self, task: GenerationTask, tell: Tell) -> None:
        """Ask a run, in a worker; `tell` is told how many answers were added."""
        for answers in self.answers(task):
            tell(answers)

    def answers(self, task: GenerationTask) -> Iterator[int]:
        """Ask a run; yields how many answers were added.

        Raises
        ------
        InputError
            If this run cannot be asked.
        WorkStoppedError
            If no other can be either, such as on a full disk.
        """
        try:
            engine = self._engine_of(task.run.base)
            yield from generate_run(task.run, task.prompts, task.out, engine, self._options)
        except InputError:
            raise
        except PluralignError as error:
            raise WorkStoppedError(str(error)) from error
        except OSError as error:
            raise WorkStoppedError(
                f"{task.out} could not be written ({error.strerror or error}); make room or choose "
                "another folder, and run the command again: it goes on from here"
            ) from error

    def _engine_of(self, base: Base) -> Engine:
        if self._engine is None or self._base != base:
            self._engine = None  # frees the former model before the next one is loaded
            self._engine, self._base = open_engine(base, self._options), base
        return self._engine


def do_all(
    tasks: Sequence[GenerationTask], options: GenerationOptions, jobs: int
) -> Iterator[Event[GenerationTask]]:
    """Do tasks in this process, or in several; yields events until every task has ended.

    Raises
    ------
    PluralignError
        If no other run can fare better than one that failed.
    """
    alone = jobs == 1 or len(tasks) <= 1
    events = _do_here(tasks, options) if alone else Pool(Asker(options), jobs).do(tasks)
    for event in events:
        if event.fatal:
            raise PluralignError(event.error)
        if event.kind == "died":
            raise PluralignError(
                f"a worker process {event.error}; run the command again, with fewer jobs or a "
                "smaller batch: it goes on from here"
            )
        yield event


def _do_here(
    tasks: Sequence[GenerationTask], options: GenerationOptions
) -> Iterator[Event[GenerationTask]]:
    asker = Asker(options)
    for task in tasks:
        try:
            for answers in asker.answers(task):
                yield Event(task, "progress", answers)
            yield Event(task, "done")
        except InputError as error:
            yield Event(task, "failed", str(error))


def open_engine(base: Base, options: GenerationOptions) -> Engine:
    """Load a base model into the engine that the options name.

    Raises
    ------
    MissingExtraError
        If the engine's packages are not installed.
    InputError
        If the model cannot be used.
    """
    require_packages()
    prepare_process()
    if options.engine == "vllm":
        if find_spec("vllm") is None:
            raise MissingExtraError("Generation by vLLM", "vllm")
        from training.engines.vllm_engine import VllmEngine

        return VllmEngine(base, options)
    from training.engines.transformers_engine import TransformersEngine

    return TransformersEngine(base, options)
