"""Raw tables: data files as text, each row under the number that a spreadsheet would show."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing, one_line, one_of
from pluralign_stats.study.entries import as_column
from pluralign_stats.study.questions import Answer
from pluralign_stats.study.text import nfc_column

_WHOLE = re.compile(r"(?<=\d)\.0+$")

#: How programs write that a value is missing, in files that no codebook describes.
NO_VALUE = ("NA", "NaN", "nan", "None", "null")


@dataclass(frozen=True)
class RawTable:
    """A data file as text, or several that were put together.

    Attributes
    ----------
    name
        File name, for messages.
    frame
        One column of strings a file column, missing where the cell is empty. The index is the
        row number: the header of a CSV or Excel file is row 1 or where it stands; other formats
        count from 1. Where `places` are stated it only counts.
    hashes
        SHA-256 of the bytes of each file, by its name.
    missing
        Missing-value codes. They are words like any other in columns that identify something, and
        missing in answers, where nothing else is meant by them (see `answers`).
    declared
        By column, further such codes that the file itself declares.
    places
        Where rows come from several files, or several from one row of a file: columns file and
        row, by the index of `frame`.
    origin
        Where several columns of a file became one: by its name, the column of the file that each
        row's cell stood in, by the index of `frame`.
    notes
        What was left out or may be meant otherwise, in one sentence each.
    wordings
        By column, the question that it holds answers to, where the file says so.
    labels
        By column, the label of each of its values, where the file has such.
    """

    name: str
    frame: pd.DataFrame
    hashes: Mapping[str, str]
    missing: tuple[str, ...] = ()
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: pd.DataFrame | None = None
    origin: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    wordings: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

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
        codes = set(self.codes(answer, column))
        gone = [value for value in values.dropna().unique() if plain_number(value) in codes]
        return values.mask(values.isin(gone))

    def codes(self, answer: Answer | None = None, column: str = "") -> list[str]:
        """Missing-value codes of the answers to a question, in a column."""
        general = (*self.missing, *self.declared.get(as_column(column), ()))
        codes = general if answer is None else answer.codes(general)
        return [plain_number(code) for code in codes]

    def refuse(self, column: str, bad: pd.Series, allowed: str, advice: str) -> InputError:
        """Build the error for the cells of `column` where `bad` (boolean, by row) holds."""
        rows = bad.index[bad.to_numpy(dtype=bool)]
        values = self.frame.loc[rows, column] if column in self.frame else pd.Series(dtype=str)
        found = f"value {listing(values.unique(), 4)}" if values.notna().any() else "no value"
        where = self.place(rows, column)
        return InputError(f"{where}: {found}; allowed: {allowed}; {advice}")

    def place(self, rows: pd.Index, column: str | None = None) -> str:
        """Write ``t.csv: column 'gender', rows 7, 9``, of stacked files each with its rows."""
        named = f"{self._column(rows, column)}, " if column else ""
        if self.places is None:
            return f"{self.name}: {named}{row_list(rows)}"
        places = self.places.loc[rows].drop_duplicates()
        files = places.groupby("file", observed=True, sort=False)["row"]
        return "; ".join(f"{file}: {named}{row_list(pd.Index(row))}" for file, row in files)

    def _column(self, rows: pd.Index, column: str) -> str:
        """Write ``column 'gender'``, or those of the file that it was made of in these rows."""
        own = [column]
        if self.origin is not None and column in self.origin:
            own = self.origin.loc[rows, column].dropna().astype(str).unique().tolist() or own
        return f"column{'s' if len(own) > 1 else ''} {listing(own, 4)}"

    @property
    def placed(self) -> pd.DataFrame:
        """Columns file and row, by the index of `frame`."""
        if self.places is not None:
            return self.places.loc[self.frame.index]
        return pd.DataFrame({"file": self.name, "row": self.frame.index}, self.frame.index)


@dataclass(frozen=True)
class Tables:
    """The raw tables of a study; `raters` and `items` are None where the ratings file holds all."""

    ratings: RawTable
    raters: RawTable | None = None
    items: RawTable | None = None

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 by file name; of two files with one name the later is called by its role too."""
        hashes: dict[str, str] = {}
        for role in ("ratings", "raters", "items"):
            table: RawTable | None = getattr(self, role)
            for name, digest in table.hashes.items() if table else ():
                other = hashes.get(name, digest) != digest
                hashes[f"{name} ({role})" if other else name] = digest
        return hashes

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or may be meant otherwise when the files were read."""
        present = [t for t in (self.ratings, self.raters, self.items) if t is not None]
        return tuple(dict.fromkeys(note for table in present for note in table.notes))


def plain_number(text: str) -> str:
    """Text of a whole number without the ``.0`` that programs append to it."""
    return _WHOLE.sub("", text) if isinstance(text, str) else text


def plain_numbers(values: pd.Series) -> pd.Series:
    """`plain_number` of each text of a column."""
    ends = values.str.endswith("0") & values.str.contains(".", regex=False)
    some = ends.fillna(False).to_numpy(dtype=bool)
    if not some.any():
        return values
    return values.mask(some, values[some].map(plain_number))


def row_list(rows: pd.Index) -> str:
    """Write ``row 7`` or ``rows 7, 9, … (12 in all)``."""
    numbers = [int(r) for r in rows]
    return f"row{'s' if len(numbers) > 1 else ''} {listing(numbers, 5)}"


def tabulate(name: str, frame: pd.DataFrame, missing: tuple[str, ...], sha256: str) -> RawTable:
    """Make a raw table of a frame whose index holds row numbers.

    Cells become text without surrounding space, in Unicode's composed form; empty rows go. Rows
    that have one number between them are counted anew, and `places` keeps their number.
    """
    frame = _named(name, frame)
    duplicated = frame.columns[frame.columns.duplicated()]
    if len(duplicated):
        raise InputError(f"{name}: the column {listing(duplicated)} stands twice; rename one")
    text = pd.DataFrame({c: _as_text(frame[c]) for c in frame}, index=frame.index)
    text = text.mask(text == "").dropna(how="all")
    if text.empty:
        raise InputError(f"{name}: is empty; it needs a header and at least one row of data")
    table = RawTable(name, text, {name: sha256}, missing)
    if text.index.is_unique:
        return table
    counted = pd.RangeIndex(1, 1 + len(text))
    places = table.placed.set_axis(counted)
    return replace(table, frame=text.set_axis(counted), places=places)


def renamed(table: RawTable, names: Mapping[str, str]) -> RawTable:
    """The table with other names for some columns."""
    for old, new in names.items():
        table.require(old, "'rename'")
        if new in table.frame and new not in names:
            raise InputError(
                f"{table.name}: 'rename' leads '{old}' to '{new}', which is another column of the "
                "file; choose another name"
            )
    return replace(
        table,
        frame=table.frame.rename(columns=dict(names)),
        declared={names.get(c, c): codes for c, codes in table.declared.items()},
        wordings={names.get(c, c): text for c, text in table.wordings.items()},
        labels={names.get(c, c): labels for c, labels in table.labels.items()},
    )


def with_prefix(table: RawTable, column: str, prefix: str, role: str = "'prefix'") -> RawTable:
    """The table with a text put before those of a column; role names the codebook's key."""
    values = table.require(column, role)
    told = {value: f"{prefix}{value}" for value in values.dropna().unique()}
    changed = values.map(told, na_action="ignore").astype("str")
    return replace(table, frame=table.frame.assign(**{column: changed}))


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


def _as_text(column: pd.Series) -> pd.Series:
    """Text of a column; whole floats lose their ``.0``, lists become JSON arrays."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    elif column.dtype == object:
        column = column.map(_cell_text, na_action="ignore")
    return nfc_column(column.astype("str").str.strip())


def _cell_text(value: object) -> str | float:
    if isinstance(value, list | tuple | np.ndarray):
        if any(isinstance(v, dict | list | tuple | np.ndarray) for v in value):
            return json.dumps(list(value), ensure_ascii=False, default=_plain_value)
        return json.dumps([str(v) for v in value], ensure_ascii=False)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=_plain_value)
    if isinstance(value, float | Decimal):
        return float("nan") if value != value else repr(float(value)).removesuffix(".0")
    return str(value)


def _plain_value(value: object) -> object:
    """A value inside of a nested cell as JSON has it."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
