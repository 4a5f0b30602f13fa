"""The first fit of a new process, compilation included."""

import statistics
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.data import simulated_ratings
from tests.benchmarks.report import Report, Row, limit, spread
from tests.benchmarks.startup import seconds

LIMIT = 5.0

#: The ratings come as a stored frame: making or checking a study is no part of a fit.
FIRST = """
import sys
import pandas as pd
import pluralign_stats as pls
data = pd.read_pickle(sys.argv[1])
pls.fit_{model}("rating ~ gender + politics + (1|rater) + (1|item)", data)
"""


def first_call(report: Report, *, quick: bool) -> None:
    """Time whole processes that fit 1,000 ratings, numba's cache empty or full."""
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "ratings.pkl"
        ratings = simulated_ratings(quick=True)
        ratings[ratings["dimension"] == "toxicity"].to_pickle(stored)
        for model in ("linear", "ordinal"):
            command = [sys.executable, "-c", FIRST.format(model=model), str(stored)]
            _measure(report, model, command, runs=1 if quick else 5)


def _measure(report: Report, model: str, command: list[str], runs: int) -> None:
    """Run the process with a new, empty cache and again with what it has left there."""
    empty, full = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            empty.append(seconds(*command, NUMBA_CACHE_DIR=cache))
            full.append(seconds(*command, NUMBA_CACHE_DIR=cache))
    for state, times in (("nothing compiled yet", empty), ("compiled before", full)):
        what = f"New process with its first `fit_{model}`, {state}"
        kept = statistics.median(times) <= LIMIT
        report.add(Row(what, spread(times), limit=limit(f"{LIMIT:.0f} s", kept=kept)))
