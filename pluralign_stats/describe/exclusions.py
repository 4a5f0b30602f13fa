"""What attention and comprehension checks left out."""

from pluralign_stats.results import Metadata, Result
from pluralign_stats.study.study import Study


def exclusions(study: Study) -> Result:
    """Count what each filter of the codebook removed.

    Returns
    -------
    Result
        Columns filter, n_rows (rows of the ratings file removed) and n_raters (raters left
        without any row), in the order in which the filters apply.
    """
    table = study.exclusions.rename(columns={"rows": "n_rows", "raters": "n_raters"})
    if table.empty:
        sentence = "The codebook names no filter; all rows are used."
    else:
        rows, raters = table["n_rows"].sum(), table["n_raters"].sum()
        sentence = f"Rows left out: {rows:,}; raters left without any row: {raters:,}."
    return Result(table, sentence, Metadata("Left out by checks", study.data_kind, conf_level=None))
