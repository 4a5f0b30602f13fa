"""A fitted model to draw, and what can be read off a figure."""

from collections.abc import Callable

import pytest
from matplotlib.axes import Axes

import pluralign_stats as pls


@pytest.fixture(scope="session")
def fit(small_study: pls.Study) -> pls.OrdinalFit:
    ratings = small_study.ratings
    data = ratings[ratings["dimension"] == small_study.dimensions[0]]
    return pls.fit_ordinal("rating ~ gender + politics + (1|rater) + (1|item)", data)


@pytest.fixture(scope="session")
def texts() -> Callable[[pls.figures.Plot], list[str]]:
    """Every word of a figure that is seen."""

    def read(picture: pls.figures.Plot) -> list[str]:
        found = picture.figure.findobj(lambda a: hasattr(a, "get_text"))
        return [t.get_text() for t in found if t.get_visible() and t.get_text()]

    return read


@pytest.fixture(scope="session")
def bars() -> Callable[[Axes], list[tuple[float, float]]]:
    """Left end and width of each bar of a panel that is stacked, in the order of drawing."""

    def read(ax: Axes) -> list[tuple[float, float]]:
        boxes = [path.get_extents() for drawn in ax.collections for path in drawn.get_paths()]
        return [(float(box.x0), float(box.width)) for box in boxes]

    return read


@pytest.fixture(scope="session")
def inside() -> Callable[[pls.figures.Plot], bool]:
    """Whether nothing that is drawn lies beyond the edge of a figure."""

    def lies(picture: pls.figures.Plot) -> bool:
        box, (width, height) = picture.figure.get_tightbbox(), picture.figure.get_size_inches()
        return min(box.x0, box.y0) >= -0.02 and box.x1 <= width + 0.02 and box.y1 <= height + 0.02

    return lies


@pytest.fixture(scope="session")
def in_rows() -> Callable[[Axes], bool]:
    """Whether a panel of named rows has upright grid lines, and neither ticks nor frame at left."""

    def has(ax: Axes) -> bool:
        ax.figure.canvas.draw()
        upright = all(tick.gridline.get_visible() for tick in ax.xaxis.get_major_ticks())
        ticks = {tick.tick1line.get_markersize() for tick in ax.yaxis.get_major_ticks()}
        return upright and ticks == {0} and not ax.spines["left"].get_visible()

    return has
