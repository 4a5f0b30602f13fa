"""What identifies a row of a study's files: its rater, its item."""

import pandas as pd

from pluralign_stats.study.tables import RawTable
from pluralign_stats.study.text import joined


def item_key(table: RawTable, columns: tuple[str, ...]) -> pd.Series:
    """Identify the item of each row, from one column or several together.

    Several are joined so that different items have different names, whatever the columns hold.
    """
    parts = [complete(table, column, "the item") for column in columns]
    if len(parts) == 1:
        return parts[0]
    return pd.Series([joined(row) for row in zip(*parts, strict=True)], table.frame.index, "str")


def complete(table: RawTable, column: str, role: str) -> pd.Series:
    """A column in which every row must hold something."""
    values = table.require(column, role)
    if values.isna().any():
        raise table.refuse(column, values.isna(), f"{role} of every row", "fill in the cell")
    return values
