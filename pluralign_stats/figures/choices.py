"""Figures of models of choices: strengths, and who is preferred to whom."""

import pandas as pd

from pluralign_stats.figures.forest_parts import draw_forest, name_series, rows, styles
from pluralign_stats.figures.marks import percents, zero_line
from pluralign_stats.figures.plot import Plot, drawing, need, raters_of
from pluralign_stats.figures.style import Context, foot, with_counts
from pluralign_stats.results import Result
from pluralign_stats.words import first_up

#: Most pairs of options of one figure.
MOST_PAIRS = 30


@drawing
def strengths(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the strengths of options with their intervals, the strongest first.

    Parameters
    ----------
    result
        What ``strengths`` of a model of choices gave; groups are told apart by markers.

    Examples
    --------
    >>> plot = pls.figures.strengths(pls.fit_choices(choices, "gender").strengths(by="gender"))
    >>> plot.alt.split(". ")[0]
    'Strengths with intervals, the strongest first'
    """
    need(result, "option", "estimate", "conf_low", "conf_high", "n_raters")
    mean = result.table.groupby("option")["estimate"].mean().sort_values(ascending=False)
    table = result.table.assign(row=result.table["option"])
    what = f"Strength ({result.meta.unit})"
    return _by_group(result, table, {o: o for o in mean.index}, what, context, at=0)


@drawing
def wins(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw how often each option is preferred to each that is weaker.

    Parameters
    ----------
    result
        What ``win_probabilities`` of a model of choices gave; groups are told apart by markers.

    Examples
    --------
    >>> plot = pls.figures.wins(pls.fit_choices(choices).win_probabilities())
    >>> plot.alt.split(". ")[0]
    'Shares of comparisons with intervals'
    """
    need(result, "option", "against", "estimate", "conf_low", "conf_high", "n_raters")
    table = result.table
    mean = table.groupby("option")["estimate"].mean().sort_values(ascending=False)
    rank = {option: k for k, option in enumerate(mean.index)}
    table = table[table["option"].map(rank) < table["against"].map(rank)]
    table = table.assign(row=[*zip(table["option"], table["against"], strict=True)])
    order = sorted(table["row"].unique(), key=lambda pair: (rank[pair[0]], rank[pair[1]]))
    labels = {pair: f"{pair[0]} over {pair[1]}" for pair in order[:MOST_PAIRS]}
    more = len(order) - len(labels)
    told = [f"the first {MOST_PAIRS} of {len(order)} pairs"] if more else []
    table = table[table["row"].isin(labels)]
    what = "Share of comparisons won, ties half"
    return _by_group(result, table, labels, what, context, *told, at=0.5)


def _by_group(
    result: Result, table: pd.DataFrame, labels: dict, what: str, context: str,
    *told: str, at: float,
) -> Plot:  # fmt: skip
    """Points with intervals: a row for each label, groups told apart by colours and markers."""
    groups = list(dict.fromkeys(table["group"])) if "group" in table else [""]
    series = styles(groups)
    table = table.assign(series=table.get("group", ""), panel="", filled=True)
    where = rows(labels, context=context, series=len(groups))
    figure, axes = draw_forest(table, where, series, what, context=context, zero=at == 0)
    for ax in axes:
        if at:
            zero_line(ax, at=at)
            percents(ax.xaxis)
    if len(groups) > 1:
        counts = table.groupby("group")["n_raters"]
        named = {with_counts(g, counts.get_group(g)): series[g] for g in groups}
        name_series(figure, named, 3)
    notes = ["raters in brackets"] if len(groups) > 1 else raters_of(table)
    foot(figure, result, *told, *notes)
    kind = (
        "Shares of comparisons with intervals"
        if at
        else ("Strengths with intervals, the strongest first")
    )
    return Plot(figure, f"{first_up(kind)}. {result.sentence}")
