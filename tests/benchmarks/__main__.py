"""Measure start-up against a bare interpreter, and reading and checking a million ratings.

Each line gives the median of several runs and their range. Limits are those that the project has
set itself.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7

READ = """
import resource, sys, time
start = time.perf_counter()
import pluralign_stats as pls
study = pls.read_study(sys.argv[1])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
print(len(study.ratings), seconds, peak)
"""


def seconds(*command: str) -> float:
    """Wall time of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def startup() -> None:
    """Compare imports and help with a bare interpreter, the runs interleaved."""
    bare = [sys.executable, "-c", "pass"]
    commands = {
        "import pluralign_stats": ([sys.executable, "-c", "import pluralign_stats"], 0.5),
        "pluralign --help": ([str(Path(sys.executable).with_name("pluralign")), "--help"], 0.7),
    }
    for name, (command, limit) in commands.items():
        seconds(*command)
        pairs = [(seconds(*bare), seconds(*command)) for _ in range(RUNS)]
        base, own = (statistics.median(column) for column in zip(*pairs, strict=True))
        low, high = min(p[1] for p in pairs), max(p[1] for p in pairs)
        print(
            f"{name:28} {own:6.2f} s [{low:.2f}, {high:.2f}]   bare python {base:.2f} s   "
            f"ratio {own / base:4.1f}   limit {limit} s"
        )


def reading() -> None:
    """Read and check 1,000,000 ratings: 40,000 raters, five items, five dimensions."""
    from pluralign_stats.simulate.study import write_simulated_study

    with tempfile.TemporaryDirectory() as folder:
        wide = write_simulated_study(
            Path(folder) / "wide", n_raters=40_000, n_prompts=500, missing=0.0
        )
        for name, codebook in (("wide", wide), ("long", as_one_long_file(wide))):
            runs = [read(codebook) for _ in range(3)]
            times, peak = [r[1] for r in runs], max(r[2] for r in runs)
            print(
                f"{f'{runs[0][0]:,.0f} ratings, {name}':28} {statistics.median(times):6.2f} s "
                f"[{min(times):.2f}, {max(times):.2f}]   peak {peak:.2f} GiB   limit 10 s, 2 GB"
            )


def read(codebook: Path) -> list[float]:
    """Ratings, seconds and peak memory (GiB) of reading a study in a process of its own."""
    command = [sys.executable, "-c", READ, str(codebook)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(part) for part in done.stdout.split()]


def as_one_long_file(codebook: Path) -> Path:
    """Write the same study as one file with a row per rating, demographics repeated."""
    import pandas as pd
    import yaml

    book = yaml.safe_load(codebook.read_text("utf-8"))
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
    (folder / "study.yaml").write_text(yaml.safe_dump(kept, allow_unicode=True), "utf-8")
    return folder / "study.yaml"


if __name__ == "__main__":
    startup()
    reading()
