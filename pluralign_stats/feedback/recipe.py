"""Recipes: how ratings become feedback."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.feedback.scales import Scale
from pluralign_stats.strategies.registry import STRATEGIES, StrategyName
from pluralign_stats.strategies.strategy import Strategy
from pluralign_stats.study.text import joined, nfc
from pluralign_stats.study.yaml_file import parse_yaml, read_text


def as_words(value: object) -> object:
    """Levels as text: numbers as they were written."""
    if isinstance(value, list | tuple):
        return [as_words(entry) for entry in value]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value


def _as_levels(value: object) -> object:
    words = as_words(value)
    return [words] if isinstance(words, str) else words


Levels = Annotated[tuple[str, ...], BeforeValidator(_as_levels), Field(min_length=1)]


class FeedbackRecipe(BaseModel):
    """What recipes of ratings and of choices have in common: who counts, and what is made of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: dict[str, Levels] = {}
    balance: str | None = None
    strategy: StrategyName = "preserve"
    labels: Literal["hard", "soft"] = "hard"
    languages: Literal["separate", "pooled"] = "separate"
    max_per_prompt: Annotated[int, Field(ge=1)] | None = None
    budget: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InputError(f"recipe: {_told(error, type(self))}") from None

    @field_validator("group")
    @classmethod
    def _composed(cls, group: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {name: tuple(map(nfc, levels)) for name, levels in group.items()}

    @model_validator(mode="after")
    def _distinct_levels(self) -> Self:
        for name, levels in self.group.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"the levels of '{name}' must differ, not {listing(levels)}")
        return self

    def __hash__(self) -> int:
        """Equal for equal recipes."""
        return hash(json.dumps(self.model_dump(mode="json"), sort_keys=True))

    @property
    def treatment(self) -> Strategy:
        """What its strategy does."""
        return STRATEGIES[self.strategy]

    @property
    def group_name(self) -> str:
        """Name of whose answers count: ``all``, ``gender=Female&country=US``."""
        return group_name(self.group, self.balance)


class Recipe(FeedbackRecipe):
    """How ratings become feedback; frozen, and equal recipes give equal feedback.

    Attributes
    ----------
    weights
        Dimension to weight, such as ``{"toxicity": 1}``; several for several objectives at once.
        A response's utility is the weighted sum of valence times rating.
    group
        Demographic to the levels that are kept; several demographics for an intersection. Empty
        for everyone.
    balance
        A demographic whose levels weigh equally, however many raters each has.
    scale
        To which ratings are converted first; everything else happens on the converted scale.
    strategy
        What is done where raters of one response disagree.
    labels
        ``hard``: a preference is one. ``soft``: one example for two responses, labelled with the
        share that prefers the first. Strategies with one voice for a response have shares of 1.
    languages
        ``separate``: only responses rated in the same language are compared, since a preference is
        between texts as they were read. ``pooled``: over all languages.
    min_margin
        Smallest difference in utility that makes a preference; of unpaired feedback, the smallest
        distance from the middle of the scale.
    max_per_prompt
        Most examples of one prompt.
    budget
        Number of examples drawn for training; all of them unless stated.
    seed
        Of everything that is drawn.

    Examples
    --------
    >>> women = pls.feedback.Recipe(weights={"toxicity": 1}, group={"gender": "Female"})
    >>> women.name
    'toxicity, 5-point, preserve, gender=Female'
    """

    weights: dict[str, float]
    scale: Scale = "5-point"
    min_margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @field_validator("weights")
    @classmethod
    def _usable(cls, weights: dict[str, float]) -> dict[str, float]:
        if not weights:
            raise ValueError("name at least one dimension with its weight, such as toxicity: 1")
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight > 0):
                raise ValueError(
                    f"the weight of '{name}' must be a number above 0, not {weight:g}; leave out "
                    "a dimension that is not to count (valence already says which end is good)"
                )
        return weights

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that count."""
        return tuple(self.weights)

    @property
    def objective(self) -> str:
        """Name of what is aimed at: ``toxicity``, or ``2*toxicity+1*helpfulness``."""
        names = {name: joined([name], "*") for name in self.weights}
        if len(set(self.weights.values())) == 1:
            return joined(names.values(), "+")
        return joined((f"{weight:g}*{names[n]}" for n, weight in self.weights.items()), "+")

    @property
    def name(self) -> str:
        """The recipe in a few words, for messages."""
        return f"{self.objective}, {self.scale}, {self.strategy}, {self.group_name}"


def group_name(group: Mapping[str, Sequence[str]], balance: str | None = None) -> str:
    """Name of the raters with some levels of demographics; see `Recipe.group_name`."""
    parts = [f"{joined([n], '=')}={joined(levels, '|')}" for n, levels in group.items()]
    parts += [f"balanced({balance})"] if balance else []
    return joined(parts, "&") or "all"


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a YAML file with the keys of `Recipe`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Recipe
        As the file says.

    Raises
    ------
    InputError
        If the file cannot be read, or a key or value is not allowed.

    Examples
    --------
    >>> from pathlib import Path
    >>> text = "{weights: {toxicity: 1}, strategy: mean}"
    >>> written = Path("recipe.yaml").write_text(text)
    >>> pls.feedback.read_recipe("recipe.yaml").strategy
    'mean'
    """
    return read_recipe_keys(path, Recipe)


def read_recipe_keys[R: FeedbackRecipe](path: str | Path, kind: type[R]) -> R:
    """Read a recipe of some kind from a YAML file with its keys."""
    path = Path(path)
    try:
        return kind(**parse_yaml(read_text(path), path.name, words=True))
    except InputError as error:
        told = str(error)
        raise InputError(told if told.startswith(str(path.name)) else f"{path}: {told}") from None


def _told(error: ValidationError, kind: type[BaseModel]) -> str:
    """Put the first complaint of pydantic into one plain line."""
    first = error.errors()[0]
    key = ".".join(str(step) for step in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            return f"unknown key: {one_of('it', key, kind.model_fields)}{more}"
        case "missing":
            return f"the key '{key}' is missing{more}"
        case "literal_error":
            allowed = get_args(kind.model_fields[key].annotation)
            return f"{one_of(f"'{key}'", first['input'], allowed)}{more}"
        case "value_error":
            return f"{f"'{key}': " if key else ''}{first['ctx']['error']}{more}"
        case _:
            said = first["msg"][0].lower() + first["msg"][1:]
            return f"'{key}' is {first['input']!r}, but {said}{more}"
