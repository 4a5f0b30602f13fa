"""Adapters: made for a base model, loaded onto it, and checked against it."""

import json
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import InputError
from training.bases.load import Head
from training.bases.packages import first_line, unloadable
from training.conditions.options import TrainingOptions

if TYPE_CHECKING:
    from torch import Tensor


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


def read_weights(adapter: Path) -> "dict[str, Tensor]":
    """Weights of a saved adapter by name, in the memory of the CPU."""
    from peft import load_peft_weights

    return load_peft_weights(str(adapter), device="cpu")


def require_fit(tuned: Any, weights: "Mapping[str, Tensor]") -> None:
    """Refuse weights of which one has no place in a model of PEFT's, or that leave one without.

    PEFT loads what fits and passes over the rest.

    Raises
    ------
    InputError
        Says which weight does not fit.
    """
    places, all_places = _places(tuned)
    _refuse(weights.keys() - all_places.keys(), "weights have no place in the model")
    _refuse(places.keys() - weights.keys(), "weights that the model needs are missing")
    for name, weight in weights.items():
        if weight.shape != all_places[name].shape:
            have, need = (" × ".join(map(str, w.shape)) for w in (weight, all_places[name]))
            raise InputError(f"the weight {_short(name)} is {have}, and the model takes {need}")


def require_loaded(tuned: Any, weights: "Mapping[str, Tensor]") -> None:
    """Refuse a model that does not hold the weights of its adapter's file.

    Raises
    ------
    InputError
        Says which weight does not fit, or was not loaded.
    """
    from torch import allclose

    require_fit(tuned, weights)
    held = {name: tensor.detach().cpu() for name, tensor in _places(tuned)[0].items()}
    other = [
        name
        for name, tensor in held.items()
        if not allclose(tensor, weights[name].to(tensor.dtype), rtol=0, atol=0, equal_nan=True)
    ]
    _refuse(other, "weights were not loaded")


def _places(tuned: Any) -> "tuple[dict[str, Tensor], dict[str, Tensor]]":
    """What an adapter of this model consists of; and all that a file may hold, base included."""
    from peft import get_peft_model_state_dict

    own = get_peft_model_state_dict(tuned, save_embedding_layers=False)
    return own, {**tuned.state_dict(), **own}


def _refuse(names: Collection[str], what: str) -> None:
    if names:
        raise InputError(f"{len(names):,} {what}, such as {_short(min(names))}")


def _short(name: str) -> str:
    return name.removeprefix("base_model.model.")
