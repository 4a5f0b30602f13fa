"""Figures of feedback: who speaks in the preferences, and whose verdicts survive."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.patches import Patch

from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.cells import matrix, share_bar, stacked
from pluralign_stats.figures.forest_parts import Series, name_series
from pluralign_stats.figures.marks import legend, percents, points
from pluralign_stats.figures.plot import Plot, counted, drawing, need
from pluralign_stats.figures.style import (
    COLOURS,
    MUTED,
    SHARES,
    Context,
    blank_figure,
    foot,
    look,
    name_below,
    new_figure,
    with_count,
    wrapped,
)
from pluralign_stats.results import Result
from pluralign_stats.words import joined

#: Of bars behind points.
_GREY = "#d9d9d9"

#: Columns of an audit's tables that are no part of a recipe.
_NOT_RECIPE = ("term", "group", "dimension")


@drawing
def feedback_shares(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table `shares` of an audit: share of raters beside share of preferences, by group.

    A bar is a group's share of raters, a point its share of preferences under one recipe.

    Parameters
    ----------
    result
        The table `shares` of an audit.

    Examples
    --------
    >>> plot = pls.figures.feedback_shares(audited.shares)
    >>> plot.alt.split(". ")[0]
    'Bars of shares of raters with points beside them'
    """
    need(result, "group", "n_raters", "raters_share", "pairs_share")
    table = _with_recipe(result.table)
    table = table[table["raters_share"].notna()]
    if table["pairs_share"].isna().all():
        return Plot(blank_figure(result, context), result.sentence)
    # Of few raters, all shares of a recipe are withheld.
    known = table["pairs_share"].notna().groupby(table["recipe_name"], sort=False).any()
    recipes, withheld = list(known.index[known]), list(known.index[~known])
    groups = list(dict.fromkeys(table["group"]))
    wide = context != "one-column"
    height = 1.3 + (0.16 + 0.11 * len(recipes)) * max(len(groups), 2)
    figure = new_figure(height, context)
    ax = figure.subplots()
    shown = table[table["recipe_name"].isin(recipes)]
    sns.barplot(
        shown, x="raters_share", y="group", order=groups, hue="recipe_name", hue_order=recipes,
        palette=[_GREY] * len(recipes), saturation=1, width=0.76, linewidth=0, legend=False, ax=ax,
    )  # fmt: skip
    series = {recipe: Series(look(k), 4.9, width=0) for k, recipe in enumerate(recipes)}
    step = 0.76 / max(len(recipes), 1)
    for k, (recipe, own) in enumerate(series.items()):
        block = shown[shown["recipe_name"] == recipe]
        y = block["group"].map(groups.index) - 0.38 + step * (k + 0.5)
        points(ax, block["pairs_share"], y, own.look, own.size)
    n = table.groupby("group", sort=False)["n_raters"].max()
    ax.set_yticks(
        range(len(groups)), [wrapped(with_count(g, n[g]), 26 if wide else 18) for g in groups]
    )
    ax.set_ylim(len(groups) - 0.45, -0.55)
    ax.set_xlim(left=0)
    ax.set_ylabel("")
    percents(ax.xaxis)
    name_below([ax], "Share of all raters (bars) and of all preferences (points)")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    bar = Series((_GREY, "none"), width=5)
    name_series(figure, {"share of raters": bar, **series}, 4 if wide else 1)
    told = [f"too few raters to be shown: {joined(withheld)}"] if withheld else []
    foot(figure, result, *counted(table, "raters of the group"), *told)
    return Plot(figure, f"Bars of shares of raters with points beside them. {result.sentence}")


def _with_recipe(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the recipe of each row in words."""
    ends = [c for c in _NOT_RECIPE if c in table]
    last = min(table.columns.get_loc(c) for c in ends)
    parts = table.iloc[:, :last].astype(str)
    return table.assign(recipe_name=parts.agg(", ".join, axis=1))


@drawing
def feedback_survival(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table `survival` of an audit: how often a group's verdict survives each strategy.

    A cell is the share of the responses that most of the group's raters find bad of which the
    feedback still holds a voice that says so. One column of print has room for this share only.

    Parameters
    ----------
    result
        The table `survival` of an audit.

    Examples
    --------
    >>> plot = pls.figures.feedback_survival(audited.survival)
    >>> plot.alt.split(", ")[0]
    'No group has 10 raters or more of responses that it finds bad (Toxicity)'
    """
    need(result, "dimension", "group", "survived_share", "absent_share", "n_responses")
    table = _with_recipe(result.table)
    dimensions = list(dict.fromkeys(table["dimension"]))
    groups = {d: table[table["dimension"] == d]["group"].unique() for d in dimensions}
    rows = [len(groups[d]) for d in dimensions]
    wide = context != "one-column"
    figure = new_figure(1.4 + 0.5 * sum(rows) + (0.6 if wide else 1.4) * len(dimensions), context)
    axes = figure.subplots(len(dimensions), height_ratios=rows, squeeze=False)[:, 0]
    for ax, dimension in zip(axes, dimensions, strict=True):
        mesh = _survival_matrix(ax, table[table["dimension"] == dimension], wide=wide)
        ax.set_title(dimension)
    axes[-1].set_xlabel("Strategy")
    if wide:
        share_bar(list(axes), mesh, "Share that survives")
    foot(
        figure,
        result,
        "n: responses that most of the group's raters find bad",
        *(["of voices: share of the raters heard who say so"] if wide else []),
    )
    return Plot(figure, f"Matrix of shares by group and strategy. {result.sentence}")


def _survival_matrix(ax: Axes, block: pd.DataFrame, *, wide: bool) -> QuadMesh:
    groups, recipes = (list(dict.fromkeys(block[c])) for c in ("group", "recipe_name"))
    told = [_survival_words(row, wide=wide) for row in block.itertuples()]
    values, words = (
        frame.pivot(index="group", columns="recipe_name", values="survived_share").reindex(
            index=groups, columns=recipes
        )
        for frame in (block, block.assign(survived_share=told))
    )
    mesh = matrix(ax, values, words, cmap=SHARES, vmin=0, vmax=1)
    names = [wrapped(name, 14 if wide else 20) for name in recipes]
    ax.set_xticklabels(names, rotation=0 if wide else 90)
    n = block.groupby("group", sort=False)["n_responses"].max()
    ax.set_yticklabels(
        [f"{wrapped(g, 18 if wide else 14)}{PARAGRAPH}(n = {n[g]:,})" for g in groups], rotation=0
    )
    return mesh


def _survival_words(row: Any, *, wide: bool) -> str:
    """What is written into a cell."""
    share = f"{row.survived_share:.0%}"
    if not wide:
        return share
    if not np.isnan(row.voices_share):
        return f"{share}\n({row.voices_share:.0%} of\nvoices)"
    return share + (f"\n({row.absent_share:.0%}\nleft out)" if row.absent_share else "")


@drawing
def feedback_flips(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table `flips` of an audit: labels that change when a group is left out.

    Parameters
    ----------
    result
        The table `flips` of an audit.

    Examples
    --------
    >>> plot = pls.figures.feedback_flips(audited.flips)
    >>> plot.alt.split(". ")[0]
    'Bars of labels that change'
    """
    need(result, "group", "flipped_share", "lost_share")
    table = _with_recipe(result.table)
    table = table.assign(n=table.groupby("recipe_name")["n_pairs"].transform("max"))
    return _changed_labels(result, table, "group", "without the group", context)


@drawing
def feedback_scales(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the labels that change when ratings are converted to a coarser scale.

    Parameters
    ----------
    result
        What `coarser_scales` gave.

    Examples
    --------
    >>> result = pls.feedback.coarser_scales(study, "toxicity")
    >>> plot = pls.figures.feedback_scales(result)
    >>> plot.alt.split(". ")[0]
    'Bars of labels that change'
    """
    need(result, "strategy", "scale", "n_pairs", "flipped_share", "lost_share")
    table = result.table.assign(recipe_name=result.table["strategy"])
    # The full scale comes first, and holds the labels that the shares are of.
    table["n"] = table.groupby("strategy")["n_pairs"].transform("first")
    shown = table.dropna(subset="lost_share").reset_index(drop=True)
    if shown.empty:
        return Plot(blank_figure(result, context), result.sentence)
    return _changed_labels(result, shown, "scale", "on the coarser scale", context)


def _changed_labels(result: Result, table: pd.DataFrame, rows: str, how: str, context: str) -> Plot:
    """Bars of labels turned round and lost, a row each, by recipe with its `n`."""
    wide = context != "one-column"
    recipes = table["recipe_name"].nunique()
    row = (0.2, 0.16) if wide else (0.32, 0.3)
    figure = new_figure(1.4 + row[0] * len(table) + row[1] * recipes, context)
    ax = figure.subplots()
    colours = {"turned round": COLOURS[0], "lost": COLOURS[4]}
    parts: list[dict[str, Any]] = []
    names: list[str] = []
    for recipe, block in table.groupby("recipe_name", sort=False):
        if names:
            parts.append({"row": f"before {recipe}", "part": "lost", "share": np.nan})
            names.append("")
        first = f"{recipe} (n = {block['n'].iloc[0]:,.0f}):  "
        for own in block.to_dict("records"):
            shares = own["flipped_share"], own["lost_share"]
            for part, share in zip(colours, shares, strict=True):
                parts.append({"row": (recipe, own[rows]), "part": part, "share": share})
            names.append(f"{first}{own[rows]}")
            first = ""
    stacked(ax, pd.DataFrame(parts).assign(words=""), colours)
    ax.set_yticks(range(len(names)), names if wide else [wrapped(name, 22) for name in names])
    ax.set_xlim(left=0)
    percents(ax.xaxis)
    name_below([ax], f"Share of labels that change {how}")
    ax.grid(axis="x", color=MUTED, alpha=0.3)
    handles = [Patch(facecolor=colour) for colour in colours.values()]
    legend(figure, handles, list(colours), 2)
    foot(figure, result, "n: pairs of responses with a label")
    return Plot(figure, f"Bars of labels that change. {result.sentence}")
