"""Which cells of a study's files hold no answer, by column and code."""

from pluralign_stats.results import Metadata, Result
from pluralign_stats.study.missing import ANSWER, MISSING, NAME
from pluralign_stats.study.study import Study


def missing_codes(study: Study) -> Result:
    """Count what became missing in the files, before any filter, by column and code.

    Returns
    -------
    Result
        Columns file, column, read (what the column was read for), code (``"(empty)"`` for empty
        cells), n_cells, read_as. Codes that were not read as missing stand there too: answers that
        the codebook states, and names of raters, items and prompts, go before missing-value codes.
    """
    table = study.codes.rename(columns={"cells": "n_cells"})
    table["code"] = table["code"].replace("", "(empty)")
    counts = table.groupby("read_as")["n_cells"].sum()
    told = [f"{counts.get(MISSING, 0):,} cells hold no answer"]
    told += [
        f"{counts[kind]:,} hold a missing-value code and were read as {kind}"
        for kind in (ANSWER, NAME)
        if kind in counts
    ]
    sentence = "; ".join(told) + "." if len(table) else "Every cell that is read holds an answer."
    return Result(table, sentence, Metadata("No answer", study.data_kind, conf_level=None))
