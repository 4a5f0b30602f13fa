"""Krippendorff's alpha for ratings that are numbers, from sums over items."""

import numpy as np


def item_sums(item: np.ndarray, rating: np.ndarray) -> np.ndarray:
    """What each item adds to the sums that `interval_alpha` reads.

    Parameters
    ----------
    item, rating
        (n,) number of the item, from 0, and a rating of it.

    Returns
    -------
    ndarray, shape (items, 4)
        Number, sum and sum of squares of the ratings, and the squared differences of every two of
        them over their number less one; zeros for an item with one rating.
    """
    n = np.bincount(item).astype(float)
    total = np.bincount(item, weights=rating)
    squares = np.bincount(item, weights=rating**2)
    apart = np.maximum(2 * (n * squares - total**2), 0) / np.maximum(n - 1, 1)
    return np.column_stack([n, total, squares, apart]) * (n >= 2)[:, None]


def interval_alpha(sums: np.ndarray) -> np.ndarray:
    """Alpha with the interval metric: one less the squared differences over those by chance.

    Parameters
    ----------
    sums
        (b, 4) sums of `item_sums`, each row over one sample of the items.

    Returns
    -------
    ndarray, shape (b,)
        Missing where no item has two ratings, or all ratings are equal.

    References
    ----------
    Krippendorff (2019), Content Analysis, 4th ed., chapter 12.
    """
    n, total, squares, apart = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares - total**2 / n
        expected = 2 * spread / (n - 1)
        alpha = 1 - (apart / n) / expected
    # Sums of equal numbers differ by rounding alone.
    return np.where(spread > 1e-10 * squares, alpha, np.nan)
