"""The condition: one frozen description of one run."""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from pluralign_stats.designs import CONTROL
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.outcomes.schema import FACTORS, OWN_TEMPLATE, TUNING
from pluralign_stats.storage.digest import digest_values
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

#: Factors that stand in the readable part of a name; its hash stands for all.
_NAMED = ("group", "scale", "strategy", "objective", "optimizer", "base_model")

#: Fields of a condition that have no column of their own; one column, ``settings``, is their hash.
_SETTINGS = ("training", "pad_token", "held_out", "split_seed")


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
        factors = self.factors()
        words = [str(factors[name]) for name in _NAMED]
        return f"{slug('-'.join(words))}-s{self.seed}-{self.digest[:8]}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that the condition states."""
        return digest_values(self.model_dump(mode="json"))

    def factors(self) -> dict[str, str | int]:
        """The condition's columns of the outcome table: everything by which runs can differ.

        All but the seed are words, so that runs and controls share one type: ``budget`` is
        ``"natural"`` or the number of examples drawn, ``max_per_prompt`` ``"all"`` or a number,
        ``chat_template`` ``"own"`` or what the grid names, and ``settings`` eight digits that are
        equal for equal options of training and an equal split of the prompts.
        """
        recipe = self.recipe
        told = {
            **dict(recipe),
            **dict(self),
            "group": recipe.group_name,
            "objective": recipe.objective,
            "min_margin": f"{recipe.min_margin:g}",
            "max_per_prompt": str(recipe.max_per_prompt or "all"),
            "budget": str(recipe.budget or "natural"),
            "settings": digest_values(self.model_dump(mode="json", include=set(_SETTINGS)))[:8],
            "chat_template": self.chat_template or OWN_TEMPLATE,
        }
        return {name: told[name] for name in FACTORS}


class Control(Frozen):
    """The untuned model, to which every condition of its base model is compared."""

    base_model: str
    chat_template: str | None = None
    pad_token: str | None = None

    @property
    def id(self) -> str:
        """``control-`` and the base model's name, with a hash where that does not tell all."""
        name = slug(self.base_model)
        if name == self.base_model and self.chat_template is None and self.pad_token is None:
            return f"{CONTROL}-{name}"
        return f"{CONTROL}-{name}-{digest_values(self.model_dump(mode='json'))[:8]}"

    def factors(self) -> dict[str, str | int]:
        """The control's columns of the outcome table, those of a condition."""
        return {
            **dict.fromkeys(TUNING, CONTROL),
            "base_model": self.base_model,
            "chat_template": self.chat_template or OWN_TEMPLATE,
            "seed": 0,
        }


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
