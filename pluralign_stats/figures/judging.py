"""Figures of judges held against raters."""

import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.figures.forest_parts import Rows, Series, draw, name_series, rows
from pluralign_stats.figures.plot import Plot, counted, drawing, need
from pluralign_stats.figures.style import (
    COLOURS,
    Context,
    foot,
    leftmost,
    new_figure,
    panels,
    with_count,
)
from pluralign_stats.results import Result

#: What is drawn, with the words below the axis.
_PANELS = {
    "kappa": "Weighted kappa\n(0: chance, 1: perfect)",
    "alpha": "Krippendorff's alpha\n(0: chance, 1: perfect)",
    "bias": "Bias: score minus\nrating (points)",
}

_SERIES = {
    "judge and a rater": Series((COLOURS[0], "o")),
    "two raters (ceiling)": Series((COLOURS[1], "|"), size=7, width=0.8),
}


@drawing
def judge(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `judge_agreement`: kappa and alpha beside their ceilings, and bias.

    Points are the judge against a rater, upright strokes below them a rater against another rater
    of the same text, each with its interval.

    Parameters
    ----------
    result
        What `judge_agreement` gave.

    Examples
    --------
    >>> read = pls.judging.read_judge_scores(study, "item_scores.parquet")
    >>> result = pls.judging.judge_agreement(study, read, n_bootstrap=100)
    >>> plot = pls.figures.judge(result)
    >>> plot.alt.split(". ")[0]
    'Points with intervals beside ceilings'
    """
    need(result, "dimension", "group", "statistic", "ceiling", "ceiling_low")
    table = result.table.assign(
        row=[*zip(result.table["dimension"], result.table["group"], strict=True)]
    )
    n = table.groupby("row")["n_raters"].max()
    grouped = table["group"].nunique() > 1
    labels = {key: with_count(key[grouped], n[key]) for key in dict.fromkeys(table["row"])}
    headings = {key: key[0] if grouped else "" for key in labels}
    where = rows(labels, headings, context=context, series=2)
    down = len(_PANELS) if context == "one-column" else 1
    figure = new_figure(0.75 + down * (0.6 + where.height), context)
    axes = panels(figure, len(_PANELS), sharey=True)
    for ax, (statistic, words) in zip(axes, _PANELS.items(), strict=True):
        _panel(ax, table[table["statistic"] == statistic], where)
        ax.set_xlabel(words, fontsize="medium")
    for ax in leftmost(axes):
        where.name(ax)
    name_series(figure, _SERIES, len(_SERIES) // down or 1)
    foot(figure, result, *counted(table))
    return Plot(figure, f"Points with intervals beside ceilings. {result.sentence}")


def _panel(ax: Axes, block: pd.DataFrame, where: Rows) -> None:
    judge, ceiling = _SERIES
    if block["statistic"].iloc[0] == "bias":
        draw(ax, block, where, {judge: _SERIES[judge]})
        return
    other = {"estimate": block["ceiling"], "conf_low": block["ceiling_low"],
             "conf_high": block["ceiling_high"]}  # fmt: skip
    both = block.assign(series=judge), block.assign(series=ceiling, **other)
    draw(ax, pd.concat(both), where, _SERIES)
