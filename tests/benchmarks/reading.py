"""Reading and checking a million ratings from files."""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.machine import environment
from tests.benchmarks.report import Report, Row, limit, spread

LIMITS = (10.0, 2.0)

READ = """
import resource, sys, time
start = time.perf_counter()
import pluralign_stats as pls
study = pls.read_study(sys.argv[1])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
print(len(study.ratings), seconds, peak)
"""


def reading(report: Report, *, quick: bool) -> None:
    """Read and check 1,000,000 ratings: 40,000 raters, five items, five dimensions."""
    from pluralign_stats.simulate.study import write_simulated_study

    with tempfile.TemporaryDirectory() as folder:
        wide = write_simulated_study(
            Path(folder) / "wide", n_raters=400 if quick else 40_000, n_prompts=500, missing=0.0
        )
        for name, codebook in (
            ("wide CSV files", wide),
            ("one long CSV file with demographics in each row", as_one_long_file(wide)),
        ):
            runs = [read(codebook) for _ in range(1 if quick else 3)]
            times, peak = [r[1] for r in runs], max(r[2] for r in runs)
            kept = statistics.median(times) <= LIMITS[0] and peak <= LIMITS[1]
            report.add(
                Row(
                    f"Read and check {runs[0][0]:,.0f} ratings, {name}",
                    f"{spread(times)}, {peak:.2f} GiB",
                    limit=limit("10 s, 2 GB", kept=kept),
                )
            )


def read(codebook: Path) -> list[float]:
    """Ratings, seconds and peak memory (GiB) of reading a study in a process of its own."""
    command = [sys.executable, "-c", READ, str(codebook)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    return [float(part) for part in done.stdout.split()]


def as_one_long_file(codebook: Path) -> Path:
    """Write the same study as one file with a row per rating, demographics repeated."""
    import pandas as pd

    from pluralign_stats.study.yaml_file import dump_yaml, parse_yaml

    book = parse_yaml(codebook.read_text("utf-8"), codebook.name)
    files = {role: codebook.parent / entry["path"] for role, entry in book["files"].items()}
    ratings = pd.read_csv(files["ratings"], dtype=str)
    keys = ["participant_id", "question_id", "prompt_id", "language"]
    columns = [c for c in ratings if c.startswith("rating_")]
    long = ratings.melt(keys, columns, "what", "value")
    folder = codebook.parent.with_name("long")
    folder.mkdir()
    long.merge(pd.read_csv(files["raters"], dtype=str), on="participant_id").to_csv(
        folder / "ratings.csv", index=False
    )
    book["files"] = {"ratings": "ratings.csv"}
    book["columns"] |= {"dimension": "what", "rating": "value"}
    kept = {k: v for k, v in book.items() if k not in {"texts", "covariates", "filters", "truth"}}
    (folder / "study.yaml").write_text(dump_yaml(kept), "utf-8")
    return folder / "study.yaml"
