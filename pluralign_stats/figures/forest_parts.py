"""The forest plot: points with their intervals in labelled rows, for every figure that has them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from pluralign_stats.figures.breaking import broken
from pluralign_stats.figures.marks import (
    RoundTicks,
    intervals,
    legend,
    plain_axis,
    points,
    zero_line,
)
from pluralign_stats.figures.style import (
    GRID,
    MUTED,
    SMALL,
    leftmost,
    look,
    name_below,
    name_panel,
    new_figure,
    panel_rows,
    panels,
)

#: Inches of a line of words beside a row, of what else a row needs, and between points of one row.
LINE, AROUND, APART = 0.14, 0.075, 0.1

#: Characters of a row's words on one line, in wide figures and in narrow ones.
WIDE, NARROW = 46, 22


@dataclass(frozen=True)
class Series:
    """One of the things of which each row has a point.

    Attributes
    ----------
    look
        Colour and marker.
    size
        Diameter of points.
    width
        Of intervals, in widths of lines.
    band
        Colour of intervals, where another.
    open
        Whether a legend shows its points open.
    """

    look: tuple[str, str]
    size: float = 4.2
    width: float = 1.0
    band: str = ""
    open: bool = False


@dataclass(frozen=True)
class Rows:
    """Where rows stand, and the words beside them.

    Attributes
    ----------
    places
        Middle of each row, in inches below the top.
    words
        What stands beside the places, headings included.
    bold
        Places of headings.
    height
        Of all rows together, in inches.
    apart
        Inches between points of one row.
    """

    places: Mapping[Hashable, float]
    words: Mapping[float, str]
    bold: frozenset[float]
    height: float
    apart: float

    def name(self, ax: Axes) -> None:
        """Write the words beside a panel."""
        ax.set_yticks(list(self.words), list(self.words.values()))
        for place, text in zip(self.words, ax.get_yticklabels(), strict=True):
            text.set_fontweight("bold" if place in self.bold else "normal")


def rows(
    labels: Mapping[Any, str],
    headings: Mapping[Any, str] | None = None,
    *,
    context: str,
    width: int = 0,
    series: int = 1,
    apart: float = APART,
    least: float = 0.0,
) -> Rows:
    """Lay rows out, each as high as its words and its points need.

    Parameters
    ----------
    labels
        What stands beside each row.
    headings
        What stands above the first of several rows that share it; nothing where empty.
    context
        What the figure is made for; labels are broken into more lines where it is narrow.
    width
        Most characters of a line; by default as many as the context has room for.
    series
        How many points a row has.
    apart
        Inches between them; 0 draws them on each other.
    least
        Fewest inches of a row.
    """
    width = width or (NARROW if context == "one-column" else WIDE)
    places: dict[Hashable, float] = {}
    words: dict[float, str] = {}
    bold: set[float] = set()
    top, before = 0.04, ""

    def put(text: str, high: float) -> float:
        nonlocal top
        told = broken(text, width)
        high = max(high, LINE * (told.count("\n") + 1)) + AROUND
        middle = top + high / 2
        words[middle] = told
        top += high
        return middle

    for key, label in labels.items():
        heading = (headings or {}).get(key, "")
        if heading and heading != before:
            bold.add(put(heading, 0.0))
        before = heading
        places[key] = put(label, max(least, series * apart))
    return Rows(places, words, frozenset(bold), top + 0.04, apart)


def draw(
    ax: Axes,
    table: pd.DataFrame,
    where: Rows,
    series: Mapping[Any, Series],
    *,
    zero: bool = True,
    dashes: bool = True,
) -> None:
    """Draw the rows of one panel.

    Parameters
    ----------
    ax
        The panel.
    table
        Columns row, estimate, conf_low, conf_high; where there are several series, series; and
        filled, where some points are open. Ends may be missing.
    where
        The rows.
    series
        How each series looks, from the uppermost point of a row to the lowest.
    zero
        Whether a line is drawn at 0.
    dashes
        Whether a dash stands in rows without an estimate: it is withheld or could not be had.
    """
    if zero:
        zero_line(ax)
    for k, (name, own) in enumerate(series.items()):
        block = table[table["series"] == name] if "series" in table else table
        y = block["row"].map(where.places).astype(float) + where.apart * (k - (len(series) - 1) / 2)
        intervals(ax, y, block["conf_low"], block["conf_high"], own.band or own.look[0], own.width)
        filled = block.get("filled")
        points(ax, block["estimate"], y, own.look, own.size, filled=filled, zorder=3 + k)
    known = set(table.loc[table["estimate"].notna(), "row"])
    for key in where.places.keys() - known if dashes else ():
        ax.text(0.5, where.places[key], "–", transform=ax.get_yaxis_transform(), color=MUTED,
                ha="center", va="center")  # fmt: skip
    plain_axis(ax)
    ax.set_ylim(where.height, 0)


def rule(ax: Axes, where: Rows) -> None:
    """Draw lines between rows."""
    middles = np.array([*where.places.values()])
    for edge in (middles[1:] + middles[:-1]) / 2:
        ax.axhline(edge, color=GRID, linewidth=mpl.rcParams["grid.linewidth"])


def draw_forest(
    table: pd.DataFrame,
    where: Rows,
    series: Mapping[Any, Series],
    xlabel: str,
    *,
    context: str,
    zero: bool = True,
    dashes: bool = True,
    alike: bool = True,
    across: int | None = None,
) -> tuple[Figure, list[Axes]]:
    """Draw a figure of one panel for each value of the column panel; return both.

    Parameters
    ----------
    table
        As `draw` takes it, with a column panel; in one panel without a name where it has none.
    where, series, zero, dashes
        As `draw` takes them.
    xlabel
        What the numbers are.
    context
        What the figure is made for.
    alike
        Whether all panels have the same axis.
    across
        Most panels side by side in wide figures.
    """
    table = table if "panel" in table else table.assign(panel="")
    shown = list(dict.fromkeys(table["panel"]))
    down = panel_rows(len(shown), context)
    if across and context != "one-column":
        down = -(-len(shown) // across)
    titled = 0.28 if any(shown) else 0.0
    lower = 0.2 * (down - 1)
    figure = new_figure(0.85 + down * (where.height + titled) + lower, context)
    axes = panels(figure, len(shown), down=down, sharex=alike, sharey=True)
    for ax, panel in zip(axes, shown, strict=True):
        draw(ax, table[table["panel"] == panel], where, series, zero=zero, dashes=dashes)
        name_panel(ax, str(panel), -(-len(shown) // down))
    for ax in axes[: 1 if alike else None]:
        ax.xaxis.set_major_locator(RoundTicks(ax, 5 if alike else 3))
    for ax in leftmost(axes):
        where.name(ax)
    name_below(axes, xlabel)
    return figure, axes


def styles(names: Sequence[Any]) -> dict[Any, Series]:
    """A look of its own for each of several series."""
    return {name: Series(look(k)) for k, name in enumerate(names)}


def name_series(
    part: Figure | SubFigure, names: Mapping[str, Series], most: int, **looks: Any
) -> None:
    """Write a legend of series."""
    handles = [
        Line2D([], [], color=one.look[0], marker=one.look[1], markersize=one.size,
               linestyle="-" if one.width else "none", linewidth=1.2 * one.width,
               markerfacecolor="white" if one.open else one.look[0])
        for one in names.values()
    ]  # fmt: skip
    legend(part, handles, list(names), most, **{"fontsize": SMALL, **looks})
