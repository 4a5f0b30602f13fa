"""The one schema that every study's ratings satisfy, whatever file they came from."""

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.study.codebook import Repeats
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.scale import Scale
from pluralign_stats.study.tables import RawTable

if TYPE_CHECKING:
    import pandera.pandas as pa

#: Values outside a scale may be codes for no answer where there are no more of them than this.
MOST_CODES = 3


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
            _remedy(ratings["rating"], ratings.loc[rows, "rating"], name, dimension),
        )
    rows = pd.Index(failures["index"].unique())
    rater, item = ratings.loc[rows[0], ["rater", "item"]]
    raise InputError(
        f"{table.place(rows)}: rater '{rater}' rates item '{item}' a second time on "
        f"'{name}' (column '{column}'); allowed: one rating per rater, item and dimension; "
        "remove the duplicate, or state 'repeats' in the codebook: 'first', 'last', 'mean', or "
        "'retest' (the first, and how far the later ones agree with it)"
    )


def _remedy(ratings: pd.Series, refused: pd.Series, name: str, dimension: Dimension) -> str:
    """What makes refused ratings readable: another scale, or codes of no answer, as the case is."""
    scale, given = dimension.scale, ratings[np.isfinite(ratings)]
    outside = np.unique(refused[(refused < scale.low) | (refused > scale.high)])
    whole = outside[np.isfinite(outside) & (outside == np.round(outside))]
    codes = whole if len(outside) <= MOST_CODES else whole[:0]
    within = given[~given.isin(codes)]
    between = bool((within % 1 != 0).any())
    advice = "correct the file, or the scale in the codebook"
    if between or len(outside) > len(codes):
        advice += f" (scale: {_scale_of(within, scale, continuous=between)})"
        advice += " and its 'conversions'" if dimension.conversions else ""
    elif len(codes):
        advice += f" (scale: {_scale_of(given, scale, continuous=False)})"
    if len(codes):
        mean, them = ("means", "it") if len(codes) == 1 else ("mean", "them")
        listed = ", ".join(f"{code:g}" for code in codes)
        advice += (
            f"; if {listed} {mean} no answer, state 'missing: [{listed}]' of '{name}', or leave "
            f"the rows that hold {them} out by 'filters'"
        )
    return advice


def _scale_of(ratings: pd.Series, scale: Scale, *, continuous: bool) -> str:
    """A scale that holds some ratings and all of another scale, as a codebook has it."""
    low = min(math.floor(ratings.min()), scale.low) if len(ratings) else scale.low
    high = max(math.ceil(ratings.max()), scale.high) if len(ratings) else scale.high
    if continuous or scale.continuous:
        return f"{{from: {low}, to: {high}, continuous: true}}"
    return f"[{low}, {high}]"
