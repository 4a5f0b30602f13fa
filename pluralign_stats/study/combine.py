"""Raw tables put together: one below the other, or side by side."""

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.tables import RawTable, renamed, with_prefix
from pluralign_stats.study.text import joined


def stack_tables(
    tables: Mapping[str, RawTable], column: str | None = None, restart: Sequence[str] = ()
) -> RawTable:
    """Put tables one below the other.

    Parameters
    ----------
    tables
        By the tag that tells each apart.
    column
        In which the tags come to stand, if anywhere.
    restart
        Columns of names that begin anew in each table: ``7`` of the table ``de`` becomes ``de:7``.

    Returns
    -------
    RawTable
        Its rows know in which file they stand; a column that a file lacks is empty there, which a
        note says.

    Raises
    ------
    InputError
        If a column of tags is in a file already, a column of names is not, or the files have no
        column in common.
    """
    parts = [_tagged(tag, table, column, restart) for tag, table in tables.items()]
    _refuse_strangers(parts, column)
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    frame.index = pd.RangeIndex(1, 1 + len(frame))
    places = pd.concat([part.placed for part in parts], ignore_index=True).set_axis(frame.index)
    hashes: dict[str, str] = {}
    for part in parts:
        hashes |= part.hashes
    return RawTable(
        name=_name([part.name for part in parts]),
        frame=frame,
        hashes=hashes,
        missing=tuple(dict.fromkeys(code for part in parts for code in part.missing)),
        declared=_declared(parts),
        places=places.astype({"file": "category"}),
        origin=_origins(parts, frame.index),
        notes=(*(note for part in parts for note in part.notes), *_gaps(parts)),
        wordings=dict(ChainMap(*(dict(part.wordings) for part in parts))),
        labels=dict(ChainMap(*(dict(part.labels) for part in parts))),
    )


def _declared(parts: Sequence[RawTable]) -> dict[str, tuple[str, ...]]:
    """Codes by column that any of the files declares."""
    codes: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for column, own in part.declared.items():
            codes[column] = tuple(dict.fromkeys((*codes.get(column, ()), *own)))
    return codes


def _origins(parts: Sequence[RawTable], index: pd.Index) -> pd.DataFrame | None:
    """Columns that cells stood in, of all files in which several became one."""
    if all(part.origin is None for part in parts):
        return None
    own = [p.origin if p.origin is not None else pd.DataFrame(index=p.frame.index) for p in parts]
    return pd.concat([each.astype(object) for each in own], ignore_index=True).set_axis(index)


def _name(names: Sequence[str]) -> str:
    return " + ".join(names if len(names) < 4 else [names[0], f"{len(names) - 1} more files"])


def _tagged(tag: str, table: RawTable, column: str | None, restart: Sequence[str]) -> RawTable:
    for name in restart:
        table = with_prefix(table, name, joined((tag, "")), "'restart'")
    if column is None:
        return table
    if column in table.frame:
        raise InputError(
            f"{table.name}: has a column '{column}' already; name the 'column' that tells the "
            "files of the stack apart otherwise"
        )
    return replace(table, frame=table.frame.assign(**{column: tag}))


def _refuse_strangers(parts: Sequence[RawTable], column: str | None) -> None:
    first = set(parts[0].frame) - {column}
    for part in parts[1:]:
        if not first & set(part.frame):
            raise InputError(
                f"{part.name}: has no column that {parts[0].name} has too: its columns are "
                f"{listing(c for c in part.frame if c != column)}; rename them by 'rename' in the "
                "codebook, or leave the file out of the stack"
            )


def _gaps(parts: Sequence[RawTable]) -> list[str]:
    """Say which file lacks which columns of the others."""
    known = list(dict.fromkeys(c for part in parts for c in part.frame))
    notes = []
    for part in parts:
        absent = [c for c in known if c not in part.frame]
        if absent:
            what = f"column{'s' if len(absent) > 1 else ''} {listing(absent)}"
            notes.append(f"{part.name} lacks the {what} of the files stacked with it: empty there")
    return notes


def join_tables(tables: Sequence[RawTable], by: str) -> RawTable:
    """Put the columns of tables side by side; the rows are those of the first.

    A column whose name an earlier table has gets that of its file added. Rows of later tables that
    the first does not know are left out, and its rows that these do not know stay empty there; the
    notes say how many.

    Raises
    ------
    InputError
        If a table lacks the column `by`, or a later one has a name in it twice.
    """
    first, *others = tables
    names = first.require(by, "'by'")
    frame, parts, notes = first.frame, [first], list(first.notes)
    for table in others:
        own = {c: f"{c} ({table.name})" for c in table.frame if c in frame and c != by}
        part = renamed(table, own)
        frame = pd.concat([frame, _looked_up(part, by, names)], axis=1)
        notes += [*table.notes, *_apart(first, table, by)]
        notes += [f"'{c}' stands in {table.name} too, and is read there as '{own[c]}'" for c in own]
        parts.append(part)
    return replace(
        first,
        name=_name([table.name for table in tables]),
        frame=frame,
        hashes=dict(ChainMap(*(dict(part.hashes) for part in reversed(parts)))),
        missing=tuple(dict.fromkeys(code for part in parts for code in part.missing)),
        declared=_declared(parts),
        notes=tuple(notes),
        wordings=dict(ChainMap(*(dict(part.wordings) for part in parts))),
        labels=dict(ChainMap(*(dict(part.labels) for part in parts))),
    )


def _looked_up(table: RawTable, by: str, names: pd.Series) -> pd.DataFrame:
    """A table's rows for names, without the column of these."""
    own = table.require(by, "'by'")
    twice = own.duplicated() & own.notna()
    if twice.any():
        raise table.refuse(by, twice, "each name once", "leave out all but one of the rows")
    known = table.frame[own.notna()].set_axis(pd.Index(own.dropna()))
    return known.drop(columns=by).reindex(names.array).set_axis(names.index)


def _apart(first: RawTable, table: RawTable, by: str) -> list[str]:
    """Say how many names only one of two tables has; refuse two that share none."""
    names, own = (set(each.frame[by].dropna()) for each in (first, table))
    if not names & own:
        raise InputError(
            f"{table.name}: column '{by}' has no name in common with {first.name} (here "
            f"{listing(sorted(own), 3)}, there {listing(sorted(names), 3)}); name the columns of "
            "the same ids, by 'rename' where they are called differently"
        )
    notes = []
    if names - own:
        notes.append(
            f"{table.name} does not know {_many(names - own)} of the {len(names):,} names of "
            f"'{by}' in {first.name}: its columns are empty there"
        )
    if own - names:
        notes.append(
            f"{_many(own - names)} of the {len(own):,} names of '{by}' in {table.name} are not in "
            f"{first.name} and were left out"
        )
    return notes


def _many(names: Collection[str]) -> str:
    """How many there are, unless they are so few that a table would not say so."""
    return f"{len(names):,}" if len(names) >= MIN_CELL else f"fewer than {MIN_CELL}"
