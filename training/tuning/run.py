"""Train one condition in its folder, going on from where a killed run stopped."""

import gc
import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from accelerate import PartialState

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_file
from pluralign_stats.storage.files import read_json, write_json, write_text
from pluralign_stats.storage.folders import commit, staging_folder
from pluralign_stats.storage.tables import write_frame
from pluralign_stats.versions import imported_versions
from training.bases.adapter import with_adapter
from training.bases.find import named_ends
from training.bases.load import load_model
from training.bases.tokenizer import load_tokenizer
from training.chat import all_ends
from training.conditions.condition import read_condition
from training.conditions.names import ADAPTER, ENVIRONMENT, EXCLUDED, FAILED, FEEDBACK, INPUTS
from training.conditions.options import DpoOptions, GrpoOptions, KtoOptions
from training.engines.likelihood import answer_logprobs
from training.engines.verification import VERIFICATION, choose_probes, verify
from training.number_format import number_format
from training.optimize.arguments import TrainerConfig, run_trainer, save_adapter
from training.optimize.data import Rows, rows_of
from training.tuning.plan import longest


def train_condition(folder: Path, base: str, tell: Any = None) -> bool:
    """Train the condition whose files were prepared in ``<folder>.partial``.

    Parameters
    ----------
    folder
        The run folder to be; it appears under its name only when complete.
    tell
        Called with a stage's name, steps done and steps in all.

    Returns
    -------
    bool
        Whether the adapter passed verification.

    Raises
    ------
    InputError
        If no example is left, or something cannot be loaded.
    PluralignError
        If the folder cannot be completed.
    """
    began = time.monotonic()
    working = staging_folder(folder)
    condition = read_condition(working)
    tokenizer = load_tokenizer(base, condition.chat_template, condition.pad_token)
    rows = rows_of(pd.read_parquet(working / FEEDBACK), tokenizer, longest(condition, base))
    if not rows.rows:
        left_out = "; ".join(f"{reason}: {n:,}" for reason, n in rows.excluded.items())
        raise InputError(f"the condition {condition.id} has no example to train on ({left_out})")
    config = TrainerConfig(
        name=condition.optimizer,
        folder=working,
        base=base,
        tokenizer=tokenizer,
        options=condition.training,
        seed=condition.seed,
        tell=tell or (lambda *_: None),
    )
    # No name holds the trainer here, so that its memory is free for the copy that is compared.
    passed = _finish(config, rows, _train(config, rows))
    if _is_first():
        seconds = round(time.monotonic() - began, 1)
        inputs = read_json(working / INPUTS)
        commit(working, folder, {"stage": "train", "inputs": inputs, "seconds": seconds})
    return passed


def _train(config: TrainerConfig, rows: Rows) -> Any:
    """Run the optimizer; returns the trainer that holds the tuned model."""
    match config.options:
        case DpoOptions():
            from training.optimize.dpo import dpo_trainer

            return run_trainer(config, dpo_trainer(config, rows.rows))
        case KtoOptions():
            from training.optimize.kto import kto_trainer

            return run_trainer(config, kto_trainer(config, rows.rows))
        case GrpoOptions() as options:
            from training.optimize.grpo import grpo_trainer
            from training.optimize.reward import load_rewards, train_reward

            folder = config.folder / "reward"
            own = replace(
                config, name="reward", folder=staging_folder(folder), options=options.reward
            )
            train_reward(own, rows.rows, folder)
            ends = all_ends(config.tokenizer, named_ends(config.base))
            rewards = load_rewards(own, folder, ends, options.thinking)
            path = config.folder / FEEDBACK
            prompts = pd.read_parquet(path, columns=["prompt_text"])["prompt_text"]
            met = sorted({prompts[row["example"]] for row in rows.rows})
            return run_trainer(config, grpo_trainer(config, met, rewards))


def _finish(config: TrainerConfig, rows: Rows, trainer: Any) -> bool:
    """Save the adapter, verify it, and write what the run folder holds."""
    adapter, pad = config.folder / ADAPTER, config.tokenizer.pad_token_id
    form = number_format(config.options)
    save_adapter(trainer, config.tokenizer, adapter)
    probes = choose_probes(_exchanges(rows))
    # Without what accelerate put around it.
    tuned = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    trained = answer_logprobs(tuned, probes, pad)
    steps = trainer.state.global_step
    del trainer, tuned
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if not _is_first():
        return True
    model = load_model(config.base, config.options).eval()
    untuned = answer_logprobs(model, probes, pad)
    loaded = answer_logprobs(with_adapter(model, adapter), probes, pad)
    verified = verify(probes, untuned, trained, loaded, form)
    write_json(config.folder / VERIFICATION, verified)
    _gather(config, rows)
    write_json(
        config.folder / ENVIRONMENT,
        {
            "versions": imported_versions(sys.modules),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "number_format": form,
            "steps": steps,
            "examples": {"used": len(rows.rows), "left_out": sum(rows.excluded.values())},
            "adapter": digest_file(adapter / "adapter_model.safetensors"),
        },
    )
    return bool(verified["passed"])


def _exchanges(rows: Rows) -> list[tuple[list[int], list[int]]]:
    keys = ("chosen_ids", "rejected_ids") if "p" in rows.rows[0] else ("completion_ids",)
    return [(row["prompt_ids"], row[key]) for row in rows.rows for key in keys]


def _gather(config: TrainerConfig, rows: Rows) -> None:
    """One file of metrics and one of arguments; checkpoints go."""
    working, name = config.folder, config.name
    folders = {"reward": working / "reward"} if name == "grpo" else {}
    folders[name] = working
    lines = [_read(folder / f"metrics-{stage}.jsonl") for stage, folder in folders.items()]
    write_text(working / "metrics.jsonl", "".join(lines))
    arguments = {s: json.loads(_read(f / f"arguments-{s}.json")) for s, f in folders.items()}
    write_json(working / "arguments.json", arguments)
    former = pd.read_parquet(working / EXCLUDED)
    table = pd.concat([former[former["cause"] == "ratings"], rows.table().assign(cause="texts")])
    write_frame(working / EXCLUDED, table)
    for file in (f"metrics-{name}.jsonl", f"arguments-{name}.json", FAILED):
        (working / file).unlink(missing_ok=True)
    for folder in (config.checkpoints, working / "reward.partial"):
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _is_first() -> bool:
    """Whether this is the process that writes, of several on one condition."""
    return PartialState().is_main_process
