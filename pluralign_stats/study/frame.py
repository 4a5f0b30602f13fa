"""A study's ratings as a DataFrame: as text like a file's, and which column is what."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import ValidationError

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.draft import Roles
from pluralign_stats.study.entries import ENGLISH, as_column
from pluralign_stats.study.tables import RawTable, tabulate
from pluralign_stats.study.wide import made_long
from pluralign_stats.study.wide_columns import Wide

#: What messages call the table, and the file that a codebook of it names.
FRAME, FILE = "the frame", "ratings.csv"
#: From so many characters on average, cells are texts rather than names.
LONG_TEXT = 40

Names = str | Sequence[str]
Named = Names | Mapping[str, Mapping[str, Any]]


def frame_table(data: object, missing: Sequence[str], wide: Wide | None, roles: Roles) -> RawTable:
    """The frame as text, its rows numbered from 0 as by ``iloc``.

    Its hash is that of the CSV file that ``data.to_csv("ratings.csv", index=False)`` writes.

    Raises
    ------
    InputError
        If it is no DataFrame, is empty, or has two columns of one name.
    """
    if not isinstance(data, pd.DataFrame):
        hint = "data.to_pandas()" if hasattr(data, "to_pandas") else "read_study reads files"
        raise InputError(
            f"the ratings must be a pandas DataFrame, not a {type(data).__name__}; {hint}"
        )
    if data.columns.nlevels > 1:
        raise InputError("the frame's columns have several levels; give each one name")
    sha256 = digest_text(data.to_csv(index=False, lineterminator="\n"))
    columns = [_plain(data.iloc[:, place]) for place in range(data.shape[1])]
    plain = pd.concat(columns, axis=1) if columns else data
    plain = plain.set_axis(pd.RangeIndex(len(data)))
    table = tabulate(FRAME, plain, tuple(map(str, missing)), sha256)
    return made_long(table, wide, roles.sought) if wide else table


def frame_wide(wide: object) -> Wide | None:
    """How columns of items are called, as the user says it.

    Raises
    ------
    InputError
        If that is no entry of a codebook.
    """
    if wide is None:
        return None
    try:
        return Wide.model_validate(wide)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            key = str(first["loc"][0])
            raise InputError(f"wide: {one_of('a key', key, Wide.model_fields)}") from None
        said = first.get("ctx", {}).get("error", first["msg"])
        raise InputError(f"wide: {said}") from None


def frame_entries(*named: Named) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Name and entry of demographics and covariates that the user states, by their column."""
    return {
        as_column(entry.get("column", name)): (name, {**entry})
        for each in named
        if isinstance(each, Mapping)
        for name, entry in each.items()
    }


def _plain(column: pd.Series) -> pd.Series:
    """A column with its values in place of categories."""
    kind = column.dtype
    return column.astype(kind.categories.dtype) if isinstance(kind, pd.CategoricalDtype) else column


def categories(data: pd.DataFrame) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Categories of columns as text, in order, and whether it is an order of more and less."""
    found = {}
    for column, kind in zip(data.columns, data.dtypes, strict=True):
        if isinstance(kind, pd.CategoricalDtype):
            levels = pd.DataFrame({"level": kind.categories})
            text = tabulate(FRAME, levels, (), "").frame["level"] if len(levels) else ()
            found[as_column(column)] = tuple(text), bool(kind.ordered)
    return found


def frame_roles(
    *,
    rater: str,
    item: Names,
    dimensions: Names,
    rating: str | None,
    dimension: str | None,
    demographics: Named,
    covariates: Named,
    effects: Names,
    prompt: str | None,
    text: str | Mapping[str, str] | None,
    language: str | None,
    weight: str | None,
) -> Roles:
    """Which column is what."""
    texts = {ENGLISH: text} if isinstance(text, str) else dict(text or {})
    response = {tag: as_column(column) for tag, column in texts.items()}
    return Roles(
        rater=as_column(rater), item=_listed(item), prompt=_one(prompt), language=_one(language),
        weight=_one(weight), dimension=_one(dimension), rating=_one(rating),
        dimensions=_listed(dimensions), demographics=_listed(demographics),
        covariates=_listed(covariates), effects=_asked(effects, covariates),
        texts={"response": response} if response else {},
    )  # fmt: skip


def check_roles(roles: Roles, table: RawTable, index: Collection[object]) -> None:
    """Hold roles against the columns there are; `index` has the names of the frame's index.

    Raises
    ------
    InputError
        If a column is absent or named for two roles, or there is no column of ratings.
    """
    _check_ratings(roles, table)
    _check_columns(roles, table, index)
    _check_raters(roles, table)


def _one(name: str | None) -> str | None:
    return None if name is None else as_column(name)


def _listed(names: Named) -> tuple[str, ...]:
    if isinstance(names, Mapping):
        return tuple(as_column(entry.get("column", name)) for name, entry in names.items())
    several = isinstance(names, list | tuple | pd.Index)
    return tuple(map(as_column, names)) if several else (as_column(names),)


def _asked(effects: Names, covariates: Named) -> tuple[str, ...]:
    """Columns whose effects are asked for, by their own names or those of their entries."""
    entries = covariates if isinstance(covariates, Mapping) else {}
    return tuple(as_column(entries.get(n, {}).get("column", n)) for n in _listed(effects))


def _check_ratings(roles: Roles, table: RawTable) -> None:
    if roles.dimension is not None and roles.rating is None:
        raise InputError(
            f"dimension='{roles.dimension}' says which dimension a row rates; name the column of "
            "its rating too: rating=..."
        )
    if not roles.dimensions and roles.rating is None:
        raise InputError(
            "no column of ratings is named; name one column a dimension, dimensions=[...], or the "
            f"one column of ratings, rating=...; the frame has {listing(table.frame.columns, 20)}"
        )
    if roles.dimensions and roles.rating is not None:
        raise InputError("give dimensions (one column each) or rating (one column), not both")


def _check_columns(roles: Roles, table: RawTable, index: Collection[object]) -> None:
    """Refuse columns that are not there, and columns of two roles.

    The item may be made of the prompt, and its name be its text.
    """
    taken: dict[str, str] = {}
    named = ("item", "prompt", "text")
    for role, column in roles.used:
        if column not in table.frame:
            levels = [str(name) for name in index if name is not None]
            hint = "; it is in the index: pass data.reset_index()" if column in levels else ""
            raise InputError(f"{one_of(role, column, table.frame.columns)}{hint}")
        other = taken.setdefault(column, role)
        if (other != role and not (other in named and role in named)) or (
            other == role and _count(roles, role, column) > 1
        ):
            twice = f"both {other} and {role}" if other != role else f"twice in {role}"
            raise InputError(f"column '{column}' is named {twice}; a column has one role")


def _count(roles: Roles, role: str, column: str) -> int:
    return roles.used.count((role, column))


def _check_raters(roles: Roles, table: RawTable) -> None:
    """Refuse a rater column that names rows rather than people."""
    raters = table.frame[roles.rater].dropna()
    if len(raters) > 1 and raters.is_unique:
        raise InputError(
            f"rater '{roles.rater}': every row has a rater of its own, so nobody's ratings can be "
            "compared with one another; name the column that says who rated. If everyone did rate "
            "one item only, describe the file by a codebook and read it with read_study"
        )
