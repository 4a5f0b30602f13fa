"""What tests/cluster/slurm.sh runs: a small grid, and a check that all of it was done."""

import json
import sys
from pathlib import Path

from pluralign_stats.study.yaml_file import dump_yaml, parse_yaml

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "workflow"), str(TESTS / "training")]
PROFILE = TESTS.parent / "training" / "workflow" / "profiles" / "slurm" / "config.yaml"


def prepare(folder: Path) -> None:
    """Write a tiny model, the run's configuration, and the profile for one small machine."""
    import tiny
    from small_run import small_config, write_config

    from reports.notebook import find_notebooks

    base = tiny.make_model("llama", folder / "base")
    config = small_config(base)
    # A miniature is pre-trained in a job of its own, as are the chapters on the ratings.
    config["changes"]["base_models"] = [str(base), "embedded"]
    others = [notebook.path.stem for notebook in find_notebooks()][1:]
    config["report"] = {"leave_out": [name for name in others if "rating_scales" not in name]}
    write_config(folder, config)
    profile = parse_yaml(PROFILE.read_text(encoding="utf-8"), PROFILE.name)
    small = {"runtime": 20, "mem_mb": 1000, "cpus_per_task": 1}
    profile |= {"default-resources": small, "latency-wait": 10}
    profile["slurm-init-seconds-before-status-checks"] = 5
    profile["slurm-status-command"] = "squeue"  # without accounting sacct knows nothing
    profile["set-resources"] = dict.fromkeys(profile["set-resources"], small)
    (folder / "profile").mkdir(exist_ok=True)
    (folder / "profile" / "config.yaml").write_text(dump_yaml(profile), encoding="utf-8")


def check(folder: Path) -> None:
    """Refuse anything but a run that is complete."""
    from pluralign_stats.storage.folders import is_complete

    out = folder / "out"
    planned = [row["id"] for row in json.loads((out / "plan.json").read_text())["conditions"]]
    left = [name for name in planned if not is_complete(out / "runs" / name)]
    if left or not planned:
        sys.exit(f"not complete: {left}")
    (table,) = out.glob("scores/*/outcomes.parquet")
    pages = sorted(page.stem for page in (out / "report").glob("[0-9]*.html"))
    if len(pages) != 2:
        sys.exit(f"the report has other chapters than asked for: {pages}")
    print(f"{len(planned)} runs complete; scores: {table}; chapters: {', '.join(pages)}")


if __name__ == "__main__":
    (check if "--check" in sys.argv else prepare)(Path(sys.argv[1]).resolve())
