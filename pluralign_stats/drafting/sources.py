"""Data files that no codebook describes, read as they seem to be written."""

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.drafting.facts import facts_of
from pluralign_stats.drafting.wide import Ask, WideGuess, guess_wide, is_long
from pluralign_stats.errors import InputError
from pluralign_stats.study.compression import opened
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.excel_file import sheets_of
from pluralign_stats.study.files import File, Files, Stack
from pluralign_stats.study.tables import RawTable

MISSING = ("", "NA")
#: Ending of files of separated fields, and what may stand between fields.
_TEXT = (".csv", ".tsv", ".tab", ".txt")
_SEPARATORS = ",;\t|"
#: Lines of a text file that show what stands between fields, and bytes of each.
_LOOKED_AT, _LONGEST = 50, 100_000
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


def read_file(path: Path, folder: Path) -> list[Source]:
    """Read one file; of Excel files every sheet that holds something."""
    if not path.exists():
        raise InputError(f"{path}: no such file")
    sheets = sheets_of(path)
    return [_read_one(path, folder, sheet) for sheet in (sheets if len(sheets) > 1 else [None])]


def _read_one(path: Path, folder: Path, sheet: str | None) -> Source:
    """Read one table, with the separator of its fields and the map in its cells, if it has one."""
    relative = Path(os.path.relpath(path, folder)).as_posix()
    entry: dict[str, Any] = {"path": relative, **({"sheet": sheet} if sheet is not None else {})}
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
    if not path.is_file():
        return None
    file, name = opened(path)
    with file:
        if Path(name).suffix.lower() not in _TEXT:
            return None
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


def stacked(sources: list[Source], folder: Path) -> list[Source]:
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
    paths: Any = [source.entry["path"] if alike else source.entry for source in group]
    if any("sheet" in source.entry for source in group):
        paths = {source.table.name: source.entry for source in group}
    entry = {"stack": paths, **(shared if alike else {})}
    table = read_table(Stack(**entry), folder, MISSING)
    why = (
        f"{len(group)} files of the same columns stand one below the other; where names of raters "
        "or items begin anew in each, state 'restart'"
    )
    return Source(entry, table, (*group[0].why, why))


def made_long(
    sources: list[Source], folder: Path, ask: Ask | None
) -> tuple[list[Source], WideGuess | None]:
    """A file with one row for each respondent made long, unless another one is long already."""
    frames = [source.table.frame for source in sources]
    if any(map(is_long, frames)):
        return sources, None
    guesses = [guess_wide(source.table.frame, source.table.wordings, ask) for source in sources]
    found = [(guess.n_columns, k) for k, guess in enumerate(guesses) if guess is not None]
    if not found:
        return sources, None
    place = max(found)[1]
    source, guess = sources[place], guesses[place]
    assert guess is not None  # noqa: S101 - narrows the type; it is among those found
    entry = {**source.entry, "wide": guess.entry}
    spec = Files.model_validate({"ratings": entry}).ratings
    made = Source(entry, read_table(spec, folder, MISSING, guess.sought), (*source.why, guess.why))
    return [*sources[:place], made, *sources[place + 1 :]], guess
