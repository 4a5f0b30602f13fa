"""One progress bar over all answers to be generated, on standard error."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class GenerationProgress:
    """Shows how far generation is: a bar in a terminal, one plain line per run elsewhere.

    Parameters
    ----------
    answers : int
        Number of answers, over all runs.
    runs : int
        Number of runs.
    shown : bool
        Whether anything is written at all.
    """

    def __init__(self, answers: int, runs: int, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._runs = runs
        self._ended = 0
        self._plain = shown and not self._console.is_terminal
        self._drawn = shown and not self._plain
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("answers"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._drawn,
        )
        self._task = self._bar.add_task(self._label(), total=answers)

    def __enter__(self) -> Self:
        """Show the bar."""
        if self._drawn:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar where it stands."""
        if self._drawn:
            self._bar.stop()

    def advance(self, answers: int) -> None:
        """Count answers."""
        self._bar.advance(self._task, answers)

    def end(self, run: str) -> None:
        """Count a run that has ended."""
        self._ended += 1
        if self._plain:
            line = f"{self._ended}/{self._runs} {run}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._bar.update(self._task, description=self._label())

    def _label(self) -> str:
        return f"Generating, {self._ended} of {self._runs} runs"
