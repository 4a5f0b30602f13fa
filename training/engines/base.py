"""What an engine loads: a base model, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from training.bases.find import find_base
from training.bases.load import check_quantization, load_model
from training.bases.tokenizer import load_tokenizer
from training.conditions.condition import Condition, Control
from training.conditions.options import TrainingOptions
from training.number_format import is_fast, number_format

Precision = Literal["auto", "bf16", "fp32"]


@dataclass(frozen=True)
class Base:
    """A base model and the settings that decide what it computes, as in the condition."""

    base_model: str
    chat_template: str | None = None
    pad_token: str | None = None
    precision: Precision = "auto"
    quantization: Literal["none", "4bit"] = "none"
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = "auto"

    def control(self) -> Control:
        """The untuned model."""
        return Control(
            base_model=self.base_model,
            chat_template=self.chat_template,
            pad_token=self.pad_token,
        )


def base_of(condition: Condition, number_format: Precision) -> Base:
    """What a run was trained on, in the number format that its device had."""
    return Base(
        base_model=condition.base_model,
        chat_template=condition.chat_template,
        pad_token=condition.pad_token,
        precision=number_format,
        quantization=condition.training.quantization,
        attention=condition.training.attention,
    )


def load(base: Base) -> tuple[Any, Any, str]:
    """Load a base model as training does: model, tokenizer, and the folder or hub name of it.

    A run that was trained in bf16 keeps its weights of that format, and on a device without
    instructions for it they are multiplied in fp32.

    Raises
    ------
    InputError
        If it does not load, or has no chat template or padding token.
    """
    place = find_base(base.base_model)
    tokenizer = load_tokenizer(place, base.chat_template, base.pad_token)
    how = {"precision": base.precision, "quantization": base.quantization}
    options = TrainingOptions.model_validate({**how, "attention": base.attention})
    check_quantization(options)
    model = load_model(place, options).eval()
    if base.quantization == "none" and not is_fast(number_format(options)):
        model = model.float()
    return model, tokenizer, place


def untuned(tuned: Sequence[Base]) -> tuple[Base, ...]:
    """Base models of several runs, each once, to be asked beside them.

    They have the number format of their runs if these agree, and the defaults in all else.
    """
    formats: dict[tuple[str, str | None, str | None], set[Precision]] = {}
    for base in tuned:
        same = (base.base_model, base.chat_template, base.pad_token)
        formats.setdefault(same, set()).add(base.precision)
    return tuple(
        Base(*same, precision=next(iter(found)) if len(found) == 1 else "auto")
        for same, found in formats.items()
    )
