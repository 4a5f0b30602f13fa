"""Which counts of the raters of a demographic no table shows, decided for a whole study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.suppression import few, is_safe, suppressed

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
    hidden_ratings
        Cells whose number of ratings no table shows either: it would tell how few of their raters
        left a dimension out.
    min_cell
        Fewest raters of a cell that may be shown.
    """

    raters: pd.Series
    hidden: pd.Series
    hidden_ratings: pd.Series
    min_cell: int


def answers_of(
    raters: pd.DataFrame, nonresponse: pd.DataFrame, name: str, levels: Sequence[str]
) -> pd.Series:
    """Level or kind of nonresponse of each rater, indexed by rater; levels in the order given."""
    cells = pd.Index([*levels, *SILENT.values()])
    given = raters[name].cat
    code = np.append(cells.get_indexer(given.categories.astype(str)), -1)[given.codes]
    lost = nonresponse[nonresponse["demographic"] == name]
    who = pd.Index(raters["rater"])
    code[who.get_indexer(lost["rater"])] = cells.get_indexer(lost["reason"].map(SILENT))
    found = pd.Series(pd.Categorical.from_codes(code, cells), who)
    return found.cat.remove_unused_categories()


def plan_counts(
    name: str, answers: Mapping[str, pd.Series], rated: np.ndarray, min_cell: int
) -> Plan:
    """Decide which counts of the groups of one demographic are shown.

    Parameters
    ----------
    name
        The demographic.
    answers
        Of each demographic what `answers_of` gave.
    rated
        (d, r) which raters rated each dimension.
    min_cell
        Fewest raters of a cell that may be shown.
    """
    cells = answers[name].cat.categories
    code, silent = answers[name].cat.codes.to_numpy(), cells.isin(SILENT.values())
    raters, *by_dimension = (
        np.bincount(code[there], minlength=len(cells))
        for there in [np.full(len(code), True), *rated]
    )
    known = np.where(cells == SILENT["missing"], _not_asked(name, answers, min_cell), 0)
    hidden = np.zeros(len(cells), dtype=bool)
    for counts in (raters, *by_dimension):
        hidden |= _withheld(counts - np.minimum(known, counts), silent, min_cell)
    left_out = [suppressed(raters - counts, min_cell) for counts in by_dimension]
    hidden_ratings = np.logical_or.reduce([hidden, *left_out])
    masks = pd.Series(hidden, cells), pd.Series(hidden_ratings, cells)
    return Plan(pd.Series(raters, cells), *masks, min_cell)


def _withheld(counts: np.ndarray, silent: np.ndarray, min_cell: int) -> np.ndarray:
    """Cells to withhold: of raters without an answer only, where that is enough."""
    alone = suppressed(np.where(silent, counts, 0), min_cell)
    enough = not few(counts[~silent], min_cell).any() and is_safe(counts, alone, min_cell)
    return alone if enough else suppressed(counts, min_cell)


def _not_asked(name: str, answers: Mapping[str, pd.Series], min_cell: int) -> int:
    """Raters without an answer who were not asked, as nobody of a group that tables count was."""
    silent = (answers[name] == SILENT["missing"]).to_numpy()
    unasked = np.zeros(len(silent), dtype=bool)
    for other, given in answers.items():
        if other != name:
            code = given.cat.codes.to_numpy()
            n, lacking = np.bincount(code), np.bincount(code[silent], minlength=code.max() + 1)
            level = ~given.cat.categories.isin(SILENT.values())
            unasked |= ((n == lacking) & (n >= min_cell) & level)[code]
    return int((unasked & silent).sum())
