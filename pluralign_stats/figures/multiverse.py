"""The specification curve: one finding under every reasonable choice of analysis."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.designs import plain_value
from pluralign_stats.figures.breaking import PARAGRAPH, broken
from pluralign_stats.figures.forest_parts import Series, name_series
from pluralign_stats.figures.marks import intervals, points, zero_line
from pluralign_stats.figures.outcomes import span
from pluralign_stats.figures.plot import Plot, drawing, need
from pluralign_stats.figures.style import (
    COLOURS,
    INK,
    MUTED,
    PALE,
    SMALL,
    Context,
    foot,
    new_figure,
    wrapped,
)
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result
from pluralign_stats.words import counted

#: Columns that are no choice of analysis.
_FOUND = (
    "estimate", "conf_low", "conf_high", "excludes_zero", "agrees", "main", "reason", "method",
)  # fmt: skip

#: What readers call choices and their options, where not by their names.
_HEADINGS = {
    "model": "kind of model",
    "malformed": "malformed answers",
    "scale": "rating scale",
    "filter": "attention and other checks",
    "adjustment": "adjusted for",
}
_OPTIONS: dict[str, dict[str, str]] = {
    "model": {
        "linear by prompt": "linear, designs differ by prompt",
        "OLS": "OLS, errors by rater",
    },
    "malformed": {"dropped": "left out", "worst": "get the worst score", "kept": "kept"},
    "language": {"all": "all", "de": "German", "en": "English"},
    "filter": {"passed": "ratings that passed", "all ratings": "all ratings"},
    "adjustment": {"all demographics": "the other demographics", "alone": "nothing"},
    "budget": {"natural": "all feedback", "equal": "equally much feedback"},
}

#: How an estimate looks, by whether it agrees in sign with the main analysis.
_LOOKS = {
    True: ((COLOURS[0], "o"), "same sign as the main analysis"),
    False: ((COLOURS[1], "v"), "opposite sign"),
}

#: How many widths of the middle half of the estimates the axis reaches beyond that half, so that a
#: few estimates far off do not squeeze all others.
_REACH = 5

#: Intervals are shown whole where that makes the axis at most so many times as long.
_LONGER = 3

#: Height in inches of a row of the lower panel.
_ROW = 0.145


@drawing
def specification_curve(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the estimates of all analyses in order, and below each what was chosen in it.

    Estimates and intervals that go beyond the axis end in arrows, and are counted below. Analyses
    that could not be carried out stand at the right, without an estimate.

    Parameters
    ----------
    result
        What `multiverse`, `rating_multiverse`, `leave_one_out` or `model_kinds` gave.

    Raises
    ------
    InputError
        If the table is another one, or there is no such context.

    Examples
    --------
    >>> finding = pls.outcomes.Finding(
    ...     "majority", "strategy", "majority", "control", "toxicity", "difference"
    ... )
    >>> result = pls.outcomes.multiverse(outcomes, finding)
    >>> plot = pls.figures.specification_curve(result)
    >>> plot.alt.split(". ")[0]
    'Estimates in order, with the choices below'
    """
    need(result, *_FOUND)
    wide = context != "one-column"
    table = result.table.sort_values("estimate", kind="stable", ignore_index=True)
    choices = _choices(result.table)
    rows = sum(1 + len(options) for options in choices.values())
    lower = _ROW * (rows + 1)
    figure = new_figure(2.5 + lower + (0.9 if wide else 2.0), context)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[2.5, max(lower, 0.5)])
    beyond = _estimates(top, table)
    quantity = "Relative gain" if result.meta.unit == "percent" else "Difference"
    label = f"{quantity} ({result.meta.unit})"
    top.set_ylabel(wrapped(label, 30), fontsize="medium")
    title = f"{result.meta.title}{PARAGRAPH}{_share(table)}"
    top.set_title(broken(title, 80 if wide else 26))
    _matrix(bottom, table, choices)
    bottom.set_xlabel(
        wrapped(
            f"{counted(len(table), 'analysis')}, from the lowest estimate on",
            60 if wide else 24,
        ),
        fontsize=8.5,
    )
    found = set(table["agrees"])
    named = {words: Series(look, width=0) for key, (look, words) in _LOOKS.items() if key in found}
    if table["main"].any():
        named["main analysis"] = Series((INK, "s"), width=0, open=True)
    name_series(figure, named, 3 if wide else 1)
    marks = ["filled: interval leaves out 0", *beyond, *_reasons(table)]
    foot(figure, result, *_counts(table), *marks)
    return Plot(figure, f"Estimates in order, with the choices below. {result.sentence}")


def _choices(table: pd.DataFrame) -> dict[str, list[str]]:
    """Options of each choice that has several."""
    choices = [str(c) for c in table if c not in _FOUND and not str(c).startswith("n_")]
    found = {name: list(table[name].unique()) for name in choices}
    return {name: options for name, options in found.items() if len(options) > 1}


def _share(table: pd.DataFrame) -> str:
    """How many analyses agree in sign, in words."""
    n = int(table["estimate"].notna().sum())
    if not n:
        return f"None of {counted(len(table), 'analysis')} could be carried out"
    agree = int(table["agrees"].sum())
    return f"{agree} of {counted(n, 'analysis')} agree in sign ({agree / n:.0%})"


def _reasons(table: pd.DataFrame) -> list[str]:
    """How many analyses have no estimate, or no interval."""
    lost = int(table["estimate"].isna().sum())
    bare = int((table["estimate"].notna() & table["conf_low"].isna()).sum())
    told = [f"× could not be carried out: {lost} (reasons in the table)"] if lost else []
    return [*told, f"without an interval: {bare} (reasons in the table)"] if bare else told


def _counts(table: pd.DataFrame) -> list[str]:
    """How much stands behind an analysis, where the table tells."""
    words = {"n_runs": "training runs", "n_generations": "generations", "n_raters": "raters",
             "n_ratings": "ratings"}  # fmt: skip
    counts = table.reindex(columns=[*words]).dropna(axis=1, how="all")
    told = [f"{span(counts[name])} {words[name]}" for name in counts]
    return [f"each analysis: {', '.join(told)}"] if told else []


def _estimates(ax: Axes, table: pd.DataFrame) -> list[str]:
    """Draw points with their intervals; what lies beyond the axis, in words."""
    known = table[table["estimate"].notna()]
    limits = _limits(known)
    size = float(np.clip(1400 / max(len(table), 1), 7, 26))
    zero_line(ax, upright=False)
    _intervals(ax, known, limits, size)
    for agrees, (look, _) in _LOOKS.items():
        _points(ax, known[known["agrees"] == agrees], limits, look, size)
    main = known[known["main"] & known["estimate"].between(*limits)]
    points(ax, main.index, main["estimate"], (INK, "s"), 9.5, facecolor="none", zorder=4)
    ax.set_ylim(limits)
    ax.set_xlim(-0.8, len(table) - 0.2)
    ax.grid(axis="y")
    ax.tick_params(axis="x", length=0, labelbottom=False)
    ax.tick_params(axis="y")
    far = known["estimate"][~known["estimate"].between(*limits)]
    if far.empty:
        return []
    told = minus(f"{far.min():+,.0f} to {far.max():+,.0f}")
    return [f"coloured arrows: {len(far)} estimates beyond the axis, from {told}"]


def _intervals(ax: Axes, known: pd.DataFrame, limits: tuple[float, float], size: float) -> None:
    """Draw intervals, with an arrow where one goes beyond the axis."""
    ends = known[["conf_low", "conf_high"]].to_numpy()
    low, high = np.clip(ends, *limits).T
    intervals(ax, known.index, low, high, PALE, min(1.0, size / 14), upright=True)
    _arrows(ax, known["conf_low"], limits, PALE, size / 2, upward=False)
    _arrows(ax, known["conf_high"], limits, PALE, size / 2, upward=True)


def _points(
    ax: Axes,
    own: pd.DataFrame,
    limits: tuple[float, float],
    look: tuple[str, str],
    size: float,
) -> None:
    """Draw estimates, filled where clear; arrows stand for those beyond the axis."""
    colour, marker = look
    for upward in (False, True):
        _arrows(ax, own["estimate"], limits, colour, 2 * size, upward=upward)
    near = own[own["estimate"].between(*limits)]
    clear = near["excludes_zero"].fillna(False).astype(bool)
    points(ax, near.index, near["estimate"], (colour, marker), size**0.5, filled=clear)


def _arrows(
    ax: Axes,
    values: pd.Series,
    limits: tuple[float, float],
    colour: str,
    size: float,
    *,
    upward: bool,
) -> None:
    low, high = limits
    beyond = values.index[values > high if upward else values < low]
    edge = np.full(len(beyond), high if upward else low)
    marker = "^" if upward else "v"
    points(ax, beyond, edge, (colour, marker), size**0.5, clip_on=False)


def _limits(known: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: most estimates, with the main analysis and its interval, and room.

    All intervals have their place, too, unless they would squeeze the estimates.
    """
    if known.empty:
        return -1.0, 1.0
    estimate = known["estimate"]
    first, third = estimate.quantile([0.25, 0.75])
    near = (estimate - estimate.median()).abs() <= _REACH * (third - first)
    inner = [estimate[near].min(), estimate[near].max()]
    main = known[known["main"]]
    wanted = [0.0, *inner, *main["estimate"], *main["conf_low"], *main["conf_high"]]
    finite = [value for value in wanted if np.isfinite(value)]
    whole = np.append(known[["estimate", "conf_low", "conf_high"]].to_numpy().ravel(), finite)
    whole = whole[~np.isnan(whole)]
    if np.isfinite(whole).all() and np.ptp(whole) <= _LONGER * np.ptp(finite):
        finite = list(whole)
    room = 0.15 * (max(finite) - min(finite)) or 1.0
    return min(finite) - room, max(finite) + room


def _matrix(ax: Axes, table: pd.DataFrame, choices: dict[str, list[str]]) -> None:
    """A mark where an option was chosen, a row for each option."""
    places, labels, headings, top = [], [], [], 0.0
    lost = table["estimate"].isna().to_numpy()
    size = float(np.clip(900 / max(len(table), 1), 2.5, 14))
    for name, options in choices.items():
        headings.append(top)
        places.append(top)
        labels.append(_HEADINGS.get(name, name.replace("_", " ")))
        for option in options:
            top += 1
            chosen = (table[name] == option).to_numpy()
            _marks(ax, np.flatnonzero(chosen & ~lost), top, ("|", INK), size * 1.6)
            _marks(ax, np.flatnonzero(chosen & lost), top, ("x", MUTED), size)
            places.append(top)
            labels.append(_OPTIONS.get(name, {}).get(option) or plain_value(name, str(option)))
        top += 1.2
    ax.set_ylim(top - 0.6, -0.7)
    ax.set_yticks(places, [wrapped(label, 40) for label in labels])
    for place, text in zip(places, ax.get_yticklabels(), strict=True):
        text.set_fontweight("bold" if place in headings else "normal")
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.tick_params(axis="x", length=0, labelbottom=False)
    ax.spines[:].set_visible(False)


def _marks(ax: Axes, x: np.ndarray, place: float, look: tuple[str, str], size: float) -> None:
    marker, colour = look
    points(ax, x, np.full(len(x), place), (colour, marker), size**0.5, linewidth=1.1)
