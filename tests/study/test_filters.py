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


# By column, by language, in any file, and by numbers ------------------------------------------

SPOKEN = RATINGS.assign(
    tongue=["en", "en-GB", "de", "de-DE", "en", "de"],
    attention=["agree", "agree", "zu", "nicht zu", "no", "agree"],
    seconds=["119.5", "120", "300", "7", "", "NA"],
)
ITEMS = pd.DataFrame(
    {"item": ["a", "b"], "source": ["web", "app"], "year": ["2023", "2025"]}, index=range(2, 4)
)


def spoken(rule, language="tongue"):
    columns = {"rater": "rater", "item": "item"} | ({"language": language} if language else {})
    book = codebook_from(
        {"name": "f", "files": {"ratings": "r.csv"}, "columns": columns, "dimensions": {"x": {}}}
        | {"filters": {"f": rule}},
        "f.yaml",
    )
    tables = Tables(
        tabulate("r.csv", SPOKEN, ("", "NA"), "0"),
        tabulate("p.csv", RATERS, ("",), "0"),
        tabulate("i.csv", ITEMS, ("",), "0"),
    )
    kept, _ = apply_filters(book, tables)
    return list(kept.ratings.frame.index), list(kept.items.frame["item"])


def rows(rule, **options):
    return spoken(rule, **options)[0]


def test_what_passes_may_differ_by_column():
    keep = {"one": 1, "attention": ["agree", "zu"]}
    assert rows({"columns": ["one", "attention"], "keep": keep}) == [2, 3, 4]
    with pytest.raises(InputError, match="'keep' by column lacks 'two'"):
        rows({"columns": ["one", "two"], "keep": {"one": 1}})


def test_what_passes_may_differ_by_language():
    keep = {"en": "agree", "de": ["zu", "nicht zu"]}
    assert rows({"columns": "attention", "keep": keep}) == [2, 3, 4, 5]
    both = {"columns": ["attention", "one"], "keep": {"attention": keep, "one": [1, 0]}}
    assert rows(both) == [2, 3, 4, 5]
    with pytest.raises(InputError, match=r"column 'tongue', rows 4, 5, 7: .*'de'.*allowed: 'en'"):
        rows({"columns": "attention", "keep": {"en": "agree"}})
    with pytest.raises(InputError, match=r"filters: 'keep' of 'f' names 'en', 'de', which are not"):
        rows({"columns": "attention", "keep": keep}, language=None)


def test_rows_of_some_languages_are_kept():
    assert rows({"columns": "tongue", "keep": "en"}) == [2, 3, 6]
    assert rows({"columns": "tongue", "keep": ["en", "de"]}) == [2, 3, 4, 5, 6, 7]
    assert rows({"columns": "tongue", "keep": "de-DE"}) == [5]
    assert rows({"columns": "tongue", "keep": "en"}, language=None) == [2, 6]


def test_numbers_are_compared():
    assert rows({"columns": "seconds", "at_least": 120}) == [3, 4]
    assert rows({"columns": "seconds", "at_most": 120}) == [2, 3, 5]
    assert rows({"columns": "seconds", "at_least": 119.5, "at_most": 120}) == [2, 3]
    assert rows({"columns": "seconds", "at_least": 8, "scope": "rater"}) == [2, 3]
    with pytest.raises(
        InputError, match=r"column 'attention', rows .*allowed: numbers; .*'f' needs"
    ):
        rows({"columns": "attention", "at_least": 1})


def test_values_may_be_dropped():
    assert rows({"columns": "attention", "drop": ["NO", "nicht zu"]}) == [2, 3, 4, 7]
    assert rows({"columns": "seconds", "drop": ["", "NA"], "at_least": 8}) == [2, 3, 4]


def test_a_property_of_items_takes_items_and_their_ratings_out():
    assert spoken({"columns": "source", "keep": "web"}) == ([2, 4, 6], ["a"])
    assert spoken({"columns": "year", "at_least": 2024}) == ([3, 5, 7], ["b"])


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"columns": "one"}, "say what passes: 'keep', 'drop', 'at_least' or 'at_most'"),
        ({"columns": "one", "keep": None}, "say what passes"),
        ({"columns": "one", "at_least": 3, "at_most": 2}, "no number is at least 3 and at most 2"),
        ({"columns": "one", "at_least": "1,5"}, "decimals are written with a point"),
        ({"columns": "one", "atleast": 1}, "did you mean 'at_least'"),
    ],
)
def test_rules_that_say_nothing_or_cannot_be_met(rule, told):
    with pytest.raises(InputError, match=told):
        rows(rule)


def test_what_a_filter_without_keep_asked_for_is_told():
    with pytest.raises(
        InputError, match="leaves no ratings: it keeps 1000 or more, and column 'sec"
    ):
        rows({"columns": "seconds", "at_least": 1000})
