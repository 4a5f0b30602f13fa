"""The codebook: what the files of a study hold and what their columns mean."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from pluralign_stats.errors import InputError, NotApplicableError, listing, one_of
from pluralign_stats.study.careless import Careless
from pluralign_stats.study.covariate import Covariate, check_asked
from pluralign_stats.study.entries import (
    ENGLISH,
    LANGUAGE,
    Column,
    ColumnNames,
    ColumnsByLanguage,
    Part,
    Text,
    Texts,
)
from pluralign_stats.study.files import Files
from pluralign_stats.study.filter_rules import Filter
from pluralign_stats.study.formats import FORMAT, Formats
from pluralign_stats.study.questions import Dimension, Factor
from pluralign_stats.study.text import looked_up, lookup
from pluralign_stats.study.wide_columns import Sought


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
    weight
        Column of the raters' survey weights, in the raters' file if there is one.
    """

    rater: Column
    item: ColumnNames
    prompt: Column | None = None
    language: Column | None = None
    dimension: Column | None = None
    rating: Column | None = None
    weight: Column | None = None

    @model_validator(mode="after")
    def _long_or_wide(self) -> Self:
        if (self.dimension is None) != (self.rating is None):
            raise ValueError("'dimension' and 'rating' go together: a long file needs both")
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


class RaterRules(Part):
    """What to do where raters are described otherwise than once.

    Attributes
    ----------
    described_twice
        Of a rater with two descriptions: the first answer to each question, the last, or none
        where they differ. An error unless stated.
    not_described
        Raters whom the raters file lacks: added without demographics, or dropped with their
        ratings. An error unless stated.
    """

    described_twice: Literal["first", "last", "missing"] | None = None
    not_described: Literal["add", "drop"] | None = None


#: What becomes of several ratings of one item by one rater.
Repeats = Literal["first", "last", "mean", "retest"]


class Codebook(Part):
    """Everything that a reader of a study's files has to know; written as one YAML file.

    Examples
    --------
    >>> study.codebook.label("toxicity")
    'Toxicity'
    >>> study.codebook.dimensions["toxicity"].valence
    -1
    """

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
    covariates: dict[str, Covariate] = {}
    effects: ColumnNames = ()
    formats: Formats | None = None
    texts: ItemTexts = ItemTexts()
    filters: dict[str, Filter] = {}
    careless: Careless = Careless()
    raters: RaterRules = RaterRules()
    repeats: Repeats | None = None
    choices: dict[str, Any] | None = None
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
        taken = {"rater", "item", "prompt", "dimension", "rating", LANGUAGE}
        taken |= {FORMAT} if self.formats else set()
        taken |= {"weight"} if self.columns.weight else set()
        for part in ("dimensions", "demographics", "covariates"):
            for name in getattr(self, part):
                if not name.isidentifier():
                    raise ValueError(
                        f"{part}: '{name}' cannot stand in a formula; use letters, digits and _"
                    )
                if name in taken and part != "dimensions":
                    raise ValueError(f"{part}: the name '{name}' is taken; choose another")
        by_language = [name for name, rule in self.filters.items() if rule.by_language]
        if by_language and self.columns.language is None:
            raise ValueError(
                f"filters: 'keep' of '{by_language[0]}' names "
                f"{listing(self.filters[by_language[0]].by_language)}, which are not all among its "
                "columns; if they are languages, name the column of these under 'columns.language'"
            )
        both = set(self.demographics) & set(self.covariates)
        if both:
            raise ValueError(f"{listing(sorted(both))} cannot be demographic and covariate at once")
        check_asked(self.effects, self.demographics, self.dimensions, taken - {LANGUAGE})
        return self

    @property
    def indicated(self) -> Self:
        """The same with a demographic for each answer to the questions that are read as such."""
        pairs = [pair for name, q in self.demographics.items() for pair in q.indicators(name)]
        made = dict(pairs)
        if len(made) < len(pairs) or set(made) & {*self.dimensions, *self.covariates}:
            raise InputError(
                "codebook: two answers to questions with 'multiple: {as: indicators}' make one "
                "name, or one that another part has; give them levels that differ in letters"
            )
        return self.model_copy(update={"demographics": made})

    @property
    def long(self) -> bool:
        """Whether the ratings file has one rating a row."""
        return self.columns.dimension is not None

    @property
    def sought(self) -> Sought:
        """Columns that the ratings file is to have: those of ratings, and others."""
        rated = (
            (str(self.columns.rating),)
            if self.long
            else tuple(dimension.column or name for name, dimension in self.dimensions.items())
        )
        factors = {**self.demographics, **self.covariates}
        texts = (*self.texts.prompt.values(), *self.texts.response.values())
        keys = self.columns.model_dump(exclude={"item", "rating"}, exclude_none=True).values()
        formats = (self.formats.column, self.formats.order) if self.formats else ()
        others = {
            *self.columns.item, *keys, *texts, *(f.column or name for name, f in factors.items()),
            *(column for rule in self.filters.values() for column in rule.columns),
            *self.careless.texts, *(c for c in (self.careless.duration, *formats) if c),
        }  # fmt: skip
        return Sought(rated, frozenset(others))

    @property
    def spoken(self) -> Factor:
        """Tags of the languages of texts, as levels of the language of ratings."""
        return Factor(levels=tuple(dict.fromkeys([*self.texts.prompt, *self.texts.response])))

    @property
    def factors(self) -> dict[str, Factor]:
        """Demographics and covariates together."""
        own = {FORMAT: self.formats.factor} if self.formats else {}
        return {**self.demographics, **self.covariates, **own}

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

    def signs(self, names: Iterable[str], what: str) -> dict[str, int]:
        """Valence of each of the dimensions, for `what` cannot do without.

        Raises
        ------
        NotApplicableError
            If one is not declared; the message says how to declare it.
        """
        found = {name: self.dimensions[name].valence for name in names}
        unknown = [name for name, sign in found.items() if sign is None]
        if unknown:
            raise NotApplicableError(
                f"{what} need to know which end of a scale is good, and the valence of "
                f"{listing(unknown)} is not declared; state 'valence: 1' (a high rating is good) "
                f"or 'valence: -1' (it is bad) under dimensions.{unknown[0]} in the codebook, or "
                f"valence={{'{unknown[0]}': 1}} in from_frame"
            )
        return {name: sign for name, sign in found.items() if sign is not None}

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
        named = part.named if isinstance(part, Factor) else None
        question = str(part.question) if isinstance(part, Factor) and named else name
        plain = question.replace("_", " ").capitalize()
        label = looked_up(labels, self.language, ENGLISH) or plain
        return f"{label}: {named}" if named else label

    def rating_label(self, dimension: str, rating: float) -> str:
        """What readers see in place of a rating: its number, behind its word if it has one."""
        texts = self.dimensions[dimension].labels.get(rating, {})
        word = looked_up(texts, self.language, ENGLISH)
        return f"{word} ({rating:g})" if word else f"{rating:g}"
