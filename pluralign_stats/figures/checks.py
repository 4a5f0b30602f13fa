"""Figures of checks of a model: calibration, residuals, and the influence of single levels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    GRID,
    MUTED,
    foot,
    is_wide,
    leftmost,
    name_below,
    new_figure,
    panel_rows,
    panels,
    with_count,
    wrapped,
)
from pluralign_stats.figures.tables import counted, need, plain_rating
from pluralign_stats.figures.ticks import RoundTicks, percents
from pluralign_stats.results import Result
from pluralign_stats.words import levels_of

#: Fill of intervals and limits.
BAND = "#bcd4e6"

#: Most items of the panel of single ratings.
MOST_ITEMS = 24


@drawing
def calibration_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `calibration_check`: observed points on the limits that the model sets.

    Parameters
    ----------
    result
        The table of `calibration_check`.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "group", "estimate", "observed", "conf_low", "conf_high")
    shares = "rating" in result.table
    table = result.table if shares else result.table.assign(statistic="")
    rows = table.drop_duplicates(["term", "group"])
    column = "rating" if shares else "statistic"
    wide = columns == 2
    down = panel_rows(table[column].nunique(), columns)
    figure = new_figure((1.35 if wide else 1.7) + down * (0.3 * len(rows) + 0.3) - 0.3, columns)
    axes = observed_panels(
        figure,
        table,
        column,
        {key: float(k) for k, key in enumerate(zip(rows["term"], rows["group"], strict=True))},
        ("limits if the model is right", "predicted", "observed, outside the limits"),
        "Share of ratings" if shares else "Mean rating",
    )
    labels = [
        wrapped(with_count(r.group, r.n_raters), 24 if wide else 18) for r in rows.itertuples()
    ]
    for ax in leftmost(axes):
        ax.set_yticks(range(len(rows)), labels, fontsize=8)
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    axes[0].set_ylabel(wrapped(str(rows["term"].iloc[-1]), 24 if wide else 14))
    foot(figure, result, *counted(table))
    return Picture(figure, f"Observed points on intervals from the model. {result.sentence}")


def observed_panels(
    figure: Figure,
    table: pd.DataFrame,
    column: str,
    places: Mapping[tuple[str, str], float],
    names: tuple[str, str, str],
    what: str,
) -> list[Axes]:
    """Draw observed points on intervals, in panels side by side; return these.

    Parameters
    ----------
    figure
        Where to draw.
    table
        Columns term, group, estimate, conf_low, conf_high, observed.
    column
        One panel for each of its values: ``"rating"``, for shares of ratings, or another.
    places
        Height of each term and group.
    names
        What the legend calls the intervals, the estimates, and what was observed outside.
    what
        What the numbers are.
    """
    shown = list(dict.fromkeys(table[column]))
    axes = panels(figure, len(shown), sharey=True)
    wide = is_wide(figure)
    shares = column == "rating"
    for ax, panel in zip(axes, shown, strict=True):
        _observed_panel(ax, table[table[column] == panel], places, names)
        name = f"Rating {plain_rating(panel)}" if shares else f"{panel[:1].upper()}{panel[1:]}"
        across = -(-len(shown) // panel_rows(len(shown), 2 if wide else 1))
        ax.set_title(wrapped(name, 72 // across if wide else 34), fontsize=9, loc="center")
        if shares:
            percents(ax.xaxis)
            ax.tick_params(axis="x", labelsize=8)
        ax.xaxis.set_major_locator(RoundTicks(ax, 6))
    name_below(axes, what)
    handles, labels = axes[0].get_legend_handles_labels()
    legend(figure, handles, labels, len(labels) if wide else 1)
    return axes


def _observed_panel(
    ax: Axes,
    block: pd.DataFrame,
    places: Mapping[tuple[str, str], float],
    names: tuple[str, str, str],
) -> None:
    y = np.array([places[key] for key in zip(block["term"], block["group"], strict=True)])
    low, high, seen = (block[c].to_numpy() for c in ("conf_low", "conf_high", "observed"))
    interval, middle, beyond = names
    ax.hlines(y, low, high, color=BAND, linewidth=6, label=interval)
    ax.scatter(block["estimate"], y, marker="|", s=45, color=COLOURS[0], zorder=3, label=middle)
    outside = (seen < low) | (seen > high)
    for chosen, face, label in ((~outside, "white", "observed"), (outside, COLOURS[1], beyond)):
        x = np.where(chosen, seen, np.nan)
        ax.scatter(x, y, s=18, color=face, edgecolor=COLOURS[1], zorder=4, label=label)
    ax.grid(axis="x", color=GRID)
    ax.margins(x=0.08)
    ax.tick_params(axis="y", length=0)


@drawing
def residual_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw the table of `residual_check`: shares of residuals in tenths, by group.

    Parameters
    ----------
    result
        The table of `residual_check`.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "group", "part", "estimate", "conf_low", "conf_high")
    table = result.table
    groups = list(dict.fromkeys(table["group"]))
    across = min({1: 1, 2: 2, 4: 2}.get(len(groups), 3), columns)
    n_rows = -(-len(groups) // across)
    figure = new_figure(0.8 + 1.75 * n_rows, columns)
    axes = figure.subplots(n_rows, across, sharex=True, sharey=True, squeeze=False)
    for ax, group in zip(axes.flat, groups, strict=False):
        block = table[table["group"] == group]
        _residual_panel(ax, block)
        ax.set_title(wrapped(with_count(group, block["n_raters"].iloc[0]), 34), fontsize=8)
    for ax in axes.flat[len(groups) :]:
        ax.set_visible(False)
    for ax in axes.flat[max(len(groups) - across, 0) : len(groups)]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("Tenth of the prediction", fontsize=8)
    for ax in axes[:, 0]:
        ax.set_ylabel("Share of residuals", fontsize=8)
    term = str(table["term"].iloc[0])
    figure.suptitle(f"By {term}", x=0.01, ha="left", fontsize=9)
    told = "black: limits; orange: outside them; dashed: a tenth"
    foot(figure, result, *counted(table), told)
    return Picture(figure, f"Bars of residual shares on their limits. {result.sentence}")


def _residual_panel(ax: Axes, block: pd.DataFrame) -> None:
    outside = (block["estimate"] < block["conf_low"]) | (block["estimate"] > block["conf_high"])
    colours = np.where(outside, COLOURS[1], BAND)
    ax.bar(block["part"], block["estimate"], width=0.86, color=colours)
    middle = (block["conf_low"] + block["conf_high"]) / 2
    half = (block["conf_high"] - block["conf_low"]) / 2
    ax.errorbar(block["part"], middle, half, fmt="none", color="black", linewidth=0.8, capsize=2.5)
    ax.axhline(1 / len(block), color=MUTED, linewidth=0.8, linestyle="--")
    ax.set_xticks([1, len(block) // 2, len(block)])
    ax.yaxis.set_major_locator(MultipleLocator(0.05))
    percents(ax.yaxis)


@drawing
def influence_figure(result: Result, ratings: Result | None = None, *, columns: int = 2) -> Picture:
    """Draw the table of `influence_check`, beside it what single ratings contribute.

    Parameters
    ----------
    result
        The most influential levels.
    ratings
        The check's table of single ratings, by rater and item.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "group", "contrast", "estimate")
    table = result.table.head(10)
    wide = columns == 2
    row = 0.26 if wide else 0.4
    figure = new_figure(1.5 + row * len(table) + (0 if ratings is None else 3.6), columns)
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
        left_out = _rating_matrix(
            figure, axes[1], ratings.table, MOST_ITEMS if wide else MOST_ITEMS // 2
        )
        told += ["grey: not rated"] + ([f"{left_out:,} more items not shown"] if left_out else [])
    foot(figure, result, *told)
    more = "" if ratings is None else f" {ratings.sentence}"
    return Picture(figure, f"Points: {result.sentence}{more}")


def _influence_points(ax: Axes, table: pd.DataFrame, width: int) -> None:
    y = np.arange(len(table))
    shown = table["estimate"].to_numpy(dtype=float)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.hlines(y, 0, np.nan_to_num(shown), color=COLOURS[0], linewidth=1.3)
    ax.scatter(shown, y, s=22, color=COLOURS[0], zorder=3)
    reach = 1.15 * max(float(np.nanmax(np.abs(shown), initial=0.0)), 0.05)
    ax.set_xlim(-reach, reach)
    for end in (-1, 1):
        if reach > 1:
            ax.axvline(end, color=COLOURS[1], linewidth=0.8, linestyle="--")
    labels = [f"{r.group} → {r.contrast}" if r.contrast else r.group for r in table.itertuples()]
    labels = [wrapped(label, width) for label in labels]
    ax.set_yticks(y, labels, fontsize=8)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.grid(axis="x", color=GRID)
    ax.tick_params(axis="y", length=0)


def _rating_matrix(figure: Figure, ax: Axes, table: pd.DataFrame, most: int) -> int:
    """Draw raters by items; return how many items had no room."""
    size = table["estimate"].abs()
    place = size.groupby(table["group"]).rank(ascending=False, method="first")
    # Everyone's largest first, then everyone's second: no row is left empty.
    ranked = table.assign(place=place, size=-size).sort_values(["place", "size"])["given"]
    items = list(dict.fromkeys(ranked))[:most]
    groups = list(dict.fromkeys(table["group"]))
    kept = table[table["given"].isin(items)]
    items = list(dict.fromkeys(kept["given"]))
    matrix = kept.pivot_table(index="group", columns="given", values="estimate", aggfunc="sum")
    matrix = matrix.reindex(index=groups, columns=items)
    reach = float(table["estimate"].abs().max()) or 1.0
    image = ax.imshow(matrix, cmap="PuOr", vmin=-reach, vmax=reach, aspect="auto")
    ax.set_facecolor("#dcdcdc")
    ax.set_xticks(range(len(items)), items, rotation=90, fontsize=7)
    ax.set_yticks(range(len(groups)), groups, fontsize=8)
    title = "What their single ratings contribute, by item"
    ax.set_title(title if most == MOST_ITEMS else wrapped(title, 26), fontsize=9)
    ax.set_xticks(np.arange(len(items) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(groups) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    side = "right" if is_wide(figure) else "bottom"
    figure.colorbar(image, ax=ax, label="Standard errors", shrink=0.9, location=side)
    return table["given"].nunique() - len(items)
