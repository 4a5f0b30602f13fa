import copy
import json
import math
import pickle

import pytest

from pluralign_stats import InputError
from pluralign_stats.study.yaml_file import dump_yaml, line_of, parse_yaml, read_text

WORDS = [
    "Yes", "no", "ON", "off", "y", "True", "FALSE", "null", "NULL", "12:30", "190:20:30", "1_000",
    "0b11", "2024-01-01", "2024-01-01 10:00:00", "1.2.3", "0xZ", "1e", ".e3", "=", "18-30",
]  # fmt: skip
NUMBERS = {
    "0": 0, "1": 1, "-99": -99, "+5": 5, "010": 10, "007": 7, "0777": 777, "08": 8, "0o10": 8,
    "0x1F": 31, "1.0": 1.0, "1.50": 1.5, "1e3": 1000.0, "1E-3": 0.001, ".5": 0.5, "5.": 5.0,
    "-.5e-3": -0.0005, ".inf": float("inf"), "-.INF": float("-inf"),
}  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_words_stay_words(word):
    text = f"list: [{word}]\nflow: {{{word}: x}}\n{word}: x\n"
    content = parse_yaml(text, "t.yaml", words=True)
    assert content["list"] == [word]
    assert list(content["flow"]) == [word]
    assert list(content) == ["list", "flow", word]


@pytest.mark.parametrize(("written", "number"), NUMBERS.items())
def test_numbers_are_numbers_and_remember_how_they_were_written(written, number):
    content = parse_yaml(f"a: {written}\nb: ['{written}']\n{written}: c\n", "t.yaml")
    assert content["a"] == number
    assert type(content["a"] + 0) is type(number)
    assert (str(content["a"]), f"{content['a']}") == (written, written)
    assert content["b"] == [written]
    assert list(content) == ["a", "b", written]
    assert json.dumps(content["a"]) == json.dumps(number)
    for same in (pickle.loads(pickle.dumps(content["a"])), copy.deepcopy(content["a"])):
        assert (same, str(same)) == (number, written)


def test_what_is_no_number_is_none():
    assert math.isnan(parse_yaml("a: .nan", "t.yaml")["a"])


@pytest.mark.parametrize("words", [True, False])
def test_truth_values_and_nothing(words):
    text = "a: true\nb: false\nc: null\nd: ~\ne:\nf: NULL\ng: [~, 1, true]\n"
    content = parse_yaml(text, "t.yaml", words=words)
    nothing = dict.fromkeys("cdef")
    assert content == {"a": True, "b": False, **nothing, "g": [None, 1, True]}


def test_settings_take_truth_values_and_nothing_in_any_case():
    content = parse_yaml("a: TRUE\nb: False\nc: [True, Null]\nTrue: Yes\n", "t.yaml")
    assert content == {"a": True, "b": False, "c": [True, None], "True": "Yes"}
    content = parse_yaml("a: TRUE\nb: False\nc: [True, Null]\nTrue: Yes\n", "t.yaml", words=True)
    assert content == {"a": "TRUE", "b": "False", "c": ["True", "Null"], "True": "Yes"}


def test_a_number_as_key_and_its_text_are_one_key():
    with pytest.raises(InputError, match=r"line 2: .*'1' stands twice \(first in line 1\)"):
        parse_yaml("1: x\n'1': y\n", "t.yaml")
    assert parse_yaml("010: x\n10: y\n8: z\n", "t.yaml") == {"010": "x", "10": "y", "8": "z"}


def test_a_stated_tag_for_text():
    assert parse_yaml("a: !!str 010\n", "t.yaml") == {"a": "010"}


def test_an_alias_inside_of_itself():
    with pytest.raises(InputError, match=r"t.yaml, line 1: malformed YAML: an alias"):
        parse_yaml("a: &x [*x]", "t.yaml")


SIGNS = ["a: b", "- x", "# no", " x", "x ", "~", "", "true", "line\nbreak", "tab\t", "ü„", "a\x85b",
         "a\u2028b", "'", '"', "\\", "-", "?", "|", ">", "%", "@", "`", "{", "[", "&a", "*a", "!x",
         "<<", "x" * 300, "a\rb"]  # fmt: skip


def test_what_is_written_is_read_back():
    words = [*WORDS, *NUMBERS, *SIGNS]
    content = {
        "list": words,
        "map": {word: word for word in words},
        "numbers": [1, 1.5, 1e-7, 1e22, -3, True, False],
        "nothing": None,
    }
    again = parse_yaml(dump_yaml(content), "t.yaml")
    assert again == content
    assert [type(word) for word in again["list"]] == [str] * len(words)
    assert list(again) == list(content)
    written = parse_yaml("a: 010\nb: 1.50\n", "t.yaml")
    assert dump_yaml(written) == "a: 010\nb: 1.50\n"


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "x:\n  a: 1\n  b: 2\n  a: 3\n"])
def test_a_key_stated_twice_is_refused_with_both_lines(text):
    last, first = text.count("\n"), text.split("a: 1")[0].count("\n") + 1
    with pytest.raises(InputError, match=rf"t.yaml, line {last}: .*'a' .*twice .*line {first}"):
        parse_yaml(text, "t.yaml")


def test_anchors_aliases_and_merge_keys():
    text = "a: &one {x: 1, y: 2}\nb: *one\nc: {<<: *one, y: 3}\n"
    assert parse_yaml(text, "t.yaml") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 3},
    }


@pytest.mark.parametrize("text", ["{a: 1}: 2", "[a, b]: 2", "x: {[a]: 1}"])
def test_a_key_must_be_one_word(text):
    with pytest.raises(InputError, match=r"t.yaml, line 1: "):
        parse_yaml(text, "t.yaml")


@pytest.mark.parametrize("text", ["a: !!python/object/apply:os.getcwd []", "a: !thing 1"])
def test_no_code_runs(text):
    with pytest.raises(InputError, match=r"t.yaml, line 1: malformed YAML"):
        parse_yaml(text, "t.yaml")


def test_control_characters_are_refused():
    with pytest.raises(InputError, match=r"t.yaml.*: malformed YAML"):
        parse_yaml("a: \x00", "t.yaml")


def test_the_line_of_an_entry():
    text = "a: 1\nb:\n  c:\n    - x\n    - y\n  1: z\n"
    assert line_of(text, ("a",)) == 1
    assert line_of(text, ("b", "c")) == 3
    assert line_of(text, ("b", "c", 1)) == 5
    assert line_of(text, ("b", 1)) == 6
    assert line_of(text, ("b", "absent")) == 2
    assert line_of(text, ("absent",)) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_files_are_in_a_form_of_unicode(tmp_path, encoding):
    (tmp_path / "t").write_bytes("ä„".encode(encoding))
    assert read_text(tmp_path / "t") == "ä„"


def test_text_files_in_other_encodings(tmp_path):
    (tmp_path / "t").write_bytes("name: Köln\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"t: line 1: byte 0xf6 .*cp1252 \('Köln'\): save it as"):
        read_text(tmp_path / "t")
