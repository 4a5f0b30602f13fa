import pytest

from pluralign_stats import InputError
from pluralign_stats.study.yaml_file import line_of, parse_yaml, read_text


def test_yes_and_no_are_words_and_true_is_not():
    content = parse_yaml("a: [Yes, no, ON, off, y]\nb: true\nc: False\nd: NO\n", "t.yaml")
    assert content["a"] == ["Yes", "no", "ON", "off", "y"]
    assert (content["b"], content["c"], content["d"]) == (True, False, "NO")


def test_other_values_are_read_as_usual():
    content = parse_yaml("a: 1\nb: 1.5\nc: null\nd: ~\ne: '1'\n1: x\n", "t.yaml")
    assert content == {"a": 1, "b": 1.5, "c": None, "d": None, "e": "1", 1: "x"}


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


def test_text_files_are_utf_8_with_or_without_a_mark(tmp_path):
    (tmp_path / "t").write_bytes(b"\xef\xbb\xbf\xc3\xa4")
    assert read_text(tmp_path / "t") == "ä"
    (tmp_path / "t").write_bytes(b"ab\xe4")
    with pytest.raises(InputError, match=r"not UTF-8 text \(byte 2\)"):
        read_text(tmp_path / "t")
