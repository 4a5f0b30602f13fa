"""Figures of fitted models: predicted shares and random effects."""

from dataclasses import replace

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pluralign_stats.figures.cells import rating_colours, rating_legend, stacked
from pluralign_stats.figures.forest_parts import Rows, Series, draw
from pluralign_stats.figures.marks import percents
from pluralign_stats.figures.plot import Plot, counted, drawing, need
from pluralign_stats.figures.style import (
    COLOURS,
    PALE,
    Context,
    foot,
    leftmost,
    name_below,
    name_panel,
    new_figure,
    panel_rows,
    panels,
    with_count,
    wrapped,
)
from pluralign_stats.formatting import plain_rating
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.significance import excludes_zero
from pluralign_stats.words import counted_levels, first_up

#: Inches that a label of a level takes.
LABEL = 0.15

#: More levels than this are drawn as thin lines.
MANY = 150


@drawing
def shares(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw `predictions` of probabilities: one bar of predicted shares per group.

    One column of print has no room for the intervals.

    Parameters
    ----------
    result
        What `predictions` or `predicted_shares` gave.

    Raises
    ------
    InputError
        If the table holds no shares of ratings, or there is no such context.

    Examples
    --------
    >>> result = pls.checks.predicted_shares(fit, "gender")
    >>> plot = pls.figures.shares(result)
    >>> plot.alt.split(". ")[0]
    'Stacked bars of predicted rating shares'
    """
    need(result, "rating", "estimate", "conf_low")
    table = result.table.assign(group=result.table.get("group", "All ratings"))
    groups = table.drop_duplicates("group")
    wide = context != "one-column"
    figure = new_figure(1.35 + 0.36 * len(groups), context)
    ax = figure.subplots()
    colours = rating_colours(list(dict.fromkeys(table["rating"])))
    words = [_words(row, wide=wide) for row in table.itertuples()]
    parts = table.assign(row=table["group"], part=table["rating"], share=table["estimate"])
    stacked(ax, parts.assign(words=words), colours, height=0.86)
    labels = [wrapped(_with_raters(row), 26 if wide else 18) for _, row in groups.iterrows()]
    ax.set_yticks(range(len(groups)), labels)
    ax.set_xlim(0, 1)
    percents(ax.xaxis)
    ax.set_xlabel("Predicted share of ratings")
    if "term" in table:
        ax.set_title(first_up(str(table["term"].iloc[0])))
    rating_legend(figure, colours, [*map(plain_rating, colours)], 11 if wide else 5)
    foot(figure, result, *counted(table), *([] if wide else ["intervals: in the table"]))
    return Plot(figure, f"Stacked bars of predicted rating shares. {result.sentence}")


def _with_raters(row: pd.Series) -> str:
    """A group with its raters, the number withheld where it is small."""
    n = row.get("n_raters", np.nan)
    return f"{row['group']} (<{MIN_CELL})" if n < MIN_CELL else with_count(str(row["group"]), n)


def _words(row: pd.Series, *, wide: bool) -> str:
    """What is written into a part of a bar, where it has room."""
    if row.estimate < (0.05 if wide else 0.12):
        return ""
    ends = f"\n{row.conf_low:.0%} to {row.conf_high:.0%}" if wide and row.estimate >= 0.12 else ""
    return f"{row.estimate:.0%}{ends}"


@drawing
def caterpillar(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw `random_effects_table`: every level's effect with its interval, lowest first.

    Parameters
    ----------
    result
        What `random_effects_table` gave.

    Examples
    --------
    >>> result = pls.checks.random_effects_table(fit, "item")
    >>> plot = pls.figures.caterpillar(result)
    >>> plot.alt.split(". ")[0]
    'Points with intervals, sorted'
    """
    need(result, "effect", "group", "estimate", "conf_low", "conf_high")
    table = result.table
    effects = list(dict.fromkeys(table["effect"]))
    rows = table.drop_duplicates("group")
    group = str(table["term"].iloc[0])
    height = float(np.clip(LABEL * len(rows), 1.2, 6.0))
    down = panel_rows(len(effects), context)
    figure = new_figure(down * (height + 0.4) + 0.5, context)
    axes = panels(figure, len(effects), sharey=True)
    for ax, effect in zip(axes, effects, strict=True):
        _sorted_panel(ax, table[table["effect"] == effect])
        if len(effects) > 1 or effect != "Intercept":
            name_panel(ax, effect, len(effects))
    name_below(axes, f"Difference from the average {group} ({result.meta.unit})")
    for ax in leftmost(axes):
        _name_levels(ax, rows, height, 22 if context == "one-column" else 40)
    foot(figure, result, counted_levels(len(rows), group), "blue: interval leaves out 0")
    return Plot(figure, f"Points with intervals, sorted. {result.sentence}")


def _sorted_panel(ax: Axes, block: pd.DataFrame) -> None:
    """Intervals from bottom to top; a line joins the points where they are too many."""
    place = np.arange(1.0, len(block) + 1)
    clear = excludes_zero(block)
    width = float(np.clip(MANY / len(block), 0.3, 1.0))
    blue = Series((COLOURS[0], "o"), 0.01 if len(block) > MANY else 3, width)
    looks = {"clear": blue, "unclear": replace(blue, look=(PALE, "o"))}
    where = Rows(dict(enumerate(place)), {}, frozenset(), len(block) + 0.8, apart=0)
    series = np.where(clear, "clear", "unclear")
    draw(ax, block.assign(row=range(len(block)), series=series), where, looks)
    if len(block) > MANY:
        sns.lineplot(x=block["estimate"], y=place, orient="y", color="black", ax=ax)
    ax.set(xlabel="", ylabel="", ylim=(0.2, len(block) + 0.8))


def _name_levels(ax: Axes, rows: pd.DataFrame, height: float, width: int) -> None:
    """Name as many levels as have room; people have ranks instead."""
    group = rows["term"].iloc[0]
    named = np.flatnonzero(rows["n_ratings"].notna())
    if not len(named):
        ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=2))
        ax.set_ylabel(f"Rank of the {group}, lowest first", visible=True)
        return
    step = len(rows) * LABEL / height
    kept: list[int] = []
    for k in named:
        if not kept or k - kept[-1] >= step:
            kept.append(int(k))
    names = [wrapped(rows["group"].iloc[k], width) for k in kept]
    ax.set_yticks(np.array(kept) + 1, names, fontsize="small")
    if len(kept) < len(rows):
        ax.set_ylabel(f"{group} ({len(kept)} of {len(rows):,} named)", visible=True)
