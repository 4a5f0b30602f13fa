import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.combine import join_tables, stack_tables
from pluralign_stats.study.tables import tabulate


def table(name, **columns):
    n = len(next(iter(columns.values())))
    return tabulate(name, pd.DataFrame(columns, pd.RangeIndex(2, 2 + n)), ("NA",), f"{name}'s")


def rows(made):
    frame = made.frame.astype(object).where(made.frame.notna(), None)
    return [tuple(row) for row in frame.to_numpy()]


EN = table("en.csv", person=["1", "2"], age=["20", "30"], only=["x", "y"])
DE = table("de.csv", person=["1", "9"], age=["40", "50"])


def test_stacked_rows_are_told_apart_by_a_column():
    made = stack_tables({"en": EN, "de": DE}, "language")
    assert list(made.frame) == ["person", "age", "only", "language"]
    assert [(r[0], r[3]) for r in rows(made)] == [
        ("1", "en"), ("2", "en"), ("1", "de"), ("9", "de"),
    ]  # fmt: skip
    assert made.hashes == {"en.csv": "en.csv's", "de.csv": "de.csv's"}
    assert made.name == "en.csv + de.csv"
    assert list(stack_tables({"en": EN, "de": DE}).frame) == ["person", "age", "only"]


def test_names_that_begin_anew_get_the_tag_of_their_file():
    made = stack_tables({"en": EN, "d:e": DE}, restart=["person"])
    assert made.frame["person"].tolist() == ["en:1", "en:2", r"d\:e:1", r"d\:e:9"]
    with pytest.raises(InputError, match=r"en.csv: unknown column for 'restart': .*'person'"):
        stack_tables({"en": EN, "de": DE}, restart=["persons"])


def test_errors_name_each_file_with_its_own_rows():
    made = stack_tables({"en": EN, "de": DE}, "language")
    bad = made.frame["person"] == "1"
    told = str(made.refuse("person", bad, "'2'", "correct it"))
    assert told.startswith(
        "en.csv: column 'person', row 2; de.csv: column 'person', row 2: value '1'"
    )
    assert str(made.refuse("age", made.frame["age"] == "50", "'2'", "x")).startswith(
        "de.csv: column 'age', row 3: value '50'"
    )


def test_a_column_that_a_file_lacks_is_empty_there_and_told():
    made = stack_tables({"en": EN, "de": DE})
    assert [r[2] for r in rows(made)] == ["x", "y", None, None]
    assert made.notes == (
        "de.csv lacks the column 'only' of the files stacked with it: empty there",
    )


def test_files_that_do_not_belong_together_are_refused():
    other = table("other.csv", zip=["1"])
    with pytest.raises(InputError, match=r"other.csv: has no column that en.csv has too.*'zip'"):
        stack_tables({"en": EN, "other": other}, "language")
    with pytest.raises(InputError, match=r"en.csv: has a column 'age' already"):
        stack_tables({"en": EN, "de": DE}, "age")


def test_joined_columns_stand_beside_the_rows_of_the_first():
    other = table("prolific.csv", person=["2", "1", "7"], sex=["Male", "Female", "Male"])
    made = join_tables([EN, other], "person")
    assert rows(made) == [("1", "20", "x", "Female"), ("2", "30", "y", "Male")]
    assert made.notes == (
        "fewer than 10 of the 3 names of 'person' in prolific.csv are not in en.csv and were left "
        "out",
    )
    assert set(made.hashes) == {"en.csv", "prolific.csv"}


def test_rows_that_the_other_file_does_not_know_stay_empty_there():
    made = join_tables([EN, table("p.csv", person=["1"], sex=["Female"])], "person")
    assert rows(made)[1] == ("2", "30", "y", None)
    assert made.notes == (
        "p.csv does not know fewer than 10 of the 2 names of 'person' in en.csv: its columns are "
        "empty there",
    )


def test_a_column_that_both_files_have_is_told_and_kept():
    made = join_tables([EN, table("p.csv", person=["1", "2"], age=["21", "31"])], "person")
    assert list(made.frame) == ["person", "age", "only", "age (p.csv)"]
    assert made.notes == ("'age' stands in p.csv too, and is read there as 'age (p.csv)'",)


def test_joins_that_cannot_be_meant_are_refused():
    twice = table("p.csv", person=["1", "1"], sex=["Female", "Male"])
    with pytest.raises(InputError, match=r"p.csv: column 'person', row 3: value '1'; allowed"):
        join_tables([EN, twice], "person")
    with pytest.raises(InputError, match=r"p.csv: column 'person' has no name in common with en"):
        join_tables([EN, table("p.csv", person=["x"], sex=["Male"])], "person")
    with pytest.raises(InputError, match=r"p.csv: unknown column for 'by'"):
        join_tables([EN, table("p.csv", id=["1"])], "person")
