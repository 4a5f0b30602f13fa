"""Recipes of choices: how they become feedback."""

from pathlib import Path
from typing import Self

from pydantic import model_validator

from pluralign_stats.errors import listing
from pluralign_stats.feedback.recipe import FeedbackRecipe, read_recipe_keys
from pluralign_stats.strategies.registry import STRATEGIES


class ChoiceRecipe(FeedbackRecipe):
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

    @model_validator(mode="after")
    def _of_choices(self) -> Self:
        if not self.treatment.takes_choices:
            able = [name for name, one in STRATEGIES.items() if one.takes_choices]
            raise ValueError(
                f"'strategy': '{self.strategy}' needs ratings, and choices have none; take one of "
                f"{listing(able)}"
            )
        return self

    @property
    def name(self) -> str:
        """The recipe in a few words, for messages."""
        return f"choices, {self.strategy}, {self.group_name}"


def read_choice_recipe(path: str | Path) -> ChoiceRecipe:
    """Read a recipe of choices from a YAML file; see `read_recipe`."""
    return read_recipe_keys(path, ChoiceRecipe)
