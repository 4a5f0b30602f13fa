"""What was taken of data that no codebook describes, and why."""

import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pluralign_stats.study.text import folded, nfc

#: Longest name that is made of a column's header.
_LONGEST = 40
_TAKEN = ("rater", "item", "prompt", "dimension", "rating", "language")


@dataclass(frozen=True)
class Taken:
    """What one column was taken for.

    Attributes
    ----------
    content
        Entries of the codebook for it.
    told
        The same in words.
    why
        What in the cells says so.
    """

    content: dict[str, Any] = field(default_factory=dict)
    told: str = ""
    why: str = ""


@dataclass(frozen=True)
class Inference:
    """One thing that was inferred: of which column, as what it was taken, and why.

    Attributes
    ----------
    column, role, taken_as, why
        For readers: the column, what it is in the study, what was taken for granted, what says so.
    where
        Keys that lead to its entry in the codebook.
    """

    column: str
    role: str
    taken_as: str
    why: str
    where: tuple[str, ...] = ()


def words_of_name(name: str) -> list[str]:
    """The words of a column's name, in lower case: ``raterAge_1`` is rater, age, 1."""
    apart = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÄÖÜ])", " ", name)
    return re.findall(r"[^\W_]+", folded(apart))


def identifier(column: str, used: Collection[str], role: str) -> str:
    """A name that can stand in formulas, made of a column's header and of none of those used."""
    name = re.sub(r"\W+", "_", nfc(column)).strip("_")[:_LONGEST].rstrip("_") or role
    name = name if name[0].isalpha() else f"{role}_{name}"
    reserved = keyword.iskeyword(name) or (role != "dimension" and name in _TAKEN)
    name = f"{name}_{role}" if reserved else name
    numbers = (f"{name}_{k}" for k in range(2, len(used) + 3))
    return name if name not in used else next(n for n in numbers if n not in used)
