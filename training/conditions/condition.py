"""The condition: one frozen description of one run."""

import json
import re
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError, model_validator

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.recipe import Recipe
from training.conditions.options import (
    OPTIONS,
    DpoOptions,
    Frozen,
    GrpoOptions,
    KtoOptions,
    Optimizer,
)

#: The file of a run folder that holds its condition.
CONDITION = "condition.json"

#: Longest readable part of a name.
SLUG_LENGTH = 90


class Condition(Frozen):
    """One cell of the training grid: what is trained, on whose feedback, and how.

    Attributes
    ----------
    recipe
        How ratings become feedback: group, scale, strategy and objective.
    optimizer
        ``"dpo"``, ``"kto"`` or ``"grpo"``.
    base_model
        A folder, a name on the Hugging Face hub, ``"embedded"`` or ``"embedded-thinking"``.
    seed
        Of the adapter's start, the order of examples and all sampling.
    training
        Options of the optimizer.
    chat_template, pad_token
        For a base model that has none: a template that ships with Pluralign or the path of one,
        and the token to pad with.
    held_out, split_seed
        Share of the prompts that no run is trained on, and the seed that chooses them.
    """

    recipe: Recipe
    optimizer: Optimizer
    base_model: str = Field(min_length=1)
    seed: int = Field(ge=0)
    training: DpoOptions | KtoOptions | GrpoOptions
    chat_template: str | None = None
    pad_token: str | None = None
    held_out: float = Field(0.2, ge=0, lt=1)
    split_seed: int = 0

    @model_validator(mode="before")
    @classmethod
    def _options_of_the_optimizer(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        options = OPTIONS.get(str(content.get("optimizer")))
        given = content.get("training", {})
        if options is None or not isinstance(given, dict):
            return content
        return {**content, "training": options.model_validate(given)}

    @cached_property
    def id(self) -> str:
        """Readable name of the run, ending in eight digits of its hash."""
        words = [str(v) for k, v in self.factors().items() if k != "seed"]
        return f"{slug('-'.join(words))}-s{self.seed}-{self.digest[:8]}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that the condition states."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return sha256(text.encode()).hexdigest()

    def factors(self) -> dict[str, str | int]:
        """The condition's columns of the outcome table."""
        return {
            "group": self.recipe.group_name,
            "scale": self.recipe.scale,
            "strategy": self.recipe.strategy,
            "objective": self.recipe.objective,
            "optimizer": self.optimizer,
            "base_model": self.base_model,
            "seed": self.seed,
        }


class Control(Frozen):
    """The untuned model, to which every condition of its base model is compared."""

    base_model: str
    chat_template: str | None = None
    pad_token: str | None = None

    FACTOR: ClassVar[str] = "control"

    @property
    def id(self) -> str:
        """``control-`` and the base model's name."""
        return f"control-{slug(self.base_model)}"

    def factors(self) -> dict[str, str | int]:
        """The control's columns of the outcome table."""
        tuned = ("group", "scale", "strategy", "objective", "optimizer")
        return {**dict.fromkeys(tuned, self.FACTOR), "base_model": self.base_model, "seed": 0}


def read_condition(folder: Path) -> Condition:
    """The condition of a run folder.

    Raises
    ------
    InputError
        If there is none, or none that this version understands.
    """
    path = folder / CONDITION
    try:
        return Condition.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(
            f"{folder} is no run folder: it has no {CONDITION}; make one with: pluralign train"
        ) from error
    except (ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} does not describe a condition ({reason}); train it again with this version"
        ) from error


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens of a name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:SLUG_LENGTH].rstrip("-")
