import json

import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.files import File
from pluralign_stats.study.json_file import read_json, read_json_lines


def read(content, **spec):
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    data = text if isinstance(text, bytes) else text.encode()
    return read_json(data, File(path="t.json", **spec), "t.json")


def cells(frame):
    return [list(row) for row in frame.astype(object).where(frame.notna(), None).to_numpy()]


def test_an_array_of_objects_gives_a_row_each():
    frame = read([{"a": 1, "b": "x"}, {"b": "y", "c": [1]}])
    assert list(frame) == ["a", "b", "c"]
    assert list(frame.index) == [1, 2]
    assert cells(frame) == [[1, "x", None], [None, "y", [1]]]


@pytest.mark.parametrize(("spec", "column"), [({}, "key"), ({"key": "item"}, "item")])
def test_objects_by_name_keep_their_names_in_a_column(spec, column):
    frame = read({"i7": {"a": 1}, "i8": {"a": 2}}, **spec)
    assert list(frame) == [column, "a"]
    assert frame[column].tolist() == ["i7", "i8"]


def test_the_column_of_names_is_in_no_object():
    with pytest.raises(InputError, match=r"column 'item', and they have .*state 'key: NAME'"):
        read({"i7": {"item": 1}}, key="item")


def test_tables_by_column_as_pandas_writes_them():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    for orient in ("columns", "list", "records"):
        held = (
            frame.to_dict("list") if orient == "list" else json.loads(frame.to_json(orient=orient))
        )
        assert cells(read(held)) == [[1, "x"], [2, None], [3, "z"]]


def test_raters_numbered_from_0_are_no_columns():
    """In a table by column the numbers stand inside, here they stand outside."""
    frame = read({"0": {"Age": 19, "Gender": "Female"}, "1": {"Age": 34, "Gender": "Male"}})
    assert frame["key"].tolist() == ["0", "1"]
    assert frame["Age"].tolist() == [19, 34]


def test_the_rows_may_stand_in_a_list_of_the_one_object():
    frame = read({"meta": {"n": 2}, "data": [{"a": 1}, {"a": 2}]}, rows="data")
    assert frame["data"].tolist() == [[{"a": 1}, {"a": 2}]]
    with pytest.raises(InputError, match=r"t.json: is one object; allowed: an array.*'rows: data'"):
        read({"n": 2, "data": [{"a": 1}, {"a": 2}]})


def test_one_object_a_line_in_a_file_that_ends_as_json():
    assert read('{"a": 1}\n{"a": 2}\n')["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"a": 1},\n {"a" 2}]', "line 2, sign 7: malformed JSON: Expecting ':' delimiter"),
        ('[{"a": 1}, {"a": 2}', "line 1, sign 20: malformed JSON: Expecting ',' delimiter"),
        ('[{"a": 1, "a": 2}]', "the key 'a' stands twice"),
        ("[1, 2]", r"row 1: must be an object \{…\}, not 1"),
        ('[{"a": 1}, null]', "row 2: must be an object"),
        ('"a"', 't.json: holds "a"; allowed: an array of objects'),
        ("[" * 100_000, "cannot be read as JSON"),
        ('[{"a": "Köln"}]'.encode("cp1252"), "it looks like cp1252"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(content, told):
    with pytest.raises(InputError, match=told) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_json_lines_that_are_one_array_are_told_how_to_be_read():
    for text in ('[\n{"a": 1}\n]', '{\n"a": 1}'):
        with pytest.raises(InputError, match=r"row 1: .*'format: json'"):
            read_json_lines(text.encode(), File(path="t.jsonl"), "t.jsonl")
