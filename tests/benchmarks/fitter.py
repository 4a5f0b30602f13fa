"""Programs that hold their data and fit a model when asked, so that runs can be interleaved."""

import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from tests.benchmarks.machine import ROOT, environment


class FitterError(RuntimeError):
    """A program that ended or ran too long."""


@dataclass(frozen=True)
class Outcome:
    """One fit: seconds, log-likelihood or REML criterion, rows, effects beside the intercept."""

    seconds: float
    criterion: float
    rows: int
    effects: int


@dataclass(frozen=True, eq=False)
class Fitter:
    """A running program that answers each line with a fit.

    Attributes
    ----------
    name
        What it is called in messages.
    process, errors
        The process, and what it writes to standard error.
    patience
        Seconds after which it is stopped if it has not answered.
    """

    name: str
    process: subprocess.Popen
    errors: TextIO
    patience: float

    def fit(self) -> Outcome:
        """Fit once."""
        self.process.stdin.write("fit\n")
        self.process.stdin.flush()
        seconds, criterion, rows, effects = self.answer("fit")
        return Outcome(float(seconds), float(criterion), int(rows), int(effects))

    def answer(self, expected: str) -> list[str]:
        """Words after `expected` of the next line that starts with it."""
        late = threading.Timer(self.patience, self.process.kill)
        late.start()
        try:
            for line in self.process.stdout:
                if line.startswith(expected):
                    return line.split()[1:]
        finally:
            late.cancel()
        self.errors.seek(0)
        said = [line for line in self.errors.read().splitlines() if line.strip()]
        stopped = self.process.wait() == -signal.SIGKILL
        reason = f"more than {self.patience:.0f} s" if stopped else "".join(["ended: ", *said[-1:]])
        raise FitterError(f"{self.name} {reason}")


@contextmanager
def running(name: str, command: Sequence[str], patience: float) -> Iterator[Fitter]:
    """Start a program, wait until it has read its data, and end it at last."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, **pipes, stderr=errors, env=environment(), cwd=ROOT) as process,
    ):
        try:
            fitter = Fitter(name, process, errors, patience)
            fitter.answer("ready")
            yield fitter
        finally:
            process.kill()
