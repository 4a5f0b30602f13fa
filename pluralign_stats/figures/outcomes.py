"""Figures of designs: against the untuned control, and against each other."""

from collections.abc import Mapping

import pandas as pd

from pluralign_stats.designs import Designs, plain_design
from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.forest import forest, name_series, rows, styles
from pluralign_stats.figures.outcome_parts import compared, not_repeated, span
from pluralign_stats.figures.picture import Picture, drawing, filled_where
from pluralign_stats.figures.style import Context, foot
from pluralign_stats.results import Result
from pluralign_stats.significance import significant
from pluralign_stats.study.text import contrast_label

#: Panels beside each other in wide figures.
_ACROSS = 6

#: Characters of a row's label on one line.
_LABEL = 26


@drawing
def against_control_figure(result: Result, *, context: Context = "two-column") -> Picture:
    """Draw every design against the untuned control, one panel per dimension (figures 3A, 4A).

    Parameters
    ----------
    result
        What `against_control` or `compare_budgets` gave; budgets are told apart by markers.

    Raises
    ------
    InputError
        If the table holds no difference from the control, or there is no such context.
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
def pairwise_figure(result: Result, *, context: Context = "two-column") -> Picture:
    """Draw designs against each other, one panel per dimension (figures 3B, 4B).

    Parameters
    ----------
    result
        What `pairwise` or `compare_budgets` gave; budgets are told apart by markers.

    Raises
    ------
    InputError
        If the table holds no difference between designs, or there is no such context.
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
) -> Picture:  # fmt: skip
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
    figure, _ = forest(table, where, series, what, context=context, across=_ACROSS)
    if "budget" in table:
        name_series(figure, {f"{name} budget": series[name] for name in budgets}, len(budgets))
    foot(figure, result, *parts, f"filled: {filled_where(table)}", *not_repeated(result))
    return Picture(figure, f"Points with intervals by dimension. {result.sentence}")
