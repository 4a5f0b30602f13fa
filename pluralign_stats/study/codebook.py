"""The codebook: what the files of a study hold and what their columns mean."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    field_validator,
    model_validator,
)

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.study.scale import Number, Scale
from pluralign_stats.study.text import folded, looked_up, lookup, nfc

#: Language of labels that name none, and where there is none in the language asked for.
ENGLISH = "en"


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


def _as_text(value: object) -> object:
    if value is None:
        raise ValueError("an empty entry (null) is no text; quote it ('null') if the word is meant")
    return str(value).lower() if isinstance(value, bool) else nfc(str(value))


def _composed(value: object) -> object:
    """All text of a codebook in Unicode's composed form, keys too."""
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, list | tuple):
        return (tuple if isinstance(value, tuple) else list)(map(_composed, value))
    if not isinstance(value, dict):
        return value
    made = {_composed(key): _composed(entry) for key, entry in value.items()}
    if len(made) < len(value):
        twice = [key for key in value if isinstance(key, str) and key != nfc(key)]
        raise ValueError(f"{listing(twice)} stands twice, in two Unicode forms; leave one out")
    return made


def _as_labels(value: object) -> object:
    return value if isinstance(value, dict) or value is None else {ENGLISH: value}


def as_column(name: object) -> str:
    """Name of a column on one line; headers of survey exports may hold line breaks."""
    return " ".join(str(_as_text(name)).split())


def _as_columns(value: object) -> object:
    labels = _as_labels(value)
    return {k: as_column(v) for k, v in labels.items()} if isinstance(labels, dict) else labels


Text = Annotated[str, BeforeValidator(_as_text)]
Column = Annotated[str, BeforeValidator(as_column)]
ColumnsByLanguage = Annotated[dict[str, str], BeforeValidator(_as_columns)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]
ColumnNames = Annotated[tuple[Column, ...], BeforeValidator(_as_list)]
Labels = Annotated[dict[str, Text], BeforeValidator(_as_labels)]

Converted = Literal["5-point", "3-point", "binary"]

#: Lowest and highest place on each scale to which ratings can be converted.
CONVERTED: dict[Converted, tuple[int, int]] = {
    "5-point": (1, 5),
    "3-point": (1, 3),
    "binary": (0, 1),
}


class Part(BaseModel):
    """A part of a codebook: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)

    @model_validator(mode="before")
    @classmethod
    def _one_unicode_form(cls, content: object) -> object:
        return _composed(content)


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


class File(Part):
    """One data file and how to read it.

    Attributes
    ----------
    path
        Relative to the data folder (by default the codebook's own folder), or absolute.
    format
        Told from the file's ending unless stated.
    encoding
        Of CSV files and JSON lines; a byte order mark in the file beats it.
    separator
        Of CSV files; a first line such as ``sep=;`` states it as well.
    escape
        Of CSV files: the backslash, if one stands before quotes inside of quoted text. Unless
        stated such quotes are doubled.
    sheet
        Of Excel files: which sheet, where several hold something.
    """

    path: Text
    format: Literal["csv", "parquet", "jsonl", "xlsx"] | None = None
    encoding: str = "utf-8"
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    escape: Literal["\\"] | None = None
    sheet: Text | None = None

    def advise(self, setting: str) -> str:
        """What to do where the file is written otherwise than it is read."""
        return f"state '{setting}' for this file in the codebook"


def _as_file(value: object) -> object:
    return value if isinstance(value, dict | File) or value is None else {"path": value}


FileSpec = Annotated[File, BeforeValidator(_as_file)]


class Files(Part):
    """The files of a study; without `raters` or `items` these are taken from the ratings file."""

    ratings: FileSpec
    raters: FileSpec | None = None
    items: FileSpec | None = None


class Columns(Part):
    """The role of each key column.

    Attributes
    ----------
    rater, item, prompt
        Columns that identify a rater, an item (one response to one prompt; several columns may do
        so together) and the prompt of an item (default: every item is its own prompt).
    language
        Column of the language in which an item was rated.
    dimension, rating
        For long files, with one rating a row; wide files have one column a dimension instead.
    """

    rater: Column
    item: ColumnNames
    prompt: Column | None = None
    language: Column | None = None
    dimension: Column | None = None
    rating: Column | None = None

    @model_validator(mode="after")
    def _long_or_wide(self) -> Self:
        if (self.dimension is None) != (self.rating is None):
            raise ValueError("'dimension' and 'rating' go together: a long file needs both")
        return self


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
        1 where a high rating is good, -1 where it is bad.
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
    valence: Literal[1, -1] = 1
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

    Raters with several answers form the level `level`; the codebook's other levels hold those
    with that answer alone. Any of the separators may stand between answers.
    """

    separator: Texts = (";",)
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
    effects: bool = True

    @field_validator("recode", mode="before")
    @classmethod
    def _keep_null(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {_as_text(k): None if v is None else _as_text(v) for k, v in value.items()}

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
        if self.bands and (self.levels or self.multiple):
            raise ValueError("'bands' define the levels; leave out 'levels' and 'multiple'")
        self._check_bands()
        if levels is None:
            return self
        if len(set(levels)) < len(levels):
            raise ValueError("'levels' must differ from one another")
        if self.reference is not None and self.reference not in levels:
            raise ValueError(one_of("'reference'", self.reference, levels))
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
    def known_levels(self) -> tuple[str, ...] | None:
        """Levels that the codebook fixes, in order; None where they come from the data."""
        if self.bands:
            return tuple(self.bands)
        if self.levels is None:
            return None
        extra = (self.multiple.level,) if self.multiple else ()
        return self.levels + tuple(level for level in extra if level not in self.levels)


def _refuse_meant(meant: list[str]) -> None:
    if meant:
        raise ValueError(
            f"'missing' names {listing(meant)}, which is stated as an answer too; leave it out of "
            "one of them"
        )


class Filter(Part):
    """A check that ratings or raters must have passed to be kept.

    Attributes
    ----------
    columns
        Columns of the ratings file, or of the raters file.
    keep
        Values that pass, in any case.
    require
        How many of the columns must pass: all, any, or a number.
    scope
        Drop the failing row, or the whole rater.
    """

    columns: ColumnNames
    keep: Texts
    require: Literal["all", "any"] | int = "all"
    scope: Literal["rating", "rater"] = "rating"

    @property
    def needed(self) -> int:
        """Number of columns that must pass."""
        if isinstance(self.require, int):
            return self.require
        return len(self.columns) if self.require == "all" else 1

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not 1 <= self.needed <= len(self.columns):
            raise ValueError(
                f"'require' must be 'all', 'any' or 1 to {len(self.columns)}, not {self.require}"
            )
        return self


class ItemTexts(Part):
    """Columns of the items file with the wording of prompts and responses, by language."""

    prompt: ColumnsByLanguage = {}
    response: ColumnsByLanguage = {}

    def columns(self) -> dict[str, dict[str, str]]:
        """Columns by part and language, prompts under the tags that responses have them under."""
        prompt = dict(self.prompt)
        for tag in self.response:
            own = lookup(tag, self.prompt)
            if own is not None and own != tag:
                prompt[tag] = self.prompt[own]
                prompt.pop(own, None) if own not in self.response else None
        return {"prompt": prompt, "response": dict(self.response)}


class Codebook(Part):
    """Everything that a reader of a study's files has to know; written as one YAML file."""

    name: Text
    title: Text = ""
    source: Text = ""
    simulated: bool = False
    truth: str | None = None
    files: Files
    missing: Texts = ("", "NA")
    columns: Columns
    dimensions: Annotated[dict[str, Dimension], Field(min_length=1)]
    demographics: dict[str, Factor] = {}
    covariates: dict[str, Factor] = {}
    texts: ItemTexts = ItemTexts()
    filters: dict[str, Filter] = {}
    # Private: how a study is shown is no part of what it is.
    _language: str = PrivateAttr(default=ENGLISH)

    @field_validator("dimensions", "demographics", "covariates", mode="before")
    @classmethod
    def _empty_entries(cls, value: object) -> object:
        return (
            {k: {} if v is None else v for k, v in value.items()}
            if isinstance(value, dict)
            else value
        )

    @model_validator(mode="after")
    def _names(self) -> Self:
        taken = {"rater", "item", "prompt", "dimension", "rating", "language"}
        for part in ("dimensions", "demographics", "covariates"):
            for name in getattr(self, part):
                if not name.isidentifier():
                    raise ValueError(
                        f"{part}: '{name}' cannot stand in a formula; use letters, digits and _"
                    )
                if name in taken and part != "dimensions":
                    raise ValueError(f"{part}: the name '{name}' is taken; choose another")
        both = set(self.demographics) & set(self.covariates)
        if both:
            raise ValueError(f"{listing(sorted(both))} cannot be demographic and covariate at once")
        return self

    @property
    def long(self) -> bool:
        """Whether the ratings file has one rating a row."""
        return self.columns.dimension is not None

    @property
    def spoken(self) -> Factor:
        """Tags of the languages of texts, as levels of the language of ratings."""
        return Factor(levels=tuple(dict.fromkeys([*self.texts.prompt, *self.texts.response])))

    @property
    def factors(self) -> dict[str, Factor]:
        """Demographics and covariates together."""
        return {**self.demographics, **self.covariates}

    @property
    def language(self) -> str:
        """Language of the labels that readers see."""
        return self._language

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which there are labels: English, then others."""
        maps: list[dict[str, str]] = [factor.label for factor in self.factors.values()]
        for dimension in self.dimensions.values():
            maps += [dimension.label, *dimension.labels.values()]
        return (ENGLISH, *sorted({language for labels in maps for language in labels} - {ENGLISH}))

    def in_language(self, language: str) -> Self:
        """The same with labels in another language; what has none in it keeps its English one.

        Raises
        ------
        InputError
            If no label is in this language.
        """
        if lookup(language, self.languages) is None:
            raise InputError(one_of("the language of labels", language, self.languages))
        other = self.model_copy()
        other._language = language
        return other

    def positive_rule(self, names: Iterable[str] = ()) -> str:
        """Which ratings are positive, in a sentence without its full stop; by default of all."""
        told: dict[str, list[str]] = {}
        for name in names or self.dimensions:
            told.setdefault(self.dimensions[name].positive_told, []).append(self.label(name))
        if len(told) == 1:
            return f"A rating is positive where it is {next(iter(told))}"
        rules = (f"{rule} ({', '.join(labels)})" for rule, labels in told.items())
        return f"A rating is positive where it is {', '.join(rules)}"

    def label(self, name: str) -> str:
        """What readers see in place of the name of a dimension or factor."""
        part = self.dimensions.get(name) or self.factors.get(name)
        labels = part.label if part else {}
        plain = name.replace("_", " ").capitalize()
        return looked_up(labels, self.language, ENGLISH) or plain
