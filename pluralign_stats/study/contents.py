"""What was found in a data file before it becomes a raw table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Contents:
    """Cells of a file, and what the file says of its columns.

    Attributes
    ----------
    frame
        Cells as they were read; the index is the row number.
    notes
        What was told from the file rather than stated, in one sentence each.
    declared
        By column, the texts of values that the file itself declares missing.
    wordings
        By column, the question that it holds answers to.
    labels
        By column, the label of each value, in the order of the values.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wordings: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
