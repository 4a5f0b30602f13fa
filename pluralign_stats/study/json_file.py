"""JSON files and JSON lines: one row for each object."""

import json
from typing import Any

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_line
from pluralign_stats.study.encoding import decode
from pluralign_stats.study.files import File
from pluralign_stats.study.nested import once

_FORMS = "an array of objects [{…}, …], or an object of objects by name {name: {…}, …}"


def read_json(content: bytes, spec: File, name: str) -> pd.DataFrame:
    """Read a JSON file: an array of objects, or an object that holds objects by name.

    Tables by column, as pandas writes them unless told otherwise, and several objects, one a line,
    are read as well.

    Returns
    -------
    DataFrame
        A column for each key, cells as they are; rows count from 1. The names of objects stand in
        the column `spec.key`.

    Raises
    ------
    InputError
        If the file is malformed, or holds no objects; the line or the row.
    """
    text = decode(content, name, spec.encoding, spec.advise("encoding: {}"))
    try:
        held = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            return _lines(text, name)
        where = f"{name}: line {error.lineno}, sign {error.colno}"
        raise InputError(f"{where}: malformed JSON: {error.msg}; write the file again") from None
    except KeyError as error:
        raise InputError(f"{name}: {_twice(error)}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: cannot be read as JSON ({one_line(error)})") from None
    records = _by_name(held, spec, name) if isinstance(held, dict) else held
    return _framed(records, name)


def read_json_lines(content: bytes, spec: File, name: str) -> pd.DataFrame:
    """Read JSON lines: one object a line, which gives the row its number."""
    text = decode(content, name, spec.encoding, spec.advise("encoding: {}"))
    return _lines(text, name, spec.advise("format: json"))


def _lines(text: str, name: str, advice: str = "") -> pd.DataFrame:
    records: list[Any] = []
    for number, line in enumerate(text.rstrip("\r\n").split("\n"), 1):
        try:
            records.append(json.loads(line, object_pairs_hook=once) if line.strip() else {})
        except KeyError as error:
            raise InputError(f"{name}: row {number}: {_twice(error)}") from None
        except (ValueError, RecursionError) as error:
            said = getattr(error, "msg", None) or one_line(error)
            whole = f"; if one object goes over several lines, {advice}" if advice else ""
            raise InputError(f"{name}: row {number}: malformed JSON: {said}{whole}") from None
    return _framed(records, name)


def _twice(error: KeyError) -> str:
    return f"the key '{error.args[0]}' stands twice; keep one"


def _framed(records: Any, name: str) -> pd.DataFrame:
    if not isinstance(records, list):
        raise InputError(f"{name}: holds {one_line(json.dumps(records), 40)}; allowed: {_FORMS}")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            shown = one_line(json.dumps(record, ensure_ascii=False), 40)
            raise InputError(f"{name}: row {number}: must be an object {{…}}, not {shown}")
    frame = pd.DataFrame.from_records(records) if not records else _columns(records)
    return frame.set_axis(pd.RangeIndex(1, 1 + len(frame)))


def _columns(records: list[dict[str, Any]]) -> pd.DataFrame:
    names = list(dict.fromkeys(key for record in records for key in record))
    cells = {name: [record.get(name) for record in records] for name in names}
    return pd.DataFrame(cells, index=range(len(records)), columns=names, dtype=object)


def _by_name(held: dict[str, Any], spec: File, name: str) -> Any:
    """The rows of an object: of those in it, or itself where its lists hold the rows."""
    if spec.rows and spec.rows.partition(".")[0] in held:
        return [held]
    inner = list(held.values())
    if inner and all(isinstance(each, dict) for each in inner):
        numbers = [str(k) for k in range(len(inner[0]))]
        if numbers and all(list(each) == numbers for each in inner):
            return [{column: held[column][k] for column in held} for k in numbers]
        if any(spec.key in each for each in inner):
            raise InputError(
                f"{name}: the names of its objects would stand in the column '{spec.key}', and "
                f"they have such a key; {spec.advise('key: NAME')}"
            )
        return [{spec.key: key, **each} for key, each in held.items()]
    lists = [key for key, each in held.items() if isinstance(each, list)]
    alike = len(lists) == len(held) and len({len(each) for each in inner}) == 1
    if alike and not any(isinstance(cell, dict) for cell in inner[0]):
        return [dict(zip(held, row, strict=True)) for row in zip(*inner, strict=True)]
    advice = "write it in one of these forms"
    if lists:
        found = f" (lists are {listing(lists)})"
        advice = f"{spec.advise(f'rows: {lists[0]}')} if the rows stand there{found}"
    raise InputError(f"{name}: is one object; allowed: {_FORMS}; {advice}")
