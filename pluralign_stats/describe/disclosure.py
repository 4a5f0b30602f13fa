"""Statistical disclosure: which cells are too small to show, and what would betray them."""

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.study.study import Study

#: What a table says whose counts `hide_counts` has blanked in part.
COUNT_WITHHELD = "A group without counts is large enough; its size would give away a small group's."

#: Kinds of nonresponse, as readers see them.
SILENT = {"declined": "declined to answer", "missing": "no answer recorded"}


def check_min_cell(min_cell: int) -> None:
    """Refuse a smallest cell below 2."""
    if min_cell < 2:
        raise InputError(f"min_cell must be 2 or more, not {min_cell}")


def suppressed(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Which cells to withhold so that no small one can be read or computed from the total.

    Parameters
    ----------
    counts
        (k,) raters in each cell of one table whose total is known.
    min_cell
        Fewest raters of a cell that may be shown.

    Returns
    -------
    (k,) boolean. All cells from 1 to ``min_cell - 1``, and as many of the next smallest as it
    takes for the withheld cells together to hold `min_cell` raters.
    """
    withheld = (counts > 0) & (counts < min_cell)
    while withheld.any() and counts[withheld].sum() < min_cell and (~withheld & (counts > 0)).any():
        rest = np.where(withheld | (counts == 0), np.iinfo(np.int64).max, counts)
        withheld[rest.argmin()] = True
    return withheld


def suppressed_grid(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Which cells of a table with known row and column totals must not show their counts.

    Parameters
    ----------
    counts
        (a, b) raters in each cell.
    min_cell
        Fewest raters of a cell that may be shown.

    Returns
    -------
    (a, b) boolean. All cells from 1 to ``min_cell - 1``, and as many of the next smallest of their
    row and column as it takes for every line with a withheld cell to have two of them, which
    together hold `min_cell` raters.
    """
    withheld = (counts > 0) & (counts < min_cell)
    while True:
        before = withheld.copy()
        for n, line in (
            *zip(counts, withheld, strict=True),
            *zip(counts.T, withheld.T, strict=True),
        ):
            while line.any() and (line.sum() < 2 or n[line].sum() < min_cell):
                rest = np.where(line | (n == 0), np.iinfo(np.int64).max, n)
                if (line | (n == 0)).all():
                    break
                line[rest.argmin()] = True
        if (withheld == before).all():
            return withheld


def hide_counts(
    study: Study, name: str, table: pd.DataFrame, levels: pd.Series, min_cell: int
) -> pd.DataFrame:
    """Blank the counts of levels that `composition` withholds, so that no table gives them away.

    Parameters
    ----------
    study, name
        The study and one of its demographics.
    table, levels
        A table with counts of raters and ratings, and the level that each row is about.
    min_cell
        Fewest raters of a cell that may be shown.
    """
    raters = answers(study, name).value_counts(sort=False)
    withheld = levels.isin(raters.index[withheld_cells(raters, min_cell)])
    counts = ["n_raters", "n_ratings"]
    return table.assign(**{c: table[c].mask(withheld) for c in counts})


def withheld_cells(raters: pd.Series, min_cell: int) -> np.ndarray:
    """Which cells of one demographic, levels and kinds of nonresponse, are not shown."""
    counts, silent = raters.to_numpy(), raters.index.isin(SILENT.values())
    levels = suppressed(np.where(silent, 0, counts), min_cell)
    return np.where(silent, (counts > 0) & (counts < min_cell), levels)


def answers(study: Study, name: str) -> pd.Series:
    """Level or kind of nonresponse of each rater, indexed by rater; order as in the codebook."""
    raters = study.raters.set_index("rater")[name].astype("str")
    lost = study.nonresponse[study.nonresponse["demographic"] == name].set_index("rater")["reason"]
    answers = raters.fillna(lost.map(SILENT).reindex(raters.index))
    order = [g for g in (*study.levels(name), *SILENT.values()) if (answers == g).any()]
    return answers.astype(pd.CategoricalDtype(order))
