"""Legends beside the panels, with as many columns as have room."""

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.figure import Figure, SubFigure
from matplotlib.legend import Legend

from pluralign_stats.figures.breaking import broken, extent
from pluralign_stats.figures.style import SMALL, scale

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
