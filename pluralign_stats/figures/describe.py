"""Figures of the first analyses: composition, distributions, agreement, figure 1."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.room import CELL
from pluralign_stats.figures.style import (
    COLOURS,
    DIVERGING,
    EDGE,
    MUTED,
    SHARES,
    extra_lines,
    foot,
    ink_on,
    is_wide,
    leftmost,
    look,
    name_below,
    new_figure,
    panel_rows,
    panels,
    with_count,
    with_counts,
    wrapped,
)
from pluralign_stats.figures.tables import counted, raters_of
from pluralign_stats.figures.ticks import RoundTicks, percents
from pluralign_stats.results import Result

#: Of more dimensions, a matrix has no room for intervals.
MOST_WITH_INTERVALS = 6

#: Of more rows than these, panels stand side by side, so that a figure fits a page.
_TALL = 40

#: Most letters of the names of ratings in one line of a legend.
_LINE = 40


@drawing
def composition_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `composition`: bars of raters by level of each demographic.

    Parameters
    ----------
    result
        What `composition` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    table = result.table
    terms = list(dict.fromkeys(table["term"]))
    if columns == 1:
        table = table.assign(group=[wrapped(group, 22) for group in table["group"]])
    blocks = [table[table["term"] == term] for term in terms]
    sizes = [len(block) + 0.5 * extra_lines(block["group"]) for block in blocks]
    figure = new_figure(0.6 + 0.24 * sum(sizes) + 0.42 * len(terms), columns)
    axes = _stacked(figure, sizes, "Share of all raters")
    for ax, term, block in zip(axes, terms, blocks, strict=True):
        _composition_bars(ax, block, term)
    foot(figure, result, "number of raters beside each bar")
    return Picture(figure, f"Bars: {result.sentence} Shares of raters by {', '.join(terms)}.")


def _stacked(figure: Figure, heights: Sequence[float], xlabel: str, across: int = 1) -> list[Axes]:
    """Panels one below the other, or two side by side, that share an axis of percentages."""
    rows = [max(heights[k : k + across]) for k in range(0, len(heights), across)]
    made = figure.subplots(
        len(rows), across, height_ratios=rows, sharex=True, sharey="row", squeeze=False
    ).ravel()
    axes = list(made[: len(heights)])
    for ax in made[len(heights) :]:
        ax.set_visible(False)
    for ax in axes[-across:]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel(xlabel)
        percents(ax.xaxis)
    return axes


def _composition_bars(ax: Axes, block: pd.DataFrame, term: str) -> None:
    position = np.arange(len(block))
    ax.barh(position, block["share"].fillna(0), height=0.72, color=COLOURS[0])
    for y, (share, n) in enumerate(zip(block["share"], block["n_raters"], strict=True)):
        told = "withheld" if pd.isna(n) else f"{n:,.0f}"
        ax.text(
            0 if np.isnan(share) else share, y, f" {told}", va="center", fontsize=8, color=MUTED
        )
    ax.set_yticks(position, block["group"], fontsize=8)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.tick_params(axis="y", length=0)
    ax.set_title(term)


@drawing
def distribution_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `rating_distribution`: one bar of rating shares per dimension and group.

    Parameters
    ----------
    result
        What `rating_distribution` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    table = result.table.assign(group=result.table.get("group", "All raters"))
    dimensions = list(dict.fromkeys(table["dimension"]))
    rows = [table[table["dimension"] == d]["group"].nunique() for d in dimensions]
    across = 2 if columns == 2 and sum(rows) > _TALL and len(set(rows)) == 1 < len(rows) else 1
    line, down = (0.27, sum(rows)) if across == 1 else (0.2, sum(rows[::2]))
    figure = new_figure(1.2 + line * down + 0.38 * len(rows[::across]), columns)
    axes = _stacked(figure, rows, "Share of ratings", across)
    ratings = {
        d: tuple(dict.fromkeys(table.loc[table["dimension"] == d, "rating"])) for d in dimensions
    }
    alike = len(set(ratings.values())) == 1
    for ax, dimension in zip(axes, dimensions, strict=True):
        first, *_, last = map(_named, ratings[dimension])
        title = dimension if alike else f"{dimension}: {first} … {last}"
        _distribution_bars(ax, table[table["dimension"] == dimension], title, across)
    if alike:
        _rating_legend(figure, ratings[dimensions[0]], columns)
    order = [] if alike else ["ratings from the lowest (left) to the highest (right)"]
    foot(figure, result, *counted(table), *order)
    return Picture(figure, f"Stacked bars of rating shares. {result.sentence}")


def _named(rating: float | str) -> str:
    return rating if isinstance(rating, str) else f"{rating:g}"


def _rating_legend(figure: Figure, ratings: Sequence[float | str], columns: int) -> None:
    """What the colours mean, in one line; of many long names only the first and the last."""
    colours, names = _rating_colours(ratings), [*map(_named, ratings)]
    tight: dict[str, Any] = {}
    if sum(map(len, names)) > _LINE:
        names[:-1] = [f"{names[0]} ", *([""] * (len(names) - 2))]
        tight = {"columnspacing": 0, "handletextpad": 0.4, "handlelength": 0.8}
    handles = [mpl.patches.Patch(facecolor=colours[k], **EDGE) for k in ratings]
    most = len(names) if columns == 2 or tight else 5
    legend(figure, handles, names, most, title="Rating", **tight)


def _rating_colours(levels: Sequence[float | str]) -> dict[float | str, str]:
    shades = mpl.colormaps[DIVERGING](np.linspace(0.08, 0.92, len(levels)))
    return {k: mpl.colors.to_hex(c) for k, c in zip(levels, shades, strict=True)}


def _distribution_bars(ax: Axes, block: pd.DataFrame, title: str, across: int) -> None:
    wide = block.pivot(index="group", columns="rating", values="share")
    wide = wide.loc[list(dict.fromkeys(block["group"])), list(dict.fromkeys(block["rating"]))]
    colours = _rating_colours(list(wide.columns))
    left = np.zeros(len(wide))
    room = 0.06 * across if is_wide(ax) else 0.13
    for level in wide.columns:
        ax.barh(
            np.arange(len(wide)),
            wide[level],
            left=left,
            height=0.78,
            facecolor=colours[level],
            **EDGE,
        )
        for y, (start, share) in enumerate(zip(left, wide[level], strict=True)):
            if share >= room:
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
    labels = [with_count(g, n[g]) for g in wide.index]
    labels = labels if is_wide(ax) else [wrapped(label, 22) for label in labels]
    if leftmost([ax]):
        ax.set_yticks(np.arange(len(wide)), labels, fontsize=8)
    ax.set_ylim(len(wide) - 0.45, -0.55)
    ax.set_xlim(0, 1)
    ax.tick_params(axis="y", length=0)
    ax.set_title(title if is_wide(ax) else wrapped(title, 26))


@drawing
def agreement_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `agreement`: alpha with its interval, by dimension and group.

    Parameters
    ----------
    result
        What `agreement` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    table = result.table
    groups = list(dict.fromkeys(table["group"]))
    dimensions = list(dict.fromkeys(table["dimension"]))
    wide = columns == 2
    if len(groups) > len(COLOURS):
        return _agreement_of_many(result, columns)
    figure = new_figure(1.3 + 0.2 * len(table) + 0.12 * len(dimensions), columns)
    ax = figure.subplots()
    step = 0.8 / len(groups)
    for k, group in enumerate(groups):
        block = table[table["group"] == group]
        y = np.array([dimensions.index(d) for d in block["dimension"]]) + step * (
            k - (len(groups) - 1) / 2
        )
        colour, marker = look(k)
        ax.hlines(y, block["conf_low"], block["conf_high"], color=colour, linewidth=1.5)
        ax.scatter(
            block["estimate"],
            y,
            marker=marker,
            s=26,
            color=colour,
            zorder=3,
            label=with_counts(group, block["n_raters"]),
        )
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(range(len(dimensions)), [wrapped(d, 30 if wide else 16) for d in dimensions])
    ax.set_ylim(len(dimensions) - 0.45, -0.55)
    methods = set(table.get("method", ()))
    alpha = methods.pop() if len(methods) == 1 else "Krippendorff's alpha"
    what = f"{alpha} (0: chance, 1: perfect agreement)"
    ax.set_xlabel(what if wide else wrapped(what, 32))
    ax.grid(axis="x")
    if len(groups) > 1:
        legend(figure, *ax.get_legend_handles_labels(), 3)
    told = counted(table, "raters of the group") if len(groups) > 1 else []
    foot(figure, result, *raters_of(table[table["group"] == groups[0]]), *told)
    return Picture(figure, f"Points with intervals. {result.sentence}")


def _agreement_of_many(result: Result, columns: int) -> Picture:
    """Groups in rows, a panel for each dimension: colours cannot tell so many apart."""
    table, wide = result.table, columns == 2
    groups = list(dict.fromkeys(table["group"]))
    dimensions = list(dict.fromkeys(table["dimension"]))
    down = panel_rows(len(dimensions), columns)
    figure = new_figure(1.2 + down * (0.4 + 0.2 * len(groups)), columns)
    axes = panels(figure, len(dimensions), sharex=True, sharey=True)
    for ax, dimension in zip(axes, dimensions, strict=True):
        block = table[table["dimension"] == dimension]
        y = np.array([groups.index(group) for group in block["group"]])
        ax.hlines(y, block["conf_low"], block["conf_high"], color=COLOURS[0], linewidth=1.5)
        ax.scatter(block["estimate"], y, s=20, color=COLOURS[0], zorder=3)
        ax.axvline(0, color=MUTED, linewidth=0.8)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
        ax.set_title(wrapped(dimension, 60 * down // len(dimensions) if wide else 28),
                     fontsize=8, loc="center")  # fmt: skip
    own = {group: block["n_raters"] for group, block in table.groupby("group")}
    for ax in leftmost(axes):
        ax.set_yticks(range(len(groups)), [with_counts(g, own[g]) for g in groups], fontsize=8)
        ax.set_ylim(len(groups) - 0.45, -0.55)
    axes[0].xaxis.set_major_locator(RoundTicks(axes[0], 5))
    name_below(axes, "Krippendorff's alpha, ordinal (0: chance, 1: perfect agreement)")
    foot(figure, result, *counted(table, "raters of the group"))
    return Picture(figure, f"Points with intervals. {result.sentence}")


@drawing
def joint_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `positive_given_positive` as the paper's figure 1: a labelled matrix.

    One column of print, or many dimensions, leave no room for the intervals.

    Parameters
    ----------
    result
        What `positive_given_positive` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    table = result.table
    names = list(dict.fromkeys(table["given"]))
    matrix = table.pivot(index="given", columns="dimension", values="estimate")
    matrix = matrix.reindex(index=names, columns=names)
    wide = columns == 2
    few = wide and len(names) <= MOST_WITH_INTERVALS
    line = 0.72 if few else 0.4
    figure = new_figure((1.9 if wide else 2.2) + line * len(names), columns)
    ax = figure.subplots()
    image = ax.imshow(matrix, cmap=SHARES, vmin=0, vmax=1, aspect="auto")
    for row in table.dropna(subset="estimate").itertuples():
        ax.text(
            names.index(row.dimension),
            names.index(row.given),
            f"{row.estimate:.0%}" + (f"\n[{row.conf_low:.0%}, {row.conf_high:.0%}]" if few else ""),
            ha="center",
            va="center",
            fontsize=8,
            gid=CELL,
            color=ink_on(mpl.colors.to_hex(mpl.colormaps[SHARES](row.estimate))),
        )
    below = [
        wrapped(name, 15 if wide or len(names) <= MOST_WITH_INTERVALS else 40) for name in names
    ]
    ax.set_xticks(range(len(names)), below, rotation=0 if few else 90)
    n = table.groupby("given")["n_ratings"].max()
    counted = [f"{PARAGRAPH}(n = {n[name]:,.0f})" if n[name] > 0 else "" for name in names]
    rows = [wrapped(name, 15) + told for name, told in zip(names, counted, strict=True)]
    ax.set_yticks(range(len(names)), rows)
    ax.set_xlabel("… is positive on this dimension too")
    ax.set_ylabel(wrapped("A rating positive on this dimension …", 40 if wide else 24))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if wide:
        bar = figure.colorbar(image, ax=ax, shrink=0.8, label="Share of ratings")
        percents(bar.ax.yaxis)
    told = [] if few else ["intervals: in the table"]
    foot(
        figure,
        result,
        *raters_of(table),
        "n: positive ratings",
        *told,
        *(note.rstrip(".") for note in result.meta.notes),
    )
    return Picture(figure, f"Matrix of conditional shares. {result.sentence}")
