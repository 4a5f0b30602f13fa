"""Excel files as text: each cell as Excel keeps it, and none passed over that can't be read."""

import datetime as dt
import io
import posixpath
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_line, one_of
from pluralign_stats.study.contents import Contents
from pluralign_stats.study.files import File

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

#: Endings of Excel files.
ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_ZIP = b"PK"
_BLIND = (
    "in files of Excel before 2007 cells with an error such as #N/A are read as blank; save it as "
    ".xlsx to have them named"
)
#: From here on Excel has replaced the last digits of a number by zeros.
_EXACT = 1e15

# Cells that the reader gives as blank: errors, and formulas without a stored result.
_ERROR = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"')
_NO_RESULT = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]+)(\d+)"[^>]*>\s*'
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


def read_excel(content: bytes, spec: File, name: str) -> Contents:
    """Read one sheet of an Excel file as text.

    Returns
    -------
    Contents
        Columns as the first row that isn't blank names them, missing where a cell is blank. The
        index is Excel's row number. Hidden rows and columns are read as well.

    Raises
    ------
    InputError
        If the file is no Excel file, the sheet can't be told, or a cell is merged with others, an
        error, a formula without a result, or a number with more digits than Excel keeps; the
        sheet, the row and the column.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = _sheet(book, spec.sheet, name)
        rows = sheet.to_python(skip_empty_area=False)
    except python_calamine.CalamineError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{name}: is not a readable Excel file ({reason}); save it as .xlsx without a password"
        ) from None
    where = f"{name}: sheet '{sheet.name}'"
    top = next(row for row, cells in enumerate(rows) if any(cell != "" for cell in cells))
    table = pd.DataFrame(rows[top + 1 :], columns=range(len(rows[top])), dtype=object)
    table.index = pd.RangeIndex(top + 2, top + 2 + len(table))
    header = [str(_text(cell) or "") for cell in rows[top]]
    _refuse_merged(sheet, rows, header, where)
    _refuse_unreadable(content, sheet.name, header, where)
    _refuse_cut(table, header, where)
    notes = () if content.startswith(_ZIP) else (f"{name}: {_BLIND}",)
    return Contents(table.map(_text).set_axis(header, axis=1), notes)


def sheets_of(path: Path) -> list[str]:
    """Names of the sheets of an Excel file that hold something; none of another file."""
    import python_calamine

    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return []
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        return [name for name in book.sheet_names if book.get_sheet_by_name(name).height]
    except (python_calamine.CalamineError, OSError):
        return []


def _sheet(book: "CalamineWorkbook", asked: str | None, name: str) -> "CalamineSheet":
    """The sheet asked for, or the only one that holds anything."""
    if asked is not None and asked not in book.sheet_names:
        raise InputError(f"{name}: {one_of('the sheet', asked, book.sheet_names)}")
    names = book.sheet_names if asked is None else [asked]
    sheets = [sheet for sheet in map(book.get_sheet_by_name, names) if sheet.height]
    if not sheets:
        raise InputError(f"{name}: is empty; it needs a header and at least one row of data")
    if len(sheets) > 1:
        raise InputError(
            f"{name}: holds several sheets ({listing(s.name for s in sheets)}); state which one in "
            f"the codebook, such as 'sheet: {sheets[0].name}'"
        )
    return sheets[0]


def _place(row: int, column: int, header: list[str]) -> str:
    """``row 7, column 'gender'``, of a cell counted from 0."""
    named = column < len(header) and one_line(header[column])
    return f"row {row + 1}, column " + (f"'{named}'" if named else str(column + 1))


def _letters(column: int) -> str:
    """Excel's name of a column counted from 0."""
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(65 + last)


def _refuse_merged(
    sheet: "CalamineSheet", rows: list[list[Any]], header: list[str], where: str
) -> None:
    """Refuse merged cells: Excel keeps the value in the first of them only."""
    for (row, column), (last_row, last_column) in sheet.merged_cell_ranges or []:
        if row < len(rows) and column < len(rows[row]) and rows[row][column] != "":
            cells = f"{_letters(column)}{row + 1}:{_letters(last_column)}{last_row + 1}"
            raise InputError(
                f"{where}: {_place(row, column, header)}: the cells {cells} are merged, so that "
                "only the first holds the value; unmerge them and fill each in"
            )


def _refuse_unreadable(content: bytes, sheet: str, header: list[str], where: str) -> None:
    """Refuse errors and formulas that were never calculated, which readers take for blanks."""
    xml = _xml(content, sheet)
    for pattern, told, advice in (
        (_ERROR, "an error such as #N/A", "correct or clear the cell"),
        (_NO_RESULT, "a formula without a result", "open the file in Excel and save it"),
    ):
        found = pattern.search(xml)
        if found:
            letters, row = found[1].decode(), int(found[2])
            column = sum(26**k * (ord(c) - 64) for k, c in enumerate(reversed(letters))) - 1
            raise InputError(
                f"{where}: {_place(row - 1, column, header)} (cell {letters}{row}) holds {told}; "
                + advice
            )


def _xml(content: bytes, sheet: str) -> bytes:
    """A sheet as it is stored."""
    if not content.startswith(_ZIP):
        return b""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        if "xl/workbook.xml" not in file.namelist():
            return b""
        book = ElementTree.fromstring(file.read("xl/workbook.xml"))  # noqa: S314 - expat is safe
        links = ElementTree.fromstring(file.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        target = {link.get("Id"): link.get("Target", "") for link in links}
        for entry in book.iterfind(".//{*}sheet"):
            if entry.get("name") == sheet:
                link = next(v for k, v in entry.items() if k.endswith("}id"))
                return file.read(posixpath.join("/xl", target[link]).removeprefix("/"))
    return b""


def _refuse_cut(table: pd.DataFrame, header: list[str], where: str) -> None:
    """Refuse numbers too long for Excel: ids that differ in their last digits became equal."""
    for column in table:
        for row, cell in table[column].items():
            if isinstance(cell, float) and abs(cell) >= _EXACT:
                raise InputError(
                    f"{where}: {_place(int(row) - 1, int(column), header)}: the number {cell:.0f} "
                    "has more than the 15 digits that Excel keeps; enter such ids as text"
                )


def _text(cell: Any) -> str | None:
    """A cell as text: 3.0 is ``3``, a date ``2024-01-31``, a truth value ``TRUE``."""
    if cell == "":
        return None
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return str(cell.date())
    if isinstance(cell, dt.timedelta):
        hours, rest = divmod(int(cell.total_seconds()), 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return str(cell)
