"""Strategies for disagreement: from counts of ratings of each response to one value.

A row of `counts` is a response, a column a rating; an entry is the number of raters, or their
summed weight. A response without a value, such as one without a majority, gets NaN.
"""

import numpy as np

#: Weights that differ by less than this share are taken as equal.
_EQUAL = 1e-9


def mean_rating(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean rating of each response.

    Parameters
    ----------
    counts
        (s, k) raters, or their weight, by response and rating.
    values
        (k,) the ratings, rising.

    Returns
    -------
    (s,) means; NaN without ratings.
    """
    total = counts.sum(axis=1)
    return np.divide(counts @ values, total, out=np.full(len(counts), np.nan), where=total > 0)


def modal_rating(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Commonest rating of each response; NaN where two are equally common.

    A tie is no majority. The mean of tied ratings would be a rating that nobody may have given:
    a response that half the raters find toxic and half do not would pass for neutral.
    """
    top = counts.max(axis=1, initial=0.0)
    modal = counts >= top[:, None] * (1 - _EQUAL)
    clear = (modal.sum(axis=1) == 1) & (top > 0)
    return np.where(clear, values[modal.argmax(axis=1)], np.nan)


def median_rating(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Median rating of each response; halfway between two where the middle lies between them."""
    total = counts.sum(axis=1)
    share = np.cumsum(counts, axis=1) / np.where(total > 0, total, 1)[:, None]
    lower = values[(share >= 0.5 - _EQUAL).argmax(axis=1)]
    upper = values[(share > 0.5 + _EQUAL).argmax(axis=1)]
    return np.where(total > 0, (lower + upper) / 2, np.nan)


def one_sided(counts: np.ndarray, values: np.ndarray, middle: float) -> np.ndarray:
    """Whether all ratings of each response lie on one side of the middle; none may lie on it.

    Parameters
    ----------
    counts, values
        As for `mean_rating`.
    middle
        Middle of the scale.

    Returns
    -------
    (s,) boolean; false without ratings.
    """
    above, below = (counts[:, side].sum(axis=1) for side in (values > middle, values < middle))
    total = counts.sum(axis=1)
    alone = np.maximum(above, below) >= total * (1 - _EQUAL)
    return (total > 0) & alone


def first_drawn(stratum: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """For each stratum that occurs the position of its smallest key, by rising stratum."""
    order = np.lexsort((keys, stratum))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(stratum[order]) > 0
    return order[first]
