"""The same experiment with all feedback of each design, and with equally much for all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pluralign_stats.designs import CONTROL
from pluralign_stats.errors import InputError, NotApplicableError, listing
from pluralign_stats.notes import reworded
from pluralign_stats.outcomes.choose_runs import EQUAL
from pluralign_stats.outcomes.contrasts import against_control, clear_ones, pairwise
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.select import select_experiment
from pluralign_stats.results import Result
from pluralign_stats.words import counted, some

_KEYS = ["dimension", "contrast"]


def compare_budgets(
    outcomes: Outcomes,
    factor: str | Sequence[str],
    dimensions: Sequence[str] = (),
    *,
    malformed: Any = "dropped",
    fixed: dict[str, Any] | None = None,
    **options: Any,
) -> Result:
    """Set the natural-budget and the equal-budget analysis of a factor side by side.

    With the natural budget a design trains on all the feedback that it makes of the ratings, so it
    may win by quantity; with equal budgets quantity is held equal. Like is set beside like: levels
    and base models that were tried with one of the budgets only are left out.

    Parameters
    ----------
    outcomes
        The scores.
    factor, malformed, fixed
        As for `select_experiment`; fixed holds values of other factors.
    dimensions, options
        As for `against_control`.

    Returns
    -------
    Result
        The rows of `against_control` and, with two levels or more, of `pairwise`, for each budget:
        with the columns budget (``"natural"``, or ``"equal (n)"``) and agree (whether both budgets
        say the same: clear in the same direction, or both not clear; missing where only one was
        tried).

    Raises
    ------
    InputError
        If neither budget was tried.
    """
    tried, missing = {}, []
    for budget in ("natural", EQUAL):
        how = {"malformed": malformed, **(fixed or {}), "budget": budget}
        try:
            tried[budget] = how, select_experiment(outcomes, factor, **how)
        except InputError as error:
            missing.append(f"No runs with the {budget} budget: {error}.")
    if not tried:
        raise NotApplicableError(" ".join(missing))
    shared, alike = _shared(outcomes, [experiment for _, experiment in tried.values()])
    found = [
        result
        for budget, (how, _) in tried.items()
        for result in _results(
            select_experiment(outcomes, factor, **{**how, **shared}), budget, dimensions, options
        )
    ]
    table = pd.concat([table for table, _ in found], ignore_index=True)
    table["agree"] = _agreement(table)
    metas = [result.meta for _, result in found]
    names = [part["budget"].iloc[0] for part, _ in found]
    doubts = [
        reworded(w, f"{b}: {w}") for b, m in zip(names, metas, strict=True) for w in m.warnings
    ]
    meta = replace(
        metas[0],
        designs={k: v for meta in metas for k, v in meta.designs.items()},
        title=f"Designs by {experiment_name(factor)}, natural and equal budgets",
        notes=tuple(dict.fromkeys([*alike, *(n for m in metas for n in m.notes)])),
        warnings=tuple(dict.fromkeys([*missing, *doubts])),
    )
    first = ["dimension", "term", "budget", "contrast"]
    columns = [*first, *(c for c in table if c not in (*first, "agree", "method"))]
    return Result(table[[*columns, "agree", "method"]], _sentence(table), meta)


def experiment_name(factor: str | Sequence[str]) -> str:
    """Factors in words."""
    return factor if isinstance(factor, str) else ", ".join(factor)


def _shared(
    outcomes: Outcomes, experiments: Sequence[Experiment]
) -> tuple[dict[str, Any], list[str]]:
    """Levels and base models that all experiments have, to select them again, and a note."""
    tables = [outcomes.table[outcomes.table["run"].isin(e.table["run"])] for e in experiments]
    models = set.intersection(
        *(set(t.loc[t["optimizer"] != CONTROL, "base_model"]) for t in tables)
    )
    levels = [x for x in experiments[0].levels if all(x in e.levels for e in experiments)]
    if not models or not levels:
        return {}, []
    return {"levels": levels, "base_model": sorted(models)}, [
        f"With {listing(levels)} on {listing(sorted(models))}, which were tried with both budgets."
    ] * (len(experiments) > 1)


def _results(
    experiment: Experiment, budget: str, dimensions: Sequence[str], options: dict[str, Any]
) -> list[tuple[pd.DataFrame, Result]]:
    drawn = experiment.fixed.get("budget", "")
    name = budget if budget == "natural" else f"equal ({drawn})"
    results = [against_control(experiment, dimensions, **options)]
    if len(experiment.levels) > 1:
        results.append(pairwise(experiment, dimensions, **options))
    return [(result.table.assign(budget=name), result) for result in results]


def _agreement(table: pd.DataFrame) -> pd.Series:
    """Whether all budgets say the same of each contrast; missing where there is one only."""
    verdict = table["estimate"].gt(0).map({True: "up", False: "down"})
    grouped = verdict.where(clear_ones(table), "open").groupby([table[k] for k in _KEYS])
    same = (grouped.transform("nunique") == 1).astype("boolean")
    return same.where(grouped.transform("size") > 1)


def _sentence(table: pd.DataFrame) -> str:
    both = table[table["agree"].notna()].drop_duplicates(_KEYS)
    if both.empty:
        return (
            f"Only the {table['budget'].iloc[0]} budget was tried, so quantity is not held equal."
        )
    differ = both[~both["agree"]]
    if differ.empty:
        of_all = f"all {len(both)} differences" if len(both) > 1 else "the one difference"
        return f"Natural and equal budgets say the same of {of_all}."
    same = len(both) - len(differ)
    shown = some(f"{row.contrast} on {row.dimension}" for row in differ.itertuples())
    return (
        f"Natural and equal budgets say the same of {same} of "
        f"{counted(len(both), 'difference')}. Not of: "
        f"{shown}."
    )
