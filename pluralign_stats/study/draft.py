"""A codebook drafted from raw tables, of which it is known which column is what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.study.entries import LANGUAGE
from pluralign_stats.study.infer_factors import infer_covariate, infer_factor
from pluralign_stats.study.infer_ratings import infer_scale, pooled
from pluralign_stats.study.inference import Inference, Taken, identifier
from pluralign_stats.study.known_answers import is_no_rating
from pluralign_stats.study.tables import RawTable, Tables
from pluralign_stats.study.text import is_number
from pluralign_stats.study.wide_columns import Sought

#: Entries of a factor that say what its levels are, so that nothing is to be inferred.
_LEVELS = {"levels", "bands", "recode", "multiple", "declined", "missing", "other", "per"}

Scales = Mapping[str, Sequence[Any] | Mapping[str, Any]]


@dataclass(frozen=True)
class Roles:
    """Which column is what, as `Columns` and the other parts of a codebook have it.

    Attributes
    ----------
    rater, item, prompt, language, dimension, rating, weight
        As in `Columns`.
    dimensions
        Columns of ratings of a wide file.
    demographics, covariates
        Columns of these.
    effects
        Columns whose effects are asked for: covariates, those of `covariates` and others, and the
        language.
    texts
        Columns of wordings, by part (prompt, response) and language.
    """

    rater: str
    item: tuple[str, ...]
    prompt: str | None = None
    language: str | None = None
    dimension: str | None = None
    rating: str | None = None
    weight: str | None = None
    dimensions: tuple[str, ...] = ()
    demographics: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """Entries of `columns` in the codebook."""
        item = self.item[0] if len(self.item) == 1 else list(self.item)
        keys = ("prompt", "language", "dimension", "rating", "weight")
        given = {key: getattr(self, key) for key in keys if getattr(self, key) is not None}
        if self.dimension is None:
            given.pop("rating", None)
        return {"rater": self.rater, "item": item, **given}

    @property
    def rated(self) -> tuple[str, ...]:
        """Columns of ratings of a wide file."""
        return self.dimensions if self.rating is None else (self.rating,)

    @property
    def used(self) -> list[tuple[str, str]]:
        """Every role with its column."""
        single = ("rater", "prompt", "language", "dimension", "rating", "weight")
        used = [(role, getattr(self, role)) for role in single if getattr(self, role) is not None]
        several = ("item", "dimensions", "demographics", "covariates")
        used += [(role, column) for role in several for column in getattr(self, role)]
        known = {*self.covariates, self.language}
        used += [("effects", column) for column in self.effects if column not in known]
        return used + [("text", c) for by in self.texts.values() for c in by.values()]

    @property
    def sought(self) -> Sought:
        """Columns of ratings, and others."""
        rated = self.rated
        return Sought(rated, frozenset(column for _, column in self.used) - set(rated))


@dataclass(frozen=True)
class Given:
    """What the user says beside the roles, by column.

    Attributes
    ----------
    valence
        1 where a high rating is good, -1 where it is bad.
    scales
        Lowest and highest rating, a scale as codebooks have it, or words, the lowest first.
    orders
        Of categories that have an order, and whether it is one of more and less.
    entries
        Of demographics and covariates: the name of each, and what its entry in a codebook states.
    """

    valence: Mapping[str, int] = field(default_factory=dict)
    scales: Scales = field(default_factory=dict)
    orders: Mapping[str, tuple[tuple[str, ...], bool]] = field(default_factory=dict)
    entries: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """Content of a codebook, and what of it was inferred."""

    content: dict[str, Any]
    inferred: tuple[Inference, ...]


def draft_codebook(tables: Tables, roles: Roles, given: Given, head: Mapping[str, Any]) -> Draft:
    """Draft a codebook of raw tables.

    Parameters
    ----------
    tables
        The files as text.
    roles
        Which column is what.
    given
        What the user says of single columns.
    head
        Entries of the codebook that stand before `columns`: name, files, ….

    Raises
    ------
    InputError
        If ratings are words of unknown order, or something is said of a dimension that is none.
    """
    inferred: list[Inference] = []
    dimensions = _dimensions(tables.ratings, roles, given, inferred)
    raters = _one_a_rater(tables, roles.rater)
    used = set(dimensions)
    demographics = _factors(raters, roles.demographics, "demographic", given, used, inferred)
    asked = [column for column in roles.effects if column != roles.language]
    plain = [column for column in roles.covariates if column not in asked]
    source = _with_items(tables)
    covariates = _factors(source, plain, "covariate", given, used, inferred)
    own, told = draft_covariates(tables, asked, given, used)
    names = dict(zip(asked, own, strict=True)) | {str(roles.language): LANGUAGE}
    inferred += told
    content = {**head, "columns": roles.columns, "dimensions": dimensions}
    parts = {
        "demographics": demographics,
        "covariates": covariates | own,
        "effects": [names[column] for column in roles.effects],
        "texts": dict(roles.texts),
    }
    return Draft(content | {key: part for key, part in parts.items() if part}, tuple(inferred))


def draft_demographics(
    tables: Tables, rater: str, columns: Sequence[str], given: Given
) -> tuple[dict[str, Any], tuple[Inference, ...]]:
    """Entries of demographics, from the raters' file if there is one, and what was inferred."""
    inferred: list[Inference] = []
    raters = _one_a_rater(tables, rater)
    return _factors(raters, columns, "demographic", given, set(), inferred), tuple(inferred)


def draft_covariates(
    tables: Tables, columns: Sequence[str], given: Given, used: set[str]
) -> tuple[dict[str, Any], list[Inference]]:
    """Draft entries of covariates whose effects are asked for: numbers stay such.

    Parameters
    ----------
    columns
        Of the ratings, or of the items.
    used
        Names that are taken, to which theirs come.

    Returns
    -------
    tuple
        Entries by name, in the order of `columns`, and what was inferred.
    """
    inferred: list[Inference] = []
    frame = _with_items(tables)[list(columns)] if columns else pd.DataFrame()
    made = _factors(frame, columns, "covariate", given, used, inferred, infer_covariate)
    return made, inferred


def _dimensions(
    table: RawTable, roles: Roles, given: Given, inferred: list[Inference]
) -> dict[str, Any]:
    cells = _cells(table, roles)
    names: dict[str, str] = {}
    for column in cells:
        names[column] = identifier(column, names.values(), "dimension")
    _check_said(given.valence, names, "valence")
    _check_said(given.scales, names, "scales")
    own = {c: _scale(c, n, cells[c], given) for c, n in names.items()}
    stated = {c: s for c, s in own.items() if _said(given.scales, c, names[c]) is not None}
    taken = pooled({c: s for c, s in own.items() if c not in stated}) | stated
    found = {}
    for column, name in names.items():
        valence = _valence(_said(given.valence, column, name), name)
        found[name] = {**_entry(column, name), **taken[column].content, "valence": valence}
        where = ("dimensions", name)
        if column not in stated or taken[column].why:
            told = taken[column]
            inferred.append(Inference(column, "dimension", told.told, told.why, where))
        if valence is None:
            inferred.append(_undeclared(column, name))
    return found


def _undeclared(column: str, name: str) -> Inference:
    return Inference(
        column,
        "valence",
        "not declared",
        "whether a high rating is good (1) or bad (-1) cannot be seen in the data; preferences "
        "ask for it",
        ("dimensions", name, "valence"),
    )


def _cells(table: RawTable, roles: Roles) -> dict[str, pd.Series]:
    """Cells of each dimension, by its column or, in a long file, its value."""
    if roles.dimension is None:
        return {column: table.answers(column, "a rating") for column in roles.rated}
    named, rating = table.frame[roles.dimension], table.answers(str(roles.rating), "the rating")
    return {name: rating[named == name] for name in named.dropna().unique()}


def _entry(column: str, name: str) -> dict[str, Any]:
    """Where the entry's cells are, if its name does not say so."""
    return {} if name == column else {"column": column, "label": column}


def _said[Value](said: Mapping[str, Value], column: str, name: str) -> Value | None:
    return said.get(column, said.get(name))


def _check_said(said: Mapping[str, Any], names: Mapping[str, str], what: str) -> None:
    known = {*names, *names.values()}
    for name in said:
        if name not in known:
            raise InputError(one_of(f"a dimension of '{what}'", name, list(names)))


def _valence(said: object, name: str) -> int | None:
    if said not in (None, 1, -1) or isinstance(said, bool):
        raise InputError(
            f"the valence of '{name}' must be 1 (a high rating is good) or -1 (it is bad), "
            f"not {said!r}"
        )
    return None if said is None else int(str(said))


def _scale(column: str, name: str, cells: pd.Series, given: Given) -> Taken:
    """Scale of one dimension, as stated or as inferred."""
    said = _said(given.scales, column, name)
    values = cells.dropna().unique().tolist()
    words = isinstance(said, list | tuple) and not all(is_number(str(word)) for word in said)
    if said is not None and not words:
        silent = [value for value in values if not is_number(value) and is_no_rating(value)]
        return Taken({"scale": said, **({"missing": silent} if silent else {})})
    order = tuple(map(str, said)) if words and said is not None else ()
    if not order and column in given.orders and not all(map(is_number, values)):
        order = given.orders[column][0]
    taken = infer_scale(values, order)
    if taken is None:
        unknown = [v for v in values if not is_number(v) and not is_no_rating(v)]
        raise InputError(
            f"column '{column}': the ratings are words whose order is not known "
            f"({listing(unknown)}); state it, the lowest first: scales={{'{name}': [...]}}, or of "
            f"files --scale {name}=LOWEST,...,HIGHEST"
        )
    return Taken(taken.content) if words else taken


def _one_a_rater(tables: Tables, rater: str) -> pd.DataFrame:
    """Cells of one row of each rater, so that levels are counted by raters."""
    table = tables.raters or tables.ratings
    rated = table.frame[rater].isin(tables.ratings.frame[rater].unique())
    return _answered(table)[rated & ~table.frame[rater].duplicated()]


def _answered(table: RawTable) -> pd.DataFrame:
    """Cells without missing-value codes."""
    return table.frame.mask(table.frame.isin(table.codes()))


def _with_items(tables: Tables) -> pd.DataFrame:
    """Columns of the ratings file, and those that only the items file has."""
    frame = _answered(tables.ratings)
    if tables.items is None:
        return frame
    items = _answered(tables.items)
    own = [column for column in items if column not in frame]
    return pd.concat([frame.reset_index(drop=True), items[own].reset_index(drop=True)], axis=1)


def _factors(
    frame: pd.DataFrame,
    columns: Sequence[str],
    role: str,
    given: Given,
    used: set[str],
    inferred: list[Inference],
    infer: Callable[[str, pd.Series, Sequence[str]], Taken] = infer_factor,
) -> dict[str, Any]:
    found = {}
    for column in columns:
        stated, said = given.entries.get(column, ("", {}))
        name = stated or identifier(column, used, role)
        used.add(name)
        if said.keys() & _LEVELS:
            found[name] = {**_entry(column, name), **said}
            continue
        order, ranked = given.orders.get(column, ((), False))
        taken = infer(column, frame[column], order)
        content = taken.content | ({"ordered": True} if ranked else {})
        found[name] = {**_entry(column, name), **content, **said}
        section = "demographics" if role == "demographic" else "covariates"
        inferred.append(Inference(column, role, taken.told, taken.why, (section, name)))
    return found
