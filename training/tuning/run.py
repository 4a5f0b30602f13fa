"""Train one condition in its folder, going on from where a killed run stopped."""

import gc
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

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
from training.conditions.condition import Condition, read_condition
from training.conditions.names import ADAPTER, ENVIRONMENT, EXCLUDED, FAILED, FEEDBACK, INPUTS
from training.conditions.options import GrpoOptions
from training.engines.likelihood import answer_logprobs
from training.engines.verification import VERIFICATION, choose_probes, verify
from training.number_format import number_format
from training.optimize.data import Rows, pair_rows, unpaired_rows
from training.tuning.plan import longest


def train_condition(folder: Path, base: str, tell: Any = None) -> bool:
    """Train the condition whose files were prepared in ``<folder>.partial``.

    Parameters
    ----------
    folder
        The run folder to be; it appears under its name only when complete.
    base
        Folder or hub name of the base model.
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
    rows = _rows(working, condition, tokenizer, base)
    passed = _finish(
        working,
        condition,
        tokenizer,
        base,
        rows,
        # No name holds the trainer here, so that its memory is free for the copy that is compared.
        _optimize(working, condition, tokenizer, base, rows, tell or (lambda *_: None)),
    )
    if _is_first():
        seconds = round(time.monotonic() - began, 1)
        inputs = read_json(working / INPUTS)
        commit(working, folder, {"stage": "train", "inputs": inputs, "seconds": seconds})
    return passed


def _rows(working: Path, condition: Condition, tokenizer: Any, base: str) -> Rows:
    """Examples in tokens; what is left out for its text is added to the excluded ones."""
    feedback = pd.read_parquet(working / FEEDBACK)
    make = unpaired_rows if condition.optimizer == "kto" else pair_rows
    rows = make(feedback, tokenizer, longest(condition, base))
    if not rows.rows:
        told = "; ".join(f"{reason}: {n:,}" for reason, n in rows.excluded.items())
        raise InputError(f"the condition {condition.id} has no example to train on ({told})")
    return rows


def _optimize(
    working: Path, condition: Condition, tokenizer: Any, base: str, rows: Rows, tell: Any
) -> Any:
    """Run the optimizer's stages; returns the trainer that holds the tuned model."""
    from training.optimize.arguments import Stage

    options = condition.training
    stage = Stage(condition.optimizer, working, base, tokenizer, options, condition.seed, tell)
    if condition.optimizer == "dpo":
        from training.optimize.dpo import train_dpo

        return train_dpo(stage, rows.rows)
    if condition.optimizer == "kto":
        from training.optimize.kto import train_kto

        return train_kto(stage, rows.rows)
    from training.chat import all_ends
    from training.optimize.grpo import train_grpo
    from training.optimize.reward import load_rewards, train_reward

    assert isinstance(options, GrpoOptions)  # noqa: S101
    own = options.reward
    folder = working / "reward"
    scores = Stage("reward", staging_folder(folder), base, tokenizer, own, condition.seed, tell)
    train_reward(scores, rows.rows, folder)
    ends = all_ends(tokenizer, named_ends(base))
    rewards = load_rewards(folder, base, own, tokenizer, ends, options.thinking)
    prompts = pd.read_parquet(working / FEEDBACK, columns=["prompt_text"])["prompt_text"]
    met = {prompts[row["example"]] for row in rows.rows}
    return train_grpo(stage, sorted(met), rewards)


def _finish(
    working: Path, condition: Condition, tokenizer: Any, base: str, rows: Rows, trainer: Any
) -> bool:
    """Save the adapter, verify it, and write what the run folder holds."""
    from training.optimize.arguments import save_adapter

    adapter = working / ADAPTER
    save_adapter(trainer, tokenizer, adapter)
    probes = choose_probes(_exchanges(rows))
    trained = answer_logprobs(_bare(trainer), probes, tokenizer.pad_token_id)
    state = trainer.state
    del trainer
    _free()
    if not _is_first():
        return True
    options = condition.training
    model = load_model(base, options).eval()
    untuned = answer_logprobs(model, probes, tokenizer.pad_token_id)
    loaded = answer_logprobs(with_adapter(model, adapter), probes, tokenizer.pad_token_id)
    verified = verify(probes, untuned, trained, loaded, number_format(options))
    write_json(working / VERIFICATION, verified)
    _gather(working, condition, rows)
    write_json(
        working / ENVIRONMENT,
        {
            "versions": imported_versions(sys.modules),
            "device": _device(),
            "number_format": number_format(options),
            "steps": state.global_step,
            "examples": {"used": len(rows.rows), "left_out": sum(rows.excluded.values())},
            "adapter": digest_file(adapter / "adapter_model.safetensors"),
        },
    )
    return bool(verified["passed"])


def _bare(trainer: Any) -> Any:
    """The tuned model without what accelerate put around it."""
    return trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)


def _exchanges(rows: Rows) -> list[tuple[list[int], list[int]]]:
    keys = ("chosen_ids", "rejected_ids") if "p" in rows.rows[0] else ("completion_ids",)
    return [(row["prompt_ids"], row[key]) for row in rows.rows for key in keys]


def _gather(working: Path, condition: Condition, rows: Rows) -> None:
    """One file of metrics and one of arguments; checkpoints go."""
    folders: dict[str, Path] = {condition.optimizer: working}
    if condition.optimizer == "grpo":
        folders = {"reward": working / "reward", **folders}
    lines = [_read(folder / f"metrics-{stage}.jsonl") for stage, folder in folders.items()]
    write_text(working / "metrics.jsonl", "".join(lines))
    arguments = {s: json.loads(_read(f / f"arguments-{s}.json")) for s, f in folders.items()}
    write_json(working / "arguments.json", arguments)
    former = pd.read_parquet(working / EXCLUDED)
    table = pd.concat([former[former["cause"] == "ratings"], rows.table().assign(cause="texts")])
    write_frame(working / EXCLUDED, table)
    (working / f"metrics-{condition.optimizer}.jsonl").unlink(missing_ok=True)
    (working / f"arguments-{condition.optimizer}.json").unlink(missing_ok=True)
    shutil.rmtree(working / f"checkpoints-{condition.optimizer}", ignore_errors=True)
    shutil.rmtree(working / "reward.partial", ignore_errors=True)
    (working / FAILED).unlink(missing_ok=True)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def failure(working: Path) -> str | None:
    """Why the last training in a working folder failed; None if it did not."""
    return read_json(working / FAILED).get("error")


def _device() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def _is_first() -> bool:
    """Whether this is the process that writes, of several on one condition."""
    from accelerate import PartialState

    return PartialState().is_main_process


def _free() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
