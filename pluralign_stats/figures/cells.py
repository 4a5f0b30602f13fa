"""Words in cells: bars stacked to a whole, and matrices, with a number in every part."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from pluralign_stats.figures.marks import legend, percents
from pluralign_stats.figures.room import CELL
from pluralign_stats.figures.style import DIVERGING, GRID, ink_on, scale

#: Most letters of the names of ratings in one line of a legend.
_LINE = 40


def stacked(ax: Axes, table: pd.DataFrame, colours: Mapping[Any, str], height: float = 0.8) -> None:
    """Draw bars of parts that follow each other.

    Parameters
    ----------
    ax
        Where to draw. Bars stand at 0, 1, 2 from the top.
    table
        Columns row, part, share, in the order in which they are drawn, and words, which are written
        into a part. Rows without a share leave a gap.
    colours
        Of the parts.
    height
        Of a bar, as a share of the distance to the next.
    """
    parts = table.assign(row=table["row"].astype(str))
    order = list(dict.fromkeys(parts["row"]))
    if parts["share"].gt(0).any():
        _bars(ax, parts, order, colours, height)
    places = parts["row"].map(order.index)
    middles = parts.groupby("row", sort=False)["share"].cumsum() - parts["share"] / 2
    told = zip(middles, places, parts["part"], parts["words"], strict=True)
    for x, y, part, words in told:
        if words:
            ax.text(x, y, words, ha="center", va="center", fontsize="x-small",
                    color=ink_on(colours[part]))  # fmt: skip
    ax.set_ylim(len(order) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)


def _bars(
    ax: Axes, parts: pd.DataFrame, order: list[str], colours: Mapping[Any, str], height: float
) -> None:
    """The bars themselves; at least one has a width, without which seaborn has nothing to stack."""
    colour = so.Nominal(list(colours.values()), order=list(colours))
    bars = so.Bars(alpha=1, width=height, edgecolor=GRID, edgewidth=0.6 * scale())
    with warnings.catch_warnings():
        # seaborn 0.13 passes an argument that pandas 3 no longer needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        plot = so.Plot(parts, x="share", y="row", color="part")
        plot = plot.add(bars, so.Stack(), orient="y", legend=False)
        plot = plot.scale(y=so.Nominal(order=order), color=colour).label(x="", y="")
        plot.theme({**sns.axes_style(), **sns.plotting_context()}).on(ax).plot()


def rating_colours(ratings: Sequence[Any]) -> dict[Any, str]:
    """A colour for each rating, from disagreement to agreement."""
    shades = mpl.colormaps[DIVERGING](np.linspace(0.08, 0.92, len(ratings)))
    return {k: mpl.colors.to_hex(c) for k, c in zip(ratings, shades, strict=True)}


def rating_legend(figure: Figure, colours: Mapping[Any, str], names: list[str], most: int) -> None:
    """What the colours mean, in one line; of many long names only the first and the last."""
    tight: dict[str, Any] = {}
    if sum(map(len, names)) > _LINE:
        names[:-1] = [f"{names[0]} ", *([""] * (len(names) - 2))]
        tight = {"columnspacing": 0, "handletextpad": 0.4, "handlelength": 0.8}
    handles = [
        mpl.patches.Patch(facecolor=colour, edgecolor=GRID, linewidth=0.6)
        for colour in colours.values()
    ]
    legend(figure, handles, names, len(names) if tight else most, title="Rating", **tight)


def matrix(
    ax: Axes,
    values: pd.DataFrame,
    words: pd.DataFrame | None = None,
    **looks: Any,
) -> QuadMesh:
    """Draw a matrix as seaborn does, with words in its cells that shrink until they fit.

    Parameters
    ----------
    ax
        Where to draw. Cells have their middles at 0.5, 1.5, ….
    values
        What the colours show.
    words
        What is written into the cells; nothing where there are none.
    looks
        Further options of seaborn's `heatmap`.
    """
    told = None if words is None else words.to_numpy()
    looks = {"annot_kws": {"gid": CELL, "fontsize": "small"}, "fmt": "", **looks}
    sns.heatmap(values, annot=told, cbar=False, ax=ax, **looks)
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    mesh = next(each for each in ax.collections if isinstance(each, QuadMesh))
    if words is not None:
        known = values.notna().to_numpy().ravel()
        for text, colour in zip(ax.texts, np.asarray(mesh.get_facecolor())[known], strict=True):
            text.set_color(ink_on(colour))
    return mesh


def colour_bar(ax: Axes | list[Axes], mesh: QuadMesh, words: str, **looks: Any) -> Colorbar:
    """A bar of a matrix's colours, beside one panel or several."""
    figure = mesh.get_figure(root=True)
    bar = figure.colorbar(mesh, ax=ax, shrink=0.8, label=words, **looks)  # type: ignore[union-attr]
    bar.outline.set_linewidth(0)
    return bar


def share_bar(ax: Axes | list[Axes], mesh: QuadMesh, words: str) -> None:
    """A bar of colours that stand for shares."""
    percents(colour_bar(ax, mesh, words).ax.yaxis)
