"""From ratings to every pair set of a study."""

import itertools
import json
import statistics
import subprocess
import sys
from typing import Any

from tests.benchmarks.machine import ROOT, environment
from tests.benchmarks.report import Report, Row, limit, spread

#: Most seconds for the published study, and for a million ratings.
LIMITS = {"study": 10.0, "million": 60.0}

#: Whose ratings: everyone's, and those of the groups that figure 2 of the study compares.
GROUPS: tuple[dict[str, str], ...] = (
    {"politics": "Liberal"},
    {"politics": "Conservative"},
    {"gender": "Female"},
    {"gender": "Male"},
    {"ethnicity": "White"},
    {"ethnicity": "Black or African American"},
)


def feedback(report: Report, *, quick: bool) -> None:
    """Time all pair sets of the simulated study, and those of everyone in a million ratings."""
    for what, most in LIMITS.items():
        runs = [measure(what, quick) for _ in range(1 if quick else 3)]
        times = [run["seconds"] for run in runs]
        kept = statistics.median(times) <= most
        sets = f"{runs[0]['sets']} pair sets ({runs[0]['empty']} of them empty)"
        report.add(
            Row(
                f"{runs[0]['ratings']:,} ratings to {sets}",
                f"{spread(times)}, {max(run['gib'] for run in runs):.2f} GiB",
                limit=limit(f"{most:.0f} s", kept=kept),
            )
        )


def measure(what: str, quick: bool) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.feedback", what, str(int(quick))]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(), cwd=ROOT
    )
    return json.loads(done.stdout)


def run(what: str, quick: bool) -> dict[str, Any]:
    """Make a study, then all its pair sets, timed; the study itself is not."""
    import resource
    import time

    import pluralign_stats as pls
    from pluralign_stats.errors import InputError
    from pluralign_stats.feedback.pairs import preference_pairs

    if what == "study":
        study = pls.simulate_study(n_raters=200 if quick else 1095, missing=0.0)
    else:
        n_raters = 400 if quick else 40_000
        study = pls.simulate_study(n_raters=n_raters, n_prompts=500, missing=0.0)
    chosen = recipes(study.dimensions, GROUPS if what == "study" else ({},))
    start, empty = time.perf_counter(), 0
    for recipe in chosen:
        try:
            preference_pairs(study, recipe)
        except InputError:
            empty += 1
    seconds = time.perf_counter() - start
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    told = {"seconds": seconds, "sets": len(chosen), "empty": empty, "gib": gib}
    return {**told, "ratings": len(study.ratings)}


def recipes(dimensions: tuple[str, ...], groups: tuple[dict[str, str], ...]) -> list[Any]:
    """Groups x scales x strategies x objectives: each dimension alone, and all together."""
    from pluralign_stats.feedback.recipe import STRATEGIES, Recipe

    objectives = [{d: 1.0} for d in dimensions] + [dict.fromkeys(dimensions, 1.0)]
    scales = ("5-point", "3-point", "binary")
    return [
        Recipe(weights=weights, group=group, scale=scale, strategy=strategy)
        for group, scale, strategy, weights in itertools.product(
            groups, scales, STRATEGIES, objectives
        )
    ]


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2] == "1")))
