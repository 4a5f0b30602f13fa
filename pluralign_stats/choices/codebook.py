"""What a codebook says of choices: the section `choices`, and what else their reader needs."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.study.codebook import Codebook, RaterRules
from pluralign_stats.study.entries import Column, ColumnNames, Part, Text, Texts
from pluralign_stats.study.files import FileSpec
from pluralign_stats.study.questions import Factor
from pluralign_stats.study.wide_columns import Sought

#: Cells that say that none of the options is better, unless a codebook states others.
TIES = ("tie", "tie (bothbad)")


class ChoiceColumns(Part):
    """The file of choices and what its columns mean.

    In a wide file a row is a choice, with one column for each option (`options`, or `chosen` and
    `rejected`). In a long file a row is an option (`option`), and `set` tells which belong
    together.

    Attributes
    ----------
    file
        The file of choices.
    rater, prompt
        Columns that identify the rater, and what the options respond to.
    set
        Columns that, with the rater, tell one choice from another; by default the prompt's.
    options, rejected
        Of a wide file: the columns that name the options; or, beside `chosen`, those that name what
        was not chosen.
    option
        Of a long file: the column that names the option of a row.
    chosen
        Of a wide file: the column that says which option is best, by the name of its column, by its
        own name, by a word of `words`, or by one of `ties`. Of a long file: the column that says
        whether the option of the row is the best.
    ranks, rank
        Ranks, 1 for the best, in columns in the order of `options`, or in a column of a long file;
        equal ranks are ties, and what has none ranks below all that have one.
    scores, score
        The same for numbers of which the highest is best.
    words
        From cells of `chosen` to columns of `options`.
    ties
        Cells of `chosen` that say that none is better, in any case.
    shown_in_order
        Of a wide file: whether `options` stand in the order in which they were shown.
    position
        Of a long file: the column with the place, from 1, at which an option was shown.
    systems, system
        Columns with what made each option, such as the name of the model.
    texts, text, prompt_text
        Columns with the wording of options and prompt.
    language
        Column with the language of a choice.
    weight
        Column with the weight of a choice.
    """

    file: FileSpec
    rater: Column
    prompt: ColumnNames
    set: ColumnNames = ()
    options: ColumnNames = ()
    rejected: ColumnNames = ()
    option: Column | None = None
    chosen: Column | None = None
    ranks: ColumnNames = ()
    rank: Column | None = None
    scores: ColumnNames = ()
    score: Column | None = None
    words: dict[Text, Column] = {}
    ties: Texts = TIES
    shown_in_order: bool = False
    position: Column | None = None
    systems: ColumnNames = ()
    system: Column | None = None
    texts: ColumnNames = ()
    text: Column | None = None
    prompt_text: Column | None = None
    language: Column | None = None
    weight: Column | None = None

    @property
    def long(self) -> bool:
        """Whether a row of the file is an option of a choice."""
        return self.option is not None

    @property
    def sought(self) -> Sought:
        """Columns that may be there once for each prompt, and the rater's, which is not."""
        several = (*self.options, *self.rejected, *self.ranks, *self.scores)
        several += (*self.systems, *self.texts)
        single = (self.option, self.chosen, self.rank, self.score, self.position, self.system)
        named = (*several, *(c for c in (*single, self.text, self.language) if c is not None))
        return Sought(named, frozenset({self.rater}))

    @property
    def offered(self) -> tuple[str, ...]:
        """Columns of a wide file that name the options."""
        if self.rejected and self.chosen is not None:
            return (self.chosen, *self.rejected)
        return self.options

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        wide = {"options": self.options, "rejected": self.rejected}
        given = [name for name, there in {**wide, "option": self.option}.items() if there]
        if len(given) != 1:
            told = " and ".join(given) or "none of them"
            raise ValueError(
                "name the options by one of 'options' (columns of a wide file), 'rejected' (beside "
                f"'chosen') or 'option' (a column of a long file), not {told}"
            )
        if self.rejected and self.chosen is None:
            raise ValueError("'rejected' needs 'chosen', the column that names what was chosen")
        if len(self.options) == 1:
            raise ValueError("'options' must name two columns or more")
        for problem in (*self._misplaced(), *self._unequal()):
            raise ValueError(problem)
        return self

    def _misplaced(self) -> Iterator[str]:
        wide = ("ranks", "scores", "systems", "texts", "words", "shown_in_order")
        single = ("rank", "score", "system", "text", "position")
        for name in wide if self.long else single:
            if getattr(self, name):
                form, other = ("long", "wide") if self.long else ("wide", "long")
                yield f"'{name}' is for {other} files, and this one is {form}; leave it out"
        answers = ("chosen", "rank", "score") if self.long else ("chosen", "ranks", "scores")
        given = [name for name in answers if getattr(self, name)]
        if len(given) != 1:
            listed = f"'{answers[0]}', '{answers[1]}' or '{answers[2]}'"
            yield f"state one of {listed}, which says what was preferred, not {len(given)} of them"
        if self.rejected and self.shown_in_order:
            yield "'shown_in_order' needs 'options'; 'chosen' and 'rejected' tell no order"

    def _unequal(self) -> Iterator[str]:
        n = len(self.offered)
        for name in () if self.long else ("ranks", "scores", "systems", "texts"):
            columns = getattr(self, name)
            if columns and len(columns) != n:
                yield f"'{name}' must name {n} columns, one for each option, not {len(columns)}"
        for word, column in self.words.items():
            if column not in self.options:
                yield f"'words': {one_of(f"what '{word}' means", column, self.options)}"


class ChoiceFiles(Part):
    """The file of raters; without it demographics stand in the file of choices."""

    raters: FileSpec | None = None


class Identity(Part):
    """The column that identifies a rater in the file of raters, if it is called otherwise there."""

    rater: Column


class ChoiceBook(Part):
    """All of a codebook that a reader of choices has to know."""

    name: Text
    title: Text = ""
    source: Text = ""
    simulated: bool = False
    files: ChoiceFiles = ChoiceFiles()
    missing: Texts = ("", "NA")
    demographics: dict[str, Factor] = {}
    columns: Identity | None = None
    raters: RaterRules = RaterRules()
    choices: Annotated[ChoiceColumns, Field()]

    @model_validator(mode="after")
    def _names(self) -> Self:
        taken = {"rater", "prompt", "choice", "option", "system", "first", "second", "outcome"}
        for name in self.demographics:
            if not name.isidentifier() or name in taken | {"weight", "rank", "position"}:
                raise ValueError(f"demographics: the name '{name}' cannot be used; choose another")
        return self


def choice_book(content: dict[str, Any], name: str) -> ChoiceBook:
    """Check parsed YAML; keys that are about ratings alone are passed over.

    Raises
    ------
    InputError
        If there is no section `choices`, or something in it is not allowed.
    """
    if "choices" not in content:
        raise InputError(
            f"{name}: has no section 'choices', which says where choices stand; add one, or read "
            "the ratings with read_study"
        )
    own = {k: v for k, v in content.items() if k in ChoiceBook.model_fields}
    own |= {k: v for k, v in content.items() if k not in Codebook.model_fields and k != "choices"}
    if isinstance(own.get("files"), dict):
        own["files"] = {k: v for k, v in own["files"].items() if k == "raters"}
    if isinstance(own.get("columns"), dict):
        own["columns"] = {k: v for k, v in own["columns"].items() if k == "rater"}
    own["demographics"] = {k: v or {} for k, v in (own.get("demographics") or {}).items()}
    try:
        return ChoiceBook.model_validate(own)
    except ValidationError as error:
        raise InputError(f"{name}: {_told(error)}") from None


def _told(error: ValidationError) -> str:
    """The first complaint of pydantic in one plain line."""
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    key = ".".join(map(str, first["loc"]))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            kind = ChoiceColumns if first["loc"][:1] == ("choices",) else ChoiceBook
            allowed = one_of("it", str(first["loc"][-1]), kind.model_fields)
            return f"unknown key '{key}': {allowed}{more}"
        case "missing":
            return f"the key '{key}' is missing{more}"
        case "value_error":
            return f"{key}: {first['ctx']['error']}{more}"
        case _:
            said = first["msg"][0].lower() + first["msg"][1:]
            return f"'{key}' is {first['input']!r}, but {said}{more}"
