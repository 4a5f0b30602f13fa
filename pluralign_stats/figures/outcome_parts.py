"""What figures of outcomes share: which rows they draw, and how they tell what stands behind."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.designs import CONTROL, MINIATURES
from pluralign_stats.errors import InputError
from pluralign_stats.figures.marks import RoundTicks
from pluralign_stats.figures.picture import need
from pluralign_stats.notes import Code, tells
from pluralign_stats.results import Result


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


def share_limits(axes: Sequence[Axes], ticks: int = 5) -> None:
    """Give panels the widest of their scales."""
    low = min(ax.get_xlim()[0] for ax in axes)
    high = max(ax.get_xlim()[1] for ax in axes)
    for ax in axes:
        ax.set_xlim(low, high)
        ax.xaxis.set_major_locator(RoundTicks(ax, ticks))
