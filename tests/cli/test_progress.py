"""Progress: bars in a terminal, plain lines elsewhere, nothing where it is not wanted."""

import io
import subprocess
import sys

import pytest
from rich.console import Console

from pluralign_stats import progress
from pluralign_stats.progress import WorkProgress


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> io.StringIO:
    """What is written to a standard error that is a terminal, or is none."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=request.param, width=140)
    monkeypatch.setattr(progress, "Console", lambda stderr: console)
    return text


def _work(shown: bool = True) -> None:
    with WorkProgress("Working", "answers", {"one [a]": 2, "two": 3}, shown) as bar:
        bar.advance("one [a]", 2)
        bar.step("two", "warming", 5, 8)
        bar._bar.refresh()
        bar.end("one [a]")
        bar.end("two", "it rained")


@pytest.mark.parametrize("written", [True], indirect=True)
def test_in_a_terminal_there_are_bars(written: io.StringIO) -> None:
    _work()
    first, last = written.getvalue().split("\n")[0], written.getvalue().split("\r")[-1]
    assert "Working (2 running)" in first
    assert "2/5" in first
    assert "two: warming" in written.getvalue()
    assert "5/8" in written.getvalue()
    assert "Working (1 failed)" in last
    assert "5/5" in last
    assert "warming" not in last
    assert "0:00:0" in last


@pytest.mark.parametrize("written", [False], indirect=True)
def test_elsewhere_there_is_a_line_for_each_part_that_ended(written: io.StringIO) -> None:
    _work()
    assert written.getvalue() == "1/2 one [a]: done\n2/2 two: failed: it rained\n"


@pytest.mark.parametrize("written", [True, False], indirect=True)
def test_what_is_not_wanted_is_not_written(written: io.StringIO) -> None:
    _work(shown=False)
    assert written.getvalue() == ""


def test_the_package_does_not_load_what_draws_bars() -> None:
    program = "import sys, pluralign_stats; print('rich' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "False\n"
