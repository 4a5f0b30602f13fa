"""Tiny models of real architectures, saved as a hub model is, and adapters saved by PEFT."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tiny import WORDS, make_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from pluralign_stats.storage.files import write_json
from pluralign_stats.storage.folders import commit, staging_folder
from training.bases.adapter import with_adapter
from training.chat import exchange_tokens
from training.conditions.condition import Condition
from training.engines.likelihood import answer_logprobs
from training.engines.verification import VERIFICATION, choose_probes, verify
from training.process import prepare_process

prepare_process()

KINDS = ("llama", "qwen3", "gemma3")


def save_model(folder: Path, kind: str = "llama", seed: int = 0) -> Path:
    """A random model that is sure enough of itself to differ from another, with its tokenizer."""
    make_model(kind, folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    torch.manual_seed(seed)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    model.generation_config.temperature = 0.01  # a hub model's own habits must not matter
    model.generation_config.do_sample = True
    model.save_pretrained(folder)
    return folder


def save_adapter(base: Path, folder: Path, seed: int = 1, scale: float = 0.3) -> Path:
    """A LoRA adapter that changes the model (none at all for scale 0)."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear"))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=scale)
    adapted.save_pretrained(folder)
    return folder


def condition_of(base: Path, seed: int = 1, chat_template: Path | None = None) -> Condition:
    """A condition of which only base model, its template, seed and split matter here."""
    return Condition.model_validate(
        {
            "recipe": {"weights": {"toxicity": 1.0}},
            "optimizer": "dpo",
            "base_model": str(base),
            "seed": seed,
            "held_out": 0.5,
            "chat_template": str(chat_template) if chat_template else None,
        }
    )


def save_run(
    runs: Path,
    base: Path,
    seed: int = 1,
    scale: float = 0.3,
    verdict: Mapping[str, Any] | None = None,
    chat_template: Path | None = None,
) -> Path:
    """A complete run as training leaves it; `verdict` changes what its verification found."""
    condition = condition_of(base, seed, chat_template)
    folder = runs / condition.id
    working = staging_folder(folder)
    save_adapter(base, working / "adapter", seed, scale)
    write_json(working / "condition.json", condition.model_dump(mode="json"))
    found = {**_verdict(base, working / "adapter"), **(verdict or {})}
    write_json(working / VERIFICATION, found)
    commit(working, folder, {"stage": "train"})
    return folder


def _verdict(base: Path, adapter: Path) -> dict[str, Any]:
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base)
    exchanges = [exchange_tokens(tokenizer, f"what is {w}", f"it is {w}") for w in WORDS[:5]]
    probes = choose_probes(exchanges)
    untuned = answer_logprobs(model, probes, 0)
    tuned = answer_logprobs(with_adapter(model, adapter), probes, 0)
    return verify(probes, untuned, tuned, tuned, "fp32")
