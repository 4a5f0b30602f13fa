"""Data files that no codebook describes: how each is read, and which of them belong together."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.drafting.facts import Facts, facts_of
from pluralign_stats.drafting.names import about_people, identifies, is_key
from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File, Stack
from pluralign_stats.study.tables import RawTable, Tables, renamed, with_prefix

MISSING = ("", "NA")
#: Ending of files of separated fields, and what may stand between fields.
_TEXT = (".csv", ".tsv", ".tab", ".txt")
_SEPARATORS = ",;\t|"
#: Lines of a text file that show what stands between fields, and bytes of each.
_LOOKED_AT, _LONGEST = 50, 100_000
#: Share of the names in one table that another one has to hold.
_SHARED = 0.5
#: Share of their columns that files of one form have in common.
_SAME_FORM = 0.7
#: Fewest columns of one dotted head, and share of empty cells in them, that look like a map.
_FEWEST_KEYS, _GAPS = 5, 0.2


@dataclass(frozen=True)
class Source:
    """A file, or several of one form, as the codebook is to name it.

    Attributes
    ----------
    entry
        Its entry under `files`.
    table
        What it holds.
    why
        What was seen in it, one sentence each.
    """

    entry: dict[str, Any]
    table: RawTable
    why: tuple[str, ...] = ()

    @property
    def plain(self) -> Any:
        """The entry as short as it can be."""
        return self.entry["path"] if list(self.entry) == ["path"] else self.entry


@dataclass(frozen=True)
class Sources:
    """The files of a study by role, and the column that one of ratings shares with the others."""

    ratings: Source
    raters: Source | None = None
    items: Source | None = None
    rater: str | None = None
    item: str | None = None

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


def read_sources(paths: Sequence[Path], folder: Path) -> Sources:
    """Read data files and find out what each holds.

    Parameters
    ----------
    paths
        One file, or several: of ratings, of raters, of items; or parts of one table.
    folder
        Where the codebook is to lie.

    Raises
    ------
    InputError
        If a file cannot be read, or shares no names with the one of ratings.
    """
    sources = _stacked([_read(path, folder) for path in paths], folder)
    if len(sources) == 1:
        return Sources(sources[0])
    first, *others = sorted(sources, key=lambda source: -len(source.table.frame))
    found = Sources(first)
    for other in others:
        found = _joined(found, other)
    return found


def _read(path: Path, folder: Path) -> Source:
    """Read one file, with the separator of its fields and the map in its cells, if it has one."""
    if not path.exists():
        raise InputError(f"{path}: no such file")
    relative = Path(os.path.relpath(path, folder)).as_posix()
    entry: dict[str, Any] = {"path": relative}
    why = []
    separator = _separator(path)
    if separator is not None:
        entry["separator"] = separator
        why.append(f"fields are separated by {separator!r}")
    table = read_table(File(**entry), folder, MISSING)
    maps = _maps(table.frame)
    if len(maps) == 1 and not {"rater", "rating"} & set(table.frame):
        entry["map"] = {"column": maps[0], "key": "rater", "value": "rating"}
        why.append(f"cells of '{maps[0]}' map raters to ratings; each entry becomes a row")
        table = read_table(File(**entry), folder, MISSING)
    return Source(entry, table, tuple(why))


def _maps(frame: pd.DataFrame) -> list[str]:
    """Columns of maps: kept as one cell, or, where there are few keys, laid flat with gaps."""
    whole = [str(c) for c in frame if facts_of(str(c), frame[c].head(200)).maps]
    heads = Counter(str(c).rpartition(".")[0] for c in frame)
    spread = [head for head, n in heads.items() if head and n >= _FEWEST_KEYS]
    gaps = {head: frame[[c for c in frame if str(c).startswith(f"{head}.")]] for head in spread}
    return whole + [head for head, cells in gaps.items() if cells.isna().mean(axis=None) > _GAPS]


def _separator(path: Path) -> str | None:
    """What stands between the fields of a text file, unless that is a comma.

    The mark that divides the first lines into equally many fields, the most of them; names of
    columns and texts may hold the others. Where none does, the one that the header holds alone.
    """
    if path.suffix.lower() not in _TEXT or not path.is_file():
        return None
    with path.open("rb") as file:
        lines = [line[:_LONGEST].decode("utf-8", "replace") for line in islice(file, _LOOKED_AT)]
    text = "".join(lines).lstrip("\ufeff")
    if text.lower().startswith("sep="):
        return None
    widths = {mark: _widths(text, mark) for mark in _SEPARATORS}
    most = max(_SEPARATORS, key=lambda mark: (_even(widths[mark]), widths[mark][:1]))
    alone = _even(widths[most]) or widths[","][:1] <= [1]
    return most if most != "," and widths[most][:1] > [1] and alone else None


def _widths(text: str, mark: str) -> list[int]:
    """Into how many fields a mark divides each line; the last one may have been cut off."""
    widths = [len(row) for row in csv.reader(io.StringIO(text), delimiter=mark) if row]
    return widths[:-1] if len(widths) > _LOOKED_AT // 2 else widths


def _even(widths: list[int]) -> bool:
    """Whether all lines have as many fields, several."""
    return len(set(widths)) == 1 and widths[0] > 1


def _stacked(sources: list[Source], folder: Path) -> list[Source]:
    """Put files of one form into one table."""
    groups: list[list[Source]] = []
    for source in sources:
        group = next((g for g in groups if _alike(g[0].table.frame, source.table.frame)), None)
        if group is None:
            groups.append([source])
        else:
            group.append(source)
    return [_stack(group, folder) if len(group) > 1 else group[0] for group in groups]


def _alike(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    """Whether two tables have (nearly) the same columns, three or more."""
    both = len(set(first) & set(second))
    return both >= 3 and both >= _SAME_FORM * len(set(first) | set(second))


def _stack(group: list[Source], folder: Path) -> Source:
    shared = {key: entry for key, entry in group[0].entry.items() if key != "path"}
    alike = all({**source.entry, "path": ""} == {**shared, "path": ""} for source in group)
    paths: list[Any] = [source.entry["path"] if alike else source.entry for source in group]
    entry = {"stack": paths, **(shared if alike else {})}
    table = read_table(Stack(**entry), folder, MISSING)
    why = (
        f"{len(group)} files of the same columns stand one below the other; where names of raters "
        "or items begin anew in each, state 'restart'"
    )
    return Source(entry, table, (*group[0].why, why))


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
    """The best link from a column of the ratings to one that names something once each."""
    keys = [facts_of(str(column), other[column]) for column in other]
    keys = [key for key in keys if key.unique and key.n_values > 1]
    columns = [facts_of(str(column), ratings[column]) for column in ratings]
    links = [link for c in columns for key in keys for link in _links(c, key)]
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
