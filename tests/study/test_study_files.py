import pytest

from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.files import File, Files, Join, Stack

REST = {
    "name": "toy",
    "columns": {"rater": "r", "item": "i"},
    "dimensions": {"toxicity": {}},
}


def files(**content):
    return codebook_from({**REST, "files": content}, "study.yaml").files


def test_a_file_is_a_path_a_mapping_a_stack_or_a_join():
    made = files(
        ratings="a.csv", raters={"stack": ["b.csv"]}, items={"join": ["c.csv", "d.csv"], "by": "i"}
    )
    assert [type(spec) for spec in made.specs] == [File, Stack, Join]
    assert [spec.paths for spec in made.specs] == [("a.csv",), ("b.csv",), ("c.csv", "d.csv")]
    assert Files.model_validate(made.model_dump()) == made


def test_what_holds_for_all_files_of_a_stack_is_stated_once():
    stack = Stack.model_validate(
        {"stack": {"en": "a.csv", "de": {"path": "b.txt", "separator": "|"}}, "separator": ";",
         "encoding": "cp1252"}
    )  # fmt: skip
    assert {tag: (f.path, f.separator, f.encoding) for tag, f in stack.files.items()} == {
        "en": ("a.csv", ";", "cp1252"),
        "de": ("b.txt", "|", "cp1252"),
    }


def test_the_tags_of_a_list_are_the_names_without_endings():
    stack = Stack.model_validate({"stack": ["x/a.csv", {"path": "b.v2.json"}]})
    assert list(stack.files) == ["a", "b.v2"]
    with pytest.raises(InputError, match="two files of the stack are called 'a'"):
        files(ratings={"stack": ["x/a.csv", "y/a.csv"]})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"path": "a.csv", "seperator": ";"}, "ratings.seperator'.*did you mean 'separator'"),
        ({"path": "a.csv", "stak": []}, "'files.ratings.stak'.*did you mean 'stack'"),
        ({"stack": ["a.csv"], "restarts": "x"}, "'files.ratings.restarts'.*did you mean 'restart'"),
        ({"join": ["a.csv", "b.csv"], "on": "x", "by": "x"}, "ratings.on'.*one of 'join', 'by'"),
        ({"join": ["a.csv", "b.csv"]}, "the key 'files.ratings.by' is missing"),
        (
            {"path": "a", "map": {"columns": "x", "key": "y", "column": "x"}},
            "'files.ratings.map.columns'.*'column'",
        ),
        ({"stack": {"en": {"path": "a", "shet": "x"}}}, "'files.ratings.stack.en.shet'.*'sheet'"),
        ({"format": "csv"}, "the key 'files.ratings.path' is missing"),
        ({"join": ["a.csv"], "by": "x"}, "'files.ratings.join' is .*at least 2 items"),
        ({"stack": []}, "'files.ratings.stack' is .*at least 1 item"),
    ],
)  # fmt: skip
def test_unknown_and_missing_keys_are_named(content, told):
    with pytest.raises(InputError, match=told):
        files(ratings=content)
