"""Figures of designs: against the untuned control, and against each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pluralign_stats.designs import Designs, plain_design
from pluralign_stats.figures.breaking import PARAGRAPH, broken
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.outcome_parts import (
    compared,
    filled,
    not_repeated,
    plain_axis,
    points,
    span,
)
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import MUTED, foot, look, new_figure, wrapped
from pluralign_stats.figures.ticks import RoundTicks
from pluralign_stats.results import Result
from pluralign_stats.study.text import contrast_label

#: Height in inches of a line of a row's label, and of what else a row needs.
_LINE, _AROUND = 0.135, 0.08

#: How far apart in inches the points of one row stand.
_APART = 0.1

#: Panels beside each other, across two columns of print.
_ACROSS = 6

#: Characters of a row's label on one line.
_LABEL = 26


@drawing
def against_control_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw every design against the untuned control, one panel per dimension (figures 3A, 4A).

    Parameters
    ----------
    result
        What `against_control` or `compare_budgets` gave; budgets are told apart by markers.
    columns
        Columns of print that the figure fills: 2, or 1 with the panels below each other.

    Raises
    ------
    InputError
        If the table holds no difference from the control, or `columns` is neither 1 nor 2.
    """
    table, designs = compared(result, control=True), result.meta.designs
    labels = {}
    for (contrast, level), rows in table.groupby(["contrast", "level"], sort=False):
        n = f"{span(rows['n_runs'], 'run')}, {span(rows['n_generations'])}"
        labels[contrast] = f"{plain_design(level, designs)}{PARAGRAPH}({n})"
    what = f"Difference from the untuned control ({result.meta.unit})"
    forest = _Forest(table, labels, what, columns)
    told_n = "in brackets: training runs and generations"
    return forest.picture(result, told_n, _seeds(table))


@drawing
def pairwise_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw designs against each other, one panel per dimension (figures 3B, 4B).

    Parameters
    ----------
    result
        What `pairwise` or `compare_budgets` gave; budgets are told apart by markers.
    columns
        As for `against_control_figure`.

    Raises
    ------
    InputError
        If the table holds no difference between designs, or `columns` is neither 1 nor 2.
    """
    table, designs = compared(result, control=False), result.meta.designs
    pairs = {row.contrast: (row.level, row.reference) for row in table.itertuples()}
    alike = {name: pair for name, pair in pairs.items() if _comparable(*pair, designs)}
    shown = alike or pairs
    table = table[table["contrast"].isin(shown)]
    labels = {
        c: _pair_label(*(plain_design(d, designs) for d in pair)) for c, pair in shown.items()
    }
    what = f"Difference, first less second ({result.meta.unit})"
    forest = _Forest(table, labels, what, columns)
    each = f"{span(table['n_runs'], 'training run')}, {span(table['n_generations'], 'generation')}"
    mixed = ["pairs that differ in more than one respect: in the table"] * (len(shown) < len(pairs))
    return forest.picture(result, f"each design: {each}", _seeds(table), *mixed)


def _comparable(first: str, second: str, designs: Designs) -> bool:
    """Whether two designs of one factor, or of several, differ in one of them only."""
    made = designs.get(first, {}).items(), designs.get(second, {}).items()
    return len(made[0] - made[1]) <= 1


def _pair_label(first: str, second: str) -> str:
    """A pair of designs, on two lines where one is too short."""
    whole = contrast_label(first, second)
    return whole if len(whole) <= _LABEL else f"{first} vs{PARAGRAPH}{second}"


def _seeds(table: pd.DataFrame) -> str:
    return f"{span(table['n_seeds'], 'seed')}, {span(table['n_prompts'], 'prompt')}"


@dataclass(frozen=True)
class _Forest:
    """Differences with their intervals: a row for each contrast, a panel for each dimension.

    Attributes
    ----------
    table
        The differences.
    labels
        What stands beside the row of each contrast.
    what
        Words below the axis.
    columns
        Columns of print.
    """

    table: pd.DataFrame
    labels: Mapping[str, str]
    what: str
    columns: int

    def picture(self, result: Result, *parts: str) -> Picture:
        """Draw it, with what it stands on below."""
        wide = self.columns == 2
        dimensions = list(dict.fromkeys(self.table["dimension"]))
        budgets = list(dict.fromkeys(self.table["budget"])) if "budget" in self.table else []
        labels = {c: broken(text, _LABEL if wide else 22) for c, text in self.labels.items()}
        places, height = _rows(labels, max(len(budgets), 1))
        down = -(-len(dimensions) // _ACROSS) if wide else len(dimensions)
        across = -(-len(dimensions) // down)
        figure = new_figure(down * (height + 0.5) + 0.9, self.columns)
        axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for ax, dimension in zip(axes, dimensions, strict=False):
            block = self.table[self.table["dimension"] == dimension]
            _panel(ax, block, places, budgets)
            room = max(11, 66 // across) if wide else 28
            ax.set_title(wrapped(dimension, room), fontsize=8 if across < 6 else 7, loc="center")
        for ax in axes[len(dimensions) :]:
            ax.set_visible(False)
        axes[0].set_ylim(height, 0)
        axes[0].set_yticks(list(places.values()), list(labels.values()))
        axes[0].xaxis.set_major_locator(RoundTicks(axes[0], 6))
        for ax in axes[len(dimensions) - across : len(dimensions)]:
            ax.tick_params(axis="x", labelbottom=True)
        last = axes[(down - 1) * across : len(dimensions)]
        middle = 0.5 if len(last) % 2 else 1.1
        last[(len(last) - 1) // 2].set_xlabel(wrapped(self.what, 80 if wide else 30), x=middle)
        if budgets:
            _legend(figure, axes[0])
        foot(figure, result, *parts, filled(self.table), *not_repeated(result))
        return Picture(figure, f"Points with intervals by dimension. {result.sentence}")


def _rows(labels: Mapping[str, str], n_series: int) -> tuple[dict[str, float], float]:
    """Where the middle of each row lies, and how high all of them are, in inches."""
    places, top = {}, 0.06
    for contrast, label in labels.items():
        height = max((label.count("\n") + 1) * _LINE, n_series * _APART) + _AROUND
        places[contrast] = top + height / 2
        top += height
    return places, top + 0.06


def _panel(ax: Axes, block: pd.DataFrame, places: Mapping[str, float], budgets: list[str]) -> None:
    ax.axvline(0, color=MUTED, linewidth=0.8)
    for k, budget in enumerate(budgets or [""]):
        own = block[block["budget"] == budget] if budgets else block
        shift = _APART * (k - (max(len(budgets), 1) - 1) / 2)
        y = np.array([places[c] for c in own["contrast"]], dtype=float) + shift
        label = f"{budget} budget" if budgets else ""
        points(ax, own, y, look(k), label)
    plain_axis(ax)


def _legend(figure: Figure, ax: Axes) -> None:
    handles, names = ax.get_legend_handles_labels()
    legend(figure, handles, names, len(names))
