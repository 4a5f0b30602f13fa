"""Raw tables: data files as text, each row under the number that a spreadsheet would show."""

import io
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from pluralign_stats.errors import InputError, listing, one_line, one_of
from pluralign_stats.storage.digest import digest_bytes
from pluralign_stats.study.codebook import File
from pluralign_stats.study.csv_file import read_csv
from pluralign_stats.study.encoding import decode
from pluralign_stats.study.entries import as_column
from pluralign_stats.study.excel_file import read_excel
from pluralign_stats.study.questions import Answer
from pluralign_stats.study.text import nfc, nfc_column

_FORMATS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
_FORMATS |= {".jsonl": "jsonl", ".ndjson": "jsonl", ".xlsx": "xlsx", ".xlsm": "xlsx"}
_WHOLE = re.compile(r"(?<=\d)\.0+$")
FIRST_ROW = {"csv": 2, "parquet": 1, "jsonl": 1}

#: How programs write that a value is missing, in files that no codebook describes.
NO_VALUE = ("NA", "NaN", "nan", "None", "null")


@dataclass(frozen=True)
class RawTable:
    """A data file as text.

    Attributes
    ----------
    name
        File name, for messages.
    frame
        One column of strings a file column, missing where the cell is empty. The index is the
        row number: the header of a CSV or Excel file is row 1 or where it stands; other formats
        count from 1.
    sha256
        Hash of the file's bytes.
    missing
        Missing-value codes. They are words like any other in columns that identify something, and
        missing in answers, where nothing else is meant by them (see `answers`).
    """

    name: str
    frame: pd.DataFrame
    sha256: str
    missing: tuple[str, ...] = ()

    def require(self, column: str, role: str) -> pd.Series:
        """Return a column, or say that the file lacks it."""
        column = as_column(column)
        if column not in self.frame:
            raise InputError(
                f"{self.name}: unknown column for {role}: "
                + one_of("it", column, self.frame.columns)
            )
        return self.frame[column]

    def answers(self, column: str, role: str, answer: Answer | None = None) -> pd.Series:
        """Return a column without its missing-value codes, but for those that `answer` means."""
        values = self.require(column, role)
        return values.mask(values.map(plain_number).isin(self.codes(answer)))

    def codes(self, answer: Answer | None = None) -> list[str]:
        """Missing-value codes of the answers to a question."""
        codes = self.missing if answer is None else answer.codes(self.missing)
        return [plain_number(code) for code in codes]

    def refuse(self, column: str, bad: pd.Series, allowed: str, advice: str) -> InputError:
        """Build the error for the cells of `column` where `bad` (boolean, by row) holds."""
        rows = bad.index[bad.to_numpy(dtype=bool)]
        values = self.frame.loc[rows, column] if column in self.frame else pd.Series(dtype=str)
        found = f"value {listing(values.unique(), 4)}" if values.notna().any() else "no value"
        where = f"{self.name}: column '{column}', {row_list(rows)}"
        return InputError(f"{where}: {found}; allowed: {allowed}; {advice}")


@dataclass(frozen=True)
class Tables:
    """The raw tables of a study; `raters` and `items` are None where the ratings file holds all."""

    ratings: RawTable
    raters: RawTable | None = None
    items: RawTable | None = None

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 by file name."""
        present = [t for t in (self.ratings, self.raters, self.items) if t is not None]
        return {table.name: table.sha256 for table in present}


def plain_number(text: str) -> str:
    """Text of a whole number without the ``.0`` that programs append to it."""
    return _WHOLE.sub("", text) if isinstance(text, str) else text


def row_list(rows: pd.Index) -> str:
    """Write ``row 7`` or ``rows 7, 9, … (12 in all)``."""
    numbers = [int(r) for r in rows]
    return f"row{'s' if len(numbers) > 1 else ''} {listing(numbers, 5)}"


def read_table(spec: File, folder: Path, missing: tuple[str, ...]) -> RawTable:
    """Read a CSV, Excel, Parquet or JSON-lines file as text.

    Raises
    ------
    InputError
        If the file is absent, empty, in another encoding, of an unknown format or damaged.
    """
    path = _found(folder / spec.path)
    kind = spec.format or _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{path.name}: the ending '{path.suffix}' does not tell the format ('csv', 'xlsx', "
            f"'parquet' or 'jsonl'); {spec.advise('format: csv')}"
        )
    content = _read_bytes(path)
    readers = {
        "csv": read_csv,
        "xlsx": read_excel,
        "parquet": _read_parquet,
        "jsonl": _read_jsonl,
    }
    frame = readers[kind](content, spec, path.name)
    return tabulate(path.name, frame, missing, digest_bytes(content))


class _Unlisted(File):
    """A file that no codebook describes."""

    def advise(self, setting: str) -> str:
        """Without a codebook the file is to be as files are unless stated."""
        return "save it as CSV in UTF-8 with commas between fields"


def read_unlisted(path: Path) -> RawTable:
    """Read a data file that no codebook describes as text; its ending tells the format.

    Raises
    ------
    InputError
        See `read_table`.
    """
    return read_table(_Unlisted(path=str(path.absolute())), Path(), ())


def tabulate(name: str, frame: pd.DataFrame, missing: tuple[str, ...], sha256: str) -> RawTable:
    """Make a raw table of a frame whose index holds row numbers.

    Cells become text without surrounding space, in Unicode's composed form; empty rows go.
    """
    frame = _named(name, frame)
    duplicated = frame.columns[frame.columns.duplicated()]
    if len(duplicated):
        raise InputError(f"{name}: the column {listing(duplicated)} stands twice; rename one")
    text = pd.DataFrame({c: _as_text(frame[c]) for c in frame}, index=frame.index)
    text = text.mask(text == "").dropna(how="all")
    if text.empty:
        raise InputError(f"{name}: is empty; it needs a header and at least one row of data")
    return RawTable(name, text, sha256, missing)


def _named(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Columns under names without line breaks; blank columns that have none go.

    A first column without a name may hold row numbers, as R and pandas write them.
    """
    names = ["" if column is None else as_column(column) for column in frame]
    frame = frame.set_axis(range(len(names)), axis=1)
    blank = []
    for place in [place for place, column in enumerate(names) if column == ""]:
        filled = frame[place].notna() & (frame[place].astype("str").str.strip() != "")
        if not filled.any():
            blank.append(place)
        elif place > 0:
            row = filled.idxmax()
            raise InputError(
                f"{name}: column {place + 1} has no name, and row {row} holds "
                f"'{one_line(frame.loc[row, place])}' there; name the column in the header, or "
                "mend the row if it has a field too many"
            )
    frame = frame.set_axis(names, axis=1)
    return frame.iloc[:, [place for place in range(len(names)) if place not in blank]]


def _found(path: Path) -> Path:
    """The path of a file, whatever Unicode form the file system keeps its names in."""
    wanted = Path(nfc(str(path)))
    for part in range(len(path.parts)):
        here = Path(*path.parts[: part + 1])
        if not here.exists() and here.parent.is_dir():
            alike = (p for p in here.parent.iterdir() if nfc(p.name) == wanted.parts[part])
            path = next(alike, here).joinpath(*path.parts[part + 1 :])
    return path


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; correct 'files' in the codebook, or name its folder (--data)"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not content.strip():
        raise InputError(f"{path.name}: is empty; it needs a header and at least one row of data")
    return content


def _numbered(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    return frame.set_axis(pd.RangeIndex(first, first + len(frame)))


def _read_parquet(content: bytes, spec: File, name: str) -> pd.DataFrame:
    try:
        frame = pa.parquet.read_table(io.BytesIO(content)).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{name}: is not a readable Parquet file ({str(error).splitlines()[0]}); "
            "write it again or state another 'format' in the codebook"
        ) from None
    named = [level for level in frame.index.names if level is not None]
    return _numbered(frame.reset_index(named), FIRST_ROW["parquet"])


def _read_jsonl(content: bytes, spec: File, name: str) -> pd.DataFrame:
    records: list[dict[str, Any]] = []
    text = decode(content, name, spec.encoding, spec.advise("encoding: {}"))
    lines = text.rstrip("\r\n").split("\n")
    for number, line in enumerate(lines, FIRST_ROW["jsonl"]):
        try:
            record = json.loads(line, object_pairs_hook=_once) if line.strip() else {}
        except json.JSONDecodeError as error:
            raise InputError(f"{name}: row {number}: malformed JSON: {error.msg}") from None
        except KeyError as error:
            raise InputError(
                f"{name}: row {number}: the key '{error.args[0]}' stands twice; keep one"
            ) from None
        if not isinstance(record, dict):
            raise InputError(f"{name}: row {number}: must be an object {{…}}, not {line[:40]}")
        records.append(record)
    return _numbered(pd.DataFrame(records, dtype=object), FIRST_ROW["jsonl"])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ; JSON readers keep the last of two."""
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise KeyError(next(key for key in keys if keys.count(key) > 1))
    return content


def _as_text(column: pd.Series) -> pd.Series:
    """Text of a column; whole floats lose their ``.0``, lists become JSON arrays."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    elif column.dtype == object:
        column = column.map(_cell_text, na_action="ignore")
    return nfc_column(column.astype("str").str.strip())


def _cell_text(value: object) -> str | float:
    if isinstance(value, list | tuple | np.ndarray):
        return json.dumps([str(v) for v in value], ensure_ascii=False)
    if isinstance(value, float | Decimal):
        return float("nan") if value != value else repr(float(value)).removesuffix(".0")
    return str(value)
