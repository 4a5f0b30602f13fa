"""Figures of the first analyses: composition, distributions, agreement, figure 1."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    DIVERGING,
    MUTED,
    SHARES,
    foot,
    ink_on,
    new_figure,
    with_count,
    wrapped,
)
from pluralign_stats.results import Result


@drawing
def composition_figure(result: Result) -> Picture:
    """Draw the table of `composition`: bars of raters by level of each demographic."""
    table = result.table
    terms = list(dict.fromkeys(table["term"]))
    sizes = [int((table["term"] == term).sum()) for term in terms]
    figure = new_figure(0.6 + 0.24 * sum(sizes) + 0.42 * len(terms))
    axes = _stacked(figure, sizes, "Share of all raters")
    for ax, term in zip(axes, terms, strict=True):
        _composition_bars(ax, table[table["term"] == term], term)
    foot(figure, result, "number of raters beside each bar")
    return Picture(
        figure, f"Bars: {result.sentence} Shares of raters by {', '.join(terms).lower()}."
    )


def _stacked(figure: Figure, heights: list[int], xlabel: str) -> list[Axes]:
    """Panels one below the other that share an axis of percentages."""
    n = len(heights)
    axes = figure.subplots(n, height_ratios=heights, sharex=True, squeeze=False)[:, 0]
    axes[-1].set_xlabel(xlabel)
    axes[-1].xaxis.set_major_formatter(PercentFormatter(1))
    return list(axes)


def _composition_bars(ax: Axes, block: pd.DataFrame, term: str) -> None:
    position = np.arange(len(block))
    ax.barh(position, block["share"].fillna(0), height=0.72, color=COLOURS[0])
    for y, (share, n) in enumerate(zip(block["share"], block["n_raters"], strict=True)):
        told = "withheld" if pd.isna(n) else f"{n:,.0f}"
        ax.text(
            0 if np.isnan(share) else share, y, f" {told}", va="center", fontsize=8, color=MUTED
        )
    ax.set_yticks(position, block["group"])
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.tick_params(axis="y", length=0)
    ax.set_title(term)


@drawing
def distribution_figure(result: Result) -> Picture:
    """Draw the table of `rating_distribution`: one bar of rating shares per dimension and group."""
    table = result.table.assign(group=result.table.get("group", "All raters"))
    dimensions = list(dict.fromkeys(table["dimension"]))
    rows = [table[table["dimension"] == d]["group"].nunique() for d in dimensions]
    figure = new_figure(1.1 + 0.27 * sum(rows) + 0.38 * len(rows))
    axes = _stacked(figure, rows, "Share of ratings")
    for ax, dimension in zip(axes, dimensions, strict=True):
        _distribution_bars(ax, table[table["dimension"] == dimension], dimension)
    levels = sorted(table["rating"].unique())
    colours = _rating_colours(levels)
    handles = [mpl.patches.Patch(color=colours[k], label=f"{k:g}") for k in levels]
    figure.legend(
        handles=handles, title="Rating", ncols=len(levels), loc="outside upper right", fontsize=8
    )
    foot(figure, result, "raters in brackets")
    return Picture(figure, f"Stacked bars of rating shares. {result.sentence}")


def _rating_colours(levels: list[float]) -> dict[float, str]:
    shades = mpl.colormaps[DIVERGING](np.linspace(0.08, 0.92, len(levels)))
    return {k: mpl.colors.to_hex(c) for k, c in zip(levels, shades, strict=True)}


def _distribution_bars(ax: Axes, block: pd.DataFrame, dimension: str) -> None:
    wide = block.pivot(index="group", columns="rating", values="share")
    wide = wide.loc[list(dict.fromkeys(block["group"]))]
    colours = _rating_colours(list(wide.columns))
    left = np.zeros(len(wide))
    for level in wide.columns:
        ax.barh(np.arange(len(wide)), wide[level], left=left, color=colours[level], height=0.78)
        for y, (start, share) in enumerate(zip(left, wide[level], strict=True)):
            if share >= 0.06:
                ax.text(
                    start + share / 2,
                    y,
                    f"{share:.0%}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color=ink_on(colours[level]),
                )
        left += wide[level].to_numpy()
    n = block.drop_duplicates("group").set_index("group")["n_raters"]
    ax.set_yticks(np.arange(len(wide)), [with_count(g, n[g]) for g in wide.index])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.tick_params(axis="y", length=0)
    ax.set_title(dimension)


@drawing
def agreement_figure(result: Result) -> Picture:
    """Draw the table of `agreement`: alpha with its interval, by dimension and group."""
    table = result.table
    groups = list(dict.fromkeys(table["group"]))
    dimensions = list(dict.fromkeys(table["dimension"]))
    figure = new_figure(1.2 + 0.2 * len(table) + 0.12 * len(dimensions))
    ax = figure.subplots()
    step = 0.8 / len(groups)
    for k, group in enumerate(groups):
        block = table[table["group"] == group]
        y = np.array([dimensions.index(d) for d in block["dimension"]]) + step * (
            k - (len(groups) - 1) / 2
        )
        colour = COLOURS[k % len(COLOURS)]
        ax.hlines(y, block["conf_low"], block["conf_high"], color=colour, linewidth=1.5)
        ax.scatter(
            block["estimate"],
            y,
            marker="os^Dvp*"[k % 7],
            s=26,
            color=colour,
            zorder=3,
            label=with_count(group, block["n_raters"].max()),
        )
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(range(len(dimensions)), dimensions)
    ax.set_ylim(len(dimensions) - 0.45, -0.55)
    ax.set_xlabel("Krippendorff's alpha, ordinal (0: chance, 1: perfect agreement)")
    ax.grid(axis="x")
    if len(groups) > 1:
        figure.legend(loc="outside upper right", ncols=min(len(groups), 3), fontsize=8)
    told = ["in brackets: raters of the group"] if len(groups) > 1 else []
    foot(figure, result, f"{table['n_raters'].max():,.0f} raters", *told)
    return Picture(figure, f"Points with intervals. {result.sentence}")


@drawing
def joint_figure(result: Result) -> Picture:
    """Draw the table of `positive_given_positive` as the paper's figure 1: a labelled matrix."""
    table = result.table
    names = list(dict.fromkeys(table["given"]))
    matrix = table.pivot(index="given", columns="dimension", values="estimate")
    matrix = matrix.reindex(index=names, columns=names)
    figure = new_figure(1.9 + 0.72 * len(names))
    ax = figure.subplots()
    image = ax.imshow(matrix, cmap=SHARES, vmin=0, vmax=1, aspect="auto")
    for row in table.dropna(subset="estimate").itertuples():
        ax.text(
            names.index(row.dimension),
            names.index(row.given),
            f"{row.estimate:.0%}\n[{row.conf_low:.0%}, {row.conf_high:.0%}]",
            ha="center",
            va="center",
            fontsize=8,
            color=ink_on(mpl.colors.to_hex(mpl.colormaps[SHARES](row.estimate))),
        )
    ax.set_xticks(range(len(names)), [wrapped(name, 15) for name in names])
    n = table.groupby("given")["n_ratings"].max()
    rows = [f"{wrapped(name, 15)}\n(n = {n[name]:,})" for name in names]
    ax.set_yticks(range(len(names)), rows)
    ax.set_xlabel("… is positive on this dimension too")
    ax.set_ylabel("A rating positive on this dimension …")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    bar = figure.colorbar(image, ax=ax, shrink=0.8, label="Share of ratings")
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
    foot(figure, result, f"{table['n_raters'].max():,} raters; n: positive ratings")
    return Picture(figure, f"Matrix of conditional shares. {result.sentence}")
