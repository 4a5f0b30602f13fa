"""Marks that seaborn does not draw: intervals from given ends, lines at zero, arrows at edges."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from pluralign_stats.figures.style import MUTED, scale


def intervals(
    ax: Axes,
    at: Sequence[float] | pd.Series | np.ndarray,
    low: Any,
    high: Any,
    colour: Any,
    width: float = 1.0,
    *,
    upright: bool = False,
    zorder: float = 2,
) -> None:
    """Draw intervals whose ends are known; `width` is in widths of the context's lines."""
    draw = ax.vlines if upright else ax.hlines
    thick = width * mpl.rcParams["lines.linewidth"]
    draw(at, low, high, color=colour, linewidth=thick, zorder=zorder)


def points(
    ax: Axes,
    x: Any,
    y: Any,
    look: tuple[str, str],
    size: float = 4.2,
    *,
    filled: Any = None,
    **more: Any,
) -> None:
    """Draw points as seaborn does, of a diameter in points of print; open where not `filled`."""
    if not len(x):
        return
    colour, marker = look
    more = {"s": (size * scale()) ** 2, "zorder": 3, **more}
    if mpl.markers.MarkerStyle(marker).is_filled():
        more = {"edgecolor": colour, "linewidth": 0.9 * scale(), **more}
    else:
        more = {"linewidth": 1.8 * scale(), **more}
    if filled is None:
        more["color"] = colour
    else:
        more |= {"hue": np.asarray(filled, dtype=bool), "palette": {True: colour, False: "white"}}
    words = ax.get_xlabel(), ax.get_ylabel()
    sns.scatterplot(x=x, y=y, marker=marker, legend=False, ax=ax, **more)
    ax.set_xlabel(words[0], visible=True)
    ax.set_ylabel(words[1], visible=True)


def zero_line(ax: Axes, *, upright: bool = True, at: float = 0) -> None:
    """Draw where there is no difference."""
    draw = ax.axvline if upright else ax.axhline
    draw(at, color=MUTED, linewidth=0.7 * mpl.rcParams["lines.linewidth"], zorder=1)


def plain_axis(ax: Axes) -> None:
    """Upright grid lines, and no more frame than is needed."""
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
