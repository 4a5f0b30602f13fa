"""Statistical disclosure: which counts of a study no table shows, decided once for all of them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pluralign_stats.backing import EVERYONE
from pluralign_stats.study.plan import SILENT
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import (
    few,
    is_open_grid,
    suppressed_grid,
)

#: Columns that tell how many raters stand behind a row.
COUNTS = ("n_raters", "n_ratings", "effective_raters")


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
    hidden = study.plan(name, min_cell).hidden
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
        plan = study.plan(name, min_cell)
        shown = plan.raters[~plan.hidden.to_numpy()]
        found[study.codebook.label(name)] = {str(level): int(n) for level, n in shown.items()}
    return found


def hide_totals(study: Study, table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Blank counts of all raters that differ by few from one another, or from what is known.

    Known are the numbers of the study's raters and of each level's, as they are shown.
    """
    shown = published(study, study.demographics, min_cell)
    seen, withheld = [n for counts in shown.values() for n in counts.values()], []
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
        None where their totals tell of a few raters even if all are. Groups without an answer to
        either question stand in no table, so that nobody knows which of them are empty.
    """
    first, second = (study.answers[name] for name in two)
    whole = pd.crosstab(first, second, dropna=False)
    kept = first.index.astype(str).isin(list(map(str, used)))
    own = pd.crosstab(first[kept], second[kept], dropna=False)
    n, n_used = whole.to_numpy(), own.reindex_like(whole).fillna(0).to_numpy(dtype=int)
    rows, columns = (study.plan(name, min_cell).hidden.to_numpy() for name in two)
    totals = (rows, columns)
    hidden = few(n - n_used, min_cell)
    before = ~hidden
    while (before != hidden).any():
        before = hidden
        for counts in (n, n_used):
            hidden = suppressed_grid(counts, min_cell, hidden, totals)
    silent = [whole.axes[k].astype(str).isin(list(SILENT.values())) for k in (0, 1)]
    unseen = silent[0][:, None] | silent[1][None, :]
    told = ((n, unseen), (n_used, None))
    if min_cell > 1 and not all(is_open_grid(c, hidden, min_cell, totals, u) for c, u in told):
        return None
    return pd.DataFrame(hidden, whole.index.astype(str), whole.columns.astype(str))
