"""What figures of outcomes share: points with intervals and widths of print."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.designs import CONTROL, MINIATURES
from pluralign_stats.errors import InputError
from pluralign_stats.figures.style import GRID, MUTED, SMALL
from pluralign_stats.figures.tables import clear_points, need
from pluralign_stats.figures.ticks import RoundTicks
from pluralign_stats.notes import Code, tells
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE


def compared(result: Result, *, control: bool) -> pd.DataFrame:
    """The rows of a table that compare with the control, or those that do not.

    Raises
    ------
    InputError
        If there are none.
    """
    counts = ("n_runs", "n_seeds", "n_prompts", "n_generations")
    named = ("dimension", "contrast", "level", "reference")
    need(result, *named, "estimate", "conf_low", "conf_high", *counts)
    against = result.table["reference"] == CONTROL
    table = result.table[against == control]
    if table.empty:
        other = "pairwise_figure" if control else "against_control_figure"
        what = "from the control" if control else "between designs"
        raise InputError(f"this table holds no difference {what}; draw it with {other}")
    return table


def plain_model(name: str) -> str:
    """A base model as figures call it; those of the software with what sets them apart."""
    return f"{name} ({MINIATURES[name]})" if name in MINIATURES else name


def span(counts: pd.Series, word: str = "") -> str:
    """Counts in words: one number, or the least and the most, of what `word` names."""
    low, high = counts.min(), counts.max()
    told = f"{low:,.0f}" if low == high else f"{low:,.0f}–{high:,.0f}"
    return f"{told} {word}{'' if high == 1 else 's'}" if word else told


def not_repeated(result: Result) -> list[str]:
    """What figures say where every design was trained once."""
    once = tells(result.warnings, Code.ONE_RUN)
    return ["training not repeated: intervals hold no training noise"] if once else []


def filled(table: pd.DataFrame) -> str:
    """What it means that a point is filled."""
    tested = "p_adjusted" in table
    return f"filled: {f'adjusted p < {SIGNIFICANCE}' if tested else 'interval leaves out 0'}"


def points(
    ax: Axes, block: pd.DataFrame, y: np.ndarray, look: tuple[str, str], label: str = ""
) -> None:
    """Draw points with their intervals, in a colour and with a marker; filled where clear."""
    colour, marker = look
    clear = clear_points(block)
    ax.hlines(y, block["conf_low"], block["conf_high"], color=colour, linewidth=1.2)
    for chosen, face in ((clear, colour), (~clear, "white")):
        ax.scatter(
            block["estimate"][chosen],
            y[chosen],
            s=18,
            marker=marker,
            facecolor=face,
            edgecolor=colour,
            zorder=3,
            label=label if face == colour else "",
        )


def band_height(n_series: int) -> float:
    """Height in inches of a row that holds a point of each series, one above the other."""
    return 0.12 * max(n_series, 2) + 0.1


def bands(ax: Axes, labels: Sequence[str]) -> None:
    """Set up one row for each label, with lines between them and one at zero."""
    ax.axvline(0, color=MUTED, linewidth=0.8)
    for k in range(1, len(labels)):
        ax.axhline(k - 0.5, color=GRID, linewidth=0.6)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_yticks(range(len(labels)), labels)
    plain_axis(ax)


def plain_axis(ax: Axes) -> None:
    """Upright grid lines, and no more frame than is needed."""
    ax.grid(axis="x", color=GRID)
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.tick_params(axis="x", labelsize=8)
    ax.spines["left"].set_visible(False)


def share_limits(axes: Sequence[Axes], ticks: int = 5) -> None:
    """Give panels the widest of their scales."""
    low = min(ax.get_xlim()[0] for ax in axes)
    high = max(ax.get_xlim()[1] for ax in axes)
    for ax in axes:
        ax.set_xlim(low, high)
        ax.xaxis.set_major_locator(RoundTicks(ax, ticks))
