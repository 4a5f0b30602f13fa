"""Nested cells laid flat: objects under dotted names, lists as rows, maps as rows."""

import ast
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing, one_line, one_of
from pluralign_stats.study.files import Map, Reading

#: An object with more keys than this, of which most rows lack most, is a map and stays one cell.
_MANY_KEYS = 100

Notes = tuple[str, ...]


def laid_flat(frame: pd.DataFrame, spec: Reading, name: str) -> tuple[pd.DataFrame, Notes]:
    """Lay a file's nested cells flat, as its codebook entry says.

    Parameters
    ----------
    frame
        Cells may be text, numbers, dicts and lists; the index is the row number.
    spec, name
        How the file is read, and its name for messages.

    Returns
    -------
    frame
        No cell is a dict but maps that nothing is said of. A row that became several has its
        number in the index several times.
    notes
        What gave no row.

    Raises
    ------
    InputError
        If a column that is named is absent, or a cell of it is no list or no map; the row.
    """
    maps = frozenset(spec.map.column) if spec.map else frozenset()
    names = [str(column) for column in frame]
    frame = _flat(frame, maps)
    notes: Notes = ()
    if spec.rows:
        frame, notes = _listed(frame, spec.rows, maps, name)
    if spec.map:
        _check_map(frame, spec.map, names, name)
        frame, more = _mapped(frame, spec.map, name)
        notes += more
    return frame, notes


def is_object(cell: object) -> bool:
    """Whether a cell is an object, or a text that looks like one in JSON."""
    return isinstance(cell, dict) or (isinstance(cell, str) and cell.startswith("{"))


def _flat(frame: pd.DataFrame, maps: frozenset[str]) -> pd.DataFrame:
    """Every object under dotted names, but for maps."""
    if not any(cells.dtype == object and _has(cells, dict) for _, cells in frame.items()):
        return frame
    parts = [part for name, cells in frame.items() for part in _spread(str(name), cells, maps)]
    return pd.DataFrame(
        dict(enumerate(cells for _, cells in parts)), index=frame.index, dtype=object
    ).set_axis([column for column, _ in parts], axis=1)


def _has(cells: pd.Series, kind: type) -> bool:
    return any(isinstance(cell, kind) for cell in cells)


def _spread(name: str, cells: pd.Series, maps: frozenset[str]) -> Iterator[tuple[str, pd.Series]]:
    """A column, or the columns of the objects in it; other cells among these keep its name."""
    objects = [cell for cell in cells if isinstance(cell, dict)]
    keys = list(dict.fromkeys(key for each in objects for key in each))
    sparse = 2 * sum(map(len, objects)) < len(keys) * len(objects)
    if not objects or name in maps or (len(keys) > _MANY_KEYS and sparse):
        yield name, cells
        return
    other = pd.Series([None if isinstance(cell, dict) else cell for cell in cells], cells.index)
    if other.notna().any():
        yield name, other
    for key in keys:
        inner = [cell.get(key) if isinstance(cell, dict) else None for cell in cells]
        yield from _spread(f"{name}.{key}", pd.Series(inner, cells.index, dtype=object), maps)


def _listed(
    frame: pd.DataFrame, path: str, maps: frozenset[str], name: str
) -> tuple[pd.DataFrame, Notes]:
    """Each element of the lists at `path` as a row; on the way there may be lists too."""
    notes, column = [], ""
    while column != path:
        found = [c for c in map(str, frame) if path == c or path.startswith(f"{c}.")]
        inside = [c for c in found if len(c) > len(column)]
        if not inside:
            holding = [str(c) for c in frame if any(_is_list(cell) for cell in frame[c])]
            allowed = one_of("it", path, holding) if holding else "no column holds lists"
            raise InputError(f"{name}: unknown column '{path}' for 'rows': {allowed}")
        column = max(inside, key=len)
        lists = [_list_in(cell, row, column, name) for row, cell in frame[column].items()]
        empty = sum(not each for each in lists)
        if empty:
            told = f"{empty:,} of {len(lists):,} entries have nothing in '{column}'"
            notes.append(f"{name}: {told} and give no row")
        frame = _exploded(frame, column, lists, maps)
    return frame, tuple(notes)


def _exploded(
    frame: pd.DataFrame, column: str, lists: list[list[Any]], maps: frozenset[str]
) -> pd.DataFrame:
    """A row for each element of the lists that stand in a column, with its place in the list."""
    place = np.repeat(np.arange(len(frame)), [len(each) for each in lists])
    at = frame.columns.get_loc(column)
    other = frame.drop(columns=column).take(place)
    cells = [element for each in lists for element in each]
    parts = list(_spread(column, pd.Series(cells, other.index, dtype=object), maps))
    if f"{column}.position" not in [part for part, _ in parts]:
        counted = [k for each in lists for k in range(1, len(each) + 1)]
        parts.append((f"{column}.position", pd.Series(counted, other.index)))
    for k, (part, values) in enumerate(parts):
        other.insert(at + k, part, values.array, allow_duplicates=True)
    return other


def _check_map(frame: pd.DataFrame, spec: Map, names: list[str], name: str) -> None:
    """Refuse maps that are not there, and names that are; `names` are those of whole columns."""
    absent = [column for column in spec.column if column not in frame]
    if absent:
        known = dict.fromkeys([*names, *map(str, frame)])
        raise InputError(f"{name}: unknown column for 'map': {one_of('it', absent[0], known)}")
    taken = {spec.key, *spec.named.values()} & (set(map(str, frame)) - set(spec.column))
    if taken:
        raise InputError(
            f"{name}: 'map' makes a column {listing(sorted(taken))}, and the file has one; name it "
            "otherwise"
        )


def _mapped(frame: pd.DataFrame, spec: Map, name: str) -> tuple[pd.DataFrame, Notes]:
    """A row for each key of the maps."""
    maps = {c: [_map_in(v, row, c, name) for row, v in frame[c].items()] for c in spec.column}
    keys = [
        list(dict.fromkeys(k for each in row for k in each))
        for row in zip(*maps.values(), strict=True)
    ]
    entries = pd.Index(np.repeat(np.arange(len(frame)), [len(each) for each in keys]))
    made = frame.drop(columns=list(spec.column)).take(entries)
    flat = [key for each in keys for key in each]
    made[spec.key] = np.array(flat, dtype=object)
    values = {
        spec.named[c]: [cells[at].get(key) for at, key in zip(entries, flat, strict=True)]
        for c, cells in maps.items()
    }
    given = np.any([[v not in (None, "") for v in cells] for cells in values.values()], axis=0)
    for column, cells in values.items():
        for part, inner in _spread(column, pd.Series(cells, made.index, dtype=object), frozenset()):
            made[part] = inner.array
    return made[given], _left_out(keys, given, spec, name)


def _left_out(keys: list[list[str]], given: np.ndarray, spec: Map, name: str) -> Notes:
    where = f"in {listing(spec.column)}"
    empty, blank = sum(not each for each in keys), int((~given).sum())
    notes = []
    if empty:
        notes.append(f"{name}: {empty:,} of {len(keys):,} rows have nothing {where}")
    if blank:
        notes.append(f"{name}: {blank:,} of {len(given):,} entries {where} are empty")
    return tuple(f"{note} and give no row" for note in notes)


def _is_list(cell: object) -> bool:
    return isinstance(cell, list | np.ndarray) or (isinstance(cell, str) and cell.startswith("["))


def _blank(cell: object) -> bool:
    return cell is None or cell == "" or cell is pd.NA or (isinstance(cell, float) and cell != cell)


def _list_in(cell: Any, row: Any, column: str, name: str) -> list[Any]:
    """The list of a cell, which may be a text in JSON."""
    if isinstance(cell, list | tuple | np.ndarray):
        return list(cell)
    if _blank(cell):
        return []
    read = _parsed(cell)
    if not isinstance(read, list):
        raise InputError(
            f"{name}: column '{column}', row {row}: value '{one_line(cell)}'; allowed for 'rows': "
            'a list such as [{"id": 1}, {"id": 2}]'
        )
    return read


def _map_in(cell: Any, row: Any, column: str, name: str) -> dict[str, Any]:
    """The map of a cell, which may be a text in JSON."""
    if _blank(cell):
        return {}
    if isinstance(cell, list | np.ndarray):  # as Parquet has its maps
        pairs = [tuple(each) for each in cell if isinstance(each, tuple | list) and len(each) == 2]
        read: Any = dict(pairs) if len(pairs) == len(cell) else cell
    else:
        read = cell if isinstance(cell, dict) else _parsed(cell)
    if not isinstance(read, dict):
        raise InputError(
            f"{name}: column '{column}', row {row}: value '{one_line(cell)}'; allowed for 'map': "
            'an object such as {"rater 1": 3, "rater 2": 5}'
        )
    return {str(key): value for key, value in read.items()}


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ; JSON readers keep the last of two."""
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise KeyError(next(key for key in keys if keys.count(key) > 1))
    return content


def _parsed(cell: Any) -> Any:
    """What a text holds in JSON, or as Python writes lists and objects into CSV; else None."""
    try:
        return json.loads(cell, object_pairs_hook=once)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
