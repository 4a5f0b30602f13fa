"""One progress bar over all notebooks, on standard error."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class ReportProgress:
    """Shows how far a report is: a bar in a terminal, one plain line per notebook elsewhere.

    Parameters
    ----------
    steps : int
        Number of cells that run, over all notebooks.
    notebooks : int
        Number of notebooks.
    shown : bool
        Whether anything is written at all.
    """

    def __init__(self, steps: int, notebooks: int, shown: bool) -> None:
        console = Console(stderr=True)
        self._console = console
        self._notebooks = notebooks
        self._begun = 0
        self._end = 0
        self._plain = shown and not console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cells"),
            TimeElapsedColumn(),
            console=console,
            disable=not shown or self._plain,
        )
        self._task = self._bar.add_task("Report", total=steps)

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

    def begin(self, title: str, steps: int) -> None:
        """Say which notebook runs now and how many cells it has."""
        self._begun += 1
        label = f"{self._begun}/{self._notebooks} {title}"
        if self._plain:
            self._console.print(label, markup=False, highlight=False)
        self._bar.update(self._task, completed=self._end, description=escape(label))
        self._end += steps

    def advance(self) -> None:
        """Count one executed cell."""
        self._bar.advance(self._task)

    def finish(self) -> None:
        """Fill the bar; cells that a notebook skips are not counted one by one."""
        self._bar.update(self._task, completed=self._end)
