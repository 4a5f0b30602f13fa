"""The one schema that every study's ratings satisfy, whatever file they came from."""

from typing import TYPE_CHECKING

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.study.codebook import Repeats
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.tables import RawTable

if TYPE_CHECKING:
    import pandera.pandas as pa


def rating_schema(dimension: Dimension, repeats: Repeats | None = None) -> "pa.DataFrameSchema":
    """Schema of one dimension's ratings: keys present, values on the scale.

    No item is rated twice by a rater, unless the codebook says what is to become of that.
    """
    import pandera.pandas as pa

    key = pa.Column(str, nullable=False)
    return pa.DataFrameSchema(
        {
            "rater": key,
            "item": key,
            "rating": pa.Column(
                float, pa.Check(dimension.scale.holds, name=dimension.scale.allowed), nullable=True
            ),
        },
        unique=None if repeats else ["rater", "item"],
        report_duplicates="exclude_first",
        strict=True,
    )


def check_ratings(
    ratings: pd.DataFrame,
    table: RawTable,
    column: str,
    name: str,
    dimension: Dimension,
    repeats: Repeats | None = None,
) -> None:
    """Hold one dimension's ratings against the schema.

    Parameters
    ----------
    ratings
        Columns rater, item, rating; indexed by the row numbers of `table`.
    table, column
        The file and column they came from, for the message.
    name, dimension
        The dimension and its codebook entry.
    repeats
        The codebook's rule for items that a rater rated more than once.

    Raises
    ------
    InputError
        On the first kind of failure, with rows, values and what is allowed.
    """
    from pandera.errors import SchemaErrors

    try:
        rating_schema(dimension, repeats).validate(ratings, lazy=True)
    except SchemaErrors as error:
        failures = error.failure_cases
    else:
        return
    if failures["column"].eq("rating").any():
        rows = pd.Index(failures.loc[failures["column"] == "rating", "index"].unique())
        raise table.refuse(
            column,
            pd.Series(ratings.index.isin(rows), ratings.index),
            dimension.scale.allowed,
            "correct the file, or the scale in the codebook"
            + _between(ratings.loc[rows], dimension),
        )
    rows = pd.Index(failures["index"].unique())
    rater, item = ratings.loc[rows[0], ["rater", "item"]]
    raise InputError(
        f"{table.place(rows)}: rater '{rater}' rates item '{item}' a second time on "
        f"'{name}' (column '{column}'); allowed: one rating per rater, item and dimension; "
        "remove the duplicate, or state 'repeats' in the codebook: 'first', 'last', 'mean', or "
        "'retest' (the first, and how far the later ones agree with it)"
    )


def _between(refused: pd.DataFrame, dimension: Dimension) -> str:
    """How to allow ratings that lie between whole numbers, where these were refused."""
    scale = dimension.scale
    inside = refused["rating"].between(scale.low, scale.high)
    if scale.continuous or not inside.any():
        return ""
    return f" (between whole numbers: {{from: {scale.low}, to: {scale.high}, continuous: true}})"
