"""Any table as a forest plot takes it: its panels, its rows with their words, its points."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from pluralign_stats.figures.style import with_counts
from pluralign_stats.formatting import IN_WORDS, heading, in_words
from pluralign_stats.significance import significant

#: Columns whose values are points of one row, of which the first that a table has is taken.
_SERIES = ("model", "reading", "budget")

#: Columns of numbers in the unit of the estimate, and beside it.
_BESIDE = ("planted", "observed", "reported_number")

#: Columns of a table of which each row differs from 0 or not.
_TESTED = {"reference", "p_value", "prob_positive", "agrees"}

#: Columns of words that name no row.
_ABOUT = {"method", "reason", "dimension", "unit", *IN_WORDS, "agrees", "table", "reported_in"}
_ABOUT -= {"contrast"}


@dataclass(frozen=True)
class Tidy:
    """What is drawn of a table.

    Attributes
    ----------
    points
        One row per point: panel, row, series, estimate, conf_low, conf_high and filled.
    labels, headings
        Words beside each row, and above the first of those that share them.
    series
        Names of the points of a row: what they are called in a legend, and whether they stand
        beside the estimates.
    measured, tested
        Whether the table has estimates, else each panel is one of its columns of numbers; and
        whether points are filled where they differ from 0.
    """

    points: pd.DataFrame
    labels: dict[Hashable, str]
    headings: dict[Hashable, str]
    series: dict[str, bool]
    measured: bool
    tested: bool


def tidy(table: pd.DataFrame) -> Tidy:
    """Choose what names the rows of a table, and which of its numbers are drawn."""
    named = _naming(table)
    by = next((c for c in _SERIES if c in named and len(named) > 1), "")
    named = [c for c in named if c != by]
    keys = [*named, "reference"] if in_words(table, "contrast") else named
    table = table.assign(row=[*table[keys].itertuples(index=False, name=None)])
    table["series"] = [_legend_name(value, by) for value in table[by]] if by else ""
    tested = bool(_TESTED & set(table)) and {"estimate", "conf_low"} <= set(table)
    table["filled"] = significant(table) if tested else True
    labels, headings = {}, {}
    grouped = bool(named) and table[named[0]].nunique() < table["row"].nunique()
    for key, own in table.groupby("row", sort=False, dropna=False):
        labels[key], headings[key] = _words(own, named, grouped=grouped)
    points = _estimates(table) if "estimate" in table else _numbers(table, named)
    series = dict(zip(points["series"], points["beside"], strict=True))
    return Tidy(points, labels, headings, series, "estimate" in table, tested)


def _naming(table: pd.DataFrame) -> list[str]:
    """Columns that tell rows apart, or say what the only row is."""
    held = {"contrast", "reference"} if in_words(table, "contrast") else set()
    words = [
        c
        for c in table
        if c not in _ABOUT | held
        and (c == "rating" or not (is_numeric_dtype(table[c]) or is_bool_dtype(table[c])))
    ]
    if not words:
        return [c for c in table.select_dtypes("integer") if not c.startswith("n_")]
    own = {"term", "group", *(("level",) if held else ())}
    return [c for c in words if c in own or table[c].nunique(dropna=False) > 1] or words[:1]


def _words(rows: pd.DataFrame, named: list[str], *, grouped: bool) -> tuple[str, str]:
    """What stands beside a row, and above it and its neighbours."""
    first = rows.iloc[0]
    told = [_plain(c, first[c]) for c in named]
    above = told.pop(0) if len(told) > 1 and (grouped or "reference" in rows) else ""
    if above and rows.get("reference", pd.Series([""])).iloc[0]:
        above = f"{above}, vs {first['reference']}"
    label = ", ".join(filter(None, told))
    label, above = (label, above) if label else (above, "")
    counts = rows.get("n_raters") if "estimate" in rows else None
    return (label if counts is None else with_counts(label, counts)), above


def _plain(column: str, value: Any) -> str:
    """A value of a column that names rows, if there is one; numbers say of what they are."""
    if pd.isna(value):
        return ""
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    return f"{heading(column)} {value:g}" if column == "rating" else f"{value:,g} {heading(column)}"


def _legend_name(value: str, column: str) -> str:
    """A value of a column of series, with its word where the value alone is an adjective."""
    return value if " " in value else f"{value} {column}"


def _estimates(table: pd.DataFrame) -> pd.DataFrame:
    """Estimates with their intervals, and what is set beside them."""
    made = table.reindex(columns=["row", "series", "estimate", "conf_low", "conf_high", "filled"])
    panel = next((table[c] for c in ("dimension", "unit") if c in table), "")
    made = made.assign(panel=panel, beside=False)
    others = [c for c in _BESIDE if c in table]
    parts = [made]
    for column in others:
        name = [f"{s}: {heading(column)}".removeprefix(": ") for s in made["series"]]
        other = made.assign(series=name, estimate=table[column], beside=True, filled=False)
        parts.append(other.drop(columns=["conf_low", "conf_high"]))
    if others:
        parts[0] = made.replace({"series": {"": "estimate"}})
    return pd.concat(parts, ignore_index=True)


def _numbers(table: pd.DataFrame, named: list[str]) -> pd.DataFrame:
    """Each column of numbers in a panel of its own."""
    numbers = (
        table.select_dtypes("number")
        .dropna(axis=1, how="all")
        .columns.difference([*named, "filled"], sort=False)
    )
    long = table.melt(["row", "series", "filled"], numbers, "panel", "estimate")
    ends = {"conf_low": np.nan, "conf_high": np.nan}
    return long.assign(panel=long["panel"].map(heading), beside=False, **ends)
