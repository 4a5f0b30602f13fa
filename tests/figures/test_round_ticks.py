"""Ticks at round numbers: as many as their labels have room for."""

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pluralign_stats.figures.marks import GivenTicks, RoundTicks, percents
from pluralign_stats.figures.style import CONTEXTS, new_figure, panels, theme

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


def side_by_side(n):
    """All spans, `n` in a figure; the last figure is filled up with the first ones."""
    return [[SPANS[(k + j) % len(SPANS)] for j in range(n)] for k in range(0, len(SPANS), n)]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("spans", [spans for n in (1, 3, 5, 6) for spans in side_by_side(n)])
def test_labels_have_room(spans, context):
    n = len(spans)
    with theme(context):
        figure = new_figure(2 * n if context == "one-column" else 2, context)
        axes = panels(figure, n)
        for ax, span in zip(axes, spans, strict=True):
            ax.set_xlim(*span)
            ax.xaxis.set_major_locator(RoundTicks(ax, 6))
        canvas = FigureCanvasAgg(figure)
        figure.draw_without_rendering()
        for ax, span in zip(axes, spans, strict=True):
            low, high = sorted(span)
            ticks = [t for t in ax.xaxis.get_major_ticks() if low <= t.get_loc() <= high]
            assert 2 <= len(ticks) <= 7
            boxes = sorted(
                t.label1.get_window_extent(canvas.get_renderer()).intervalx.tolist() for t in ticks
            )
            assert all(start > end for (_, end), (start, _) in pairwise(boxes)), ticks


def test_ticks_stand_at_round_numbers():
    with theme():
        (ax,) = panels(new_figure(2), 1)
        ax.set_xlim(-0.47, 0.47)
        ticks = RoundTicks(ax, 4)()
        assert ticks == pytest.approx([-0.4, -0.2, 0, 0.2, 0.4])


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_given_numbers_are_written_from_the_largest_on_as_far_as_there_is_room(scale):
    with theme():
        figure = new_figure(2.0)
        ax = figure.subplots()
        ax.set_xscale(scale)
        ax.set_xlim(450, 21_000)
        given = [500, 2_000, 10_000, 19_000, 19_500, 20_000]
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        ticks = GivenTicks(ax, given)()
    assert ticks == [500, 2_000, 10_000, 20_000]


def test_percents_have_the_decimals_that_they_have():
    ax = new_figure(2.0).subplots()
    percents(ax.xaxis)
    told = ax.xaxis.get_major_formatter()
    assert [told(x) for x in (-0.0, 0.05, 0.025, -0.1, 1.0)] == ["0%", "5%", "2.5%", "−10%", "100%"]
