"""Recipes of choices: how they become feedback."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from pluralign_stats.errors import InputError, listing
from pluralign_stats.feedback.recipe import Levels, group_name, read_recipe_keys, told_of_recipe
from pluralign_stats.strategies.registry import STRATEGIES, StrategyName
from pluralign_stats.strategies.strategy import Strategy


class ChoiceRecipe(BaseModel):
    """How choices become feedback; frozen, and equal recipes give equal feedback.

    Attributes
    ----------
    group, balance, labels, languages, max_per_prompt, budget, seed
        As of a `Recipe`.
    strategy
        What is done where raters who compared the same two responses disagree: ``preserve`` keeps
        every choice, ``majority`` takes what more of them prefer, ``consensus`` only what all
        prefer, ``random`` one of them, drawn by seed. Averages need ratings.

    Examples
    --------
    >>> pls.feedback.ChoiceRecipe(strategy="majority", group={"gender": ["Male"]}).name
    'choices, majority, gender=Male'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: dict[str, Levels] = {}
    balance: str | None = None
    strategy: StrategyName = "preserve"
    labels: Literal["hard", "soft"] = "hard"
    languages: Literal["separate", "pooled"] = "separate"
    max_per_prompt: Annotated[int, Field(ge=1)] | None = None
    budget: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _of_choices(self) -> Self:
        if not self.treatment.takes_choices:
            able = [name for name, one in STRATEGIES.items() if one.takes_choices]
            raise ValueError(
                f"'strategy': '{self.strategy}' needs ratings, and choices have none; take one of "
                f"{listing(able)}"
            )
        for name, levels in self.group.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"the levels of '{name}' must differ, not {listing(levels)}")
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _told_in_one_line(cls, fields: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return check(fields)
        except ValidationError as error:
            raise InputError(f"recipe: {told_of_recipe(error, cls)}") from None

    def __hash__(self) -> int:
        """Equal for equal recipes."""
        return hash(json.dumps(self.model_dump(mode="json"), sort_keys=True))

    @property
    def treatment(self) -> Strategy:
        """What its strategy does."""
        return STRATEGIES[self.strategy]

    @property
    def group_name(self) -> str:
        """Name of whose choices count."""
        return group_name(self.group, self.balance)

    @property
    def name(self) -> str:
        """The recipe in a few words, for messages."""
        return f"choices, {self.strategy}, {self.group_name}"


def read_choice_recipe(path: str | Path) -> ChoiceRecipe:
    """Read a recipe of choices from a YAML file; see `read_recipe`."""
    return read_recipe_keys(path, ChoiceRecipe)
