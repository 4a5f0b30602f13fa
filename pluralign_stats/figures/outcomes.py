"""Figures of designs: against the control, against each other, and of their scores."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.designs import CONTROL, MINIATURES, Designs, plain_design
from pluralign_stats.errors import InputError
from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.forest_parts import draw_forest, name_series, rows, styles
from pluralign_stats.figures.marks import RoundTicks, plain_axis
from pluralign_stats.figures.plot import Plot, drawing, filled_where, need
from pluralign_stats.figures.style import (
    COLOURS,
    Context,
    foot,
    leftmost,
    name_below,
    name_panel,
    new_figure,
    panel_rows,
    panels,
    wrapped,
)
from pluralign_stats.notes import Code, tells
from pluralign_stats.results import Result
from pluralign_stats.significance import significant
from pluralign_stats.study.text import contrast_label
from pluralign_stats.words import counted

#: Panels beside each other in wide figures.
_ACROSS = 6

#: Characters of a row's label on one line.
_LABEL = 26


@drawing
def against_control(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw every design against the untuned control, one panel per dimension (figures 3A, 4A).

    Parameters
    ----------
    result
        What `against_control` or `compare_budgets` gave; budgets are told apart by markers.

    Raises
    ------
    InputError
        If the table holds no difference from the control, or there is no such context.

    Examples
    --------
    >>> result = pls.outcomes.against_control(experiment)
    >>> plot = pls.figures.against_control(result)
    >>> plot.alt.split(". ")[0]
    'Points with intervals by dimension'
    """
    table, designs = compared(result, control=True), result.meta.designs
    labels = {}
    for (contrast, level), own in table.groupby(["contrast", "level"], sort=False):
        n = f"{span(own['n_runs'], 'run')}, {span(own['n_generations'])}"
        labels[contrast] = f"{plain_design(level, designs)}{PARAGRAPH}({n})"
    what = f"Difference from the untuned control ({result.meta.unit})"
    told_n = "in brackets: training runs and generations"
    return _forest(result, table, labels, what, context, told_n, _seeds(table))


@drawing
def pairwise(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw designs against each other, one panel per dimension (figures 3B, 4B).

    Parameters
    ----------
    result
        What `pairwise` or `compare_budgets` gave; budgets are told apart by markers.

    Raises
    ------
    InputError
        If the table holds no difference between designs, or there is no such context.

    Examples
    --------
    >>> result = pls.outcomes.pairwise(experiment)
    >>> plot = pls.figures.pairwise(result)
    >>> plot.alt.split(". ")[0]
    'Points with intervals by dimension'
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
    each = f"{span(table['n_runs'], 'training run')}, {span(table['n_generations'], 'generation')}"
    mixed = ["pairs that differ in more than one respect: in the table"] * (len(shown) < len(pairs))
    told = f"each design: {each}", _seeds(table), *mixed
    return _forest(result, table, labels, what, context, *told)


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


def _forest(
    result: Result, table: pd.DataFrame, labels: Mapping[str, str], what: str, context: str,
    *parts: str,
) -> Plot:  # fmt: skip
    """Differences with their intervals: a row for each contrast, a panel for each dimension."""
    budgets = list(dict.fromkeys(table["budget"])) if "budget" in table else [""]
    series = styles(budgets)
    table = table.assign(
        row=table["contrast"],
        panel=table["dimension"],
        series=table.get("budget", ""),
        filled=significant(table),
    )
    where = rows(labels, context=context, series=len(budgets))
    figure, _ = draw_forest(table, where, series, what, context=context, across=_ACROSS)
    if "budget" in table:
        name_series(figure, {f"{name} budget": series[name] for name in budgets}, len(budgets))
    foot(figure, result, *parts, f"filled: {filled_where(table)}", *not_repeated(result))
    return Plot(figure, f"Points with intervals by dimension. {result.sentence}")


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
        other = "pairwise" if control else "against_control"
        what = "from the control" if control else "between designs"
        raise InputError(f"this table holds no difference {what}; draw it with figures.{other}")
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


@drawing
def scores(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the scores of each design: quartiles, and what lies far from them, by dimension.

    Parameters
    ----------
    result
        What `scores` or `survey_scores` gave.

    Raises
    ------
    InputError
        If the table is another one.

    Examples
    --------
    >>> plot = pls.figures.scores(pls.outcomes.scores(experiment))
    >>> plot.alt.split(". ")[0]
    'Boxes of scores by design'
    """
    need(result, "dimension", "design", "score")
    table = result.table
    designs, shown = (list(dict.fromkeys(table[name])) for name in ("design", "dimension"))
    down = panel_rows(len(shown), context)
    figure = new_figure(0.85 + down * (0.3 + 0.3 * len(designs)), context)
    axes = panels(figure, len(shown), sharey=True)
    for ax, dimension in zip(axes, shown, strict=True):
        own = table[table["dimension"] == dimension].groupby("design")["score"]
        drawn = [own.get_group(name).dropna() if name in own.groups else [] for name in designs]
        lines = {"color": COLOURS[0]}
        ax.boxplot(
            drawn, orientation="horizontal", positions=range(len(designs)), widths=0.6,
            boxprops=lines, whiskerprops=lines, capprops=lines, medianprops=lines,
            flierprops={"markersize": 2, "markeredgecolor": COLOURS[0]},
        )  # fmt: skip
        plain_axis(ax)
        name_panel(ax, str(dimension), -(-len(shown) // down))
    width = 18 if context == "one-column" else 30
    axes[0].set_ylim(len(designs) - 0.5, -0.5)
    for ax in leftmost(axes):
        ax.set_yticks(range(len(designs)), [wrapped(design, width) for design in designs])
    name_below(axes, "Score")
    foot(figure, result, counted(len(table), "score"), "boxes: quartiles")
    return Plot(figure, f"Boxes of scores by design. {result.sentence}")
