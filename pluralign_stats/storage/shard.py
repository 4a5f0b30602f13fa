"""A shard of a stage: a share of its runs, so that several processes or machines divide it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pluralign_stats.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """One of several like shares of the runs of a stage.

    Attributes
    ----------
    number
        Which share, from 1 on.
    of
        How many there are.
    """

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        """As it is given on the command line."""
        return f"{self.number}/{self.of}"

    @property
    def is_whole(self) -> bool:
        """Whether it is everything."""
        return self.of == 1

    @property
    def name(self) -> str:
        """As it stands in the names of files."""
        return f"part-{self.number}-of-{self.of}"

    def take(self, runs: Sequence[T], cost: Callable[[T], float] = lambda _: 1.0) -> tuple[T, ...]:
        """The runs of this shard, in their order.

        The dearest run goes first, each to the shard that has least to do by then.
        """
        costs = [cost(run) for run in runs]
        load = [0.0] * self.of
        own = []
        for i in sorted(range(len(runs)), key=lambda i: -costs[i]):
            least = load.index(min(load))
            load[least] += costs[i]
            if least == self.number - 1:
                own.append(i)
        return tuple(runs[i] for i in sorted(own))


WHOLE = Shard()


def read_shard(text: str) -> Shard:
    """Read ``"2/8"``.

    Raises
    ------
    InputError
        If it is not of that form, or there is no such part.
    """
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    shard = Shard(*map(int, found.groups())) if found else None
    if shard is None or not 1 <= shard.number <= shard.of:
        raise InputError(f"a part is K/N, such as 2/8, with K from 1 to N; '{text}' is not")
    return shard
