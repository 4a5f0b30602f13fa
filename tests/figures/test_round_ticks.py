"""Ticks at round numbers: as many as their labels have room for."""

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pluralign_stats.figures.style import house_style, new_figure, panels
from pluralign_stats.figures.ticks import RoundTicks

SPANS = [
    (-0.47, 0.47),
    (-0.33, 0.21),
    (0.21, -0.33),
    (-12.0, 12.0),
    (0.0011, 0.0042),
    (-1.2, 1.1),
    (0.0, 1.0),
    (1180.0, 9600.0),
    (-0.004, 0.61),
]


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("n", [1, 3, 5, 6])
def test_labels_have_room(span, n, columns):
    with house_style():
        figure = new_figure(2 * n if columns == 1 else 2, columns)
        axes = panels(figure, n)
        for ax in axes:
            ax.set_xlim(*span)
            ax.xaxis.set_major_locator(RoundTicks(ax, 6))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        for ax in axes:
            low, high = sorted(span)
            ticks = [t for t in ax.xaxis.get_major_ticks() if low <= t.get_loc() <= high]
            assert 2 <= len(ticks) <= 7
            boxes = sorted(
                t.label1.get_window_extent(canvas.get_renderer()).intervalx.tolist() for t in ticks
            )
            assert all(start > end for (_, end), (start, _) in pairwise(boxes)), ticks


def test_ticks_stand_at_round_numbers():
    with house_style():
        (ax,) = panels(new_figure(2), 1)
        ax.set_xlim(-0.47, 0.47)
        ticks = RoundTicks(ax, 4)()
        assert ticks == pytest.approx([-0.4, -0.2, 0, 0.2, 0.4])
