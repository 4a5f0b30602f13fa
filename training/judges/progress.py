"""One progress bar over all answers to be judged, on standard error."""

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


class JudgingProgress:
    """Shows how far judging is: a bar in a terminal, one plain line per part elsewhere.

    Parameters
    ----------
    answers : int
        Number of answers, over all parts.
    parts : int
        Number of runs, or of languages.
    shown : bool
        Whether anything is written at all.
    """

    def __init__(self, answers: int, parts: int, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._parts = parts
        self._ended = 0
        self._plain = shown and not self._console.is_terminal
        self._bar = Progress(
            TextColumn("Judging"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("answers"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not shown or self._plain,
        )
        self._task = self._bar.add_task("Judging", total=answers)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar where it stands."""
        self._bar.stop()

    def advance(self, answers: int) -> None:
        """Count answers."""
        self._bar.advance(self._task, answers)

    def end(self, part: str) -> None:
        """Count a part that has ended."""
        self._ended += 1
        if self._plain:
            self.say(f"{self._ended}/{self._parts} {part}")

    def say(self, line: str) -> None:
        """Write a line, such as why one has to wait."""
        if self._shown:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
