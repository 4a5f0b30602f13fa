"""A study's ratings as a DataFrame: as text like a file's, and which column is what."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.draft import Roles
from pluralign_stats.study.entries import ENGLISH, as_column
from pluralign_stats.study.tables import RawTable, tabulate

#: What messages call the table, and the file that a codebook of it names.
FRAME, FILE = "the frame", "ratings.csv"
#: From so many characters on average, cells are texts rather than names.
LONG_TEXT = 40
_MISSING = ("", "NA")

Names = str | Sequence[str]


def frame_table(data: object) -> RawTable:
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
    return tabulate(FRAME, plain.set_axis(pd.RangeIndex(len(data))), _MISSING, sha256)


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
            text = tabulate(FRAME, levels, _MISSING, "").frame["level"] if len(levels) else ()
            found[as_column(column)] = tuple(text), bool(kind.ordered)
    return found


def frame_roles(
    table: RawTable,
    index: Collection[object],
    *,
    rater: str,
    item: Names,
    dimensions: Names,
    rating: str | None,
    dimension: str | None,
    demographics: Names,
    covariates: Names,
    prompt: str | None,
    text: str | Mapping[str, str] | None,
    language: str | None,
) -> Roles:
    """Which column is what, held against the columns there are.

    Raises
    ------
    InputError
        If a column is absent or named for two roles, or there is no column of ratings.
    """
    texts = {ENGLISH: text} if isinstance(text, str) else dict(text or {})
    response = {tag: as_column(column) for tag, column in texts.items()}
    roles = Roles(
        rater=as_column(rater), item=_listed(item), prompt=_one(prompt), language=_one(language),
        dimension=_one(dimension), rating=_one(rating), dimensions=_listed(dimensions),
        demographics=_listed(demographics), covariates=_listed(covariates),
        texts={"response": response} if response else {},
    )  # fmt: skip
    _check_ratings(roles, table)
    _check_roles(roles, table, index)
    _check_raters(roles, table)
    return roles


def _one(name: str | None) -> str | None:
    return None if name is None else as_column(name)


def _listed(names: Names) -> tuple[str, ...]:
    several = isinstance(names, list | tuple | pd.Index)
    return tuple(map(as_column, names)) if several else (as_column(names),)


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


def _used(roles: Roles) -> list[tuple[str, str]]:
    """Every role with its column."""
    single = ("rater", "prompt", "language", "dimension", "rating")
    used = [(role, getattr(roles, role)) for role in single if getattr(roles, role) is not None]
    several = ("item", "dimensions", "demographics", "covariates")
    used += [(role, column) for role in several for column in getattr(roles, role)]
    return used + [("text", c) for by in roles.texts.values() for c in by.values()]


def _check_roles(roles: Roles, table: RawTable, index: Collection[object]) -> None:
    """Refuse columns that are not there, and columns of two roles.

    The item may be made of the prompt, and its name be its text.
    """
    taken: dict[str, str] = {}
    named = ("item", "prompt", "text")
    for role, column in _used(roles):
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
    return _used(roles).count((role, column))


def _check_raters(roles: Roles, table: RawTable) -> None:
    """Refuse a rater column that names rows rather than people."""
    raters = table.frame[roles.rater].dropna()
    if len(raters) > 1 and raters.is_unique:
        raise InputError(
            f"rater '{roles.rater}': every row has a rater of its own, so nobody's ratings can be "
            "compared with one another; name the column that says who rated. If everyone did rate "
            "one item only, describe the file by a codebook and read it with read_study"
        )
