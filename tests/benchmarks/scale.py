"""How time and memory of a fit grow with the number of ratings."""

import json
import math
import statistics
import subprocess
import sys
from typing import Any

from tests.benchmarks.machine import ROOT, environment
from tests.benchmarks.report import Report, Row, limit, spread

SIZES = (31_250, 62_500, 125_000, 250_000, 500_000, 1_000_000)
QUICK_SIZES = (4_000, 8_000)
#: Most seconds and GB at the largest size.
LIMITS = {"linear": (60.0, 4.0), "ordinal": (300.0, 4.0)}


def scale(report: Report, *, quick: bool) -> None:
    """Fit made-up ratings, each time in a new process: raters n / 20, items 2,000."""
    for model in LIMITS:
        points: list[tuple[int, float]] = []
        for n in QUICK_SIZES if quick else SIZES:
            runs = [fit(model, n) for _ in range(1 if quick else 3)]
            times = [run["seconds"] for run in runs]
            points.append((n, statistics.median(times)))
            report.add_point(_cells(model, points, runs))
        _add_summary(report, model, points, runs)


def fit(model: str, n: int) -> dict[str, Any]:
    """One fit in a process of its own; see `scale_fit`."""
    command = [sys.executable, "-m", "tests.benchmarks.scale_fit", model, str(n)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(), cwd=ROOT
    )
    return json.loads(done.stdout)


def _cells(model: str, points: list[tuple[int, float]], runs: list[dict[str, Any]]) -> tuple:
    n, seconds = points[-1]
    doubt = "" if all(run["converged"] for run in runs) else ", not converged"
    return (
        model,
        f"{n:,}",
        f"{runs[0]['raters']:,}",
        spread([run["seconds"] for run in runs]),
        f"{seconds / n * 1e6:.1f} s",
        f"{max(run['gib'] for run in runs):.2f}",
        f"{slope(points[-2:]):.2f}" if len(points) > 1 else "",
        f"{max(run['error'] for run in runs):.1f} SE{doubt}",
    )


def _add_summary(
    report: Report, model: str, points: list[tuple[int, float]], runs: list[dict[str, Any]]
) -> None:
    """The largest size against its limits, and the slope over all sizes."""
    most, memory = LIMITS[model]
    n, seconds = points[-1]
    gib = max(run["gib"] for run in runs)
    kept = seconds <= most and gib * 1024**3 <= memory * 1e9
    report.add(
        Row(
            f"`fit_{model}`, {n:,} ratings, {runs[0]['raters']:,} raters, {runs[0]['items']:,} "
            "items",
            f"{spread([run['seconds'] for run in runs])}, {gib:.2f} GiB",
            f"time grows as n^{slope(points):.2f}, in the last step n^{slope(points[-2:]):.2f}",
            limit=limit(f"{most:.0f} s, {memory:.0f} GB", kept=kept),
        )
    )


def slope(points: list[tuple[int, float]]) -> float:
    """Least-squares slope of log seconds on log ratings."""
    x, y = ([math.log(v) for v in column] for column in zip(*points, strict=True))
    return statistics.linear_regression(x, y).slope
