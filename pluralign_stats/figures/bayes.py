"""Figures of Bayesian fits: replicated ratings, posteriors as ridges, draws and their weights."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pluralign_stats.figures.checks import observed_figure
from pluralign_stats.figures.marks import intervals, legend, percents, plain_axis, points, zero_line
from pluralign_stats.figures.plot import Plot, drawing, need
from pluralign_stats.figures.style import (
    BAND,
    COLOURS,
    MUTED,
    PALE_BAND,
    SMALL,
    Context,
    foot,
    leftmost,
    name_below,
    name_panel,
    new_figure,
    panel_rows,
    panels,
    wrapped,
)
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL

#: How far a ridge reaches above its line, in distances between lines.
OVERLAP = 1.1

#: Of lines of chains.
_DASHES = ("-", "--", ":", "-.")

#: Points at which a ridge's density is computed.
N_POINTS = 200


@drawing
def predictive(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `predictive_check`: observed points over intervals of replicated ratings.

    One panel for each category of the ratings, or for each statistic.

    Parameters
    ----------
    result
        The table of `predictive_check`.

    Examples
    --------
    >>> checked = pls.checks.predictive_check(posterior, "gender", n_draws=50)
    >>> plot = pls.figures.predictive(checked.result)
    >>> plot.alt.split(". ")[0]
    'Observed points on intervals of replicated ratings'
    """
    need(result, "term", "group", "estimate", "conf_low", "conf_high", "observed")
    shares = "rating" in result.table
    need(result, "rating" if shares else "statistic")
    names = ("replicated", "average", "observed, outside the interval")
    what = "Share of ratings" if shares else "Rating points"
    figure = observed_figure(result, names, what, context)
    return Plot(figure, f"Observed points on intervals of replicated ratings. {result.sentence}")


@drawing
def ridge(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw posteriors as ridges: a density, an interval and a mean for each contrast.

    Parameters
    ----------
    result
        A table of draws: columns contrast and estimate, one row for each draw of each contrast;
        with a column dimension, a panel for each.

    Examples
    --------
    >>> bayes = pls.demographics.bayesian_effects(study, "toxicity", ["gender"], sampling=sampling)
    >>> plot = pls.figures.ridge(bayes.drawn)
    >>> plot.alt.split(". ")[0]
    'Ridges of posterior densities'
    """
    need(result, "contrast", "estimate")
    table = result.table
    dimensions = list(dict.fromkeys(table["dimension"])) if "dimension" in table else [""]
    contrasts = list(dict.fromkeys(table["contrast"]))
    down = panel_rows(len(dimensions), context)
    figure = new_figure(0.9 + down * (0.6 + 0.36 * len(contrasts)), context)
    axes = panels(figure, len(dimensions), sharex=True, sharey=True)
    level = result.meta.conf_level or CONF_LEVEL
    for ax, dimension in zip(axes, dimensions, strict=True):
        block = table[table["dimension"] == dimension] if dimension else table
        _ridges(ax, block, contrasts, level)
        name_panel(ax, str(dimension), -(-len(dimensions) // down))
    names = [wrapped(str(c), 20 if context == "one-column" else 34) for c in contrasts]
    for ax in leftmost(axes):
        ax.set_yticks(range(len(contrasts)), names)
    unit = f" ({result.meta.unit})" if result.meta.unit else ""
    name_below(axes, f"Difference{unit}")
    told = ["point: mean; darker: on the mean's side of 0"]
    told += [] if result.meta.interval else [f"line: {level:.0%} of the draws"]
    foot(figure, result, *told)
    return Plot(figure, f"Ridges of posterior densities. {result.sentence}")


def _ridges(ax: Axes, block: pd.DataFrame, contrasts: list[str], level: float) -> None:
    """Densities above the lines of contrasts, with intervals and means."""
    drawn = block.assign(at=block["contrast"].map(contrasts.index)).groupby("at")["estimate"]
    for at, own in drawn:
        if np.ptp(own) > 0:
            _ridge(ax, own, at)
    tail = (1 - level) / 2
    mean = drawn.mean()
    low, high = drawn.quantile(tail), drawn.quantile(1 - tail)
    intervals(ax, mean.index, low, high, "black", zorder=1000)
    points(ax, mean, mean.index, ("black", "o"), 4, zorder=1001)
    ax.set(xlabel="", ylabel="", ylim=(len(contrasts) - 0.5, -OVERLAP - 0.1))
    zero_line(ax)
    plain_axis(ax)


def _ridge(ax: Axes, drawn: pd.Series, at: int) -> None:
    """The density of draws as seaborn computes it, lifted to a line and darker beside the mean."""
    zorder = 2 + at
    sns.kdeplot(x=drawn, gridsize=N_POINTS, color=COLOURS[0], linewidth=0.8, zorder=zorder, ax=ax)
    line = ax.lines[-1]
    x, density = np.asarray(line.get_data(), dtype=float)
    top = at - OVERLAP * density / density.max()
    line.set_ydata(top)
    ax.fill_between(x, at, top, color=BAND, alpha=0.6, linewidth=0, zorder=zorder)
    same = np.sign(x) == np.sign(drawn.mean())
    ax.fill_between(
        x, at, top, where=same, color=COLOURS[0], alpha=0.35, linewidth=0, zorder=zorder
    )


@drawing
def pareto(result: Result, curve: Result | None = None, *, context: Context = "two-column") -> Plot:
    """Draw Pareto's k of what `loo_check` leaves out, the largest first.

    Parameters
    ----------
    result
        The table of `loo`.
    curve
        The check's table of k.

    Examples
    --------
    >>> checked = pls.checks.loo_check(posterior)
    >>> plot = pls.figures.pareto(checked.result, *checked.details)
    >>> plot.alt.split(". ")[0]
    'Points in descending order'
    """
    shown = result if curve is None else curve
    need(shown, "share", "estimate", "limit")
    table = shown.table
    figure = new_figure(2.3, context)
    ax = figure.subplots()
    limit = float(table["limit"].iloc[0])
    k = table["estimate"].to_numpy(dtype=float)
    looks = {False: COLOURS[0], True: COLOURS[1]}
    sns.scatterplot(x=table["share"], y=np.where(np.isfinite(k), k, np.nan), hue=k > limit,
                    palette=looks, s=9, linewidth=0, legend=False, ax=ax)  # fmt: skip
    ax.axhline(limit, color=MUTED, linewidth=0.9, linestyle="--")
    ax.annotate(
        f"limit {limit:.2f}", (1, limit), ha="right", va="bottom", fontsize=SMALL, color=MUTED
    )
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(top=max(limit + 0.15, float(k[np.isfinite(k)].max(initial=0.0)) + 0.08))
    percents(ax.xaxis)
    what = str(table["term"].iloc[0]).split()[2]
    ax.set_xlabel(f"Share of {what}s, largest k first")
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.set_ylabel("Pareto k")
    ax.grid(axis="y")
    foot(figure, shown, "orange: above the limit")
    return Plot(figure, f"Points in descending order. {shown.sentence} {result.sentence}")


@drawing
def sampling(
    result: Result, ranks: Result | None = None, *, context: Context = "two-column"
) -> Plot:
    """Draw how the draws of the worst parameters rank in each chain.

    Chains that agree have about the same share of every part of the ranks (Vehtari et al. 2021,
    Bayesian Analysis 16, 667-718).

    Parameters
    ----------
    result
        The table of `sampling_check`.
    ranks
        The check's table of ranks.

    Examples
    --------
    >>> checked = pls.checks.sampling_check(posterior)
    >>> plot = pls.figures.sampling(checked.result, *checked.details)
    >>> plot.alt.split(". ")[0]
    'Steps of rank shares by chain'
    """
    shown = result if ranks is None else ranks
    need(shown, "term", "chain", "part", "estimate", "limit")
    table = shown.table
    terms = list(dict.fromkeys(table["term"]))
    chains = list(dict.fromkeys(table["chain"]))
    across = min(len(terms), 1 if context == "one-column" else 2)
    down = -(-len(terms) // across)
    titles = [wrapped(term, 40) for term in terms]
    lines = max(title.count("\n") for title in titles)
    figure = new_figure(1.2 + (1.6 + 0.16 * lines) * down, context)
    axes = panels(figure, len(terms), down=down, sharex=True, sharey=True)
    for ax, term, title in zip(axes, terms, titles, strict=True):
        _rank_panel(ax, table[table["term"] == term])
        ax.set_title(title)
    for ax in axes[-across:]:
        ax.set_xlabel("Rank among the draws of all chains", fontsize=SMALL, visible=True)
    for ax in leftmost(axes):
        ax.set_ylabel("Share of the chain", fontsize=SMALL, visible=True)
    looks = _looks(len(chains))
    handles = [Line2D([], [], color=colour, linestyle=dash) for colour, dash in looks]
    legend(figure, handles, [f"chain {chain}" for chain in chains], 2 * across)
    foot(
        figure,
        shown,
        "the parameters on which the chains agree least",
        "band: as by chance, were draws independent",
    )
    return Plot(figure, f"Steps of rank shares by chain. {shown.sentence} {result.sentence}")


def _looks(n: int) -> list[tuple[str, Any]]:
    """Colour and dashes of the line of each chain, both together unlike any other's."""
    return [(COLOURS[k % len(COLOURS)], _DASHES[k % len(_DASHES)]) for k in range(n)]


def _rank_panel(ax: Axes, block: pd.DataFrame) -> None:
    n = int(block["part"].max())
    share, limit = 1 / n, float(block["limit"].iloc[0])
    ax.axhspan(share - limit, share + limit, color=PALE_BAND, linewidth=0)
    chains = block.groupby("chain", sort=True)
    for (_, own), (colour, dash) in zip(chains, _looks(len(chains)), strict=True):
        sns.histplot(
            own.assign(rank=(own["part"] - 0.5) / n), x="rank", weights="estimate",
            bins=[*np.linspace(0, 1, n + 1)], element="step", fill=False, color=colour,
            linestyle=dash, linewidth=1.1, ax=ax,
        )  # fmt: skip
    ax.set(xlabel="", ylabel="", xlim=(0, 1))
    ax.set_ylim(bottom=0)
    percents(ax.xaxis)
    percents(ax.yaxis)
