"""Statistical disclosure: which counts of a study no table shows, decided once for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD, EVERYONE
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import (
    check_min_cell,
    few,
    is_open_grid,
    is_safe,
    suppressed,
    suppressed_grid,
)

__all__ = [
    "COUNT_WITHHELD",
    "EVERYONE",
    "SILENT",
    "Plan",
    "answers",
    "check_min_cell",
    "few",
    "hidden_crossing",
    "hide_counts",
    "hide_totals",
    "plan_of",
    "published",
    "suppressed",
    "suppressed_grid",
]

#: Columns that tell how many raters stand behind a row.
COUNTS = ("n_raters", "n_ratings", "effective_raters")

#: Kinds of nonresponse, as readers see them.
SILENT = {"declined": "declined to answer", "missing": "no answer recorded"}


@dataclass(frozen=True, eq=False)
class Plan:
    """What tables may tell of how many raters the groups of one demographic have.

    Attributes
    ----------
    raters
        Raters of each cell in the whole study: levels, then kinds of nonresponse that occur.
    hidden
        Cells whose counts no table shows: small ones, and those without which a small one could be
        computed from the total of all raters, in the whole study or among those who rated one
        dimension.
    min_cell
        Fewest raters of a cell that may be shown.
    """

    raters: pd.Series
    hidden: pd.Series
    min_cell: int


def plan_of(study: Study, name: str, min_cell: int) -> Plan:
    """Decide which counts of the groups of one demographic are shown, for all tables of a study."""
    found = answers(study, name)
    raters = found.value_counts(sort=False)
    given = study.ratings.dropna(subset="rating")
    pairs = given[["dimension", "rater"]].drop_duplicates()
    group = pd.Series(pairs["rater"].astype("str").map(found), pairs.index)
    by_dimension = [
        group[pairs["dimension"] == d].value_counts().reindex(raters.index, fill_value=0)
        for d in study.dimensions
    ]
    known = _not_asked(study, name, found, min_cell)
    hidden = np.zeros(len(raters), dtype=bool)
    for counts in (raters, *by_dimension):
        open_to_question = counts - known.reindex(counts.index, fill_value=0).clip(upper=counts)
        hidden |= _withheld(open_to_question, min_cell)
    return Plan(raters, pd.Series(hidden, raters.index), min_cell)


def _withheld(counts: pd.Series, min_cell: int) -> np.ndarray:
    """Cells to withhold: of raters without an answer only, where that is enough."""
    n, silent = counts.to_numpy(), counts.index.isin(SILENT.values())
    alone = suppressed(np.where(silent, n, 0), min_cell)
    levels_small = few(n[~silent], min_cell).any()
    return alone if not levels_small and is_safe(n, alone, min_cell) else suppressed(n, min_cell)


def _not_asked(study: Study, name: str, found: pd.Series, min_cell: int) -> pd.Series:
    """Raters without an answer who were not asked, as nobody of a group that tables count was."""
    silent = found == SILENT["missing"]
    raters = study.raters.set_index("rater")
    unasked = pd.Series(False, found.index)
    for other in study.demographics:
        if other != name:
            groups = silent.groupby(raters[other], observed=True)
            whole = groups.transform("all") & (groups.transform("size") >= min_cell)
            unasked |= whole.reindex(found.index).fillna(False).astype(bool)
    return pd.Series({SILENT["missing"]: int((unasked & silent).sum())})


def hide_counts(
    study: Study, name: str, table: pd.DataFrame, levels: pd.Series, min_cell: int
) -> pd.DataFrame:
    """Blank the counts of levels that the plan hides, so that no table gives them away.

    Parameters
    ----------
    study, name
        The study and one of its demographics.
    table, levels
        A table with counts of raters and ratings, and the level that each row is about.
    min_cell
        Fewest raters of a cell that may be shown.
    """
    hidden = plan_of(study, name, min_cell).hidden
    withheld = levels.isin(hidden.index[hidden])
    counts = [c for c in COUNTS if c in table]
    return table.assign(**{c: table[c].mask(withheld) for c in counts})


def published(study: Study, names: Iterable[str], min_cell: int) -> dict[str, dict[str, int]]:
    """Raters of each level of some demographics, as far as they are shown, and of everyone.

    What leaves of a table that counts a level as almost so many has no count instead: the one
    taken from the other would be a few raters.
    """
    found = {EVERYONE: {EVERYONE: study.summary_counts()["raters"]}}
    for name in names:
        plan = plan_of(study, name, min_cell)
        shown = plan.raters[~plan.hidden.to_numpy()]
        found[study.codebook.label(name)] = {str(level): int(n) for level, n in shown.items()}
    return found


def hide_totals(study: Study, table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Blank counts of all raters that differ from one another, or from the study's, by few."""
    seen, withheld = [study.summary_counts()["raters"]], []
    for n in table["n_raters"]:
        apart = few(np.abs(np.array(seen) - n), min_cell).any()
        withheld.append(bool(apart))
        seen += [] if apart else [n]
    counts = [c for c in COUNTS if c in table]
    hidden = np.array(withheld, dtype=bool)
    return table.assign(**{c: table[c].mask(hidden) for c in counts})


def hidden_crossing(
    study: Study, two: tuple[str, str], used: Iterable[str], min_cell: int
) -> pd.DataFrame | None:
    """Which groups by two demographics must not show how many raters they have.

    Rows and columns are levels and kinds of nonresponse, as totals of all raters are known too.
    Withheld are also groups of which a few raters are not among those used.

    Parameters
    ----------
    study, two
        The study, and two of its demographics.
    used
        The raters who are counted.
    min_cell
        Fewest raters of a cell that may be shown.

    Returns
    -------
    DataFrame
        True where a count is withheld, levels of the first demographic by those of the second;
        None where their totals tell of a few raters even if all are.
    """
    first, second = (answers(study, name) for name in two)
    whole = pd.crosstab(first, second, dropna=False)
    kept = first.index.astype(str).isin(list(map(str, used)))
    own = pd.crosstab(first[kept], second[kept], dropna=False)
    n, n_used = whole.to_numpy(), own.reindex_like(whole).fillna(0).to_numpy(dtype=int)
    rows, columns = (plan_of(study, name, min_cell).hidden.to_numpy() for name in two)
    totals = (rows, columns)
    hidden = few(n - n_used, min_cell)
    before = ~hidden
    while (before != hidden).any():
        before = hidden
        for counts in (n, n_used):
            hidden = suppressed_grid(counts, min_cell, hidden, totals)
    if min_cell > 1 and not all(is_open_grid(c, hidden, min_cell, totals) for c in (n, n_used)):
        return None
    return pd.DataFrame(hidden, whole.index.astype(str), whole.columns.astype(str))


def answers(study: Study, name: str) -> pd.Series:
    """Level or kind of nonresponse of each rater, indexed by rater; order as in the codebook."""
    raters = study.raters.set_index("rater")[name].astype("str")
    lost = study.nonresponse[study.nonresponse["demographic"] == name].set_index("rater")["reason"]
    answers = raters.fillna(lost.map(SILENT).reindex(raters.index))
    order = [g for g in (*study.levels(name), *SILENT.values()) if (answers == g).any()]
    return answers.astype(pd.CategoricalDtype(order))
