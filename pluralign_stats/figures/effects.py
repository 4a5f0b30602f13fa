"""Figures of effects: forest plots of differences between groups."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    GRID,
    MUTED,
    RoundTicks,
    foot,
    is_wide,
    leftmost,
    name_below,
    new_figure,
    panel_rows,
    panels,
    with_count,
    with_counts,
    wrapped,
)
from pluralign_stats.figures.tables import need
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE

#: Dimensions whose differences reach so many times as far as others' have axes of their own.
_FAR = 8.0


@drawing
def forest_figure(result: Result, term: str | None = None, *, columns: int = 2) -> Picture:
    """Draw contrasts with their intervals, one panel per dimension.

    Parameters
    ----------
    result
        The differences of `demographic_effects`, one reading of its percents, or the differences
        of several models by `side_by_side`. Points are filled where the adjusted p is below the
        limit or, in tables without p, where the interval leaves out 0.
    term
        Label of one demographic; None for all.
    columns
        Columns of print that the figure fills, 1 or 2.

    Raises
    ------
    InputError
        If the table holds no such demographic, or several readings at once.
    """
    table = result.table
    terms = list(dict.fromkeys(table["term"]))
    if term is not None and term not in terms:
        raise InputError(one_of("the demographic", term, terms))
    if "reading" in table and table["reading"].nunique() > 1:
        raise InputError(
            "the table holds two readings; draw one: result with reading 'mean' or 'odds'"
        )
    table = table if term is None else table[table["term"] == term]
    keys = list(dict.fromkeys(zip(table["term"], table["contrast"], strict=True)))
    dimensions = list(dict.fromkeys(table["dimension"]))
    models = list(dict.fromkeys(table["model"])) if "model" in table else []
    wide = columns == 2
    line = (0.2 if len(models) < 2 else 0.28) + (0 if wide else 0.05)
    height = line * (len(keys) + len(dict.fromkeys(t for t, _ in keys)))
    down = panel_rows(len(dimensions), columns)
    between = 0.3 * down + 0.3 if down > 1 else 0
    figure = new_figure(1.3 + down * height + between, columns)
    alike = _comparable(table)
    axes = panels(figure, len(dimensions), sharex=alike, sharey=True)
    places = _places(keys)
    for ax, dimension in zip(axes, dimensions, strict=True):
        block = table[table["dimension"] == dimension]
        ax.axvline(0, color=MUTED, linewidth=0.8)
        for k, model in enumerate(models or [""]):
            own = block[block["model"] == model] if models else block
            _points(ax, own, places, COLOURS[k], 0.3 * (k - (len(models or [""]) - 1) / 2))
        ax.grid(axis="x", color=GRID)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_title(
            wrapped(dimension, max(13, 60 * down // len(dimensions)) if wide else 28),
            fontsize=8,
            loc="center",
        )
    for ax in axes[: 1 if alike else None]:
        ax.xaxis.set_major_locator(RoundTicks(ax, 5 if alike else 3))
    for ax in leftmost(axes):
        _label_rows(ax, table, places)
    name_below(axes, f"Difference from the reference group ({result.meta.unit})")
    if models:
        handles = [
            mpl.lines.Line2D([], [], color=COLOURS[k], marker="o", label=_legend_name(model))
            for k, model in enumerate(models)
        ]
        figure.legend(
            handles=handles, loc="outside upper right", ncols=len(models) if wide else 1, fontsize=8
        )
    tested = "p_adjusted" in table
    filled = f"adjusted p < {SIGNIFICANCE}" if tested else "interval leaves out 0"
    apart = [] if alike else ["each panel has an axis of its own"]
    foot(figure, result, "raters of the group in brackets", f"filled: {filled}", *apart)
    return Picture(figure, f"Points with intervals by dimension. {result.sentence}")


def _comparable(table: pd.DataFrame) -> bool:
    """Whether the dimensions' intervals can be told apart on one axis; not on scales far apart."""
    ends = table[["conf_low", "conf_high"]].abs().max(axis=1)
    reach = ends.groupby(table["dimension"]).max().dropna()
    return bool(reach.empty or reach.max() <= _FAR * reach.min())


def _places(keys: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Height of each contrast, with a free row for the heading of each demographic."""
    places, height, before = {}, 0.0, ""
    for term, contrast in keys:
        height += 1 if term == before else 2
        places[term, contrast] = height
        before = term
    return places


def _points(
    ax: Axes,
    block: pd.DataFrame,
    places: dict[tuple[str, str], float],
    colour: str,
    shift: float,
) -> None:
    y = np.array([places[key] for key in zip(block["term"], block["contrast"], strict=True)])
    y = y + shift
    ax.hlines(y, block["conf_low"], block["conf_high"], color=colour, linewidth=1.2)
    if "p_adjusted" in block:
        clear = (block["p_adjusted"] < SIGNIFICANCE).to_numpy()
    else:
        clear = ((block["conf_low"] > 0) | (block["conf_high"] < 0)).to_numpy()
    for chosen, face in ((clear, colour), (~clear, "white")):
        ax.scatter(
            block["estimate"][chosen], y[chosen], s=13, facecolor=face, edgecolor=colour, zorder=3
        )


def _label_rows(ax: Axes, table: pd.DataFrame, places: dict[tuple[str, str], float]) -> None:
    own = {key: block["n_raters"] for key, block in table.groupby(["term", "contrast"])}
    ticks, labels = [], []
    wide = is_wide(ax)
    headed: set[str] = set()
    for (term, contrast), height in places.items():
        level, _, reference = contrast.partition(" vs ")
        heading = f"{term}, vs {reference}" if wide else wrapped(f"{term}, vs {reference}", 26)
        if heading not in headed:
            ticks.append(height - 1)
            labels.append(heading)
            headed.add(heading)
        ticks.append(height)
        label = with_counts(level, own[term, contrast])
        labels.append(label if wide else wrapped(label, 24))
    ax.set_yticks(ticks, labels, fontsize=8)
    for text in ax.get_yticklabels():
        if text.get_text() in headed:
            text.set_fontweight("bold")
    ax.set_ylim(max(places.values()) + 0.6, 0.4)


def _legend_name(model: str) -> str:
    """A model's name, with the word where the name alone is an adjective."""
    return model if " " in model else f"{model} model"


@drawing
def intersections_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw cells of two demographics: observed means, and where a model moves them.

    Parameters
    ----------
    result
        The table of `intersections`.
    columns
        Columns of print that the figure fills, 1 or 2.
    """
    need(result, "given", "group", "observed", "estimate", "conf_low", "conf_high", "n_raters")
    table = result.table
    keys = list(zip(table["given"], table["group"], strict=True))
    places = _places(keys)
    y = np.array([places[key] for key in keys])
    line = 0.21 if columns == 2 else 0.26
    figure = new_figure(1.4 + line * (len(keys) + table["given"].nunique()), columns)
    ax = figure.subplots()
    # An area for the raters, of a middling size where their number is withheld.
    n = table["n_raters"].to_numpy(dtype=float)
    area = np.where(np.isnan(n), 25.0, 10 + 80 * n / max(np.nanmax(n, initial=1.0), 1.0))
    ax.hlines(y, table["conf_low"], table["conf_high"], color=COLOURS[0], linewidth=1.2, alpha=0.6)
    for height, start, end in zip(y, table["observed"], table["estimate"], strict=True):
        ax.annotate(
            "",
            (end, height),
            (start, height),
            arrowprops={"arrowstyle": "->", "color": COLOURS[1], "linewidth": 1.0, "shrinkA": 0},
        )
    ax.scatter(
        table["observed"], y, s=area, facecolor="none", edgecolor=COLOURS[1], label="observed mean"
    )
    ax.scatter(table["estimate"], y, s=16, color=COLOURS[0], label="by the model", zorder=3)
    ax.grid(axis="x", color=GRID)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    _label_cells(ax, table, places)
    ax.set_xlabel("Mean rating")
    figure.legend(loc="outside upper right", ncols=2, fontsize=8)
    foot(figure, result, "raters in brackets and as the area of circles", "arrows: to the model")
    return Picture(figure, f"Arrows from observed means to estimates. {result.sentence}")


def _label_cells(ax: Axes, table: pd.DataFrame, places: dict[tuple[str, str], float]) -> None:
    ticks, labels, headings = [], [], set()
    wide = is_wide(ax)
    for row in table.itertuples():
        height = places[row.given, row.group]
        if row.given not in headings:
            headings.add(row.given)
            ticks.append(height - 1)
            labels.append(row.given)
        ticks.append(height)
        labels.append(wrapped(with_count(row.group, row.n_raters), 34 if wide else 24))
    ax.set_yticks(ticks, labels, fontsize=8)
    for text in ax.get_yticklabels():
        if text.get_text() in headings:
            text.set_fontweight("bold")
    ax.set_ylim(max(places.values()) + 0.6, min(places.values()) - 1.6)
