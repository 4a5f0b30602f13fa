"""Mean rating of each response."""

import numpy as np

from pluralign_stats.strategies.strategy import Strategy


def mean_rating(counts: np.ndarray, values: np.ndarray, middle: float) -> np.ndarray:
    """Mean rating of each response.

    Parameters
    ----------
    counts
        (s, k) raters, or their weight, by response and rating.
    values
        (k,) the ratings, rising.
    middle
        Middle of the scale, which decides nothing here.

    Returns
    -------
    (s,) means; NaN without ratings.
    """
    total = counts.sum(axis=1)
    return np.divide(counts @ values, total, out=np.full(len(counts), np.nan), where=total > 0)


MEAN = Strategy("mean", "averaging ratings", aggregate=mean_rating)
