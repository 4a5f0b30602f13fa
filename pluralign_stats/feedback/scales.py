"""Scale conversion: ratings on five points, on three, or on two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.questions import CONVERTED, Dimension
from pluralign_stats.words import joined

Scale = Literal["5-point", "3-point", "binary", "as-rated"]

#: Every scale by name; `as-rated` leaves the ratings of any scale as they are.
SCALES: tuple[Scale, ...] = get_args(Scale)

#: Where each of five ratings goes, from the lowest: the only statement of this definition.
_OF_FIVE = {"5-point": (1, 2, 3, 4, 5), "3-point": (1, 1, 2, 3, 3), "binary": (0, 0, 0, 1, 1)}


@dataclass(frozen=True, eq=False)
class Conversion:
    """Where ratings go on another scale.

    Attributes
    ----------
    starts
        (k - 1,) lowest rating that goes to each place but the first, rising; None where ratings
        stay as they are.
    places
        (k,) the places, rising.
    equal_parts
        Whether the scale was cut into parts of equal width, as nobody stated where.
    """

    starts: np.ndarray | None
    places: np.ndarray
    equal_parts: bool = False

    def __call__(self, ratings: np.ndarray) -> np.ndarray:
        """Converted ratings of an array of any shape; missing ones stay missing."""
        if self.starts is None:
            return np.asarray(ratings, dtype=float)
        at = np.searchsorted(self.starts, ratings, side="right")
        return np.where(np.isnan(ratings), np.nan, self.places[at])

    def coarsens(self, dimension: Dimension) -> bool:
        """Whether different ratings of a dimension go to one place."""
        if self.starts is None:
            return False
        return dimension.scale.continuous or len(self.places) < len(dimension.levels)


def convert_scale[Values: (np.ndarray, pd.Series)](
    values: Values, scale: str, low: float = 1, high: float = 5, *, continuous: bool = False
) -> Values:
    """Convert ratings to a coarser scale.

    ``3-point`` leads the lower two of five ratings to 1, the middle one to 2 and the upper two to
    3; ``binary`` leads the upper two to 1 and the others to 0; ``5-point`` and ``as-rated`` change
    nothing. A scale of more than 15 ratings, or a continuous one, is cut into parts of equal width.

    Parameters
    ----------
    values
        Ratings in an array or Series; missing ones stay missing.
    scale
        ``"5-point"``, ``"3-point"``, ``"binary"`` or ``"as-rated"``.
    low, high, continuous
        Lowest and highest rating of the scale on which they were given, and whether ratings may lie
        between whole numbers.

    Returns
    -------
    array or Series
        Floats, in the shape of `values`.

    Raises
    ------
    InputError
        If `scale` is unknown, the given scale has few ratings but other than five, or a value lies
        outside it.

    Examples
    --------
    >>> pls.feedback.convert_scale(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), "3-point").tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0]
    """
    given = Dimension.model_validate({"scale": {"from": low, "to": high, "continuous": continuous}})
    conversion = conversion_of(given, scale)
    found = np.asarray(values, float)
    strange = ~np.isnan(found) & ~given.scale.holds(found)
    if strange.any():
        raise InputError(
            f"ratings must be {given.scale.allowed}, not {found[strange][0]:g}; correct the value "
            "or state the scale"
        )
    converted = conversion(found)
    if isinstance(values, pd.Series):
        return pd.Series(converted, values.index, name=values.name)
    return converted


def conversion_of(dimension: Dimension, scale: str) -> Conversion:
    """Where the ratings of a dimension go on `scale`.

    As its codebook states; else five ratings by the definition above, and scales of many ratings
    in parts of equal width.

    Raises
    ------
    InputError
        If the scale is unknown, or the dimension has few ratings but other than five, and does not
        state where they go.
    """
    if scale not in SCALES:
        raise InputError(one_of("the scale", scale, SCALES))
    if scale == "as-rated":
        return Conversion(None, np.zeros(0))
    bottom, top = CONVERTED[scale]
    stated = dimension.conversions.get(scale)
    if isinstance(stated, tuple):
        return Conversion(np.array(stated, float), np.arange(bottom, top + 1.0))
    if stated is not None:
        return _step_by_step([stated[rating] for rating in dimension.levels], dimension.levels)
    if not dimension.scale.categorical:
        n = top - bottom + 1
        return Conversion(dimension.scale.starts(n), np.arange(bottom, top + 1.0), True)
    if len(dimension.levels) != len(_OF_FIVE[scale]):
        low, high = dimension.scale
        raise InputError(
            f"{dimension.scale.size} ({low} to {high}) has no {scale} form of its own; state "
            f"'conversions: {{{scale}: {{{low}: ..., {high}: ...}}}}' for the dimension in the "
            "codebook, or use the scale 'as-rated'"
        )
    return _step_by_step(_OF_FIVE[scale], dimension.levels)


def _step_by_step(places: Sequence[int], levels: range) -> Conversion:
    """The conversion that leads each of some levels to its place; places rise."""
    found, first = np.unique(places, return_index=True)
    return Conversion(np.array(levels, float)[first[1:]], found.astype(float))


def dimension_conversion(name: str, dimension: Dimension, scale: str) -> Conversion:
    """Where the ratings of a dimension of a codebook go on `scale`; errors name the dimension."""
    try:
        return conversion_of(dimension, scale)
    except InputError as error:
        raise InputError(f"dimension '{name}': {error}") from None


def middle(dimension: Dimension, scale: str) -> float:
    """Middle of the converted scale: a rating there is on no side."""
    if scale == "as-rated":
        return dimension.scale.middle
    low, high = CONVERTED[scale]  # type: ignore[index]
    return (low + high) / 2


def scale_words(scale: str) -> str:
    """A scale as sentences call it: ``the 5-point scale``, or ``the scale as rated``."""
    return "the scale as rated" if scale == "as-rated" else f"the {scale} scale"


def conversion_note(codebook: Codebook, names: Sequence[str], scale: str) -> str:
    """Which ratings go where on dimensions that were cut into equal parts; empty without any."""
    told: dict[str, list[str]] = {}
    for name in names:
        dimension = codebook.dimensions[name]
        conversion = dimension_conversion(name, dimension, scale)
        if conversion.starts is not None and conversion.equal_parts:
            told.setdefault(_borders(dimension, conversion), []).append(codebook.label(name))
    return " ".join(
        f"Ratings on {joined(labels)} were cut into parts of equal width, as the codebook "
        f"states no 'conversions' to the {scale} scale: {borders}."
        for borders, labels in told.items()
    )


def _borders(dimension: Dimension, conversion: Conversion) -> str:
    """The ratings of each place."""
    assert conversion.starts is not None  # noqa: S101 - narrows the type; the caller checked
    parts = zip(dimension.scale.names(conversion.starts), conversion.places, strict=True)
    return ", ".join(f"{ratings} as {place:g}" for ratings, place in parts)
