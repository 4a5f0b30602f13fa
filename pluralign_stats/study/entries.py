"""What a codebook is written in: texts, names of columns, labels by language, and its parts."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from pluralign_stats.errors import listing
from pluralign_stats.study.text import nfc

#: Language of labels that name none, and where there is none in the language asked for.
ENGLISH = "en"

#: What the column of languages is called in a study.
LANGUAGE = "language"


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


def as_text(value: object) -> object:
    """An entry as text; truth values as YAML writes them."""
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
    return " ".join(str(as_text(name)).split())


def _as_columns(value: object) -> object:
    labels = _as_labels(value)
    return {k: as_column(v) for k, v in labels.items()} if isinstance(labels, dict) else labels


Text = Annotated[str, BeforeValidator(as_text)]
Column = Annotated[str, BeforeValidator(as_column)]
ColumnsByLanguage = Annotated[dict[str, str], BeforeValidator(_as_columns)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]
ColumnNames = Annotated[tuple[Column, ...], BeforeValidator(_as_list)]
Labels = Annotated[dict[str, Text], BeforeValidator(_as_labels)]


class Part(BaseModel):
    """A part of a codebook: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)

    @model_validator(mode="before")
    @classmethod
    def _one_unicode_form(cls, content: object) -> object:
        return _composed(content)
