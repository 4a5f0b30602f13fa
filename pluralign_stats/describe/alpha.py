"""Krippendorff's alpha, from sums over items: so one pass serves any number of resamples.

With the ordinal metric the sums are coincidences of ratings, with the interval metric moments.

References
----------
Krippendorff (2019), Content Analysis, 4th ed., chapter 12.
"""

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
    """
    n, total, squares, apart = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares - total**2 / n
        expected = 2 * spread / (n - 1)
        alpha = 1 - (apart / n) / expected
    # Sums of equal numbers differ by rounding alone.
    return np.where(spread > 1e-10 * squares, alpha, np.nan)


def coincidences_of(counts: np.ndarray) -> np.ndarray:
    """What each item adds to the sums that `ordinal_alpha` reads.

    Each rating of an item with two or more is compared with every other of that item; together
    these comparisons count as one, so that a rating counts as much as any other.

    Parameters
    ----------
    counts
        (items, k) how many raters gave each item each rating.

    Returns
    -------
    ndarray, shape (items, k²)
        Coincidences of ratings; zeros for an item with one rating.
    """
    k = counts.shape[1]
    pairs = counts[:, :, None] * counts[:, None, :].astype(float)
    pairs[:, np.arange(k), np.arange(k)] -= counts
    others = np.maximum(counts.sum(axis=1) - 1, 1)
    return (pairs / others[:, None, None]).reshape(-1, k * k)


def ordinal_alpha(coincidences: np.ndarray) -> np.ndarray:
    """Alpha with the ordinal metric.

    Parameters
    ----------
    coincidences
        (b, k, k) or (b, k²) sums of `coincidences_of`, each over one sample of the items.

    Returns
    -------
    ndarray, shape (b,)
        Missing where no item has two ratings, or all ratings are equal.
    """
    k = round(np.sqrt(coincidences[0].size))
    crossed = coincidences.reshape(-1, k, k)
    n = crossed.sum(axis=2)
    below = np.cumsum(n, axis=1) - n / 2
    metric = (below[:, :, None] - below[:, None, :]) ** 2
    total = n.sum(axis=1)
    observed = (crossed * metric).sum(axis=(1, 2))
    expected = np.einsum("bi,bij,bj->b", n, metric, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan)
