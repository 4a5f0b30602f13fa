"""CSV files as text: every quote closes where it should, and no row or column is lost."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from pluralign_stats.errors import InputError, one_line
from pluralign_stats.study.contents import Contents
from pluralign_stats.study.encoding import decode
from pluralign_stats.study.files import File
from pluralign_stats.study.quotes import Dialect, Forms, fault, lone_quote, rows_within

csv.field_size_limit(2**31 - 1)  # a model's answer may be longer than the 128 kB of the default

_SEPARATORS = ";\t,|"
_CHUNK = 50_000
_HEAD = 1_000_000
#: First line by which a program tells Excel the separator; Excel shows it as no row.
_ANNOUNCED = re.compile(r'\A\s*"?sep=(.)"?[ \t]*(?:\r\n|\n|\r)', re.IGNORECASE)


@dataclass(frozen=True)
class _Record:
    """One row: its number in a spreadsheet, its first line, the lines as they stand, the fields."""

    row: int
    line: int
    raw: str
    fields: list[str]

    @property
    def place(self) -> str:
        """``row 7``, with the line where line breaks inside of quotes stand above it."""
        return f"row {self.row}" + (f" (line {self.line})" if self.line != self.row else "")


def read_csv(content: bytes, spec: File, name: str) -> Contents:
    """Read a CSV file as text.

    Returns
    -------
    Contents
        Columns as the header names them; the index is the row number in a spreadsheet. Blank rows
        are left out.

    Raises
    ------
    InputError
        If a quote is stray, a row has other fields than the header, or the separator is another;
        the row and, where quotes are concerned, the column.
    """
    text = decode(content, name, spec.encoding, spec.advise("encoding: {}"))
    if "\r" in text and "\n" not in text:
        raise InputError(f"{name}: lines end as on old Macs (CR); save it with other line ends")
    text, dialect, notes = _announced(text, spec, name)
    records = _records(text, dialect)
    header = next((record for record in records if any(f.strip() for f in record.fields)), None)
    if header is None:
        raise InputError(f"{name}: is empty; it needs a header and at least one row of data")
    reader = _Reader(name, spec, dialect, header.fields)
    reader.check_header(header)
    table = _plain_table(text, header, dialect)
    return Contents(reader.table(header, records) if table is None else table, notes)


def _announced(text: str, spec: File, name: str) -> tuple[str, Dialect, tuple[str, ...]]:
    """Text without a first line ``sep=;``, the file's dialect, and notes on it."""
    separator = spec.separator
    notes: tuple[str, ...] = ()
    found = _ANNOUNCED.match(text)
    if found:
        separator, text = found[1], text[found.end() :]
        if spec.separator is not None and separator != spec.separator:
            raise InputError(
                f"{name}: its first line is '{found[0].strip()}', the codebook states 'separator: "
                f"{json.dumps(spec.separator)}'; take that out of the codebook"
            )
    if separator is None:
        separator, notes = _in_header(text, spec, name)
    if spec.escape:  # MySQL's word for no value; it would be the letter N once escapes are read
        mark = re.escape(separator)
        text = re.sub(rf"(?<![^{mark}\r\n])\\N(?![^{mark}\r\n])", "", text)
    return text, Dialect(separator, spec.escape), notes


def _in_header(text: str, spec: File, name: str) -> tuple[str, tuple[str, ...]]:
    """The separator of a file of which none is stated, and a note where it is no usual one."""
    if PurePath(spec.path).suffix.lower() in (".tsv", ".tab"):
        return "\t", ()
    first = next((line for line in text[:_HEAD].splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    mark = max(_SEPARATORS, key=bare.count)
    if "," in bare or not bare.count(mark):
        return ",", ()
    told = "a tab" if mark == "\t" else f"'{mark}'"
    return mark, (f"{name}: {told} separates the fields, as no comma stands in the header",)


def _plain_table(text: str, header: _Record, dialect: Dialect) -> pd.DataFrame | None:
    """A table without a quote, read at once; None where rows need a closer look."""
    body = text[text.index(header.raw) + len(header.raw) :].rstrip("\r\n")
    doubtful = ('"', "\n\n", "\n\r", "\0", f"{dialect.separator} ")
    if not body or body[0] in "\r\n" or any(sign in body for sign in doubtful):
        return None
    if dialect.escape or '"' in header.raw or body.count("\r") != body.count("\r\n"):
        return None
    names = [str(place) for place in range(len(header.fields))]
    try:
        table = pa.csv.read_csv(
            io.BytesIO(body.encode()),
            pa.csv.ReadOptions(column_names=names),
            pa.csv.ParseOptions(delimiter=dialect.separator, quote_char=False),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    rows = pd.RangeIndex(header.row + 1, header.row + 1 + len(table))
    frame = table.to_pandas()
    whole = {name: _whole(frame[name]) for name in names}
    return frame.assign(**whole).set_axis(header.fields, axis=1).set_axis(rows)


def _records(text: str, dialect: Dialect) -> Iterator[_Record]:
    """Every row with its lines; blank ones have no fields."""
    lines: list[str] = []

    def remember() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            lines.append(line)
            yield line

    reader = csv.reader(
        remember(),
        delimiter=dialect.separator,
        escapechar=dialect.escape,
        skipinitialspace=dialect.skips_space,
    )
    line = 1
    for row, fields in enumerate(reader, 1):
        yield _Record(row, line, "".join(lines), fields)
        line += len(lines)
        lines.clear()


@dataclass(frozen=True)
class _Reader:
    """Checks the rows of one file against its header and puts them into columns."""

    name: str
    spec: File
    dialect: Dialect
    header: list[str]

    def check_header(self, header: _Record) -> None:
        """Refuse a header in which another separator stands, and stray quotes."""
        bare = re.sub(r'"[^"]*"', "", header.raw)
        mark = self._other_separator(bare)
        if mark and self.dialect.separator not in bare:
            raise InputError(
                f"{self.name}: the header is one column '{one_line(header.raw)}'; "
                + self.spec.advise(f"separator: {json.dumps(mark)}")
            )
        self._check_quotes(header, named=False)

    def _other_separator(self, line: str) -> str | None:
        """A separator that a line holds more often than the one in use."""
        mark = max(_SEPARATORS, key=line.count)
        return mark if line.count(mark) > line.count(self.dialect.separator) else None

    def table(self, header: _Record, records: Iterator[_Record]) -> pd.DataFrame:
        """Put the rows after the header into columns."""
        rows: list[int] = []
        chunk: list[list[str]] = []
        parts: list[list[pa.Array]] = [[] for _ in self.header]
        doubtful = [header]
        for record in records:
            if not record.fields:
                continue
            if '"' in record.raw:
                self._check_quotes(record)
                if "\n" in record.raw.rstrip("\r\n") or record.raw.count('"') % 2:
                    doubtful.append(record)
            rows.append(record.row)
            chunk.append(self._fitted(record))
            if len(chunk) == _CHUNK:
                _store(chunk, parts)
        _store(chunk, parts)
        columns = [_whole(pa.chunked_array(part, pa.string()).to_pandas()) for part in parts]
        table = pd.concat(columns, axis=1).set_axis(self.header, axis=1)
        table.index = pd.Index(np.array(rows, dtype=int))
        self._check_doubtful(
            doubtful, Forms(table, spaced=self.dialect.separator + " " in header.raw)
        )
        return table

    def _check_quotes(self, record: _Record, *, named: bool = True) -> None:
        found = fault(record.raw, len(record.fields), self.dialect)
        if found:
            place, reason = found
            where = self._column(place) if named else f"column {place + 1} of the header"
            advice = "double a quote that is part of the text, remove one that is not"
            raise InputError(
                f"{self.name}: {record.place}, {where}: {reason}; {advice}"
                + self._escape_advice(record)
            )

    def _column(self, place: int) -> str:
        named = place < len(self.header) and one_line(self.header[place])
        return f"column '{named}'" if named else f"column {place + 1}"

    def _escape_advice(self, record: _Record) -> str:
        if self.dialect.escape or '\\"' not in record.raw:
            return ""
        advice = self.spec.advise("escape: \\")
        return f', or {advice} if it writes \\" for a quote'

    def _fitted(self, record: _Record) -> list[str]:
        """The fields of a row, one for each column; blank ones too many go."""
        n = len(self.header)
        fields = record.fields
        if len(fields) > n and not any(field.strip() for field in fields[n:]):
            return fields[:n]
        if len(fields) != n:
            found = f"{len(fields)} field{'s' if len(fields) > 1 else ''}"
            raise InputError(
                f"{self.name}: {record.place} has {found}, the header {n}; " + self._advice(record)
            )
        return fields

    def _advice(self, record: _Record) -> str:
        other = self._other_separator(self.dialect.separator.join(self.header))
        if other and "separator" not in self.spec.model_fields_set:
            return self.spec.advise(f"separator: {json.dumps(other)}") + " if it is that"
        if len(record.fields) < len(self.header):
            return "fill it up, or mend the line if it is broken"
        advice = f"quote fields that hold '{self.dialect.separator}'"
        return advice + self._escape_advice(record)

    def _check_doubtful(self, records: list[_Record], forms: Forms) -> None:
        """Refuse a text over several lines that are rows, and a level or id with half a quote."""
        for record in records:
            header = record.fields is self.header
            place = rows_within(record.fields, self.dialect, forms, header=header)
            if place is not None:
                where = f"column {place + 1}" if header else self._column(place)
                last = record.line + record.raw.rstrip("\r\n").count("\n")
                raise InputError(
                    f"{self.name}: {record.place}, {where}: the quote that opens there closes in "
                    f"line {last} only, and the lines between look like rows of the table; remove "
                    "stray quotes, or, if it is one text, save the table as .xlsx or .parquet"
                )
            place = None if header else lone_quote(record.fields, forms)
            if place is not None:
                raise InputError(
                    f"{self.name}: {record.place}, {self._column(place)}: a quote stands in "
                    f"'{one_line(record.fields[place])}', where like cells have none; remove it"
                )


def _whole(text: pd.Series) -> pd.Series:
    """Cells of a column without the ``.0`` that programs write behind all its whole numbers."""
    filled = text[text != ""]
    if filled.empty or not filled.iloc[0].endswith(".0"):
        return text
    return text.str.removesuffix(".0") if filled.str.fullmatch(r"[-+]?\d+\.0").all() else text


def _store(chunk: list[list[str]], parts: list[list[pa.Array]]) -> None:
    """Move the rows that were read into columns."""
    for part, values in zip(parts, zip(*chunk, strict=True), strict=False):
        part.append(pa.array(values, pa.string()))
    chunk.clear()
