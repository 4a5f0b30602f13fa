"""Legends, marks and ticks that seaborn lacks: intervals, lines at zero, round numbers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, SubFigure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, Locator

from pluralign_stats.figures.breaking import broken, extent
from pluralign_stats.figures.style import MUTED, SMALL, scale
from pluralign_stats.formatting import minus

#: Inches of print that a digit of an axis takes.
_DIGIT = 0.08

#: Between ticks, in powers of ten.
_STEPS = (1, 2, 2.5, 4, 5)


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


class RoundTicks(Locator):
    """Ticks of a panel's horizontal axis at round numbers, as close as their labels have room.

    Parameters
    ----------
    ax
        The panel.
    most
        Most steps between ticks.
    """

    def __init__(self, ax: Axes, most: int) -> None:
        self._ax, self._most, self._digit = ax, most, _DIGIT * scale()

    def __call__(self) -> list[float]:
        """The ticks of what the panel shows."""
        return self.tick_values(*self._ax.get_xlim())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """The ticks between two values, which may come in either order."""
        low, high = sorted((vmin, vmax))
        inches = self._ax.bbox.width / self._ax.figure.dpi / (high - low)
        tenth = 10.0 ** np.floor(np.log10(high - low) - 1)
        ticks: list[float] = []
        for step in (m * 10**e * tenth for e in range(3) for m in _STEPS):
            wider = list(step * np.arange(np.ceil(low / step), np.floor(high / step) + 1))
            if len(ticks) > 1 > len(wider) - 1:
                break
            ticks = wider
            if len(ticks) <= self._most + 1 and self._room(ticks) <= inches * step:
                break
        return ticks

    def _room(self, ticks: list[float]) -> float:
        """Inches that the longest label takes, with a gap."""
        labels = self._ax.xaxis.get_major_formatter().format_ticks(ticks)
        return (max(map(len, labels), default=0) + 1) * self._digit


class GivenTicks(Locator):
    """Ticks of a panel's horizontal axis at given numbers: the largest, and others with room.

    Parameters
    ----------
    ax
        The panel, whose scale may be logarithmic.
    values
        The numbers.
    """

    def __init__(self, ax: Axes, values: Iterable[float]) -> None:
        self._ax, self._values = ax, sorted({float(value) for value in values}, reverse=True)
        self._digit = _DIGIT * scale()

    def __call__(self) -> list[float]:
        """The ticks of what the panel shows."""
        return self.tick_values(*self._ax.get_xlim())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """The ticks between two values, which may come in either order."""
        low, high = sorted((vmin, vmax))
        shown = [value for value in self._values if low <= value <= high]
        labels = self._ax.xaxis.get_major_formatter().format_ticks(shown)
        ticks: list[float] = []
        end, digit = np.inf, self._digit
        for value, label in zip(shown, labels, strict=True):
            middle = self._ax.transData.transform((value, 0.0))[0] / self._ax.figure.dpi
            half = len(label) * digit / 2
            if middle + half + digit / 2 <= end:
                ticks.append(value)
                end = middle - half
        return ticks[::-1]


def percents(axis: Axis) -> None:
    """Write the ticks of an axis of shares as percents, with the decimals that they have."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: minus(f"{100 * share + 0.0:.4g}%")))


#: Inches of print that a legend of one line takes.
_LINE = 0.25

#: Names are broken to no fewer characters than this, by so many at a time.
_FEWEST, _LESS = 12, 4


def legend(
    part: Figure | SubFigure,
    handles: Sequence[Any],
    names: Sequence[str],
    most: int = 1,
    **looks: Any,
) -> None:
    """Draw a legend above a figure, which grows by the lines that it has beyond the first.

    Parameters
    ----------
    part
        The figure, or a part of it.
    handles, names
        What is named, and how; names too long for a single column are broken.
    most
        Most columns.
    looks
        Further options of matplotlib's legends.
    """
    if not names:
        return
    looks = {"loc": "outside upper right", "fontsize": SMALL, **looks}
    figure = part.get_figure(root=True) or part
    drawn: Legend | None = None
    for across, told in _tries(names, min(most, len(names))):
        if drawn:
            drawn.remove()
        drawn = part.legend(handles, told, ncols=across, **looks)
        box = extent(drawn)
        if box.width <= part.bbox.width:
            break
    more = max(box.height / figure.dpi - _LINE * scale(), 0.0)
    figure.set_figheight(figure.get_figheight() + more)  # type: ignore[union-attr]


def _tries(names: Sequence[str], most: int) -> Iterator[tuple[int, list[str]]]:
    """Fewer and fewer columns, then names in shorter and shorter lines."""
    yield from ((across, list(names)) for across in range(most, 0, -1))
    longest = max(map(len, names), default=0)
    for width in range(longest - _LESS, _FEWEST - 1, -_LESS):
        yield 1, [broken(name, width) for name in names]
