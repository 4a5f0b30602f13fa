"""What is written in a codebook is what is meant, in keys and values."""

import pytest

from pluralign_stats import InputError, read_study
from pluralign_stats.study.codebook_file import read_codebook

BOOK = """\
name: 010
title: 2024
files: {ratings: ratings.csv}
columns: {rater: person, item: 1.0}
dimensions:
  good: {column: 007, scale: [1, 5], labels: {1: 1.0, 5: NO}}
demographics:
  group: %s
%s"""

#: Values of a demographic that YAML 1.1 or a reader of numbers would change.
VALUES = ["010", "8", "10", "12:30", "750", "1_000", "1000", "1.0", "1", "1e3", "0o10", "0x1F",
          "31", "007", "7", "No", "false", "null", "~", "2024-01-01", "TRUE", "Yes", ".5", "0.50",
          "+5", "5"]  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def write_and_read(group, rest="", values=VALUES):
        (tmp_path / "study.yaml").write_text(BOOK % (group, rest))
        rows = ["person,1.0,007,group"]
        for place, value in enumerate(values):
            for copy in "ab":
                rows += [f"0{place}{copy},i{k},{1 + (k + place) % 5},{value}" for k in range(3)]
        (tmp_path / "ratings.csv").write_text("\n".join(rows) + "\n")
        return read_study(tmp_path / "study.yaml")

    return write_and_read


def test_levels_are_those_that_are_written(read):
    written = ", ".join("'~'" if value == "~" else value for value in VALUES)
    study = read(f"{{levels: [{written}], reference: 010}}")
    levels = study.raters["group"]
    assert list(levels.cat.categories) == [*VALUES]
    assert (levels.value_counts() == 2).all()


@pytest.mark.parametrize("value", ["010", "12:30", "1_000", "1.0", "0x1F", "007", "null", "No"])
def test_recoding_takes_the_value_that_is_written_and_no_other(read, value):
    levels = read(f"{{recode: {{{value}: X}}}}").raters.set_index("rater")["group"]
    assert list(levels.index[levels == "X"]) == [f"0{VALUES.index(value)}{copy}" for copy in "ab"]
    assert value not in set(levels)


def test_recoding_leads_to_what_is_written(read):
    levels = read("{recode: {8: 008, 10: TRUE, 5: 0.50}}").raters["group"]
    assert {"008", "TRUE", "0.50"} <= set(levels)
    assert not {"8", "10", "5"} & set(levels)


def test_recoding_to_null_is_a_missing_answer(read):
    levels = read("{recode: {8: null, 10: ~, 5: }}").raters["group"]
    assert levels.isna().sum() == 6
    assert not {"8", "10", "5"} & set(levels)


@pytest.mark.parametrize("value", ["010", "12:30", "1_000", "0x1F", "null", "~", "1e3"])
def test_missing_codes_and_declined_answers_are_those_that_are_written(read, value):
    quoted = f"'{value}'" if value == "~" else value
    missing = read("{}", f"missing: ['', {quoted}]\n").nonresponse
    declined = read(f"{{declined: [{quoted}]}}").nonresponse
    for lost in (missing, declined):
        assert list(lost["rater"]) == [f"0{VALUES.index(value)}{copy}" for copy in "ab"]


def test_filters_keep_what_is_written(read):
    study = read("{}", "filters: {some: {columns: group, keep: [010, 12:30, 1_000, No]}}\n")
    assert set(study.raters["group"]) == {"010", "12:30", "1_000", "No"}


def test_ids_and_names_keep_their_digits(read):
    study = read("{}")
    assert study.name == "010"
    assert study.title == "2024"
    assert set(study.raters["rater"].str.len()) == {3, 4}
    assert study.codebook.dimensions["good"].labels == {1: {"en": "1.0"}, 5: {"en": "NO"}}


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "yes"])
def test_truth_values_in_any_case(read, value):
    assert read("{}", f"simulated: {value}\n").simulated is True


@pytest.mark.parametrize("key", ["010", "1.0", "null", "0x1F", "12:30"])
def test_an_unknown_key_is_named_as_written_with_its_line(tmp_path, key):
    (tmp_path / "study.yaml").write_text(BOOK % ("{}", f"{key}: x\n"))
    with pytest.raises(InputError, match=rf"study.yaml, line 9: unknown key '{key}'"):
        read_codebook(tmp_path / "study.yaml")


@pytest.mark.parametrize("empty", ["[a, ~]", "[a, ]\n    reference:", "\n    - a\n    -"])
def test_an_empty_entry_is_no_level(tmp_path, empty):
    (tmp_path / "study.yaml").write_text(BOOK % (f"\n    levels: {empty}", ""))
    if "reference" in empty:
        assert read_codebook(tmp_path / "study.yaml").demographics["group"].reference is None
        return
    with pytest.raises(InputError, match=r"study.yaml, line \d+: .*an empty entry \(null\)"):
        read_codebook(tmp_path / "study.yaml")
