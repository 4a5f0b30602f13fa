"""Which cells of a study's files hold no answer, by column and code."""

import numpy as np
import pandas as pd

from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.missing import ANSWER, MISSING, NAME
from pluralign_stats.study.plan import SILENT
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell, few


def missing_codes(study: Study, min_cell: int = MIN_CELL) -> Result:
    """Count what became missing in the files, before any filter, by column and code.

    Parameters
    ----------
    study
        The study.
    min_cell
        Cells of a demographic are not counted where they would tell of fewer raters.

    Returns
    -------
    Result
        Columns file, column, read (what the column was read for), code (``"(empty)"`` for empty
        cells), n_cells (missing where withheld), read_as. Codes that were not read as missing
        stand there too: answers that the codebook states, and names of raters, items and prompts,
        go before missing-value codes.
    """
    check_min_cell(min_cell)
    table = study.codes.rename(columns={"cells": "n_cells"})
    table["code"] = table["code"].replace("", "(empty)")
    hidden = few(table["n_cells"].to_numpy(), min_cell) & table["read"].isin(study.demographics)
    plans = {name: study.plan(name, min_cell).hidden for name in study.demographics}
    # Where the number of raters without an answer is withheld.
    kinds = [*SILENT.values()]
    silent = [name for name, cells in plans.items() if cells[cells.index.isin(kinds)].any()]
    hidden |= table["read"].isin(silent)
    told = [f"{_told(table, hidden, MISSING, min_cell)} cells hold no answer"]
    told += [
        f"{_told(table, hidden, kind, min_cell)} hold a missing-value code and were read as {kind}"
        for kind in (ANSWER, NAME)
        if (table["read_as"] == kind).any()
    ]
    sentence = "; ".join(told) + "." if len(table) else "Every cell that is read holds an answer."
    sentence = sentence[:1].upper() + sentence[1:]
    note = f"A dash stands for cells that would tell of fewer than {min_cell} raters."
    notes = (note,) if hidden.any() else ()
    table = table.assign(n_cells=np.where(hidden, np.nan, table["n_cells"])) if notes else table
    return Result.of(study, table, sentence, "No answer", notes=notes)


def _told(table: pd.DataFrame, hidden: pd.Series, kind: str, min_cell: int) -> str:
    """How many cells were read as something, as far as that is shown."""
    own = table["read_as"] == kind
    n = int(table.loc[own, "n_cells"].sum())
    if not (own & hidden).any():
        return f"{n:,}"
    return f"fewer than {min_cell}" if n < min_cell else "some"
