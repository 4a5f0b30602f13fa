"""Runs the command line in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pluralign_stats.cli import main


@dataclass(frozen=True)
class Ran:
    status: int | None
    out: str
    err: str


Runner = Callable[..., Ran]


@pytest.fixture
def pluralign(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run ``pluralign WORD …`` and return exit status, standard output and standard error."""

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["pluralign", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        seen = capsys.readouterr()
        status = ended.value.code
        return Ran(0 if status is None else status, seen.out, seen.err)

    return run
