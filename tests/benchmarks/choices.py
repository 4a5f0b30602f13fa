"""Models of choices: among systems, and among responses with random strengths."""

import json
import statistics
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd

from tests.benchmarks.machine import ROOT, environment
from tests.benchmarks.report import Report, Row, limit, spread

#: Most seconds for comparisons among systems with deviations of raters, for comparisons and for the
#: best of four among responses with random strengths.
LIMITS = {"systems": 20.0, "responses": 120.0, "best of four": 120.0}

CHOICES, RATERS, SYSTEMS, PROMPTS = 200_000, 3_000, 20, 7_000


def choices(report: Report, *, quick: bool) -> None:
    """Time the models of 200,000 choices; reading them is told beside it."""
    for what, most in LIMITS.items():
        runs = [measure(what, quick) for _ in range(1 if quick else 3)]
        times = [run["seconds"] for run in runs]
        kept = statistics.median(times) <= most and all(run["converged"] for run in runs)
        read = statistics.median(run["read"] for run in runs)
        report.add(
            Row(
                f"{runs[0]['choices']:,} choices, {what}: Bradley-Terry or Plackett-Luce",
                f"{spread(times)}, {max(r['gib'] for r in runs):.2f} GiB (read in {read:.1f} s)",
                limit=limit(f"{most:.0f} s", kept=kept),
            )
        )


def measure(what: str, quick: bool) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.choices", what, str(int(quick))]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(), cwd=ROOT
    )
    return json.loads(done.stdout)


def run(what: str, quick: bool) -> dict[str, Any]:
    """Make choices and fit their model, timed; reading is timed apart."""
    import resource
    import time

    import pluralign_stats as pls

    rng = np.random.default_rng(1)
    shrink = 20 if quick else 1
    frame, columns = among(what, rng, CHOICES // shrink, PROMPTS // shrink)
    start = time.perf_counter()
    made = pls.choices.Choices.from_frame(
        frame, rater="rater", prompt="prompt", set="number", chosen="won", **columns
    )
    read = time.perf_counter() - start
    start = time.perf_counter()
    by = "gender" if what == "systems" else None
    fit = pls.fit_choices(made, by, responses=what != "systems")
    seconds = time.perf_counter() - start
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    told = {"seconds": seconds, "read": read, "converged": fit.converged, "gib": gib}
    return {**told, "choices": len(frame)}


def among(
    what: str, rng: np.random.Generator, n: int, n_prompts: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Choices: two systems, two responses to a prompt, or four; and what their columns are."""
    level, k = np.linspace(-1, 1, SYSTEMS), 4 if what == "best of four" else 2
    rater, group = rng.integers(0, RATERS, n), rng.integers(0, 2, RATERS)
    prompt = rng.integers(0, n_prompts, n)
    if what == "systems":
        shown = rng.random((n, SYSTEMS)).argsort(axis=1)[:, :k]
        deviation = 0.5 * rng.normal(size=(RATERS, SYSTEMS))
        strength = level[shown] * (1 + 0.3 * group[rater])[:, None]
        strength = strength + deviation[rater[:, None], shown]
        options = np.array([f"system {s}" for s in range(SYSTEMS)])[shown]
        systems = None
    else:
        made_by = rng.random((n_prompts, SYSTEMS)).argsort(axis=1)[:, :4]
        own = level[made_by] + 0.7 * rng.normal(size=made_by.shape)
        shown = rng.random((n, 4)).argsort(axis=1)[:, :k]
        strength = own[prompt[:, None], shown]
        number = 4 * prompt[:, None] + shown
        options = np.array([f"response {r}" for r in range(4 * n_prompts)])[number]
        systems = np.array([f"system {s}" for s in range(SYSTEMS)])[made_by[prompt[:, None], shown]]
    names = [f"option_{c + 1}" for c in range(k)]
    frame = pd.DataFrame(options, columns=names)
    columns: dict[str, Any] = {"options": names, "shown_in_order": True}
    if k == 2:
        latent = strength[:, 0] - strength[:, 1] + rng.logistic(size=n)
        frame["won"] = np.select([latent > 0.3, latent > -0.3], [names[0], "tie"], names[1])
    else:
        frame["won"] = np.array(names)[(strength + rng.gumbel(size=(n, k))).argmax(axis=1)]
    if systems is not None:
        columns["systems"] = [f"system_{c + 1}" for c in range(k)]
        frame[columns["systems"]] = systems
    people = {"rater": rater, "prompt": prompt, "number": range(n)}
    columns["demographics"] = ["gender"]
    return frame.assign(**people, gender=np.array(["Female", "Male"])[group[rater]]), columns


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], bool(int(sys.argv[2])))))
