"""Figures of effects: forest plots of estimates, and of cells of two demographics."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd

from pluralign_stats.errors import check_one_of
from pluralign_stats.figures.forest_parts import Series, draw_forest, name_series, rows, styles
from pluralign_stats.figures.marks import points
from pluralign_stats.figures.plot import Plot, counted, drawing, filled_where, need
from pluralign_stats.figures.style import COLOURS, Context, foot, is_wide, with_count
from pluralign_stats.figures.tidy import tidy
from pluralign_stats.formatting import with_interval
from pluralign_stats.results import Result
from pluralign_stats.significance import significant
from pluralign_stats.words import counted as in_number
from pluralign_stats.words import first_up

#: Dimensions whose differences reach so many times as far as others' have axes of their own.
_FAR = 8.0

#: Most rows of one figure.
MOST = 100


@drawing
def forest(result: Result, term: str | None = None, *, context: Context = "two-column") -> Plot:
    """Draw the estimates of a table with their intervals, one panel per dimension.

    Parameters
    ----------
    result
        Such as the differences of `demographic_effects`, or of several models by `side_by_side`,
        contrasts, percents or coefficients. Points are filled where the adjusted p is below the
        limit or, in tables without p, where the interval leaves out 0. A table without estimates
        has a panel for each column of numbers.
    term
        Label of one demographic; None for all.

    Raises
    ------
    InputError
        If the table holds no such demographic.

    Examples
    --------
    >>> plot = pls.figures.forest(effects.differences)
    >>> plot.alt.split(". ")[0]
    'Points with intervals by dimension'
    """
    table = result.table
    if term is not None:
        check_one_of("the demographic", term, list(dict.fromkeys(table.get("term", ()))))
        table = table[table["term"] == term]
    drawn = tidy(table)
    series = {
        name: replace(own, open=True, width=0.0) if drawn.series[name] else own
        for name, own in styles([*drawn.series]).items()
    }
    labels = dict(islice(drawn.labels.items(), MOST))
    points = drawn.points[drawn.points["row"].isin(labels)]
    alike = drawn.measured and _comparable(points)
    figure, _ = draw_forest(
        points,
        rows(labels, drawn.headings, context=context, series=len(series)),
        series,
        _measure(result) if drawn.measured else "",
        context=context,
        zero=drawn.tested,
        dashes="unit" not in table,
        alike=alike,
    )
    if len(series) > 1:
        name_series(figure, series, len(series) if is_wide(figure) else 1)
    notes = []
    if drawn.measured:
        notes += counted(table, "raters of the group" if "reference" in table else "raters")
        notes += [f"filled: {filled_where(table)}"] if drawn.tested else []
        notes += [] if alike else ["each panel has an axis of its own"]
    if len(labels) < len(drawn.labels):
        notes.append(f"the first {MOST} of {len(drawn.labels):,} rows")
    foot(figure, result, *notes)
    told = result.sentence if term is None else _filled(table, term, result.meta.unit)
    by = " by dimension" if "dimension" in table else ""
    return Plot(figure, f"Points with intervals{by}. {told}")


def _measure(result: Result) -> str:
    """What the numbers of a table are."""
    unit = result.meta.unit
    if "reference" not in result.table:
        return first_up(unit) or "Estimate"
    what = "Difference" if result.meta.designs else "Difference from the reference group"
    return f"{what} ({unit})"


def _filled(table: pd.DataFrame, term: str, unit: str) -> str:
    """What a figure of one demographic shows, as the sentence of its table is about all."""
    known = table.dropna(subset="estimate")
    n, points = int(significant(table).sum()), in_number(len(table), "point")
    told = f"{term}: {n} of {points} filled ({filled_where(table)})"
    if known.empty:
        return f"{told}."
    far = known.loc[known["estimate"].abs().idxmax()]
    size = with_interval(far, ".2f", unit)
    return f"{told}; farthest from 0: {far['dimension']}, {far['contrast']}, {size}."


def _comparable(points: pd.DataFrame) -> bool:
    """Whether the panels' intervals can be told apart on one axis; not on scales far apart."""
    ends = points[["estimate", "conf_low", "conf_high"]].abs().max(axis=1)
    reach = ends.groupby(points["panel"]).max().dropna()
    return bool(reach.empty or reach.max() <= _FAR * reach.min())


@drawing
def intersections(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw cells of two demographics: observed means, and where a model moves them.

    Parameters
    ----------
    result
        The table of `intersections`.

    Examples
    --------
    >>> cells = pls.demographics.intersections(
    ...     study, ["gender", "country"], "toxicity", sampling=sampling
    ... )
    >>> plot = pls.figures.intersections(cells)
    >>> plot.alt.split(". ")[0]
    'Arrows from observed means to estimates'
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
