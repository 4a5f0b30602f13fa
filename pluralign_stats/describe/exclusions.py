"""What attention and comprehension checks left out."""

import numpy as np

from pluralign_stats.describe.disclosure import check_min_cell, few
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.study import Study


def exclusions(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Count what each filter of the codebook removed.

    Parameters
    ----------
    study
        The study.
    min_cell
        Fewest raters that are counted: what a filter did to fewer is not told in numbers.

    Returns
    -------
    Result
        Columns filter, n_rows (rows of the ratings file removed) and n_raters (raters left
        without any row), in the order in which the filters apply; missing where withheld.
    """
    check_min_cell(min_cell)
    table = study.exclusions.rename(columns={"rows": "n_rows", "raters": "n_raters"})
    counts = table[["n_rows", "n_raters"]].to_numpy()
    hidden = few(counts, min_cell).any(axis=1)
    rows, raters = counts[~hidden].sum(axis=0)
    if table.empty:
        sentence = "The codebook names no filter; all rows are used."
    elif hidden.all():
        sentence = f"The filters left out rows of fewer than {min_cell} raters each."
    else:
        sentence = f"Rows left out: {rows:,}; raters left without any row: {raters:,}."
    if hidden.any() and not hidden.all():
        sentence += f" Not counted: {hidden.sum()} of {len(table)} filters, which left out few."
    blank = {c: np.where(hidden, np.nan, table[c]) for c in ("n_rows", "n_raters")}
    table = table.assign(**blank) if hidden.any() else table
    note = f"A dash stands for fewer than {min_cell} rows or raters, or for the rows of so few."
    notes = (note,) if hidden.any() else ()
    return Result.of(study, table, sentence, "Left out by checks", notes=notes)
