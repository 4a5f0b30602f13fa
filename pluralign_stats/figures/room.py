"""Makes room for the words of a figure: they are broken and it grows until none are in the way."""

import warnings
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from pluralign_stats.figures.breaking import broken, extent, joined

#: Labels of rows may take this share of a figure's width, all columns of panels together.
_LABELS = 0.46

#: Labels that are cut although they take no more are broken to this share of their width.
_LESS = 0.8

#: Fewest characters to which words are broken.
_FEWEST = 9

#: Pixels that stand between words, and rounds of breaking and growing.
_GAP, _ROUNDS = 1.0, 10

#: Sizes of words in cells, from which the largest that fits is taken; if none does they go.
_SIZES = (8.0, 7.0, 6.0, 5.0)

#: Titles become no smaller than this before their words are broken.
_SMALLEST = 7.0

#: What marks words that must fit into a cell, and what of them may go first.
CELL = "cell"


def settle(figure: Figure) -> None:
    """Lay a figure out so that its words neither overlap nor leave it.

    Labels of rows and titles are broken into shorter lines where they are too wide, the figure
    grows in height where labels of rows overlap, and words in cells shrink.
    """
    _lay_out(figure)
    for _ in range(_ROUNDS):
        changed = [
            _break_labels(figure),
            _break_titles(figure),
            _break_upright(figure),
            _turn_labels(figure),
        ]
        if any(changed):
            _lay_out(figure)
        grown = _grow(figure)
        if grown:
            _lay_out(figure)
        if not grown and not any(changed):
            break
    _shrink(figure)


def _lay_out(figure: Figure) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        figure.draw_without_rendering()


def _rows(figure: Figure) -> Iterator[tuple[Axes, list[Text]]]:
    """Panels with the labels of their rows that are seen."""
    for ax in figure.axes:
        if ax.get_visible():
            low, high = sorted(ax.yaxis.get_view_interval())
            ticks = ax.yaxis.get_major_ticks()
            labels = [
                tick.label1
                for tick in ticks
                if tick.label1.get_visible()
                and tick.label1.get_text().strip()
                and low - 1e-9 <= tick.get_loc() <= high + 1e-9
            ]
            if labels:
                yield ax, labels


def _size(text: Text) -> float:
    return float(text.get_fontsize())


def _break_labels(figure: Figure) -> bool:
    """Break labels of rows that take too much of the figure's width."""
    widest: dict[float, list[tuple[Axes, float, int]]] = {}
    cut = 0.0
    for ax, labels in _rows(figure):
        boxes = [extent(text) for text in labels]
        width = max(box.width for box in boxes)
        cut = max([cut, *(-box.x0 for box in boxes)])
        letters = max(len(line) for text in labels for line in text.get_text().splitlines())
        spec = ax.get_subplotspec()
        column = float(spec.colspan.start) if spec else ax.get_position().x0
        widest.setdefault(column, []).append((ax, width, letters))
    taken = sum(max(width for _, width, _ in panels) for panels in widest.values())
    room = _LABELS * figure.bbox.width
    if cut > 1:
        room = min(room, _LESS * taken)
    if taken <= room:
        return False
    changed = False
    for panels in widest.values():
        share = room / taken * max(width for _, width, _ in panels)
        for ax, width, letters in panels:
            if width > share and letters > _FEWEST:
                fewer = max(int(letters * share / width), _FEWEST)
                changed |= _relabel(ax, min(fewer, letters - 1))
    return changed


def _relabel(ax: Axes, width: int) -> bool:
    """Write the labels of a panel's rows in lines of so many characters, keeping their looks."""
    ticks, old = ax.get_yticks(), [text.get_text() for text in ax.get_yticklabels()]
    if len(ticks) != len(old):
        return False
    looks = [(text.get_fontweight(), text.get_fontsize()) for text in ax.get_yticklabels()]
    new = [broken(text, width) for text in old]
    ax.set_yticks(ticks, new)
    for text, (weight, size) in zip(ax.get_yticklabels(), looks, strict=True):
        text.set_fontweight(weight)
        text.set_fontsize(size)
    return new != old


def _break_titles(figure: Figure) -> bool:
    """Break titles and names of axes that leave the figure, or reach into the next panel."""
    shown = [ax for ax in figure.axes if ax.get_visible()]
    whole = figure.bbox.width
    titles = [(part._suptitle, whole) for part in (figure, *figure.subfigs)]  # type: ignore[attr-defined]
    for ax in shown:
        right = _limit(figure, ax, shown)
        titles += [(t, right) for t in (ax.title, ax._left_title, ax._right_title)]  # type: ignore[attr-defined]
        titles.append((ax.xaxis.label, whole))
    seen = [(t, end) for t, end in titles if t and t.get_text() and t.get_visible()]
    changed = [_break_title(text, right) for text, right in seen]
    return any(changed)


def _break_title(text: Text, right: float) -> bool:
    """Break a title that ends beyond `right` or begins before the figure."""
    box = extent(text)
    over = max(box.x1 - right, -box.x0)
    letters = max(map(len, text.get_text().splitlines()))
    words = max(map(len, text.get_text().split()))
    if over <= 0 or (letters <= _FEWEST and _size(text) <= _SMALLEST):
        return False
    if words > letters - 2 and _size(text) > _SMALLEST:
        text.set_fontsize(_size(text) - 1)
        return True
    both = 2 if text.get_horizontalalignment() == "center" else 1
    fewer = int(letters * (1 - both * over / box.width))
    new = broken(text.get_text(), min(max(fewer, _FEWEST), letters - 1))
    changed = new != text.get_text()
    text.set_text(new)
    return changed


def _break_upright(figure: Figure) -> bool:
    """Break names of upright axes that are longer than their panels."""
    changed = False
    for ax in figure.axes:
        text = ax.yaxis.label
        letters = max(map(len, text.get_text().splitlines()), default=0)
        if not (ax.get_visible() and text.get_visible() and letters > _FEWEST):
            continue
        share = ax.bbox.height / extent(text).height
        if share < 1:
            new = broken(text.get_text(), max(int(letters * share), _FEWEST))
            changed |= new != text.get_text()
            text.set_text(new)
    return changed


def _turn_labels(figure: Figure) -> bool:
    """Turn overlapping names of columns (no numbers) upright, and write those on one line each."""
    changed = False
    for ax in figure.axes:
        labels = [text for text in ax.get_xticklabels() if text.get_visible() and text.get_text()]
        boxes = sorted((extent(text) for text in labels), key=lambda box: box.x0)
        apart = all(after.x0 >= before.x1 + _GAP for before, after in pairwise(boxes))
        if apart or not any(letter.isalpha() for text in labels for letter in text.get_text()):
            continue
        if not any(text.get_rotation() for text in labels):
            ax.tick_params(axis="x", labelrotation=90)
            changed = True
        elif any("\n" in text.get_text() for text in labels):
            old = [text.get_text() for text in ax.get_xticklabels()]
            ax.set_xticks(ax.get_xticks(), [joined(text) for text in old])
            longer = max(extent(text).height for text in ax.get_xticklabels())
            higher = longer - max(box.height for box in boxes)
            figure.set_figheight(figure.get_figheight() + higher / figure.dpi)
            changed = True
    return changed


def _limit(figure: Figure, ax: Axes, shown: list[Axes]) -> float:
    """Where a panel's title has to end: at the figure's edge, or before the next panel."""
    box = ax.bbox
    beside = [
        other.bbox.x0
        for other in shown
        if other.bbox.x0 > box.x0 + 1 and other.bbox.y0 < box.y1 and box.y0 < other.bbox.y1
    ]
    return min([figure.bbox.width, *(box.x1 + (x - box.x1) / 2 for x in beside if x > box.x1)])


def _grow(figure: Figure) -> bool:
    """Make a figure higher where labels of rows overlap."""
    ratio, heights = 1.0, dict[int, float]()
    for ax in figure.axes:
        spec = ax.get_subplotspec()
        if ax.get_visible() and spec:
            row = spec.rowspan.start
            heights[row] = max(heights.get(row, 0.0), ax.bbox.height)
    for ax, labels in _rows(figure):
        boxes = sorted((extent(text) for text in labels), key=lambda b: b.y0 + b.y1)
        for below, above in pairwise(boxes):
            apart = (above.y0 + above.y1 - below.y0 - below.y1) / 2
            need = (above.height + below.height) / 2 + _GAP
            if apart > 0:
                ratio = max(ratio, need / apart)
        # Titles stand in no row; a panel must be as high as its labels in any case.
        ratio = max(ratio, sum(box.height for box in boxes) / max(ax.bbox.height, 1.0) / 1.5)
    if ratio <= 1.001:
        return False
    more = (min(ratio, 4.0) - 1) * max(sum(heights.values()), 10.0) / figure.dpi
    figure.set_figheight(figure.get_figheight() + more)
    return True


def _shrink(figure: Figure) -> None:
    """Give words in cells the largest size at which all of them fit, or take them away."""
    for ax in figure.axes:
        cells = [text for text in ax.texts if text.get_gid() == CELL]
        if not cells:
            continue
        width, height = (
            ax.bbox.width / np.ptp(ax.get_xlim()),
            ax.bbox.height / np.ptp(ax.get_ylim()),
        )
        largest = _size(cells[0])
        for size in [largest, *(s for s in _SIZES if s < largest)]:
            for text in cells:
                text.set_fontsize(size)
            boxes = [extent(text) for text in cells]
            if all(b.width <= abs(width) - 2 and b.height <= abs(height) - 1 for b in boxes):
                break
        else:
            for text in cells:
                text.set_visible(False)
