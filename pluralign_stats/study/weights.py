"""Survey weights that come with the raters' file."""

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.keys import complete
from pluralign_stats.study.tables import Tables

#: The column of a study's raters that holds them.
WEIGHT = "weight"


def with_weights(
    frame: pd.DataFrame, tables: Tables, rater: str, column: str | None
) -> pd.DataFrame:
    """Raters with the weights that a column of their file holds, if the codebook names one.

    Raises
    ------
    InputError
        If a rater has none, two, or one that is no number from 0 upward, or if all are 0.
    """
    if column is None:
        return frame
    table = tables.raters or tables.ratings
    cells = table.answers(column, "'columns.weight'")
    identity = complete(table, rater, "the rater")
    used = identity.isin(frame["rater"])
    identity, number = identity[used], pd.to_numeric(cells[used], errors="coerce").astype(float)
    allowed = "a number from 0 upward for every rater, one each"
    wrong = ~np.isfinite(number) | (number < 0)
    advice = "correct the cell, or leave the rater out by 'filters'"
    if wrong.any():
        raise table.refuse(column, wrong, allowed, advice)
    first = number[~identity.duplicated()].set_axis(identity.unique())
    differs = number != first.reindex(identity).to_numpy()
    if differs.any():
        two = f"rater '{identity[differs].iloc[0]}' has two different weights; keep one"
        raise table.refuse(column, differs, allowed, two)
    lacking = frame["rater"][~frame["rater"].isin(first.index)]
    if len(lacking):
        raise InputError(
            f"{table.name}: column '{column}': no weight for the rater {listing(lacking, 3)}, whom "
            "the file does not describe; add the rater, or state 'raters: {not_described: drop}'"
        )
    if not (number > 0).any():
        raise InputError(
            f"{table.name}: column '{column}': every weight is 0; allowed: {allowed}, some above 0;"
            " correct the file, or leave 'weight' out of 'columns' in the codebook"
        )
    return frame.assign(**{WEIGHT: first.reindex(frame["rater"]).to_numpy()})
