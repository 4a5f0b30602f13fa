import datetime as dt
import io

import openpyxl
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File


@pytest.fixture
def read(tmp_path):
    def write_and_read(rows, edit=None, name="t.xlsx", **spec):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "Data"
        for row in rows:
            sheet.append(row)
        if edit:
            edit(book, sheet)
        out = io.BytesIO()
        book.save(out)
        (tmp_path / name).write_bytes(out.getvalue())
        return read_table(File(path=name, **spec), tmp_path, ("",))

    return write_and_read


def cells(table):
    frame = table.frame.astype(object).where(table.frame.notna(), None)
    return dict(zip(frame.index, frame.itertuples(index=False, name=None), strict=True))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (-0.5, "-0.5"),
        (0.1 + 0.2, "0.3"),
        (123456789012345, "123456789012345"),
        ("007", "007"),
        ("3.0", "3.0"),
        ("NA", "NA"),
        (True, "TRUE"),
        (False, "FALSE"),
        (dt.date(2024, 1, 31), "2024-01-31"),
        (dt.datetime(2024, 1, 31, 10, 5), "2024-01-31 10:05:00"),
        (dt.time(12, 30), "12:30:00"),
        (dt.timedelta(hours=30, minutes=5), "30:05:00"),
        ("Köln\nam Rhein", "Köln\nam Rhein"),
    ],
)
def test_cells_as_text(read, cell, text):
    assert cells(read([["id", "value"], ["a", cell]])) == {2: ("a", text)}


def test_rows_stand_under_excels_numbers(read):
    rows = [[], [None, "id", 2024], [], [None, "a", 1], [None, None, None], [None, "b", None]]
    table = read(rows)
    assert list(table.frame) == ["id", "2024"]
    assert cells(table) == {4: ("a", "1"), 6: ("b", None)}


def test_hidden_rows_and_columns_are_read(read):
    def hide(_, sheet):
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True

    assert cells(read([["id", "v"], ["a", 1], ["b", 2]], hide)) == {2: ("a", "1"), 3: ("b", "2")}


def test_the_only_sheet_with_anything_is_read(read):
    def add(book, _):
        book.create_sheet("Empty", 0)
        book.create_chartsheet("Chart")

    assert cells(read([["id"], ["a"]], add)) == {2: ("a",)}


@pytest.mark.parametrize("state", ["visible", "hidden"])
def test_one_of_several_sheets_must_be_stated(read, state):
    def add(book, _):
        other = book.create_sheet("Wave 2")
        other.append(["id"])
        other.append(["z"])
        other.sheet_state = state

    rows = [["id"], ["a"]]
    with pytest.raises(InputError, match=r"several sheets \('Data', 'Wave 2'\); .*'sheet: Data'"):
        read(rows, add)
    assert cells(read(rows, add, sheet="Wave 2")) == {2: ("z",)}
    with pytest.raises(InputError, match="sheet must be one of 'Data', 'Wave 2', not 'wave 2'"):
        read(rows, add, sheet="wave 2")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("#N/A", r"column 'score' \(cell B3\) holds an error"),
        ("#DIV/0!", r"column 'score' \(cell B3\) holds an error"),
        ("=1+1", r"column 'score' \(cell B3\) holds a formula without a result"),
        (900719925474099301, r"column 'score': the number 9007199254740\d+ has more"),
    ],
)
def test_cells_that_cannot_be_read_are_refused(read, cell, told):
    with pytest.raises(InputError, match=f"t.xlsx: sheet 'Data': row 3, {told}"):
        read([["id", "score"], ["a", 1], ["b", cell]])


@pytest.mark.parametrize("merged", ["A2:A3", "A2:B2", "A2:B3"])
def test_merged_cells_are_refused(read, merged):
    rows = [["id", "v"], ["a", 1], ["b", 2], ["c", 3]]
    with pytest.raises(InputError, match=f"row 2, column 'id': the cells {merged} are merged"):
        read(rows, lambda _, sheet: sheet.merge_cells(merged))
    assert len(read(rows, lambda _, sheet: sheet.merge_cells("E8:F9")).frame) == 3


def test_columns_without_a_name(read):
    assert list(read([["id", None, "v", None], ["a", None, 1, None]]).frame) == ["id", "v"]
    with pytest.raises(InputError, match="column 3 has no name, and row 2 holds 'note'"):
        read([["id", "v"], ["a", 1, "note"]])


@pytest.mark.parametrize("rows", [[], [["id", "v"]]])
def test_an_empty_file(read, rows):
    with pytest.raises(InputError, match=r"t.xlsx: is empty"):
        read(rows)


@pytest.mark.parametrize("content", [b"id,v\n1,2\n", b"PK\x03\x04abc", b"\xd0\xcf\x11\xe0abc"])
def test_a_file_that_is_no_excel_file(tmp_path, content):
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(InputError, match=r"t.xlsx: is not a readable Excel file"):
        read_table(File(path="t.xlsx"), tmp_path, ("",))


def test_an_excel_file_under_another_name(read):
    with pytest.raises(InputError, match=r"t.csv: is an Excel or zip file, not text"):
        read([["id"], ["a"]], name="t.csv")
    assert cells(read([["id"], ["a"]], name="t.dat", format="xlsx")) == {2: ("a",)}
