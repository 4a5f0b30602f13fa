"""Answers that a codebook does not name: all of them in one message, and entries to mend it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.questions import Factor
from pluralign_stats.study.tables import RawTable, row_list
from pluralign_stats.study.text import folded
from pluralign_stats.study.yaml_file import dump_yaml
from pluralign_stats.words import counted

#: How like another an answer must be to be taken for it in a draft (`difflib`).
_ALIKE = 0.8

_HEAD = """\
# The answers that the codebook does not name, each with how often it was given. Let these entries
# take the place of those in the codebook, and look at every line: null means no answer. A level
# that is missing is to be added to 'levels'; 'other: Other' would gather all that is left.
"""


Part = Literal["demographics", "covariates"]


@dataclass(frozen=True, eq=False)
class Unknown:
    """Unknown answers to one question.

    Attributes
    ----------
    table, column
        Where they stand.
    part, name, factor
        The question: the part of the codebook in which it stands, its name, and its entry.
    rows
        Whether each row of the table holds some.
    answers
        How many rows hold each.
    """

    table: RawTable
    column: str
    part: Part
    name: str
    factor: Factor
    rows: pd.Series
    answers: Counter[str]

    @property
    def allowed(self) -> str:
        """Which answers there are."""
        bands = [f"{low:g} to {high:g}" for low, high in self.factor.bands.values()]
        return (
            "numbers " + ", ".join(bands) if bands else listing(self.factor.known_levels or (), 20)
        )

    @property
    def advice(self) -> str:
        """What to do about them."""
        silent = "or list it under 'missing' there if it stands for no answer"
        if self.factor.bands:
            return f"mend the number, add a band that holds it, {silent}"
        return (
            "add the level to the codebook, lead the value to a level with 'recode' (drafted by "
            f"'pluralign check'), {silent}"
        )

    @property
    def told(self) -> str:
        """Where they stand, how many there are, and the first of them."""
        first = ", ".join(f"'{answer}'" for answer in list(self.answers)[:2])
        more = ", …" if len(self.answers) > 2 else ""
        where = f"{self.table.name}, column '{self.column}'"
        return f"{where}: {len(self.answers)} ({first}{more})"


def refuse_unknown(unknown: Sequence[Unknown]) -> None:
    """Refuse the unknown answers to all questions at once.

    Raises
    ------
    InputError
        If there are any; it carries a draft of the entries that would name them.
    """
    if not unknown:
        return
    drafted = draft(unknown)
    first = unknown[0]
    if len(unknown) == 1:
        error = first.table.refuse(first.column, first.rows, first.allowed, first.advice)
        raise InputError(str(error), drafted)
    n = sum(len(each.answers) for each in unknown)
    told = "; ".join(each.told for each in unknown)
    raise InputError(
        f"{n} answers to {len(unknown)} questions are not in the codebook: {told}; the first in "
        f"{row_list(first.rows.index[first.rows.to_numpy(dtype=bool)])}; allowed: the levels of "
        "each; lead them to levels with 'recode' (drafted by 'pluralign check'), add levels, or "
        "state 'other' to gather them",
        drafted,
    )


def draft(unknown: Sequence[Unknown]) -> str:
    """Entries of a codebook in which each unknown answer is recoded, by guesses where there are."""
    lines = [_HEAD.rstrip()]
    for part in dict.fromkeys(each.part for each in unknown):
        lines.append(f"{part}:")
        for each in (each for each in unknown if each.part == part):
            lines += _entry(each)
    return "\n".join(lines) + "\n"


def _entry(unknown: Unknown) -> list[str]:
    """A factor's entry as it stands, with its unknown answers under 'recode'."""
    stated = unknown.factor.model_dump(mode="json", exclude_unset=True)
    recode = stated.pop("recode", {})
    lines = [f"  {unknown.name}:"]
    lines += [f"    {line}" for line in (dump_yaml(stated).splitlines() if stated else [])]
    lines += ["    recode:"]
    lines += [f"      {_quoted(answer)}: {_quoted(level)}" for answer, level in recode.items()]
    for answer, n in unknown.answers.most_common():
        level = _near(answer, unknown.factor)
        why = counted(n, "time") if level is None else f"{counted(n, 'time')}; a guess by its looks"
        lines.append(f"      {_quoted(answer)}: {_quoted(level)}  # {why}")
    return lines


def _quoted(text: str | None) -> str:
    return "null" if text is None else json.dumps(text, ensure_ascii=False)


def _near(answer: str, factor: Factor) -> str | None:
    """The level that an answer looks like, by its own name or by what is recoded to it."""
    meant = {folded(level): level for level in factor.known_levels or ()}
    meant |= {folded(value): level for value, level in factor.recode.items() if level is not None}
    near = get_close_matches(folded(answer), meant, n=1, cutoff=_ALIKE)
    return meant[near[0]] if near else None
