"""The questions of a study in its codebook: dimensions that were rated, and factors."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, field_validator, model_validator

from pluralign_stats.errors import listing, one_of
from pluralign_stats.study.entries import Column, Labels, Part, Text, Texts, as_text
from pluralign_stats.study.scale import Number, Scale
from pluralign_stats.study.text import folded

Converted = Literal["5-point", "3-point", "binary"]

#: Lowest and highest place on each scale to which ratings can be converted.
CONVERTED: dict[Converted, tuple[int, int]] = {
    "5-point": (1, 5),
    "3-point": (1, 3),
    "binary": (0, 1),
}


class Answer(Part):
    """What a file holds answers to: a dimension, or a factor.

    Attributes
    ----------
    missing
        Cells that hold no answer to this question, besides the codebook's own `missing`.
    """

    missing: Texts = ()

    def means(self, value: str) -> bool:
        """Whether a cell's text is one of the answers that the codebook states."""
        raise NotImplementedError

    def codes(self, general: tuple[str, ...]) -> tuple[str, ...]:
        """Missing-value codes here: own ones, and general ones that are none of the answers."""
        return (*self.missing, *(code for code in general if not self.means(code)))


class Dimension(Answer):
    """One thing that raters judged, on a scale of whole numbers or a continuous one.

    Attributes
    ----------
    column
        Its column in a wide file, or its value in a long file's dimension column; default: its
        own name.
    label, statement
        What readers see, as text or by language, and the statement that raters agreed with.
    scale
        Lowest and highest rating, and whether ratings may lie anywhere between.
    labels
        Words of the ratings; a file may hold either the numbers or these words.
    valence
        1 where a high rating is good, -1 where it is bad; None where nobody has said so yet, and
        what needs it asks for it.
    positive_from
        Lowest rating that counts as positive; default: every rating above the scale's middle.
    conversions
        From ratings to places on a coarser scale: for each rating its place, or the lowest rating
        of each place but the first: ``{"3-point": {1: 1, ...}, "binary": [51]}``.
    missing
        Cells that hold no rating of this dimension, besides the codebook's own `missing`.
    """

    column: Text | None = None
    label: Labels = {}
    statement: Labels = {}
    scale: Scale = Scale.of(1, 5)
    labels: dict[Number, Labels] = {}
    valence: Literal[1, -1] | None = 1
    positive_from: Number | None = None
    conversions: dict[Converted, dict[Number, int] | tuple[Number, ...]] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        scale = self.scale
        outside = [k for k in self.labels if not scale.holds(np.array([k]))[0]]
        if outside:
            raise ValueError(f"'labels' name {listing(outside)}, outside the scale {scale}")
        if self.positive_from is not None and not self._tells_apart(self.positive_from):
            least = f"above {scale.low} to" if scale.continuous else f"{scale.low + 1} to"
            raise ValueError(
                f"'positive_from' must be {least} {scale.high}, not {self.positive_from}"
            )
        for name, places in self.conversions.items():
            if isinstance(places, tuple):
                self._check_starts(name, places)
            else:
                self._check_places(name, places)
        self._check_words()
        return self

    def _check_words(self) -> None:
        """Refuse words that stand for two ratings, or for a rating and for none."""
        for k, texts in self.labels.items():
            for text in texts.values():
                if self.words[folded(text)] != k:
                    raise ValueError(f"'labels': '{text}' stands for two ratings; tell them apart")
        _refuse_meant([code for code in self.missing if folded(code) in self.words])

    def _tells_apart(self, rating: float) -> bool:
        """Whether a rating of the scale has others below it."""
        return bool(rating > self.scale.low and self.scale.holds(np.array([rating]))[0])

    def _check_starts(self, name: Converted, starts: tuple[float, ...]) -> None:
        """Refuse borders that are too few or many, do not rise, or leave the scale."""
        bottom, top = CONVERTED[name]
        where = f"'conversions' to the {name} scale"
        if len(starts) != top - bottom:
            raise ValueError(
                f"{where} needs {top - bottom} borders (the lowest rating of each place but the "
                f"first), not {len(starts)}"
            )
        rising = all(a < b for a, b in pairwise(starts))
        if not rising or not all(map(self._tells_apart, starts)):
            raise ValueError(
                f"{where} must have rising borders above {self.scale.low} and up to "
                f"{self.scale.high}, ratings of the scale all, not {listing(starts)}"
            )

    def _check_places(self, name: Converted, places: Mapping[float, int]) -> None:
        """Refuse maps that miss a rating, leave the scale, fall, or make all ratings equal."""
        bottom, top = CONVERTED[name]
        where = f"'conversions' to the {name} scale"
        if self.scale.continuous:
            raise ValueError(
                f"{where}: a continuous scale cannot be named rating by rating; list the lowest "
                f"rating of each place but the first, {top - bottom} in all"
            )
        if sorted(places) != list(self.levels):
            raise ValueError(
                f"{where} must name each rating from {self.scale} once, not "
                f"{listing(sorted(places))}"
            )
        outside = [place for place in places.values() if not bottom <= place <= top]
        if outside:
            raise ValueError(f"{where} must lead to {bottom} to {top}, not {listing(outside)}")
        found = [places[rating] for rating in self.levels]
        if found != sorted(found) or found[0] == found[-1]:
            raise ValueError(
                f"{where} must rise with the rating and tell at least two apart, not lead to "
                f"{listing(found)}"
            )

    @property
    def words(self) -> dict[str, float]:
        """The rating that each word stands for, the words without regard to case."""
        return {folded(text): k for k, texts in self.labels.items() for text in texts.values()}

    def means(self, value: str) -> bool:
        """Whether a cell's text is a rating of the scale, in figures or words."""
        try:
            on_scale = bool(self.scale.holds(np.array([float(value)]))[0])
        except ValueError:
            on_scale = False
        return on_scale or folded(value) in self.words

    @property
    def levels(self) -> range:
        """All ratings of a scale of whole numbers; a continuous one has none."""
        return self.scale.levels

    @property
    def positive(self) -> float:
        """Lowest rating that counts as positive: the one definition of it."""
        return self.scale.above_middle if self.positive_from is None else self.positive_from

    @property
    def positive_told(self) -> str:
        """Which ratings count as positive, in words: ``4 or more``, ``more than 0.5``, ``1``."""
        if self.positive_from is None and self.scale.continuous:
            return f"more than {self.scale.middle:g}"
        if self.positive == self.scale.high:
            return f"{self.positive:g}"
        return f"{self.positive:g} or more"


class Multiple(Part):
    """A question that allowed several answers, stored in one cell.

    Attributes
    ----------
    separator
        What may stand between answers.
    how
        Written ``as``. ``level``: raters with several answers form the level `level`, and other
        levels hold those with that answer alone. ``indicators``: each answer makes a demographic
        of its own, of raters who named it, alone or with others, and of those who did not.
    level
        Name of the level of raters with several answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    separator: Texts = (";",)
    how: Literal["level", "indicators"] = Field("level", alias="as")
    level: Text = "Multiple"


class Factor(Answer):
    """A demographic of raters, or a covariate of ratings, with its levels.

    Attributes
    ----------
    column
        Default: the factor's own name.
    label
        What readers see, as text or by language.
    levels
        In order; a value outside them is an error. Default: the values found, sorted.
    reference
        Level that the others are compared with. Default: the first.
    ordered
        Whether the levels have an order.
    recode
        From values in the file to levels; to null where a value is to count as missing.
    declined
        Values that mean that the rater preferred not to answer. Here as in `levels` and `recode`
        a value that differs in case only is recognised.
    bands
        For numbers: from each level to its lowest and highest value.
    multiple
        For questions that allowed several answers.
    default
        The answer at which the question stands until it is moved, so that it may be none.
    other
        Name of the level that gathers answers which the codebook does not name, and levels of too
        few raters to be shown.
    named
        Of questions that allowed several answers: the one answer that this is about. Its levels
        are raters who named it and raters who did not; `question` is what the question is called.
    effects
        Whether its effect on ratings is estimated by default; false for what only describes
        raters.
    missing
        Cells that hold no answer here, besides the codebook's own `missing`.
    """

    column: Column | None = None
    label: Labels = {}
    levels: Texts | None = None
    reference: Text | None = None
    ordered: bool = False
    recode: dict[Text, Text | None] = {}
    declined: Texts = ()
    bands: dict[Text, tuple[float, float]] = {}
    multiple: Multiple | None = None
    default: Text | None = None
    other: Text | None = None
    named: Text | None = None
    question: Text | None = None
    effects: bool = True

    @field_validator("recode", mode="before")
    @classmethod
    def _keep_null(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {as_text(k): None if v is None else as_text(v) for k, v in value.items()}

    @property
    def known(self) -> tuple[str, ...]:
        """Values that the codebook names: its levels, those recoded, those declined."""
        return (*(self.known_levels or ()), *self.recode, *self.declined)

    def means(self, value: str) -> bool:
        """Whether a cell's text is one that the codebook names, in any case."""
        return folded(value) in map(folded, self.known)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        levels = self.known_levels
        _refuse_meant([code for code in self.missing if self.means(code)])
        if self.multiple and self.multiple.how == "indicators" and not self.levels:
            raise ValueError("'multiple' as indicators makes one of each level: state 'levels'")
        if self.named is not None and (
            self.multiple is None or self.named not in (self.levels or ())
        ):
            raise ValueError("'named' is one of the 'levels' of a question with 'multiple' answers")
        if self.bands and (self.levels or self.multiple):
            raise ValueError("'bands' define the levels; leave out 'levels' and 'multiple'")
        if self.other is not None and (self.bands or self.ordered):
            raise ValueError("'other' has no place among levels in an order; leave it out")
        self._check_bands()
        if levels is None:
            return self
        if len(set(levels)) < len(levels):
            raise ValueError("'levels' must differ from one another")
        if self.reference is not None and self.reference not in levels:
            raise ValueError(one_of("'reference'", self.reference, levels))
        if self.default is not None and self.default not in levels:
            raise ValueError(one_of("'default'", self.default, levels))
        stray = [v for v in self.recode.values() if v is not None and v not in levels]
        if stray:
            raise ValueError(f"'recode' leads to {listing(stray)}, not among 'levels'")
        return self

    def _check_bands(self) -> None:
        """Refuse bands that fall or share a number."""
        bands = sorted(self.bands.items(), key=lambda item: item[1])
        for level, (low, high) in bands:
            if high < low:
                raise ValueError(f"the band '{level}' must rise, not go from {low:g} to {high:g}")
        for (level, (_, high)), (after, (low, _)) in pairwise(bands):
            if low <= high:
                raise ValueError(f"the bands '{level}' and '{after}' both hold {low:g}")

    @property
    def asked(self) -> "Factor":
        """The question itself, of a factor that is about one of its answers."""
        return self if self.named is None else self.model_copy(update={"named": None})

    def indicators(self, name: str) -> list[tuple[str, "Factor"]]:
        """Factors of the single answers to this question, with names made of its own.

        A question whose answers are not to be told apart so is its own only factor.
        """
        if self.multiple is None or self.multiple.how == "level" or self.named is not None:
            return [(name, self)]
        level = self.multiple.model_copy(update={"how": "level"})
        whole = {"question": name, "column": self.column or name, "reference": None}
        made = []
        for answer in self.levels or ():
            own = f"{name}_{re.sub(r'\W+', '_', answer).strip('_').lower()}"
            update = {**whole, "multiple": level, "named": answer}
            made.append((own, self.model_copy(update=update)))
        return made

    @property
    def known_levels(self) -> tuple[str, ...] | None:
        """Levels that the codebook fixes, in order; None where they come from the data."""
        if self.named is not None:
            return (f"not {self.named}", self.named)
        if self.bands:
            return tuple(self.bands)
        if self.levels is None:
            return None
        extra = [self.multiple.level if self.multiple else None, self.other]
        new = dict.fromkeys(level for level in extra if level is not None)
        return self.levels + tuple(level for level in new if level not in self.levels)


def _refuse_meant(meant: list[str]) -> None:
    if meant:
        raise ValueError(
            f"'missing' names {listing(meant)}, which is stated as an answer too; leave it out of "
            "one of them"
        )
