"""How far raters of two groups agree, from sums over items: so one pass serves any resamples.

References
----------
Wong, Paritosh & Aroyo (2021), Cross-replication reliability: an empirical approach to interpreting
inter-rater reliability, Proceedings of ACL-IJCNLP, 7053-7065.
"""

import numpy as np


def cross_counts(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """What each item adds to the sums that `ordinal_cross_alpha` reads.

    Parameters
    ----------
    first, second
        (items, k) how many raters of each group gave each item each rating.

    Returns
    -------
    ndarray, shape (items, k² + 2 k)
        Coincidences of ratings of the one with ratings of the other group, together as many as the
        item has ratings, and the ratings of each group; zeros for an item that only one rated.
    """
    n, m = first.sum(axis=1), second.sum(axis=1)
    both = (n > 0) & (m > 0)
    weight = np.where(both, (n + m) / np.maximum(n * m, 1), 0.0)
    pairs = first[:, :, None] * second[:, None, :] * weight[:, None, None]
    sides = [side * both[:, None] for side in (first, second)]
    return np.hstack([pairs.reshape(len(first), -1), *sides])


def ordinal_cross_alpha(sums: np.ndarray) -> np.ndarray:
    """Agreement between groups with the ordinal metric of the ratings of both.

    Parameters
    ----------
    sums
        (b, k² + 2 k) sums of `cross_counts`, each over one sample of the items.

    Returns
    -------
    ndarray, shape (b,)
        1 less the disagreement of ratings of the same items over that of any; missing where no
        item was rated by both, or all ratings are equal.
    """
    k = round(np.sqrt(sums.shape[1] + 1)) - 1
    crossed = sums[:, : k * k].reshape(-1, k, k)
    n, m = sums[:, k * k : k * k + k], sums[:, k * k + k :]
    each = n + m
    below = np.cumsum(each, axis=1) - each / 2
    metric = (below[:, :, None] - below[:, None, :]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (crossed * metric).sum(axis=(1, 2)) / crossed.sum(axis=(1, 2))
        chance = np.einsum("bi,bij,bj->b", n, metric, m) / (n.sum(axis=1) * m.sum(axis=1))
        return np.where(chance > 0, 1 - observed / chance, np.nan)


def cross_moments(
    item: np.ndarray, rating: np.ndarray, of_first: np.ndarray, n_items: int
) -> np.ndarray:
    """What each item adds to the sums that `interval_cross_alpha` reads.

    Parameters
    ----------
    item, rating, of_first
        (n,) number of the item, from 0, a rating of it, and whether the first group gave it.
    n_items
        How many items there are.

    Returns
    -------
    ndarray, shape (items, 8)
        Squared differences between the groups times the item's ratings, and their number; of each
        group number, sum and sum of squares of the ratings; zeros for an item that only one rated.
    """
    moments = [
        np.bincount(item[at], rating[at] ** power, n_items)
        for at in (of_first, ~of_first)
        for power in (0, 1, 2)
    ]
    n, x, xx, m, y, yy = moments
    both = (n > 0) & (m > 0)
    a, b = np.maximum(n, 1), np.maximum(m, 1)
    apart = xx / a + yy / b - 2 * (x / a) * (y / b)
    return np.column_stack([(n + m) * apart, n + m, *moments]) * both[:, None]


def interval_cross_alpha(sums: np.ndarray) -> np.ndarray:
    """Agreement between groups with the interval metric; `ordinal_cross_alpha` has the rest.

    Parameters
    ----------
    sums
        (b, 8) sums of `cross_moments`, each over one sample of the items.
    """
    apart, weight, n, x, xx, m, y, yy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = xx / n + yy / m - 2 * (x / n) * (y / m)
        alpha = 1 - (apart / weight) / chance
        # Sums of equal numbers differ by rounding alone.
        return np.where(chance > 1e-10 * (xx / n + yy / m), alpha, np.nan)
