"""A run that is small enough to be killed twenty times: three conditions of a tiny model."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pluralign_stats.study.yaml_file import dump_yaml

TRAINING = {
    "max_steps": 4,
    "batch_size": 4,
    "accumulation": 1,
    "max_length": 128,
    "lora_rank": 2,
    "precision": "fp32",
    "gradient_checkpointing": False,
    "checkpoint_steps": 1,
}


def small_config(base: Path, /, **changes: Any) -> dict[str, Any]:
    """A run on a tiny model in a folder, without a report."""
    return {
        "title": "A small run",
        "study": {
            "simulate": {"seed": 1, "embedded": True, "raters": 150, "prompts": 6, "responses": 3}
        },
        "base": "embedded",
        "changes": {
            "base_models": str(base),
            "seeds": 1,
            "min_examples": 1,
            "training": {"dpo": TRAINING},
        },
        "experiments": {
            "scales": {"scales": ["5-point", "binary"]},
            "strategies": {"strategies": ["preserve", "mean"]},
        },
        "generate": {"samples": 1, "max_tokens": 12},
        "judges": {"embedded": {"judge": "embedded"}},
        "report": None,
        **changes,
    }


def write_config(folder: Path, config: dict[str, Any], name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_text(dump_yaml(config), encoding="utf-8")
    return path


def start(config: Path, out: Path, *words: object, **given: Any) -> "subprocess.Popen[str]":
    """Start the run in a process group of its own, beside modules of the user that have our names.

    None of ours may take one of these for its own.
    """
    beside = config.parent / "beside"
    beside.mkdir(exist_ok=True)
    for name in ("training", "reports", "snakemake"):
        (beside / f"{name}.py").write_text("raise SystemExit('a file of the user')\n")
    command = [sys.executable, "-m", "pluralign_stats", "reproduce", config, "--out", out, *words]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=beside,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **given},
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Status, standard output and standard error."""
    out, err = process.communicate(timeout=3600)
    return process.returncode, out, err


def run(config: Path, out: Path, *words: object, **given: Any) -> tuple[int, str, str]:
    return finish(start(config, out, *words, **given))


def results(out: Path) -> dict[str, str]:
    """What a run found: the hash of every adapter, answer and score, by file."""
    inside = [*out.glob("runs/*/adapter/*.safetensors"), *out.glob("generations/*/gen*.parquet")]
    inside += out.glob("scores/*/outcomes.parquet")
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(inside)
    }


def children(process: int) -> list[int]:
    """A process and all that it has started, by Linux's own account."""
    found = [process]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def failed(out: Path) -> set[str]:
    """Conditions whose training failed."""
    told = [json.loads(path.read_text("utf-8")) for path in out.glob("trained/*.json")]
    return {name for part in told for name in part["failed"]}
