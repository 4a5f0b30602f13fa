"""What figures ask of the tables that they draw."""

import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.results import Result


def need(result: Result, *columns: str) -> None:
    """Refuse tables of another kind."""
    missing = [c for c in columns if c not in result.table]
    if missing:
        raise InputError(
            f"this table has no column {listing(missing)}; it belongs to another figure"
        )


def counted(table: pd.DataFrame) -> list[str]:
    """What the numbers in brackets are, where the table counts raters."""
    return ["raters in brackets"] if "n_raters" in table and table["n_raters"].any() else []


def plain_rating(rating: object) -> str:
    """A rating as readers write it: ``3``, or its word."""
    return f"{rating:g}" if isinstance(rating, (int, float)) else str(rating)
