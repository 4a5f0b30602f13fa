"""Mismatched pairs: prompts with answers to other prompts, from which KTO's divergence is told."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

from pluralign_stats.errors import InputError
from training.optimize.data import in_random_order

Row = dict[str, Any]


class Answered:
    """Which answers each prompt got; a prompt is the same by its id or by its tokens."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.every = {tuple(row["completion_ids"]) for row in rows}
        self._own: defaultdict[Any, set[tuple[int, ...]]] = defaultdict(set)
        for row in rows:
            for name in _names(row):
                self._own[name].add(tuple(row["completion_ids"]))

    def has(self, row: Row, other: Row) -> bool:
        """Whether the prompt of a row got the answer of another row, from whichever row."""
        answer = tuple(other["completion_ids"])
        return any(answer in self._own[name] for name in _names(row))

    def has_all(self, row: Row) -> bool:
        """Whether the prompt of a row got every answer that there is."""
        first, second = (self._own[name] for name in _names(row))
        return len(first | second) == len(self.every)


def _names(row: Row) -> tuple[Any, Any]:
    return ("id", row["prompt"]), ("tokens", tuple(row["prompt_ids"]))


def require_mismatched(rows: Sequence[Row]) -> None:
    """Refuse examples among which a prompt has no answer to another prompt.

    Raises
    ------
    InputError
        Names the first such prompt.
    """
    answered = Answered(rows)
    alone = next((row["prompt"] for row in rows if answered.has_all(row)), None)
    if alone is not None:
        raise InputError(
            "KTO estimates how far a model has moved from answers to other prompts, and for the "
            f"prompt '{alone}' there are none among its {len(rows):,} examples; train it on two "
            "prompts or more whose answers differ"
        )


def with_mismatched(
    rows: Sequence[Row], known: Sequence[Row], batch_size: int, seed: int
) -> list[Row]:
    """Rows with an answer to another prompt, from which KTO estimates its divergence.

    Such an answer was never given to the row's own prompt, be that under another id or in the same
    words, so that it is never the response itself. It is that of the row before, around within
    a batch, as in TRL; where that answers the same prompt, of the one before that, and where the
    whole batch does, one of all examples, in an order drawn by the seed.

    Parameters
    ----------
    rows
        What is trained on, in the order in which it is met.
    known
        All examples, those that are not met included.

    Raises
    ------
    InputError
        If some prompt has no answer to another one.
    """
    require_mismatched(known)
    answered = Answered(known)
    elsewhere = in_random_order(known, seed)
    made = []
    for first in range(0, len(rows), batch_size):
        batch = rows[first : first + batch_size]
        for i, row in enumerate(batch):
            before = chain(reversed(batch[:i]), reversed(batch[i + 1 :]), elsewhere)
            other = next(each for each in before if not answered.has(row, each))
            made.append({**row, "KL_completion_ids": other["completion_ids"]})
    return made
