"""Start-up of the package and its command line, beside a bare interpreter."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.machine import environment
from tests.benchmarks.report import Report, Row, limit, spread


def seconds(*command: str, **variables: str) -> float:
    """Wall time of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment(**variables))
    return time.perf_counter() - start


def startup(report: Report, *, quick: bool) -> None:
    """Compare imports and help with a bare interpreter, the runs interleaved."""
    bare = [sys.executable, "-c", "pass"]
    commands = {
        "`import pluralign_stats`": ([sys.executable, "-c", "import pluralign_stats"], 0.5),
        "`pluralign --help`": ([str(Path(sys.executable).with_name("pluralign")), "--help"], 0.7),
    }
    for name, (command, most) in commands.items():
        seconds(*command)
        pairs = [(seconds(*bare), seconds(*command)) for _ in range(2 if quick else 7)]
        base, own = zip(*pairs, strict=True)
        kept = statistics.median(own) <= most
        told = f"`python -c pass` {statistics.median(base):.2f} s"
        report.add(Row(name, spread(own), told, limit=limit(f"{most} s", kept=kept)))
