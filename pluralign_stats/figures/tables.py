"""What figures ask of the tables that they draw."""

import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.words import counted as in_number


def need(result: Result, *columns: str) -> None:
    """Refuse tables of another kind."""
    missing = [c for c in columns if c not in result.table]
    if missing:
        raise InputError(
            f"this table has no column {listing(missing)}; it belongs to another figure"
        )


def counted(table: pd.DataFrame, what: str = "raters") -> list[str]:
    """What the numbers in brackets are, where the table counts raters."""
    return [f"{what} in brackets"] if "n_raters" in table and table["n_raters"].any() else []


def raters_of(table: pd.DataFrame) -> list[str]:
    """How many raters stand behind a table, from the fewest of its rows to the most."""
    low, high = table["n_raters"].min(), table["n_raters"].max()
    if pd.isna(low):
        return []
    return [in_number(high, "rater") if low == high else f"{low:,.0f} to {high:,.0f} raters"]


def plain_rating(rating: object) -> str:
    """A rating as readers write it: ``3``, or its word."""
    return f"{rating:g}" if isinstance(rating, (int, float)) else str(rating)


def filled_where(table: pd.DataFrame) -> str:
    """What it means that a point is filled."""
    tested = "p_adjusted" in table
    return f"adjusted p < {SIGNIFICANCE}" if tested else "interval leaves out 0"
