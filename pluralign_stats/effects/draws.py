"""From draws of a posterior to a table: each draw is averaged first, and draws are summarised last.

Averaging the ends of intervals instead would be wrong: they are wider than those of the average.
"""

import pandas as pd

from pluralign_stats.notes import Code, Note

#: What the columns mean, for a table's notes.
COLUMNS = Note(
    Code.POSTERIOR_COLUMNS,
    "Estimate: mean of the posterior; sd: its standard deviation; prob positive: probability that "
    "what is estimated is above 0.",
)


def leave_out_zero(table: pd.DataFrame) -> pd.Series:
    """Which intervals of a table leave out 0."""
    return (table["conf_low"] > 0) | (table["conf_high"] < 0)


def apart_from_zero(table: pd.DataFrame) -> int:
    """How many intervals of a table leave out 0."""
    return int(leave_out_zero(table).sum())
