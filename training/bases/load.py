"""Base models loaded in the number format and quantization that are asked for."""

import os
from collections.abc import Collection
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from pluralign_stats.errors import InputError, MissingExtraError
from training.bases.packages import first_line, unloadable
from training.conditions.options import TrainingOptions
from training.number_format import dtype_of, number_format

if TYPE_CHECKING:
    import torch


Head = Literal["language", "reward"]


def load_model(base: str, options: TrainingOptions, head: Head = "language") -> Any:
    """Load a base model in the number format in which it is trained.

    Parameters
    ----------
    head
        ``"language"`` predicts tokens; ``"reward"`` gives one number for a text.

    Raises
    ------
    InputError
        If there is no such model, or it cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    kind = AutoModelForCausalLM if head == "language" else AutoModelForSequenceClassification
    dtype = dtype_of(number_format(options))
    settings: dict[str, Any] = {"dtype": dtype}
    if options.attention != "auto":
        settings["attn_implementation"] = options.attention
    if options.quantization == "4bit":
        settings["quantization_config"] = four_bits(dtype)
    if head == "reward":
        settings["num_labels"] = 1
    # `accelerate launch` decides itself where parameters go.
    launched = {"LOCAL_RANK", "ACCELERATE_MIXED_PRECISION"} & os.environ.keys()
    if torch.cuda.is_available() and not launched:
        settings["device_map"] = {"": torch.cuda.current_device()}
    try:
        loaded: Any = kind.from_pretrained(base, output_loading_info=True, **settings)
    except unloadable() as error:
        raise InputError(
            f"the base model {base} cannot be loaded ({first_line(error)}); give a folder that "
            "save_pretrained wrote whole, or a hub name that can be reached from here"
        ) from error
    model, loading = loaded
    _refuse_random(base, model, loading["missing_keys"], head)
    return model


def _refuse_random(base: str, model: Any, missing: Collection[str], head: Head) -> None:
    """Refuse a model of which a part is random; the head of a reward model is yet to be trained."""
    own = f"{model.base_model_prefix}."
    random = sorted(k for k in missing if head == "language" or k.startswith(own))
    if random:
        raise InputError(
            f"the base model {base} has no weights for {len(random):,} parts of a "
            f"{type(model).__name__}, such as {random[0]}; give a folder that save_pretrained "
            "wrote whole, of a model whose config.json is its own"
        )


def check_quantization(options: TrainingOptions) -> None:
    """Refuse QLoRA where it cannot run.

    Raises
    ------
    MissingExtraError
        If bitsandbytes is not installed.
    InputError
        If there is no CUDA device.
    """
    if options.quantization == "none":
        return
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("QLoRA (quantization: 4bit)", "qlora")
    import torch

    if not torch.cuda.is_available():
        raise InputError(
            "QLoRA (quantization: 4bit) needs a CUDA device, and there is none here; set "
            "quantization: none"
        )


def four_bits(dtype: "torch.dtype") -> Any:
    """How QLoRA stores a base model, computing in `dtype`: four-bit normal floats, twice so."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
