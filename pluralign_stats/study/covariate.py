"""Covariates: what differs between ratings or items, in levels or as a number."""

import math
from collections.abc import Collection, Sequence
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from pluralign_stats.errors import listing
from pluralign_stats.study.questions import Factor
from pluralign_stats.study.text import is_number

#: Columns of ratings that are no covariates, and what they are instead.
_ROLES = {
    "rater": "who rated",
    "item": "what was rated, of which models know that it differs",
    "prompt": "what responses answer, of which models know that it differs",
    "dimension": "what is rated",
    "rating": "the rating itself",
    "weight": "the raters' weight",
    "format": "how many options raters had, which models of ratings hold in any case",
}

#: Entries that a number has no use for.
_OF_LEVELS = ("levels", "reference", "ordered", "recode", "bands", "multiple", "default", "other")

#: Stands for one standard deviation.
SD = "SD"


def _as_per(value: object) -> object:
    """A number above 0, or the standard deviation."""
    if value is None:
        return None
    text = str(value).strip()
    if text.upper() == SD:
        return SD
    number = float(text) if is_number(text) else math.nan
    if not 0 < number < math.inf:
        raise ValueError(
            f"'per' is the difference whose effect is told: a number above 0, or SD for one "
            f"standard deviation, not {value!r}"
        )
    return number


#: What an effect of a number is that of: its standard deviation, or so many of its own units.
Per = Annotated[Literal["SD"] | float, BeforeValidator(_as_per)]


class Covariate(Factor):
    """A covariate of ratings or items.

    Attributes
    ----------
    per
        Of numbers, such as the length of a response: the difference whose effect is told, ``"SD"``
        for one standard deviation. Without it a covariate has levels.
    """

    per: Per | None = None

    @property
    def number(self) -> bool:
        """Whether it is a number and has no levels."""
        return self.per is not None

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        stated = [key for key in _OF_LEVELS if key in self.model_fields_set]
        if self.number and stated:
            raise ValueError(
                f"'per' makes it a number, and '{stated[0]}' gives it levels; leave one of them out"
            )
        if "effects" in self.model_fields_set:
            raise ValueError(
                "'effects' stands in demographics; covariates whose effects are asked for are "
                "named in 'effects' of the codebook itself, beside 'covariates'"
            )
        return self


def check_asked(
    names: Sequence[str],
    demographics: Collection[str],
    dimensions: Collection[str],
    taken: Collection[str],
) -> None:
    """Refuse names under `effects` that can be those of no covariate.

    `taken` are columns of a study that are something else.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"effects: {listing(twice)} stands twice; name each covariate once")
    for name in names:
        if name in demographics:
            raise ValueError(
                f"effects: '{name}' is a demographic, and effects of these are estimated unless "
                "'effects: false' stands there; name covariates only"
            )
        if name in dimensions:
            raise ValueError(f"effects: '{name}' is what is rated; name covariates only")
        if name in taken:
            raise ValueError(f"effects: '{name}' is {_ROLES[name]}; name covariates only")
