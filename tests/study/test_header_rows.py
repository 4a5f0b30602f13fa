import csv
import io
import json

import openpyxl
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File

NAMES = ["StartDate", "ResponseId", "Q1_1", "gender"]
WORDINGS = ["Start Date", "Response ID", 'How toxic is it,\nfrom 1 to 5? - "A"', "Your gender"]
IDS = [json.dumps({"ImportId": i}) for i in ("startDate", "_recordId", "QID1_1", "QID2")]
ROWS = [["2024-01-31", "R_1", "3", "Female"], ["2024-01-31", "R_2", "4", "Männlich"]]


def text(rows, separator=","):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, name="t.csv", **spec):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return read_table(File.model_validate({"path": name, **spec}), tmp_path, ())

    return write_and_read


@pytest.mark.parametrize("kind", ["csv", "tab in UTF-16", "tsv", "xlsx"])
def test_the_three_rows_of_qualtrics_are_no_answers(read, kind):
    rows = [NAMES, WORDINGS, IDS, *ROWS]
    if kind == "xlsx":
        book, out = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            book.active.append(row)
        book.save(out)
        table = read(out.getvalue(), "t.xlsx")
    elif kind == "csv":
        table = read(text(rows))
    elif kind == "tsv":
        table = read(text(rows, "\t"), "t.tsv")
    else:
        table = read(text(rows, "\t").encode("utf-16"))
    assert table.frame.index.tolist() == [4, 5]
    assert table.frame["gender"].tolist() == ["Female", "Männlich"]
    assert table.wordings["Q1_1"] == 'How toxic is it, from 1 to 5? - "A"'
    told = "t.{}: rows 2 and 3 are read as Qualtrics' wordings of questions and import ids"
    assert table.notes[-1].startswith(told.format(kind if kind in ("xlsx", "tsv") else "csv"))


@pytest.mark.parametrize(
    ("names", "wordings"),
    [
        (NAMES, WORDINGS),
        (["V1", "V8", "Q1", "Q2"], ["ResponseID", "StartDate", "How?", "Who?"]),
    ],
)
def test_the_two_rows_of_its_older_exports(read, names, wordings):
    table = read(text([names, wordings, *ROWS]))
    assert table.frame.index.tolist() == [3, 4]
    assert table.notes == (
        "t.csv: row 2 is read as Qualtrics' wordings of questions, not as answers",
    )


def test_answers_that_look_like_headers_are_answers(read):
    assert len(read(text([NAMES, *ROWS])).frame) == 2
    other = ["rater", "item", "Q1_1", "gender"]
    assert len(read(text([other, other, *ROWS])).frame) == 3
    assert len(read("a,b\nx,\ny,\n").frame) == 2


def test_rows_of_header_that_are_stated(read):
    rows = [["a", "b"], ["What?", "Who?"], ["1", "x"]]
    table = read(text(rows), header_rows=2)
    assert table.frame.to_dict("list") == {"a": ["1"], "b": ["x"]}
    assert table.wordings == {"a": "What?", "b": "Who?"}
    assert table.notes == ()
    assert len(read(text([NAMES, WORDINGS, IDS, *ROWS]), header_rows=1).frame) == 4


def test_a_header_without_data_is_told(read):
    with pytest.raises(InputError, match=r"t.csv: 3 rows of header and no row of data"):
        read(text([NAMES, WORDINGS, IDS]))
    with pytest.raises(InputError, match=r"t.csv: 5 rows of header and no row of data"):
        read(text([NAMES, *ROWS]), header_rows=5)
