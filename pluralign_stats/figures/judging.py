"""Figures of judges held against raters."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    GRID,
    INK,
    MUTED,
    foot,
    new_figure,
    panels,
    with_count,
)
from pluralign_stats.figures.tables import need
from pluralign_stats.results import Result

#: What is drawn, with the words below the axis.
_PANELS = {
    "kappa": "Weighted kappa\n(0: chance, 1: perfect)",
    "alpha": "Krippendorff's alpha\n(0: chance, 1: perfect)",
    "bias": "Bias: score minus\nrating (points)",
}

#: How far judge and ceiling stand from the middle of their row.
_APART = 0.17


@drawing
def judge_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `judge_agreement`: kappa and alpha beside their ceilings, and bias.

    Points are the judge against a rater, upright strokes below them a rater against another rater
    of the same text, each with its interval.

    Parameters
    ----------
    result
        What `judge_agreement` gave.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "dimension", "group", "statistic", "ceiling", "ceiling_low")
    table = result.table
    groups = list(dict.fromkeys(table["group"]))
    keys = list(dict.fromkeys(zip(table["dimension"], table["group"], strict=True)))
    places = _places(keys)
    headed = len(groups) > 1
    wide = columns == 2
    down = 1 if wide else len(_PANELS)
    figure = new_figure(0.7 + down * (0.7 + 0.24 * (max(places.values()) + 1)), columns)
    axes = panels(figure, len(_PANELS), sharey=True)
    for ax, (statistic, words) in zip(axes, _PANELS.items(), strict=True):
        _panel(ax, table[table["statistic"] == statistic], places)
        ax.set_xlabel(words, fontsize=8.5)
        ax.axvline(0, color=MUTED, linewidth=0.8)
    for ax in axes[: 1 if wide else None]:
        _label(ax, table, places, headed)
    handles = [axes[0].collections[1], axes[0].collections[3]]
    names = ["judge and a rater", "two raters (ceiling)"]
    legend(figure, handles, names, columns)
    told = ["raters in brackets"] if table["n_raters"].notna().any() else []
    foot(figure, result, *told)
    return Picture(figure, f"Points with intervals beside ceilings. {result.sentence}")


def _places(keys: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Height of each row; where there are groups, a free row for each dimension's heading."""
    several = len({group for _, group in keys}) > 1
    places, height, before = {}, 0.0, ""
    for dimension, group in keys:
        height += 2.4 if several and dimension != before else 1.0
        places[dimension, group] = height
        before = dimension
    return places


def _panel(ax: Axes, block: pd.DataFrame, places: dict[tuple[str, str], float]) -> None:
    y = np.array([places[key] for key in zip(block["dimension"], block["group"], strict=True)])
    ceiling = block["statistic"].iloc[0] != "bias"
    apart = _APART if ceiling else 0.0
    ax.hlines(y - apart, block["conf_low"], block["conf_high"], color=COLOURS[0], linewidth=1.4)
    ax.scatter(block["estimate"], y - apart, s=18, color=COLOURS[0], zorder=3)
    if ceiling:
        low, high = block["ceiling_low"], block["ceiling_high"]
        ax.hlines(y + apart, low, high, color=COLOURS[1], linewidth=1)
        ax.scatter(
            block["ceiling"], y + apart, marker="|", s=50, color=COLOURS[1], linewidth=1.8, zorder=4
        )
    ax.grid(axis="x", color=GRID)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _label(
    ax: Axes, table: pd.DataFrame, places: dict[tuple[str, str], float], headed: bool
) -> None:
    n = table.groupby(["dimension", "group"], observed=True)["n_raters"].max()
    ticks, labels, bold = [], [], set()
    for (dimension, group), height in places.items():
        if headed and dimension not in bold:
            ticks.append(height - 1)
            labels.append(dimension)
            bold.add(dimension)
        ticks.append(height)
        labels.append(with_count(group if headed else dimension, n[dimension, group]))
    ax.set_yticks(ticks, labels, fontsize=8)
    for text in ax.get_yticklabels():
        text.set_color(INK)
        text.set_fontweight("bold" if text.get_text() in bold else "normal")
    ax.set_ylim(max(places.values()) + 0.7, 0.2)
