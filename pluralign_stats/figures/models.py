"""Figures of fitted models: predicted shares and random effects."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pluralign_stats.checks.names import levels_of
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    DIVERGING,
    GRID,
    MUTED,
    foot,
    ink_on,
    new_figure,
    with_count,
    wrapped,
)
from pluralign_stats.figures.tables import counted, need, plain_rating
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL

#: Inches that a label of a level takes.
LABEL = 0.15

#: More levels than this are drawn as thin lines.
MANY = 150

#: Colour of what is unremarkable.
PALE = "#9a9a9a"


@drawing
def shares_figure(result: Result) -> Picture:
    """Draw `predictions` of probabilities: one bar of predicted shares per group.

    Raises
    ------
    InputError
        If the table holds no shares of ratings.
    """
    need(result, "rating", "estimate", "conf_low")
    table = result.table.assign(group=result.table.get("group", "All ratings"))
    groups, ratings = (list(dict.fromkeys(table[c])) for c in ("group", "rating"))
    figure = new_figure(1.25 + 0.36 * len(groups))
    ax = figure.subplots()
    shades = mpl.colormaps[DIVERGING](np.linspace(0.08, 0.92, len(ratings)))
    colours = {k: mpl.colors.to_hex(c) for k, c in zip(ratings, shades, strict=True)}
    for y, group in enumerate(groups):
        _share_bar(ax, y, table[table["group"] == group], colours)
    labels = [wrapped(_with_raters(table[table["group"] == g].iloc[0]), 26) for g in groups]
    ax.set_yticks(range(len(groups)), labels, fontsize=8)
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Predicted share of ratings")
    if "term" in table:
        term = str(table["term"].iloc[0])
        ax.set_title(f"{term[0].upper()}{term[1:]}")
    handles = [mpl.patches.Patch(color=colours[k], label=plain_rating(k)) for k in ratings]
    figure.legend(
        handles=handles, title="Rating", ncols=len(ratings), loc="outside upper right", fontsize=8
    )
    foot(figure, result, *counted(table))
    return Picture(figure, f"Stacked bars of predicted rating shares. {result.sentence}")


def _with_raters(row: pd.Series) -> str:
    """A group with its raters, the number withheld where it is small."""
    n = row.get("n_raters", np.nan)
    return f"{row['group']} (<{MIN_CELL})" if n < MIN_CELL else with_count(str(row["group"]), n)


def _share_bar(ax: Axes, y: int, block: pd.DataFrame, colours: dict[object, str]) -> None:
    left = 0.0
    for row in block.itertuples():
        ax.barh(y, row.estimate, left=left, color=colours[row.rating], height=0.84)
        text = f"{row.estimate:.0%}"
        if row.estimate >= 0.12:
            text += f"\n{row.conf_low:.0%} to {row.conf_high:.0%}"
        if row.estimate >= 0.05:
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
def caterpillar_figure(result: Result) -> Picture:
    """Draw `random_effects_table`: every level's effect with its interval, lowest first."""
    need(result, "effect", "group", "estimate", "conf_low", "conf_high")
    table = result.table
    effects = list(dict.fromkeys(table["effect"]))
    rows = table.drop_duplicates("group")
    group = str(table["term"].iloc[0])
    height = float(np.clip(LABEL * len(rows), 1.2, 6.0))
    figure = new_figure(height + 0.9)
    axes = figure.subplots(1, len(effects), sharey=True, squeeze=False)[0]
    for ax, effect in zip(axes, effects, strict=True):
        _interval_panel(ax, table[table["effect"] == effect])
        if len(effects) > 1 or effect != "Intercept":
            ax.set_title(wrapped(effect, 72 // len(effects)), fontsize=8, loc="center")
    axes[(len(axes) - 1) // 2].set_xlabel(
        f"Difference from the average {group} ({result.meta.unit})",
        x=0.5 if len(axes) % 2 else 1.1,
    )
    _name_levels(axes[0], rows, height)
    foot(figure, result, f"{len(rows):,} {levels_of(group)}", "blue: interval leaves out 0")
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


def _name_levels(ax: Axes, rows: pd.DataFrame, height: float) -> None:
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
    names = [wrapped(rows["group"].iloc[k], 40) for k in kept]
    ax.set_yticks(np.array(kept) + 1, names, fontsize=7)
    if len(kept) < len(rows):
        ax.set_ylabel(f"{group} ({len(kept)} of {len(rows):,} named)")
