"""Figures of the first analyses: composition, distributions, agreement, figure 1."""

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.cells import matrix, rating_colours, rating_legend, share_bar, stacked
from pluralign_stats.figures.forest_parts import Series, draw_forest, name_series, rows, styles
from pluralign_stats.figures.marks import percents
from pluralign_stats.figures.plot import Plot, counted, drawing, raters_of
from pluralign_stats.figures.style import (
    COLOURS,
    MUTED,
    SHARES,
    Context,
    extra_lines,
    foot,
    is_wide,
    leftmost,
    new_figure,
    with_count,
    with_counts,
    wrapped,
)
from pluralign_stats.formatting import plain_rating
from pluralign_stats.results import Result

#: Of more dimensions, a matrix has no room for intervals.
MOST_WITH_INTERVALS = 6

#: Of more rows than these, panels stand side by side, so that a figure fits a page.
_TALL = 40


@drawing
def composition(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `composition`: bars of raters by level of each demographic.

    Parameters
    ----------
    result
        What `composition` gave.

    Examples
    --------
    >>> result = pls.describe.composition(study)
    >>> plot = pls.figures.composition(result)
    >>> plot.alt.split(": ")[0]
    'Bars'
    """
    table = result.table
    terms = list(dict.fromkeys(table["term"]))
    if context == "one-column":
        table = table.assign(group=[wrapped(group, 22) for group in table["group"]])
    blocks = [table[table["term"] == term] for term in terms]
    sizes = [len(block) + 0.5 * extra_lines(block["group"]) for block in blocks]
    figure = new_figure(0.6 + 0.24 * sum(sizes) + 0.42 * len(terms), context)
    axes = _stacked(figure, sizes, "Share of all raters")
    for ax, term, block in zip(axes, terms, blocks, strict=True):
        _composition_bars(ax, block, term)
    foot(figure, result, "number of raters beside each bar")
    return Plot(figure, f"Bars: {result.sentence} Shares of raters by {', '.join(terms)}.")


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
    below, shares = ax.get_xlabel(), block.assign(share=block["share"].fillna(0))
    sns.barplot(
        shares, x="share", y="group", color=COLOURS[0], saturation=1, width=0.72, errorbar=None,
        ax=ax,
    )  # fmt: skip
    for y, (share, n) in enumerate(zip(shares["share"], block["n_raters"], strict=True)):
        told = "withheld" if pd.isna(n) else f"{n:,.0f}"
        ax.text(share, y, f" {told}", va="center", fontsize="small", color=MUTED)
    ax.set_xlabel(below, visible=True)
    ax.set_ylabel("")
    ax.margins(x=0.2)
    ax.tick_params(axis="y", length=0)
    ax.set_title(term)


@drawing
def distribution(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `rating_distribution`: one bar of rating shares per dimension and group.

    Parameters
    ----------
    result
        What `rating_distribution` gave.

    Examples
    --------
    >>> result = pls.describe.rating_distribution(study, "gender")
    >>> plot = pls.figures.distribution(result)
    >>> plot.alt.split(". ")[0]
    'Stacked bars of rating shares'
    """
    table = result.table.assign(group=result.table.get("group", "All raters"))
    dimensions = list(dict.fromkeys(table["dimension"]))
    bars = [table[table["dimension"] == d]["group"].nunique() for d in dimensions]
    wide = context != "one-column"
    across = 2 if wide and sum(bars) > _TALL and len(set(bars)) == 1 < len(bars) else 1
    line, down = (0.27, sum(bars)) if across == 1 else (0.2, sum(bars[::2]))
    figure = new_figure(1.2 + line * down + 0.38 * len(bars[::across]), context)
    axes = _stacked(figure, bars, "Share of ratings", across)
    ratings = {
        d: tuple(dict.fromkeys(table.loc[table["dimension"] == d, "rating"])) for d in dimensions
    }
    alike = len(set(ratings.values())) == 1
    for ax, dimension in zip(axes, dimensions, strict=True):
        first, *_, last = map(plain_rating, ratings[dimension])
        title = dimension if alike else f"{dimension}: {first} … {last}"
        _distribution_bars(ax, table[table["dimension"] == dimension], title, across)
    if alike:
        colours = rating_colours(ratings[dimensions[0]])
        names = [*map(plain_rating, colours)]
        rating_legend(figure, colours, names, len(names) if wide else 5)
    order = [] if alike else ["ratings from the lowest (left) to the highest (right)"]
    foot(figure, result, *counted(table), *order)
    return Plot(figure, f"Stacked bars of rating shares. {result.sentence}")


def _distribution_bars(ax: Axes, block: pd.DataFrame, title: str, across: int) -> None:
    wide, below = is_wide(ax), ax.get_xlabel()
    room = 0.06 * across if wide else 0.13
    words = [f"{share:.0%}" if share >= room else "" for share in block["share"]]
    parts = block.assign(row=block["group"], part=block["rating"], words=words)
    stacked(ax, parts, rating_colours(list(dict.fromkeys(block["rating"]))))
    n = block.drop_duplicates("group").set_index("group")["n_raters"]
    labels = [with_count(group, k) for group, k in n.items()]
    if leftmost([ax]):
        ax.set_yticks(range(len(n)), labels if wide else [wrapped(label, 22) for label in labels])
    ax.tick_params(labelleft=bool(leftmost([ax])), labelbottom=bool(below))
    ax.set_xlim(0, 1)
    percents(ax.xaxis)
    ax.set_xlabel(below, visible=True)
    ax.set_title(title if wide else wrapped(title, 26))


@drawing
def agreement(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `agreement`: alpha with its interval, by dimension and group.

    Few groups are told apart by colours and markers; more have rows, and dimensions have panels.

    Parameters
    ----------
    result
        What `agreement` gave.

    Examples
    --------
    >>> result = pls.describe.agreement(study, n_bootstrap=100)
    >>> plot = pls.figures.agreement(result)
    >>> plot.alt.split(". ")[0]
    'Points with intervals'
    """
    table = result.table
    groups, dimensions = (list(dict.fromkeys(table[c])) for c in ("group", "dimension"))
    named = {g: with_counts(g, own) for g, own in table.groupby("group")["n_raters"]}
    methods = set(table.get("method", ()))
    alpha = methods.pop() if len(methods) == 1 else "Krippendorff's alpha"
    what = f"{alpha} (0: chance, 1: perfect agreement)"
    told = counted(table, "raters of the group") if len(groups) > 1 else []
    if len(groups) > len(COLOURS):
        table = table.assign(row=table["group"], panel=table["dimension"])
        where = rows({g: named[g] for g in groups}, context=context)
        figure, _ = draw_forest(
            table, where, {"": Series((COLOURS[0], "o"))}, what, context=context
        )
    else:
        series = styles(groups)
        table = table.assign(row=table["dimension"], series=table["group"])
        where = rows({d: d for d in dimensions}, context=context, series=len(groups), apart=0.15)
        figure, _ = draw_forest(table, where, series, what, context=context)
        if len(groups) > 1:
            name_series(figure, {named[g]: series[g] for g in groups}, 3)
        told = [*raters_of(table[table["group"] == groups[0]]), *told]
    foot(figure, result, *told)
    return Plot(figure, f"Points with intervals. {result.sentence}")


@drawing
def joint(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `positive_given_positive` as the paper's figure 1: a labelled matrix.

    One column of print, or many dimensions, leave no room for the intervals.

    Parameters
    ----------
    result
        What `positive_given_positive` gave.

    Examples
    --------
    >>> result = pls.describe.positive_given_positive(study, n_bootstrap=100)
    >>> plot = pls.figures.joint(result)
    >>> plot.alt.split(". ")[0]
    'Matrix of conditional shares'
    """
    table = result.table
    names = list(dict.fromkeys(table["given"]))
    wide = context != "one-column"
    few = wide and len(names) <= MOST_WITH_INTERVALS
    figure = new_figure((1.9 if wide else 2.2) + (0.72 if few else 0.4) * len(names), context)
    ax = figure.subplots()
    told = [
        f"{row.estimate:.0%}" + (f"\n[{row.conf_low:.0%}, {row.conf_high:.0%}]" if few else "")
        for row in table.itertuples()
    ]
    values, words = (
        frame.pivot(index="given", columns="dimension", values="estimate").reindex(
            index=names, columns=names
        )
        for frame in (table, table.assign(estimate=told))
    )
    mesh = matrix(ax, values, words, cmap=SHARES, vmin=0, vmax=1)
    if wide:
        share_bar(ax, mesh, "Share of ratings")
    short = wide or len(names) <= MOST_WITH_INTERVALS
    below = [wrapped(name, 15 if short else 40) for name in names]
    ax.set_xticklabels(below, rotation=0 if few else 90)
    n = table.groupby("given")["n_ratings"].max()
    positive = [f"{PARAGRAPH}(n = {n[name]:,.0f})" if n[name] > 0 else "" for name in names]
    beside = [wrapped(name, 15) + count for name, count in zip(names, positive, strict=True)]
    ax.set_yticklabels(beside, rotation=0)
    ax.set_xlabel("… is positive on this dimension too")
    ax.set_ylabel(wrapped("A rating positive on this dimension …", 40 if wide else 24))
    foot(
        figure,
        result,
        *raters_of(table),
        "n: positive ratings",
        *([] if few else ["intervals: in the table"]),
        *(note.rstrip(".") for note in result.meta.notes),
    )
    return Plot(figure, f"Matrix of conditional shares. {result.sentence}")
