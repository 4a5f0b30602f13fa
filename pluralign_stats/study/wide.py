"""Tables with one row for each respondent and one column for each item, made long."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.tables import NO_VALUE, RawTable
from pluralign_stats.study.wide_columns import DIMENSION, Sought, Wide, readings, strays, told

_Cells = dict[str, dict[str, str]]


def made_long(table: RawTable, spec: Wide, sought: Sought) -> RawTable:
    """Give each item of a row a row of its own.

    A row whose cells for an item are all blank gives none: the item was not shown. The notes count
    these.

    Parameters
    ----------
    table
        One row for each respondent.
    spec
        Which columns hold what.
    sought
        What else the codebook says of columns.

    Returns
    -------
    RawTable
        A column for each part of the pattern and for each dimension, beside the others.

    Raises
    ------
    InputError
        If no column fits, one seems to and does not, fits in two ways or is of a cell that another
        one has; or if the file has a column that is to be made.
    """
    cells = _cells(table, spec, sought)
    names = list(dict.fromkeys(parts[DIMENSION] for parts in cells.values()))
    _refuse_taken(table, spec, cells, [*names, *sought.ratings])
    _refuse_strays(table, spec, cells, sought)
    _refuse_two_for_one(table, spec, cells)
    table = _like_labelled(table, cells, names)
    declared = _declared(table, cells, names)
    items = _items(cells, spec.made)
    values = _values(table, items, names)
    given = values.notna() & ~values.isin(set(NO_VALUE) & set(table.missing))
    shown = given.any(axis=1).to_numpy()
    if not shown.any():
        raise InputError(
            f"{table.name}: the columns {listing(cells)} hold nothing; there are no ratings in them"
        )
    row, item = (np.ravel(each)[shown] for each in np.indices((len(table.frame), len(items))))
    index = pd.RangeIndex(1, 1 + len(row))
    keys = {part: _repeated([key[k] for key in items], item) for k, part in enumerate(spec.made)}
    first = _repeated([next(iter(own.values())) for own in items.values()], item)
    stood = {name: _repeated([own.get(name) for own in items.values()], item) for name in names}
    rest = table.frame.drop(columns=list(cells)).take(row).set_axis(index)
    return replace(
        table,
        frame=pd.concat(
            [
                rest,
                pd.DataFrame(keys, index).astype("str"),
                values[shown].set_axis(index),
            ],
            axis=1,
        ),
        places=table.placed.take(row).set_axis(index),
        origin=pd.DataFrame({**dict.fromkeys(spec.made, first), **stood}, index),
        declared=declared,
        notes=(*table.notes, *_notes(table, cells, spec, shown, row)),
        wordings={c: text for c, text in table.wordings.items() if c not in cells},
        labels={c: labels for c, labels in table.labels.items() if c not in cells},
    )


def _cells(table: RawTable, spec: Wide, sought: Sought) -> _Cells:
    """By column of the file what it holds: dimension and other parts."""
    names = (*sought.ratings, *spec.also)
    cells = {column: _stated(table, column, parts, names) for column, parts in spec.parts.items()}
    for column in (*spec.columns, *spec.leave_out):
        table.require(column, "'wide'")
    apart = {*spec.leave_out, *(() if spec.columns else sought.others)}
    for pattern in spec.pattern:
        own = names if DIMENSION in re.findall(r"\{(.*?)\}", pattern) else _only(names, pattern)
        for column in map(str, spec.columns or table.frame):
            found = [] if column in apart else readings(column, pattern, own)
            if len(found) > 1:
                raise InputError(
                    f"{table.name}: column '{column}' fits '{pattern}' in two ways "
                    f"({told(found[0])}; {told(found[1])}); state which under 'parts' of 'wide'"
                )
            if found:
                cells.setdefault(column, found[0])
    if not cells or (spec.columns and set(spec.columns) - set(cells)):
        bad = [column for column in spec.columns if column not in cells]
        what = f"column '{bad[0]}' does not fit" if bad else "no column fits"
        meant = f", where 'dimension' is {listing(names)}" if names else ""
        raise InputError(
            f"{table.name}: {what} {listing(spec.pattern)}{meant}; correct 'wide' (the columns are "
            f"{listing(table.frame.columns, 20)})"
        )
    return cells


def _only(names: Sequence[str], pattern: str) -> Sequence[str]:
    """The one name of a column of ratings, for patterns that have none."""
    if len(names) == 1:
        return names
    raise InputError(
        f"codebook: the pattern '{pattern}' of 'wide' says nothing of the dimension, and there are "
        f"{listing(names) if names else 'none'}; put '{{dimension}}' where their columns' names "
        "stand"
    )


def _stated(
    table: RawTable, column: str, parts: Mapping[str, str], names: Sequence[str]
) -> dict[str, str]:
    """The parts of a column that the codebook states."""
    table.require(column, "'wide'")
    name = parts.get(DIMENSION) or _only(names, column)[0]
    if name not in names:
        raise InputError(
            f"codebook: 'wide': {one_of(f'the dimension of column {column!r}', name, names)}; name "
            "other columns under 'also'"
        )
    return {**parts, DIMENSION: name}


def _refuse_taken(table: RawTable, spec: Wide, cells: _Cells, names: Sequence[str]) -> None:
    """Refuse columns that are to be made and are there, or stand there once for all items."""
    left = {str(column) for column in table.frame} - set(cells)
    for name in spec.made:
        if name in left:
            raise InputError(
                f"{table.name}: 'wide' makes a column '{name}', and the file has one; rename it by "
                "'rename', or call the part otherwise"
            )
    for name in names:
        if name in left:
            raise InputError(
                f"{table.name}: column '{name}' holds one value for the whole row, and 'wide' "
                f"makes a row of each {' and '.join(spec.made)}; leave it out of the dimensions, "
                "or rename it by 'rename'"
            )


def _refuse_strays(table: RawTable, spec: Wide, cells: _Cells, sought: Sought) -> None:
    """Refuse columns that are called like those of items and do not fit."""
    for column, name in strays(table.frame, spec, cells, sought):
        raise InputError(
            f"{table.name}: column '{column}' is called like those of '{name}' and does not fit "
            f"{listing(spec.pattern)}; rename it by 'rename', state its 'parts', or name it under "
            "'leave_out' of 'wide'"
        )


def _refuse_two_for_one(table: RawTable, spec: Wide, cells: _Cells) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for column, parts in cells.items():
        key = (parts[DIMENSION], *(parts[name] for name in spec.made))
        other = seen.setdefault(key, column)
        if other != column:
            raise InputError(
                f"{table.name}: columns '{other}' and '{column}' both hold {told(parts)}; rename "
                "one, or name it under 'leave_out' of 'wide'"
            )


def _like_labelled(table: RawTable, cells: _Cells, names: Sequence[str]) -> RawTable:
    """Numbers for labels of values where other columns of the dimension have numbers alone."""
    frame, notes = table.frame.copy(deep=False), []
    declared = dict(table.declared)
    for name in names:
        columns = [c for c, parts in cells.items() if parts[DIMENSION] == name]
        words = {c: set(table.labels.get(c, {}).values()) for c in columns}
        held = {c: set(frame[c].dropna()) - set(declared.get(c, ())) for c in columns}
        shown = [c for c in columns if held[c] and held[c] <= words[c]]
        if shown and any(held[c] - words[c] for c in columns):
            for column in shown:
                back = {label: value for value, label in table.labels[column].items()}
                frame[column] = frame[column].map(lambda v, back=back: back.get(v, v), "ignore")
                declared[column] = tuple(back.get(v, v) for v in declared.get(column, ()))
            notes.append(
                f"{table.name}: only some values of '{name}' have a label: the numbers are read in "
                f"all its columns, {listing(shown, 3)} too"
            )
    return replace(table, frame=frame, declared=declared, notes=(*table.notes, *notes))


def _declared(table: RawTable, cells: _Cells, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Missing-value codes that the file declares, by column as it is to be."""
    made = {c: codes for c, codes in table.declared.items() if c not in cells}
    for name in names:
        columns = [c for c, parts in cells.items() if parts[DIMENSION] == name]
        own = {c: table.declared.get(c, ()) for c in columns}
        codes = tuple(dict.fromkeys(code for c in columns for code in own[c]))
        for column in columns:
            alive = [code for code in codes if code not in own[column]]
            if alive and table.frame[column].isin(alive).any():
                other = next(c for c in columns if alive[0] in own[c])
                raise InputError(
                    f"{table.name}: '{alive[0]}' is declared missing in column '{other}' and is an "
                    f"answer in '{column}'; declare it alike in the file"
                )
        made |= {name: codes} if codes else {}
    return made


def _items(cells: _Cells, made: Sequence[str]) -> dict[tuple[str, ...], dict[str, str]]:
    """By what the parts say, column of the file by column of ratings."""
    items: dict[tuple[str, ...], dict[str, str]] = {}
    for column, parts in cells.items():
        items.setdefault(tuple(parts[part] for part in made), {})[parts[DIMENSION]] = column
    return items


def _values(
    table: RawTable, items: Mapping[Any, Mapping[str, str]], names: Sequence[str]
) -> pd.DataFrame:
    """(rows items, names) cells: all items of the first row, then those of the second."""
    blocks = [table.frame[list(own.values())].set_axis(list(own), axis=1) for own in items.values()]
    n, k = len(table.frame), len(items)
    long = pd.concat(blocks, ignore_index=True)[list(names)]
    return long.take(np.arange(n * k).reshape(k, n).T.ravel())


def _repeated(texts: Sequence[str | None], place: np.ndarray) -> pd.Categorical:
    """Texts at places, of which each stands at many."""
    code, known = pd.factorize(pd.Series(texts, dtype=object))
    return pd.Categorical.from_codes(code[place], known)


def _notes(
    table: RawTable, cells: _Cells, spec: Wide, shown: np.ndarray, row: np.ndarray
) -> list[str]:
    """Say what became of the columns, and what was not asked."""
    each = " and ".join(spec.made)
    notes = [
        f"{table.name}: {len(cells):,} columns such as '{next(iter(cells))}' are read as one row "
        f"for each {each}"
    ]
    unseen = int((~shown).sum())
    if unseen:
        notes.append(
            f"{table.name}: of {len(shown):,} pairs of a row and {each} {unseen:,} hold nothing: "
            "read as not asked, not as unanswered"
        )
    silent = len(table.frame) - len(np.unique(row))
    if silent:
        many = f"{silent:,}" if silent >= MIN_CELL else f"fewer than {MIN_CELL}"
        notes.append(f"{table.name}: {many} rows hold nothing for any {each}, and were left out")
    return notes
