"""The script that breaks lines breaks them plausibly, one at a time, and tells who notices."""

import ast
from pathlib import Path

import pytest

from tests.mutation import ROOT, Break, breaks, chosen, folder_of, noticed_by

SOURCE = b'''"""Adds up to 3 \xc3\xa4."""

def add(a: int = 1, b: "1 < 2" = 2) -> int:
    """Text that is not 1."""
    if a < b and not a:
        note(a)
    a += 1
    return a + b if a else -b
'''


def test_each_break_is_one_mistake_that_python_can_read():
    found = breaks(Path("add.py"), SOURCE)
    assert [(one.line, SOURCE[one.start : one.end].decode(), one.new) for one in found] == [
        (3, "1", "2"),
        (3, "2", "3"),
        (5, "a < b", "(a <= b)"),
        (5, "a < b and not a", "(a < b or not a)"),
        (5, "not a", "(a)"),
        (6, "note(a)", "pass"),
        (7, "a += 1", "pass"),
        (7, "1", "2"),
        (8, "a + b", "(a - b)"),
        (8, "a + b if a else -b", "(-b if a else a + b)"),
        (8, "-b", "(b)"),
    ]
    for one in found:
        ast.parse(one.of(SOURCE))


@pytest.mark.extended
def test_equal_seeds_break_equal_lines():
    drawn = chosen(ROOT, 20, 1)
    assert drawn == chosen(ROOT, 20, 1) != chosen(ROOT, 20, 2)
    assert len({(one.path, one.line) for one in drawn}) == 20


def test_tests_are_those_that_stand_where_the_module_does():
    assert folder_of(ROOT, Path("pluralign_stats/models/bayes/density.py")) == [
        "tests/models/bayes"
    ]
    assert folder_of(ROOT, Path("training/tuning/run.py")) == ["tests/training"]
    assert "tests/test_results.py" in folder_of(ROOT, Path("pluralign_stats/results.py"))


@pytest.mark.extended
def test_a_break_is_noticed_where_a_test_fails_and_the_line_is_mended(tmp_path):
    module, tests = tmp_path / "training" / "add.py", tmp_path / "tests" / "training"
    tests.mkdir(parents=True)
    module.parent.mkdir()
    (module.parent / "__init__.py").touch()
    source = b"def add(a, b):\n    return a + b\n\ndef unused():\n    return 1\n"
    module.write_bytes(source)
    (tests / "test_add.py").write_text(
        "from training.add import add\ndef test_add(): assert add(2, 2) == 4\n"
    )
    lines = {one.line: one for one in breaks(Path("training/add.py"), source)}
    assert noticed_by(tmp_path, lines[2], near=True) == "not extended, training"
    assert noticed_by(tmp_path, lines[5], near=False) == ""
    assert module.read_bytes() == source
    assert isinstance(lines[2], Break)
