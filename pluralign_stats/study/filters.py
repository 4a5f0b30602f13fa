"""Filters, such as attention checks: which rows and raters they remove."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.filter_rules import Filter
from pluralign_stats.study.keys import item_key
from pluralign_stats.study.tables import RawTable, Tables, plain_number
from pluralign_stats.study.text import folded, lookup

#: What filters do with rows, and some rules.
LEFT_OUT = "left out"

#: What a filter or rule is called, rows and raters concerned, what was done with them.
Record = tuple[str, int, int, str]


def told(records: list[Record]) -> pd.DataFrame:
    """A table of what filters and rules did."""
    return pd.DataFrame(records, columns=["filter", "rows", "raters", "done"])


def apply_filters(codebook: Codebook, tables: Tables) -> tuple[Tables, pd.DataFrame]:
    """Drop rows, or whole raters, that fail a filter, one filter after the other.

    Returns
    -------
    tables
        With the failing rows of the ratings file gone.
    exclusions
        Columns filter, rows (of the ratings file), raters (left without any row) and done.

    Raises
    ------
    InputError
        If a filter names a column that no file has, or leaves nothing.
    """
    records: list[Record] = []
    rater = codebook.columns.rater
    for name, rule in codebook.filters.items():
        before = tables.ratings
        tables = _apply(name, rule, codebook, tables)
        frame = tables.ratings.frame
        if frame.empty:
            seen = _table_with(name, rule, replace(tables, ratings=before)).frame[rule.columns[0]]
            raise InputError(
                f"{before.name}: the filter '{name}' leaves no ratings: it {rule.told}, and column "
                f"'{rule.columns[0]}' holds {listing(seen.dropna().unique())}; correct it in the "
                "codebook"
            )
        lost = before.require(rater, "the rater").nunique() - frame[rater].nunique()
        records.append((name, len(before.frame) - len(frame), lost, LEFT_OUT))
    return tables, told(records)


def _table_with(name: str, rule: Filter, tables: Tables) -> RawTable:
    """The table that has all columns of the filter."""
    present = [t for t in (tables.ratings, tables.raters, tables.items) if t is not None]
    for table in present:
        if set(rule.columns) <= set(table.frame):
            return table
    known = [column for table in present for column in table.frame]
    absent = [c for c in rule.columns if c not in known]
    if not absent:
        raise InputError(
            f"the filter '{name}' names columns of two files ({listing(rule.columns)}); "
            "make it two filters, one for each file"
        )
    raise InputError(
        f"{tables.ratings.name}: unknown column for filter '{name}': "
        + one_of("it", absent[0], known)
    )


def _apply(name: str, rule: Filter, codebook: Codebook, tables: Tables) -> Tables:
    table, ratings = _table_with(name, rule, tables), tables.ratings
    columns = [_passed(name, rule, column, table, codebook) for column in rule.columns]
    passed = pd.concat(columns, axis=1).sum(axis=1) >= rule.needed
    rater_of_row = ratings.require(codebook.columns.rater, "the rater")
    if table is tables.raters:
        stay = ~rater_of_row.isin(table.require(codebook.columns.rater, "the rater")[~passed])
    elif table is tables.items:
        failed = item_key(table, codebook.columns.item)[~passed]
        stay = ~item_key(ratings, codebook.columns.item).isin(failed)
        tables = replace(tables, items=replace(table, frame=table.frame[passed]))
    else:
        stay = passed
    if rule.scope == "rater":
        stay = ~rater_of_row.isin(rater_of_row[~stay])
    return replace(tables, ratings=replace(ratings, frame=ratings.frame[stay]))


def _passed(name: str, rule: Filter, column: str, table: RawTable, codebook: Codebook) -> pd.Series:
    """Whether each cell of a column passes."""
    cells = table.frame[column]
    plain = cells.fillna("").map(_plain)
    passed = ~plain.isin({_plain(value) for value in rule.drop})
    if rule.numeric:
        passed &= _within(name, rule, column, table)
    kept = rule.kept(column)
    if isinstance(kept, Mapping):
        return passed & _kept_by_language(name, kept, plain, table, codebook)
    if kept is None:
        return passed
    if column == codebook.columns.language:
        heads = tuple(f"{_tag(value)}-" for value in kept)
        return passed & plain.map(lambda tag: f"{_tag(tag)}-".startswith(heads))
    return passed & plain.isin({_plain(value) for value in kept})


def _within(name: str, rule: Filter, column: str, table: RawTable) -> pd.Series:
    """Whether each cell is a number in the range of a filter; cells without an answer are not."""
    answers = table.answers(column, f"filter '{name}'")
    numbers = pd.to_numeric(answers, errors="coerce")
    strange = answers.notna() & numbers.isna()
    if strange.any():
        advice = f"correct the cell, or name it under 'missing'; the filter '{name}' needs numbers"
        raise table.refuse(column, strange, "numbers", advice)
    low = -np.inf if rule.at_least is None else rule.at_least
    high = np.inf if rule.at_most is None else rule.at_most
    return numbers.between(low, high)


def _kept_by_language(
    name: str,
    kept: Mapping[str, tuple[str, ...]],
    plain: pd.Series,
    table: RawTable,
    codebook: Codebook,
) -> pd.Series:
    """Whether each cell is among the values that pass in the language of its row."""
    column = str(codebook.columns.language)
    tags = table.require(column, f"the language of filter '{name}'")
    found = {tag: lookup(tag, kept) for tag in tags.dropna().unique()}
    stated = tags.map(found)
    if stated.isna().any():
        advice = f"state under 'keep' of the filter '{name}' what passes in this language"
        raise table.refuse(column, stated.isna(), listing(kept), advice)
    passed = pd.Series(False, plain.index)
    for tag, values in kept.items():
        passed |= (stated == tag) & plain.isin({_plain(value) for value in values})
    return passed


def _tag(value: str) -> str:
    """Tag of a language: ``en`` keeps ``en-GB`` and ``en_US`` too, but not the other way round."""
    return folded(value).replace("_", "-")


def _plain(value: str) -> str:
    return folded(plain_number(value))
