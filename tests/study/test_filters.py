import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.filters import apply_filters
from pluralign_stats.study.tables import Tables, tabulate

RATINGS = pd.DataFrame(
    {
        "rater": ["p1", "p1", "p2", "p2", "p3", "p3"],
        "item": ["a", "b"] * 3,
        "one": ["1", "1", "1", "0", "0", "0"],
        "two": ["Pass", "fail", "pass", "fail", "PASS", "fail"],
    },
    index=range(2, 8),
)
RATERS = pd.DataFrame({"rater": ["p1", "p2", "p3"], "done": ["yes", "no", ""]}, index=range(2, 5))


def filtered(*rules, raters=True):
    book = codebook_from(
        {
            "name": "f",
            "files": {"ratings": "r.csv"},
            "columns": {"rater": "rater", "item": "item"},
            "dimensions": {"x": {}},
            "filters": {f"f{k}": rule for k, rule in enumerate(rules)},
        },
        "f.yaml",
    )
    tables = Tables(
        tabulate("r.csv", RATINGS, ("",), "0"),
        tabulate("p.csv", RATERS, ("",), "0") if raters else None,
    )
    kept, exclusions = apply_filters(book, tables)
    return list(kept.ratings.frame.index), [
        row[:3] for row in exclusions.itertuples(index=False, name=None)
    ]


BOTH = {"columns": ["one", "two"], "keep": [1, "pass"]}


@pytest.mark.parametrize(
    ("require", "rows"),
    [("all", [2, 4]), ("any", [2, 3, 4, 6]), (1, [2, 3, 4, 6]), (2, [2, 4])],
)
def test_how_many_columns_must_pass(require, rows):
    kept, exclusions = filtered({**BOTH, "require": require})
    assert kept == rows
    assert exclusions == [("f0", 6 - len(rows), 1 if len(rows) == 2 else 0)]


def test_one_failure_may_drop_the_whole_rater():
    rule = {"columns": "one", "keep": 1}
    assert filtered(rule) == ([2, 3, 4], [("f0", 3, 1)])
    assert filtered({**rule, "scope": "rater"}) == ([2, 3], [("f0", 4, 2)])


@pytest.mark.parametrize("scope", ["rating", "rater"])
def test_a_check_in_the_raters_file_drops_raters(scope):
    rule = {"columns": "done", "keep": "YES", "scope": scope}
    assert filtered(rule) == ([2, 3], [("f0", 4, 2)])


def test_filters_apply_one_after_the_other():
    kept, exclusions = filtered({"columns": "two", "keep": "pass"}, {"columns": "one", "keep": 1})
    assert kept == [2, 4]
    assert exclusions == [("f0", 3, 0), ("f1", 1, 1)]


def test_an_unanswered_check_fails():
    assert filtered({"columns": "done", "keep": ["yes", "no"]})[0] == [2, 3, 4, 5]


def test_a_filter_that_leaves_nothing():
    with pytest.raises(
        InputError, match=r"r.csv: the filter 'f0' leaves no ratings: .* '2', .*'1', '0'"
    ):
        filtered({"columns": "one", "keep": 2})


def test_a_filter_on_an_absent_column():
    with pytest.raises(InputError, match=r"unknown column for filter 'f0': .* not 'don'.*'done'"):
        filtered({"columns": "don", "keep": "yes"})
    with pytest.raises(InputError, match=r"unknown column for filter 'f0': .* not 'done'"):
        filtered({"columns": "done", "keep": "yes"}, raters=False)


def test_a_filter_on_columns_of_two_files_is_not_called_an_unknown_column():
    with pytest.raises(InputError, match="the filter 'f0' names columns of two files") as raised:
        filtered({"columns": ["one", "done"], "keep": 1})
    assert "unknown column" not in str(raised.value)
