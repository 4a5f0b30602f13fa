"""Figures of checks of a model: calibration, residuals, and the influence of single levels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from pluralign_stats.figures.cells import colour_bar, matrix
from pluralign_stats.figures.forest_parts import Series, draw_forest, name_series, rows
from pluralign_stats.figures.marks import intervals, percents, plain_axis, points, zero_line
from pluralign_stats.figures.plot import Plot, counted, drawing, need
from pluralign_stats.figures.style import (
    BAND,
    COLOURS,
    MUTED,
    Context,
    foot,
    is_wide,
    leftmost,
    name_below,
    name_panel,
    new_figure,
    panels,
    with_count,
    wrapped,
)
from pluralign_stats.formatting import plain_rating
from pluralign_stats.results import Result
from pluralign_stats.words import first_up, levels_of

#: The term of what is said of all ratings together.
WHOLE = "All ratings"

#: Most items of the panel of single ratings.
MOST_ITEMS = 24


@drawing
def calibration(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `calibration_check`: observed points on the limits that the model sets.

    Parameters
    ----------
    result
        The table of `calibration_check`.

    Examples
    --------
    >>> checked = pls.checks.calibration_check(fit, n_simulations=39)
    >>> plot = pls.figures.calibration(checked.result)
    >>> plot.alt.split(". ")[0]
    'Observed points on intervals from the model'
    """
    need(result, "group", "estimate", "observed", "conf_low", "conf_high")
    names = ("limits if the model is right", "predicted", "observed, outside the limits")
    what = "Share of ratings" if "rating" in result.table else "Mean rating"
    figure = observed_figure(result, names, what, context)
    return Plot(figure, f"Observed points on intervals from the model. {result.sentence}")


def observed_figure(result: Result, names: tuple[str, str, str], what: str, context: str) -> Figure:
    """Draw observed points on intervals, a row for each group.

    Parameters
    ----------
    result
        Columns term, group, estimate, conf_low, conf_high, observed; a panel for each rating, or
        for each statistic.
    names
        What the legend calls the intervals, the estimates, and what was observed outside.
    what
        What the numbers are.
    context
        What the figure is made for.
    """
    table = result.table
    row = [*zip(table["term"], table["group"], strict=True)]
    rated, plain = "rating" in table, {"filled": True, "row": row}
    panel = (
        [f"Rating {plain_rating(rating)}" for rating in table["rating"]]
        if rated
        else [first_up(text) for text in table.get("statistic", [""] * len(table))]
    )
    outside = (table["observed"] < table["conf_low"]) | (table["observed"] > table["conf_high"])
    seen = {"estimate": table["observed"], "conf_low": np.nan, "conf_high": np.nan}
    made = table.assign(panel=panel, **plain)
    both = [made.assign(series="model"), made.assign(series="seen", **seen, filled=outside)]
    model = Series((COLOURS[0], "|"), size=7, width=5, band=BAND)
    found = Series((COLOURS[1], "o"), size=4.5, width=0)
    raters = dict(zip(row, table.get("n_raters", [np.nan] * len(table)), strict=True))
    counts = rated or len(table["term"].unique()) > 1
    labels = {
        key: with_count(key[1], raters[key] if counts else np.nan) for key in dict.fromkeys(row)
    }
    headings = {key: "" if key[0] == WHOLE else first_up(key[0]) for key in labels}
    where = rows(labels, headings, context=context, apart=0, least=0.2)
    figure, axes = draw_forest(
        pd.concat(both, ignore_index=True),
        where,
        {"model": model, "seen": found},
        what,
        context=context,
        zero=False,
        alike=False,
    )
    for ax in axes:
        ax.margins(x=0.08)
        if rated:
            percents(ax.xaxis)
    named = {
        names[0]: Series((BAND, "none"), width=5), names[1]: replace(model, width=0),
        "observed": replace(found, open=True), names[2]: found,
    }  # fmt: skip
    name_series(figure, named, 4 if context != "one-column" else 1)
    foot(figure, result, *(counted(table) if counts else []))
    return figure


@drawing
def residuals(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `residual_check`: shares of residuals in tenths, by group.

    Parameters
    ----------
    result
        The table of `residual_check`.

    Examples
    --------
    >>> checked = pls.checks.residual_check(fit, n_simulations=39)
    >>> plot = pls.figures.residuals(checked.result)
    >>> plot.alt.split(". ")[0]
    'Bars of residual shares on their limits'
    """
    need(result, "group", "part", "estimate", "conf_low", "conf_high")
    table = result.table
    groups = list(dict.fromkeys(table["group"]))
    across = 1 if context == "one-column" else {1: 1, 2: 2, 4: 2}.get(len(groups), 3)
    down = -(-len(groups) // across)
    figure = new_figure(0.8 + 1.75 * down, context)
    axes = panels(figure, len(groups), down=down, sharex=True, sharey=True)
    for ax, group in zip(axes, groups, strict=True):
        block = table[table["group"] == group]
        _residual_panel(ax, block)
        name_panel(ax, with_count(group, block["n_raters"].iloc[0]), across)
    for ax in axes[-across:]:
        ax.set_xlabel("Tenth of the prediction", fontsize="small", visible=True)
    for ax in leftmost(axes):
        ax.set_ylabel("Share of residuals", fontsize="small", visible=True)
    figure.suptitle(f"By {table['term'].iloc[0]}", x=0.01, ha="left", fontsize="medium")
    told = "black: limits; orange: outside them; dashed: a tenth"
    foot(figure, result, *counted(table), told)
    return Plot(figure, f"Bars of residual shares on their limits. {result.sentence}")


def _residual_panel(ax: Axes, block: pd.DataFrame) -> None:
    outside = (block["estimate"] < block["conf_low"]) | (block["estimate"] > block["conf_high"])
    colours = dict(zip(block["part"], np.where(outside, COLOURS[1], BAND), strict=True))
    sns.barplot(block, x="part", y="estimate", hue="part", palette=colours, saturation=1,
                width=0.86, legend=False, native_scale=True, ax=ax)  # fmt: skip
    middle = (block["conf_low"] + block["conf_high"]) / 2
    half = (block["conf_high"] - block["conf_low"]) / 2
    ax.errorbar(block["part"], middle, half, fmt="none", color="black", linewidth=0.8, capsize=2.5)
    ax.axhline(1 / len(block), color=MUTED, linewidth=0.8, linestyle="--")
    ax.set(xlabel="", ylabel="")
    ax.set_xticks([1, len(block) // 2, len(block)])
    ax.yaxis.set_major_locator(MultipleLocator(0.05))
    percents(ax.yaxis)


@drawing
def influence(
    result: Result, ratings: Result | None = None, *, context: Context = "two-column"
) -> Plot:
    """Draw the table of `influence_check`, beside it what single ratings contribute.

    Parameters
    ----------
    result
        The most influential levels.
    ratings
        The check's table of single ratings, by rater and item.

    Examples
    --------
    >>> checked = pls.checks.influence_check(fit, "item")
    >>> plot = pls.figures.influence(checked.result, *checked.details)
    >>> plot.alt.split(": ")[0]
    'Points'
    """
    need(result, "group", "contrast", "estimate")
    table = result.table.head(10)
    wide = context != "one-column"
    row = 0.26 if wide else 0.4
    figure = new_figure(1.5 + row * len(table) + (0 if ratings is None else 3.6), context)
    heights = [1.0] if ratings is None else [1.0, 1.25]
    axes = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _influence_points(axes[0], table, 40 if wide else 22)
    name_below(
        [axes[0]], "Change of the coefficient that moves most, when left out (standard errors)"
    )
    term = str(table["term"].iloc[0])
    told = [f"the {len(table)} most influential {levels_of(term, len(table))}"]
    told += [f"{term} → coefficient that moves most"] if table["contrast"].any() else []
    if ratings is not None:
        most = MOST_ITEMS if wide else MOST_ITEMS // 2
        left_out = _rating_matrix(axes[1], ratings.table, most)
        told += ["grey: not rated"] + ([f"{left_out:,} more items not shown"] if left_out else [])
    foot(figure, result, *told)
    more = "" if ratings is None else f" {ratings.sentence}"
    return Plot(figure, f"Points: {result.sentence}{more}")


def _influence_points(ax: Axes, table: pd.DataFrame, width: int) -> None:
    y = np.arange(len(table))
    shown = table["estimate"].to_numpy(dtype=float)
    zero_line(ax)
    intervals(ax, y, 0, np.nan_to_num(shown), COLOURS[0])
    points(ax, shown, y, (COLOURS[0], "o"), 4.7)
    reach = 1.15 * max(float(np.nanmax(np.abs(shown), initial=0.0)), 0.05)
    ax.set_xlim(-reach, reach)
    for end in (-1, 1):
        if reach > 1:
            ax.axvline(end, color=COLOURS[1], linewidth=0.8, linestyle="--")
    labels = [f"{r.group} → {r.contrast}" if r.contrast else r.group for r in table.itertuples()]
    ax.set_yticks(y, [wrapped(label, width) for label in labels])
    ax.set_ylim(len(table) - 0.4, -0.6)
    plain_axis(ax)


def _rating_matrix(ax: Axes, table: pd.DataFrame, most: int) -> int:
    """Draw raters by items; return how many items had no room."""
    size = table["estimate"].abs()
    place = size.groupby(table["group"]).rank(ascending=False, method="first")
    # Everyone's largest first, then everyone's second: no row is left empty.
    ranked = table.assign(place=place, size=-size).sort_values(["place", "size"])["given"]
    items = list(dict.fromkeys(ranked))[:most]
    groups = list(dict.fromkeys(table["group"]))
    kept = table[table["given"].isin(items)]
    items = list(dict.fromkeys(kept["given"]))
    values = kept.pivot_table(index="group", columns="given", values="estimate", aggfunc="sum")
    values = values.reindex(index=groups, columns=items)
    reach = float(table["estimate"].abs().max()) or 1.0
    mesh = matrix(ax, values, cmap="PuOr", vmin=-reach, vmax=reach, linewidths=1.5)
    side = "right" if is_wide(ax) else "bottom"
    colour_bar(ax, mesh, "Standard errors", location=side)
    ax.set_facecolor("#dcdcdc")
    ax.set_xticks(np.arange(len(items)) + 0.5, items, rotation=90, fontsize="small")
    ax.set_yticks(np.arange(len(groups)) + 0.5, groups, rotation=0)
    title = "What their single ratings contribute, by item"
    ax.set_title(title if most == MOST_ITEMS else wrapped(title, 26))
    return table["given"].nunique() - len(items)
