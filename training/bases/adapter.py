"""Adapters: made for a base model, loaded onto it, and checked against it."""

import json
import warnings
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError
from training.adapter_fit import read_weights, require_fit, require_loaded
from training.bases.load import Head
from training.bases.packages import first_line, unloadable
from training.conditions.options import TrainingOptions


def new_adapter(options: TrainingOptions, head: Head = "language") -> Any:
    """A LoRA adapter to be trained, as PEFT describes it."""
    from peft import LoraConfig, TaskType

    chosen = options.lora_targets
    return LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha,  # type: ignore[arg-type]  # fractions are allowed
        lora_dropout=options.lora_dropout,
        target_modules=chosen if isinstance(chosen, str) else list(chosen),
        bias="none",
        task_type=TaskType.CAUSAL_LM if head == "language" else TaskType.SEQ_CLS,
    )


def with_adapter(model: Any, adapter: Path) -> Any:
    """Put a saved adapter onto a freshly loaded base model.

    Raises
    ------
    InputError
        If the adapter cannot be read, or not all of it can be loaded; the model is then as it was.
    """
    from peft import set_peft_model_state_dict

    try:
        weights = read_weights(adapter)
        tuned = _prepared(model, adapter)
    except unloadable() as error:
        raise InputError(
            f"the adapter {adapter} cannot be loaded ({first_line(error)}); train the run again"
        ) from error
    try:
        require_fit(tuned, weights)
        set_peft_model_state_dict(tuned, weights)
        require_loaded(tuned, weights)
    except unloadable() as error:
        tuned.unload()
        raise InputError(
            f"the adapter {adapter} does not fit the base model ({first_line(error)}); train the "
            "run again"
        ) from error
    return tuned.eval()


def check_adapter(base: str, adapter: Path) -> None:
    """Refuse an adapter that does not fit a base model, of which no weights are loaded.

    Parameters
    ----------
    base
        What `find_base` gave.
    adapter
        Folder of the adapter.

    Raises
    ------
    InputError
        If the adapter cannot be read or does not fit.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        with torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
        require_fit(_prepared(empty, adapter), read_weights(adapter))
    except unloadable() as error:
        raise InputError(
            f"the adapter {adapter} does not fit the base model {base} ({first_line(error)}); "
            "train the run again"
        ) from error


def _prepared(model: Any, adapter: Path) -> Any:
    """A model with room for an adapter, by the adapter's own configuration."""
    from peft import PeftConfig, get_peft_model

    config = PeftConfig.from_pretrained(str(adapter))
    config.inference_mode = True
    with warnings.catch_warnings():
        # That the base model lies elsewhere than in training says nothing; what follows does.
        warnings.simplefilter("ignore")
        return get_peft_model(model, config)


def adapter_bytes(base: str, rank: int) -> int | None:
    """About how large an adapter on all linear layers is; None if the configuration is unusual."""
    config = Path(base) / "config.json"
    if not config.is_file():
        return None
    told = json.loads(config.read_text(encoding="utf-8"))
    told = told.get("text_config", told)
    try:
        wide, inner, layers = (
            int(told[key]) for key in ("hidden_size", "intermediate_size", "num_hidden_layers")
        )
    except (KeyError, TypeError, ValueError):
        return None
    return 4 * rank * layers * (8 * wide + 3 * (wide + inner))
