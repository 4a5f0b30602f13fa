"""Data files that no codebook describes: how each is read, and which of them belong together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.drafting.facts import Facts, facts_of
from pluralign_stats.drafting.names import about_people, identifies, is_key
from pluralign_stats.drafting.roles import LEFT_OUT, Guess
from pluralign_stats.drafting.sources import MISSING, Source, made_long, read_file, stacked
from pluralign_stats.drafting.wide import Ask, WideGuess
from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import Files
from pluralign_stats.study.tables import Tables, renamed, with_prefix

#: Share of the names in one table that another one has to hold.
_SHARED = 0.5


@dataclass(frozen=True)
class Sources:
    """The files of a study by role, and the column that one of ratings shares with the others.

    `wide` is how a file with one row for each respondent was read; `apart` are sheets that have
    nothing to do with the ratings.
    """

    ratings: Source
    raters: Source | None = None
    items: Source | None = None
    rater: str | None = None
    item: str | None = None
    wide: WideGuess | None = None
    apart: tuple[Guess, ...] = ()

    @property
    def laid_out(self) -> tuple[Guess, ...]:
        """Roles of columns that are known from how the file of ratings is laid out."""
        return self.wide.roles if self.wide is not None else ()

    @property
    def tables(self) -> Tables:
        """The raw tables."""
        more = (each.table if each else None for each in (self.raters, self.items))
        return Tables(self.ratings.table, *more)

    @property
    def entries(self) -> dict[str, Any]:
        """The entries under `files`."""
        given = {"ratings": self.ratings, "raters": self.raters, "items": self.items}
        return {name: source.plain for name, source in given.items() if source is not None}


def read_sources(paths: Sequence[Path], folder: Path, ask: Ask | None, *, wide: bool) -> Sources:
    """Read data files and find out what each holds.

    Parameters
    ----------
    paths
        One file, or several: of ratings, of raters, of items; or parts of one table.
    folder
        Where the codebook is to lie.
    ask
        Asks what cannot be told; None to guess.
    wide
        Whether files with one row for each respondent are looked for.

    Raises
    ------
    InputError
        If a file cannot be read, or shares no names with the one of ratings.
    """
    sources = stacked([each for path in paths for each in read_file(path, folder)], folder)
    sources, guess = made_long(sources, folder, ask) if wide else (sources, None)
    first, *others = sorted(sources, key=lambda source: -len(source.table.frame))
    found = Sources(first, wide=guess)
    for other in others:
        found = _joined(found, other)
    return found


def beside(
    sources: Sources, ratings: Sequence[Guess], raters: Sequence[Guess], folder: Path
) -> tuple[Sources, list[Guess]]:
    """Files of ratings and of raters joined, where both hold demographics."""
    if sources.raters is None or all(guess.role != "demographic" for guess in ratings):
        return sources, list(raters)
    own = {key: value for key, value in sources.ratings.entry.items() if key != "wide"}
    entry = {"join": [own, sources.raters.entry], "by": sources.rater}
    table = read_table(Files.model_validate({"ratings": entry}).ratings, folder, MISSING)
    why = "demographics stand in the file of ratings too: the two are joined"
    source = Source(entry, table, (*sources.raters.why, why))
    name = sources.raters.table.name
    told = [f"{guess.column} ({name})" for guess in raters]
    moved = [
        replace(guess, column=new) if new in table.frame else guess
        for guess, new in zip(raters, told, strict=True)
    ]
    return replace(sources, raters=source), moved


@dataclass(frozen=True)
class _Link:
    """That a column of one table holds the names in a column of another, and how many of them."""

    column: str
    key: str
    n_names: int
    share: float
    prefix: str = ""


def _joined(found: Sources, other: Source) -> Sources:
    """Take a second table for one of raters or of items, by the names that they share."""
    ratings = found.ratings.table
    link = _link(ratings.frame, other.table.frame)
    if link is None and "sheet" in other.entry:
        told = "shares no names with the ratings"
        apart = Guess(f"sheet '{other.entry['sheet']}'", LEFT_OUT, told)
        return replace(found, apart=(*found.apart, apart))
    if link is None:
        raise InputError(
            f"{other.table.name}: shares no names with {ratings.name}; a file of raters or items "
            "has a column that names each once, as a column of the ratings names them"
        )
    role = _role(link, other.table.frame)
    if getattr(found, role) is not None:
        raise InputError(
            f"{other.table.name}: looks like a second file of {role} beside "
            f"{getattr(found, role).table.name}; join them in the codebook ('join'), or leave "
            "one out"
        )
    entry, table = dict(other.entry), other.table
    why = [f"'{link.key}' holds {link.share:.0%} of the names in '{link.column}' of {ratings.name}"]
    if link.key != link.column:
        entry["rename"] = {link.key: link.column}
        table = renamed(table, entry["rename"])
    if link.prefix:
        entry["prefix"] = {link.column: link.prefix}
        table = with_prefix(table, link.column, link.prefix)
        why.append(f"its names lack '{link.prefix}', which those of the ratings begin with")
    source = Source(entry, table, (*other.why, *why))
    if role == "raters":
        return replace(found, raters=source, rater=link.column)
    return replace(found, items=source, item=link.column)


def _link(ratings: pd.DataFrame, other: pd.DataFrame) -> _Link | None:
    """The best link from a column of the ratings to one that names something once each.

    Without one, raters of whom some are described twice do.
    """
    keys = [facts_of(str(column), other[column]) for column in other]
    keys = [key for key in keys if key.n_values > 1]
    columns = [facts_of(str(column), ratings[column]) for column in ratings]
    once = [key for key in keys if key.unique]
    twice = [key for key in keys if 2 * key.n_values > (key.code >= 0).sum()]
    links = [link for c in columns for key in once for link in _links(c, key)] or [
        link
        for c in columns
        for key in twice
        for link in _links(c, key)
        if _role(link, other) == "raters"
    ]
    return max(links, key=lambda link: (link.n_names, link.column == link.key), default=None)


def _links(column: Facts, key: Facts) -> list[_Link]:
    names, known = set(column.different), set(key.different)
    told = [n for n in (column.name, key.name) if identifies(n) or is_key(n)]
    if len(names) < 2 or (column.numeric and not told and column.name != key.name):
        return []
    prefix = _common_start(names)
    n = len(names & known)
    links = [_Link(column.name, key.name, n, n / len(names))]
    if prefix and not names & known:
        longer = {prefix + name for name in known}
        n = len(names & longer)
        links.append(_Link(column.name, key.name, n, n / len(names), prefix))
    return [link for link in links if link.share >= _SHARED]


def _common_start(names: set[str]) -> str:
    """What all names begin with before their first digit."""
    starts = {re.split(r"\d", name, maxsplit=1)[0] for name in names}
    return starts.pop() if len(starts) == 1 else ""


def _role(link: _Link, other: pd.DataFrame) -> str:
    """Whether a table that names each once is one of raters or of items."""
    says = identifies(link.column) | identifies(link.key)
    if "rater" in says and "item" not in says:
        return "raters"
    if "item" in says and "rater" not in says:
        return "items"
    return "raters" if any(about_people(str(column)) for column in other) else "items"


def check_listed(columns: Sequence[str], frame: pd.DataFrame, role: str) -> None:
    """Refuse columns for a role that the table does not have."""
    absent = [column for column in columns if column not in frame]
    if absent:
        raise InputError(
            f"--{role}: no column '{absent[0]}'; there are {listing(frame.columns, 30)}"
        )
