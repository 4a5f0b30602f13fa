"""Figures of effects: forest plots of differences between groups."""

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.forest_parts import Series, draw_forest, name_series, rows, styles
from pluralign_stats.figures.marks import points
from pluralign_stats.figures.plot import Plot, counted, drawing, filled_where, need
from pluralign_stats.figures.style import COLOURS, Context, foot, is_wide, with_count, with_counts
from pluralign_stats.formatting import with_interval
from pluralign_stats.results import Result
from pluralign_stats.significance import significant
from pluralign_stats.words import counted as in_number

#: Dimensions whose differences reach so many times as far as others' have axes of their own.
_FAR = 8.0


@drawing
def forest(result: Result, term: str | None = None, *, context: Context = "two-column") -> Plot:
    """Draw contrasts with their intervals, one panel per dimension.

    Parameters
    ----------
    result
        The differences of `demographic_effects`, one reading of its percents, or the differences
        of several models by `side_by_side`. Points are filled where the adjusted p is below the
        limit or, in tables without p, where the interval leaves out 0.
    term
        Label of one demographic; None for all.

    Raises
    ------
    InputError
        If the table holds no such demographic, or several readings at once.
    """
    table = result.table
    terms = list(dict.fromkeys(table["term"]))
    if term is not None and term not in terms:
        raise InputError(one_of("the demographic", term, terms))
    if "reading" in table and table["reading"].nunique() > 1:
        raise InputError(
            "the table holds two readings; draw one: result with reading 'mean' or 'odds'"
        )
    table = table if term is None else table[table["term"] == term]
    need(result, "level", "reference")
    models = list(dict.fromkeys(table["model"])) if "model" in table else []
    table = table.assign(
        row=[*zip(table["term"], table["contrast"], strict=True)],
        panel=table["dimension"],
        filled=significant(table),
        series=table["model"] if models else "",
    )
    labels, headings = {}, {}
    for key, own in table.groupby("row", sort=False):
        labels[key] = with_counts(own["level"].iloc[0], own["n_raters"])
        headings[key] = f"{own['term'].iloc[0]}, vs {own['reference'].iloc[0]}"
    series = styles(models or [""])
    alike = _comparable(table)
    figure, _ = draw_forest(
        table,
        rows(labels, headings, context=context, series=len(series)),
        series,
        f"Difference from the reference group ({result.meta.unit})",
        context=context,
        alike=alike,
    )
    if models:
        # A name of one word is an adjective.
        named = {m if " " in m else f"{m} model": series[m] for m in models}
        name_series(figure, named, len(models) if is_wide(figure) else 1)
    apart = [] if alike else ["each panel has an axis of its own"]
    counts = counted(table, "raters of the group")
    foot(figure, result, *counts, f"filled: {filled_where(table)}", *apart)
    told = result.sentence if term is None else _filled(table, term, result.meta.unit)
    return Plot(figure, f"Points with intervals by dimension. {told}")


def _filled(table: pd.DataFrame, term: str, unit: str) -> str:
    """What a figure of one demographic shows, as the sentence of its table is about all."""
    known = table.dropna(subset="estimate")
    n, points = int(table["filled"].sum()), in_number(len(table), "point")
    told = f"{term}: {n} of {points} filled ({filled_where(table)})"
    if known.empty:
        return f"{told}."
    far = known.loc[known["estimate"].abs().idxmax()]
    size = with_interval(far, ".2f", unit)
    return f"{told}; farthest from 0: {far['dimension']}, {far['contrast']}, {size}."


def _comparable(table: pd.DataFrame) -> bool:
    """Whether the dimensions' intervals can be told apart on one axis; not on scales far apart."""
    ends = table[["conf_low", "conf_high"]].abs().max(axis=1)
    reach = ends.groupby(table["dimension"]).max().dropna()
    return bool(reach.empty or reach.max() <= _FAR * reach.min())


@drawing
def intersections(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw cells of two demographics: observed means, and where a model moves them.

    Parameters
    ----------
    result
        The table of `intersections`.
    """
    need(result, "given", "group", "observed", "estimate", "conf_low", "conf_high", "n_raters")
    table = result.table
    table = table.assign(row=[*zip(table["given"], table["group"], strict=True)])
    labels = {r.row: with_count(r.group, r.n_raters) for r in table.itertuples()}
    where = rows(labels, dict(zip(table["row"], table["given"], strict=True)), context=context)
    model = Series((COLOURS[0], "o"))
    figure, (ax,) = draw_forest(
        table, where, {"": model}, "Mean rating", context=context, zero=False
    )
    y = table["row"].map(where.places)
    for height, start, end in zip(y, table["observed"], table["estimate"], strict=True):
        arrow = {"arrowstyle": "->", "color": COLOURS[1], "shrinkA": 0, "linewidth": 1.0}
        ax.annotate("", (end, height), (start, height), arrowprops=arrow)
    # An area for the raters, of a middling size where their number is withheld.
    n = table["n_raters"].to_numpy(dtype=float)
    area = np.where(np.isnan(n), 25.0, 10 + 80 * n / max(np.nanmax(n, initial=1.0), 1.0))
    observed, seen = (COLOURS[1], "o"), table["observed"].notna().to_numpy()
    points(ax, table["observed"][seen], y[seen], observed, s=area[seen], zorder=2,
           facecolor="none")  # fmt: skip
    named = {"observed mean": Series(observed, width=0, open=True), "by the model": model}
    name_series(figure, named, 2)
    told = [f"{words} and as the area of circles" for words in counted(table)]
    foot(figure, result, *told, "arrows: to the model")
    return Plot(figure, f"Arrows from observed means to estimates. {result.sentence}")
