"""Figures of feedback: who speaks in the preferences, and whose verdicts survive."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.room import CELL
from pluralign_stats.figures.style import (
    COLOURS,
    INK,
    MUTED,
    SHARES,
    blank_figure,
    foot,
    ink_on,
    look,
    name_below,
    new_figure,
    with_count,
    wrapped,
)
from pluralign_stats.figures.tables import counted, need
from pluralign_stats.figures.ticks import percents
from pluralign_stats.results import Result
from pluralign_stats.words import joined

#: Columns of an audit's tables that are no part of a recipe.
_NOT_RECIPE = ("term", "group", "dimension")


@drawing
def feedback_shares_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table `shares` of an audit: share of raters beside share of preferences, by group.

    A bar is a group's share of raters, a point its share of preferences under one recipe.

    Parameters
    ----------
    result
        The table `shares` of an audit.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "group", "n_raters", "raters_share", "pairs_share")
    table = _with_recipe(result.table)
    table = table[table["raters_share"].notna()]
    if table["pairs_share"].isna().all():
        return Picture(blank_figure(result, columns), result.sentence)
    # Of few raters, all shares of a recipe are withheld.
    known = table["pairs_share"].notna().groupby(table["recipe_name"], sort=False).any()
    recipes, withheld = list(known.index[known]), list(known.index[~known])
    groups = list(dict.fromkeys(table["group"]))
    wide = columns == 2
    height = 1.3 + (0.16 + 0.11 * len(recipes)) * max(len(groups), 2)
    figure = new_figure(height, columns)
    ax = figure.subplots()
    step = 0.76 / max(len(recipes), 1)
    for k, recipe in enumerate(recipes):
        block = table[table["recipe_name"] == recipe].set_index("group").reindex(groups)
        y = np.arange(len(groups)) - 0.38 + step * (k + 0.5)
        _raters(ax, y, block["raters_share"], step, labelled=k == 0)
        colour, marker = look(k)
        ax.scatter(
            block["pairs_share"], y, s=24, marker=marker, color=colour, zorder=3, label=recipe
        )
    n = table.groupby("group", sort=False)["n_raters"].max()
    ax.set_yticks(
        range(len(groups)), [wrapped(with_count(g, n[g]), 26 if wide else 18) for g in groups]
    )
    ax.set_ylim(len(groups) - 0.45, -0.55)
    ax.set_xlim(left=0)
    percents(ax.xaxis)
    name_below([ax], "Share of all raters (bars) and of all preferences (points)")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    legend(figure, *ax.get_legend_handles_labels(), 4 if wide else 1)
    told = [f"too few raters to be shown: {joined(withheld)}"] if withheld else []
    foot(figure, result, *counted(table, "raters of the group"), *told)
    return Picture(figure, f"Bars of shares of raters with points beside them. {result.sentence}")


def _raters(ax: Axes, y: np.ndarray, share: pd.Series, height: float, *, labelled: bool) -> None:
    label = "share of raters" if labelled else None
    ax.barh(y, share.fillna(0), height=height, color="#d9d9d9", label=label, zorder=1)


def _with_recipe(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the recipe of each row in words."""
    ends = [c for c in _NOT_RECIPE if c in table]
    last = min(table.columns.get_loc(c) for c in ends)
    parts = table.iloc[:, :last].astype(str)
    return table.assign(recipe_name=parts.agg(", ".join, axis=1))


@drawing
def feedback_survival_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table `survival` of an audit: how often a group's verdict survives each strategy.

    A cell is the share of the responses that most of the group's raters find bad of which the
    feedback still holds a voice that says so. One column of print has room for this share only.

    Parameters
    ----------
    result
        The table `survival` of an audit.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "dimension", "group", "survived_share", "absent_share", "n_responses")
    table = _with_recipe(result.table)
    dimensions = list(dict.fromkeys(table["dimension"]))
    groups = {d: table[table["dimension"] == d]["group"].unique() for d in dimensions}
    rows = [len(groups[d]) for d in dimensions]
    wide = columns == 2
    figure = new_figure(1.4 + 0.5 * sum(rows) + (0.6 if wide else 1.4) * len(dimensions), columns)
    axes = figure.subplots(len(dimensions), height_ratios=rows, squeeze=False)[:, 0]
    for ax, dimension in zip(axes, dimensions, strict=True):
        image = _survival_matrix(ax, table[table["dimension"] == dimension], wide=wide)
        ax.set_title(dimension)
    axes[-1].set_xlabel("Strategy")
    if wide:
        bar = figure.colorbar(image, ax=list(axes), shrink=0.8, label="Share that survives")
        percents(bar.ax.yaxis)
    foot(
        figure,
        result,
        "n: responses that most of the group's raters find bad",
        *(["of voices: share of the raters heard who say so"] if wide else []),
    )
    return Picture(figure, f"Matrix of shares by group and strategy. {result.sentence}")


def _survival_matrix(ax: Axes, block: pd.DataFrame, *, wide: bool) -> mpl.image.AxesImage:
    groups = list(dict.fromkeys(block["group"]))
    recipes = list(dict.fromkeys(block["recipe_name"]))
    matrix = block.pivot(index="group", columns="recipe_name", values="survived_share")
    matrix = matrix.reindex(index=groups, columns=recipes)
    image = ax.imshow(matrix, cmap=SHARES, vmin=0, vmax=1, aspect="auto")
    for row in block.itertuples():
        colour = mpl.colors.to_hex(mpl.colormaps[SHARES](row.survived_share))
        told = f"\n({row.absent_share:.0%}\nleft out)" if row.absent_share else ""
        told = told if np.isnan(row.voices_share) else f"\n({row.voices_share:.0%} of\nvoices)"
        ax.text(
            recipes.index(row.recipe_name),
            groups.index(row.group),
            f"{row.survived_share:.0%}{told if wide else ''}",
            ha="center",
            va="center",
            fontsize=8 if wide else 7,
            gid=CELL,
            color=ink_on(colour),
        )
    n = block.groupby("group", sort=False)["n_responses"].max()
    names = [wrapped(name, 14 if wide else 20) for name in recipes]
    ax.set_xticks(range(len(recipes)), names, rotation=0 if wide else 90)
    ax.set_yticks(
        range(len(groups)),
        [f"{wrapped(g, 18 if wide else 14)}{PARAGRAPH}(n = {n[g]:,})" for g in groups],
    )
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, colors=INK)
    return image


@drawing
def feedback_flips_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table `flips` of an audit: labels that change when a group is left out.

    Parameters
    ----------
    result
        The table `flips` of an audit.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "group", "flipped_share", "lost_share")
    table = _with_recipe(result.table)
    table = table.assign(n=table.groupby("recipe_name")["n_pairs"].transform("max"))
    return _changed_labels(result, table, "group", "without the group", columns)


@drawing
def feedback_scales_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the labels that change when ratings are converted to a coarser scale.

    Parameters
    ----------
    result
        What `coarser_scales` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "strategy", "scale", "n_pairs", "flipped_share", "lost_share")
    table = result.table.assign(recipe_name=result.table["strategy"])
    # The full scale comes first, and holds the labels that the shares are of.
    table["n"] = table.groupby("strategy")["n_pairs"].transform("first")
    shown = table.dropna(subset="lost_share").reset_index(drop=True)
    if shown.empty:
        return Picture(blank_figure(result, columns), result.sentence)
    return _changed_labels(result, shown, "scale", "on the coarser scale", columns)


def _changed_labels(
    result: Result, table: pd.DataFrame, rows: str, how: str, columns: int
) -> Picture:
    """Bars of labels turned round and lost, a row each, by recipe with its `n`."""
    recipes = list(dict.fromkeys(table["recipe_name"]))
    wide = columns == 2
    row = (0.2, 0.16) if wide else (0.32, 0.3)
    figure = new_figure(1.4 + row[0] * len(table) + row[1] * len(recipes), columns)
    ax = figure.subplots()
    y = np.arange(len(table)) + 0.8 * table["recipe_name"].map(recipes.index).to_numpy()
    ax.barh(y, table["flipped_share"], color=COLOURS[0], label="turned round")
    ax.barh(y, table["lost_share"], left=table["flipped_share"], color=COLOURS[4], label="lost")
    first = ~table["recipe_name"].duplicated()
    names = [
        f"{name} (n = {n:,.0f}):  {own}" if f else str(own)
        for name, n, own, f in zip(
            table["recipe_name"], table["n"], table[rows], first, strict=True
        )
    ]
    ax.set_yticks(y, names if wide else [wrapped(name, 22) for name in names])
    ax.set_ylim(y[-1] + 0.9, -0.9)
    ax.set_xlim(left=0)
    percents(ax.xaxis)
    name_below([ax], f"Share of labels that change {how}")
    ax.tick_params(axis="y", length=0, colors=INK)
    ax.grid(axis="x", color=MUTED, alpha=0.3)
    legend(figure, *ax.get_legend_handles_labels(), 2)
    foot(figure, result, "n: pairs of responses with a label")
    return Picture(figure, f"Bars of labels that change. {result.sentence}")
