"""Figures of Bayesian fits: replicated ratings, posteriors as ridges, draws and their weights."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.stats import gaussian_kde

from pluralign_stats.figures.checks import BAND, observed_panels
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    GRID,
    MUTED,
    foot,
    leftmost,
    name_below,
    new_figure,
    panel_rows,
    panels,
    with_count,
    wrapped,
)
from pluralign_stats.figures.tables import counted, need
from pluralign_stats.figures.ticks import percents
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL

#: How far a ridge reaches above its line, in distances between lines.
OVERLAP = 1.1

#: Of lines of chains.
_DASHES = ("-", "--", ":", "-.")

#: Fill behind lines; no transparency, with which some viewers blur a printed page.
PALE_BAND = "#dde9f2"

#: The term of what is said of all ratings together.
WHOLE = "All ratings"

#: Points at which a ridge's density is computed.
N_POINTS = 200


@drawing
def predictive_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `predictive_check`: observed points over intervals of replicated ratings.

    One panel for each category of the ratings, or for each statistic.

    Parameters
    ----------
    result
        The table of `predictive_check`.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "term", "group", "estimate", "conf_low", "conf_high", "observed")
    shares = "rating" in result.table
    column = "rating" if shares else "statistic"
    need(result, column)
    table = result.table
    rows = table.drop_duplicates(["term", "group"])
    places = _places(rows)
    wide = columns == 2
    down = panel_rows(table[column].nunique(), columns)
    height = (0.24 if wide else 0.3) * (max(places.values()) + 1)
    figure = new_figure((1.15 if wide else 1.5) + down * (height + 0.3), columns)
    axes = observed_panels(
        figure,
        table,
        column,
        places,
        ("replicated", "average", "observed, outside the interval"),
        "Share of ratings" if shares else "Rating points",
    )
    for ax in leftmost(axes):
        numbered = _name_places(ax, rows, places, 30 if wide else 20)
    foot(figure, result, *(counted(table) if numbered else []))
    return Picture(figure, f"Observed points on intervals of replicated ratings. {result.sentence}")


def _places(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Height of each group, with a free row for the heading of each of several terms."""
    places, height, before = {}, -1.0, None
    several = rows["term"].nunique() > 1
    for term, group in zip(rows["term"], rows["group"], strict=True):
        height += 2 if several and term not in (before, WHOLE) else 1
        places[term, group] = height
        before = term
    return places


def _name_places(
    ax: Axes, rows: pd.DataFrame, places: dict[tuple[str, str], float], width: int
) -> bool:
    """Name the groups; return whether their raters are told, which differ between groups only."""
    alone = rows["term"].nunique() == 1
    names: dict[float, str] = {}
    headings: dict[float, str] = {}
    for row in rows.itertuples():
        height = places[row.term, row.group]
        if not alone and row.term != WHOLE and row.term not in headings.values():
            headings[height - 1] = str(row.term)
        name = str(row.term) if row.term == WHOLE else str(row.group)
        names[height] = wrapped(name if alone else with_count(name, row.n_raters), width)
    told = {height: wrapped(name, width) for height, name in headings.items()} | names
    ax.set_yticks(list(told), list(told.values()), fontsize=8)
    for height, text in zip(told, ax.get_yticklabels(), strict=True):
        text.set_fontweight("bold" if height in headings else "normal")
    ax.set_ylim(max(places.values()) + 0.6, -0.6)
    return not alone


@drawing
def ridge_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw posteriors as ridges: a density, an interval and a mean for each contrast.

    Parameters
    ----------
    result
        A table of draws: columns contrast and estimate, one row for each draw of each contrast;
        with a column dimension, a panel for each.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "contrast", "estimate")
    table = result.table
    dimensions = list(dict.fromkeys(table["dimension"])) if "dimension" in table else [""]
    contrasts = list(dict.fromkeys(table["contrast"]))
    wide = columns == 2
    down = panel_rows(len(dimensions), columns)
    figure = new_figure(0.9 + down * (0.6 + 0.36 * len(contrasts)), columns)
    axes = panels(figure, len(dimensions), sharex=True, sharey=True)
    level = result.meta.conf_level or CONF_LEVEL
    for ax, dimension in zip(axes, dimensions, strict=True):
        block = table[table["dimension"] == dimension] if dimension else table
        for y, contrast in enumerate(contrasts):
            drawn = block.loc[block["contrast"] == contrast, "estimate"].to_numpy(dtype=float)
            if len(drawn):
                _ridge(ax, drawn, y, level, zorder=2 + y)
        ax.axvline(0, color=MUTED, linewidth=0.8, zorder=1)
        ax.grid(axis="x", color=GRID)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_title(
            wrapped(str(dimension), 72 * down // len(dimensions) if wide else 34),
            fontsize=8,
            loc="center",
        )
    names = [wrapped(str(c), 34 if wide else 20) for c in contrasts]
    for ax in leftmost(axes):
        ax.set_yticks(range(len(contrasts)), names, fontsize=8)
    axes[0].set_ylim(len(contrasts) - 0.5, -OVERLAP - 0.1)
    unit = f" ({result.meta.unit})" if result.meta.unit else ""
    name_below(axes, f"Difference{unit}")
    told = ["point: mean; darker: on the mean's side of 0"]
    told += [] if result.meta.interval else [f"line: {level:.0%} of the draws"]
    foot(figure, result, *told)
    return Picture(figure, f"Ridges of posterior densities. {result.sentence}")


def _ridge(ax: Axes, drawn: np.ndarray, y: float, level: float, *, zorder: float) -> None:
    mean = drawn.mean()
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    if np.ptp(drawn) > 0:
        reach = 0.15 * np.ptp(drawn)
        x = np.linspace(drawn.min() - reach, drawn.max() + reach, N_POINTS)
        density = gaussian_kde(drawn)(x)
        top = y - OVERLAP * density / density.max()
        ax.fill_between(x, y, top, color=BAND, alpha=0.6, linewidth=0, zorder=zorder)
        same = np.sign(x) == np.sign(mean)
        ax.fill_between(
            x, y, top, where=same, color=COLOURS[0], alpha=0.35, linewidth=0, zorder=zorder
        )
        ax.plot(x, top, color=COLOURS[0], linewidth=0.8, zorder=zorder)
    ax.hlines(y, low, high, color="black", linewidth=1.4, zorder=1000)
    ax.scatter([mean], [y], s=16, color="black", zorder=1001)


@drawing
def pareto_figure(result: Result, curve: Result | None = None, *, columns: int = 2) -> Picture:
    """Draw Pareto's k of what `loo_check` leaves out, the largest first.

    Parameters
    ----------
    result
        The table of `loo`.
    curve
        The check's table of k.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    shown = result if curve is None else curve
    need(shown, "share", "estimate", "limit")
    table = shown.table
    figure = new_figure(2.3, columns)
    ax = figure.subplots()
    limit = float(table["limit"].iloc[0])
    k = table["estimate"].to_numpy(dtype=float)
    known = np.isfinite(k)
    colours = np.where(k > limit, COLOURS[1], COLOURS[0])
    ax.scatter(table["share"][known], k[known], s=7, c=colours[known], zorder=3)
    ax.axhline(limit, color=MUTED, linewidth=0.9, linestyle="--")
    ax.annotate(
        f"limit {limit:.2f}", (1, limit), ha="right", va="bottom", fontsize=7.5, color=MUTED
    )
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(top=max(limit + 0.15, float(k[known].max(initial=0.0)) + 0.08))
    percents(ax.xaxis)
    what = str(table["term"].iloc[0]).split()[2]
    ax.set_xlabel(f"Share of {what}s, largest k first")
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.set_ylabel("Pareto k")
    ax.grid(axis="y", color=GRID)
    foot(figure, shown, "orange: above the limit")
    return Picture(figure, f"Points in descending order. {shown.sentence} {result.sentence}")


@drawing
def sampling_figure(result: Result, ranks: Result | None = None, *, columns: int = 2) -> Picture:
    """Draw how the draws of the worst parameters rank in each chain.

    Chains that agree have about the same share of every part of the ranks (Vehtari et al. 2021,
    Bayesian Analysis 16, 667-718).

    Parameters
    ----------
    result
        The table of `sampling_check`.
    ranks
        The check's table of ranks.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    shown = result if ranks is None else ranks
    need(shown, "term", "chain", "part", "estimate", "limit")
    table = shown.table
    terms = list(dict.fromkeys(table["term"]))
    chains = list(dict.fromkeys(table["chain"]))
    across = min(len(terms), columns)
    n_rows = -(-len(terms) // across)
    titles = [wrapped(term, 40) for term in terms]
    lines = max(title.count("\n") for title in titles)
    figure = new_figure(1.2 + (1.6 + 0.16 * lines) * n_rows, columns)
    axes = figure.subplots(n_rows, across, sharex=True, sharey=True, squeeze=False)
    for ax, term, title in zip(axes.flat, terms, titles, strict=False):
        _rank_panel(ax, table[table["term"] == term])
        ax.set_title(title, fontsize=8.5)
    for ax in axes.flat[len(terms) :]:
        ax.set_visible(False)
    for ax in axes.flat[max(len(terms) - across, 0) : len(terms)]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("Rank among the draws of all chains", fontsize=8)
    for ax in axes[:, 0]:
        ax.set_ylabel("Share of the chain", fontsize=8)
    handles = [Line2D([], [], **_chain(k)) for k in range(len(chains))]
    legend(figure, handles, [f"chain {chain}" for chain in chains], 2 * columns)
    foot(
        figure,
        shown,
        "the parameters on which the chains agree least",
        "band: as by chance, were draws independent",
    )
    return Picture(figure, f"Steps of rank shares by chain. {shown.sentence} {result.sentence}")


def _chain(k: int) -> dict[str, Any]:
    """How the line of a chain looks: colour and dashes, both together unlike any other's."""
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": _DASHES[k % len(_DASHES)]}


def _rank_panel(ax: Axes, block: pd.DataFrame) -> None:
    n = int(block["part"].max())
    share, limit = 1 / n, float(block["limit"].iloc[0])
    ax.axhspan(share - limit, share + limit, color=PALE_BAND, linewidth=0)
    edges = np.linspace(0, 1, n + 1)
    for i, (_, own) in enumerate(block.groupby("chain", sort=True)):
        ax.stairs(own["estimate"], edges, baseline=None, linewidth=1.1, **_chain(i))
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=0)
    percents(ax.xaxis)
    percents(ax.yaxis)
