"""How far long work is, on standard error: bars in a terminal, plain lines elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

#: Seconds over which the speed is reckoned: all of the work, since a unit may take an hour.
_SPEED_PERIOD = 1e6


class WorkProgress:
    """One bar over all parts of some work; elsewhere than in a terminal, a line per ended part.

    The bar has units done and in all, how many parts run and how many failed, the time since the
    beginning and an estimate of the time left. A part that tells of its steps has a bar of its own
    while it runs.

    Parameters
    ----------
    title
        What is done, such as ``"Training"``.
    unit
        What is counted, in the plural.
    parts
        Number of units of each part, by the part's name.
    shown
        Whether anything is written at all.
    """

    def __init__(self, title: str, unit: str, parts: Mapping[str, int], shown: bool) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._left = dict(parts)
        self._parts = len(parts)
        self._running: set[str] = set()
        self._own: dict[str, TaskID] = {}
        self._ended = 0
        self._failed = 0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            speed_estimate_period=_SPEED_PERIOD,
            console=self._console,
            disable=not shown or not self._console.is_terminal,
        )
        self._title = title
        self._units = sum(parts.values())
        self._all = self._bar.add_task(title, total=self._units, unit=unit)

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bars where they stand."""
        self._bar.stop()

    def add(self, part: str, units: int = 1) -> None:
        """Add a part that was not known at the beginning."""
        self._left[part] = units
        self._parts += 1
        self._units += units
        self._bar.update(self._all, total=self._units)

    def advance(self, part: str, units: int = 0) -> None:
        """Count units of a part, which runs from its first call on."""
        self._running.add(part)
        self._left[part] -= units
        self._bar.update(self._all, advance=units, description=self._label())

    def step(self, part: str, label: str, done: int, of: int) -> None:
        """Show how far a part is within a unit, in a bar of its own."""
        self.advance(part)
        if part not in self._own:
            self._own[part] = self._bar.add_task(part, unit="steps")
        told = f"  {part}: {label}"
        self._bar.update(self._own[part], completed=done, total=of, description=told)

    def end(self, part: str, error: str | None = None) -> None:
        """Count a part that has ended, with units that it did not count, and why it failed."""
        self._ended += 1
        self._failed += error is not None
        if part in self._own:
            self._bar.remove_task(self._own.pop(part))
        self.advance(part, self._left[part])
        self._running.discard(part)
        self._bar.update(self._all, description=self._label())
        if not self._console.is_terminal:
            how = "done" if error is None else f"failed: {error}"
            self.say(f"{self._ended}/{self._parts} {part}: {how}")

    def say(self, line: str) -> None:
        """Write a line beside the bars, such as why one has to wait."""
        if self._shown:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _label(self) -> str:
        counts = {"running": len(self._running), "failed": self._failed}
        told = [f"{n} {what}" for what, n in counts.items() if n]
        return f"{self._title} ({', '.join(told)})" if told else self._title
