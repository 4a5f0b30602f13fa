"""The house style: sizes, fonts and colours that hold in print and for colour-blind readers."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any

import matplotlib as mpl
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.results import Result

#: Width in inches of a figure by the columns of print that it fills.
WIDTHS = {1: 3.5, 2: 7.2}

#: So many panels stand side by side; of more, fewer do, in several rows.
MOST_ACROSS, FEWER_ACROSS = 5, 4

#: Size of the smallest text, and how many of its characters an inch holds.
SMALL = 7.5
_PER_INCH = 17

#: Okabe & Ito's colours (2008), without yellow, which is too light for lines on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: Told apart without colours; as many as these, so that no pair of both returns for long.
_MARKERS = "os^Dvp*"

INK = "#1a1a1a"
MUTED = "#595959"
GRID = "#dddddd"

#: From strong disagreement (brown) over neutral to strong agreement (blue-green).
DIVERGING = "BrBG"

#: Edge of bars, of which the middle of a diverging scale is next to white.
EDGE: dict[str, Any] = {"edgecolor": GRID, "linewidth": 0.6}

#: From no share (white) to all (dark blue).
SHARES = "Blues"

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "grid.color": GRID,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "text.parse_math": False,
    "text.hinting": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "pluralign",
    "pdf.fonttype": 42,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the style while a figure is drawn or saved; the user's own settings stay."""
    with mpl.rc_context(_RC):
        yield


def new_figure(height: float, columns: int = 2) -> Figure:
    """An empty figure of a height in inches, free of pyplot's global state."""
    return Figure(figsize=(WIDTHS[columns], height), layout="constrained")


def check_columns(columns: int) -> None:
    """Refuse widths that no figure has."""
    if columns not in WIDTHS:
        raise InputError(one_of("'columns'", columns, WIDTHS))


def is_wide(part: Figure | Axes) -> bool:
    """Whether a figure, or the one that a panel belongs to, fills two columns of print."""
    figure = part.get_figure(root=True)
    return figure is not None and figure.get_figwidth() > WIDTHS[1]


def panel_rows(n: int, columns: int) -> int:
    """How many rows of panels a figure has: all side by side where there are few."""
    return n if columns == 1 else ceil(n / (n if n <= MOST_ACROSS else FEWER_ACROSS))


def panels(figure: Figure, n: int, *, sharex: bool = False, sharey: bool = False) -> list[Axes]:
    """Panels side by side in as few rows as have room, or one below the other in one column."""
    down = panel_rows(n, 2 if is_wide(figure) else 1)
    across = ceil(n / down)
    made = figure.subplots(down, across, sharex=sharex, sharey=sharey, squeeze=False).ravel()
    for ax in made[n:]:
        ax.set_visible(False)
    for ax in made[max(n - across, 0) : n]:
        ax.tick_params(labelbottom=True)
    return list(made[:n])


def leftmost(axes: Sequence[Axes]) -> list[Axes]:
    """The first panel of each row, which has the labels of the rows."""
    specs = ((ax, ax.get_subplotspec()) for ax in axes)
    return [ax for ax, spec in specs if spec is None or spec.colspan.start == 0]


def name_below(axes: Sequence[Axes], text: str) -> None:
    """Write words for all panels below the middle one of the lowest row."""
    wide = is_wide(axes[0])
    across = ceil(len(axes) / panel_rows(len(axes), 2 if wide else 1))
    lowest = axes[-(len(axes) % across or across) :]
    between = wide and len(lowest) % 2 == 0
    below = lowest[(len(lowest) - 1) // 2]
    below.set_xlabel(text if wide else wrapped(text, 28), x=1.1 if between else 0.5)


def look(k: int) -> tuple[str, str]:
    """Colour and marker of the k-th of several series, both together unlike any other's."""
    n = len(COLOURS)
    return COLOURS[k % n], _MARKERS[(k + k // n) % n]


def extra_lines(labels: Iterable[str]) -> int:
    """How many lines more than one each labels have together."""
    return sum(label.count("\n") for label in labels)


def blank_figure(result: Result, columns: int = 2) -> Figure:
    """A figure that says in words why there is nothing to draw."""
    told = wrapped(result.sentence, 90 if columns == 2 else 42)
    figure = new_figure(0.7 + 0.15 * extra_lines([told]), columns)
    figure.text(0.01, 0.5, told, va="center", color=MUTED)
    return figure


def with_count(label: str, n: float) -> str:
    """Write a count behind a label; a withheld one is left out."""
    return label if pd.isna(n) else f"{label} ({n:,.0f})"


def with_counts(label: str, counts: pd.Series) -> str:
    """Write the counts of several panels behind a label: from the fewest to the most."""
    low, high = counts.min(), counts.max()
    return (
        with_count(label, low)
        if pd.isna(low) or low == high
        else f"{label} ({low:,.0f}–{high:,.0f})"
    )


def wrapped(label: str, width: int) -> str:
    """Break a label into lines of at most `width` characters between words."""
    return textwrap.fill(label, width, break_long_words=False, break_on_hyphens=False)


def ink_on(colour: str) -> str:
    """Black or white, whichever stands out more on a colour (WCAG 2 contrast)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.06 else INK


def foot(figure: Figure, result: Result, *parts: str) -> None:
    """Write below the figure what it stands on: counts, interval, and what is said of the data."""
    level = result.meta.conf_level
    told = list(parts)
    if level and result.meta.interval:
        told.append(f"{level:.0%} {result.meta.interval}")
    text = "; ".join(part for part in (*told, result.meta.about_data) if part)
    text = textwrap.fill(text, int(figure.get_figwidth() * _PER_INCH))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL, color=MUTED)
