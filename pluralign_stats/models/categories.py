"""The categories of an ordinal response: their order, labels and scores."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing

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
        (J,) what they count in a mean: their own number, or 1 to J for words.
    codes
        (n,) category number of each row, from 0.
    unused
        Categories that no row has and that were left out.
    """

    labels: tuple[str, ...]
    scores: np.ndarray
    codes: np.ndarray
    unused: tuple[str, ...]

    @property
    def cuts(self) -> list[str]:
        """Names of the J - 1 thresholds, such as ``1|2``."""
        return [f"{a}|{b}" for a, b in zip(self.labels[:-1], self.labels[1:], strict=True)]


def categories_of(response: pd.Series, known: pd.Series, *, keep_unused: bool) -> Categories:
    """Order the categories of a response.

    Parameters
    ----------
    response
        The rows used.
    known
        The whole column, whose dtype may know of further categories.
    keep_unused
        Keep categories that no row has: a structure of thresholds may still place them.

    Raises
    ------
    InputError
        If there are fewer than two categories, far too many, or no order among them.
    """
    if known.dtype == "category":
        order = list(known.cat.categories)
    elif pd.api.types.is_bool_dtype(response) or pd.api.types.is_numeric_dtype(response):
        order = sorted(pd.unique(response))
    else:
        raise InputError(
            f"the response '{response.name}' holds text, whose order is not known; make it an "
            "ordered categorical, as in pd.Categorical(values, ['no', 'perhaps', 'yes'])"
        )
    used = set(pd.unique(response))
    endless = [c for c in used if isinstance(c, float) and not np.isfinite(c)]
    if endless:
        raise InputError(f"the response '{response.name}' is {endless[0]} in some row; correct it")
    unused = [] if keep_unused else [c for c in order if c not in used]
    kept = [c for c in order if c not in set(unused)]
    if len(used) < 2:
        raise InputError(
            f"the response '{response.name}' is {listing(used)} in every row used; an ordinal "
            "model needs two categories or more"
        )
    if len(kept) > MOST_CATEGORIES:
        raise InputError(
            f"the response '{response.name}' has {len(kept)} different values, which is too many "
            f"for categories (at most {MOST_CATEGORIES}); use fit_linear, or group the values"
        )
    numeric = all(isinstance(c, (bool, int, float, np.number, np.bool_)) for c in kept)
    return Categories(
        tuple(f"{c:g}" if isinstance(c, float) else str(c) for c in kept),
        np.array(kept, dtype=float) if numeric else np.arange(1.0, len(kept) + 1),
        pd.Index(kept).get_indexer(pd.Index(np.asarray(response))),
        tuple(str(c) for c in unused),
    )
