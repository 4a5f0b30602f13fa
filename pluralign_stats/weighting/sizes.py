"""How many people each cell of a population has, or which share of them."""

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError

#: Columns that say how many people a cell has.
SIZES = ("n", "share")

#: Column of the standard errors of counts.
ERRORS = "n_error"

#: Shares may sum to so much more or less than 1, by rounding.
ROUNDING = 0.005


def read_sizes(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """A population with its counts or shares as numbers in the column weight.

    Standard errors of counts stand in the column n_error; 0 where there are none.

    Raises
    ------
    InputError
        If there is neither count nor share, or both, or one that is no number from 0 upward.
    """
    given = [name for name in SIZES if name in table]
    if len(given) != 1:
        told = "both: keep one" if given else "neither"
        raise InputError(
            f"{what} needs a column 'n' of how many people each cell has, or 'share'; it has {told}"
        )
    size = given[0]
    weight = _numbers(table, size, what)
    if ERRORS in table and size != "n":
        raise InputError(f"{what} has '{ERRORS}' without counts; give 'n', or leave it out")
    errors = _numbers(table, ERRORS, what) if ERRORS in table else np.zeros(len(table))
    if size == "share" and abs(weight.sum() - 1) > ROUNDING:
        raise InputError(
            f"the shares of {what} must sum to 1, not {weight.sum():.4g}; give shares of 1 (not "
            "per cent), or counts in a column 'n'"
        )
    if not weight.sum() > 0:
        raise InputError(f"{what} has nobody: '{size}' is 0 in every row")
    return table.drop(columns=size).assign(weight=weight, **{ERRORS: errors})


def _numbers(table: pd.DataFrame, column: str, what: str) -> np.ndarray:
    """Numbers from 0 upward."""
    try:
        number = pd.to_numeric(table[column]).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError(f"'{column}' of {what} must be numbers") from None
    wrong = ~np.isfinite(number) | (number < 0)
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(
            f"'{column}' of {what} must be finite and not below 0; row {table.index[at]} has "
            f"{number[at]:g}"
        )
    return number
