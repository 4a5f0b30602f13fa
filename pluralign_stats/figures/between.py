"""The figure of agreement between groups: a matrix for each dimension."""

from math import ceil

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.figures.breaking import broken
from pluralign_stats.figures.cells import colour_bar, matrix
from pluralign_stats.figures.forest_parts import LINE
from pluralign_stats.figures.plot import Plot, counted, drawing
from pluralign_stats.figures.style import (
    SHARES,
    SMALL,
    Context,
    extra_lines,
    foot,
    leftmost,
    new_figure,
    with_counts,
    wrapped,
)
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result

#: Of more groups, matrices lack words; in one column of print, of more than fewer.
MOST_WITH_WORDS, FEWER_WITH_WORDS = 10, 6

#: Names of groups of more letters have no room below a matrix, where numbers stand for them.
_LETTERS = 30

#: Most numbers below a matrix.
_NUMBERS = 12

#: Inches of a row, and above the bar of colours.
_ROW, _PAD = 0.22, 0.1


@drawing
def agreement_between(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `agreement_between`: of each dimension a matrix of groups by groups.

    On the diagonal stands the agreement within a group.

    Parameters
    ----------
    result
        What `agreement_between` gave.

    Examples
    --------
    >>> result = pls.describe.agreement_between(study, "gender", n_bootstrap=100)
    >>> plot = pls.figures.agreement_between(result)
    >>> plot.alt.split(". ")[0]
    'Matrices of groups by groups'
    """
    table = result.table
    dimensions = list(dict.fromkeys(table["dimension"]))
    groups = list(dict.fromkeys([*table["group"], *table["other"]]))
    wide = context != "one-column"
    across = min(2 if wide else 1, len(dimensions))
    down = ceil(len(dimensions) / across)
    numbered = len(groups) * max(map(len, groups)) > _LETTERS
    beside = _beside(table, groups, 28 if wide else 20, numbered=numbered)
    high = _ROW * len(groups) + LINE * extra_lines(beside)
    figure = new_figure(1.3 + down * (0.5 + high), context)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    written = len(groups) <= (MOST_WITH_WORDS if wide else FEWER_WITH_WORDS)
    for ax, dimension in zip(panels, dimensions, strict=False):
        values = _values(table[table["dimension"] == dimension], groups)
        words = values.map(lambda v: "" if np.isnan(v) else minus(f"{v:z.2f}"))
        looks = {"cmap": SHARES, **_ends(table["estimate"])}
        mesh = matrix(ax, values, words if written else None, **looks)
        _name(ax, groups, beside, numbered=numbered)
        ax.set_title(dimension)
    for ax in panels[len(dimensions) :]:
        ax.set_axis_off()
    what = wrapped("Agreement (0: chance, 1: perfect)", 40 if wide else 22)
    pad = _PAD / figure.get_figheight()
    colour_bar(list(panels), mesh, what, location="bottom", aspect=40, pad=pad)
    left = "intervals: in the table" if written else "numbers and intervals: in the table"
    told = [*counted(table, "raters of the group"), "diagonal: within a group", left]
    foot(figure, result, *told)
    return Plot(figure, f"Matrices of groups by groups. {result.sentence}")


def _name(ax: Axes, groups: list[str], beside: list[str], *, numbered: bool) -> None:
    """Write the names of groups beside a panel, if it is the first of its row, and below it."""
    step = ceil(len(groups) / _NUMBERS) if numbered else 1
    shown = np.arange(step, len(groups) + 1, step)
    ax.set_xticks(shown - 0.5, [*map(str, shown)] if numbered else groups, rotation=0)
    ax.tick_params(axis="x", labelsize=SMALL)
    own = beside if leftmost([ax]) else []
    ax.set_yticks(np.arange(len(own)) + 0.5, own, rotation=0)


def _beside(table: pd.DataFrame, groups: list[str], width: int, *, numbered: bool) -> list[str]:
    """Names of groups with how many raters they have, behind the numbers that stand for them."""
    counts = (table.loc[table["group"] == group, "n_raters"] for group in groups)
    named = [with_counts(group, own) for group, own in zip(groups, counts, strict=True)]
    told = [f"{k}: {name}" for k, name in enumerate(named, 1)] if numbered else named
    return [broken(name, width) for name in told]


def _ends(estimates: pd.Series) -> dict[str, float]:
    """Agreement of the palest and of the darkest colour: chance is among them."""
    low, high = estimates.min(), estimates.max()
    return {"vmin": low if low < 0 else 0.0, "vmax": high if high > 0 else 1.0}


def _values(table: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Agreement of one dimension as a matrix, the same on both sides of its diagonal."""
    turned = table.rename(columns={"group": "other", "other": "group"})
    both = pd.concat([table, turned]).drop_duplicates(["group", "other"])
    square = both.pivot(index="group", columns="other", values="estimate")
    return square.reindex(index=groups, columns=groups).astype(float)
