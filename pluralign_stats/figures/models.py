"""Figures of fitted models: predicted shares and random effects."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    DIVERGING,
    EDGE,
    GRID,
    MUTED,
    foot,
    ink_on,
    leftmost,
    name_below,
    new_figure,
    panel_rows,
    panels,
    with_count,
    wrapped,
)
from pluralign_stats.figures.tables import counted, need, plain_rating
from pluralign_stats.figures.ticks import percents
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.words import counted_levels

#: Inches that a label of a level takes.
LABEL = 0.15

#: More levels than this are drawn as thin lines.
MANY = 150

#: Colour of what is unremarkable.
PALE = "#9a9a9a"


@drawing
def shares_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw `predictions` of probabilities: one bar of predicted shares per group.

    One column of print has no room for the intervals.

    Parameters
    ----------
    result
        What `predictions` or `predicted_shares` gave.
    columns
        Columns of print that the figure fills, 1 or 2.

    Raises
    ------
    InputError
        If the table holds no shares of ratings, or `columns` is neither 1 nor 2.
    """
    need(result, "rating", "estimate", "conf_low")
    table = result.table.assign(group=result.table.get("group", "All ratings"))
    groups, ratings = (list(dict.fromkeys(table[c])) for c in ("group", "rating"))
    wide = columns == 2
    figure = new_figure(1.35 + 0.36 * len(groups), columns)
    ax = figure.subplots()
    shades = mpl.colormaps[DIVERGING](np.linspace(0.08, 0.92, len(ratings)))
    colours = {k: mpl.colors.to_hex(c) for k, c in zip(ratings, shades, strict=True)}
    for y, group in enumerate(groups):
        _share_bar(ax, y, table[table["group"] == group], colours, wide=wide)
    labels = [
        wrapped(_with_raters(table[table["group"] == g].iloc[0]), 26 if wide else 18)
        for g in groups
    ]
    ax.set_yticks(range(len(groups)), labels, fontsize=8)
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    percents(ax.xaxis)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Predicted share of ratings")
    if "term" in table:
        term = str(table["term"].iloc[0])
        ax.set_title(f"{term[0].upper()}{term[1:]}")
    handles = [mpl.patches.Patch(facecolor=colours[k], **EDGE) for k in ratings]
    legend(figure, handles, [*map(plain_rating, ratings)], 11 if wide else 5, title="Rating")
    foot(figure, result, *counted(table), *([] if wide else ["intervals: in the table"]))
    return Picture(figure, f"Stacked bars of predicted rating shares. {result.sentence}")


def _with_raters(row: pd.Series) -> str:
    """A group with its raters, the number withheld where it is small."""
    n = row.get("n_raters", np.nan)
    return f"{row['group']} (<{MIN_CELL})" if n < MIN_CELL else with_count(str(row["group"]), n)


def _share_bar(
    ax: Axes, y: int, block: pd.DataFrame, colours: dict[object, str], *, wide: bool
) -> None:
    left = 0.0
    for row in block.itertuples():
        ax.barh(y, row.estimate, left=left, height=0.84, facecolor=colours[row.rating], **EDGE)
        text = f"{row.estimate:.0%}"
        if row.estimate >= 0.12 and wide:
            text += f"\n{row.conf_low:.0%} to {row.conf_high:.0%}"
        if row.estimate >= (0.05 if wide else 0.12):
            ax.text(
                left + row.estimate / 2,
                y,
                text,
                ha="center",
                va="center",
                fontsize=6.5,
                color=ink_on(colours[row.rating]),
            )
        left += row.estimate


@drawing
def caterpillar_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw `random_effects_table`: every level's effect with its interval, lowest first.

    Parameters
    ----------
    result
        What `random_effects_table` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "effect", "group", "estimate", "conf_low", "conf_high")
    table = result.table
    effects = list(dict.fromkeys(table["effect"]))
    rows = table.drop_duplicates("group")
    group = str(table["term"].iloc[0])
    height = float(np.clip(LABEL * len(rows), 1.2, 6.0))
    wide = columns == 2
    down = panel_rows(len(effects), columns)
    figure = new_figure(down * (height + 0.4) + 0.5, columns)
    axes = panels(figure, len(effects), sharey=True)
    for ax, effect in zip(axes, effects, strict=True):
        _interval_panel(ax, table[table["effect"] == effect])
        if len(effects) > 1 or effect != "Intercept":
            ax.set_title(
                wrapped(effect, 72 // len(effects) if wide else 34), fontsize=8, loc="center"
            )
    name_below(axes, f"Difference from the average {group} ({result.meta.unit})")
    for ax in leftmost(axes):
        _name_levels(ax, rows, height, 40 if wide else 22)
    foot(figure, result, counted_levels(len(rows), group), "blue: interval leaves out 0")
    return Picture(figure, f"Points with intervals, sorted. {result.sentence}")


def _interval_panel(ax: Axes, block: pd.DataFrame) -> None:
    """Intervals from bottom to top; a line joins the points where they are too many."""
    y, many = np.arange(1, len(block) + 1), len(block) > MANY
    clear = ((block["conf_low"] > 0) | (block["conf_high"] < 0)).to_numpy()
    colours = np.where(clear, COLOURS[0], PALE)
    width = float(np.clip(MANY / len(block), 0.3, 1.0))
    ax.hlines(y, block["conf_low"], block["conf_high"], color=colours, linewidth=width)
    if many:
        ax.plot(block["estimate"], y, color="black", linewidth=1.2)
    else:
        ax.scatter(block["estimate"], y, s=9, color=colours, zorder=3)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.grid(axis="x", color=GRID)
    ax.set_ylim(0.2, len(block) + 0.8)


def _name_levels(ax: Axes, rows: pd.DataFrame, height: float, width: int) -> None:
    """Name as many levels as have room; people have ranks instead."""
    group = rows["term"].iloc[0]
    named = np.flatnonzero(rows["n_ratings"].notna())
    if not len(named):
        ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=2))
        ax.set_ylabel(f"Rank of the {group}, lowest first")
        return
    step = len(rows) * LABEL / height
    kept: list[int] = []
    for k in named:
        if not kept or k - kept[-1] >= step:
            kept.append(int(k))
    names = [wrapped(rows["group"].iloc[k], width) for k in kept]
    ax.set_yticks(np.array(kept) + 1, names, fontsize=7)
    if len(kept) < len(rows):
        ax.set_ylabel(f"{group} ({len(kept)} of {len(rows):,} named)")
