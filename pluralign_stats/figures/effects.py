"""Figures of effects: forest plots of differences between groups."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.figures.breaking import broken
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    GRID,
    MUTED,
    foot,
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
from pluralign_stats.figures.tables import clear_points, counted, need
from pluralign_stats.figures.ticks import RoundTicks
from pluralign_stats.formatting import with_interval
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.words import counted as in_number

#: Rows that a line of a heading takes.
_HEADING = 0.65

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
    need(result, "level", "reference")
    rows = table.drop_duplicates(["term", "contrast"])
    keys = list(zip(rows["term"], rows["contrast"], strict=True))
    dimensions = list(dict.fromkeys(table["dimension"]))
    models = list(dict.fromkeys(table["model"])) if "model" in table else []
    wide = columns == 2
    line = (0.2 if len(models) < 2 else 0.28) + (0 if wide else 0.05)
    headings = list(rows["term"] + ", vs " + rows["reference"])
    places, headed = _places(keys, headings, 40 if wide else 24)
    height = line * max(places.values())
    down = panel_rows(len(dimensions), columns)
    between = 0.3 * down + 0.3 if down > 1 else 0
    figure = new_figure(1.3 + down * height + between, columns)
    alike = _comparable(table)
    axes = panels(figure, len(dimensions), sharex=alike, sharey=True)
    for ax, dimension in zip(axes, dimensions, strict=True):
        block = table[table["dimension"] == dimension]
        ax.axvline(0, color=MUTED, linewidth=0.8)
        for k, model in enumerate(models or [""]):
            own = block[block["model"] == model] if models else block
            _points(ax, own, places, look(k), 0.3 * (k - (len(models or [""]) - 1) / 2))
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
        _label_rows(ax, table, places, headed)
    name_below(axes, f"Difference from the reference group ({result.meta.unit})")
    if models:
        handles = [
            mpl.lines.Line2D([], [], color=look(k)[0], marker=look(k)[1])
            for k in range(len(models))
        ]
        names = [_legend_name(model) for model in models]
        legend(figure, handles, names, len(models) if wide else 1)
    tested = "p_adjusted" in table
    filled = f"adjusted p < {SIGNIFICANCE}" if tested else "interval leaves out 0"
    apart = [] if alike else ["each panel has an axis of its own"]
    foot(figure, result, *counted(table, "raters of the group"), f"filled: {filled}", *apart)
    told = result.sentence if term is None else _filled(table, term, filled, result.meta.unit)
    return Picture(figure, f"Points with intervals by dimension. {told}")


def _filled(table: pd.DataFrame, term: str, filled: str, unit: str) -> str:
    """What a figure of one demographic shows, as the sentence of its table is about all."""
    known = table.dropna(subset="estimate")
    n, points = int(clear_points(table).sum()), in_number(len(table), "point")
    told = f"{term}: {n} of {points} filled ({filled})"
    if known.empty:
        return f"{told}."
    far = known.loc[known["estimate"].abs().idxmax()]
    size = with_interval(far, ".2f", unit)
    return f"{told}; farthest from 0: {far['dimension']}, {far['contrast']}, {size}."


def _comparable(table: pd.DataFrame) -> bool:
    """Whether the dimensions' intervals can be told apart on one axis; not on scales far apart."""
    ends = table[["conf_low", "conf_high"]].abs().max(axis=1)
    reach = ends.groupby(table["dimension"]).max().dropna()
    return bool(reach.empty or reach.max() <= _FAR * reach.min())


def _places(
    keys: Sequence[tuple[str, str]], headings: Sequence[str], width: int
) -> tuple[dict[tuple[str, str], float], dict[float, str]]:
    """Height of each row, and of the headings above those that share one, broken into lines."""
    places, headed, height, before = {}, {}, 0.0, ""
    for key, heading in zip(keys, headings, strict=True):
        if heading != before:
            told = broken(heading, width)
            rows = max(1.0, _HEADING * (told.count("\n") + 1))
            headed[height + (rows + 1) / 2] = told
            height += rows
        height += 1
        places[key] = height
        before = heading
    return places, headed


def _points(
    ax: Axes,
    block: pd.DataFrame,
    places: dict[tuple[str, str], float],
    look: tuple[str, str],
    shift: float,
) -> None:
    y = np.array([places[key] for key in zip(block["term"], block["contrast"], strict=True)])
    y, (colour, marker) = y + shift, look
    ax.hlines(y, block["conf_low"], block["conf_high"], color=colour, linewidth=1.2)
    clear = clear_points(block)
    for chosen, face in ((clear, colour), (~clear, "white")):
        ax.scatter(
            block["estimate"][chosen],
            y[chosen],
            s=13,
            marker=marker,
            facecolor=face,
            edgecolor=colour,
            zorder=3,
        )


def _label_rows(
    ax: Axes,
    table: pd.DataFrame,
    places: dict[tuple[str, str], float],
    headed: dict[float, str],
) -> None:
    rows = dict(list(table.groupby(["term", "contrast"])))
    wide = is_wide(ax)
    named = {}
    for (term, contrast), height in places.items():
        own = rows[term, contrast]
        label = with_counts(own["level"].iloc[0], own["n_raters"])
        named[height] = label if wide else wrapped(label, 24)
    _write_rows(ax, named, headed)
    ax.set_ylim(max(places.values()) + 0.6, 0.4)


def _write_rows(ax: Axes, named: dict[float, str], headed: dict[float, str]) -> None:
    """Write the names of rows, and their headings in bold."""
    told = headed | named
    ax.set_yticks(list(told), list(told.values()), fontsize=8)
    for height, text in zip(told, ax.get_yticklabels(), strict=True):
        text.set_fontweight("bold" if height in headed else "normal")


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
    wide = columns == 2
    places, headed = _places(keys, [given for given, _ in keys], 40 if wide else 24)
    y = np.array([places[key] for key in keys])
    line = 0.21 if wide else 0.26
    figure = new_figure(1.4 + line * max(places.values()), columns)
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
    labels = [
        wrapped(with_count(row.group, row.n_raters), 34 if wide else 24)
        for row in table.itertuples()
    ]
    _write_rows(ax, dict(zip(y, labels, strict=True)), headed)
    ax.set_ylim(max(y) + 0.6, 0.4)
    ax.set_xlabel("Mean rating")
    legend(figure, *ax.get_legend_handles_labels(), 2)
    told = [f"{words} and as the area of circles" for words in counted(table)]
    foot(figure, result, *told, "arrows: to the model")
    return Picture(figure, f"Arrows from observed means to estimates. {result.sentence}")
