import json
from unicodedata import normalize

import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File
from pluralign_stats.study.questions import Factor
from pluralign_stats.study.tables import RawTable, Tables, row_list

MISSING = ("", "NA")


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, missing=MISSING, name="t.csv", **spec):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return read_table(File(path=name, **spec), tmp_path, missing)

    return write_and_read


def cells(table):
    frame = table.frame.astype(object).where(table.frame.notna(), None)
    return dict(zip(frame.index, frame.itertuples(index=False, name=None), strict=True))


def test_rows_stand_under_the_numbers_of_a_spreadsheet(read):
    assert cells(read("a,b\n1,x\n2,y\n")) == {2: ("1", "x"), 3: ("2", "y")}
    assert cells(read('{"a": 1}\n{"a": 2}\n', name="t.jsonl")) == {1: ("1",), 2: ("2",)}
    assert list(read(pd.DataFrame({"a": [7]}).to_parquet(), name="t.parquet").frame.index) == [1]


def test_blank_lines_do_not_shift_row_numbers(read):
    assert cells(read("a,b\n\n1,x\n\n\n2,y\n\n")) == {3: ("1", "x"), 6: ("2", "y")}
    assert cells(read('{"a": 1}\n\n{"a": 2}\n', name="t.jsonl")) == {1: ("1",), 3: ("2",)}


def test_blank_lines_at_the_start(read):
    assert cells(read("\na,b\n1,x\n")) == {3: ("1", "x")}


def test_quoted_newlines_separators_and_quotes(read):
    table = read('a,b\n"one\ntwo","x,y"\n2,"say ""no"""\n')
    assert cells(table) == {2: ("one\ntwo", "x,y"), 3: ("2", 'say "no"')}


def test_other_line_ends(read):
    assert cells(read("a,b\r\n1,x\r\n2,y")) == {2: ("1", "x"), 3: ("2", "y")}


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separators(read, separator):
    table = read(f"a{separator}b\n1{separator}x,y\n", separator=separator)
    assert cells(table) == {2: ("1", "x,y")}


def test_encodings(read):
    assert cells(read("a\nMünchen\n")) == {2: ("München",)}
    assert cells(read("a\nMünchen\n".encode("latin-1"), encoding="latin-1")) == {2: ("München",)}
    assert cells(read("a\nMünchen\n".encode("utf-16"), encoding="utf-16")) == {2: ("München",)}


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf8"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(read, encoding):
    assert list(read(b"\xef\xbb\xbfa,b\n1,2\n", encoding=encoding).frame) == ["a", "b"]


def test_space_around_cells_goes(read):
    assert cells(read("a,b\n  1 ,\tx \n")) == {2: ("1", "x")}


def test_space_around_column_names_goes(read):
    assert list(read("a, b ,c\n1,2,3\n").frame) == ["a", "b", "c"]


def test_missing_codes_stay_words_until_the_codebook_says_what_they_mean(read):
    table = read("a,b\nNA,1\n 2 ,\n")
    assert cells(table) == {2: ("NA", "1"), 3: ("2", None)}
    assert table.answers("a", "it").isna().tolist() == [True, False]
    assert table.answers("a", "it", Factor(levels=["NA", "2"])).tolist() == ["NA", "2"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("a,b\n-99,1\n-99.0,2\n-99.5,3\n", "t.csv"),
        ('{"a": -99, "b": 1}\n{"a": "-99.0", "b": 2}\n{"a": -99.5, "b": 3}\n', "t.jsonl"),
    ],
)
def test_a_code_that_is_a_whole_number_may_have_a_decimal_point(read, content, name):
    table = read(content, ("", "-99"), name)
    assert table.answers("a", "it").isna().tolist() == [True, True, False]


def test_an_empty_cell_is_missing_whatever_the_codes(read):
    table = read("a,b\n,1\n-99,2\n", missing=("-99",))
    assert cells(table) == {2: (None, "1"), 3: ("-99", "2")}


def test_a_row_of_missing_value_codes_is_no_empty_row(read):
    assert cells(read("a,b\nNA,NA\n,\n")) == {2: ("NA", "NA")}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_cells_and_names_of_columns_have_one_unicode_form(read, form):
    text = normalize(form, "Straße,Köln\nÅngström,Žižek\n")
    frame = read(text).frame
    assert list(frame) == ["Straße", "Köln"]
    assert frame.iloc[0].tolist() == ["Ångström", "Žižek"]


def test_two_columns_that_look_the_same_are_one_too_many(read):
    with pytest.raises(InputError, match="the column 'Köln' stands twice"):
        read(f"{normalize('NFC', 'Köln')},{normalize('NFD', 'Köln')}\n1,2\n")


def test_words_that_programs_take_for_missing_stay_words(read):
    assert cells(read("a,b\nnull,nan\nNone,N/A\n")) == {2: ("null", "nan"), 3: ("None", "N/A")}


def test_numbers_keep_their_digits(read):
    text = "a\n007\n12345678901234567890\n1.50\n"
    assert cells(read(text)) == {2: ("007",), 3: ("12345678901234567890",), 4: ("1.50",)}


def test_numbers_of_typed_files_become_plain_text(read):
    frame = pd.DataFrame({"whole": [1.0, None], "half": [0.5, 2.0], "flag": [True, False]})
    table = read(frame.to_parquet(), name="t.parquet")
    assert cells(table) == {1: ("1", "0.5", "True"), 2: (None, "2.0", "False")}
    lines = '{"a": 1, "b": null, "c": ["x", "y"]}\n{"a": 2.5, "b": 3, "c": ["z"]}\n'
    assert cells(read(lines, name="t.jsonl")) == {
        1: ("1", None, '["x", "y"]'),
        2: ("2.5", "3", '["z"]'),
    }


@pytest.mark.parametrize("between", ["\n", "\n\n"], ids=["", "with a blank line"])
def test_long_identifiers_in_json_lines_keep_their_digits(read, between):
    ids = [900719925474099301, 900719925474099302]
    table = read(between.join(json.dumps({"id": i}) for i in ids), name="t.jsonl")
    assert table.frame["id"].tolist() == [str(i) for i in ids]


def test_long_identifiers_with_gaps_in_parquet_keep_their_digits(read):
    ids = pd.array([900719925474099301, None, 900719925474099302], dtype="Int64")
    table = read(pd.DataFrame({"id": ids, "b": 1}).to_parquet(), name="t.parquet")
    assert table.frame["id"].dropna().tolist() == ["900719925474099301", "900719925474099302"]


def test_json_texts_may_hold_any_line_separator(read):
    text = "one\u2028two\u0085three\x0cfour"
    line = json.dumps({"a": text}, ensure_ascii=False).replace("\\f", "\\u000c")
    assert cells(read(f"{line}\n{line}\n", name="t.jsonl")) == {1: (text,), 2: (text,)}


def test_a_parquet_file_written_with_an_index_keeps_that_column(read):
    frame = pd.DataFrame({"person": ["p1", "p2"], "age": [20, 30]}).set_index("person")
    table = read(frame.to_parquet(), name="t.parquet")
    assert set(table.frame) == {"person", "age"}
    assert table.frame["person"].tolist() == ["p1", "p2"]


def test_a_format_may_be_stated(read):
    assert cells(read("a\n1\n", name="t.dat", format="csv")) == {2: ("1",)}


def test_an_answer_of_more_than_a_megabyte(read):
    long = "x" * 1_500_000
    assert read(f"a,b\n1,{long}\n").frame.loc[2, "b"] == long


def test_the_hash_is_of_the_files_bytes(read):
    first, again, other = read("a\n1\n"), read("a\n1\n"), read("a\n1 \n")
    assert first.hashes == again.hashes != other.hashes


@pytest.fixture
def table():
    frame = pd.DataFrame({"a": ["x", "y", "x", None]}, index=range(2, 6))
    return RawTable("t.csv", frame, {"t.csv": "0"})


def test_a_refusal_names_file_column_rows_value_and_what_is_allowed(table):
    error = table.refuse("a", table.frame["a"] == "x", "'y'", "correct it")
    assert str(error) == "t.csv: column 'a', rows 2, 4: value 'x'; allowed: 'y'; correct it"
    error = table.refuse("a", table.frame["a"].isna(), "'y'", "correct it")
    assert str(error) == "t.csv: column 'a', row 5: no value; allowed: 'y'; correct it"


def test_an_absent_column_is_named_with_the_nearest_spelling(table):
    with pytest.raises(InputError, match=r"t.csv: unknown column for the rater: .* not 'b'"):
        table.require("b", "the rater")


def test_long_lists_of_rows_are_cut_short():
    assert row_list(pd.Index([7])) == "row 7"
    assert row_list(pd.Index(range(1, 9))) == "rows 1, 2, 3, 4, 5, … (8 in all)"


def test_hashes_are_told_by_file(table):
    other = RawTable("u.csv", table.frame, {"u.csv": "1"})
    assert Tables(table, None, other).hashes == {"t.csv": "0", "u.csv": "1"}


def test_a_line_break_in_a_header_counts_as_a_space(read):
    table = read('rater,"Quality of\n  the answer"\nr1,3\n')
    assert list(table.frame) == ["rater", "Quality of the answer"]
    for name in ("Quality of the answer", "Quality of\n  the answer"):
        assert table.require(name, "it").tolist() == ["3"]


def test_blank_columns_without_a_name_go_and_filled_ones_are_refused(read):
    assert cells(read("a,b,,\n1,2,,\n3,4, ,\n")) == {2: ("1", "2"), 3: ("3", "4")}
    assert list(read("a,,b\n1,,2\n").frame) == ["a", "b"]
    with pytest.raises(InputError, match="column 3 has no name, and row 3 holds 'x' there"):
        read("a,b,\n1,2,\n3,4,x\n")


@pytest.mark.parametrize("text", [",a\n1,x\n", '"","a"\n"1","x"\n'])
def test_row_numbers_in_a_first_column_without_a_name(read, text):
    assert read(text).frame["a"].tolist() == ["x"]


def test_a_key_that_stands_twice_in_a_json_object_is_refused(read):
    with pytest.raises(InputError, match="row 2: the key 'a' stands twice"):
        read('{"a": 1}\n{"a": 1, "a": 2}\n', name="t.jsonl")


def test_long_decimal_numbers_in_json_lines_keep_their_digits(read):
    table = read('{"a": 1234567890.1234567}\n{"a": 0.1}\n{"a": 3.0}\n', name="t.jsonl")
    assert table.frame["a"].tolist() == ["1234567890.1234567", "0.1", "3"]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_windows_encodings_are_advised(read, name):
    text = {"t.csv": "a\n„Köln“\n", "t.jsonl": '{"a": "„Köln“"}\n'}[name].encode("cp1252")
    with pytest.raises(InputError, match="'encoding: cp1252'"):
        read(text, name=name)
    assert cells(read(text, name=name, encoding="cp1252")).popitem()[1] == ("„Köln“",)


@pytest.mark.parametrize("stated", ["NFC", "NFD"])
@pytest.mark.parametrize("kept", ["NFC", "NFD"])
def test_a_file_is_found_in_either_unicode_form(tmp_path, stated, kept):
    folder = tmp_path / normalize(kept, "Köln")
    folder.mkdir()
    (folder / normalize(kept, "Übung.csv")).write_text("a\n1\n", "utf-8")
    table = read_table(File(path=normalize(stated, "Köln/Übung.csv")), tmp_path, ())
    assert table.frame["a"].tolist() == ["1"]
