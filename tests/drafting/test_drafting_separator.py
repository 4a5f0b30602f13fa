"""What stands between the fields of a file that nobody described."""

import pytest

from pluralign_stats.drafting.tables import read_sources
from pluralign_stats.errors import InputError

ROWS = "p1{0}r1{0}4\np1{0}r2{0}5\np2{0}r1{0}2\n"


def separator(tmp_path, text, name="all.csv"):
    (tmp_path / name).write_bytes(text.encode())
    return read_sources([tmp_path / name], tmp_path, None, wide=True).ratings.entry.get("separator")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
@pytest.mark.parametrize(
    "header",
    [
        "who{0}what{0}said",
        "who{0}what{0}said (1 = no, 5 = yes)",
        "who (a, b, c){0}what, where{0}said",
        '"who"{0}what{0}"said; (1, 2 | 3)"',
    ],
)
def test_it_is_seen_through_names_that_hold_commas(tmp_path, mark, header):
    assert separator(tmp_path, f"{header}\n{ROWS}".format(mark)) == mark


@pytest.mark.parametrize("header", ["who,what,said", "who,what,said; 1 to 5", "who,what,a|b|c|d"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_comma_is_the_usual_one(tmp_path, start, header):
    assert separator(tmp_path, f"{start}{header}\n{ROWS.format(',')}") is None


def test_texts_may_hold_other_marks_and_line_breaks(tmp_path):
    rows = "".join(f'p{k},r{k % 7},"one; two;\nthree, {k}"\n' for k in range(90))
    assert separator(tmp_path, f"who,what,text\n{rows}") is None
    rows = "".join(f'p{k};r{k % 7};"one, two,\nthree; {k}"\n' for k in range(90))
    assert separator(tmp_path, f"who;what;text, as given\n{rows}") == ";"


def test_a_first_line_may_tell_it(tmp_path):
    assert separator(tmp_path, f"sep=;\nwho;what;said, in words\n{ROWS.format(';')}") is None


def test_lines_of_unlike_lengths_are_an_error_of_the_reader(tmp_path):
    with pytest.raises(InputError, match="row 4 has 2 fields, the header 3"):
        separator(tmp_path, f"who;what;said\n{ROWS.format(';')}".replace("p2;r1;2", "p2;r1"))
