"""Runs to test with: prepared, trained here, or trained in a process that is killed."""

import os
import random
import signal
import time
import traceback
from pathlib import Path
from typing import Any

import pandas as pd
import tiny

from pluralign_stats.storage.files import write_json
from pluralign_stats.storage.folders import is_complete, staging_folder
from training.conditions.condition import CONDITION, Condition

QUICK = {
    "learning_rate": 1e-2,
    "batch_size": 4,
    "accumulation": 1,
    "max_steps": 8,
    "lora_rank": 4,
    "gradient_checkpointing": False,
    "checkpoint_steps": 2,
    "log_steps": 2,
}


def condition(optimizer: str, base: Path, seed: int = 3, **options: Any) -> Condition:
    training: dict[str, Any] = QUICK | options
    if optimizer == "grpo":
        own = {k: v for k, v in training.items() if k not in ("thinking",)}
        training |= {"generations": 4, "max_new_tokens": 40, "batch_size": 8, "reward": own}
    return Condition(
        recipe={"weights": {"toxicity": 1}},
        optimizer=optimizer,
        base_model=str(base),
        seed=seed,
        training=training,
    )


def prepare(folder: Path, made: Condition, feedback: pd.DataFrame | None = None) -> Path:
    """What the parent of a worker writes into a folder; returns the folder to be."""
    if feedback is None:
        feedback = tiny.unpaired() if made.optimizer == "kto" else tiny.pairs()
    working = staging_folder(folder)
    feedback.to_parquet(working / "feedback.parquet")
    empty = pd.DataFrame({"reason": [], "n": [], "cause": []})
    empty.to_parquet(working / "excluded.parquet")
    write_json(working / CONDITION, made.model_dump(mode="json"))
    write_json(working / "inputs.json", {"condition": made.digest})
    return folder


def train_in_child(folder: Path, base: Path) -> int:
    """Train in a copy of this process; returns its number."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            from training.tuning.run import train_condition

            status = 0 if train_condition(folder, str(base)) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def train_with_kills(folder: Path, base: Path, seconds: float, seed: int) -> int:
    """Train, killed at random times until it comes to its end; returns how often it was killed."""
    rng = random.Random(seed)
    kills = 0
    while True:
        child = train_in_child(folder, base)
        until = time.monotonic() + rng.uniform(0.1, 1.0) * seconds
        while time.monotonic() < until:
            if os.waitpid(child, os.WNOHANG) != (0, 0):
                assert folder.exists()
                return kills
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        if folder.exists():  # killed between its last step and its end
            assert is_complete(folder)
            return kills
        seconds *= 1.3
