"""The scale of one dimension: which ratings there are, and where its parts and its middle lie."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_serializer,
    model_validator,
)

from pluralign_stats.errors import one_of
from pluralign_stats.settings import MOST_LEVELS

#: Fewest and most parts that a scale of many ratings is shown in.
FEWEST_SHOWN, MOST_SHOWN = 5, 10

#: Borders between parts are rounded to so many decimals, so that 0.6 is not just below 0.6.
_DECIMALS = 12

_KEYS = ("from", "to", "continuous")


def _as_number(value: object) -> object:
    """A finite number; what people write instead is named in the message."""
    if isinstance(value, str):
        return _as_number(_parsed(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"must be a finite number, not {value!r}")
    return int(value) if value == int(value) else value


def _parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        hint = "; decimals are written with a point" if "," in text else ""
        raise ValueError(f"must be a number, not '{text}'{hint}") from None


def _between(first: float, last: float) -> str:
    """A part by its ends, with a minus sign as readers know it."""
    told = f"{first:.4g}" if first == last else f"{first:.4g} to {last:.4g}"
    return told.replace("-", "−")


Number = Annotated[int | float, BeforeValidator(_as_number)]


class Scale(BaseModel):
    """From the lowest to the highest rating: whole numbers, or any number between.

    Written as ``[1, 5]`` or ``{from: 1, to: 5}`` for whole numbers, and as
    ``{from: 0, to: 1, continuous: true}`` for ratings that may lie anywhere between. Iterating
    gives the two ends.

    Attributes
    ----------
    low, high
        Lowest and highest rating.
    continuous
        Whether ratings other than whole numbers are allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Number = Field(alias="from")
    high: Number = Field(alias="to")
    continuous: bool = False

    @classmethod
    def of(cls, low: float, high: float, *, continuous: bool = False) -> Self:
        """The scale from one number to another."""
        return cls.model_validate({"from": low, "to": high, "continuous": continuous})

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if isinstance(value, Mapping):
            strange = [key for key in value if key not in _KEYS]
            if strange:
                raise ValueError(f"unknown key '{strange[0]}': {one_of('it', strange[0], _KEYS)}")
            return value
        if isinstance(value, list | tuple) and len(value) == 2:
            return {"from": value[0], "to": value[1]}
        raise ValueError(
            f"must be the lowest and the highest rating, as in [1, 5], or "
            f"{{from: 0, to: 1, continuous: true}}, not {value!r}"
        )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.high <= self.low:
            raise ValueError(
                f"'scale' must go from a lower to a higher number, not {self.low} to {self.high}"
            )
        if not self.continuous and not (isinstance(self.low, int) and isinstance(self.high, int)):
            raise ValueError(
                f"a scale from {self} is not one of whole numbers; for ratings that may lie "
                f"between write {{from: {self.low}, to: {self.high}, continuous: true}}"
            )
        return self

    @model_serializer
    def _written(self) -> Any:
        if self.continuous:
            return {"from": self.low, "to": self.high, "continuous": True}
        return [self.low, self.high]

    def __iter__(self) -> Any:
        """The lowest and the highest rating."""
        return iter((self.low, self.high))

    def __str__(self) -> str:
        """Its ends, as in ``1 to 5``."""
        return f"{self.low} to {self.high}"

    @property
    def allowed(self) -> str:
        """Which ratings there are, for messages."""
        return f"{'numbers' if self.continuous else 'whole numbers'} {self}"

    @property
    def levels(self) -> range:
        """All ratings of a scale of whole numbers.

        Raises
        ------
        ValueError
            If the scale is continuous.
        """
        if self.continuous:
            raise ValueError(f"a continuous scale ({self}) has no levels")
        return range(int(self.low), int(self.high) + 1)

    @property
    def categorical(self) -> bool:
        """Whether ratings are ordered categories to models: whole numbers, and not many."""
        return not self.continuous and len(self.levels) <= MOST_LEVELS

    @property
    def size(self) -> str:
        """How many ratings it has, in words."""
        return "a continuous scale" if self.continuous else f"a scale of {len(self.levels)} ratings"

    @property
    def middle(self) -> float:
        """Halfway between its ends; a rating there is on no side."""
        return (self.low + self.high) / 2

    @property
    def above_middle(self) -> float:
        """Lowest rating above the middle."""
        if self.continuous:
            return float(np.nextafter(self.middle, np.inf))
        return math.floor(self.middle) + 1

    def holds(self, ratings: np.ndarray) -> np.ndarray:
        """Whether each of (n,) numbers is a rating of this scale; false where missing."""
        inside = (ratings >= self.low) & (ratings <= self.high)
        return inside if self.continuous else inside & (ratings == np.round(ratings))

    def starts(self, n: int) -> np.ndarray:
        """Lowest rating of the second to the last of `n` parts of equal width.

        A rating on a border belongs to the part nearer to the middle, so that turning the scale
        round turns the parts round; one in the middle itself, where that is a border, to the lower.

        Returns
        -------
        ndarray, shape (n - 1,)
        """
        borders = np.linspace(self.low, self.high, n + 1)[1:-1].round(_DECIMALS)
        if self.continuous:
            return np.where(borders < self.middle, borders, np.nextafter(borders, np.inf))
        return np.where(borders < self.middle, np.ceil(borders), np.floor(borders) + 1)

    def names(self, starts: np.ndarray) -> tuple[str, ...]:
        """What readers call the parts that begin at (k - 1,) `starts`: ``1 to 10``, …."""
        firsts = [self.low, *(float(start) for start in starts)]
        step = 0 if self.continuous else 1
        lasts = [*(first - step for first in firsts[1:]), self.high]
        return tuple(map(_between, firsts, lasts))

    def shown(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Parts in which ratings are shown where there are too many to show each.

        Returns
        -------
        tuple
            As of `starts`, and as of `names`.
        """
        starts = self.starts(self._n_shown())
        return starts, self.names(starts)

    def _n_shown(self) -> int:
        """How many parts to show: such that they hold equally many ratings, as far as possible."""
        if self.continuous:
            return MOST_SHOWN
        tried = range(MOST_SHOWN, FEWEST_SHOWN - 1, -1)
        return min(tried, key=lambda n: len(self.levels) % n)
