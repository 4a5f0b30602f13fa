"""Ticks of axes: round numbers or given ones, as close as their labels have room, and percents."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, Locator

from pluralign_stats.figures.style import scale
from pluralign_stats.formatting import minus

#: Inches of print that a digit of an axis takes.
_DIGIT = 0.08

#: Between ticks, in powers of ten.
_STEPS = (1, 2, 2.5, 4, 5)


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
