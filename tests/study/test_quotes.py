import pandas as pd
import pytest

from pluralign_stats.study.quotes import Dialect, Forms, fault, rows_within

COMMA = Dialect(",")


@pytest.mark.parametrize(
    "raw",
    [
        "a,b,c\n",
        '"a","b","c"\r\n',
        'a,"b, ""b""\n",c',
        ' "a" , "b",c\n',
        'a,5" pipe,c"\n',
        ",,\n",
        '"","",""\n',
    ],
)
def test_records_in_good_form(raw):
    assert fault(raw, 3, COMMA) is None


@pytest.mark.parametrize(
    ("raw", "place", "reason"),
    [
        ('a,"b,c\n', 1, "never closes"),
        ('"a"b,c,d\n', 0, "closes before 'b,c,d'"),
        ('a,"b"" ,c\n', 1, "never closes"),
        ('a,"b\nc" d,e\n', 1, "closes, 1 line below, before 'd,e'"),
    ],
)
def test_the_first_field_in_bad_form(raw, place, reason):
    found = fault(raw, 3, COMMA)
    assert found
    assert found[0] == place
    assert reason in found[1]


def test_escapes_and_spaces_belong_to_the_dialect():
    assert fault(r'"a\"b",c' + "\n", 2, COMMA)
    assert fault(r'"a\"b",c' + "\n", 2, Dialect(",", "\\")) is None
    assert fault('"a"  "b"\n', 3, Dialect(" ")) is None


def test_forms_are_those_of_columns_whose_cells_look_alike():
    table = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(9)],
            "sex": ["F", "M", "F"] * 3,
            "text": [f"{'x' * i} is said" for i in range(9)],
        }
    )
    forms = Forms(table, spaced=False)
    assert forms.of(0) == {"r0"}
    assert forms.of(1) == {"F", "M"}
    assert forms.of(2) == frozenset()


@pytest.fixture
def forms():
    rows = [(f"r{i}", str(i % 5), "FM"[i % 2]) for i in range(20)]
    return Forms(pd.DataFrame(rows), spaced=False)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (["r1", "2", "F\nr2,3,M"], 2),
        (["r1", "2,F\nr2,3", "M"], 1),
        (["r1,2,F\nr2", "3", "M"], 0),
        (["r1", "2,F\nr2,3,M\n\nr3,4", "F"], 1),
    ],
)
def test_rows_within_a_text(forms, fields, place):
    assert rows_within(fields, COMMA, forms) == place


@pytest.mark.parametrize(
    "fields",
    [
        ["r1", "2", "F\nr2,3"],
        ["r1", "2", "well, yes\nno"],
        ["r1", "2", "F\nI, that is we, agree"],
        ["r1", "2", "F\nnever,ever,again"],
        ["r1", "2", "F"],
    ],
)
def test_lines_of_a_text_that_are_no_rows(forms, fields):
    assert rows_within(fields, COMMA, forms) is None
