"""Attention and comprehension checks: which rows and raters they remove."""

from dataclasses import replace

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.study.codebook import Codebook, Filter
from pluralign_stats.study.tables import RawTable, Tables, plain_number
from pluralign_stats.study.text import folded

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
        tables = _apply(name, rule, rater, tables)
        frame = tables.ratings.frame
        if frame.empty:
            seen = _table_with(name, rule, replace(tables, ratings=before)).frame[rule.columns[0]]
            raise InputError(
                f"{before.name}: the filter '{name}' leaves no ratings: it keeps "
                f"{listing(rule.keep)}, and column '{rule.columns[0]}' holds "
                f"{listing(seen.dropna().unique())}; correct 'keep' in the codebook"
            )
        lost = before.require(rater, "the rater").nunique() - frame[rater].nunique()
        records.append((name, len(before.frame) - len(frame), lost, LEFT_OUT))
    return tables, told(records)


def _table_with(name: str, rule: Filter, tables: Tables) -> RawTable:
    """The table that has all columns of the filter."""
    for table in (tables.ratings, tables.raters):
        if table is not None and set(rule.columns) <= set(table.frame):
            return table
    known = [c for t in (tables.ratings, tables.raters) if t is not None for c in t.frame]
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


def _apply(name: str, rule: Filter, rater: str, tables: Tables) -> Tables:
    table = _table_with(name, rule, tables)
    keep = {_plain(value) for value in rule.keep}
    answers = table.frame[list(rule.columns)].fillna("").map(_plain)
    passed = answers.isin(keep).sum(axis=1) >= rule.needed
    ratings = tables.ratings
    rater_of_row = ratings.require(rater, "the rater")
    if table is tables.raters:
        stay = ~rater_of_row.isin(table.require(rater, "the rater")[~passed])
    elif rule.scope == "rater":
        stay = ~rater_of_row.isin(rater_of_row[~passed])
    else:
        stay = passed
    return replace(tables, ratings=replace(ratings, frame=ratings.frame[stay]))


def _plain(value: str) -> str:
    return folded(plain_number(value))
