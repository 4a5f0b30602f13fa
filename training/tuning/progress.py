"""How far training is, on standard error."""

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

from training.tuning.pool import News, Task


class TrainingProgress:
    """A bar for all conditions and one for each that is trained now; plain lines elsewhere.

    Parameters
    ----------
    conditions : int
        Number of conditions to train.
    shown : bool
        Whether anything is written at all.
    """

    def __init__(self, conditions: int, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._plain = shown and not self._console.is_terminal
        self._conditions = conditions
        self._ended = 0
        self._failed = 0
        self._running: dict[Task, TaskID] = {}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not shown or self._plain,
        )
        self._all = self._bar.add_task(self._label(), total=conditions)

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
        """Leave the bar where it stands."""
        self._bar.stop()

    def tell(self, news: News) -> None:
        """Show what a worker said."""
        if news.ended:
            self._end(news)
            return
        label = f"  {news.task.folder.name}: {news.stage}"
        if news.task not in self._running:
            self._running[news.task] = self._bar.add_task(label, total=news.of)
        task = self._running[news.task]
        self._bar.update(task, completed=news.step, total=news.of, description=label)

    def _end(self, news: News) -> None:
        self._ended += 1
        well = news.error is None and news.passed
        self._failed += not well
        if news.task in self._running:
            self._bar.remove_task(self._running.pop(news.task))
        self._bar.update(self._all, completed=self._ended, description=self._label())
        if self._plain:
            how = "done" if well else f"failed: {news.error or 'its canary'}"
            line = f"{self._ended}/{self._conditions} {news.task.folder.name}: {how}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _label(self) -> str:
        return f"Training ({self._failed} failed)" if self._failed else "Training"
