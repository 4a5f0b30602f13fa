"""The figure of planned studies: power by raters, and how far findings exaggerate."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, StrMethodFormatter

from pluralign_stats.figures.marks import GivenTicks, intervals, legend, percents
from pluralign_stats.figures.plot import Plot, drawing, need
from pluralign_stats.figures.style import (
    INK,
    MUTED,
    SMALL,
    Context,
    foot,
    look,
    new_figure,
    wrapped,
)
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result

#: What distinguishes lines, and how a legend tells it.
_LINES = {
    "ratings_per_rater": "{:,} ratings per rater",
    "items": "{:,} items",
    "share": "share {:g}",
    "percent": "{:+.4g} %",
}

#: Type M is drawn where at least so many differences were found.
_FEWEST_FOUND = 5

#: Raters are on a log scale where the most are so many times the fewest.
_WIDE = 6


@drawing
def power(result: Result, *, target: float = 0.8, context: Context = "two-column") -> Plot:
    """Draw power by the number of raters, and by how much found differences exaggerate.

    Parameters
    ----------
    result
        What `power` gave.
    target
        The power that is aimed at, drawn as a line.

    Raises
    ------
    InputError
        If the table is another one, or there is no such context.

    Examples
    --------
    >>> design = pls.planning.StudyDesign(raters=100, items=20, ratings_per_rater=3, percent=-80)
    >>> grid = design.grid({"raters": [50, 100]})
    >>> planned = pls.power(grid, n_simulations=20, jobs=1, progress=False)
    >>> plot = pls.figures.power(planned)
    >>> plot.alt.split(". ")[0]
    'Curves of power, and of exaggeration, by number of raters'
    """
    need(result, "raters", *_LINES, "n_group", "power", "type_m", "n_found")
    table = result.table.sort_values("raters", kind="stable")
    wide = context != "one-column"
    if wide:
        figure = new_figure(3.6, context)
        left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    else:
        figure = new_figure(5.9, context)
        left, right = figure.subplots(2, 1, height_ratios=[1.6, 1])
    for k, (label, line) in enumerate(_lines(table)):
        _draw(left, right, line, label, k)
    _power_axis(left, table, target)
    _type_m_axis(right, table)
    handles, names = left.get_legend_handles_labels()
    legend(figure, handles, names, 3 if wide else 1, loc="outside upper left")
    foot(figure, result, f"{_span(table['n_simulations'])} simulated studies each", *_same(table))
    return Plot(
        figure, f"Curves of power, and of exaggeration, by number of raters. {result.sentence}"
    )


def _lines(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The lines of the figure with their labels."""
    varied = [c for c in _LINES if table[c].nunique() > 1] or ["ratings_per_rater"]
    for values, line in table.groupby(varied, sort=True):
        told = (_LINES[c].format(v) for c, v in zip(varied, values, strict=True))
        yield minus(", ".join(told)), line


def _same(table: pd.DataFrame) -> list[str]:
    """What all designs share, in words."""
    share, percent = table["share"].unique(), table["percent"].unique()
    told = [f"{table['items'].iloc[0]:,} items"] if table["items"].nunique() == 1 else []
    told += [f"group: {100 * share[0]:.4g} % of the raters"] if len(share) == 1 else []
    told += [minus(f"difference: {percent[0]:+.4g} % of the odds")] if len(percent) == 1 else []
    return told


def _span(column: pd.Series) -> str:
    low, high = int(column.min()), int(column.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _draw(left: Axes, right: Axes, line: pd.DataFrame, label: str, k: int) -> None:
    colour, marker = look(k)
    own: dict[str, Any] = {
        "color": colour, "marker": marker, "markeredgecolor": colour, "errorbar": None,
    }  # fmt: skip
    x = line["raters"].to_numpy(float) + k * _beside(line["raters"].to_numpy())
    intervals(left, x, line["conf_low"], line["conf_high"], colour, 0.75, upright=True)
    sns.lineplot(x=x, y=line["power"], label=label, legend=False, ax=left, **own)
    known = (line["n_found"] >= _FEWEST_FOUND).to_numpy()
    sns.lineplot(x=x[known], y=line["type_m"][known], ax=right, **own)


def _beside(raters: np.ndarray) -> np.ndarray | float:
    """How far to shift points so that intervals of several lines lie side by side."""
    if _wide(raters):
        return 0.02 * raters
    return 0.008 * float(np.ptp(raters) or raters[0])


def _wide(raters: np.ndarray) -> bool:
    """Whether raters are on a log scale."""
    return bool(raters.max() >= _WIDE * raters.min())


def _raters_axis(ax: Axes, table: pd.DataFrame) -> None:
    if _wide(table["raters"].to_numpy()):
        ax.set_xscale("log")
    ax.set_xlabel("Raters", visible=True)
    ax.xaxis.set_major_locator(GivenTicks(ax, table["raters"]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.grid(axis="y")


def _power_axis(ax: Axes, table: pd.DataFrame, target: float) -> None:
    _raters_axis(ax, table)
    ax.set_ylim(0, 1.02)
    percents(ax.yaxis)
    ax.set_ylabel("Power")
    ax.axhline(target, color=INK, linestyle="--", linewidth=0.9)
    ax.annotate(f"{target:.0%}", (0.01, target), xycoords=("axes fraction", "data"),
                xytext=(0, 2), textcoords="offset points", fontsize=SMALL, color=MUTED)  # fmt: skip
    if table["share"].nunique() == 1:
        top = ax.secondary_xaxis("top")
        group = table.drop_duplicates("raters").set_index("raters")["n_group"]
        top.xaxis.set_major_locator(GivenTicks(ax, table["raters"]))
        top.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{group[round(n)]:,}"))
        top.xaxis.set_minor_locator(NullLocator())
        top.set_xlabel("Raters in the group", fontsize="medium")


def _type_m_axis(ax: Axes, table: pd.DataFrame) -> None:
    _raters_axis(ax, table)
    ax.axhline(1, color=INK, linestyle="--", linewidth=0.9)
    ax.set_ylim(bottom=min(0.9, ax.get_ylim()[0]))
    if (table["n_found"] < _FEWEST_FOUND).all():
        ax.text(0.5, 0.5, "too few were found", transform=ax.transAxes, ha="center", color=MUTED)
    ax.set_ylabel(wrapped("How many times too large found differences are (type M)", 30),
                  fontsize=8.5)  # fmt: skip
