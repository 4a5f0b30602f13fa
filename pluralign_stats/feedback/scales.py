"""Scale conversion: ratings on five points, on three, or on two."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.study.codebook import CONVERTED, Dimension

Scale = Literal["5-point", "3-point", "binary", "as-rated"]

#: Every scale by name; `as-rated` leaves the ratings of any scale as they are.
SCALES: tuple[Scale, ...] = get_args(Scale)

#: Where each of five ratings goes, from the lowest: the only statement of this definition.
_OF_FIVE = {"5-point": (1, 2, 3, 4, 5), "3-point": (1, 1, 2, 3, 3), "binary": (0, 0, 0, 1, 1)}


def convert_scale[Values: (np.ndarray, pd.Series)](
    values: Values, scale: str, low: int = 1, high: int = 5
) -> Values:
    """Convert ratings to a coarser scale.

    ``3-point`` leads the lower two of five ratings to 1, the middle one to 2 and the upper two to
    3; ``binary`` leads the upper two to 1 and the others to 0; ``5-point`` and ``as-rated`` change
    nothing.

    Parameters
    ----------
    values
        Ratings in an array or Series; missing ones stay missing.
    scale
        ``"5-point"``, ``"3-point"``, ``"binary"`` or ``"as-rated"``.
    low, high
        Lowest and highest rating of the scale on which they were given.

    Returns
    -------
    Array or Series of floats like `values`.

    Raises
    ------
    InputError
        If `scale` is unknown, the given scale has other than five ratings, or a value lies
        outside it.
    """
    places = places_of(scale, low, high)
    found = np.asarray(values, float)
    strange = ~np.isnan(found) & ~np.isin(found, list(places))
    if strange.any():
        raise InputError(
            f"ratings must be whole numbers {low} to {high}, not {found[strange][0]:g}; correct "
            "the value or state the scale"
        )
    converted = lookup(found, places)
    if isinstance(values, pd.Series):
        return pd.Series(converted, values.index, name=values.name)
    return converted


def places_of(
    scale: str, low: int, high: int, own: Mapping[Any, Mapping[int, int]] | None = None
) -> dict[int, int]:
    """Where each rating from `low` to `high` goes on `scale`; `own` are maps of the codebook."""
    if scale not in SCALES:
        raise InputError(one_of("the scale", scale, SCALES))
    levels = range(low, high + 1)
    if scale == "as-rated":
        return {level: level for level in levels}
    if own and scale in own:
        return dict(own[scale])
    if len(levels) != len(_OF_FIVE[scale]):
        raise InputError(
            f"a scale of {len(levels)} ratings ({low} to {high}) has no {scale} form of its own; "
            f"state 'conversions: {{{scale}: {{{low}: ..., {high}: ...}}}}' for the dimension in "
            "the codebook, or use the scale 'as-rated'"
        )
    return dict(zip(levels, _OF_FIVE[scale], strict=True))


def dimension_places(name: str, dimension: Dimension, scale: str) -> dict[int, int]:
    """Where each rating of one dimension of a codebook goes on `scale`."""
    try:
        return places_of(scale, *dimension.scale, dimension.conversions)
    except InputError as error:
        raise InputError(f"dimension '{name}': {error}") from None


def lookup(ratings: np.ndarray, places: Mapping[int, int]) -> np.ndarray:
    """Converted ratings of an array of any shape; missing ones stay missing."""
    low = min(places)
    table = np.array([places[level] for level in sorted(places)] + [np.nan])
    index = np.where(np.isnan(ratings), len(places), ratings - low).astype(np.intp)
    return table[index]


def middle(dimension: Dimension, scale: str) -> float:
    """Middle of the converted scale: a rating there is on no side."""
    low, high = dimension.scale if scale == "as-rated" else CONVERTED[scale]
    return (low + high) / 2
