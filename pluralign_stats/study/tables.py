"""Raw tables: data files as text, each row under the number that a spreadsheet would show."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.study.codebook import File

_FORMATS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
_FORMATS |= {".jsonl": "jsonl", ".ndjson": "jsonl"}
FIRST_ROW = {"csv": 2, "parquet": 1, "jsonl": 1}


@dataclass(frozen=True)
class RawTable:
    """A data file as text.

    Attributes
    ----------
    name
        File name, for messages.
    frame
        One column of strings a file column, missing where the cell is empty or holds a
        missing-value code. The index is the row number: a CSV file's header is row 1; other
        formats count from 1.
    sha256
        Hash of the file's bytes.
    """

    name: str
    frame: pd.DataFrame
    sha256: str

    def require(self, column: str, role: str) -> pd.Series:
        """Return a column, or say that the file lacks it."""
        if column not in self.frame:
            raise InputError(
                f"{self.name}: unknown column for {role}: "
                + one_of("it", column, self.frame.columns)
            )
        return self.frame[column]

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


def row_list(rows: pd.Index) -> str:
    """Write ``row 7`` or ``rows 7, 9, … (12 in all)``."""
    numbers = [int(r) for r in rows]
    return f"row{'s' if len(numbers) > 1 else ''} {listing(numbers, 5)}"


def read_table(spec: File, folder: Path, missing: tuple[str, ...]) -> RawTable:
    """Read a CSV, Parquet or JSON-lines file as text.

    Raises
    ------
    InputError
        If the file is absent, empty, in another encoding, of an unknown format or damaged.
    """
    path = folder / spec.path
    kind = spec.format or _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{path.name}: the ending '{path.suffix}' does not tell the format; "
            "state 'format: csv', 'parquet' or 'jsonl' in the codebook"
        )
    content = _read_bytes(path)
    readers = {"csv": _read_csv, "parquet": _read_parquet, "jsonl": _read_jsonl}
    frame = readers[kind](content, spec, path.name)
    return tabulate(path.name, frame, missing, hashlib.sha256(content).hexdigest())


def tabulate(name: str, frame: pd.DataFrame, missing: tuple[str, ...], sha256: str) -> RawTable:
    """Make a raw table of a frame whose index holds row numbers.

    Cells become text without surrounding space; missing-value codes and empty rows go.
    """
    frame = frame.set_axis([str(column).strip() for column in frame], axis=1)
    duplicated = frame.columns[frame.columns.duplicated()]
    if len(duplicated):
        raise InputError(f"{name}: the column {listing(duplicated)} stands twice; rename one")
    text = pd.DataFrame({c: _as_text(frame[c]) for c in frame}, index=frame.index)
    text = text.mask(text.isin(["", *missing])).dropna(how="all")
    if text.empty:
        raise InputError(f"{name}: is empty; it needs a header and at least one row of data")
    return RawTable(name, text, sha256)


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


def _read_csv(content: bytes, spec: File, name: str) -> pd.DataFrame:
    whole = _decode(content, spec.encoding, name)
    text = whole.lstrip("\r\n")
    if "\r" in text and "\n" not in text:
        raise InputError(f"{name}: lines end as on old Macs (CR); save it with other line ends")
    header = next(csv.reader(io.StringIO(text), delimiter=spec.separator))
    if len(header) == 1 and any(mark in header[0] for mark in ",;\t"):
        mark = next(m for m in ";\t," if m in header[0])
        raise InputError(
            f"{name}: the header is one column '{header[0]}'; "
            f"state 'separator: {json.dumps(mark)}' for this file in the codebook"
        )
    bad: list[pa.csv.InvalidRow] = []

    def note(row: pa.csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    table = pa.csv.read_csv(
        io.BytesIO(text.encode()),
        read_options=pa.csv.ReadOptions(use_threads=False, column_names=header, skip_rows=1),
        parse_options=pa.csv.ParseOptions(
            delimiter=spec.separator,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    if bad:
        first = bad[0]
        raise InputError(
            f"{name}: row {first.number} has {first.actual_columns} fields, "
            f"the header {first.expected_columns}; quote fields that hold '{spec.separator}'"
        )
    blank = whole[: len(whole) - len(text)].count("\n")
    return _numbered(table.to_pandas(), FIRST_ROW["csv"] + blank)


def _numbered(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    return frame.set_axis(pd.RangeIndex(first, first + len(frame)))


def _decode(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode("utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}: row {row}: byte 0x{content[error.start]:02x} is not {encoding} text; save "
            "the file as UTF-8 or state its encoding (such as 'encoding: latin-1') in the codebook"
        ) from None
    except LookupError:
        raise InputError(f"{name}: unknown encoding '{encoding}'; use utf-8 or latin-1") from None


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
    lines = _decode(content, spec.encoding, name).rstrip("\r\n").split("\n")
    for number, line in enumerate(lines, FIRST_ROW["jsonl"]):
        try:
            record = json.loads(line) if line.strip() else {}
        except json.JSONDecodeError as error:
            raise InputError(f"{name}: row {number}: malformed JSON: {error.msg}") from None
        if not isinstance(record, dict):
            raise InputError(f"{name}: row {number}: must be an object {{…}}, not {line[:40]}")
        records.append(record)
    return _numbered(pd.DataFrame(records, dtype=object), FIRST_ROW["jsonl"])


def _as_text(column: pd.Series) -> pd.Series:
    """Text of a column; whole floats lose their ``.0``, lists are joined with ``;``."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    elif column.dtype == object:
        column = column.map(_cell_text, na_action="ignore")
    return column.astype("str").str.strip()


def _cell_text(value: object) -> str | float:
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        return ";".join(str(v) for v in value)  # type: ignore[attr-defined]
    if isinstance(value, float):
        return float("nan") if value != value else f"{value:.15g}"
    return str(value)
