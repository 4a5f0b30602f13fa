"""One condition of the miniature experiment, from feedback to scores, on one core."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.machine import ROOT, environment
from tests.benchmarks.report import Report, Row, limit, spread

#: Most seconds of one condition, generation and scores included, the base model being there.
LIMITS = {"dpo": 20.0, "grpo": 40.0}

#: The part of the grid that ships which is measured.
CHANGES = {
    "groups: [{gender: Female}, {gender: Male}]": "groups: all",
    "scales: [5-point, binary]": "scales: 5-point",
    "strategies: [preserve, majority]": "strategies: preserve",
}


#: Takes one step to warm up, then times fifteen.
PRETRAINING = """
import time
from training.embedded.pretrain import BaseConfig, muon_format, pretrain
from training.embedded.tokenizer import make_tokenizer
tokenizer = make_tokenizer(thinking=False)
pretrain(tokenizer, "embedded", 1, BaseConfig(steps=1))
began = time.process_time()
pretrain(tokenizer, "embedded", 1, BaseConfig(steps=15))
print(muon_format(), time.process_time() - began)
"""

#: What oneDNN and torch may use, as on a processor without AVX-512.
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}


def pretraining(report: Report, *, quick: bool) -> None:
    """Time fifteen steps of pre-training, as this processor is and as one without AVX-512."""
    for limits in ({}, AVX2):
        command = [sys.executable, "-c", PRETRAINING]
        runs = [
            subprocess.run(
                command, check=True, capture_output=True, text=True, cwd=ROOT,
                env=environment(**limits),
            ).stdout.split()
            for _ in range(1 if quick else 3)
        ]  # fmt: skip
        held = ", held to AVX2" if limits else ""
        report.add(
            Row(
                f"Pre-training of a miniature, 15 of 400 steps{held}, Muon in {runs[0][0]}",
                f"{spread([float(seconds) for _, seconds in runs])} of one core",
            )
        )


def tuning(report: Report, *, quick: bool) -> None:
    """Time training, generation and scores of three seeds, in one process at a time."""
    pretraining(report, quick=quick)
    seeds = [1] if quick else [1, 2, 3]
    with TemporaryDirectory() as home:
        study = Path(home) / "study" / "study.yaml"
        timed("simulate", "--embedded", "--out", study.parent)
        for optimizer, most in LIMITS.items():
            times = one(Path(home) / optimizer, study, optimizer, seeds)
            kept = statistics.median(times) <= most
            report.add(
                Row(
                    f"One condition of the miniature experiment, {optimizer.upper()}, one core",
                    spread(times),
                    limit=limit(f"{most:.0f} s", kept=kept),
                )
            )


def one(home: Path, study: Path, optimizer: str, seeds: list[int]) -> list[float]:
    """Seconds of each seed's condition: its training, and its part of the other stages."""
    home.mkdir()
    grid = (ROOT / "training" / "configs" / "embedded-small.yaml").read_text(encoding="utf-8")
    changes = {"optimizers: [dpo, grpo]": f"optimizers: {optimizer}", "seeds: 1": f"seeds: {seeds}"}
    for old, new in {**CHANGES, **changes}.items():
        grid = grid.replace(old, new)
    (home / "grid.yaml").write_text(grid, encoding="utf-8")
    timed("train", home / "grid.yaml", "--study", study, "--out", home / "runs")
    trained = [
        json.loads(mark.read_text(encoding="utf-8"))["seconds"]
        for mark in sorted((home / "runs").glob("*/complete.json"))
    ]
    asked = ("--study", study, "--samples", "10")
    spoken = timed("generate", home / "runs", "--out", home / "generations", *asked)
    judged = timed("judge", home / "generations", "--judge", "embedded", "--out", home / "scores")
    # The untuned model is asked as well.
    return [seconds + (spoken + judged) / (len(seeds) + 1) for seconds in trained]


def timed(*arguments: str | Path) -> float:
    """Seconds of a command."""
    command: list[str] = [sys.executable, "-m", "pluralign_stats", *map(str, arguments)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment(), cwd=ROOT)
    return time.perf_counter() - began
