"""The same experiment with all feedback of each design, and with equally much for all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from pluralign_stats.designs import CONTROL
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.errors import InputError, NotApplicableError, listing
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.notes import reworded
from pluralign_stats.outcomes.choose_runs import EQUAL
from pluralign_stats.outcomes.contrasts import against_control, pairwise
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.models import BayesFamily, Kind
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.select import select_experiment
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import significant
from pluralign_stats.words import counted, some

_KEYS = ["dimension", "contrast"]


@documented_by(against_control)
def compare_budgets(
    outcomes: Outcomes,
    factor: str | Sequence[str],
    dimensions: Sequence[str] = (),
    *,
    malformed: Any = "dropped",
    fixed: Mapping[str, Any] | None = None,
    conf_level: float = CONF_LEVEL,
    adjust: Adjustment = "holm",
    kind: Kind = "linear",
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
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
        As for `select_experiment`.

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

    Examples
    --------
    >>> pls.outcomes.compare_budgets(outcomes, "strategy").table["contrast"].tolist()
    ['preserve vs control', 'majority vs control', 'preserve vs majority']
    """
    tried, missing = {}, []
    select = partial(select_experiment, outcomes, factor, malformed=malformed)
    for budget in ("natural", EQUAL):
        try:
            tried[budget] = select(fixed={**(fixed or {}), "budget": budget})
        except InputError as error:
            missing.append(f"No runs with the {budget} budget: {error}.")
    if not tried:
        raise NotApplicableError(" ".join(missing))
    levels, shared, alike = _shared(outcomes, [*tried.values()])
    found: list[tuple[pd.DataFrame, Result]] = []
    for budget in tried:
        own = {**(fixed or {}), **shared, "budget": budget}
        experiment = select(levels=levels, fixed=own)
        compared = [against_control, *([pairwise] if len(experiment.levels) > 1 else [])]
        for compare in compared:
            result = compare(
                experiment, dimensions, conf_level=conf_level, adjust=adjust, kind=kind,
                by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling,
            )  # fmt: skip
            found.append((result.table.assign(budget=_name(budget, experiment)), result))
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
    return Result(table[[*columns, "agree", "method"]], _sentence(table), meta, figure=FOREST)


def experiment_name(factor: str | Sequence[str]) -> str:
    """Factors in words."""
    return factor if isinstance(factor, str) else ", ".join(factor)


def _shared(
    outcomes: Outcomes, experiments: Sequence[Experiment]
) -> tuple[list[str], dict[str, Any], list[str]]:
    """Levels and base models that all experiments have, to select them again, and a note."""
    tables = [outcomes.table[outcomes.table["run"].isin(e.table["run"])] for e in experiments]
    models = set.intersection(
        *(set(t.loc[t["optimizer"] != CONTROL, "base_model"]) for t in tables)
    )
    levels = [x for x in experiments[0].levels if all(x in e.levels for e in experiments)]
    if not models or not levels:
        return [], {}, []
    bases = sorted(models)
    told = f"With {listing(levels)} on {listing(bases)}, which were tried with both budgets."
    return levels, {"base_model": bases}, [told] * (len(experiments) > 1)


def _name(budget: str, experiment: Experiment) -> str:
    """What the table calls a budget."""
    return budget if budget == "natural" else f"equal ({experiment.fixed.get('budget', '')})"


def _agreement(table: pd.DataFrame) -> pd.Series:
    """Whether all budgets say the same of each contrast; missing where there is one only."""
    verdict = table["estimate"].gt(0).map({True: "up", False: "down"})
    grouped = verdict.where(significant(table), "open").groupby([table[k] for k in _KEYS])
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
