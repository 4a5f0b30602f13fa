"""The house style: seaborn's themes and contexts, and colours for colour-blind readers."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from pluralign_stats.results import Result

#: What a figure is made for: one or both columns of print, or a screen that is looked at together.
Context = Literal["one-column", "two-column", "screen"]

#: Width in inches and seaborn's context, by what a figure is made for. On a screen a figure is laid
#: out as across two columns of print, all of it larger.
CONTEXTS: dict[str, tuple[float, str]] = {
    "one-column": (3.5, "paper"),
    "two-column": (7.2, "paper"),
    "screen": (9.0, "notebook"),
}

#: So many panels stand side by side; of more, fewer do, in several rows.
MOST_ACROSS, FEWER_ACROSS = 5, 4

#: Points of words in print, and how many characters of the small ones an inch holds.
_POINTS, _PER_INCH = 9.0, 17

#: Of the words below figures and beside panels.
SMALL = "small"

#: Okabe & Ito's colours (2008), without yellow, which is too light for lines on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: Told apart without colours; as many as these, so that no pair of both returns for long.
_MARKERS = "os^Dvp*"

INK = "#1a1a1a"
MUTED = "#595959"
GRID = "#dddddd"

#: Fill of intervals and limits, and behind lines; no transparency, with which some viewers blur a
#: printed page.
BAND, PALE_BAND = "#bcd4e6", "#dde9f2"

#: Colour of what is unremarkable.
PALE = "#9a9a9a"

#: From strong disagreement (brown) over neutral to strong agreement (blue-green).
DIVERGING = "BrBG"

#: From no share (white) to all (dark blue).
SHARES = "Blues"

_STYLE = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
_OTHER: dict[Any, Any] = {
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.prop_cycle": cycler(color=COLOURS),
    "legend.frameon": False,
    "text.parse_math": False,
    "text.hinting": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "pluralign",
    "pdf.fonttype": 42,
}


@contextmanager
def theme(context: str = "two-column") -> Iterator[None]:
    """Draw in the house's theme for a context; the user's own settings stay."""
    paper = sns.plotting_context("paper")["font.size"]
    sizes = sns.plotting_context(CONTEXTS[context][1], font_scale=_POINTS / paper)
    with mpl.rc_context({**sns.axes_style("ticks", _STYLE), **sizes, **_OTHER}):
        yield


def context_of(figure: Figure) -> str:
    """What a figure is made for, told by its width."""
    width = figure.get_figwidth()
    return min(CONTEXTS, key=lambda name: abs(CONTEXTS[name][0] - width))


def scale() -> float:
    """How many times as large as in print everything is drawn."""
    return float(mpl.rcParams["font.size"]) / _POINTS


def new_figure(height: float, context: str = "two-column") -> Figure:
    """An empty figure of a height in inches of print, free of pyplot's global state."""
    return Figure(figsize=(CONTEXTS[context][0], height * scale()), layout="constrained")


def is_wide(part: Figure | SubFigure | Axes) -> bool:
    """Whether a figure, or the one that a panel belongs to, is wider than a column of print."""
    figure = part.get_figure(root=True)
    return figure is not None and figure.get_figwidth() > CONTEXTS["one-column"][0]


def panel_rows(n: int, context: str) -> int:
    """How many rows of panels a figure has: all side by side where there are few."""
    narrow = context == "one-column"
    return n if narrow else ceil(n / (n if n <= MOST_ACROSS else FEWER_ACROSS))


def panels(
    figure: Figure, n: int, *, down: int | None = None, sharex: bool = False, sharey: bool = False
) -> list[Axes]:
    """Panels side by side in as few rows as have room, or one below the other in one column."""
    down = down or panel_rows(n, context_of(figure))
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
    across = max(len(axes) // len(leftmost(axes)), 1)
    across = across if across * len(leftmost(axes)) == len(axes) else across + 1
    lowest = axes[-(len(axes) % across or across) :]
    between = wide and len(lowest) % 2 == 0
    below = lowest[(len(lowest) - 1) // 2]
    told = text if wide else wrapped(text, 28)
    below.set_xlabel(told, x=1.1 if between else 0.5, visible=True)


def name_panel(ax: Axes, text: str, across: int = 1) -> None:
    """Write what a panel shows above its middle, broken by how many stand side by side."""
    width = max(13, 66 // across) if is_wide(ax) else 28
    ax.set_title(wrapped(text, width), fontsize=SMALL, loc="center")


def look(k: int) -> tuple[str, str]:
    """Colour and marker of the k-th of several series, both together unlike any other's."""
    n = len(COLOURS)
    return COLOURS[k % n], _MARKERS[(k + k // n) % n]


def extra_lines(labels: Iterable[str]) -> int:
    """How many lines more than one each labels have together."""
    return sum(label.count("\n") for label in labels)


def blank_figure(result: Result, context: str = "two-column") -> Figure:
    """A figure that says in words why there is nothing to draw."""
    told = wrapped(result.sentence, 42 if context == "one-column" else 90)
    figure = new_figure(0.7 + 0.15 * extra_lines([told]), context)
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


def ink_on(colour: Any) -> str:
    """Black or white, whichever stands out more on a colour (WCAG 2 contrast)."""
    luminance = float(sns.utils.relative_luminance(colour))
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.06 else INK


def foot(figure: Figure, result: Result, *parts: str) -> None:
    """Write below the figure what it stands on: counts, interval, and what is said of the data."""
    level = result.meta.conf_level
    told = list(parts)
    if level and result.meta.interval:
        told.append(f"{level:.0%} {result.meta.interval}")
    text = "; ".join(part for part in (*told, result.meta.about_data) if part)
    text = textwrap.fill(text, int(figure.get_figwidth() / scale() * _PER_INCH))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL, color=MUTED)
