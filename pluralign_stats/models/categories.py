"""The categories of an ordinal response: their order, labels and scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, NotApplicableError, listing

#: More categories than this are taken for a continuous response.
MOST_CATEGORIES = 60


@dataclass(frozen=True, eq=False)
class Categories:
    """Ordered categories.

    Attributes
    ----------
    labels
        The J categories that a model has, lowest first.
    scores
        (J,) what they count in a mean: their own number, or their place on the scale for words.
    scale
        (K,) the same of the whole scale, also of what nobody chose.
    codes
        (n,) category number of each row, from 0.
    unused
        Categories of the scale that no row has.
    alphabetical
        Whether they are words in alphabetical order, which nothing says to be theirs.
    """

    labels: tuple[str, ...]
    scores: np.ndarray
    scale: np.ndarray
    codes: np.ndarray
    unused: tuple[str, ...]
    alphabetical: bool = False

    @property
    def cuts(self) -> list[str]:
        """Names of the J - 1 thresholds, such as ``1|2``."""
        return [f"{a}|{b}" for a, b in zip(self.labels[:-1], self.labels[1:], strict=True)]


def categories_of(response: pd.Series, known: pd.Series, *, keep_unused: bool) -> Categories:
    """Order the categories of a response.

    Parameters
    ----------
    known
        The whole column, whose dtype may know of further categories.
    keep_unused
        Keep categories that no row has: a structure of thresholds may still place them.
    """
    if known.dtype == "category":
        order = list(known.cat.categories)
    elif pd.api.types.is_bool_dtype(response) or pd.api.types.is_numeric_dtype(response):
        order = sorted(pd.unique(response))
    else:
        raise InputError(
            f"the response '{response.name}' holds text, whose order is not known; make it an "
            "ordered categorical, as in "
            "pd.Categorical(values, ['no', 'perhaps', 'yes'], ordered=True)"
        )
    used = set(pd.unique(response))
    endless = [c for c in used if isinstance(c, float) and not np.isfinite(c)]
    if endless:
        raise InputError(f"the response '{response.name}' is {endless[0]} in some row; correct it")
    unused = [c for c in order if c not in used]
    kept = order if keep_unused else [c for c in order if c in used]
    if len(used) < 2:
        raise NotApplicableError(
            f"the response '{response.name}' is {listing(used)} in every row used; an ordinal "
            "model needs two categories or more"
        )
    if len(kept) > MOST_CATEGORIES:
        raise NotApplicableError(
            f"the response '{response.name}' has {len(kept)} different values, which is too many "
            f"for categories (at most {MOST_CATEGORIES}); use fit_linear, or group the values"
        )
    scores = dict(zip(order, scores_of(order), strict=True))
    steps = np.diff([scores[c] for c in kept])
    if not ((steps > 0).all() or (steps < 0).all()):
        raise InputError(
            f"the categories of '{response.name}' are not in the order of their numbers: "
            f"{listing(kept)}; reorder them, as by .cat.reorder_categories([...], ordered=True)"
        )
    labels = dict(zip(order, labels_of(order), strict=True))
    return Categories(
        tuple(labels[c] for c in kept),
        np.array([scores[c] for c in kept]),
        np.array(list(scores.values())),
        pd.Index(kept).get_indexer(pd.Index(np.asarray(response))),
        tuple(labels[c] for c in unused),
        _alphabetical(known, order),
    )


def _alphabetical(known: pd.Series, order: list[object]) -> bool:
    """Whether categories are words that are sorted, as they are where nobody has ordered them."""
    stated = not isinstance(known.dtype, pd.CategoricalDtype) or known.dtype.ordered
    words = all(isinstance(c, str) and _number(c) is None for c in order)
    return bool(not stated and words and len(order) > 2 and order == sorted(map(str, order)))


def labels_of(scale: Sequence[object]) -> list[str]:
    """What the categories of a whole scale are called: numbers as short as tells them apart."""
    short = [f"{c:g}" if isinstance(c, float) else str(c) for c in scale]
    if len(set(short)) == len(short):
        return short
    return [repr(float(c)) if isinstance(c, float) else str(c) for c in scale]


def scores_of(scale: Sequence[object]) -> list[float]:
    """What each category of a whole scale counts: its number, be it written as text, or its place.

    Whether somebody chose a category changes no score.
    """
    numbers = [number for c in scale if (number := _number(c)) is not None]
    if len(numbers) == len(scale) == len(set(numbers)):
        return numbers
    return [float(place) for place in range(1, len(scale) + 1)]


def _number(category: object) -> float | None:
    """The number that a category is, also one written as text; None for words."""
    if isinstance(category, (Real, Decimal, np.bool_)):
        return float(category)
    if not isinstance(category, str) or "_" in category:
        return None
    try:
        number = float(category.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return None
    return number if np.isfinite(number) else None
