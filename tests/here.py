"""Work that is given to processes of its own, done in the test's: each costs seconds to start."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from pluralign_stats.workers.pool import Event


class HerePool[T]:
    """Does tasks one after the other, and says what a pool of processes would."""

    def __init__(self, do: Callable[[T, Callable[[Any], None]], Any], *_: object, **__: object):
        self._do = do

    def do(self, tasks: Sequence[T]) -> Iterator[Event[T]]:
        """Yields the end of each task; what one raises is raised."""
        for task in tasks:
            yield Event(task, "done", self._do(task, lambda _: None))


def simulate_here(patched: pytest.MonkeyPatch) -> None:
    """Let studies that are planned be simulated in this process."""
    patched.setattr("pluralign_stats.planning.run.Pool", HerePool)
