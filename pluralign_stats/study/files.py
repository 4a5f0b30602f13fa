"""What a codebook says of a study's files: where they lie, how each is read, what goes together."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from pluralign_stats.errors import listing
from pluralign_stats.study.entries import Column, ColumnNames, Part, Text
from pluralign_stats.study.wide_columns import Wide

Format = Literal["csv", "xlsx", "parquet", "feather", "json", "jsonl", "spss", "stata", "sas"]


class Map(Part):
    """Cells that hold a map, such as from raters to ratings: each entry becomes a row.

    Attributes
    ----------
    column
        Column of the cells; several with maps from the same keys.
    key
        Column that the keys come to stand in.
    value
        Column that the values come to stand in, one for each column; its own name unless stated.
    """

    column: ColumnNames
    key: Column
    value: ColumnNames = ()

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if self.value and len(self.value) != len(self.column):
            raise ValueError(
                f"'value' names {listing(self.value)}, 'column' {listing(self.column)}; name one "
                "value for each column"
            )
        return self

    @property
    def named(self) -> dict[str, str]:
        """Column of the values by column of the maps."""
        return dict(zip(self.column, self.value or self.column, strict=True))


class Reading(Part):
    """How a file is read.

    Attributes
    ----------
    format
        Told from the file's ending unless stated.
    encoding
        Of files of text; a byte order mark in the file beats it.
    separator
        Of CSV files. Unless stated, here or by a first line such as ``sep=;``: a tab in files that
        end in ``.tsv`` or ``.tab``, otherwise the comma, or what the header has in its place.
    escape
        Of CSV files: the backslash, if one stands before quotes inside of quoted text. Unless
        stated such quotes are doubled.
    sheet
        Of Excel files: which sheet, where several hold something.
    header_rows
        Of CSV and Excel files: how many rows belong to the header, of which the first has the names
        of columns. Unless stated 1, or what the file shows where it comes from Qualtrics.
    labels
        Of SPSS and Stata files: whether values are read as their labels, or the columns in which
        they are.
    key
        Of JSON files that hold objects by name: the column that the names come to stand in.
    rows
        Column with lists of which each element becomes a row; objects inside of objects have
        dotted names.
    map
        Cells with maps of which each entry becomes a row.
    rename
        From names of columns in the file to those that the codebook uses.
    wide
        Columns that hold one item each; each item becomes a row.
    prefix
        By column, what is put before the texts in it.
    """

    format: Format | None = None
    encoding: str = "utf-8"
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    escape: Literal["\\"] | None = None
    sheet: Text | None = None
    header_rows: Annotated[int, Field(ge=1)] | None = None
    labels: bool | ColumnNames = True
    key: Column = "key"
    rows: Column | None = None
    map: Map | None = None
    rename: dict[Column, Column] = {}
    wide: Wide | None = None
    prefix: dict[Column, Text] = {}


class File(Reading):
    """One data file.

    Attributes
    ----------
    path
        Relative to the data folder (by default the codebook's own folder), or absolute.
    """

    path: Text

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path alone; see `Stack`."""
        return (self.path,)

    def advise(self, setting: str) -> str:
        """What to do where the file is written otherwise than it is read."""
        return f"state '{setting}' for this file in the codebook"


def _as_file(value: object) -> object:
    return value if isinstance(value, dict | Part) or value is None else {"path": value}


class Stack(Reading):
    """Files whose rows stand one below the other; what holds for all is stated once.

    Attributes
    ----------
    stack
        The files, by the tags that tell them apart; of a list, the names without their endings.
    column
        Column that the tags come to stand in; none unless stated.
    restart
        Columns with names that begin anew in each file: the file's tag is put before them.
    """

    stack: Annotated[
        dict[Text, Annotated[File, BeforeValidator(_as_file)]],
        BeforeValidator(lambda value: _tagged(value)),
        Field(min_length=1),
    ]
    column: Column | None = None
    restart: ColumnNames | None = None

    @property
    def files(self) -> dict[str, File]:
        """The files by tag, each with what holds for all."""
        shared = self.model_fields_set & Reading.model_fields.keys()
        common = {name: getattr(self, name) for name in shared}
        return {
            tag: File(**common | {name: getattr(file, name) for name in file.model_fields_set})
            for tag, file in self.stack.items()
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all files."""
        return tuple(file.path for file in self.stack.values())


def _tagged(value: object) -> object:
    """A list of files under the names of the files, without their endings."""
    if not isinstance(value, list | tuple):
        return value
    made: dict[str, object] = {}
    for entry in value:
        path = entry.get("path", "") if isinstance(entry, dict) else getattr(entry, "path", entry)
        tag = str(path).replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or str(path)
        if tag in made:
            raise ValueError(
                f"two files of the stack are called '{tag}'; give each a tag: "
                f"{{first: {path}, second: …}}"
            )
        made[tag] = entry
    return made


class Join(Part):
    """Files whose columns stand side by side, such as a survey and an export of demographics.

    Attributes
    ----------
    join
        The files; the rows are those of the first.
    by
        Column that says which rows belong together.
    wide
        Columns that hold one item each, in any of the files; each item becomes a row.
    """

    join: Annotated[tuple["FileSpec", ...], Field(min_length=2)]
    by: Column
    wide: Wide | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all files."""
        return tuple(path for spec in self.join for path in spec.paths)


def _kind(value: object) -> str:
    """Which form an entry has; the names are none that a codebook could hold as a key."""
    if isinstance(value, Stack) or (isinstance(value, dict) and "stack" in value):
        return "(stack)"
    if isinstance(value, Join) or (isinstance(value, dict) and "join" in value):
        return "(join)"
    return "(file)"


FileSpec = Annotated[
    Annotated[File, Tag("(file)")]
    | Annotated[Stack, Tag("(stack)")]
    | Annotated[Join, Tag("(join)")],
    Discriminator(_kind),
    BeforeValidator(_as_file),
]

_FORMS: dict[str, type[Part]] = {"(file)": File, "(stack)": Stack, "(join)": Join}


class Files(Part):
    """The files of a study; without `raters` or `items` these are taken from the ratings file."""

    ratings: FileSpec
    raters: FileSpec | None = None
    items: FileSpec | None = None

    @property
    def specs(self) -> tuple["File | Stack | Join", ...]:
        """The files that are stated, the ratings first."""
        return tuple(spec for spec in (self.ratings, self.raters, self.items) if spec is not None)


def keys_at(steps: tuple[str | int, ...], content: Any) -> list[str]:
    """Keys that an entry of `files` allows, `steps` below it."""
    inside = content
    for step in steps:
        inside = inside[step]
    if not steps:
        return list(Files.model_fields)
    for key, part in (("map", Map), ("wide", Wide)):
        if steps[-1] == key:
            return list(part.model_fields)
    kind = _kind(inside)
    more = ["stack", "join"] if kind == "(file)" and "stack" not in steps else []
    return [*_FORMS[kind].model_fields, *more]
