import csv
import io
import random

import pytest

from pluralign_stats import InputError
from pluralign_stats.study.csv_file import read_csv
from pluralign_stats.study.files import File

HEADER = "rater,item,gender,quality,comment\n"
ROWS = [
    f"r{i},i{i % 7},{'Female' if i % 2 else 'Male'},{i % 5 + 1},comment {i}\n" for i in range(96)
]


def read(text, **spec):
    return read_csv(text.encode(), File(path="t.csv", **spec), "t.csv").frame


def cells(text, **spec):
    frame = read(text, **spec)
    return dict(zip(frame.index, map(list, frame.to_numpy()), strict=True))


def table(**changes):
    """The rows above, some of them (by their number in a spreadsheet) changed."""
    rows = list(ROWS)
    for row, (old, new) in changes.items():
        place = int(row.removeprefix("row")) - 2
        assert old in rows[place]
        rows[place] = rows[place].replace(old, new)
    return HEADER + "".join(rows)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("r40", '"r40', "rater"),
        ("Male", '"Male', "gender"),
        ("Male", '"', "gender"),
        ("comment 40", '"comment 40', "comment"),
        ("comment 40", '"comment 40""', "comment"),
    ],
)
def test_a_quote_that_never_closes_names_its_row_and_column(old, new, column):
    with pytest.raises(InputError, match=f"row 42, column '{column}': a quote .*never closes"):
        read(table(row42=(old, new)))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (("comment 40", '"comment 40'), ("comment 55", 'comment 55"')),
        (("Male", '"Male'), ("Female", 'Female"')),
        (("Male", '"'), ("Female", '"')),
        (("r40", '"r40'), ("r55", 'r55"')),
    ],
)
@pytest.mark.parametrize("to", [57, 43])
def test_two_stray_quotes_that_swallow_rows_in_good_form(first, last, to):
    last = tuple(part.replace("55", str(to - 2)) for part in last)
    with pytest.raises(InputError, match=rf"row 42, .*closes in line {to} only, .*look like rows"):
        read(table(**{"row42": first, f"row{to}": last}))


@pytest.mark.parametrize("last", ['"comment 55', 'comm"ent 55"', '"comment 55"'])
def test_two_stray_quotes_that_swallow_rows_and_leave_text_behind(last):
    text = table(row42=("comment 40", '"comment 40'), row57=("comment 55", last))
    with pytest.raises(InputError, match="row 42, column 'comment'"):
        read(text)


def test_stray_quotes_before_a_text_that_is_quoted_rightly():
    text = table(row42=("Male", '"Male'), row57=("comment 55", '"one, two"'))
    with pytest.raises(InputError, match=r"row 42, column 'gender': .*closes, 15 lines below,"):
        read(text)


@pytest.mark.parametrize("separator", [";", "\t", ", "])
def test_two_stray_quotes_with_other_separators(separator):
    text = table(row42=("Male", '"Male'), row57=("Female", 'Female"')).replace(",", separator)
    with pytest.raises(InputError, match=r"row 42, column 'gender': .*look like rows"):
        read(text, separator=separator[0])


def test_stray_quotes_in_the_header():
    with pytest.raises(InputError, match=r"row 1, column 2 of the header: .*never closes"):
        read(table().replace(",item", ',"item', 1))
    with pytest.raises(InputError, match=r"row 1, column 3: .*look like rows"):
        read(table(row2=("Male", 'Male"')).replace(",gender", ',"gender', 1))


def test_a_quote_inside_of_a_field_is_a_character():
    changes = {"row42": ("comment 40", 'a 5" pipe'), "row43": ("comment 41", 'it is 6"')}
    frame = read(table(**changes, row44=("Male", 'the "Male"')))
    assert frame.loc[[42, 43], "comment"].tolist() == ['a 5" pipe', 'it is 6"']
    assert frame.loc[44, "gender"] == 'the "Male"'
    assert len(frame) == 96


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [("i5", 'i5"', "item"), ("Male", 'Ma"le', "gender"), ("r40", 'r40"', "rater")],
)
def test_half_a_quote_in_an_id_or_a_level(old, new, column):
    with pytest.raises(InputError, match=rf"row 42, column '{column}': a quote stands in '{new}'"):
        read(table(row42=(old, new)))


ANSWERS = [
    "Dear Sir,\n\nyours truly, X",
    "Hello\nI am fine, thanks",
    "1, do this\n2, do that\n3, stop",
    "The matrix is:\n1, 0\n0, 1",
    "a,b\nc,d",
    'He said "no",\nthen "yes"',
    "one\r\ntwo\r\n",
    "rater,item,gender,quality\nr1,i1,Male,3",
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("columns", [2, 3])
def test_answers_over_several_lines_are_read(answer, columns):
    out = io.StringIO(newline="")
    rows = [[f"i{k}", f"{answer} {k}" if k % 2 else f"plain {k}", k][:columns] for k in range(30)]
    csv.writer(out).writerows([["item", "answer", "n"][:columns], *rows])
    frame = read(out.getvalue())
    assert frame["answer"].tolist() == [row[1] for row in rows]
    assert frame.index.tolist() == list(range(2, 32))


def test_what_python_writes_comes_back():
    rng = random.Random(1)
    signs = ["a", "1", ",", ";", '"', "\n", "\r\n", " x", "ü", "\u2028", "\x85", "'", "\\", "\t"]
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        rows = [[f"k{k}", "a" + "".join(rng.choices(signs, k=9)) + "z", "e"] for k in range(400)]
        out = io.StringIO(newline="")
        csv.writer(out, quoting=quoting).writerows([["k", "text", "e"], *rows])
        assert read(out.getvalue()).to_numpy().tolist() == rows


def test_a_line_break_of_two_signs_stays_wherever_it_stands():
    """Readers that cut the file into blocks lose a sign where a block ends."""
    text = "k,text\r\n" + "".join(f'{k},"{"x" * (k % 50)}\r\ny"\r\n' for k in range(60_000))
    values = read(text)["text"]
    assert (values.str.count("\r\n") == 1).all()
    assert values.str.endswith("\r\ny").all()


def test_a_line_break_in_the_header():
    assert cells('a,"b\nc"\n1,2\n') == {2: ["1", "2"]}
    assert list(read('a,"b\nc"\n1,2\n')) == ["a", "b\nc"]


def test_rows_and_lines_are_both_named_where_they_differ():
    with pytest.raises(InputError, match=r"row 3 \(line 4\), column 'b': a quote opens"):
        read('a,b\n1,"x\ny"\n2,"z\n')


@pytest.mark.parametrize(
    "written", [r'"he said \"no\", twice"', r'"\"no\""', r'"no\""', r'"a\"b"', r'"a \", b"']
)
def test_backslashes_before_quotes_are_named_and_can_be_stated(written):
    text = f"k,text\n1,{written}\n2,fine\n"
    with pytest.raises(InputError, match=r"row 2.*state 'escape: \\' for this file"):
        read(text)
    meant = written[1:-1].replace('\\"', '"')
    assert cells(text, escape="\\") == {2: ["1", meant], 3: ["2", "fine"]}


def test_escapes_as_mysql_writes_them():
    text = "k\ttext\tn\n1\ta\\\tb\\\nc\t\\N\n2\tC:\\\\N\t3\n"
    assert cells(text, separator="\t", escape="\\") == {
        2: ["1", "a\tb\nc", ""],
        3: ["2", "C:\\N", "3"],
    }


def test_a_backslash_is_a_character_unless_stated_otherwise():
    assert cells('k,path\n1,"C:\\dir\\"\n2,D:\\\n') == {2: ["1", "C:\\dir\\"], 3: ["2", "D:\\"]}


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\nsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_first_line_may_tell_the_separator(first, end):
    assert cells(f"{first}{end}a;b{end}1;2,5{end}") == {2: ["1", "2,5"]}
    with pytest.raises(InputError, match=r"first line is '.*', the codebook states 'separator: "):
        read(f"{first}{end}a;b{end}1;2{end}", separator=",")


def test_spaces_around_quoted_fields():
    assert cells('a,b\n1, "x, y"\n"z" ,"u"  \n') == {2: ["1", "x, y"], 3: ["z ", "u  "]}


def test_empty_fields_too_many_go_and_filled_ones_do_not():
    assert cells("a,b\n1,2,,\n3,4, ,\n") == {2: ["1", "2"], 3: ["3", "4"]}
    with pytest.raises(InputError, match=r"row 2 has 3 fields, the header 2; quote fields .*','"):
        read("a,b\n1,2,3\n")
    with pytest.raises(InputError, match=r"row 3 has 1 field, the header 2; fill it up"):
        read("a,b\n1,2\n3\n")


@pytest.mark.parametrize(
    ("header", "mark"), [("a;b", ";"), ('"a";"b, c"', ";"), ("a\tb", "\t"), ("a|b", "|")]
)
def test_another_separator_in_a_header_without_commas_is_used_and_told(header, mark):
    row = mark.join(("1,5", "2"))
    made = read_csv(f"{header}\n{row}\n".encode(), File(path="t.csv"), "t.csv")
    assert made.frame.to_numpy().tolist() == [["1,5", "2"]]
    told = "a tab" if mark == "\t" else f"'{mark}'"
    assert made.notes == (f"t.csv: {told} separates the fields, as no comma stands in the header",)


@pytest.mark.parametrize("header", ["a\tb, c\td", "a;b, c;d"])
def test_another_separator_beside_commas_is_advised(header):
    row = header[1].join("123")
    with pytest.raises(InputError, match=r"state 'separator: \"(;|\\t)\"'"):
        read(f"{header}\n{row}\n")


def test_a_separator_that_is_stated_is_the_separator():
    with pytest.raises(InputError, match=r"the header is one column 'a;b'; state 'separator: \";"):
        read("a;b\n1;2\n", separator=",")


@pytest.mark.parametrize("path", ["t.tsv", "t.TAB"])
def test_a_tab_separates_where_the_ending_says_so(path):
    made = read_csv(b"a, b\tc\n1\t2,3\n", File(path=path), path)
    assert made.frame.to_dict("list") == {"a, b": ["1"], "c": ["2,3"]}
    assert made.notes == ()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n"])
def test_tables_with_and_without_quotes_are_read_alike(end, last):
    """Without any quote a table is read at once, otherwise row by row."""
    rows = ["rater,item,note", "007, x y ,", "NA,ü,null", "1e5,-0,\u2028"]
    plain = end.join(rows) + last.replace("\n", end)
    assert '"' not in plain
    quoted = plain.replace("rater", '"rater"')
    assert cells(plain) == cells(quoted)
    assert list(read(plain)) == ["rater", "item", "note"]
    for between in ("", ",,"):
        gap = plain.replace("NA", f"{between}{end}NA")
        assert cells(gap) == cells(gap.replace("rater", '"rater"'))


@pytest.mark.parametrize("row", ["1,2", "1,2,3,4", "1\0,2,3", "1,2,3\r4,5,6"])
def test_rows_that_do_not_fit_are_told_the_same_with_and_without_quotes(row):
    told = []
    for header in ("a,b,c", '"a",b,c'):
        try:
            told.append(str(cells(f"{header}\n7,8,9\n{row}\n")))
        except InputError as error:
            told.append(str(error))
    assert told[0] == told[1]


def test_a_comma_in_the_name_of_the_only_column():
    assert cells('"What, exactly?"\nx\n') == {2: ["x"]}


def test_blank_rows_above_the_header():
    assert cells("\n,,\na,b,\n\n1,2,\n") == {5: ["1", "2", ""]}


def test_whole_numbers_with_a_point_behind_all_of_them_lose_it():
    assert cells("a,b,c\n3.0,1.5,1.0\n,2.0,x\n-10.0,,\n") == {
        2: ["3", "1.5", "1.0"],
        3: ["", "2.0", "x"],
        4: ["-10", "", ""],
    }
